package ident

import "strings"

// Nearest gives the known word that was likely meant by a wrong one, "" when none
// is near: one that differs in few characters, upper and lower case being the
// same, or one that begins with it. Of equals the first is given.
func Nearest(wrong string, known ...string) string {
	const longest = 100 // of what is compared: words of strangers stay cheap
	wrong = strings.ToLower(wrong[:min(len(wrong), longest)])
	best, least := "", 1+len(wrong)/4
	for _, word := range known {
		if d := distance(wrong, strings.ToLower(word[:min(len(word), longest)])); d <= least {
			best, least = word, d-1
		}
	}
	for _, word := range known {
		if best == "" && len(wrong) > 1 && strings.HasPrefix(strings.ToLower(word), wrong) {
			best = word
		}
	}
	return best
}

// distance counts the single-character changes between two words (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
