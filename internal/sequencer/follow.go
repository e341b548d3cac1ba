package sequencer

import (
	"context"
	"fmt"
	"time"

	"github.com/ori-lang/registry/api"
)

const (
	// maxFollowers bounds who waits for the log to grow: each is a goroutine
	// and a connection.
	maxFollowers = 1000
	// lookInterval is how often, while anybody waits, the database is asked
	// whether another server has grown the log.
	lookInterval = 500 * time.Millisecond
)

// Newest gives a signed tree that covers all that is committed when it is
// asked for.
func (s *Sequencer) Newest(ctx context.Context) (*Head, error) {
	state, err := s.db.Reader().LogState(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the state of the log: %w", err)
	}
	return s.Head(ctx, state.Size)
}

// Follow waits until a signed tree has more than size entries, and gives the
// newest. It gives it as it is when the patience is over, or EndFollowing is
// called. A change of this server ends the wait at once, one of another server
// within lookInterval. Who comes when too many wait is refused.
func (s *Sequencer) Follow(ctx context.Context, size int64, patience time.Duration) (*Head, error) {
	head, err := s.Newest(ctx)
	if err != nil || head.Tree.N > size || patience <= 0 {
		return head, err
	}
	defer s.followers.Add(-1)
	if s.followers.Add(1) > maxFollowers {
		return nil, api.Errorf(api.Unavailable, "too many callers wait for changes")
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		moved := s.moved()
		if head = s.head.Load(); head.Tree.N > size {
			return head, nil
		}
		select {
		case <-moved:
		case <-timer.C:
			return head, nil
		case <-s.unfollowed:
			return head, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// EndFollowing ends every Follow, and those to come before they wait.
func (s *Sequencer) EndFollowing() { s.endFollowing.Do(func() { close(s.unfollowed) }) }

// lookForOthers shows what another server has committed, for those who wait.
func (s *Sequencer) lookForOthers(ctx context.Context) error {
	if s.followers.Load() == 0 {
		return nil
	}
	state, err := s.db.Reader().LogState(ctx)
	if err != nil {
		return err
	}
	if head := s.head.Load(); head != nil && state.Size <= head.Tree.N {
		return nil
	}
	return s.showCommitted(ctx)
}
