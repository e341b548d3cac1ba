package registry_test

import (
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// What became of versions and packages stands in the log: whatever a row says
// otherwise is found.
func TestFsckFollowsLives(t *testing.T) {
	for _, test := range []struct {
		name, statement, want string
	}{
		{"nothing", `SELECT 1`, ""},
		{"yank forgotten", `UPDATE version SET yanked_at = NULL, yank_reason = NULL, yank_message = NULL WHERE version = '1.0.0'`, "its record does not"},
		{"yank made up", `UPDATE version SET yanked_at = 1 WHERE version = '5.0.0'`, "differs from what the log says"},
		{"yank of another reason", `UPDATE version SET yank_reason = 'legal' WHERE version = '1.0.0'`, "differs from what the log says"},
		{"yank of another time", `UPDATE version SET yanked_at = yanked_at + 1000000 WHERE version = '1.0.0'`, "differs from what the log says"},
		{"message of a yank changed", `UPDATE version SET yank_message = 'it is fine' WHERE version = '1.0.0'`, "differs from what the log says"},
		{"message of a yank lost", `UPDATE version SET yank_message = NULL WHERE version = '1.0.0'`, "differs from what the log says"},
		{"unyank forgotten", `UPDATE version SET yanked_at = published_at WHERE version = '2.0.0'`, "differs from what the log says"},
		{"deprecation forgotten", `UPDATE version SET deprecated_at = NULL WHERE version = '3.0.0'`, "its record does not"},
		{"replacement changed", `UPDATE version SET replacement = '@evil/http' WHERE version = '3.0.0'`, "differs from what the log says"},
		{"removal forgotten", `UPDATE version SET removed_at = NULL WHERE version = '4.0.0'`, "its record does not"},
		{"removed bytes back", `UPDATE archive SET data = X'00', removed = 0 WHERE removed = 1`, "is still there"},
		{"removed bytes kept", `UPDATE archive SET data = X'00' WHERE removed = 1`, "its bytes are in the database"},
		{"removed README back", `INSERT INTO readme SELECT package, version, X'00' FROM version WHERE version = '4.0.0'`, "is still there"},
		{"status changed", `UPDATE package SET status = 'active'`, "its status is active, the log says archived"},
	} {
		t.Run(test.name, func(t *testing.T) {
			eachDatabase(t, func(t *testing.T, f *fixture) {
				liveAndLearn(t, f)
				f.tamper(test.statement)
				f.findsMismatch(t, test.want)
			})
		})
	}
}

// liveAndLearn makes five versions: one yanked, one that was, one deprecated,
// one removed, one that nothing became of.
func liveAndLearn(t *testing.T, f *fixture) {
	t.Helper()
	ada, root := f.owner("ada", "acme"), f.operator("root")
	for _, v := range []string{"1.0.0", "2.0.0", "3.0.0", "4.0.0", "5.0.0"} {
		f.mustPublish(ada, sample.Package{Ref: "@acme/http@" + v, Files: map[string]string{"README.md": "# http\n"}})
	}
	_, err := f.Yank(t.Context(), ada, ref("@acme/http@1.0.0"), api.Yank{Reason: given("broken"), Message: given("it eats files")})
	must(t, err)
	_, err = f.Yank(t.Context(), ada, ref("@acme/http@2.0.0"), api.Yank{})
	must(t, err)
	_, err = f.Unyank(t.Context(), ada, ref("@acme/http@2.0.0"))
	must(t, err)
	_, err = f.Deprecate(t.Context(), ada, ref("@acme/http@3.0.0"), api.Deprecation{Message: given("old"), Replacement: given("@acme/web")})
	must(t, err)
	_, err = f.Remove(t.Context(), root, ref("@acme/http@4.0.0"), api.Removal{Reason: "malware"})
	must(t, err)
	_, err = f.SetStatus(t.Context(), root, pkg("@acme/http"), api.StatusChange{Status: api.Archived})
	must(t, err)
}
