package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ori-lang/registry/api"
)

// maxDepth is how deep a JSON body nests at most.
const maxDepth = 32

// decode reads the JSON object that the body is into v. An optional body may
// be absent; v is then left alone.
func decode(c *call, r *http.Request, v any, optional bool) error {
	return decodeUpTo(api.MaxJSON, c, r, v, optional)
}

// decodeUpTo is decode for a body of another size.
func decodeUpTo(limit int64, c *call, r *http.Request, v any, optional bool) error {
	text, err := readJSON(limit, c, r, optional)
	if err != nil || text == nil {
		return err
	}
	return unmarshal(text, v)
}

// decodeWhole gives the JSON object that the body is, as it was sent.
func decodeWhole(c *call, r *http.Request) ([]byte, error) {
	text, err := readJSON(api.MaxJSON, c, r, false)
	if err != nil {
		return nil, err
	}
	_, err = membersOf(text)
	return text, err
}

// readJSON reads the body; nil for an optional one that is absent.
func readJSON(limit int64, c *call, r *http.Request, optional bool) ([]byte, error) {
	if r.ContentLength > limit {
		return nil, tooLarge(limit)
	}
	if err := checkJSONType(r); err != nil {
		return nil, err
	}
	text, err := io.ReadAll(http.MaxBytesReader(c.ResponseWriter, r.Body, limit))
	c.unread = err != nil
	switch {
	case err != nil:
		return nil, bodyFault(err, tooLarge(limit))
	case len(text) == 0 && optional:
		return nil, nil
	case len(text) == 0:
		return nil, api.Errorf(api.InvalidRequest, "the body is missing; this call needs a JSON object")
	case r.Header.Get("Content-Type") == "":
		return nil, notJSON()
	}
	return text, nil
}

func tooLarge(limit int64) *api.Problem {
	return api.Errorf(api.BodyTooLarge, "the body has more than %d bytes", limit)
}

func notJSON() *api.Problem {
	return api.Errorf(api.UnsupportedMediaType, "the body's Content-Type is not application/json")
}

// checkJSONType refuses a body of another type; one without a type is refused
// only when it is there.
func checkJSONType(r *http.Request) error {
	if encoded(r) {
		return encodedBody()
	}
	text := r.Header.Get("Content-Type")
	if text == "" && r.ContentLength <= 0 {
		return nil
	}
	mediaType, params, err := mime.ParseMediaType(text)
	charset := params["charset"]
	if err != nil || mediaType != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return notJSON()
	}
	return nil
}

func encoded(r *http.Request) bool {
	coding := r.Header.Get("Content-Encoding")
	return coding != "" && !strings.EqualFold(coding, "identity")
}

func encodedBody() *api.Problem {
	return api.Errorf(api.UnsupportedMediaType, "the body has a Content-Encoding; send it as it is")
}

// bodyFault says why a body could not be read: it is over its limit, took too
// long, or broke off.
func bodyFault(err error, over *api.Problem) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return over
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return api.Errorf(api.RequestTimeout, "the body did not arrive in time")
	}
	return api.Errorf(api.InvalidRequest, "the body is malformed or ended early")
}

// membersOf reads one JSON object strictly: two members of one name, anything
// after it, bytes that are not UTF-8, half a surrogate pair and deep nesting are refused.
func membersOf(text []byte) (map[string]any, error) {
	if !utf8.Valid(text) {
		return nil, api.Errorf(api.InvalidRequest, "the body is not UTF-8")
	}
	if err := checkJSON(json.NewDecoder(bytes.NewReader(text))); err != nil {
		return nil, api.Errorf(api.InvalidRequest, "the body is not acceptable JSON: %v", err)
	}
	if hasLoneSurrogate(text) {
		return nil, api.Errorf(api.InvalidRequest, `the body has half a character: an escape from \ud800 to \udfff that is no pair`)
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(&value)
	members, ok := value.(map[string]any)
	if err != nil || !ok {
		return nil, api.Errorf(api.InvalidRequest, "the body is not a JSON object")
	}
	return members, nil
}

// unmarshal reads the members of an object that v knows; others are ignored.
func unmarshal(text []byte, v any) error {
	members, err := membersOf(text)
	if err != nil {
		return err
	}
	dropStrange(members)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		one, err := json.Marshal(map[string]any{name: members[name]})
		if err == nil {
			err = json.Unmarshal(one, v)
		}
		if err != nil {
			return wrongForm(name)
		}
	}
	return nil
}

// dropStrange drops the members, at every depth, whose names are spelled as none of
// the protocol is: encoding/json would take "Name" for "name".
func dropStrange(value any) {
	switch value := value.(type) {
	case map[string]any:
		maps.DeleteFunc(value, func(name string, _ any) bool {
			return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != ""
		})
		for _, inner := range value {
			dropStrange(inner)
		}
	case []any:
		for _, inner := range value {
			dropStrange(inner)
		}
	}
}

func wrongForm(name string) *api.Problem {
	return api.Errorf(api.InvalidRequest, "the member %q of the body has a value of the wrong form", name)
}

// hasLoneSurrogate looks for an escape in well-formed JSON that encoding/json
// would quietly take for U+FFFD.
func hasLoneSurrogate(text []byte) bool {
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		i++ // what is escaped is no backslash that begins an escape
		r := escaped(text, i)
		if !utf16.IsSurrogate(r) {
			continue
		}
		if utf16.DecodeRune(r, escaped(text, i+6)) == unicode.ReplacementChar || text[i+5] != '\\' {
			return true
		}
		i += 10
	}
	return false
}

// escaped gives the code unit of the escape "u0000" at i, -1 when there is none.
func escaped(text []byte, i int) rune {
	if i+5 > len(text) || text[i] != 'u' {
		return -1
	}
	unit, err := strconv.ParseUint(string(text[i+1:i+5]), 16, 16)
	if err != nil {
		return -1
	}
	return rune(unit)
}

// checkJSON walks over one value and what follows it.
func checkJSON(d *json.Decoder) error {
	d.UseNumber()
	if err := checkValue(d, 1); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the object")
	}
	return nil
}

func checkValue(d *json.Decoder, depth int) error {
	token, err := d.Token()
	if err != nil {
		return errors.New("it is malformed or ends early")
	}
	opened, ok := token.(json.Delim)
	switch {
	case !ok:
		return nil
	case depth > maxDepth:
		return fmt.Errorf("it nests more than %d levels deep", maxDepth)
	}
	seen := map[string]bool{}
	for d.More() {
		if opened == '{' {
			if err := checkName(d, seen); err != nil {
				return err
			}
		}
		if err := checkValue(d, depth+1); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return errors.New("it is malformed or ends early")
	}
	return nil
}

func checkName(d *json.Decoder, seen map[string]bool) error {
	token, err := d.Token()
	name, ok := token.(string)
	switch {
	case err != nil || !ok:
		return errors.New("it is malformed or ends early")
	case seen[name]:
		return fmt.Errorf("the member %.80q stands there twice", name)
	}
	seen[name] = true
	return nil
}
