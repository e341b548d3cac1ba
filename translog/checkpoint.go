package translog

import (
	"encoding/base64"
	"errors"
	"fmt"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Verifier checks what one log has signed. Its policy: the checkpoint names
// the key's origin and carries a valid signature of the key. Signatures of
// keys it does not know (witnesses) are ignored.
type Verifier struct {
	key    string
	origin string
	policy torchwood.Policy
}

// NewVerifier reads a verifier key, in its one accepted spelling.
func NewVerifier(vkey string) (*Verifier, error) {
	if err := checkVerifierKey(vkey); err != nil {
		return nil, fmt.Errorf("reading a log's public key: %w", err)
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("reading a log's public key: %w", err)
	}
	policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(v.Name()), torchwood.SingleVerifierPolicy(v))
	return &Verifier{key: vkey, origin: v.Name(), policy: policy}, nil
}

// Origin names the log; it is the key's name.
func (v *Verifier) Origin() string { return v.origin }

// Key gives the verifier key.
func (v *Verifier) Key() string { return v.key }

// OpenCheckpoint gives the tree of a signed checkpoint of at most 64 KiB, or
// an error that is ErrMalformed or ErrSignature. Extension lines are allowed
// and ignored.
func (v *Verifier) OpenCheckpoint(signed []byte) (tlog.Tree, error) {
	if len(signed) > MaxCheckpoint {
		return tlog.Tree{}, fmt.Errorf("%w: the checkpoint is larger than %d bytes", ErrMalformed, MaxCheckpoint)
	}
	c, n, err := torchwood.VerifyCheckpoint(signed, v.policy)
	if err != nil {
		return tlog.Tree{}, v.checkpointError(err)
	}
	if err := checkSpelling(c, n); err != nil {
		return tlog.Tree{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if err := checkTree(c.Tree); err != nil {
		return tlog.Tree{}, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return c.Tree, nil
}

func (v *Verifier) checkpointError(err error) error {
	var unsigned *note.UnverifiedNoteError
	var forged *note.InvalidSignatureError
	if errors.As(err, &unsigned) || errors.As(err, &forged) {
		return fmt.Errorf("%w (the key of %s): %w", ErrSignature, v.origin, err)
	}
	return fmt.Errorf("%w: checkpoint: %w", ErrMalformed, err)
}

// checkSpelling refuses other base64 of the same root or signature: Go's
// decoder ignores the unused bits of the last digit.
func checkSpelling(c torchwood.Checkpoint, n *note.Note) error {
	if c.String() != n.Text {
		return errors.New("the root hash of the checkpoint is not in canonical base64")
	}
	for _, sig := range n.Sigs {
		if _, err := decodeBase64(sig.Base64); err != nil {
			return fmt.Errorf("signature of the checkpoint: %w", err)
		}
	}
	return nil
}

// checkTree bounds the size: the arithmetic of package tlog does not end for
// sizes beyond 2^62.
func checkTree(t tlog.Tree) error {
	switch {
	case t.N < 0 || t.N > MaxNumber:
		return fmt.Errorf("a tree cannot have the size %d", t.N)
	case t.N == 0 && t.Hash != emptyRoot():
		return errors.New("the root hash is not that of the empty tree")
	}
	return nil
}

// emptyRoot is the SHA-256 of nothing.
func emptyRoot() tlog.Hash { return new(Frontier).Root() }

// decodeBase64 accepts only what its encoding would give back.
func decodeBase64(s string) ([]byte, error) {
	data, err := base64.StdEncoding.DecodeString(s)
	if err != nil || base64.StdEncoding.EncodeToString(data) != s {
		return nil, fmt.Errorf("%s is not canonical base64", excerpt(s))
	}
	return data, nil
}
