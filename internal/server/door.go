package server

import (
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
)

// door is where every request comes in. It leads to one handler, and later to another.
type door struct{ to atomic.Pointer[http.Handler] }

func (d *door) lead(to http.Handler) { d.to.Store(&to) }

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) { (*d.to.Load()).ServeHTTP(w, r) }

// underBase serves next also below the path of the base URL, so that a proxy in
// front may strip that path or leave it.
func underBase(base string, next http.Handler) http.Handler {
	u, err := url.Parse(base)
	if err != nil || u.Path == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.EscapedPath(), u.EscapedPath()+"/") {
			shorter, target := *r, *r.URL
			target.Path = strings.TrimPrefix(target.Path, u.Path)
			target.RawPath = strings.TrimPrefix(target.RawPath, u.EscapedPath())
			shorter.URL = &target
			r = &shorter
		}
		next.ServeHTTP(w, r)
	})
}
