package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/ori-lang/registry/internal/repotest/pgtest"
)

// built is the folder of both programs, made when the first test asks.
var built string

// build builds both programs once for all tests of the package.
var build = sync.OnceValue(func() (err error) {
	if built, err = os.MkdirTemp("", "ori-e2e-"); err != nil {
		return err
	}
	command := exec.Command("go", "build", "-o", built, "./cmd/ori-registry", "./cmd/oripk")
	command.Dir = ".."
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("building the programs: %w\n%s", err, output)
	}
	return nil
})

// binaries gives the folder that holds ori-registry and oripk.
func binaries(t testing.TB) (dir string) {
	t.Helper()
	if err := build(); err != nil {
		t.Fatal(err)
	}
	return built
}

func TestMain(m *testing.M) {
	code := pgtest.Main(m)
	if built != "" {
		os.RemoveAll(built)
	}
	os.Exit(code)
}
