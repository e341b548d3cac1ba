package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/client"
)

// maxResults is how many packages a search ranks.
const maxResults = 1000

func (a *app) searchCommand() *cobra.Command {
	var sort *choice
	var limit int
	search := &cobra.Command{
		Use:   "search WORD…",
		Short: "Find packages",
		Long: "Find packages that have all words, in their name, keywords, description or README. The\n" +
			"last word may be the beginning of one; when nothing is found, one slip in a word is\n" +
			"forgiven. scope:NAME and keyword:WORD among the words are conditions.\n\n" +
			"A * marks the package whose name is what was looked for. Descriptions are cut to the\n" +
			"width of a terminal. Everything is found by an empty word: oripk search '' --sort updated.\n\n" +
			"With --json: query, total, total_is_capped (more are not counted), results, a list of\n" +
			"package, description, latest (null: there are pre-releases only), updated_at, keywords,\n" +
			"license, dependents, deprecated and exact; and next, null when that is all.",
		Example: "  oripk search http client\n  oripk search json scope:acme --sort updated --limit 5",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{What: cmd.CommandPath() + " needs a word to look for", Try: "oripk search http client; oripk search '' finds everything"}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 1 || limit > maxResults {
				return &usageError{What: fmt.Sprintf("--limit cannot be %d", limit), Why: fmt.Sprintf("a search shows from 1 to %d packages", maxResults), Try: "--limit 20"}
			}
			return a.search(cmd.Context(), client.SearchQuery{Query: strings.Join(args, " "), Sort: api.Sort(sort.value)}, limit)
		},
	}
	sort = chosen(search, "sort", string(api.ByRelevance), "the order", string(api.ByRelevance), string(api.ByUpdate), string(api.ByName))
	search.Flags().IntVar(&limit, "limit", 20, "how many packages are shown at most")
	return search
}

func (a *app) search(ctx context.Context, q client.SearchQuery, limit int) error {
	c, err := a.client(client.Options{})
	if err != nil {
		return err
	}
	found, err := searchUpTo(ctx, c, q, limit)
	if err != nil {
		return err
	}
	a.tellMore(found)
	return a.result(found, func(w io.Writer) { printResults(w, found) })
}

// searchUpTo puts the results of as many pages together as it takes.
func searchUpTo(ctx context.Context, c *client.Client, q client.SearchQuery, limit int) (*api.Results, error) {
	const most = 100 // on a page
	q.Limit = min(limit, most)
	found, err := c.Search(ctx, q)
	for err == nil && found.Next != nil && len(found.Results) < limit {
		if q.Cursor, err = client.CursorOf(found.Next); err != nil {
			break
		}
		q.Limit = min(limit-len(found.Results), most)
		var page *api.Results
		if page, err = c.Search(ctx, q); err != nil || len(page.Results) == 0 {
			break
		}
		found.Results, found.Next = append(found.Results, page.Results...), page.Next
	}
	return found, err
}

// tellMore says what is not shown.
func (a *app) tellMore(found *api.Results) {
	shown := len(found.Results)
	switch {
	case shown == 0:
		a.step("nothing was found for %q", client.Printable(found.Query))
	case found.TotalIsCapped:
		a.step("more: over %d were found; another word, scope:NAME or keyword:WORD makes them fewer", found.Total)
	case found.Next != nil:
		a.step("more: %d were found; --limit %d shows all", found.Total, min(found.Total, maxResults))
	}
}

func printResults(w io.Writer, found *api.Results) {
	marked := slices.ContainsFunc(found.Results, func(r api.Result) bool { return r.Exact })
	var rows [][]string
	for i := range found.Results {
		r := &found.Results[i]
		version, about := "pre-release", r.Description
		if r.Latest != nil {
			version = r.Latest.String()
		}
		if r.Deprecated != nil {
			about = "(deprecated) " + about
		}
		cells := []string{r.Package.String(), version, about}
		if marked {
			cells = append([]string{map[bool]string{true: "*"}[r.Exact]}, cells...)
		}
		rows = append(rows, cells)
	}
	table(w, rows)
}
