package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/api"
)

func (s *site) changes(address string) (words string, next string) {
	s.t.Helper()
	var reply api.Changes
	a := s.want(s.get(strings.TrimPrefix(address, s.base)), 200, "")
	a.json(s.t, &reply)
	if a.Header.Get("Cache-Control") != "no-store" || reply.Changes == nil {
		s.t.Errorf("%s: %v %s", address, a.Header, a.body)
	}
	for _, c := range reply.Changes {
		words += fmt.Sprintf("%d:%s ", c.Seq, c.Kind)
	}
	return words, reply.Next
}

func TestChanges(t *testing.T) {
	s, _ := settled(t)
	for query, want := range map[string]string{
		"": "0:open 1:scope-claim 2:publish ", "?limit=1": "0:open ", "?after=0": "1:scope-claim 2:publish ", "?after=1&limit=1000": "2:publish ",
		"?after=2": "", "?after=2&wait=0": "", "?after=1&wait=25": "2:publish ", "?after=9007199254740992": "",
	} {
		if got, _ := s.changes("/v1/changes" + query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	var all string
	next := "/v1/changes?limit=2&x=y"
	for range 3 {
		var words string
		words, next = s.changes(next)
		all += words
	}
	if all != "0:open 1:scope-claim 2:publish " || next != s.base+"/v1/changes?after=2&limit=2&x=y" {
		t.Errorf("followed: %s, and then %s", all, next)
	}
	for _, query := range []string{
		"after=-1", "after=x", "after=", "after=01", "after=9007199254740993", "after=1&after=1", "after=1.0", "limit=0", "limit=1001", "wait=26", "wait=-1", "wait=1s",
	} {
		s.want(s.get("/v1/changes?"+query), 400, api.InvalidRequest)
	}
}

// What is public is compressed, also when nobody may keep it.
func TestPublicRepliesAreCompressed(t *testing.T) {
	s, _ := settled(t)
	for i := range 10 {
		s.claim(fmt.Sprintf("corp%d", i))
	}
	wish := `{"dependencies":[{"package":"@acme/http","version":"1.0.0"}],"proofs":true}`
	for name, ask := range map[string]func(coding string) answer{
		"changes": func(coding string) answer {
			return s.do("GET", "/v1/changes", nil, header{"Authorization": "", "Accept-Encoding": coding})
		},
		"resolve": func(coding string) answer {
			return s.do("POST", "/v1/resolve", strings.NewReader(wish), header{"Content-Type": "application/json", "Authorization": "", "Accept-Encoding": coding})
		},
	} {
		plain, zipped := s.want(ask("identity"), 200, ""), s.want(ask("gzip"), 200, "")
		if plain.Header.Get("Content-Encoding") != "" || zipped.Header.Get("Content-Encoding") != "gzip" || zipped.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: headers %v and %v", name, plain.Header, zipped.Header)
		}
		if text := gunzip(t, zipped.body); !bytes.Equal(text, plain.body) {
			t.Errorf("%s: %d bytes in the gzip form, %d in the other: %s", name, len(text), len(plain.body), text)
		}
	}
	for _, path := range []string{"/v1/me", "/v1/tokens"} {
		if a := s.want(s.do("GET", path, nil, header{"Accept-Encoding": "gzip"}), 200, ""); a.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s is compressed", path)
		}
	}
}

// waiting is a reply that tells when its call is given the time to wait.
type waiting struct {
	*httptest.ResponseRecorder
	begun chan time.Time
}

func (w waiting) SetWriteDeadline(until time.Time) error {
	w.begun <- until
	return nil
}

// Who waits is told of a change as it happens.
func TestChangesComeAtOnce(t *testing.T) {
	s, _ := settled(t)
	w, told := waiting{httptest.NewRecorder(), make(chan time.Time)}, make(chan string)
	go func() {
		s.handler.ServeHTTP(w, httptest.NewRequest("GET", "/v1/changes?after=2&wait=25", nil))
		told <- w.Body.String()
	}()
	began := time.Now()
	if until := <-w.begun; until.Before(began.Add(25 * time.Second)) {
		t.Errorf("the reply is due in %v", until.Sub(began))
	}
	s.claim("corp")
	if got := <-told; !strings.Contains(got, `"seq":3,"kind":"scope-claim"`) || time.Since(began) > 20*time.Second {
		t.Errorf("after %v: %s", time.Since(began), got)
	}
}

// Where nothing happens the reply comes when the time is over, and not before.
func TestChangesThatDoNotCome(t *testing.T) {
	s, _ := settled(t)
	for _, query := range []string{"after=2&wait=1", "after=1000&wait=1"} {
		began := time.Now()
		if words, _ := s.changes("/v1/changes?" + query); words != "" || time.Since(began) < time.Second {
			t.Errorf("%s: after %v: %q", query, time.Since(began), words)
		}
	}
}

func gunzip(t *testing.T, data []byte) []byte {
	t.Helper()
	reader, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
