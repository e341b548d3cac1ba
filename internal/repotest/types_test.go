package repotest

import (
	"go/ast"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"github.com/ori-lang/registry/api"
)

// wireTypes are the types of package api that have a schema of the same name.
var wireTypes = map[string]reflect.Type{
	"Advisories":   reflect.TypeFor[api.Advisories](),
	"Change":       reflect.TypeFor[api.Change](),
	"Changes":      reflect.TypeFor[api.Changes](),
	"CreatedToken": reflect.TypeFor[api.CreatedToken](),
	"CreatedUser":  reflect.TypeFor[api.CreatedUser](),
	"Dependency":   reflect.TypeFor[api.Dependency](),
	"Deprecated":   reflect.TypeFor[api.Deprecated](),
	"Deprecation":  reflect.TypeFor[api.Deprecation](),
	"Discovery":    reflect.TypeFor[api.Discovery](),
	"Entry":        reflect.TypeFor[api.Entry](),
	"Fault":        reflect.TypeFor[api.Fault](),
	"Inbox":        reflect.TypeFor[api.Inbox](),
	"Invitation":   reflect.TypeFor[api.Invitation](),
	"Limits":       reflect.TypeFor[api.Limits](),
	"Links":        reflect.TypeFor[api.Links](),
	"LogInfo":      reflect.TypeFor[api.LogInfo](),
	"Me":           reflect.TypeFor[api.Me](),
	"Member":       reflect.TypeFor[api.Member](),
	"Metadata":     reflect.TypeFor[api.Metadata](),
	"NewMember":    reflect.TypeFor[api.NewMember](),
	"NewToken":     reflect.TypeFor[api.NewToken](),
	"NewTransfer":  reflect.TypeFor[api.NewTransfer](),
	"NewUser":      reflect.TypeFor[api.NewUser](),
	"Package":      reflect.TypeFor[api.Package](),
	"Problem":      reflect.TypeFor[api.Problem](),
	"RateLimits":   reflect.TypeFor[api.RateLimits](),
	"Receipt":      reflect.TypeFor[api.Receipt](),
	"ReceiptLog":   reflect.TypeFor[api.ReceiptLog](),
	"Removal":      reflect.TypeFor[api.Removal](),
	"Result":       reflect.TypeFor[api.Result](),
	"Results":      reflect.TypeFor[api.Results](),
	"Removed":      reflect.TypeFor[api.Removed](),
	"Scope":        reflect.TypeFor[api.Scope](),
	"ScopeRole":    reflect.TypeFor[api.ScopeRole](),
	"StatusChange": reflect.TypeFor[api.StatusChange](),
	"Token":        reflect.TypeFor[api.Token](),
	"Tokens":       reflect.TypeFor[api.Tokens](),
	"Transfer":     reflect.TypeFor[api.Transfer](),
	"User":         reflect.TypeFor[api.User](),
	"Version":      reflect.TypeFor[api.Version](),
	"VersionLog":   reflect.TypeFor[api.VersionLog](),
	"VersionURLs":  reflect.TypeFor[api.VersionURLs](),
	"Versions":     reflect.TypeFor[api.Versions](),
	"Warning":      reflect.TypeFor[api.Warning](),
	"Yank":         reflect.TypeFor[api.Yank](),
	"Yanked":       reflect.TypeFor[api.Yanked](),

	"Conflict":        reflect.TypeFor[api.Conflict](),
	"MissingVersion":  reflect.TypeFor[api.MissingVersion](),
	"Requirement":     reflect.TypeFor[api.Requirement](),
	"Resolution":      reflect.TypeFor[api.Resolution](),
	"Resolve":         reflect.TypeFor[api.Resolve](),
	"ResolvedVersion": reflect.TypeFor[api.ResolvedVersion](),
	"Root":            reflect.TypeFor[api.Root](),
}

// requests are the types that only clients send.
var requests = []string{
	"Deprecation", "NewMember", "NewToken", "NewTransfer", "NewUser", "Removal", "Resolve", "StatusChange", "Yank",
}

// member of an object, as Go and as the spec see it.
type member struct {
	Optional bool // it may be absent
	Nullable bool // it may be null
}

// TestSchemasAreTheTypes compares the members of each schema with those of the
// Go type: their names, which are always there, and which may be null.
func TestSchemasAreTheTypes(t *testing.T) {
	doc := parseSpec(t)
	for name, goType := range wireTypes {
		ref := doc.Components.Schemas[name]
		if ref == nil {
			t.Errorf("there is no schema %s", name)
			continue
		}
		specified, implemented := schemaMembers(ref.Value), typeMembers(goType)
		if slices.Contains(requests, name) { // what is absent is taken as null
			specified, implemented = namesOnly(specified), namesOnly(implemented)
		}
		if diff := cmp.Diff(specified, implemented); diff != "" {
			t.Errorf("%s (-spec +api):\n%s", name, diff)
		}
	}
}

// schemaMembers gives the members of a schema and of all its parts.
func schemaMembers(schema *openapi3.Schema) map[string]member {
	members := map[string]member{}
	for _, part := range schema.AllOf {
		maps.Copy(members, schemaMembers(part.Value))
	}
	for name, property := range schema.Properties {
		members[name] = member{!slices.Contains(schema.Required, name), isNullable(property.Value)}
	}
	return members
}

func isNullable(schema *openapi3.Schema) bool {
	part := func(ref *openapi3.SchemaRef) bool { return isNullable(ref.Value) }
	return schema.Type != nil && schema.Type.Includes(openapi3.TypeNull) || slices.ContainsFunc(schema.AnyOf, part)
}

// typeMembers gives the members that encoding/json makes of a struct.
func typeMembers(goType reflect.Type) map[string]member {
	members := map[string]member{}
	for i := range goType.NumField() {
		if field := goType.Field(i); field.Anonymous {
			maps.Copy(members, typeMembers(field.Type))
		}
	}
	for i := range goType.NumField() {
		field := goType.Field(i)
		if tag, ok := field.Tag.Lookup("json"); ok {
			name, options, _ := strings.Cut(tag, ",")
			optional := strings.Contains(options, "omitempty")
			members[name] = member{optional, !optional && field.Type.Kind() == reflect.Pointer}
		}
	}
	return members
}

func namesOnly(members map[string]member) map[string]member {
	names := map[string]member{}
	for name := range members {
		names[name] = member{}
	}
	return names
}

// TestEveryTypeIsCompared keeps wireTypes complete: each struct of package api
// with JSON members is in it.
func TestEveryTypeIsCompared(t *testing.T) {
	declared := map[string]bool{}
	for _, file := range sourceFiles(t) {
		if file.folder != "api" || file.isTest {
			continue
		}
		ast.Inspect(file.File, func(node ast.Node) bool {
			if spec, ok := node.(*ast.TypeSpec); ok && hasTags(spec) {
				declared[spec.Name.Name] = true
			}
			return true
		})
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(declared)), slices.Sorted(maps.Keys(wireTypes))); diff != "" {
		t.Errorf("structs of api that are compared (-declared +compared):\n%s", diff)
	}
}

func hasTags(spec *ast.TypeSpec) bool {
	structure, ok := spec.Type.(*ast.StructType)
	tagged := func(field *ast.Field) bool { return field.Tag != nil }
	return ok && slices.ContainsFunc(structure.Fields.List, tagged)
}

// TestEnumsAreTheConstants compares the closed lists of words.
func TestEnumsAreTheConstants(t *testing.T) {
	doc := parseSpec(t)
	for name, want := range map[string][]any{
		"Access": {string(api.Public), string(api.Private)},
		"Status": {string(api.Active), string(api.Archived), string(api.Quarantined)},
		"OfferStatus": {
			string(api.Pending), string(api.Accepted), string(api.Declined), string(api.Cancelled), string(api.Expired),
		},
		"Role":       {string(api.Owner), string(api.MemberOfTeam)},
		"TokenScope": {string(api.Read), string(api.Publish), string(api.Admin)},
		"Sort":       {string(api.ByRelevance), string(api.ByUpdate), string(api.ByName)},
	} {
		if diff := cmp.Diff(want, doc.Components.Schemas[name].Value.Enum); diff != "" {
			t.Errorf("%s (-api +spec):\n%s", name, diff)
		}
	}
}
