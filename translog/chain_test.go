package translog

import (
	"errors"
	"strings"
	"testing"
)

func TestChainAcceptsHistory(t *testing.T) {
	var c Chain
	for i, e := range vectorLog(t) {
		if err := c.Add(int64(i), e); err != nil {
			t.Error(err)
		}
	}
	if err := c.Add(20, entryOfKind(t, KindScopeClaim)); !errors.Is(err, ErrHistory) {
		t.Errorf("after the close: got %v", err)
	}
}

// TestChainAcceptsSubject feeds only the entries of one package.
func TestChainAcceptsSubject(t *testing.T) {
	var c Chain
	for i, e := range vectorLog(t) {
		if e.Subject() != "@acme/http" {
			continue
		}
		if err := c.Add(int64(i), e); err != nil {
			t.Error(err)
		}
	}
}

// TestChainRefuses changes one entry of a good log, or drops it.
func TestChainRefuses(t *testing.T) {
	cases := map[string]struct {
		index  int64
		change func(*Entry) // nil: the entry before is left out
		want   string
	}{
		"dropped event":     {6, nil, "seq of @acme/http is 3, it should be 2"},
		"seq again":         {5, func(e *Entry) { e.Seq = 1 }, "seq"},
		"seq ahead":         {5, func(e *Entry) { e.Seq = 3 }, "seq"},
		"prev elsewhere":    {6, func(e *Entry) { e.Prev = 4 }, "prev"},
		"prev itself":       {6, func(e *Entry) { e.Prev = 6 }, "not before it"},
		"second publish":    {7, func(e *Entry) { e.Version = mustVersion(t, "1.4.0") }, "published before"},
		"never published":   {8, func(e *Entry) { e.Version = mustVersion(t, "9.0.0") }, "never published"},
		"not opened":        {0, func(e *Entry) { e.Kind = KindKey }, "index 0"},
		"opened again":      {18, func(e *Entry) { e.Kind = KindOpen }, "index 0"},
		"first is no claim": {1, func(e *Entry) { e.Kind = KindMemberAdd }, "scope-claim"},
		"first is no entry": {2, func(e *Entry) { e.Kind = KindStatus }, "publish"},
		"another's key":     {18, func(e *Entry) { e.Key = "other" + strings.TrimPrefix(e.Key, "registry") }, "the log is registry.example/log"},
	}
	for name, k := range cases {
		log := vectorLog(t)
		var c Chain
		for i := range k.index {
			if k.change == nil && i == k.index-1 {
				continue
			}
			if err := c.Add(i, log[i]); err != nil {
				t.Fatal(err)
			}
		}
		good, bad := log[k.index], *log[k.index]
		if k.change != nil {
			k.change(&bad)
		}
		err := c.Add(k.index, &bad)
		if !errors.Is(err, ErrHistory) || !strings.Contains(err.Error(), k.want) {
			t.Errorf("%s: got %v, want %q", name, err, k.want)
		}
		if k.change == nil {
			continue
		}
		if err := c.Add(k.index, good); err != nil {
			t.Errorf("%s: the refused entry left a trace: %v", name, err)
		}
	}
}

func TestChainOrder(t *testing.T) {
	var c Chain
	log := vectorLog(t)
	if err := errors.Join(c.Add(0, log[0]), c.Add(1, log[1])); err != nil {
		t.Fatal(err)
	}
	for _, index := range []int64{-1, 0, 1} {
		if err := c.Add(index, log[2]); !errors.Is(err, ErrHistory) {
			t.Errorf("index %d: got %v", index, err)
		}
	}
}
