package httpapi

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
)

// checkPath refuses a path that two readers could understand differently: with
// an empty, "." or ".." segment, a backslash, a control character or a slash
// that is escaped. What passes means the same to every proxy, cache and mux.
func checkPath(u *url.URL) error {
	escaped := strings.ToUpper(u.EscapedPath())
	switch {
	case !strings.HasPrefix(u.Path, "/"), strings.Contains(u.Path, "//"),
		strings.Contains(escaped, "%2F"), strings.Contains(u.Path, `\`), hasControl(u.Path):
		return unknownAddress(nil)
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." {
			return unknownAddress(nil)
		}
	}
	return nil
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// canonical gives the address without "@" for a read of /v1/packages/@ori/http…
func (s *service) canonical(r *http.Request) (location string, ok bool) {
	read := r.Method == http.MethodGet || r.Method == http.MethodHead
	if !read || !strings.HasPrefix(r.Pattern, "GET "+api.PathPackage) || !strings.HasPrefix(r.PathValue("scope"), "@") {
		return "", false
	}
	p, err := pathPackage(r)
	if err != nil {
		return "", false
	}
	segments := strings.SplitN(r.URL.EscapedPath(), "/", 6) // "", v1, packages, scope, name, the rest
	location = s.urls.Package(p)
	if len(segments) == 6 {
		location += "/" + segments[5]
	}
	if r.URL.RawQuery != "" {
		location += "?" + r.URL.RawQuery
	}
	return location, true
}

// pathPackage reads {scope} and {name}; the scope may carry its "@".
func pathPackage(r *http.Request) (ident.Package, error) {
	p, err := ident.NewPackage(strings.TrimPrefix(r.PathValue("scope"), "@"), r.PathValue("name"))
	return p, badIdent(err)
}

// pathRef reads {scope}, {name} and {version}.
func pathRef(r *http.Request) (ident.Ref, error) {
	p, err := pathPackage(r)
	if err != nil {
		return ident.Ref{}, err
	}
	v, err := ident.ParseVersion(r.PathValue("version"))
	return ident.Ref{Package: p, Version: v}, badIdent(err)
}

// pathScope reads {scope} where it is the thing itself.
func pathScope(r *http.Request) (string, error) {
	scope := r.PathValue("scope")
	return scope, badIdent(ident.CheckScope(scope))
}

func badIdent(err error) error {
	bad, ok := errors.AsType[*ident.Error](err)
	switch {
	case !ok:
		return err
	case bad.Kind == "version":
		return api.Errorf(api.InvalidVersion, "%v", bad)
	default:
		return api.Errorf(api.InvalidName, "%v", bad)
	}
}

// queryValue gives the one value of a query parameter; an absent one is not ok.
func queryValue(r *http.Request, name string) (value string, ok bool, err error) {
	if r.URL.RawQuery == "" {
		return "", false, nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return "", false, api.Errorf(api.InvalidRequest, "the query of the address is malformed")
	}
	switch values := query[name]; len(values) {
	case 0:
		return "", false, nil
	case 1:
		return values[0], true, nil
	default:
		return "", false, api.Errorf(api.InvalidRequest, "the query parameter %s is given %d times", name, len(values))
	}
}

// queryBool reads true or false; absent is false.
func queryBool(r *http.Request, name string) (bool, error) {
	value, ok, err := queryValue(r, name)
	switch {
	case err != nil || !ok:
		return false, err
	case value == "true" || value == "false":
		return value == "true", nil
	default:
		return false, api.Errorf(api.InvalidRequest, "the query parameter %s is neither true nor false", name)
	}
}

// queryNumber reads a whole number, written in the one way; absent is fallback.
func queryNumber(r *http.Request, name string, fallback, least, most int64) (int64, error) {
	value, ok, err := queryValue(r, name)
	switch {
	case err != nil:
		return 0, err
	case !ok:
		return fallback, nil
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < least || n > most || strconv.FormatInt(n, 10) != value {
		return 0, api.Errorf(api.InvalidRequest, "the query parameter %s is no number from %d to %d", name, least, most)
	}
	return n, nil
}

// queryTime reads a time of RFC 3339; absent is the zero time, and nothing else is.
func queryTime(r *http.Request, name string) (time.Time, error) {
	value, ok, err := queryValue(r, name)
	if err != nil || !ok {
		return time.Time{}, err
	}
	t, err := time.Parse(time.RFC3339Nano, value)
	if err != nil {
		return time.Time{}, api.Errorf(api.InvalidRequest, "the query parameter %s is no time such as 2026-11-23T18:06:31Z", name).
			WithHint("A + in an address is written %%2B.")
	}
	if t.IsZero() {
		t = t.Add(time.Microsecond)
	}
	return t.UTC(), nil
}
