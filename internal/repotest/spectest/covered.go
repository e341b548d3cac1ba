package spectest

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Coverage is what a test program has seen of the spec. A package whose tests
// must see all of it makes its validators with New and says in its TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(coverage.Main(m)) }
//
// The zero Coverage has seen nothing.
type Coverage struct {
	mu   sync.Mutex
	seen map[Exchange]bool
}

// New makes a Validator whose exchanges count when its test ends.
func (c *Coverage) New(t testing.TB) *Validator {
	t.Helper()
	v := New(t)
	t.Cleanup(func() { c.add(v.Seen()) })
	return v
}

func (c *Coverage) add(list []Exchange) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.seen == nil {
		c.seen = map[Exchange]bool{}
	}
	for _, e := range list {
		c.seen[e] = true
	}
}

// Main runs the tests of a package. If all of them ran and passed and the spec
// has an operation and status that none has seen, it says so and fails.
func (c *Coverage) Main(m *testing.M) (code int) {
	code = m.Run()
	if code != 0 || !whole(flag.CommandLine) {
		return code
	}
	return c.verdict(os.Stdout)
}

// whole reports whether the flags of the test program leave no test out.
func whole(flags *flag.FlagSet) bool {
	given := func(name string) string {
		if f := flags.Lookup("test." + name); f != nil && f.Value.String() != f.DefValue {
			return f.Value.String()
		}
		return ""
	}
	return given("count") != "0" && given("run")+given("skip")+given("list")+given("fuzz")+given("fuzzworker")+given("short") == ""
}

const advice = `FAIL: spec/openapi.yaml lists %d replies that no test of this package has seen:
%sThis is for whoever added or changed the operation. For each status either
  - add a test that brings the server to answer so, through a site (newSite, settled, openSite): its
    exchanges are those that count, HEAD apart. TestEveryRoute… in failures_test.go already call each
    line of the route table with a broken database (500) and a call that is given up (503),
    TestPrivateRegistry with a bad token (401), TestEveryRouteIsLimited too often (429), and
    TestEveryJSONBodyIsBounded whatever takes JSON (400, 408, 413, 415); what they call is what filled
    gives for the pattern; or
  - if the server can never answer so, take the status, and the codes that travel with it, out of the
    operation in the spec.
`

// verdict prints what was not seen, for whoever has just added it to the spec.
func (c *Coverage) verdict(out io.Writer) (code int) {
	missed, err := c.missed()
	if err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	if len(missed) == 0 {
		return 0
	}
	fmt.Fprintf(out, advice, len(missed), lines(missed))
	return 1
}

// lines writes one line an operation.
func lines(list []Exchange) string {
	var text strings.Builder
	for i, e := range list {
		if i == 0 || list[i-1].Operation != e.Operation {
			if i > 0 {
				text.WriteByte('\n')
			}
			fmt.Fprintf(&text, "  %s:", e.Operation)
		}
		fmt.Fprintf(&text, " %d", e.Status)
	}
	text.WriteByte('\n')
	return text.String()
}

// missed lists every operation and status of the spec that was not seen, sorted.
func (c *Coverage) missed() (list []Exchange, err error) {
	doc, err := load()
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range doc.exchanges() {
		if !c.seen[e] {
			list = append(list, e)
		}
	}
	return list, nil
}

// exchanges lists every operation with each of its statuses, sorted.
func (d *document) exchanges() (list []Exchange) {
	for _, p := range d.paths {
		for _, o := range p.operations {
			for _, status := range o.statuses() {
				list = append(list, Exchange{o.id, status})
			}
		}
	}
	slices.SortFunc(list, compareExchanges)
	return list
}

func compareExchanges(a, b Exchange) int {
	return cmp.Or(strings.Compare(a.Operation, b.Operation), a.Status-b.Status)
}
