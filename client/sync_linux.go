package client

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// settlesAtOnce says that much can be put on the disk in one wait.
const settlesAtOnce = true

// syncFileSystem puts everything on the disk that was written to the file
// system of dir. It is false where that cannot be asked for.
func syncFileSystem(dir string) (whole bool, err error) {
	f, err := os.Open(dir)
	if err != nil {
		return false, err
	}
	defer f.Close()
	err = unix.Syncfs(int(f.Fd()))
	if errors.Is(err, unix.ENOSYS) {
		return false, nil
	}
	return true, err
}
