package sequencer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/internal/durable"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

const (
	keyFile    = "log.key"
	anchorFile = "log.anchor"
)

// Open opens the log in db, or makes one, and starts the sequencer. It reads
// the key and the anchor and compares both with the database. Where the
// database is not the one that the anchor speaks of, the sequencer starts
// read-only (see ReadOnly): changes and checkpoints are refused.
func Open(ctx context.Context, db *store.DB, o Options) (*Sequencer, error) {
	s := &Sequencer{
		db: db, now: o.Now, log: o.Log,
		queue:      make(chan *waiting, maxQueue),
		commits:    make(chan committed, 1),
		look:       make(chan struct{}, 1),
		closing:    make(chan struct{}),
		stopped:    make(chan struct{}),
		unfollowed: make(chan struct{}),
		advanced:   make(chan struct{}),
	}
	if err := s.load(ctx, o); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the log: %w", err), s.anchor.close())
	}
	if s.readOnly != "" {
		o.Log.Error("the registry is read-only", "reason", s.readOnly)
		return s, nil
	}
	return s, s.begin(ctx)
}

// load reads key, anchor and state, and makes the first two for a new log.
func (s *Sequencer) load(ctx context.Context, o Options) error {
	state, err := s.db.Reader().LogState(ctx)
	if err != nil {
		return err
	}
	isNew := state.Size == 0
	if err := s.loadKey(o, isNew); err != nil {
		return err
	}
	for _, file := range []string{keyFile, anchorFile} {
		if err := durable.Settle(filepath.Join(o.KeyDir, file)); err != nil {
			return err
		}
	}
	s.origin = s.signer.Origin()
	if !isNew {
		if err := s.checkKey(ctx, state.Origin); err != nil {
			return fmt.Errorf("%w; put back the folder of keys that belongs to the database (%s)", err, o.KeyDir)
		}
	}
	return s.loadAnchor(ctx, filepath.Join(o.KeyDir, anchorFile), tlog.Tree{N: state.Size, Hash: state.Root}, isNew)
}

func (s *Sequencer) loadKey(o Options, isNew bool) error {
	path := filepath.Join(o.KeyDir, keyFile)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if !isNew {
			return fmt.Errorf("the log's signing key %s is missing; put back the folder of keys", path)
		}
		text, err = createKey(path, o)
	}
	if err != nil {
		return fmt.Errorf("reading the signing key: %w", err)
	}
	s.signer, err = translog.NewSigner(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("the log's signing key %s is damaged (%w); put back the folder of keys", path, err)
	}
	return nil
}

func createKey(path string, o Options) ([]byte, error) {
	secret, _, err := translog.NewKey(o.Rand, o.Origin)
	if err != nil {
		return nil, err
	}
	if err := durable.MkdirAll(filepath.Dir(path)); err != nil {
		return nil, err
	}
	return []byte(secret), durable.Create(path, []byte(secret+"\n"))
}

// checkKey holds the key against the log in the database.
func (s *Sequencer) checkKey(ctx context.Context, origin string) error {
	if origin != s.origin {
		return fmt.Errorf("the key is of the log %q, the database holds the log %q", s.origin, origin)
	}
	text, err := s.db.Reader().Entry(ctx, 0)
	if err != nil {
		return fmt.Errorf("reading the first entry: %w", err)
	}
	first, err := translog.ParseEntry(text)
	if err != nil {
		return fmt.Errorf("reading the first entry: %w", err)
	}
	if first.Key != s.signer.VerifierKey() {
		return fmt.Errorf("the log was opened with another key, %s", first.Key)
	}
	return nil
}

// loadAnchor opens the anchor and holds it against the committed tree.
func (s *Sequencer) loadAnchor(ctx context.Context, path string, current tlog.Tree, isNew bool) (err error) {
	s.anchor, err = openAnchor(path)
	switch {
	case errors.Is(err, errNoAnchor) && isNew:
		s.anchor, err = createAnchor(path, tlog.Tree{})
		return err
	case errors.Is(err, errNoAnchor):
		s.anchor, s.readOnly = &anchor{}, withoutAnchor("missing")
		return nil
	case errors.Is(err, errSpoiled):
		s.anchor, s.readOnly = &anchor{}, withoutAnchor("damaged")
		return nil
	case err != nil:
		return err
	}
	s.readOnly, err = s.compare(ctx, current)
	return err
}

func withoutAnchor(state string) string {
	return "the head anchor beside the signing key is " + state + ", so nobody can tell whether the database is the newest; put back the folder of keys"
}

// compare says why the committed tree does not go on from the anchor's; "" when it does.
func (s *Sequencer) compare(ctx context.Context, current tlog.Tree) (string, error) {
	shown := s.anchor.tree
	if current.N < shown.N {
		return fmt.Sprintf("the database holds %d log entries and the registry has shown %d: an older state was put back; put back the newest", current.N, shown.N), nil
	}
	err := mustGoOn(ctx, s.db.Reader(), current, shown)
	if errors.Is(err, errForeign) {
		return fmt.Sprintf("the first %d log entries in the database are not those that the registry has shown: this is another log, or a damaged one; put back the right database", shown.N), nil
	}
	return "", err
}

// begin shows the tree of the log, starts the goroutines, and writes the first
// entry of a new log.
func (s *Sequencer) begin(ctx context.Context) error {
	state, err := s.db.Reader().LogState(ctx)
	if err == nil && state.Size > 0 {
		err = s.showCommitted(ctx)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("starting the log: %w", err), s.anchor.close())
	}
	// The goroutines end with Close, not with ctx: what waits is finished.
	background := context.WithoutCancel(ctx)
	s.running.Add(2)
	go s.run(background)
	go s.publish(background)
	if state.Size > 0 {
		return nil
	}
	if err := s.Submit(ctx, s.appendOpen); err != nil {
		return errors.Join(fmt.Errorf("starting the log: %w", err), s.Close())
	}
	return nil
}

func (s *Sequencer) appendOpen(ctx context.Context, tx *Tx) error {
	if tx.base > 0 {
		return errors.New("another server has opened the log at the same moment; copy its folder of keys and start again")
	}
	_, _, err := tx.Append(ctx, &translog.Entry{Kind: translog.KindOpen, Key: s.signer.VerifierKey()})
	return err
}

// GoesOn is nil when the log in the database goes on from a tree that was shown.
func GoesOn(ctx context.Context, db *store.DB, shown tlog.Tree) error {
	state, err := db.Reader().LogState(ctx)
	if err != nil {
		return err
	}
	return mustGoOn(ctx, db.Reader(), tlog.Tree{N: state.Size, Hash: state.Root}, shown)
}

// Shown reads, without a running sequencer, what the folder of keys says of
// the log: its public key and the newest tree that was shown.
func Shown(keyDir string) (verifierKey string, tree tlog.Tree, err error) {
	text, err := os.ReadFile(filepath.Join(keyDir, keyFile))
	if err != nil {
		return "", tlog.Tree{}, fmt.Errorf("reading the signing key: %w", err)
	}
	signer, err := translog.NewSigner(strings.TrimSpace(string(text)))
	if err != nil {
		return "", tlog.Tree{}, fmt.Errorf("reading the signing key: %w", err)
	}
	a, err := openAnchor(filepath.Join(keyDir, anchorFile))
	if err != nil {
		return "", tlog.Tree{}, err
	}
	return signer.VerifierKey(), a.tree, a.close()
}
