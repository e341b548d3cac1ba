package client

import (
	"context"
	"errors"
	"sync"

	"github.com/ori-lang/registry/ident"
)

// supply brings the packages of a graph, several at a time. Where a registry
// tells a whole graph in one answer, its archives are on their way before the
// walk asks for them.
type supply struct {
	ctx        context.Context
	stop       context.CancelFunc
	registries *Registries
	locked     map[ident.Ref]ident.Checksum
	free       chan struct{} // holds one for each that works
	working    sync.WaitGroup
	alone      map[*Client]bool // do not tell whole graphs; the walk's own

	mu       sync.Mutex
	stages   map[string]*stage // by the cache's folder
	arrivals map[origin]*arrival
	progress SyncProgress
	tell     func(SyncProgress)
}

// origin is a version in a registry.
type origin struct {
	source *Client
	ref    ident.Ref
}

// arrival is a package on its way.
type arrival struct {
	wanted
	foretold *foretold // nil: the walk has found it by itself
	done     chan struct{}
	needed   bool // the walk waits for it
	kept     *Kept
	err      error
}

func newSupply(ctx context.Context, r *Registries, o ResolveOptions) *supply {
	s := &supply{
		registries: r, free: make(chan struct{}, workers), tell: o.Progress,
		stages: map[string]*stage{}, arrivals: map[origin]*arrival{}, alone: map[*Client]bool{},
	}
	s.ctx, s.stop = context.WithCancel(ctx)
	if o.Lock != nil {
		s.locked = o.Lock.Checksums
	}
	return s
}

// close ends what is still on its way, and keeps what has arrived, which is right
// whatever became of the rest. Nothing is written afterwards.
func (s *supply) close() (err error) {
	s.stop()
	s.working.Wait()
	for _, stage := range s.stages {
		err = errors.Join(err, stage.commit())
	}
	return err
}

// stageOf gives the stage of a cache; all registries of a run share one.
func (s *supply) stageOf(k *Cache) *stage {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stages[k.dir] == nil {
		s.stages[k.dir] = k.stage()
	}
	return s.stages[k.dir]
}

// read obtains a level of the graph. That packages are missing is told for all
// of them at once; everything else ends the work.
func (s *supply) read(level []*node) error {
	if err := s.foretell(level); err != nil {
		return err
	}
	arrivals := make([]*arrival, len(level))
	for i, n := range level {
		arrivals[i] = s.need(origin{n.Source, n.Ref})
	}
	errs := make([]error, len(level))
	for i, n := range level {
		a := arrivals[i]
		<-a.done
		if a.err != nil {
			errs[i] = &FetchError{n.Ref, n.RequiredBy[0], a.err}
			continue
		}
		n.Kept = *a.kept
		if a.foretold != nil {
			n.Said = a.foretold.version
		}
	}
	return causeOf(errs)
}

// need starts to bring a package that the walk waits for.
func (s *supply) need(o origin) *arrival {
	a := s.start(o, nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	a.needed = true
	s.endIfFailed(a)
	return a
}

// start begins to bring a package, unless it is on its way already.
func (s *supply) start(o origin, f *foretold) *arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a := s.arrivals[o]; a != nil {
		return a
	}
	a := &arrival{wanted: wanted{ref: o.ref, progress: s.counter()}, foretold: f, done: make(chan struct{})}
	if sum, ok := s.locked[o.ref]; ok {
		a.locked = &sum
	}
	if f != nil {
		a.proof = f.proof
	}
	s.arrivals[o] = a
	s.working.Go(func() { s.bring(o.source, a) })
	return a
}

func (s *supply) bring(source *Client, a *arrival) {
	defer close(a.done)
	kept, err := s.obtain(source, a)
	if err == nil && a.foretold != nil {
		err = a.foretold.agrees(kept)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.kept, a.err = kept, err; err != nil {
		s.endIfFailed(a)
		return
	}
	if kept.Fetched {
		s.progress.Packages++
		s.report()
	}
}

func (s *supply) obtain(source *Client, a *arrival) (*Kept, error) {
	select {
	case s.free <- struct{}{}:
	case <-s.ctx.Done():
		return nil, s.ctx.Err()
	}
	defer func() { <-s.free }()
	if source.cache == nil {
		return nil, ErrNoCache
	}
	return source.obtain(s.ctx, a.wanted, s.stageOf(source.cache))
}

// endIfFailed ends all work when the graph cannot be had any more. Offline there
// is none to end, and the same package is named each time.
func (s *supply) endIfFailed(a *arrival) {
	if a.needed && a.err != nil && !isMissing(a.err) && !errors.Is(a.err, ErrOffline) {
		s.stop()
	}
}

// counter gives a Progress for one archive that adds to the progress of all.
func (s *supply) counter() Progress {
	if s.tell == nil {
		return nil
	}
	var counted, expected int64 = 0, -1
	return func(done, total int64) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if expected < 0 {
			expected = max(total, 0)
			s.progress.BytesTotal += expected
			s.progress.PackagesTotal++
		}
		s.progress.Bytes += done - counted
		counted = done
		s.report()
	}
}

func (s *supply) report() {
	if s.tell != nil {
		s.tell(s.progress)
	}
}

// causeOf gives the failure of a level: what is worse than a missing package,
// else all packages that are missing.
func causeOf(errs []error) error {
	var missing, others []error
	for _, err := range errs {
		if isMissing(err) {
			missing = append(missing, err)
		} else {
			others = append(others, err)
		}
	}
	if err := firstCause(others); err != nil || len(missing) == 0 {
		return err
	}
	if len(missing) == 1 {
		return missing[0]
	}
	return &MissingError{Errs: missing}
}

// firstCause gives the first error that is not the consequence of another.
func firstCause(errs []error) error {
	var interrupted error
	for _, err := range errs {
		switch {
		case err == nil:
		case !errors.Is(err, context.Canceled):
			return err
		case interrupted == nil:
			interrupted = err
		}
	}
	return interrupted
}
