package registry_test

import (
	"strings"
	"testing"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/internal/repotest/sample"
)

// Who owns what is found by fsck when the log says otherwise.
func TestFsckComparesOwners(t *testing.T) {
	const ofBob, ofEve = `(SELECT id FROM account WHERE login = 'bob')`, `(SELECT id FROM account WHERE login = 'eve')`
	tests := []struct{ what, statement, want string }{
		{"nothing", `SELECT 1`, ""},
		{"member added", `INSERT INTO scope_member (scope, account, role) VALUES ('acme', ` + ofEve + `, 'owner')`, `the log ""`},
		{"member deleted", `DELETE FROM scope_member WHERE account = ` + ofBob, "and its record none"},
		{"role changed", `UPDATE scope_member SET role = 'owner' WHERE account = ` + ofBob, `the log "member"`},
		{"claim taken over", `UPDATE scope_member SET account = ` + ofEve + ` WHERE role = 'owner'`, `the log ""`},
		{"owner changed", `UPDATE package SET owner = ` + ofEve + ` WHERE owner IS NOT NULL`, "differs from what the log says"},
		{"owner taken away", `UPDATE package SET owner = NULL, ownership_changed_at = NULL`, "differs from what the log says"},
		{"owner made up", `UPDATE package SET owner = ` + ofEve + `, ownership_changed_at = 1 WHERE owner IS NULL`, "its record says that it was"},
		{"time of the transfer changed", `UPDATE package SET ownership_changed_at = ownership_changed_at + 1`, "differs from what the log says"},
		{"time of the transfer taken away", `UPDATE package SET ownership_changed_at = NULL`, "differs from what the log says"},
		{"transfer without an owner", `UPDATE package SET ownership_changed_at = 1 WHERE owner IS NULL`, "its record says that it was"},
		{"offers changed, which the log does not speak of", `UPDATE transfer SET status = 'pending'`, ""},
	}
	eachDatabase(t, func(t *testing.T, f *fixture) {
		ada, bob, eve := f.owner("ada", "acme"), f.user("bob"), f.user("eve")
		f.enter(ada, bob, "acme", api.MemberOfTeam)
		f.enter(ada, eve, "acme", api.Owner)
		must(t, f.RemoveMember(t.Context(), ada, "acme", "eve"))
		f.mustPublish(ada, sample.Package{Ref: "@acme/http@1.0.0"})
		f.mustPublish(ada, sample.Package{Ref: "@acme/json@1.0.0"})
		f.offer(ada, bob, "@acme/http")
		_, err := f.AcceptTransfer(t.Context(), bob, pkg("@acme/http"))
		must(t, err)
		for _, test := range tests {
			f.tamper(`CREATE TABLE members AS SELECT scope, account, role FROM scope_member`,
				`CREATE TABLE packages AS SELECT name, owner, ownership_changed_at FROM package`, test.statement)
			faults := strings.Join(f.fsck(), "\n")
			if !strings.Contains(faults, test.want) || (test.want == "") != (faults == "") {
				t.Errorf("%s: fsck says %q, want something with %q", test.what, faults, test.want)
			}
			f.tamper(`DELETE FROM scope_member`, `INSERT INTO scope_member (scope, account, role) SELECT scope, account, role FROM members`,
				`UPDATE package SET owner = (SELECT owner FROM packages WHERE packages.name = package.name),
					ownership_changed_at = (SELECT ownership_changed_at FROM packages WHERE packages.name = package.name)`,
				`DROP TABLE members`, `DROP TABLE packages`)
		}
		f.tamper(`DELETE FROM package WHERE owner IS NOT NULL`)
		f.findsMismatch(t, "there is no record of it")
	})
}
