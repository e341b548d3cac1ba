package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/translog"
)

// State is what a machine remembers of the logs that it has seen, in a folder:
//
//	registries/<URL>                  the verifier key that is pinned for a registry, one line
//	logs/<origin+key hash>/checkpoint the newest checkpoint seen, a signed note
//	logs/<origin+key hash>/fork/…     checkpoints that contradict one another, kept as evidence
//	lock                              taken while something of this is changed
//
// Names are escaped as in a URL. Two registries that serve one log share its
// newest tree. Everything is written whole or not at all, a checkpoint only by
// a larger one. Methods fail with LocalStateDamaged when a file holds what it
// should not, with a *StateError when it cannot be read or written.
type State struct{ dir string }

// NewState gives the state in dir, which need not exist yet.
func NewState(dir string) *State { return &State{dir} }

// Seen is a checkpoint whose signature was verified; the zero value is none.
type Seen struct {
	Note []byte
	Tree tlog.Tree
}

// Key gives the verifier that is pinned for the registry, or nil.
func (s *State) Key(registry string) (*translog.Verifier, error) {
	const maxKey = 4 << 10
	path := s.keyPath(registry)
	text, err := readFile(path, maxKey)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, damaged(path, err)
	}
	v, err := translog.NewVerifier(strings.TrimSuffix(string(text), "\n"))
	if err != nil {
		return nil, damaged(path, err)
	}
	return v, nil
}

// Pin remembers v for the registry, unless a key is pinned already. It gives
// the pinned one, and whether that is new.
func (s *State) Pin(ctx context.Context, registry string, v *translog.Verifier) (pinned *translog.Verifier, first bool, err error) {
	err = s.locked(ctx, func() error {
		if pinned, err = s.Key(registry); err != nil || pinned != nil {
			return err
		}
		pinned, first = v, true
		return s.write(s.keyPath(registry), []byte(v.Key()+"\n"))
	})
	return pinned, first, err
}

// Newest gives the newest checkpoint seen of v's log.
func (s *State) Newest(v *translog.Verifier) (Seen, error) {
	path := s.checkpointPath(v)
	note, err := readFile(path, translog.MaxCheckpoint)
	if errors.Is(err, fs.ErrNotExist) {
		return Seen{}, nil
	}
	if err != nil {
		return Seen{}, damaged(path, err)
	}
	tree, err := v.OpenCheckpoint(note)
	if err != nil {
		return Seen{}, damaged(path, err)
	}
	return Seen{note, tree}, nil
}

// SeenAt gives the time at which the newest checkpoint of v's log was last seen.
func (s *State) SeenAt(v *translog.Verifier) (time.Time, error) {
	info, err := os.Stat(s.checkpointPath(v))
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// seeAgain notes that the newest checkpoint of v's log was shown once more: a log
// that does not grow is none that was not seen. Where it cannot be noted, the log
// is taken for older than it is, which does no harm.
func (s *State) seeAgain(v *translog.Verifier, now time.Time) {
	_ = os.Chtimes(s.checkpointPath(v), now, now)
}

// Advance makes next the newest checkpoint, provided that the newest is still
// from (to which next was compared) and next is larger. It is false when
// another process has moved it in between: then compare again.
func (s *State) Advance(ctx context.Context, v *translog.Verifier, from, next Seen) (ok bool, err error) {
	if from.Note != nil && next.Tree == from.Tree {
		return true, nil
	}
	err = s.locked(ctx, func() error {
		now, err := s.Newest(v)
		if err != nil || now.Tree != from.Tree {
			return err
		}
		ok = true
		if now.Note != nil && next.Tree.N <= now.Tree.N {
			return nil
		}
		return s.write(s.checkpointPath(v), next.Note)
	})
	return ok && err == nil, err
}

// SaveFork keeps notes that contradict one another and gives the files'
// paths. Each is named after its content, so nothing is overwritten.
func (s *State) SaveFork(ctx context.Context, v *translog.Verifier, notes ...Seen) (paths []string, err error) {
	err = s.locked(ctx, func() error {
		for _, n := range notes {
			sum := sha256.Sum256(n.Note)
			name := fmt.Sprintf("%d-%s.checkpoint", n.Tree.N, hex.EncodeToString(sum[:8]))
			path := filepath.Join(s.logDir(v), "fork", name)
			if err := s.write(path, n.Note); err != nil {
				return err
			}
			paths = append(paths, path)
		}
		return nil
	})
	return paths, err
}

func (s *State) keyPath(registry string) string {
	return filepath.Join(s.dir, "registries", fileName(registry))
}

func (s *State) logDir(v *translog.Verifier) string {
	return filepath.Join(s.dir, "logs", logName(v))
}

// logName is a log's name and the hash of its key, as one file name.
func logName(v *translog.Verifier) string {
	id, _, _ := strings.Cut(strings.TrimPrefix(v.Key(), v.Origin()+"+"), "+")
	return fileName(v.Origin() + "+" + id)
}

func (s *State) checkpointPath(v *translog.Verifier) string {
	return filepath.Join(s.logDir(v), "checkpoint")
}

func (s *State) write(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return unwritable(path, err)
	}
	if err := writeAtomic(path, data); err != nil {
		return unwritable(path, err)
	}
	return nil
}

// locked runs f while no other process, and no other goroutine, changes the state.
func (s *State) locked(ctx context.Context, f func() error) error {
	path := filepath.Join(s.dir, "lock")
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return unwritable(path, err)
	}
	err := withLock(ctx, path, f)
	if lock, ok := errors.AsType[*lockError](err); ok {
		return unwritable(path, lock.err)
	}
	return err
}

// fileName escapes a name so that it is one file name on every system.
func fileName(name string) string {
	const longest = 180
	var b strings.Builder
	for i := range len(name) {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '_', c == '.' && i > 0 && i < len(name)-1:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02x", c)
		}
	}
	if b.Len() <= longest {
		return b.String()
	}
	sum := sha256.Sum256([]byte(name))
	return b.String()[:longest-33] + "~" + hex.EncodeToString(sum[:16])
}

// damaged says that a file of the state cannot be used, and how to go on.
func damaged(path string, err error) error {
	if failure, ok := errors.AsType[*fs.PathError](err); ok && failure.Op == "open" {
		hint := "make " + quote(path) + " readable for your account, or choose another folder with XDG_STATE_HOME"
		return &StateError{Path: path, What: "read", Hint: hint, Err: failure.Err}
	}
	return &TrustError{
		Failure: LocalStateDamaged,
		Detail:  fmt.Sprintf("%s cannot be used: %v", path, err),
		Hint:    "put the file back from a backup, or remove it (then what the registry shows next is believed once): rm " + quote(path),
		Err:     err,
	}
}

func unwritable(path string, err error) error {
	return &StateError{Path: path, What: "written", Hint: hintToWrite(path, err) + ", or choose another with XDG_STATE_HOME", Err: err}
}

// hintToWrite says what lets a file be written that could not be.
func hintToWrite(path string, err error) string {
	if isFull(err) {
		return "make room on the disk of " + quote(filepath.Dir(path))
	}
	return "make the folder " + quote(filepath.Dir(path)) + " writable for your account"
}

// quote makes a path fit to be pasted into a shell.
func quote(path string) string {
	if strings.ContainsAny(path, " '\"\\$&;|<>()*?[]#~%!`") {
		return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
	}
	return path
}
