package client

import (
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// silent is a line on which no answer ever comes.
type silent struct{}

func (silent) RoundTrip(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// TestTimes measures, by a clock of its own, how long a registry that says
// nothing is waited for when nobody has set anything: four times 30 s, and
// between them half a second, one and two, less up to half of each.
func TestTimes(t *testing.T) {
	for _, jitter := range []float64{0, 0.5, 1} {
		synctest.Test(t, func(t *testing.T) {
			c, err := New(Options{
				URL: "http://registry.example", StateDir: t.TempDir(),
				Transport: silent{}, Jitter: func() float64 { return jitter },
			})
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			_, err = c.Discovery(t.Context())
			if failure, ok := errors.AsType[*NetworkError](err); !ok || failure.Tries != 4 {
				t.Errorf("error: %v, want a *NetworkError after four tries", err)
			}
			between := 3500 * time.Millisecond
			want := 4*30*time.Second + between/2 + time.Duration(jitter*float64(between/2))
			if took := time.Since(start); took != want {
				t.Errorf("with the jitter %v it took %v, want %v", jitter, took, want)
			}
		})
	}
}

// TestJitterDiffers: clients that fail together do not come back together.
func TestJitterDiffers(t *testing.T) {
	seen := map[float64]bool{}
	jitter := withDefaults(Options{}).Jitter
	for range 10 {
		f := jitter()
		if f < 0 || f >= 1 {
			t.Errorf("jitter %v", f)
		}
		seen[f] = true
	}
	if len(seen) < 2 {
		t.Error("the jitter is always the same")
	}
}
