package client

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"slices"
	"time"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/ident"
)

// maxAdvisories bounds a page of advisories: 100 records of 64 KiB at most.
const maxAdvisories = 8 << 20

// Ecosystem is the name of this ecosystem in an advisory.
const Ecosystem = "Ori"

// Advisory is what tools read of a record in the OSV format.
type Advisory struct {
	ID         string     `json:"id"`
	Aliases    []string   `json:"aliases"`
	Summary    string     `json:"summary"`
	Details    string     `json:"details"`
	Published  *api.Time  `json:"published"`
	Modified   *api.Time  `json:"modified"`
	Withdrawn  *api.Time  `json:"withdrawn"` // since then it affects nothing any more
	Severity   []Severity `json:"severity"`
	Affected   []Affected `json:"affected"`
	References []struct {
		Type string `json:"type"`
		URL  string `json:"url"`
	} `json:"references"`

	Record json.RawMessage `json:"-"` // the whole of it, as the registry keeps it
}

// Severity is a score of an advisory, in the notation of its type.
type Severity struct {
	Type  string `json:"type"` // "CVSS_V3", "CVSS_V4"
	Score string `json:"score"`
}

// Affected says which versions of a package an advisory is about.
type Affected struct {
	Package struct {
		Ecosystem string `json:"ecosystem"`
		Name      string `json:"name"`
	} `json:"package"`
	Ranges []struct {
		Type   string `json:"type"`
		Events []struct {
			Introduced   string `json:"introduced"`
			Fixed        string `json:"fixed"`
			LastAffected string `json:"last_affected"`
		} `json:"events"`
	} `json:"ranges"`
	Versions []string   `json:"versions"`
	Severity []Severity `json:"severity"`
}

func (a *Affected) names(p ident.Package) bool {
	return a.Package.Ecosystem == Ecosystem && a.Package.Name == p.String()
}

// Names reports whether the advisory is about some version of p.
func (a *Advisory) Names(p ident.Package) bool {
	return slices.ContainsFunc(a.Affected, func(one Affected) bool { return one.names(p) })
}

// Fixed gives the versions of p that an advisory calls fixed, the lowest first.
func (a *Advisory) Fixed(p ident.Package) (fixed []ident.Version) {
	for _, one := range a.Affected {
		if !one.names(p) {
			continue
		}
		for _, r := range one.Ranges {
			for _, event := range r.Events {
				if v, err := ident.ParseVersion(event.Fixed); err == nil && r.Type == "SEMVER" {
					fixed = append(fixed, v)
				}
			}
		}
	}
	slices.SortFunc(fixed, ident.Version.Compare)
	return slices.Compact(fixed)
}

// AdvisoryQuery says which advisories are wanted; its zero value all of them.
type AdvisoryQuery struct {
	Package ident.Package // that they name
	Version ident.Version // of Package, that they affect
	Since   time.Time     // when the registry took them, or their last change
}

// Advisories goes through advisories in the order of their last change, the newest
// last, as long as the caller does. An error is the last that it gives.
func (c *Client) Advisories(ctx context.Context, q AdvisoryQuery) iter.Seq2[*Advisory, error] {
	return allOf("", func(cursor string) ([]*Advisory, *string, error) {
		address := asking(c.urls.Advisories(), q.values(cursor))
		var page api.Advisories
		var list []*Advisory
		err := c.getJSON(ctx, address, maxAdvisories, &page, func() (err error) {
			list, err = readAdvisories(address, page.Advisories, q)
			return err
		})
		return list, page.Next, err
	})
}

func (q *AdvisoryQuery) values(cursor string) url.Values {
	v := url.Values{"limit": {orNone(pageSize)}, "cursor": {cursor}, "version": {q.Version.String()}}
	if !q.Package.IsZero() {
		v.Set("package", q.Package.String())
	}
	if !q.Since.IsZero() {
		v.Set("since", q.Since.UTC().Format(time.RFC3339))
	}
	return v
}

func readAdvisories(address string, records []json.RawMessage, q AdvisoryQuery) ([]*Advisory, error) {
	if records == nil {
		return nil, &ReplyError{URL: address, Reason: "the answer lists no advisories", foreign: true}
	}
	list := make([]*Advisory, 0, len(records))
	for _, record := range records {
		a, err := readAdvisory(address, record)
		if err != nil {
			return nil, err
		}
		if !q.Package.IsZero() && !a.Names(q.Package) {
			return nil, aboutOther(address, a.ID, q.Package.String())
		}
		list = append(list, a)
	}
	return list, nil
}

func readAdvisory(address string, record json.RawMessage) (*Advisory, error) {
	a := &Advisory{Record: record}
	if err := json.Unmarshal(record, a); err != nil || a.ID == "" {
		return nil, &ReplyError{URL: address, Reason: "the answer is no advisory in the OSV format", foreign: true}
	}
	return a, nil
}

// Advisory asks for one advisory.
func (c *Client) Advisory(ctx context.Context, id string) (*Advisory, error) {
	address := c.urls.Advisory(id)
	var record json.RawMessage
	var a *Advisory
	err := c.getJSON(ctx, address, maxReply, &record, func() (err error) {
		if a, err = readAdvisory(address, record); err != nil {
			return err
		}
		return sameText(address, a.ID, id)
	})
	return a, err
}
