package server

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// unknownVariables gives a warning for each variable that no setting has.
func unknownVariables(env map[string]string) (warnings []string) {
	known := map[string]bool{ConfigFile().Env: true}
	for _, setting := range Settings() {
		known[setting.Env] = true
	}
	for _, name := range slices.Sorted(maps.Keys(env)) {
		if !known[name] {
			warnings = append(warnings, fmt.Sprintf("the variable %s is not a setting and is ignored%s",
				name, nearest(name, func(s Setting) string { return s.Env })))
		}
	}
	return warnings
}

// nearest gives ", did you mean …?" when one of the settings is likely meant.
func nearest(wrong string, spelling func(Setting) string) string {
	best, least := "", 1+len(wrong)/4
	for _, setting := range append(Settings(), ConfigFile()) {
		name := spelling(setting)
		if d := distance(strings.ToLower(wrong), strings.ToLower(name)); d <= least {
			best, least = name, d-1
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
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
