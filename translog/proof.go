package translog

import (
	"errors"
	"fmt"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

// Proof is a verified proof that a log holds an entry.
type Proof struct {
	Index      int64 // of the entry in the log, from 0
	Entry      *Entry
	EntryBytes []byte           // the entry's exact text
	Tree       tlog.Tree        // the signed tree that holds it
	Checkpoint []byte           // the signed note of Tree
	Inclusion  tlog.RecordProof // hashes from the leaf's sibling upwards
}

// FormatProof gives a C2SP tlog-proof with the entry as its extra data. It
// verifies nothing.
func FormatProof(index int64, entry []byte, p tlog.RecordProof, checkpoint []byte) []byte {
	return torchwood.FormatProofWithExtraData(index, entry, p, checkpoint)
}

// VerifyProof checks a proof of at most 64 KiB without any network: its form,
// the checkpoint's origin and signature, the path from the entry's hash to the
// signed root, then the entry. The error is ErrMalformed, ErrUnsupported,
// ErrSignature or ErrInclusion.
//
// What is left to the caller: that the entry is the one wanted, and that the
// tree is consistent with those seen before.
func (v *Verifier) VerifyProof(text []byte) (*Proof, error) {
	p, err := parseProof(text)
	if err != nil {
		return nil, fmt.Errorf("%w: proof: %w", ErrMalformed, err)
	}
	if p.Tree, err = v.OpenCheckpoint(p.Checkpoint); err != nil {
		return nil, err
	}
	if err := p.checkInclusion(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInclusion, err)
	}
	if p.Entry, err = ParseEntry(p.EntryBytes); err != nil {
		return nil, err
	}
	if err := checkPlace(p.Index, p.Entry); err != nil {
		return nil, fmt.Errorf("%w: entry %d: %w", ErrMalformed, p.Index, err)
	}
	return p, nil
}

func (p *Proof) checkInclusion() error {
	if p.Index >= p.Tree.N {
		return fmt.Errorf("index %d is beyond the tree of size %d", p.Index, p.Tree.N)
	}
	if err := tlog.CheckRecord(p.Inclusion, p.Tree.N, p.Tree.Hash, p.Index, LeafHash(p.EntryBytes)); err != nil {
		return fmt.Errorf("the proof for index %d does not lead to the root of the tree of size %d", p.Index, p.Tree.N)
	}
	return nil
}

const proofHeader = "c2sp.org/tlog-proof@v1"

// parseProof takes the proof apart; only its form is checked.
func parseProof(text []byte) (*Proof, error) {
	if len(text) > MaxProof {
		return nil, fmt.Errorf("it is larger than %d bytes", MaxProof)
	}
	header, rest, ok := strings.Cut(string(text), "\n")
	if !ok || header != proofHeader {
		return nil, fmt.Errorf("it does not start with the line %q", proofHeader)
	}
	p := new(Proof)
	var err error
	if p.EntryBytes, rest, err = cutExtra(rest); err != nil {
		return nil, err
	}
	if p.Index, rest, err = cutIndex(rest); err != nil {
		return nil, err
	}
	if p.Inclusion, rest, err = cutPath(rest); err != nil {
		return nil, err
	}
	p.Checkpoint = []byte(rest)
	return p, nil
}

func cutExtra(text string) (entry []byte, rest string, err error) {
	value, rest, err := cutLine(text, "extra ")
	if err != nil {
		return nil, "", err
	}
	if entry, err = decodeBase64(value); err != nil {
		return nil, "", fmt.Errorf("extra: %w", err)
	}
	if len(entry) > MaxEntry {
		return nil, "", tooLong(len(entry))
	}
	return entry, rest, nil
}

func cutIndex(text string) (index int64, rest string, err error) {
	value, rest, err := cutLine(text, "index ")
	if err != nil {
		return 0, "", err
	}
	if index, err = parseNumber(value, 0); err != nil {
		return 0, "", fmt.Errorf("index: %w", err)
	}
	return index, rest, nil
}

// cutPath reads hashes up to and with the empty line.
func cutPath(text string) (path tlog.RecordProof, rest string, err error) {
	for {
		value, rest, err := cutLine(text, "")
		if err != nil {
			return nil, "", err
		}
		if value == "" {
			return path, rest, nil
		}
		if len(path) == MaxProofPath {
			return nil, "", fmt.Errorf("it has more than %d hashes", MaxProofPath)
		}
		data, err := decodeBase64(value)
		if err != nil || len(data) != tlog.HashSize {
			return nil, "", fmt.Errorf("%s is not a hash of %d bytes in canonical base64", excerpt(value), tlog.HashSize)
		}
		path, text = append(path, tlog.Hash(data)), rest
	}
}

func cutLine(text, prefix string) (value, rest string, err error) {
	line, rest, ok := strings.Cut(text, "\n")
	if !ok {
		return "", "", errors.New("it ends too early")
	}
	value, ok = strings.CutPrefix(line, prefix)
	if !ok {
		return "", "", fmt.Errorf("the line %s should start with %q", excerpt(line), prefix)
	}
	return value, rest, nil
}
