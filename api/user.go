package api

// NewUser is the body of POST /v1/users.
type NewUser struct {
	Login    string `json:"login"`
	Operator bool   `json:"operator"`
}

// CreatedUser is the reply of POST /v1/users; it shows the secret of the
// account's first token this once.
type CreatedUser struct {
	User  User         `json:"user"`
	Token CreatedToken `json:"token"`
}
