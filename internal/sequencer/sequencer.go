// Package sequencer is the only writer of the transparency log. It runs the
// changes that the log records, many in one transaction, and shows the tree
// that they make.
//
// The order of writes is the promise of this package:
//
//  1. A group of waiting changes runs in one database transaction, each in its
//     own savepoint. Every change appends its entries with Tx.Append.
//  2. The hashes of all new entries and the new tree are stored, and the
//     transaction commits. From here on the change is visible, and durable.
//  3. The new tree is written to the head anchor, a file apart from the
//     database, and synced.
//  4. The checkpoint is signed and shown, and Submit returns.
//
// So a checkpoint never speaks of what is not committed, and a database that
// was set back to an older state is noticed at the next start: its tree is
// smaller than the anchor says, or another one. Then nothing is signed and
// nothing changed until the operator has brought the missing entries back.
// Steps 3 and 4 of one group run while the transaction of the next does.
//
// There is no artificial delay: a group is whatever waits when the sequencer
// is free.
package sequencer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/translog"
)

const (
	maxGroup = 256 // changes in one transaction
	maxQueue = 4096
	headWait = 2 * time.Second // for a checkpoint that covers what is committed
)

// Options of a sequencer. All of them are needed.
type Options struct {
	KeyDir string           // folder of the signing key and the head anchor; made if need be
	Origin string           // of a log that is made anew; an existing one keeps its own
	Now    func() time.Time // stamps the entries
	Rand   io.Reader        // for the key of a new log
	Log    *slog.Logger
}

// Change is one change of state. It runs inside a transaction, makes all its
// checks there, and appends its entries. When it returns an error nothing of
// it remains, and Submit returns that error. A change that appends no entry
// must change nothing: a group without entries is not committed.
type Change func(ctx context.Context, tx *Tx) error

// Sequencer orders changes. It is safe for concurrent use.
type Sequencer struct {
	db     *store.DB
	now    func() time.Time
	log    *slog.Logger
	origin string
	signer *translog.Signer
	anchor *anchor

	readOnly string // why nothing may change; "" when all is well
	queue    chan *waiting
	commits  chan committed
	look     chan struct{} // asks the publisher to look for what another server committed
	closing  chan struct{} // closed: take no more changes
	stopped  chan struct{} // closed: every change that was taken has its answer
	closed   sync.Once
	running  sync.WaitGroup

	followers    atomic.Int64  // that wait for the log to grow
	unfollowed   chan struct{} // closed: nobody waits any more
	endFollowing sync.Once

	tree  *tree     // of the last commit; nil: not known, read it back
	known tlog.Tree // the newest that was certainly committed; it never goes back

	head     atomic.Pointer[Head]
	advanced chan struct{} // closed and replaced when head moves
	mu       sync.Mutex    // guards advanced
	groups   groupCounter
}

// Head is the newest signed tree.
type Head struct {
	Tree       tlog.Tree
	Checkpoint []byte // signed note
}

type waiting struct {
	ctx    context.Context
	change Change
	done   chan error // buffered: nobody need listen any more
	err    error
}

// committed is a group whose transaction is over.
type committed struct {
	tree  tlog.Tree
	group []*waiting
}

// Submit runs change in the next group and returns when its entries are in a
// signed tree, or with the error of the change. When ctx ends first, the
// change may still take place.
func (s *Sequencer) Submit(ctx context.Context, change Change) error {
	if s.readOnly != "" {
		return api.Errorf(api.ReadOnly, "the registry is read-only: %s", s.readOnly)
	}
	w := &waiting{ctx: ctx, change: change, done: make(chan error, 1)}
	select {
	case <-s.closing:
		return errStopping()
	default:
	}
	select {
	case s.queue <- w:
	case <-s.closing:
		return errStopping()
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.await(ctx, w)
}

func (s *Sequencer) await(ctx context.Context, w *waiting) error {
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.stopped:
	}
	select {
	case err := <-w.done:
		return err
	default: // it came too late to be in the last group
		return errStopping()
	}
}

func errStopping() error {
	return api.Errorf(api.Unavailable, "the registry is stopping")
}

// Close ends the sequencer: what waits is finished, what comes is refused.
func (s *Sequencer) Close() (err error) {
	s.EndFollowing()
	s.closed.Do(func() {
		close(s.closing)
		s.running.Wait()
		close(s.stopped)
		err = s.anchor.close()
	})
	return err
}

// run collects groups and commits them until the sequencer is closed.
func (s *Sequencer) run(ctx context.Context) {
	defer s.running.Done()
	defer close(s.commits)
	for {
		select {
		case first := <-s.queue:
			s.runGroup(ctx, first)
		case <-s.closing:
			for len(s.queue) > 0 {
				s.runGroup(ctx, <-s.queue)
			}
			return
		}
	}
}

func (s *Sequencer) runGroup(ctx context.Context, first *waiting) {
	group := s.collect(first)
	head, err := s.commit(ctx, group)
	if err != nil {
		s.log.Error("group commit failed", "error", err, "changes", len(group))
		for _, w := range group {
			w.err = nil // it may speak of another change of the group, which is not there now
		}
		answer(group, refusal(err))
		return
	}
	s.groups.add(len(group))
	s.commits <- committed{head, group}
}

// refusal is what the submitters of a group that failed are told.
func refusal(failure error) error {
	if errors.Is(failure, errForeign) {
		return setBack(failure)
	}
	return api.Errorf(api.Unavailable, "the registry could not store the change")
}

// setBack says that the database was replaced under the running server. It is
// no state of the sequencer: with the newest database back, changes go on.
func setBack(foreign error) error {
	return api.Errorf(api.ReadOnly, "the registry is read-only: %v; put back the newest", foreign)
}

func (s *Sequencer) collect(first *waiting) []*waiting {
	group := []*waiting{first}
	for len(group) < maxGroup {
		select {
		case w := <-s.queue:
			group = append(group, w)
		default:
			return group
		}
	}
	return group
}

// answer tells the submitters of a group how it ended: with the error of
// their own change, else with err.
func answer(group []*waiting, err error) {
	for _, w := range group {
		if w.err == nil {
			w.err = err
		}
		w.done <- w.err
	}
}

// commit runs the group in one transaction and gives the tree after it.
func (s *Sequencer) commit(ctx context.Context, group []*waiting) (tlog.Tree, error) {
	tx, err := s.db.Begin(ctx)
	if err != nil {
		return tlog.Tree{}, err
	}
	defer tx.Rollback()
	if err := s.catchUp(ctx, tx); err != nil {
		return tlog.Tree{}, err
	}
	t := &Tx{Tx: tx, now: s.now, base: s.tree.size()}
	for _, w := range group {
		if err := t.run(ctx, w); err != nil {
			return tlog.Tree{}, err
		}
	}
	if len(t.leaves) == 0 {
		return s.tree.head(), nil
	}
	next := s.tree.grown(t.leaves)
	if err := next.store(ctx, tx, s.origin); err != nil {
		return tlog.Tree{}, err
	}
	if err := s.settle(ctx, tx, next.head()); err != nil {
		return tlog.Tree{}, err
	}
	s.tree, s.known = next, next.head()
	return s.known, nil
}

// catchUp locks the log and makes s.tree the tree that is in the database:
// after a failure, or when another server has grown the log, it is read back.
// A database that was set back meanwhile must not fork the log: a tree that
// this process did not make is taken only when it goes on from what is known.
func (s *Sequencer) catchUp(ctx context.Context, tx *store.Tx) error {
	current, err := lockedTree(ctx, tx)
	if err != nil {
		return err
	}
	if s.tree != nil && s.tree.head() == current {
		return nil
	}
	known := s.known
	if head := s.head.Load(); head != nil && head.Tree.N > known.N {
		known = head.Tree
	}
	if err := mustGoOn(ctx, &tx.Reader, current, known); err != nil {
		return err
	}
	if s.tree, err = loadTree(ctx, &tx.Reader, current); err == nil {
		s.known = current
	}
	return err
}

// lockedTree keeps other writers of the log waiting and gives its tree.
func lockedTree(ctx context.Context, tx *store.Tx) (tlog.Tree, error) {
	state, err := tx.LockLog(ctx)
	if err != nil {
		return tlog.Tree{}, fmt.Errorf("reading the state of the log: %w", err)
	}
	return tlog.Tree{N: state.Size, Hash: state.Root}, nil
}

// settle commits. A commit that failed may have taken place all the same
// (the connection broke after it): the database alone knows.
func (s *Sequencer) settle(ctx context.Context, tx *store.Tx, want tlog.Tree) error {
	failure := tx.Commit()
	if failure == nil {
		return nil
	}
	s.tree = nil
	err := s.tookPlace(ctx, want)
	if errors.Is(err, errForeign) { // it did not; whether the database was set back, catchUp finds out
		return failure
	}
	if err != nil {
		return errors.Join(failure, err)
	}
	s.log.Warn("a commit reported a failure and took place", "error", failure)
	return nil
}

// tookPlace is nil when the tree was committed; another server may have grown
// the log since. It asks under the lock of the log, which a commit that is
// still on its way holds.
func (s *Sequencer) tookPlace(ctx context.Context, want tlog.Tree) error {
	tx, err := s.db.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	current, err := lockedTree(ctx, tx)
	if err != nil {
		return err
	}
	return mustGoOn(ctx, &tx.Reader, current, want)
}

// Tx is what a change works with: the database and the log in one transaction.
type Tx struct {
	*store.Tx
	now    func() time.Time
	base   int64       // size of the tree before the group
	leaves []tlog.Hash // of the entries appended by the group so far
}

// run runs one change in a savepoint and keeps its error for its submitter.
// The error returned is one of the transaction itself, which is lost then.
func (t *Tx) run(ctx context.Context, w *waiting) (err error) {
	defer func() {
		if p := recover(); p != nil { // one bad change must not end the registry
			err = fmt.Errorf("a change panicked: %v\n%s", p, debug.Stack())
		}
	}()
	if w.err = w.ctx.Err(); w.err != nil {
		return nil
	}
	if err := t.Savepoint(ctx); err != nil {
		return err
	}
	before := len(t.leaves)
	// The change does not run under the context of its submitter: SQLite
	// answers an interrupted statement by rolling back the whole transaction.
	if w.err = w.change(ctx, t); w.err == nil {
		return t.Release(ctx)
	}
	t.leaves = t.leaves[:before]
	return t.RollbackToSavepoint(ctx)
}

// Append puts an entry at the end of the log and gives its index and leaf
// hash. It fills in the entry's time, seq and prev.
func (t *Tx) Append(ctx context.Context, e *translog.Entry) (index int64, leaf tlog.Hash, err error) {
	index = t.base + int64(len(t.leaves))
	subject, err := t.Subject(ctx, e.Subject())
	if err != nil {
		return 0, tlog.Hash{}, fmt.Errorf("appending to the log: %w", err)
	}
	e.Time = t.now().UTC().Truncate(time.Second)
	e.Seq, e.Prev = subject.Seq+1, subject.Index
	if subject.Seq == 0 {
		e.Prev = -1
	}
	text, err := e.Bytes()
	if err != nil {
		return 0, tlog.Hash{}, fmt.Errorf("appending to the log: %w", err)
	}
	if err := t.addEntry(ctx, index, text, e); err != nil {
		return 0, tlog.Hash{}, fmt.Errorf("appending to the log: %w", err)
	}
	leaf = translog.LeafHash(text)
	t.leaves = append(t.leaves, leaf)
	return index, leaf, nil
}

func (t *Tx) addEntry(ctx context.Context, index int64, text []byte, e *translog.Entry) error {
	row := store.LogEntry{
		Index: index, Bytes: text, Kind: string(e.Kind),
		Package: e.Package.String(), Version: e.Version.String(),
	}
	if err := t.AddEntry(ctx, row); err != nil {
		return err
	}
	return t.SetSubject(ctx, e.Subject(), store.Subject{Seq: e.Seq, Index: index})
}
