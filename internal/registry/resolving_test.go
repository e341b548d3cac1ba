package registry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ori-lang/registry/api"
)

// A graph waits while as many as may be are being made, and not for ever.
func TestResolveWaitsItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New(Config{})
		for range resolvers {
			r.resolving <- struct{}{}
		}
		began := time.Now()
		_, err := r.Resolve(t.Context(), api.Resolve{Dependencies: []api.Root{}})
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != resolveTime {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		if len(r.resolving) != resolvers {
			t.Errorf("a graph that got no turn left %d of %d others", len(r.resolving), resolvers)
		}
	})
}
