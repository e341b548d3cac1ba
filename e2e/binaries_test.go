package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
)

// build builds both programs once for all tests of the package.
var build = sync.OnceValues(func() (dir string, err error) {
	dir, err = os.MkdirTemp("", "ori-e2e-")
	if err != nil {
		return "", err
	}
	command := exec.Command("go", "build", "-o", dir, "./cmd/ori-registry", "./cmd/oripk")
	command.Dir = ".."
	if output, err := command.CombinedOutput(); err != nil {
		return dir, fmt.Errorf("building the programs: %w\n%s", err, output)
	}
	return dir, nil
})

// binaries gives the folder that holds ori-registry and oripk.
func binaries(t testing.TB) (dir string) {
	t.Helper()
	dir, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, _ := build(); dir != "" {
		os.RemoveAll(dir)
	}
	os.Exit(code)
}
