package server

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ori-lang/registry/ident"
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

// nearest gives "; did you mean …?" when one of the settings is likely meant.
func nearest(wrong string, spelling func(Setting) string) string {
	var known []string
	for _, setting := range append(Settings(), ConfigFile()) {
		known = append(known, spelling(setting))
	}
	if near := ident.Nearest(wrong, known...); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}
