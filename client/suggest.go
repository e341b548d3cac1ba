package client

// didYouMean gives "; did you mean …?" when one of the words is likely meant.
func didYouMean(wrong string, words ...string) string {
	best, least := "", 1+len(wrong)/4
	for _, word := range words {
		if d := distance(wrong, word); d <= least {
			best, least = word, d-1
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// distance counts the single-character changes between two words (Levenshtein).
// Words of strangers are cut, which keeps it cheap.
func distance(a, b string) int {
	const longest = 100
	a, b = a[:min(len(a), longest)], b[:min(len(b), longest)]
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
