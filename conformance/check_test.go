package conformance

import (
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
)

// No reply ends the run: an assertion that it breaks does not hold.
func TestABrokenAssertionDoesNotHold(t *testing.T) {
	var version api.Version
	for what, assert := range map[string]func(*check){
		"nil":   func(*check) { _ = version.Yanked.Reason },
		"index": func(*check) { _ = version.Advisories[len(version.Advisories)] },
		"fatal": func(c *check) { c.fatalf("broken") },
	} {
		c := &check{}
		c.try(assert)
		if len(c.failures) != 1 || !strings.Contains(c.failures[0], "broke") {
			t.Errorf("%s: %q", what, c.failures)
		}
	}
}
