package translog

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ori-lang/registry/ident"
)

// Chain checks that entries form an unbroken history: every event of a subject
// is there, each points to the one before, no version is published twice. Feed
// it the whole log, or all entries of some subjects. The zero value is ready;
// it grows with the subjects and versions. It is not safe for concurrent use.
type Chain struct {
	next      int64 // lowest index that may come
	closed    bool
	origin    string // once the entry of kind open was seen
	last      map[string]event
	published map[ident.Ref]struct{}
}

// event is the newest event of a subject.
type event struct{ seq, index int64 }

// Add takes the entry of the given index, which is greater than those before.
// The error is ErrHistory; the chain is then as it was.
func (c *Chain) Add(index int64, e *Entry) error {
	if err := c.check(index, e); err != nil {
		return fmt.Errorf("%w: entry %d: %w", ErrHistory, index, err)
	}
	if c.last == nil {
		c.last = make(map[string]event)
		c.published = make(map[ident.Ref]struct{})
	}
	c.next = index + 1
	c.last[e.Subject()] = event{e.Seq, index}
	if e.Kind == KindPublish {
		c.published[ident.Ref{Package: e.Package, Version: e.Version}] = struct{}{}
	}
	if e.Kind == KindOpen {
		c.origin = originOf(e.Key)
	}
	c.closed = c.closed || e.Kind == KindClose
	return nil
}

func (c *Chain) check(index int64, e *Entry) error {
	if index < c.next {
		return fmt.Errorf("it comes after entry %d", c.next-1)
	}
	if c.closed {
		return errors.New("the log was closed before it")
	}
	if e.Kind == KindKey && c.origin != "" && originOf(e.Key) != c.origin {
		return fmt.Errorf("its key is for %s, the log is %s", originOf(e.Key), c.origin)
	}
	if err := checkPlace(index, e); err != nil {
		return err
	}
	if err := c.checkSequence(e); err != nil {
		return err
	}
	return c.checkVersion(e)
}

func (c *Chain) checkSequence(e *Entry) error {
	subject := e.Subject()
	before, ok := c.last[subject]
	if !ok {
		before = event{0, NoPrev}
	}
	if e.Seq != before.seq+1 {
		return fmt.Errorf("seq of %s is %d, it should be %d", subject, e.Seq, before.seq+1)
	}
	if e.Prev != before.index {
		return fmt.Errorf("prev of %s is %d, it should be %d (-1: none)", subject, e.Prev, before.index)
	}
	if first := firstKind(e); !ok && e.Kind != first {
		return fmt.Errorf("the first event of %s is of kind %s, it should be %s", subject, e.Kind, first)
	}
	return nil
}

// firstKind gives the kind that the first event of e's subject has.
func firstKind(e *Entry) Kind {
	switch {
	case !e.Package.IsZero():
		return KindPublish
	case e.Scope != "":
		return KindScopeClaim
	case e.Advisory != "":
		return KindAdvisory
	}
	return KindOpen
}

func (c *Chain) checkVersion(e *Entry) error {
	if e.Version.IsZero() {
		return nil
	}
	ref := ident.Ref{Package: e.Package, Version: e.Version}
	_, published := c.published[ref]
	switch {
	case e.Kind == KindPublish && published:
		return fmt.Errorf("%s was published before", ref)
	case e.Kind != KindPublish && !published:
		return fmt.Errorf("%s was never published", ref)
	}
	return nil
}

// originOf gives the name in a verifier key.
func originOf(key string) string {
	origin, _, _ := strings.Cut(key, "+")
	return origin
}
