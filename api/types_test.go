package api_test

import (
	"reflect"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ori-lang/registry/api"
)

func TestReceiptLog(t *testing.T) {
	receipt := api.Receipt{
		Metadata: api.Metadata{Log: api.VersionLog{Index: 1, Leaf: "of the metadata"}},
		Log:      api.ReceiptLog{VersionLog: api.VersionLog{Index: 2, Leaf: "leaf", ProofURL: "u"}, Proof: "p"},
	}
	want := map[string]any{"index": 2.0, "leaf": "leaf", "proof_url": "u", "proof": "p"}
	if diff := cmp.Diff(want, members(t, receipt)["log"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A created token is a listed one and its secret, once.
func TestCreatedToken(t *testing.T) {
	created := members(t, api.CreatedToken{Token: api.Token{ID: "t-1"}, Secret: "ori_…"})
	if created["id"] != "t-1" || created["token"] != "ori_…" {
		t.Errorf("it is sent as %v", created)
	}
	if _, shown := members(t, api.Token{})["token"]; shown {
		t.Error("a listed token has a member for its secret")
	}
}

// replies are the bodies that the registry sends. All their members are always there.
var replies = []any{
	api.Discovery{},
	api.Versions{},
	api.Metadata{},
	api.Receipt{},
	api.Package{},
	api.Scope{},
	api.Tokens{},
	api.CreatedToken{},
	api.Me{},
	api.Results{},
}

func TestMembersAreAlwaysPresent(t *testing.T) {
	form := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	for _, reply := range replies {
		eachField(reflect.TypeOf(reply), func(owner reflect.Type, field reflect.StructField) {
			if !form.MatchString(field.Tag.Get("json")) {
				t.Errorf("%s.%s travels as %q", owner, field.Name, field.Tag.Get("json"))
			}
		})
	}
}

// eachField visits the fields of a struct of this package and of those in it.
func eachField(kind reflect.Type, visit func(reflect.Type, reflect.StructField)) {
	for kind.Kind() == reflect.Pointer || kind.Kind() == reflect.Slice {
		kind = kind.Elem()
	}
	if kind.Kind() != reflect.Struct || kind.PkgPath() != reflect.TypeFor[api.Problem]().PkgPath() || kind == reflect.TypeFor[api.Time]() {
		return
	}
	for field := range kind.Fields() {
		if !field.Anonymous {
			visit(kind, field)
		}
		eachField(field.Type, visit)
	}
}
