// Package archive packs, checks and unpacks .oripk files, which hold one version
// of one package each.
//
// # Format
//
// An archive is a gzip file with one member: FLG and MTIME are 0, and nothing
// follows it. In it is a tar, of which the same files have exactly one right
// form, byte for byte:
//
//   - Each file has a ustar header: mode 0644, uid and gid 0, no names of user
//     and group, devmajor and devminor 0000000, the time 1980-01-01T00:00:00Z,
//     type '0'. There are no other types, and no extended headers.
//   - A path over 100 bytes is divided at its last slash that leaves at most 155
//     bytes before it; when over 100 are behind it, the path is not allowed.
//   - The files are in the order oripk.toml, oripk.lock, CHECKSUM, and then by
//     the bytes of their paths.
//   - Two blocks of zeros end it, and nothing follows.
//
// This is what archive/tar writes with FormatUSTAR. CHECKSUM has a line for
// every other file, as sha256sum writes it, in the order of the archive. The
// manifest is valid TOML 1.0 without [scripts], the lock file has all direct
// dependencies, and there is at least one file below src/.
//
// A path has the characters A–Z a–z 0–9 . _ + - @ = , ~ / and at most MaxPath
// bytes and MaxDepth elements of MaxElement bytes. No element is empty, begins
// or ends in a dot, or is the name of a device on Windows. No two paths, and no
// two of their folders, differ only in upper and lower case.
//
// The whole text, with what each FaultCode means, is spec/archive.md.
//
// # Trust
//
// Check reads the tar itself and lets through only what every tar program reads
// in the same way. Extract never writes outside of its folder, nor anything more
// as soon as a fault is found.
package archive

import (
	"fmt"
	"strings"

	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/manifest"
)

// Limits of an archive. Each is the largest value that is still right.
const (
	MaxCompressed = 10 << 20             // bytes of the .oripk file
	MaxUnpacked   = 64 << 20             // bytes of the tar, headers and padding counted
	MaxFile       = 16 << 20             // bytes of one file
	MaxFiles      = 4096                 // tar entries, all counted
	MaxPath       = 200                  // bytes of a path
	MaxElement    = 100                  // bytes of one element of a path
	MaxDepth      = 16                   // elements of a path
	MaxManifest   = manifest.MaxText     // bytes of oripk.toml: 64 KiB
	MaxLock       = manifest.MaxLockText // bytes of oripk.lock: 1 MiB
	MaxChecksum   = 5 << 20 >> 2         // bytes of CHECKSUM: 1.25 MiB
	MaxReadme     = 512 << 10            // bytes of README.md that a Report keeps
	MaxFaults     = 100                  // faults that a Report lists one by one
)

// Names of the files that every archive begins with, in this order.
const (
	ManifestName = "oripk.toml"
	LockName     = "oripk.lock"
	ChecksumName = "CHECKSUM"
	ReadmeName   = "README.md"
	SourceFolder = "src"
)

// FaultCode names a kind of fault. The list is closed: FaultCodes.
type FaultCode string

// The faults of an archive. spec/archive.md says more about each.
const (
	NotGzip             FaultCode = "not_gzip"
	GzipCorrupt         FaultCode = "gzip_corrupt"
	GzipHeader          FaultCode = "gzip_header"
	GzipMultipleMembers FaultCode = "gzip_multiple_members"
	TrailingData        FaultCode = "trailing_data"
	TarHeader           FaultCode = "tar_header"
	TarFraming          FaultCode = "tar_framing"
	ExtendedHeader      FaultCode = "extended_header"
	EntryType           FaultCode = "entry_type"
	Mode                FaultCode = "mode"
	NotCanonical        FaultCode = "not_canonical"
	Path                FaultCode = "path"
	DuplicatePath       FaultCode = "duplicate_path"
	TooLarge            FaultCode = "too_large"
	TooManyFiles        FaultCode = "too_many_files"
	MissingFile         FaultCode = "missing_file"
	UnexpectedPath      FaultCode = "unexpected_path"
	ChecksumFile        FaultCode = "checksum_file"
	LockFile            FaultCode = "lock_file"
	ManifestFile        FaultCode = "manifest"
	Empty               FaultCode = "empty"
)

// FaultCodes is the closed list of codes, in the order of spec/archive.md.
var FaultCodes = []FaultCode{
	NotGzip, GzipCorrupt, GzipHeader, GzipMultipleMembers, TrailingData,
	TarHeader, TarFraming, ExtendedHeader, EntryType, Mode, NotCanonical,
	Path, DuplicatePath, TooLarge, TooManyFiles, MissingFile, UnexpectedPath,
	ChecksumFile, LockFile, ManifestFile, Empty,
}

// Fault is one thing that is wrong with an archive.
type Fault struct {
	Code    FaultCode
	Path    string // the file in the archive, unprintable bytes escaped; "" when the fault is of the whole
	Pointer string // RFC 6901, the place in the file at Path; "" when there is none
	Detail  string // what is wrong, and what would be right
}

// String gives "path: detail (code)".
func (f Fault) String() string {
	if f.Path == "" {
		return fmt.Sprintf("%s (%s)", f.Detail, f.Code)
	}
	return fmt.Sprintf("%s: %s (%s)", f.Path, f.Detail, f.Code)
}

// FileInfo is one file of an archive.
type FileInfo struct {
	Path     string
	Size     int64 // in bytes
	Checksum ident.Checksum
}

// Report is what a check found. The fields about the content hold what was read
// until the check ended, also when there are faults.
type Report struct {
	Checksum     ident.Checksum // of the compressed bytes that were read
	Size         int64          // the number of these bytes, at most MaxCompressed+1
	Whole        bool           // all bytes were read: no limit was passed before their end
	UnpackedSize int64          // bytes of the tar
	Files        []FileInfo     // in archive order

	Manifest         *manifest.Manifest // nil when it cannot be read
	ManifestChecksum ident.Checksum     // of the bytes of oripk.toml
	ManifestText     []byte             // the bytes of oripk.toml
	Lock             *manifest.Lock     // nil when it cannot be read
	Readme           []byte             // README.md, its first MaxReadme bytes; nil when absent

	Faults         []Fault          // at most MaxFaults, then the limit that was passed, then one that counts the rest
	ManifestFaults []manifest.Fault // of a manifest that can be read; bounded likewise
	Warnings       []manifest.Fault // of the manifest; bounded likewise
}

// OK reports whether the archive is right.
func (r *Report) OK() bool { return len(r.Faults) == 0 && len(r.ManifestFaults) == 0 }

// Err is nil when the archive is right, and else an error with a line for each fault.
func (r *Report) Err() error {
	if r.OK() {
		return nil
	}
	return &InvalidError{Report: r}
}

// InvalidError is the error for an archive that has faults.
type InvalidError struct{ Report *Report }

func (e *InvalidError) Error() string {
	var b strings.Builder
	b.WriteString("the archive is not right:")
	for _, f := range e.Report.Faults {
		fmt.Fprintf(&b, "\n  %s", f)
	}
	for _, f := range e.Report.ManifestFaults {
		gap := ""
		if f.Line == 0 {
			gap = " "
		}
		fmt.Fprintf(&b, "\n  %s:%s%s", ManifestName, gap, f)
	}
	return b.String()
}
