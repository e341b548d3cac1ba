package conformance_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/conformance"
)

// tripper is a way to a registry.
type tripper func(*http.Request) (*http.Response, error)

func (f tripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// refusal is the reply to a call too many.
func refusal(r *http.Request, retryAfter string) *http.Response {
	const body = `{"type":"/problems/rate_limited","title":"T","status":429,"detail":"D","code":"rate_limited","request_id":"r","docs":"","retry_after":30}`
	return &http.Response{
		StatusCode: http.StatusTooManyRequests, Request: r, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{
			"Content-Type": {"application/problem+json"}, "Cache-Control": {"no-store"}, "X-Content-Type-Options": {"nosniff"},
			"X-Request-Id": {"r"}, "Retry-After": {retryAfter},
		},
	}
}

// busy is a way to a registry that refuses so many of the calls to an address
// before it lets one through.
func busy(next http.RoundTripper, path, retryAfter string, refusals int64, calls *atomic.Int64) tripper {
	return func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == path && calls.Add(1) <= refusals {
			return refusal(r, retryAfter), nil
		}
		return next.RoundTrip(r)
	}
}

// Where a registry tells the suite to wait, it waits, and not for ever.
func TestWaitsAsTold(t *testing.T) {
	o := site(t, "")
	o.Groups = []string{"registry"}
	for name, test := range map[string]struct {
		retryAfter string
		refusals   int64
		waited     time.Duration
		holds      bool
	}{
		"once":          {"30", 1, 30 * time.Second, true},
		"twice":         {"60", 2, 2 * time.Minute, true},
		"without end":   {"60", 1000, 2 * time.Minute, false},
		"for ages":      {"3600", 1, 0, false},
		"for no time":   {"0", 1, 0, false},
		"for who knows": {"soon", 1, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o, began := o, time.Now()
				closing := &http.Transport{DisableKeepAlives: true} // a connection that waits would hold the bubble's clock
				o.Transport = busy(closing, api.PathOpenAPI, test.retryAfter, test.refusals, new(atomic.Int64))
				report := run(t, o)
				if report.OK() != test.holds || time.Since(began) != test.waited {
					t.Errorf("it holds: %t, after %v:\n%s", report.OK(), time.Since(began), textOf(report))
				}
			})
		})
	}
}

// A registry at which no advisory is ever free keeps the suite no longer than others.
func TestNoAdvisoryIsFree(t *testing.T) {
	o := site(t, "")
	o.Groups = []string{"advisories"}
	for what, answer := range map[string]mutation{
		"there already": {where: "GET /v1/advisories/x", status: 404, change: setStatus(200)},
		"refused":       {where: "GET /v1/advisories/x", change: setStatus(400)},
	} {
		o.Transport = through(t, answer, new(atomic.Int64))
		report := run(t, o)
		if report.OK() {
			t.Errorf("%s: all holds", what)
		}
	}
}

// A registry that never waits for a change is found out.
func TestNobodyWaits(t *testing.T) {
	o := site(t, "")
	o.Groups = []string{"changes"}
	o.Transport = tripper(func(r *http.Request) (*http.Response, error) {
		r = r.Clone(r.Context())
		r.URL.RawQuery = strings.ReplaceAll(r.URL.RawQuery, "&wait=", "&await=")
		return http.DefaultTransport.RoundTrip(r)
	})
	if _, failed, _ := run(t, o).Count(); failed == 0 {
		t.Error("all holds")
	}
}

func textOf(report *conformance.Report) string {
	var text bytes.Buffer
	if err := report.WriteText(&text, false); err != nil {
		return fmt.Sprint(err)
	}
	return text.String()
}

// What a run makes is taken back, whatever the assertions think of it and also
// when it is cut off.
func TestNothingIsLeft(t *testing.T) {
	for name, tokens := range map[string]func(*conformance.Options){
		"with an operator":    func(*conformance.Options) {},
		"without an operator": func(o *conformance.Options) { o.OperatorToken = "" },
	} {
		t.Run(name, func(t *testing.T) {
			o := site(t, "")
			tokens(&o)
			if report := run(t, o); !report.OK() || len(report.Left) > 0 {
				t.Errorf("%s", textOf(report))
			}
		})
	}
}

// A run that is cut off after its transfer was offered cancels it, and says what
// it could not take back.
func TestACutOffRunTakesBack(t *testing.T) {
	o := site(t, "")
	o.Groups = []string{"transfer"}
	ctx, cut := context.WithCancel(t.Context())
	var calls []string
	o.Transport = tripper(func(r *http.Request) (*http.Response, error) {
		call := r.Method + " " + r.URL.Path
		calls = append(calls, call)
		switch {
		case strings.HasSuffix(call, "/remove"):
			return nil, errors.New("the network is gone")
		case strings.HasSuffix(call, "/transfer"):
			defer cut()
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	report, err := conformance.Run(ctx, o)
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(calls, func(call string) bool { return strings.HasSuffix(call, "/transfer/cancel") }) {
		t.Errorf("the calls are %q", calls)
	}
	if len(report.Left) != 1 || !strings.Contains(report.Left[0], "/gift@1.0.0") || !strings.Contains(textOf(report), report.Left[0]) {
		t.Errorf("%q is left:\n%s", report.Left, textOf(report))
	}
}

// A registry that no longer answers is not waited for once for each thing.
func TestASilentRegistryIsLeftAlone(t *testing.T) {
	o := site(t, "")
	o.Groups, o.Timeout = []string{"transfer"}, time.Minute
	synctest.Test(t, func(t *testing.T) {
		closing := &http.Transport{DisableKeepAlives: true} // a connection that waits would hold the bubble's clock
		o, began := o, time.Now()
		o.Transport = tripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/remove") {
				<-r.Context().Done()
				return nil, r.Context().Err()
			}
			return closing.RoundTrip(r)
		})
		report := run(t, o)
		if took := time.Since(began); !report.OK() || len(report.Left) < 2 || took != time.Minute {
			t.Errorf("after %v:\n%s", took, textOf(report))
		}
	})
}
