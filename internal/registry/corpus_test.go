package registry_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/search"
	"github.com/ori-lang/registry/internal/store"
)

// specimen is a package of the corpus.
type specimen struct {
	search.Document
	dependents int64
}

// corpusScopes share the packages of the corpus between them.
const corpusScopes = 7

// debian makes a package of each that Debian's own index lists on this machine,
// some 60,000: names, descriptions and dependencies that people have written.
// Where the index is missing the tests fail; scripts/test-deps.sh brings it.
var debian = sync.OnceValues(func() ([]specimen, error) {
	index, err := exec.Command("apt-cache", "dumpavail").Output()
	if err != nil {
		return nil, fmt.Errorf("apt-cache dumpavail: %w", err)
	}
	var corpus []specimen
	seen, dependents := make(map[string]bool), make(map[string]int64)
	for record := range bytes.SplitSeq(index, []byte("\n\n")) {
		fields := fieldsOf(string(record))
		countDependencies(dependents, fields["Depends"])
		name := ordinary(fields["Package"])
		p, err := ident.NewPackage(fmt.Sprintf("s%d", len(corpus)%corpusScopes), name)
		if err != nil || seen[name] {
			continue
		}
		seen[name] = true
		corpus = append(corpus, specimen{Document: search.Document{
			Package: p, Description: fields["Description"], Keywords: facets(fields["Tag"]),
		}})
	}
	for i := range corpus {
		corpus[i].dependents = dependents[corpus[i].Package.Name()]
	}
	return corpus, nil
})

// fieldsOf gives the fields of a record, each with its first line.
func fieldsOf(record string) map[string]string {
	fields := make(map[string]string)
	for line := range strings.SplitSeq(record, "\n") {
		if name, value, ok := strings.Cut(line, ": "); ok && line[0] != ' ' {
			fields[name] = value
		}
	}
	return fields
}

var others = regexp.MustCompile(`[^a-z0-9]+`)

// ordinary makes a name of ours of one of theirs: g++-12 is gpp-12.
func ordinary(name string) string {
	return strings.Trim(others.ReplaceAllString(strings.ReplaceAll(name, "+", "p"), "-"), "-")
}

func countDependencies(dependents map[string]int64, list string) {
	seen := make(map[string]bool)
	for other := range strings.SplitSeq(list, ", ") {
		name, _, _ := strings.Cut(other, " ")
		if name = ordinary(name); !seen[name] {
			seen[name] = true
			dependents[name]++
		}
	}
}

// facets makes keywords of tags such as "works-with::image".
func facets(tags string) (keywords []string) {
	for tag := range strings.SplitSeq(tags, ", ") {
		if _, value, ok := strings.Cut(tag, "::"); ok && len(value) <= 20 && len(keywords) < 5 {
			keywords = append(keywords, strings.Trim(value, ","))
		}
	}
	return keywords
}

func corpus(t testing.TB) []specimen {
	t.Helper()
	all, err := debian()
	if err != nil {
		t.Fatal(err)
	}
	if len(all) < 10_000 {
		t.Fatalf("Debian's index lists %d packages on this machine; scripts/test-deps.sh brings it", len(all))
	}
	return all
}

// grown adds made-up packages of the same words until there are n.
func grown(corpus []specimen, n int) []specimen {
	random := rand.New(rand.NewPCG(1, 2))
	var words []string
	for i := range corpus {
		words = append(words, strings.Fields(corpus[i].Description)...)
	}
	some := func(n int) string {
		text := make([]string, n)
		for i := range text {
			text[i] = words[random.IntN(len(words))]
		}
		return strings.Join(text, " ")
	}
	all, real := slices.Clone(corpus), len(corpus)
	for i := real; i < n; i++ {
		one, other := &corpus[random.IntN(real)], &corpus[random.IntN(real)]
		name := one.Package.Name() + "-" + strings.Split(other.Package.Name(), "-")[0]
		p, err := ident.NewPackage(fmt.Sprintf("t%d", i), name) // of a scope of its own: no name comes twice
		if err != nil {
			p, _ = ident.NewPackage(fmt.Sprintf("t%d", i), "x")
		}
		all = append(all, specimen{
			Document:   search.Document{Package: p, Keywords: other.Keywords, Description: some(4 + random.IntN(8)), Readme: []byte(some(40))},
			dependents: one.dependents / 2,
		})
	}
	return all
}

// row is a package as the tables of the search have it.
type row struct {
	specimen
	place int64
	terms string
	sum   string
	words []string
}

// rows makes the rows of a corpus, in the order of their places and a batch at a
// time; the next ones are made meanwhile.
func rows(corpus []specimen) iter.Seq[[]row] {
	const size, ahead = 1000, 4
	all := make([]row, len(corpus))
	for i, s := range corpus {
		all[i] = row{specimen: s, place: store.PlaceOf(s.dependents, int64(i+1))}
	}
	slices.SortFunc(all, func(a, b row) int { return cmp.Compare(a.place, b.place) })
	return func(yield func([]row) bool) {
		made := make(chan chan []row, ahead)
		go func() {
			defer close(made)
			for batch := range slices.Chunk(all, size) {
				done := make(chan []row, 1)
				made <- done
				go func() { done <- completed(batch) }()
			}
		}()
		for done := range made {
			if !yield(<-done) {
				return
			}
		}
	}
}

func completed(batch []row) []row {
	batch = slices.Clone(batch) // what is added to it goes with it
	for i := range batch {
		r := &batch[i]
		r.terms, r.words = strings.Join(r.Terms(), " "), r.Words()
		sum := sha256.Sum256([]byte(r.terms))
		r.sum = hex.EncodeToString(sum[:])
	}
	return batch
}

// load lets the search of a registry find a corpus. It writes the tables of the
// search and none beside them: this many publishes would take too long.
func load(ctx context.Context, database string, batches iter.Seq[[]row]) error {
	driver, source, fill := "pgx", database, loadPostgres
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		driver, source, fill = "sqlite", path, loadSQLite
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		return err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	return fill(ctx, db, batches)
}

func loadSQLite(ctx context.Context, db *sql.DB, batches iter.Seq[[]row]) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	l := loader{ctx, tx, map[string]*sql.Stmt{}, nil}
	// Fewer and larger segments: the load is no measure of a publish.
	l.run(`INSERT INTO search_text (search_text, rank) VALUES ('hashsize', 67108864)`)
	for batch := range batches {
		for _, r := range batch {
			l.run(`INSERT INTO search_package (package, place, terms, version, latest, updated_at, description, keywords, dependents)
				VALUES ($1, $2, $3, '1.0.0', 1, $4, $5, $6, $7)`,
				r.Package.String(), r.place, r.sum, updated(r.place), r.Description, strings.Join(r.Keywords, "\n"), r.dependents)
			l.run(`INSERT INTO search_text (rowid, terms) VALUES ($1, $2)`, r.place, r.terms)
			for _, word := range r.words {
				l.run(`INSERT INTO search_word (word) VALUES ($1) ON CONFLICT (word) DO NOTHING`, word)
			}
		}
	}
	return errors.Join(l.err, tx.Commit())
}

// updated is a time for a package that has this place.
func updated(place int64) int64 { return time.Unix(1_700_000_000+place%1_000_000, 0).UnixMicro() }

func loadPostgres(ctx context.Context, db *sql.DB, batches iter.Seq[[]row]) error {
	l := loader{ctx, db, map[string]*sql.Stmt{}, nil}
	l.run(`SET session_replication_role = replica`) // the rows that these name are not there
	l.run(`SET synchronous_commit = off`)
	l.run(`SET maintenance_work_mem = '256MB'`)
	l.run(`DROP INDEX search_text_terms`)
	for batch := range batches {
		var names, sums, descriptions, keywords, terms, words []string
		var places, times, dependents []int64
		for _, r := range batch {
			names, sums, descriptions = append(names, r.Package.String()), append(sums, r.sum), append(descriptions, r.Description)
			keywords, terms, words = append(keywords, strings.Join(r.Keywords, "\n")), append(terms, r.terms), append(words, r.words...)
			places, times, dependents = append(places, r.place), append(times, updated(r.place)), append(dependents, r.dependents)
		}
		l.run(`INSERT INTO search_package (package, place, terms, version, latest, updated_at, description, keywords, dependents)
			SELECT name, place, sum, '1.0.0', 1, at, description, keyword, dependents FROM unnest($1::text[], $2::bigint[], $3::text[],
			$4::bigint[], $5::text[], $6::text[], $7::bigint[]) AS r (name, place, sum, at, description, keyword, dependents)`,
			names, places, sums, times, descriptions, keywords, dependents)
		l.run(`INSERT INTO search_text (place, terms) SELECT place, array_to_tsvector(string_to_array(terms, ' '))
			FROM unnest($1::bigint[], $2::text[]) AS r (place, terms)`, places, terms)
		l.run(`INSERT INTO search_word (word) SELECT DISTINCT unnest($1::text[]) ON CONFLICT (word) DO NOTHING`, words)
	}
	l.run(`CREATE INDEX search_text_terms ON search_text USING gin (terms) WITH (fastupdate = off)`)
	l.run(`VACUUM ANALYZE search_package`) // as the server does by itself after a while
	l.run(`VACUUM ANALYZE search_text`)
	l.run(`VACUUM ANALYZE search_word`)
	return l.err
}

// loader runs statements until one fails.
type loader struct {
	ctx context.Context
	db  interface {
		PrepareContext(ctx context.Context, text string) (*sql.Stmt, error)
	}
	prepared map[string]*sql.Stmt
	err      error
}

func (l *loader) run(text string, args ...any) {
	statement := l.prepared[text]
	if l.err == nil && statement == nil {
		statement, l.err = l.db.PrepareContext(l.ctx, text)
		l.prepared[text] = statement
	}
	if l.err == nil {
		_, l.err = statement.ExecContext(l.ctx, args...)
	}
}
