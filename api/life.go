package api

// ReasonLegal is the reason of a removal whose downloads are answered with Legal.
const ReasonLegal = "legal"

// RemovalReasons are why a version can be removed.
func RemovalReasons() []string { return []string{"malware", ReasonLegal} }

// YankReasons are why a version can be yanked.
func YankReasons() []string { return []string{"broken", "security", "accidental", "legal", "other"} }

// Yank is the body of POST …/yank; both members may be absent.
type Yank struct {
	Reason  *string `json:"reason"`  // one of YankReasons
	Message *string `json:"message"` // at most 500 characters
}

// Deprecation is the body of POST …/deprecate.
type Deprecation struct {
	Message     *string `json:"message"`     // 1 to 500 characters; null takes the deprecation back
	Replacement *string `json:"replacement"` // "@a/b" or "@a/b@1.2.3"
}

// Removal is the body of POST …/remove.
type Removal struct {
	Reason  string  `json:"reason"`  // one of RemovalReasons
	Message *string `json:"message"` // at most 500 characters
}

// StatusChange is the body of PUT …/status.
type StatusChange struct {
	Status Status `json:"status"`
}
