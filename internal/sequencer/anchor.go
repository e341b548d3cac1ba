package sequencer

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/internal/durable"
)

// anchor is the head anchor: a small file beside the signing key that holds
// the newest tree that was ever shown. It never goes back, and no backup of
// the database contains it.
//
// The file has two slots, written in turn in place with one fsync: a crash in
// the middle of a write spoils one slot and leaves the other. Each slot has a
// page of its own, so that writing one never touches the other on the disk.
type anchor struct {
	file       *os.File // nil: there is none, and nothing is ever shown
	generation int64
	tree       tlog.Tree
}

const (
	slotSize = 4096 // a page of memory, and the largest sector of common disks
	slotForm = "ori-anchor/v1 %d %d %s"
)

// errNoAnchor says that there is no file at the anchor's place.
var errNoAnchor = errors.New("there is no head anchor")

// errSpoiled says that no tree can be read there.
var errSpoiled = errors.New("the head anchor is damaged")

// createAnchor makes the anchor of a log that starts at the given tree.
func createAnchor(path string, start tlog.Tree) (*anchor, error) {
	content := append(make([]byte, slotSize), slot(1, start)...) // where advance does not write next
	if err := durable.Create(path, content); err != nil {
		return nil, fmt.Errorf("creating the head anchor: %w", err)
	}
	return openAnchor(path)
}

// openAnchor reads the anchor; errNoAnchor when there is none, errSpoiled when
// neither of its slots is whole.
func openAnchor(path string) (*anchor, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errNoAnchor
	}
	if err != nil {
		return nil, fmt.Errorf("opening the head anchor: %w", err)
	}
	a := &anchor{file: file}
	for i := range int64(2) {
		content := make([]byte, slotSize)
		if _, err := file.ReadAt(content, i*slotSize); err != nil && !errors.Is(err, io.EOF) {
			return nil, errors.Join(fmt.Errorf("reading the head anchor: %w", err), file.Close())
		}
		if generation, tree, ok := parseSlot(content); ok && generation > a.generation {
			a.generation, a.tree = generation, tree
		}
	}
	if a.generation == 0 {
		return nil, errors.Join(errSpoiled, file.Close())
	}
	return a, nil
}

// advance writes a larger tree; when it returns nil, the tree is durable.
func (a *anchor) advance(tree tlog.Tree) error {
	next := a.generation + 1
	if _, err := a.file.WriteAt(slot(next, tree), next%2*slotSize); err != nil {
		return fmt.Errorf("writing the head anchor: %w", err)
	}
	if err := a.file.Sync(); err != nil {
		return fmt.Errorf("syncing the head anchor: %w", err)
	}
	a.generation, a.tree = next, tree
	return nil
}

func (a *anchor) close() error {
	if a == nil || a.file == nil {
		return nil
	}
	return a.file.Close()
}

// slot gives one slot: a line of text with its own checksum, padded with zeros.
func slot(generation int64, tree tlog.Tree) []byte {
	line := fmt.Sprintf(slotForm, generation, tree.N, base64.StdEncoding.EncodeToString(tree.Hash[:]))
	content := make([]byte, slotSize)
	copy(content, line+" "+slotSum(line)+"\n")
	return content
}

func slotSum(line string) string {
	sum := sha256.Sum256([]byte(line))
	return hex.EncodeToString(sum[:])
}

func parseSlot(content []byte) (generation int64, tree tlog.Tree, ok bool) {
	text, _, found := strings.Cut(string(content), "\n")
	i := strings.LastIndexByte(text, ' ')
	if !found || i < 0 || slotSum(text[:i]) != text[i+1:] {
		return 0, tlog.Tree{}, false
	}
	var root string
	if _, err := fmt.Sscanf(text[:i], slotForm, &generation, &tree.N, &root); err != nil {
		return 0, tlog.Tree{}, false
	}
	var err error
	tree.Hash, err = tlog.ParseHash(root)
	return generation, tree, err == nil
}
