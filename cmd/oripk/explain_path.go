package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ori-lang/registry/client"
)

// explainPath is for files and folders that cannot be read or written.
func explainPath(err error) (explanation, error) {
	path, cause, what := "", error(nil), error(nil)
	if failure, ok := errors.AsType[*fs.PathError](err); ok {
		path, cause, what = failure.Path, failure.Err, failure
	} else if failure, ok := errors.AsType[*os.LinkError](err); ok {
		path, cause, what = failure.New, failure.Err, failure
	} else {
		return explanation{}, nil
	}
	e := explanation{Code: "failed", Message: err.Error(), Hint: hintOf(cause), ExitCode: exitFailed, local: true}
	if isUnnamed(path) { // a name that the user has not given and will not see
		e.Message = strings.Replace(e.Message, what.Error(), inFolder(filepath.Dir(path), cause), 1)
	}
	e.Message = client.Printable(e.Message)
	return e, err
}

// isUnnamed reports whether a file was to get its name when it is whole.
func isUnnamed(path string) bool { return strings.HasPrefix(filepath.Base(path), ".oripk-") }

func inFolder(folder string, cause error) string {
	if folder == "." {
		folder = "its folder"
	}
	return fmt.Sprintf("%s: %v", folder, cause)
}

// hintOf says what can be done about a failure of the file system.
func hintOf(cause error) string {
	switch {
	case errors.Is(cause, syscall.ENOSPC), errors.Is(cause, syscall.EDQUOT):
		return "make room there; where the cache is, oripk cache clean does"
	case errors.Is(cause, syscall.EROFS), errors.Is(cause, fs.ErrPermission):
		return "make it readable and writable for your account, or name another place"
	case errors.Is(cause, fs.ErrNotExist), errors.Is(cause, syscall.ENOTDIR), errors.Is(cause, syscall.EISDIR):
		return "check the path"
	}
	return ""
}
