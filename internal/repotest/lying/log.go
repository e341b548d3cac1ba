package lying

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/translog"
)

func proofLies(world World) []Lie {
	return []Lie{
		{Name: "the proof of another version", About: Proof, tell: ofOther(world.Other, api.URLs.Proof)},
		changed("a proof of another place", Proof, func(body []byte) []byte {
			return bytes.Replace(body, []byte("\nindex "), []byte("\nindex 1"), 1)
		}),
		changed("another entry", Proof, func(body []byte) []byte { return flipped(body, bytes.IndexByte(body, '\n')+40) }),
		changed("another way to the root", Proof, func(body []byte) []byte {
			end := bytes.Index(body, []byte("\n\n"))
			return respelt(body, end-10)
		}),
		changed("another signature", Proof, func(body []byte) []byte { return respelt(body, len(body)-20) }),
		changed("a proof that another key signed", Proof, func(body []byte) []byte {
			end := bytes.Index(body, []byte("\n\n")) + 2
			return append(bytes.Clone(body[:end]), signedByAnother(body[end:])...)
		}),
		changed("a proof of a kind to come", Proof, func(body []byte) []byte {
			return bytes.Replace(body, []byte("@v1\n"), []byte("@v9\n"), 1)
		}),
		changed("a proof with escapes", Proof, func([]byte) []byte { return []byte("c2sp.org/tlog-proof@v1\nindex " + Escape + "\n") }),
	}
}

func logLies() []Lie {
	return []Lie{
		onLog("tiles of zeros", "/log/tile/", func(body []byte) []byte { return make([]byte, len(body)) }),
		onLog("tiles with one bit changed", "/log/tile/", func(body []byte) []byte { return flipped(body, len(body)/2) }),
		onLog("tiles with one hash less", "/log/tile/", func(body []byte) []byte { return body[:len(body)-tlog.HashSize] }),
		onLog("a checkpoint that another key signed", "/log/checkpoint", signedByAnother),
		onLog("a checkpoint with one bit changed", "/log/checkpoint", func(body []byte) []byte { return respelt(body, len(body)-20) }),
		onLog("a checkpoint of another log", "/log/checkpoint", func(body []byte) []byte { return append([]byte("other."), body...) }),
	}
}

// onLog changes what stands at some paths of the log.
func onLog(name, path string, change func(body []byte) []byte) Lie {
	lie := changed(name, Log, change)
	tell := lie.tell
	lie.tell = func(w http.ResponseWriter, r *http.Request, honest http.Handler) {
		if strings.HasPrefix(r.URL.Path, path) {
			tell(w, r, honest)
		} else {
			honest.ServeHTTP(w, r)
		}
	}
	return lie
}

// signedByAnother gives the tree of a checkpoint as a log of the same name with
// another key would sign it.
func signedByAnother(checkpoint []byte) []byte {
	lines := strings.SplitN(string(checkpoint), "\n", 4)
	if len(lines) < 4 {
		return nil
	}
	key, _, err := translog.NewKey(bytes.NewReader(bytes.Repeat([]byte{7}, 32)), lines[0])
	if err != nil {
		return nil
	}
	signer, err := translog.NewSigner(key)
	if err != nil {
		return nil
	}
	var tree tlog.Tree
	tree.N, _ = strconv.ParseInt(lines[1], 10, 64)
	hash, _ := base64.StdEncoding.DecodeString(lines[2])
	copy(tree.Hash[:], hash)
	signed, _ := signer.Checkpoint(tree)
	return signed
}
