package client

import "github.com/ori-lang/registry/ident"

// didYouMean gives "; did you mean …?" when one of the words is likely meant.
func didYouMean(wrong string, words ...string) string {
	if near := ident.Nearest(wrong, words...); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}
