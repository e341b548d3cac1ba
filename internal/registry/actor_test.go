package registry

import (
	"errors"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/store"
)

func TestRequireOperator(t *testing.T) {
	actor := func(operator bool, scope string) Actor {
		return Actor{account: &store.Account{Login: "ada", Operator: operator}, token: &store.Token{Scopes: []string{scope}}}
	}
	cases := []struct {
		actor Actor
		want  error
	}{
		{Actor{}, api.Unauthenticated},
		{actor(false, "publish"), api.InsufficientScope},
		{actor(false, "admin"), api.NotOwner},
		{actor(true, "publish"), api.InsufficientScope},
		{actor(true, "admin"), nil},
	}
	for i, c := range cases {
		if err := new(Registry).requireOperator(c.actor); !errors.Is(err, c.want) {
			t.Errorf("case %d: %v, want %v", i, err, c.want)
		}
	}
}

func TestMayRead(t *testing.T) {
	reader := Actor{account: &store.Account{Login: "ada"}, token: &store.Token{Scopes: []string{"read"}}}
	cases := []struct {
		private bool
		actor   Actor
		want    error
	}{
		{false, Actor{}, nil},
		{false, reader, nil},
		{true, Actor{}, api.Unauthenticated},
		{true, reader, nil},
	}
	for i, c := range cases {
		if err := (&Registry{private: c.private}).MayRead(c.actor); !errors.Is(err, c.want) {
			t.Errorf("case %d: %v, want %v", i, err, c.want)
		}
	}
}
