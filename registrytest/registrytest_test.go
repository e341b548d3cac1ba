package registrytest

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/ident"
)

// files are those of a small package with these dependencies ("@a/b 1.0.0").
func files(ref string, dependencies ...string) map[string]string {
	name, version, _ := strings.Cut(ref[1:], "@")
	text := fmt.Sprintf("[project]\nname = %q\nversion = %q\ndescription = \"A test.\"\nori = \"0.4.0\"\n[dependencies]\n", "@"+name, version)
	for _, d := range dependencies {
		p, v, _ := strings.Cut(d, " ")
		text += fmt.Sprintf("%q = %q\n", p, v)
	}
	return map[string]string{"oripk.toml": text, "src/lib.ori": "pub @one () -> int = 1;\n"}
}

func newClient(t *testing.T, r *Registry, token string) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{URL: r.URL, Token: token, LogKey: r.LogKey, StateDir: t.TempDir(), Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ref(t *testing.T, text string) ident.Ref {
	t.Helper()
	r, err := ident.ParseRef(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestPublish: what is published can be fetched and verified, and a package gets
// the lock file of all that it needs.
func TestPublish(t *testing.T) {
	r := New(t, Options{})
	token := r.User("ada")
	r.Publish(token, files("@acme/base@1.0.0"))
	r.Publish(token, files("@acme/http@1.0.0", "@acme/base 1.0.0"))
	receipt := r.Publish(token, files("@acme/app@1.0.0", "@acme/http 1.0.0"))
	if !receipt.Created || receipt.Package.String() != "@acme/app" {
		t.Errorf("receipt: %+v", receipt)
	}
	verdict, err := newClient(t, r, "").VerifyRemote(t.Context(), ref(t, "@acme/app@1.0.0"))
	if err != nil || verdict.Checksum != receipt.Checksum {
		t.Errorf("%v, %+v", err, verdict)
	}
	again := r.Publish(token, files("@acme/app@1.0.0", "@acme/http 1.0.0"))
	if again.Created || again.Checksum != receipt.Checksum {
		t.Errorf("the same again: %+v", again)
	}
}

// TestPublishAsAMember: who may publish in a scope need not own it.
func TestPublishAsAMember(t *testing.T) {
	r := New(t, Options{})
	owner, member := r.User("ada"), r.User("jonas")
	r.Publish(owner, files("@acme/base@1.0.0"))
	if _, _, err := newClient(t, r, owner).Invite(t.Context(), "acme", "jonas", api.MemberOfTeam); err != nil {
		t.Fatal(err)
	}
	if _, err := newClient(t, r, member).AcceptInvitation(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	if receipt := r.Publish(member, files("@acme/base@1.1.0")); !receipt.Created {
		t.Errorf("receipt: %+v", receipt)
	}
}

func TestAccounts(t *testing.T) {
	r := New(t, Options{})
	for login, operator := range map[string]bool{"ada": false, "grace": true} {
		token := r.User
		if operator {
			token = r.Operator
		}
		me, err := newClient(t, r, token(login)).Me(t.Context())
		if err != nil || me.User.Login != login || me.User.Operator != operator {
			t.Errorf("%s: %+v, %v", login, me, err)
		}
	}
}

func TestOptions(t *testing.T) {
	private := New(t, Options{Private: true})
	token := private.User("ada")
	private.Publish(token, files("@acme/base@1.0.0"))
	private.Publish(token, files("@acme/http@1.0.0", "@acme/base 1.0.0"))
	if _, err := newClient(t, private, "").VerifyRemote(t.Context(), ref(t, "@acme/http@1.0.0")); !errors.Is(err, api.Unauthenticated) {
		t.Errorf("a private registry: %v, want %s", err, api.Unauthenticated)
	}
	if _, err := newClient(t, private, token).VerifyRemote(t.Context(), ref(t, "@acme/http@1.0.0")); err != nil {
		t.Error(err)
	}

	limited := New(t, Options{Rate: 1})
	if first, second := probe(limited), probe(limited); first != nil || second == nil || !strings.HasPrefix(second.Error(), "429") {
		t.Errorf("one call a minute: %v, then %v", first, second)
	}

	// The front answers what comes over the network, not what the kit sets up.
	broken := New(t, Options{Front: func(http.Handler) http.Handler { return http.NotFoundHandler() }})
	broken.Publish(broken.User("ada"), files("@acme/base@1.0.0"))
	if err := probe(broken); err == nil {
		t.Error("the front does not answer")
	}
}

func probe(r *Registry) error {
	resp, err := http.Get(r.URL + "/v1/")
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return errors.New(resp.Status)
	}
	return nil
}

// TestEnd: nothing listens any more when the test has ended.
func TestEnd(t *testing.T) {
	var ended *Registry
	t.Run("a test", func(t *testing.T) {
		ended = New(t, Options{})
		if err := probe(ended); err != nil {
			t.Fatal(err)
		}
	})
	if err := probe(ended); err == nil {
		t.Error("the registry still answers")
	}
}

// recorder is a test whose end is looked at.
type recorder struct {
	testing.TB
	said string
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.said = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// TestFailuresSayWhy: a package that cannot be published ends the test with all
// that is wrong with it.
func TestFailuresSayWhy(t *testing.T) {
	r := New(t, Options{})
	token := r.User("ada")
	bad := files("@acme/http@1.0.0")
	bad["src/\u0007.ori"] = "x"
	for want, act := range map[string]func(){
		"oripk.toml:1:1":            func() { r.Publish(token, map[string]string{"oripk.toml": "[projekt]"}) },
		"requires @acme/none 1.0.0": func() { r.Publish(token, files("@acme/http@1.0.0", "@acme/none 1.0.0")) },
		"path":                      func() { r.Publish(token, bad) },
		"401":                       func() { r.Publish("ori_none", files("@acme/http@1.0.0")) },
		"adding the user ada":       func() { r.User("ada") },
	} {
		record := &recorder{TB: t}
		r.t = record
		done := make(chan struct{})
		go func() {
			defer close(done)
			act()
		}()
		<-done
		r.t = t
		if !strings.HasPrefix(record.said, "registrytest: ") || !strings.Contains(record.said, want) {
			t.Errorf("said: %q, want %q", record.said, want)
		}
	}
}
