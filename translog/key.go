package translog

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// NewKey makes a fresh Ed25519 key for the log of this origin from 32 bytes of
// rand: the secret signer key and the public verifier key, in the text forms
// of C2SP signed-note.
func NewKey(rand io.Reader, origin string) (skey, vkey string, err error) {
	if err := CheckOrigin(origin); err != nil {
		return "", "", fmt.Errorf("making a log key: %w", err)
	}
	skey, vkey, err = note.GenerateKey(rand, origin)
	if err != nil {
		return "", "", fmt.Errorf("making a log key: %w", err)
	}
	return skey, vkey, nil
}

// Signer signs the checkpoints of one log.
type Signer struct {
	signer note.Signer
	vkey   string
}

// NewSigner reads a signer key. Errors never show the key.
func NewSigner(skey string) (*Signer, error) {
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, fmt.Errorf("reading the log's signer key: %w", err)
	}
	if err := CheckOrigin(signer.Name()); err != nil {
		return nil, fmt.Errorf("reading the log's signer key: %w", err)
	}
	vkey, err := verifierKeyOf(skey)
	if err != nil {
		return nil, fmt.Errorf("reading the log's signer key: %w", err)
	}
	return &Signer{signer, vkey}, nil
}

// verifierKeyOf derives the public key from PRIVATE+KEY+name+hash+base64.
func verifierKeyOf(skey string) (string, error) {
	parts := strings.SplitN(skey, "+", 5)
	secret, err := base64.StdEncoding.DecodeString(parts[len(parts)-1])
	if err != nil || len(parts) != 5 || len(secret) != 1+ed25519.SeedSize {
		return "", errors.New("it is not a signer key")
	}
	public, ok := ed25519.NewKeyFromSeed(secret[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("it is not an Ed25519 key")
	}
	return note.NewEd25519VerifierKey(parts[2], public)
}

// Origin names the log; it is the key's name.
func (s *Signer) Origin() string { return s.signer.Name() }

// VerifierKey gives the public key that NewVerifier takes.
func (s *Signer) VerifierKey() string { return s.vkey }

// Checkpoint gives the signed note for a tree. Equal trees give equal bytes.
func (s *Signer) Checkpoint(tree tlog.Tree) ([]byte, error) {
	if err := checkTree(tree); err != nil {
		return nil, fmt.Errorf("signing a checkpoint: %w", err)
	}
	text := torchwood.Checkpoint{Origin: s.Origin(), Tree: tree}.String()
	signed, err := note.Sign(&note.Note{Text: text}, s.signer)
	if err != nil {
		return nil, fmt.Errorf("signing a checkpoint: %w", err)
	}
	return signed, nil
}
