package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
)

// about answers as the registry does about a package: with an ETag that stands
// for the package's status.
func about(status api.Status) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		tag := fmt.Sprintf("%q", status)
		w.Header().Set("ETag", tag)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		p, _ := ident.ParsePackage("@acme/http")
		writeJSON(w, 200, api.Package{Package: p, Status: status})
	}
}

// cached is a user with a cache, and a registry that tells of a package.
func cached(t *testing.T) (*fake, *user) {
	f, u := newFake(t), newUser(t)
	u.options.CacheDir = filepath.Join(t.TempDir(), "cache")
	u.options.Retries = -1
	f.instead["/v1/packages/acme/http"] = about("old")
	return f, u
}

// status asks what has become of the package.
func status(t *testing.T, c *Client) (api.Status, error) {
	t.Helper()
	p, err := c.Package(t.Context(), mustRef(t, httpRef).Package)
	if err != nil {
		return "", err
	}
	return p.Status, nil
}

func wantStatus(t *testing.T, c *Client, want api.Status) {
	t.Helper()
	if got, err := status(t, c); err != nil || got != want {
		t.Errorf("the package is %q (%v), want %q", got, err, want)
	}
}

// TestReplyIsNotSentTwice: the registry is asked whether it is still the same.
func TestReplyIsNotSentTwice(t *testing.T) {
	f, u := cached(t)
	wantStatus(t, u.client(f.server.URL), "old")
	wantStatus(t, u.client(f.server.URL), "old")
	f.instead["/v1/packages/acme/http"] = about("new")
	wantStatus(t, u.client(f.server.URL), "new")
	wantStatus(t, u.client(f.server.URL), "new")
	var tags []string
	for _, r := range f.asked() {
		tags = append(tags, r.Header.Get("If-None-Match"))
	}
	if want := []string{"", `"old"`, `"old"`, `"new"`}; !slices.Equal(tags, want) {
		t.Errorf("If-None-Match: %q, want %q", tags, want)
	}
	if len(u.notices) > 0 {
		t.Errorf("told: %q, want nothing", u.notices)
	}
}

// TestReplyWithoutAnAnswer: what was said last is shown, with its age, where
// nobody answers, and only there.
func TestReplyWithoutAnAnswer(t *testing.T) {
	f, u := cached(t)
	var says atomic.Value // a broken connection tells nobody when its handler has ended
	says.Store(about("old"))
	f.instead["/v1/packages/acme/http"] = func(w http.ResponseWriter, r *http.Request) { says.Load().(http.HandlerFunc)(w, r) }
	wantStatus(t, u.client(f.server.URL), "old")
	now := u.options.Now()
	u.options.Now = func() time.Time { return now.Add(3*time.Hour + time.Minute) }

	says.Store(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	c := u.client(f.server.URL)
	wantStatus(t, c, "old")
	wantStatus(t, c, "old")
	if want := []string{"no answer from " + f.server.URL + ": shown as it was 3 h ago"}; !slices.Equal(u.notices, want) {
		t.Errorf("told: %q, want %q", u.notices, want)
	}

	u.notices = nil
	wantStatus(t, u.client(f.server.URL, func(o *Options) { o.Offline = true }), "old")
	if want := []string{"offline: shown as it was 3 h ago"}; !slices.Equal(u.notices, want) {
		t.Errorf("told: %q, want %q", u.notices, want)
	}

	says.Store(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, api.Errorf(api.PackageNotFound, "there is no such package"))
	}))
	if got, err := status(t, u.client(f.server.URL)); !errors.Is(err, api.PackageNotFound) {
		t.Errorf("the registry says no: %q, %v", got, err)
	}
}

// TestReplyIsAsOldAsItWasConfirmed: "still the same" is news.
func TestReplyIsAsOldAsItWasConfirmed(t *testing.T) {
	f, u := cached(t)
	wantStatus(t, u.client(f.server.URL), "old")
	now := u.options.Now()
	u.options.Now = func() time.Time { return now.Add(5 * time.Hour) }
	wantStatus(t, u.client(f.server.URL), "old")
	u.options.Now = func() time.Time { return now.Add(6 * time.Hour) }
	wantStatus(t, u.client(f.server.URL, func(o *Options) { o.Offline = true }), "old")
	if len(u.notices) != 1 || !strings.HasSuffix(u.notices[0], "1 h ago") {
		t.Errorf("told: %q, want 1 h", u.notices)
	}
}

// TestReplyIsNotKept where the registry forbids it, where the answer is about
// something else, and where it says that there is a registry at all.
func TestReplyIsNotKept(t *testing.T) {
	f, u := cached(t)
	u.options.StateDir = t.TempDir()
	honest := about("old")
	f.instead["/v1/packages/acme/http"] = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "private, No-Store")
		honest(w, r)
	}
	c := u.client(f.server.URL)
	wantStatus(t, c, "old")
	f.instead["/v1/packages/acme/http"] = func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, 200, api.Package{Package: mustRef(t, "@acme/other@1.0.0").Package})
	}
	if _, err := status(t, c); err == nil {
		t.Error("an answer about another package was believed")
	}
	if _, err := c.Discovery(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left, _ := filepath.Glob(filepath.Join(u.options.CacheDir, "replies", "*")); len(left) > 0 {
		t.Errorf("kept: %q", left)
	}
}

// TestReplyOfAToken: another account does not see it, and no file tells the token.
func TestReplyOfAToken(t *testing.T) {
	f, u := cached(t)
	wantStatus(t, u.client(f.server.URL), "old")
	for _, token := range []string{"", "ori_other"} {
		c := u.client(f.server.URL, func(o *Options) { o.Token, o.Offline = token, true })
		if got, err := status(t, c); !errors.Is(err, ErrOffline) {
			t.Errorf("with the token %q: %q, %v; want ErrOffline", token, got, err)
		}
	}
	kept, _ := filepath.Glob(filepath.Join(u.options.CacheDir, "replies", "*"))
	if len(kept) != 1 {
		t.Fatalf("kept: %q", kept)
	}
	text, err := os.ReadFile(kept[0])
	if err != nil || strings.Contains(kept[0]+string(text), testToken) {
		t.Errorf("%v: the token is in %s: %s", err, kept[0], text)
	}
	if info, _ := os.Stat(kept[0]); info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read it: %v", info.Mode())
	}
}

// TestDamagedReply: a file that is not what was written, or not what this program
// understands, is as good as none.
func TestDamagedReply(t *testing.T) {
	rewrite := func(change func(text string) string) func(*testing.T, *user, string) {
		return func(t *testing.T, _ *user, path string) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			writeFile(t, path, change(string(text)))
		}
	}
	for name, damage := range map[string]func(*testing.T, *user, string){
		"nothing":    rewrite(func(string) string { return "" }),
		"cut":        rewrite(func(text string) string { return text[:len(text)-5] }),
		"changed":    rewrite(func(text string) string { return strings.Replace(text, `old"`, `bad"`, 1) }),
		"endless":    rewrite(func(text string) string { return text + strings.Repeat(" ", 5<<20) }),
		"of another": rewrite(func(text string) string { return strings.Replace(text, "acme", "evil", 1) }),
		"not understood": func(t *testing.T, u *user, _ string) {
			url := u.client(u.options.URL).urls.Package(mustRef(t, httpRef).Package)
			NewCache(u.options.CacheDir).keepReply(url, testToken, `"old"`, []byte(`{"package":7}`), u.options.Now())
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, u := cached(t)
			u.options.URL = f.server.URL
			wantStatus(t, u.client(f.server.URL), "old")
			kept, _ := filepath.Glob(filepath.Join(u.options.CacheDir, "replies", "*"))
			damage(t, u, kept[0])
			wantStatus(t, u.client(f.server.URL), "old")
			wantStatus(t, u.client(f.server.URL, func(o *Options) { o.Offline = true }), "old")
		})
	}
}

// TestUnaskedNotModified: "still the same" is no answer to who has nothing.
func TestUnaskedNotModified(t *testing.T) {
	f, u := cached(t)
	f.instead["/v1/packages/acme/http"] = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotModified) }
	_, err := status(t, u.client(f.server.URL))
	wantError(t, err, errAnyReply)
}

// TestNoRoomForReplies: a cache that cannot be written is like none.
func TestNoRoomForReplies(t *testing.T) {
	f, u := cached(t)
	writeFile(t, u.options.CacheDir, "a file in the way")
	wantStatus(t, u.client(f.server.URL), "old")
}

// TestRepliesAreBounded: the oldest go, and what a killed program has left.
func TestRepliesAreBounded(t *testing.T) {
	dir := t.TempDir()
	now := newUser(t).options.Now()
	for i := range 10 {
		name := fmt.Sprint(i)
		if i == 0 {
			name = ".oripk-1.tmp"
		}
		at := now.Add(-time.Duration(10-i) * 3 * time.Hour)
		writeFile(t, filepath.Join(dir, name), strings.Repeat("x", 100))
		if err := os.Chtimes(filepath.Join(dir, name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	trimFolder(dir, 6, 10_000, now)
	wantFiles(t, dir, "4", "5", "6", "7", "8", "9")
	trimFolder(dir, 6, 350, now)
	wantFiles(t, dir, "7", "8", "9")

	cache := NewCache(t.TempDir())
	cache.keepReply("http://x", "", "", make([]byte, maxKeptReply+1), now)
	if cache.reply("http://x", "") != nil {
		t.Error("a reply beyond the bound was kept")
	}
}

// TestRepliesOfManyPrograms has several keep and read one reply at once.
func TestRepliesOfManyPrograms(t *testing.T) {
	f, u := cached(t)
	u.options.Notice, u.options.Sleep = nil, func(context.Context, time.Duration) error { return nil }
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5 {
				wantStatus(t, u.client(f.server.URL), "old")
			}
		})
	}
	wg.Wait()
	wantFiles(t, filepath.Dir(NewCache(u.options.CacheDir).replyPath("", "")), filepath.Base(
		NewCache(u.options.CacheDir).replyPath(u.client(f.server.URL).urls.Package(mustRef(t, httpRef).Package), testToken)))
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Hour: "less than a minute ago", 59 * time.Second: "less than a minute ago", 90 * time.Second: "1 min ago",
		47 * time.Hour: "47 h ago", 1000 * time.Hour: "41 days ago",
	} {
		if got := ago(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}

// TestCrowded: what stands in texts is not counted.
func TestCrowded(t *testing.T) {
	const many = 300_000
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"objects":          {"[" + strings.Repeat("{},", many) + "{}]", true},
		"numbers":          {"[" + strings.Repeat("7,", 2_000_000) + "7]", true},
		"lists":            {strings.Repeat("[", 2_000_001), true},
		"some":             {"[" + strings.Repeat("{},", 1000) + "{}]", false},
		"a text":           {`["` + strings.Repeat("{,[", 1_000_000) + `"]`, false},
		"a text of quotes": {`["` + strings.Repeat(`\"{\\`, many) + `"]`, false},
		"behind a text":    {`["\\",` + strings.Repeat("{},", many) + "{}]", true},
	} {
		if got := isCrowded([]byte(c.text)); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
