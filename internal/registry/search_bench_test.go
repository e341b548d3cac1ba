package registry_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/registry"
	"github.com/ori-lang/registry/internal/repotest/pgtest"
)

// BenchmarkSearch measures what people wait for, among the packages of Debian
// and among a million: names, words of descriptions, names as they are typed
// letter by letter and mistyped, and the most frequent words that there are. It
// tells how long the half and all but one of a hundred take at most.
func BenchmarkSearch(parent *testing.B) {
	real := corpus(parent)
	for _, size := range []int{len(real), 1_000_000} {
		all := grown(real, size)
		queries := questions(all)
		for _, database := range []string{"sqlite", "postgres"} {
			var f *fixture // loaded once for all runs, and only when there is one
			parent.Run(fmt.Sprintf("packages=%d/%s", size, database), func(b *testing.B) {
				if f == nil {
					f = filled(parent, database, all)
				}
				measure(b, f, queries)
			})
		}
	}
}

func filled(b *testing.B, database string, corpus []specimen) *fixture {
	b.Helper()
	f := newFixture(b)
	if database == "postgres" {
		f = newFixtureOn(b, pgtest.URL(b))
	}
	must(b, load(context.WithoutCancel(b.Context()), f.database, rows(corpus)))
	return f
}

func measure(b *testing.B, f *fixture, queries []string) {
	b.Helper()
	took := make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for i := range b.N {
		began := time.Now()
		_, _, err := f.Search(b.Context(), registry.Search{Query: queries[i%len(queries)], Sort: api.ByRelevance, Limit: 20})
		took = append(took, time.Since(began))
		must(b, err)
	}
	b.StopTimer()
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "ms-p50")
	b.ReportMetric(took[len(took)*99/100].Seconds()*1000, "ms-p99")
	b.ReportMetric(took[len(took)-1].Seconds()*1000, "ms-max")
}

// questions are what is asked of a corpus: of a hundred, 40 are names, 25 words
// of a description, 20 beginnings of names, 10 names with an edit, and 5 so
// frequent that more packages match than are ranked.
func questions(corpus []specimen) (all []string) {
	random := rand.New(rand.NewPCG(5, 6))
	frequent := []string{"lib", "l", "library", "python", "the", "a", "dev", "data", "for", "d", "perl library", "development files", "py", "no"}
	for i := range 2000 {
		p := &corpus[random.IntN(len(corpus))]
		name := p.Package.Name()
		switch n := i % 100; {
		case n < 40:
			all = append(all, name)
		case n < 65:
			words := strings.Fields(p.Description)
			random.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
			all = append(all, strings.Join(words[:min(len(words), 2+random.IntN(2))], " "))
		case n < 85:
			all = append(all, name[:min(len(name), 1+random.IntN(8))])
		case n < 95:
			at := random.IntN(len(name))
			all = append(all, name[:at]+string(rune('a'+random.IntN(26)))+name[at:])
		default:
			all = append(all, frequent[random.IntN(len(frequent))])
		}
	}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all
}
