package api

import (
	"crypto/rand"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
	"strings"
)

// A token's secret is "ori_", 32 random characters and 6 characters of
// checksum, all of them base62, so that scanners can find a leaked one and a
// mistyped one is known without asking anybody. The checksum is the CRC-32
// (IEEE) of the 36 characters before it, zero-filled.
const (
	SecretPrefix = "ori_" // what begins so is never shown, logged or put into an address

	secretRandom = 32
	secretCheck  = 6
	secretLength = len(SecretPrefix) + secretRandom + secretCheck
	base62       = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

// SecretShown is how many characters of a secret may be shown later, to tell
// one's tokens apart.
const SecretShown = len(SecretPrefix) + 6

// NewSecret draws a secret of 190 random bits from random.
func NewSecret(random io.Reader) (string, error) {
	var b strings.Builder
	b.WriteString(SecretPrefix)
	for range secretRandom {
		n, err := rand.Int(random, big.NewInt(int64(len(base62))))
		if err != nil {
			return "", fmt.Errorf("drawing a token: %w", err)
		}
		b.WriteByte(base62[n.Int64()])
	}
	b.WriteString(secretChecksum(b.String()))
	return b.String(), nil
}

// CheckSecret reports whether s has the form of a secret; it never quotes s.
func CheckSecret(s string) error {
	switch {
	case !strings.HasPrefix(s, SecretPrefix):
		return Errorf(TokenInvalid, "the token does not start with %q", SecretPrefix)
	case len(s) != secretLength:
		return Errorf(TokenInvalid, "the token has %d characters, a whole one has %d", len(s), secretLength)
	}
	body := s[:secretLength-secretCheck]
	if strings.Trim(body[len(SecretPrefix):], base62) != "" || secretChecksum(body) != s[len(body):] {
		return Errorf(TokenInvalid, "the token is mistyped: its last %d characters do not fit the rest", secretCheck)
	}
	return nil
}

func secretChecksum(body string) string {
	n := crc32.ChecksumIEEE([]byte(body))
	var digits [secretCheck]byte
	for i := secretCheck - 1; i >= 0; i-- {
		digits[i] = base62[n%62]
		n /= 62
	}
	return string(digits[:])
}
