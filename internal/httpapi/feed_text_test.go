package httpapi

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/registry"
)

// Whatever stands in the texts of a package, the feed is XML without control
// characters.
func TestFeedsHoldAnyText(t *testing.T) {
	var every strings.Builder
	for c := range rune(0x100) {
		every.WriteRune(c)
	}
	hostile := every.String() + "\xff\xfe \ufffe\uffff\U0010ffff ]]> </entry><script> &amp; \u202e"
	entry := newAtomEntry(registry.News{Metadata: &api.Metadata{
		Version:     api.Version{Deprecated: &api.Deprecated{Message: hostile}, Yanked: &api.Yanked{Message: &hostile}},
		Description: hostile, PublishedBy: "mira",
	}})
	text, err := xml.Marshal(entry)
	if err != nil {
		t.Fatal(err)
	}
	if i := strings.IndexFunc(string(text), func(r rune) bool { return r < ' ' || r >= 0x7f && r < 0xa0 }); i >= 0 {
		t.Errorf("a control character at %.40q", text[i:])
	}
	if strings.Contains(string(text), "&#x") && strings.Contains(string(text), "&#x1;") || strings.Contains(string(text), "<script>") {
		t.Errorf("%s", text)
	}
	var again atomEntry
	if err := xml.Unmarshal(text, &again); err != nil || !strings.Contains(again.Summary, "]]> </entry><script> &amp; \u202e") {
		t.Errorf("read again: %q, %v", again.Summary, err)
	}
}
