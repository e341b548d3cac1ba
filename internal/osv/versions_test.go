package osv

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ori-lang/registry/ident"
)

// evaluated is the evaluation of the format, word by word, on one range: it is
// what spans are compared with.
func evaluated(version ident.Version, events []event) bool {
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, compareEvents)
	before := !slices.ContainsFunc(events, func(e event) bool { return e.kind == limit })
	for _, e := range events {
		if e.kind == limit && (e.version.IsZero() || version.Compare(e.version) < 0) {
			before = true
		}
	}
	vulnerable := false
	for _, e := range sorted {
		switch {
		case e.kind == introduced && (e.version.IsZero() || version.Compare(e.version) >= 0):
			vulnerable = true
		case e.kind == fixed && version.Compare(e.version) >= 0:
			vulnerable = false
		case e.kind == lastAffected && version.Compare(e.version) > 0:
			vulnerable = false
		}
	}
	return before && vulnerable
}

func TestSpansAreTheEvaluation(t *testing.T) {
	order := []ident.Version{
		v("0.0.0-0"), v("0.0.1"), v("1.0.0-alpha"), v("1.0.0-alpha.1"), v("1.0.0-rc.2"), v("1.0.0-rc.10"), v("1.0.0"), v("1.0.1"),
		v("1.9.0"), v("1.10.0"), v("2.0.0-0"), v("2.0.0"), v("9007199254740991.0.0"),
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 4000 {
		events := someEvents(random, order)
		set := Versions{Spans: spans(events)}
		text, err := json.Marshal(set)
		if err != nil {
			t.Fatal(err)
		}
		var stored Versions
		if err := json.Unmarshal(text, &stored); err != nil {
			t.Fatal(err)
		}
		for _, version := range order {
			if want := evaluated(version, events); set.Has(version) != want || stored.Has(version) != want {
				t.Fatalf("%s: the evaluation says %v, %s says otherwise\n%v", version, want, text, events)
			}
		}
	}
}

func someEvents(random *rand.Rand, order []ident.Version) (events []event) {
	end := []string{fixed, lastAffected}[random.IntN(2)]
	for range 1 + random.IntN(6) {
		e := event{[]string{introduced, introduced, end, end, limit}[random.IntN(5)], order[random.IntN(len(order))]}
		if (e.kind == introduced || e.kind == limit) && random.IntN(4) == 0 {
			e.version = ident.Version{}
		}
		events = append(events, e)
	}
	return events
}

func TestHas(t *testing.T) {
	for events, want := range map[string]string{
		"introduced 0":                                             "0.9.0 1.0.0-rc.1 1.0.0 1.4.0 1.4.1 2.0.0",
		"introduced 1.0.0, fixed 1.4.1":                            "1.0.0 1.4.0",
		"fixed 1.4.1, introduced 1.0.0":                            "1.0.0 1.4.0",
		"introduced 1.0.0, last_affected 1.4.1":                    "1.0.0 1.4.0 1.4.1",
		"introduced 1.0.0, last_affected 1.0.0":                    "1.0.0",
		"last_affected 1.0.0, introduced 1.0.0":                    "1.0.0",
		"introduced 1.0.0, fixed 1.0.0":                            "",
		"introduced 0, fixed 1.0.0":                                "0.9.0 1.0.0-rc.1",
		"introduced 0, fixed 1.0.0-rc.1, introduced 1.4.1":         "0.9.0 1.4.1 2.0.0",
		"introduced 0, limit 1.4.0":                                "0.9.0 1.0.0-rc.1 1.0.0",
		"introduced 0, limit 1.4.0, limit 1.0.0":                   "0.9.0 1.0.0-rc.1 1.0.0",
		"introduced 1.4.0, limit *":                                "1.4.0 1.4.1 2.0.0",
		"introduced 1.4.1, limit 1.4.0":                            "",
		"introduced 0, fixed 1.0.0, fixed 1.4.1, introduced 1.0.0": "0.9.0 1.0.0-rc.1",
		"introduced 1.0.0, introduced 1.4.0, fixed 1.4.1":          "1.0.0 1.4.0",
	} {
		set := Versions{Spans: spans(parsed(events))}
		var got []string
		for _, s := range []string{"0.9.0", "1.0.0-rc.1", "1.0.0", "1.4.0", "1.4.1", "2.0.0"} {
			if set.Has(v(s)) {
				got = append(got, s)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", events, got, want)
		}
	}
	listed := Versions{Listed: []ident.Version{v("1.0.0")}}
	if !listed.Has(v("1.0.0")) || listed.Has(v("1.0.0-rc.1")) || (Versions{}).Has(v("1.0.0")) {
		t.Error("listed versions are not taken as they stand")
	}
}

func parsed(text string) (events []event) {
	for one := range strings.SplitSeq(text, ", ") {
		var kind, version string
		_, _ = fmt.Sscan(one, &kind, &version)
		e := event{kind: kind}
		if version != "0" && version != "*" {
			e.version = v(version)
		}
		events = append(events, e)
	}
	return events
}
