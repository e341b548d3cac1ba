package sequencer

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/api"
)

// VerifierKey gives the public key of the log, in the form of C2SP signed-note.
func (s *Sequencer) VerifierKey() string { return s.signer.VerifierKey() }

// Origin gives the name of the log, the first line of its checkpoints.
func (s *Sequencer) Origin() string { return s.origin }

// ReadOnly says why nothing may change; "" when all is well.
func (s *Sequencer) ReadOnly() string { return s.readOnly }

// CheckDatabase is nil when the database has all of the log that was shown. Else
// it was set back, and what it does not know may exist all the same.
func (s *Sequencer) CheckDatabase(ctx context.Context) error {
	if s.readOnly != "" {
		return api.Errorf(api.ReadOnly, "the registry is read-only: %s", s.readOnly)
	}
	shown := s.head.Load()
	if shown == nil {
		return api.Errorf(api.Unavailable, "the log is not signed yet")
	}
	err := GoesOn(ctx, s.db, shown.Tree)
	if errors.Is(err, errForeign) {
		return setBack(err)
	}
	return err
}

// Head gives a signed tree of at least so many entries. It waits for one, up
// to two seconds: what is committed is signed a moment later.
func (s *Sequencer) Head(ctx context.Context, atLeast int64) (*Head, error) {
	if s.readOnly != "" {
		return nil, api.Errorf(api.ReadOnly, "the registry signs no checkpoint: %s", s.readOnly)
	}
	ctx, cancel := context.WithTimeout(ctx, headWait)
	defer cancel()
	for {
		moved := s.moved()
		if head := s.head.Load(); head != nil && head.Tree.N >= atLeast {
			return head, nil
		}
		select {
		case s.look <- struct{}{}:
		default:
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return nil, api.Errorf(api.Unavailable, "the newest entries of the log are not signed yet")
		}
	}
}

// moved gives a channel that is closed when the head moves next.
func (s *Sequencer) moved() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.advanced
}

// publish shows the committed trees, one after the other, and answers those
// whose changes are in them. Groups that arrive meanwhile are shown together.
func (s *Sequencer) publish(ctx context.Context) {
	defer s.running.Done()
	others := time.NewTicker(lookInterval)
	defer others.Stop()
	for {
		select {
		case first, open := <-s.commits:
			if !open {
				return
			}
			s.showAll(first)
		case <-s.look:
			s.noteFailure(s.showCommitted(ctx))
		case <-others.C:
			s.noteFailure(s.lookForOthers(ctx))
		}
	}
}

func (s *Sequencer) noteFailure(err error) {
	if err != nil {
		s.log.Error("showing the committed tree failed", "error", err)
	}
}

func (s *Sequencer) showAll(first committed) {
	newest, group := first.tree, first.group
	for len(s.commits) > 0 {
		next := <-s.commits
		newest, group = next.tree, append(group, next.group...)
	}
	err := s.show(newest)
	if err != nil {
		s.log.Error("showing a tree failed", "error", err)
		err = api.Errorf(api.Unavailable, "the change is stored; its log entry could not be signed yet")
	}
	answer(group, err)
}

// showCommitted shows what is in the database: after a failed show, at the
// start, and when another server has grown the log. A tree that this process
// did not make is shown only when it goes on from the one shown before.
func (s *Sequencer) showCommitted(ctx context.Context) error {
	state, err := s.db.Reader().LogState(ctx)
	if err != nil {
		return err
	}
	current := tlog.Tree{N: state.Size, Hash: state.Root}
	if current.N < s.anchor.tree.N {
		return nil // an older snapshot; a newer one was shown already
	}
	if err := mustGoOn(ctx, s.db.Reader(), current, s.anchor.tree); err != nil {
		return err
	}
	if _, err := loadTree(ctx, s.db.Reader(), current); err != nil {
		return err
	}
	return s.show(current)
}

// show moves the anchor, signs the tree, and lets the waiting readers see it.
func (s *Sequencer) show(tree tlog.Tree) error {
	if head := s.head.Load(); head != nil && head.Tree.N >= tree.N {
		return nil
	}
	if tree.N > s.anchor.tree.N {
		if err := s.anchor.advance(tree); err != nil {
			return err
		}
	}
	checkpoint, err := s.signer.Checkpoint(tree)
	if err != nil {
		return fmt.Errorf("signing the checkpoint: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.head.Store(&Head{Tree: tree, Checkpoint: checkpoint})
	close(s.advanced)
	s.advanced = make(chan struct{})
	return nil
}

// GroupSizes counts the group commits so far and the changes in them.
type GroupSizes struct{ Groups, Changes, Largest int64 }

type groupCounter struct {
	mu    sync.Mutex
	sizes GroupSizes
}

func (c *groupCounter) add(changes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sizes.Groups++
	c.sizes.Changes += int64(changes)
	c.sizes.Largest = max(c.sizes.Largest, int64(changes))
}

// GroupSizes gives the figures of the group commits since the start.
func (s *Sequencer) GroupSizes() GroupSizes {
	s.groups.mu.Lock()
	defer s.groups.mu.Unlock()
	return s.groups.sizes
}
