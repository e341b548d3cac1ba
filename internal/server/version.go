package server

import "runtime/debug"

// Version is the version of this program as the build recorded it, "devel"
// where it recorded none.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
