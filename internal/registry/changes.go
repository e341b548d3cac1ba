package registry

import (
	"context"
	"fmt"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/translog"
)

// Changes gives up to limit entries of the log behind index after (-1: from the
// start), as far as the signed tree goes: nothing is told of before its
// checkpoint covers it. When there are none it waits for one to come, as long
// as patience says.
func (r *Registry) Changes(ctx context.Context, after int64, limit int, patience time.Duration) ([]api.Change, error) {
	changes := []api.Change{}
	head, err := r.log.Follow(ctx, after+1, patience)
	if err != nil {
		return nil, err
	}
	count := min(int64(limit), head.Tree.N-(after+1))
	if count <= 0 {
		return changes, nil
	}
	err = r.db.Reader().Entries(ctx, after+1, count, func(index int64, text []byte) error {
		e, err := translog.ParseEntry(text)
		if err != nil {
			return fmt.Errorf("reading entry %d: %w", index, err)
		}
		changes = append(changes, wireChange(index, e))
		return nil
	})
	if err == nil && int64(len(changes)) < count {
		err = fmt.Errorf("reading entries: there are %d of %d behind %d", len(changes), count, after)
	}
	return changes, err
}

func wireChange(index int64, e *translog.Entry) api.Change {
	change := api.Change{
		Seq: index, Kind: string(e.Kind), Scope: orNull(e.Scope), Advisory: orNull(e.Advisory), At: api.NewTime(e.Time),
	}
	if !e.Package.IsZero() {
		change.Package = &e.Package
	}
	if !e.Version.IsZero() {
		change.Version = &e.Version
	}
	return change
}
