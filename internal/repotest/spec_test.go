package repotest

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/httpapi"
	"github.com/ori-lang/registry/internal/repotest/spectest"
	"github.com/ori-lang/registry/spec"
)

const problemType = "application/problem+json"

// parsed reads the spec once: validating it and its examples takes a while.
var parsed = sync.OnceValues(func() (*openapi3.T, error) { return spectest.Parse(spec.OpenAPI) })

func parseSpec(t *testing.T) *openapi3.T {
	t.Helper()
	doc, err := parsed()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

// eachOperation calls f with each operation and its name in messages.
func eachOperation(doc *openapi3.T, f func(name string, op *openapi3.Operation)) {
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			f(method+" "+path, op)
		}
	}
}

// access says when an operation needs a token.
type access struct {
	Public  bool // also on a public registry
	Private bool // on a private one
}

// TestRoutesAreOperations compares the server's route table with the spec, both
// ways: method, address, and when a token is needed.
func TestRoutesAreOperations(t *testing.T) {
	specified, served := map[string]access{}, map[string]access{}
	eachOperation(parseSpec(t), func(name string, op *openapi3.Operation) {
		open := op.Security == nil || len(*op.Security) == 0
		specified[name] = access{!open, spectest.Codes(op)[api.Unauthenticated]}
	})
	for _, route := range httpapi.Routes() {
		path := strings.NewReplacer("{$}", "", "...}", "}").Replace(route.Pattern)
		open := route.Kind == httpapi.Open || route.Kind == httpapi.Health
		served[route.Method+" "+path] = access{route.Scope != "", !open}
	}
	if diff := cmp.Diff(specified, served); diff != "" {
		t.Errorf("operation and when it needs a token (-spec +routes):\n%s", diff)
	}
}

// TestCodesAreTheTable compares the spec's list of codes with api.Codes.
func TestCodesAreTheTable(t *testing.T) {
	var table []any
	for _, info := range api.Codes {
		table = append(table, string(info.Code))
	}
	if diff := cmp.Diff(parseSpec(t).Components.Schemas["Code"].Value.Enum, table); diff != "" {
		t.Errorf("codes (-spec +api):\n%s", diff)
	}
}

// TestCodesHaveTheirStatus holds the x-codes of each operation to its replies:
// each code's status is listed, and each problem that is listed has a code.
func TestCodesHaveTheirStatus(t *testing.T) {
	eachOperation(parseSpec(t), func(name string, op *openapi3.Operation) {
		fromCodes, listed := map[int]bool{}, map[int]bool{}
		for code := range spectest.Codes(op) {
			if code.Info().Code != code {
				t.Errorf("%s: there is no code %s", name, code)
			}
			fromCodes[code.Info().Status] = true
		}
		for text, response := range op.Responses.Map() {
			if response.Value.Content.Get(problemType) != nil {
				status, _ := strconv.Atoi(text)
				listed[status] = true
			}
		}
		if diff := cmp.Diff(slices.Sorted(maps.Keys(listed)), slices.Sorted(maps.Keys(fromCodes))); diff != "" {
			t.Errorf("%s: statuses of problems (-responses +x-codes):\n%s", name, diff)
		}
	})
}

// TestSharedProblemsAreTheirStatus: a reply that many operations share must be
// the one of its status everywhere, and so must its examples.
func TestSharedProblemsAreTheirStatus(t *testing.T) {
	doc := parseSpec(t)
	for name, response := range doc.Components.Responses {
		media := response.Value.Content.Get(problemType)
		if media == nil {
			continue
		}
		examples := []any{media.Example}
		for _, example := range media.Examples {
			examples = append(examples, example.Value.Value)
		}
		for _, example := range examples {
			if problem, ok := example.(map[string]any); ok {
				checkProblemExample(t, doc, "#/components/responses/"+name, problem)
			}
		}
	}
}

func checkProblemExample(t *testing.T, doc *openapi3.T, ref string, problem map[string]any) {
	t.Helper()
	info := api.Code(fmt.Sprint(problem["code"])).Info()
	want := []string{string(info.Code), info.Title, strconv.Itoa(info.Status)}
	got := []string{fmt.Sprint(problem["code"]), fmt.Sprint(problem["title"]), fmt.Sprint(problem["status"])}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("example of %s (-api +spec):\n%s", ref, diff)
	}
	eachOperation(doc, func(name string, op *openapi3.Operation) {
		for status, response := range op.Responses.Map() {
			if response.Ref == ref && status != strconv.Itoa(info.Status) {
				t.Errorf("%s lists %s under %s", name, ref, status)
			}
		}
	})
}

// TestOperationsAreComplete: each operation has a name, a summary, a tag that
// is declared, and examples of what goes in and comes out.
func TestOperationsAreComplete(t *testing.T) {
	doc := parseSpec(t)
	camelCase := regexp.MustCompile(`^[a-z][A-Za-z]+$`)
	eachOperation(doc, func(name string, op *openapi3.Operation) {
		tagged := len(op.Tags) == 1 && doc.Tags.Get(op.Tags[0]) != nil
		if !camelCase.MatchString(op.OperationID) || op.Summary == "" || !tagged {
			t.Errorf("%s lacks an operationId, a summary or a declared tag", name)
		}
		for _, parameter := range op.Parameters {
			if parameter.Value.Example == nil {
				t.Errorf("%s: the parameter %s has no example", name, parameter.Value.Name)
			}
		}
		if op.RequestBody != nil {
			checkHasExamples(t, name+", request", op.RequestBody.Value.Content)
		}
		for status, response := range op.Responses.Map() {
			checkHasExamples(t, name+", "+status, response.Value.Content)
		}
	})
}

func checkHasExamples(t *testing.T, name string, content openapi3.Content) {
	t.Helper()
	for mediaType, media := range content {
		if media.Schema != nil && media.Example == nil && len(media.Examples) == 0 {
			t.Errorf("%s: %s has no example", name, mediaType)
		}
	}
}

// TestRepliesCarryTheCommonHeaders holds every reply to the headers that the
// protocol wants on all, on all failures, and on those of one status.
func TestRepliesCarryTheCommonHeaders(t *testing.T) {
	want := map[int][]string{
		http.StatusUnauthorized:                 {"WWW-Authenticate"},
		http.StatusForbidden:                    {"WWW-Authenticate"},
		http.StatusNotModified:                  {"ETag"},
		http.StatusPermanentRedirect:            {"Location"},
		http.StatusPartialContent:               {"ETag", "Content-Range", "Accept-Ranges", "Repr-Digest"},
		http.StatusServiceUnavailable:           {"Retry-After"},
		http.StatusRequestedRangeNotSatisfiable: {"Content-Range"},
	}
	eachOperation(parseSpec(t), func(name string, op *openapi3.Operation) {
		for text, response := range op.Responses.Map() {
			status, _ := strconv.Atoi(text)
			for _, header := range append([]string{"X-Request-Id", "X-Content-Type-Options", "Cache-Control"}, want[status]...) {
				if response.Value.Headers[header] == nil {
					t.Errorf("%s, %s: the header %s is not listed", name, text, header)
				}
			}
		}
	})
}

// TestCountedRepliesSayTheLimit: calls under /v1 and /log count for the rate
// limits, so each of their operations may answer 429, and each reply of one says
// how the caller stands.
func TestCountedRepliesSayTheLimit(t *testing.T) {
	eachOperation(parseSpec(t), func(name string, op *openapi3.Operation) {
		if _, path, _ := strings.Cut(name, " "); !spectest.IsCounted(path) {
			return
		}
		if tooMany := op.Responses.Value("429"); tooMany == nil || tooMany.Ref != "#/components/responses/TooManyRequests" {
			t.Errorf("%s: add to its responses the line\n  '429': {$ref: '#/components/responses/TooManyRequests'}\nand rate_limited to its x-codes", name)
		}
		for status, response := range op.Responses.Map() {
			for _, header := range spectest.RateHeaders() {
				if response.Value.Headers[header] == nil {
					t.Errorf("%s, %s: the header %s is not listed; add to the headers of the reply\n%s", name, status, header, rateLines)
				}
			}
		}
	})
}

// rateLines are what the head of each such reply has in the spec.
const rateLines = `  X-RateLimit-Limit: {$ref: '#/components/headers/RateLimit'}
  X-RateLimit-Remaining: {$ref: '#/components/headers/RateRemaining'}
  X-RateLimit-Reset: {$ref: '#/components/headers/RateReset'}`
