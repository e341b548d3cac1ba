package httpapi

import (
	"crypto/sha256"
	"sync"
)

// maxKnown is how many tokens are remembered at least; twice as many at most.
const maxKnown = 1 << 14

// knownTokens remembers by their hashes the tokens that were good lately. It
// vouches for nothing: such a token is looked up like any other. It is safe for
// concurrent use.
type knownTokens struct {
	mu     sync.Mutex
	recent map[tokenHash]bool
	older  map[tokenHash]bool // those before, until recent is full again
}

type tokenHash [sha256.Size]byte

func hashToken(token string) tokenHash { return sha256.Sum256([]byte(token)) }

func (k *knownTokens) add(token string) {
	hash := hashToken(token)
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.recent) == maxKnown {
		k.older, k.recent = k.recent, nil
	}
	if k.recent == nil {
		k.recent = map[tokenHash]bool{}
	}
	k.recent[hash] = true
}

func (k *knownTokens) has(token string) bool {
	hash := hashToken(token)
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.recent[hash] || k.older[hash]
}

func (k *knownTokens) drop(token string) {
	hash := hashToken(token)
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.recent, hash)
	delete(k.older, hash)
}
