package spectest

import (
	"flag"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// TestCoverageMissesNothing takes each exchange of the spec away in turn.
func TestCoverageMissesNothing(t *testing.T) {
	doc, err := load()
	if err != nil {
		t.Fatal(err)
	}
	all := doc.exchanges()
	if len(all) < 100 || !slices.Contains(all, Exchange{"downloadArchive", 416}) {
		t.Fatalf("the spec has only %v", all)
	}
	for i := range all {
		c := &Coverage{}
		c.add(all[:i])
		c.add(all[i+1:])
		missed, err := c.missed()
		if err != nil || len(missed) != 1 || missed[0] != all[i] {
			t.Fatalf("without %v it misses %v, %v", all[i], missed, err)
		}
	}
	c := &Coverage{}
	c.add(all)
	var out strings.Builder
	if code := c.verdict(&out); code != 0 || out.Len() > 0 {
		t.Errorf("with all of them: %d, %q", code, out.String())
	}
}

func TestVerdictSaysWhatToDo(t *testing.T) {
	c := &Coverage{}
	c.add([]Exchange{{"getScope", 200}, {"getScope", 404}})
	var out strings.Builder
	if code := c.verdict(&out); code == 0 {
		t.Error("nothing was seen, and that is a success")
	}
	for _, want := range []string{"FAIL: spec/openapi.yaml lists ", "\n  downloadArchive: 200 206 304 ", "\n  getScope: 304 400 401 429 500 503\n", "add a test", "out of the\n    operation in the spec"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, out.String())
		}
	}
}

// TestWhatCountsAsSeen: the answers to GET of the tests that have ended.
func TestWhatCountsAsSeen(t *testing.T) {
	c := &Coverage{}
	t.Run("sees", func(t *testing.T) {
		handler := c.New(t).Middleware(scopePage())
		for _, method := range []string{http.MethodHead, http.MethodGet} {
			if len(c.seen) != 0 {
				t.Errorf("before its end the test counts %v", c.seen)
			}
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, scopePath, nil))
		}
	})
	if len(c.seen) != 1 || !c.seen[Exchange{"getScope", 200}] {
		t.Errorf("seen: %v", c.seen)
	}
	v := New(t)
	v.Middleware(scopePage()).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodHead, scopePath, nil))
	if seen := v.Seen(); len(seen) > 0 {
		t.Errorf("HEAD, whose body nobody judges, counts: %v", seen)
	}
}

func TestOnlyAWholeRunIsJudged(t *testing.T) {
	for args, want := range map[string]bool{
		"": true, "-test.v=test2json": true, "-test.count=1 -test.timeout=9m0s": true, "-test.bench=.": true, "-test.shuffle=on": true,
		"-test.run=Scopes": false, "-test.skip=Scopes": false, "-test.list=.": false, "-test.short": false, "-test.count=0": false,
		"-test.run=^$ -test.fuzz=FuzzPublish": false, "-test.fuzzworker": false,
	} {
		flags := flag.NewFlagSet("", flag.ContinueOnError)
		for _, name := range []string{"run", "skip", "list", "fuzz", "v", "timeout", "bench", "shuffle"} {
			flags.String("test."+name, "", "")
		}
		flags.Bool("test.short", false, "")
		flags.Bool("test.fuzzworker", false, "")
		flags.Uint("test.count", 1, "")
		if err := flags.Parse(strings.Fields(args)); err != nil {
			t.Fatal(err)
		}
		if got := whole(flags); got != want {
			t.Errorf("%q is a whole run: %v, want %v", args, got, want)
		}
	}
}
