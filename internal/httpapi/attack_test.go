package httpapi_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ori-lang/registry/internal/httpapi"
)

// attackTime is what one attack may take; a reply that takes longer hangs.
const attackTime = 20 * time.Second

// segments are put into the places of a route that are to be filled in.
var segments = []string{
	"..", ".", "...", "%2e%2e", "%2E%2E%2F%2e%2e", "..%2f..%2fetc%2fpasswd", "%2F", "%5C", `..\..`, "%00", "a%00b", "%0d%0aX-Evil:%201", "%0A",
	"@", "@@", "%40", "%40%40acme", "@acme%2Fhttp", "acme;x=1", "acme%3Fx=1", "acme%23x", "%", "%zz", "%c0%ae%c0%ae", "%ff%fe", "%u002e",
	"%E2%80%AE", "%F0%9F%92%A9", "a%20b", "+", "*", "'%20OR%201=1--", "%22;DROP%20TABLE%20package;--", "$%7Bjndi:ldap://x%7D", "%7B%7B7*7%7D%7D",
	"1.0.0%2F..%2F..", "99999999999999999999.0.0", "-1", "1e309", "null", "undefined", "NaN", "con", "aux.txt", strings.Repeat("a", 5000),
	strings.Repeat("%2e", 2000), "", "//", "//evil.example/", "http://evil.example/",
}

// queries are put behind every address.
var queries = []string{
	"?", "?&&&", "?=", "?a=%zz", "?a=%00", "?limit=-1", "?limit=99999999999999999999", "?limit=1&limit=2", "?cursor=%00", "?cursor=" + strings.Repeat("A", 4000),
	"?cursor=eyJOYW1lIjoiJyJ9", "?q=%22%20OR%20%2A", "?q=" + strings.Repeat("(", 3000), "?q=NEAR(%22a%22,%201e9)", "?published_before=9999-99-99", "?dry_run=maybe",
	"?after=-9223372036854775808", "?after=1e3", "?wait=1e99", "?package=%2F%2F", "?since=NaN", "?sort=%27", "?" + strings.Repeat("a=b&", 4000),
}

// headers are lines that are sent with every route.
var headers = []string{
	"Authorization: Bearer ori_' OR ''='", "Authorization: Bearer " + strings.Repeat("A", 8000), "Authorization: \x01\x02", "Authorization: Negotiate x",
	"Authorization: Bearer a\r\nAuthorization: Bearer b", "X-Forwarded-For: " + strings.Repeat("1.1.1.1, ", 900), "X-Forwarded-For: '; DROP TABLE x", "Forwarded: for=\"_x\"",
	"Range: bytes=" + strings.Repeat("0-0,", 2000) + "0-0", "Range: bytes=18446744073709551615-18446744073709551616", "Range: bytes=--1", "Range: bytes=0-\r\nRange: bytes=1-",
	"If-None-Match: " + strings.Repeat(`"a", `, 2000), `If-None-Match: W/"`, "If-None-Match: *, *", "If-Match: \"", "If-Range: \x7f", "If-Modified-Since: yesterday",
	"Accept-Encoding: gzip;q=1e99, *;q=NaN", "Accept-Encoding: " + strings.Repeat("gzip,", 1500), "Accept: ../../etc/passwd", "Accept-Language: ${x}",
	"Content-Type: application/json; charset=" + strings.Repeat("x", 4000), "Content-Type: multipart/form-data; boundary=\"" + strings.Repeat("b", 5000) + "\"", "Content-Encoding: br",
	"Content-Length: 5", "Content-Length: -1", "Content-Length: 99999999999999999999", "Content-Length: 1\r\nContent-Length: 2", "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked",
	"Transfer-Encoding: chunked\r\nContent-Length: 3", "Expect: 100-continue", "Expect: the unexpected", "Upgrade: websocket\r\nConnection: Upgrade", "Upgrade: h2c\r\nHTTP2-Settings: x\r\nConnection: Upgrade, HTTP2-Settings",
	"Connection: Authorization, X-Request-Id", "X-HTTP-Method-Override: DELETE", "X-Original-URL: /v1/me", "X-Request-Id: \x1b[31m", "Host: evil.example", "Cookie: " + strings.Repeat("a=b; ", 3000),
	"Empty:", ": no name", "No colon at all", " folded: line", "Nul: \x00", strings.Repeat("X: y\r\n", 3000) + "Z: z", "X: " + strings.Repeat("x", 40<<10),
}

// bodies are sent to every route that takes one.
var bodies = []string{
	"", "null", "[]", "0", `""`, "true", "{", "}", "{}", `{"":""}`, `{"a":}`, `{"a":1,}`, "{\"a\":\"\x00\"}", `{"message":"\u0000"}`, `{"message":"\ud800"}`, "\xef\xbb\xbf{}", "\xff\xfe{\x00}\x00",
	`{"reason":{"$ne":1}}`, `{"message":["x"]}`, `{"message":1e309}`, `{"to":"'; --"}`, `{"to":null}`, `{"status":"\u202e"}`, `{"role":"root"}`, `{"login":"../x"}`, `{"name":"x","scopes":["admin","admin","admin","admin"]}`,
	`{"expires_at":"0000-00-00T00:00:00Z"}`, `{"expires_at":"9999-12-31T23:59:60Z"}`, `{"packages":` + strings.Repeat("[", 3000) + strings.Repeat("]", 3000) + "}", `{"a":` + strings.Repeat("9", 60000) + "}",
	`{"__proto__":{"operator":true}}`, `{"message":"` + strings.Repeat(`\u00e4`, 9000) + `"}`, `{"dependencies":[{"package":"@a/b","version":"*"}]}`, `{"dependencies":[` + strings.Repeat(`{},`, 9000) + `{}]}`,
	`{"id":"x","affected":[{}],"severity":[{"type":"CVSS_V3","score":"` + strings.Repeat("A", 9000) + `"}]}`, "<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a SYSTEM \"file:///etc/passwd\">]><x>&a;</x>",
}

// Nothing that a stranger, or the holder of a token, sends makes the registry
// fail, hang, or keep anything.
func TestAttacks(t *testing.T) {
	s, _ := settled(t)
	s.want(s.get("/v1/packages/acme/http/versions"), 200, "") // all is warm
	before := measured()
	target := httptest.NewServer(s.srv.Handler()) // the spec says nothing of what is no HTTP
	for _, route := range httpapi.Routes() {
		s.attackRoute(target, route)
	}
	target.Close()
	s.noTraces()
	s.want(s.get("/v1/packages/acme/http/versions"), 200, "")
	s.calms(before)
}

var hole = regexp.MustCompile(`\{[a-z.]+\}`)

// fillings are what a route's places hold where they are not attacked.
var fillings = strings.NewReplacer("{scope}", "acme", "{name}", "http", "{version}", "1.0.0", "{id}", "t_none", "{login}", "alice", "{code}", "not_found", "{tile...}", "0/000", "{$}", "")

func (s *site) attackRoute(target *httptest.Server, route httpapi.Route) {
	s.t.Helper()
	plain := fillings.Replace(route.Pattern)
	for _, segment := range segments {
		for _, place := range hole.FindAllString(route.Pattern, -1) {
			path := fillings.Replace(strings.Replace(route.Pattern, place, segment, 1))
			s.attack(target, route.Method, path, "", "")
		}
		s.attack(target, route.Method, plain+"/"+segment, "", "")
	}
	for _, query := range queries {
		s.attack(target, route.Method, plain+query, "", "")
	}
	for _, line := range headers {
		s.attack(target, route.Method, plain, line, "")
	}
	if route.Method == http.MethodGet {
		return
	}
	for _, body := range bodies {
		s.attack(target, route.Method, plain, fmt.Sprintf("Content-Type: application/json\r\nContent-Length: %d", len(body)), body)
	}
}

// attack sends one request as it is, and wants an answer below 500, or that the
// connection is closed.
func (s *site) attack(target *httptest.Server, method, path, line, body string) {
	s.t.Helper()
	conn, err := net.Dial("tcp", target.Listener.Addr().String())
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(attackTime))
	text := method + " " + path + " HTTP/1.1\r\n"
	if !strings.HasPrefix(line, "Host:") {
		text += "Host: x\r\n"
	}
	if !strings.HasPrefix(line, "Authorization:") {
		text += "Authorization: Bearer " + s.token + "\r\n"
	}
	if line != "" {
		line += "\r\n"
	}
	if strings.Contains(line, "chunked") {
		body = "0\r\n\r\n"
	}
	go func() { _, _ = io.WriteString(conn, text+line+"Connection: close\r\n\r\n"+body) }()
	reply, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	what := fmt.Sprintf("%s %.200s with %.80q and %.80q", method, path, line, body)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		s.t.Errorf("%s hangs", what)
	case err != nil: // it was told to go
	case reply.StatusCode >= 500 && reply.StatusCode != http.StatusNotImplemented && reply.StatusCode != http.StatusHTTPVersionNotSupported:
		text, _ := io.ReadAll(reply.Body)
		s.t.Errorf("%s: %d %s", what, reply.StatusCode, text)
	default:
		if _, err := io.Copy(io.Discard, reply.Body); errors.Is(err, os.ErrDeadlineExceeded) {
			s.t.Errorf("%s: the reply %d hangs", what, reply.StatusCode)
		}
	}
}

// figures are what attacks must not raise for good.
type figures struct {
	goroutines int
	heap       uint64 // bytes in use
}

func measured() figures {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return figures{runtime.NumGoroutine(), m.HeapAlloc}
}

// calms waits until the registry is about where it was before.
func (s *site) calms(before figures) {
	s.t.Helper()
	const moreGoroutines, moreHeap = 10, 24 << 20
	deadline := time.Now().Add(attackTime)
	for {
		now := measured()
		if now.goroutines <= before.goroutines+moreGoroutines && now.heap <= before.heap+moreHeap {
			return
		}
		if time.Now().After(deadline) {
			s.t.Errorf("%d goroutines and %d bytes of heap are left, before there were %d and %d", now.goroutines, now.heap, before.goroutines, before.heap)
			return
		}
		runtime.Gosched()
	}
}
