package client

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Bounds of the replies that a cache keeps.
const (
	maxKeptReply   = 4 << 20 // bytes of one; a longer one is asked for each time
	maxKeptReplies = 4_000
	maxKeptBytes   = 64 << 20
)

// keptReply is a document as a registry gave it last. It is the registry's word,
// as unproved as on the day that it was given.
type keptReply struct {
	path string
	tag  string    // ETag; "": the registry gave none
	at   time.Time // when the registry said it last
	body []byte
}

// replyHead is the first line of a file of replies/; the document follows.
type replyHead struct {
	URL    string `json:"url"`
	ETag   string `json:"etag"`
	SHA256 string `json:"sha256"` // of the document
}

// replyPath is the file of a reply. What one token is shown is no business of
// another, and its name tells nobody which token that was.
func (k *Cache) replyPath(url, token string) string {
	of := sha256.Sum256([]byte(token))
	name := sha256.Sum256(fmt.Appendf(nil, "%x %s", of, url))
	return filepath.Join(k.dir, "replies", hex.EncodeToString(name[:]))
}

// reply gives what was kept for an address, nil when there is nothing. A file
// that is not what was written is nothing.
func (k *Cache) reply(url, token string) *keptReply {
	const maxHead = 16 << 10
	path := k.replyPath(url, token)
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	text, err := readFile(path, maxHead+maxKeptReply)
	if err != nil {
		return nil
	}
	line, body, _ := bytes.Cut(text, []byte("\n"))
	var head replyHead
	sum := sha256.Sum256(body)
	if json.Unmarshal(line, &head) != nil || head.URL != url || head.SHA256 != hex.EncodeToString(sum[:]) {
		return nil
	}
	return &keptReply{path: path, tag: head.ETag, at: info.ModTime(), body: body}
}

// keepReply keeps a document. That it cannot be is no reason to fail.
func (k *Cache) keepReply(url, token, tag string, body []byte, now time.Time) {
	if len(body) > maxKeptReply {
		return
	}
	path := k.replyPath(url, token)
	sum := sha256.Sum256(body)
	head, err := json.Marshal(replyHead{URL: url, ETag: tag, SHA256: hex.EncodeToString(sum[:])})
	if err != nil || os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	if replace(path, slices.Concat(head, []byte("\n"), body), now) == nil {
		k.trimReplies(now)
	}
}

// replace puts data at path, whole. Unlike writeAtomic it does not wait for the
// disk: what a power cut leaves of it is recognised.
func replace(path string, data []byte, at time.Time) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".oripk-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Chtimes(f.Name(), at, at); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// trimReplies removes the oldest replies while there are too many. It looks once
// in a while: the bounds may be passed by what one program keeps meanwhile.
func (k *Cache) trimReplies(now time.Time) {
	const while = 64
	if k.keptReplies.Add(1)%while == 1 {
		trimFolder(filepath.Join(k.dir, "replies"), maxKeptReplies, maxKeptBytes, now)
	}
}

// trimFolder removes the oldest files of a folder until as many are left, with as
// many bytes, and whatever temporary ones a killed program has left. It is a
// courtesy, so it fails silently.
func trimFolder(folder string, files int, size int64, now time.Time) {
	entries, _ := os.ReadDir(folder)
	var kept []fs.FileInfo
	for _, entry := range entries {
		info, err := entry.Info()
		switch {
		case err != nil || !info.Mode().IsRegular():
		case !strings.HasPrefix(info.Name(), "."):
			kept = append(kept, info)
		case now.Sub(info.ModTime()) > day:
			_ = os.Remove(filepath.Join(folder, info.Name()))
		}
	}
	slices.SortFunc(kept, func(a, b fs.FileInfo) int { return cmp.Compare(b.ModTime().UnixNano(), a.ModTime().UnixNano()) })
	for i, info := range kept {
		if size -= info.Size(); i >= files || size < 0 {
			_ = os.Remove(filepath.Join(folder, info.Name()))
		}
	}
}

// getJSON reads a document into into, and has check say whether it is the one
// that was asked for. With a cache, the registry is asked only whether the
// document is still the same; and where it does not answer, what it said last is
// given, and Notice is told how old that is.
func (c *Client) getJSON(ctx context.Context, url string, limit int64, into any, check func() error) error {
	if c.cache == nil {
		_, err := c.askJSON(ctx, url, limit, into, check, nil)
		return err
	}
	kept := c.cache.reply(url, c.options.Token)
	fresh, err := c.askJSON(ctx, url, limit, into, check, kept)
	if errors.Is(err, errKept) {
		fresh, err = c.askJSON(ctx, url, limit, into, check, nil)
	}
	switch {
	case err == nil && fresh != nil:
		c.cache.keepReply(url, c.options.Token, fresh.tag, fresh.body, c.options.Now())
	case kept != nil && isUnanswered(err) && understand(kept.body, url, into, check) == nil:
		c.tellAge(err, kept.at)
		return nil
	}
	return err
}

// errKept says that a kept document cannot be read any more.
var errKept = errors.New("what was kept of this address cannot be read")

// askJSON asks the registry for a document, or whether kept is still it. fresh
// is what came and may be kept; nil when nothing did.
func (c *Client) askJSON(ctx context.Context, url string, limit int64, into any, check func() error, kept *keptReply) (fresh *keptReply, err error) {
	r := request{method: http.MethodGet, url: url, accept: "application/json", long: limit > maxReply}
	if kept != nil && kept.tag != "" {
		r.prepare = func(h http.Header) { h.Set("If-None-Match", kept.tag) }
	}
	err = c.do(ctx, r, func(resp *http.Response) error {
		if resp.StatusCode == http.StatusNotModified {
			return c.reuse(kept, url, into, check)
		}
		body, err := readAll(resp.Body, url, limit)
		if err != nil {
			return err
		}
		if err := understand(body, url, into, check); err != nil {
			return err
		}
		if !strings.Contains(strings.ToLower(resp.Header.Get("Cache-Control")), "no-store") {
			fresh = &keptReply{tag: resp.Header.Get("ETag"), body: body}
		}
		return nil
	})
	return fresh, err
}

// reuse reads a kept document that the registry has just said is still the same.
func (c *Client) reuse(kept *keptReply, url string, into any, check func() error) error {
	if understand(kept.body, url, into, check) != nil {
		return errKept
	}
	now := c.options.Now()
	_ = os.Chtimes(kept.path, now, now) // else it is taken for older than it is
	return nil
}

// isUnanswered reports whether nobody was reached who could have said something.
func isUnanswered(err error) bool {
	_, network := errors.AsType[*NetworkError](err)
	return network || errors.Is(err, ErrOffline)
}

func (c *Client) tellAge(err error, at time.Time) {
	why := "offline"
	if failure, ok := errors.AsType[*NetworkError](err); ok {
		why = "no answer from " + failure.Host
	}
	c.tellOnce(fmt.Sprintf("%s: shown as it was %s", why, ago(c.options.Now().Sub(at))))
}

// tellOnce tells what many calls of one run would say in the same words.
func (c *Client) tellOnce(message string) {
	if _, said := c.said.LoadOrStore(message, true); !said {
		c.options.Notice(message)
	}
}

// ago says in words how long something is ago.
func ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute ago"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", d/time.Minute)
	case d < 2*day:
		return fmt.Sprintf("%d h ago", d/time.Hour)
	}
	return fmt.Sprintf("%d days ago", d/day)
}
