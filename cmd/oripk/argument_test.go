package main

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
)

// TestWhereAScopeLives: what is about one scope or package goes to the registry
// that has it, unless the command line names another.
func TestWhereAScopeLives(t *testing.T) {
	var asked []string
	listen := func(name string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, name+" "+r.Header.Get("Authorization"))
			problem(api.ValidationFailed)(w, r)
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	main, corp := listen("main"), listen("corp")
	config := t.TempDir()
	writeFile(t, filepath.Join(config, "oripk", "config.toml"),
		"default = \"main\"\n[registries.main]\nurl = \""+main+"\"\n[registries.corp]\nurl = \""+corp+"\"\nscopes = [\"@corp\"]\n")
	env := map[string]string{"XDG_CONFIG_HOME": config, "ORI_REGISTRY_MAIN_TOKEN": "ori_main", "ORI_REGISTRY_CORP_TOKEN": "ori_corp"}
	for _, command := range []string{
		"info @S/a", "info @S/a@1.0.0", "info @S/a --versions", "yank @S/a@1.0.0", "unyank @S/a@1.0.0", "deprecate @S/a@1.0.0 No.",
		"transfer @S/a bob --yes", "transfer @S/a", "accept @S/a", "decline @S/a", "cancel @S/a",
		"scope claim @S", "scope members @S", "scope invite @S bob", "scope remove @S bob", "scope accept @S", "scope decline @S",
	} {
		for _, c := range []struct{ scope, flag, want string }{
			{"else", "", "main Bearer ori_main"},
			{"corp", "", "corp Bearer ori_corp"},
			{"corp", "--registry main", "main Bearer ori_main"},
			{"else", "--registry corp", "corp Bearer ori_corp"},
		} {
			asked = nil
			line := strings.ReplaceAll(command, "@S", "@"+c.scope) + " " + c.flag
			oripk(t, env, strings.Fields(line)...).want(t, exitFailed, "validation failed")
			if len(asked) != 1 || asked[0] != c.want {
				t.Errorf("%s: asked was %q, want %q", line, asked, c.want)
			}
		}
	}
}
