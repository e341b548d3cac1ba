package store

import (
	"context"
	"errors"
	"time"

	"github.com/ori-lang/registry/ident"
)

// Package is the registry's own record of a package.
type Package struct {
	Name               ident.Package
	Owner              string // account id; "": the members of the scope
	Status             string
	OwnershipChangedAt *time.Time
	CreatedAt          time.Time
}

const packageColumns = `owner, status, ownership_changed_at, created_at`

// packageRow is a Package as it is stored.
type packageRow struct {
	owner   *string
	status  string
	changed *int64
	created int64
}

func (row *packageRow) dest() []any {
	return []any{&row.owner, &row.status, &row.changed, &row.created}
}

func (row *packageRow) value(name ident.Package) *Package {
	return &Package{
		Name: name, Owner: textOf(row.owner), Status: row.status,
		OwnershipChangedAt: timeOrNil(row.changed), CreatedAt: fromMicros(row.created),
	}
}

// Package gives the package, or ErrNotFound.
func (r *Reader) Package(ctx context.Context, name ident.Package) (*Package, error) {
	var row packageRow
	err := r.row(ctx, row.dest(), `SELECT `+packageColumns+` FROM package WHERE name = $1`, name.String())
	if err != nil {
		return nil, err
	}
	return row.value(name), nil
}

// PackageByFold gives the name of the scope's package whose name is this one
// but for hyphens, or ErrNotFound.
func (r *Reader) PackageByFold(ctx context.Context, scope, folded string) (name string, err error) {
	err = r.row(ctx, []any{&name}, `SELECT name FROM package WHERE scope = $1 AND folded = $2`, scope, folded)
	return name, err
}

// AddPackage stores a new package that belongs to its scope.
func (t *Tx) AddPackage(ctx context.Context, p Package) error {
	return t.exec(ctx, `INSERT INTO package (name, scope, folded, status, created_at) VALUES ($1, $2, $3, $4, $5)`,
		p.Name.String(), p.Name.Scope(), ident.Fold(p.Name.Name()), p.Status, micros(p.CreatedAt))
}

// EachPackage calls visit for every package.
func (r *Reader) EachPackage(ctx context.Context, visit func(*Package) error) error {
	return r.rows(ctx, func(scan func(...any) error) error {
		var name string
		var row packageRow
		if err := scan(append([]any{&name}, row.dest()...)...); err != nil {
			return err
		}
		parsed, err := ident.ParsePackage(name)
		if err != nil {
			return err
		}
		return visit(row.value(parsed))
	}, `SELECT name, `+packageColumns+` FROM package`)
}

// SetStatus stores a package's status.
func (t *Tx) SetStatus(ctx context.Context, name ident.Package, status string) error {
	return t.exec(ctx, `UPDATE package SET status = $2 WHERE name = $1`, name.String(), status)
}

// Version is the registry's record of one version. All of it but its Life is what was published, and never changes.
type Version struct {
	Package      ident.Package
	Version      ident.Version
	Checksum     ident.Checksum
	Size         int64
	Manifest     ident.Checksum // of oripk.toml
	UnpackedSize int64
	FileCount    int
	PublishedAt  time.Time
	PublishedBy  string // account id
	Publisher    string // its login; read, not stored here
	LogIndex     int64
	Leaf         [32]byte
	HasReadme    bool
	Details      []byte // JSON of what the manifest says
	Life
	Advisories []string // ids of those that affect it; neither read nor stored here
}

const versionColumns = `version.version, version.checksum, version.size, version.manifest, version.unpacked_size,
	version.file_count, version.published_at, version.published_by, account.login, version.log_index, version.leaf,
	version.has_readme, version.details, ` + lifeColumns

func scanVersion(scan func(...any) error, p ident.Package) (*Version, error) {
	v := Version{Package: p}
	var number, details string
	var checksum, manifest, leaf []byte
	var published int64
	var life lifeRow
	err := scan(append([]any{
		&number, &checksum, &v.Size, &manifest, &v.UnpackedSize, &v.FileCount, &published,
		&v.PublishedBy, &v.Publisher, &v.LogIndex, &leaf, &v.HasReadme, &details,
	}, life.dest()...)...)
	if err != nil {
		return nil, err
	}
	if v.Version, err = ident.ParseVersion(number); err != nil {
		return nil, err
	}
	copy(v.Checksum[:], checksum)
	copy(v.Manifest[:], manifest)
	copy(v.Leaf[:], leaf)
	v.PublishedAt, v.Details, v.Life = fromMicros(published), []byte(details), life.value()
	return &v, nil
}

// Version gives one version, or ErrNotFound.
func (r *Reader) Version(ctx context.Context, ref ident.Ref) (*Version, error) {
	var found *Version
	err := r.rows(ctx, func(scan func(...any) error) (err error) {
		found, err = scanVersion(scan, ref.Package)
		return err
	}, `SELECT `+versionColumns+` FROM version JOIN account ON account.id = version.published_by
		WHERE version.package = $1 AND version.version = $2`, ref.Package.String(), ref.Version.String())
	if err == nil && found == nil {
		return nil, ErrNotFound
	}
	return found, err
}

// VersionsOf gives all versions of a package, in no order.
func (r *Reader) VersionsOf(ctx context.Context, p ident.Package) ([]*Version, error) {
	var versions []*Version
	err := r.rows(ctx, func(scan func(...any) error) error {
		v, err := scanVersion(scan, p)
		versions = append(versions, v)
		return err
	}, `SELECT `+versionColumns+` FROM version JOIN account ON account.id = version.published_by
		WHERE version.package = $1`, p.String())
	return versions, err
}

// VersionsLoggedIn gives the versions whose publish entries have the indexes
// from start up to but not including end, in the order of the log.
func (r *Reader) VersionsLoggedIn(ctx context.Context, start, end int64) ([]*Version, error) {
	return r.versionsOfAny(ctx, `WHERE version.log_index >= $1 AND version.log_index < $2 ORDER BY version.log_index`, start, end)
}

// NewestVersions gives up to limit versions, the one that was published last first.
func (r *Reader) NewestVersions(ctx context.Context, limit int) ([]*Version, error) {
	return r.versionsOfAny(ctx, `ORDER BY version.log_index DESC LIMIT $1`, limit)
}

func (r *Reader) versionsOfAny(ctx context.Context, which string, args ...any) (versions []*Version, err error) {
	err = r.rows(ctx, func(scan func(...any) error) error {
		var name string
		v, err := scanVersion(func(dest ...any) error { return scan(append([]any{&name}, dest...)...) }, ident.Package{})
		if err != nil {
			return err
		}
		v.Package, err = ident.ParsePackage(name)
		versions = append(versions, v)
		return err
	}, `SELECT version.package, `+versionColumns+` FROM version JOIN account ON account.id = version.published_by `+which, args...)
	return versions, err
}

// CountVersions gives the number of versions.
func (r *Reader) CountVersions(ctx context.Context) (n int64, err error) {
	err = r.row(ctx, []any{&n}, `SELECT COUNT(*) FROM version`)
	return n, err
}

// ChecksumOf gives the checksum of a version's archive, or ErrNotFound.
func (r *Reader) ChecksumOf(ctx context.Context, ref ident.Ref) (c ident.Checksum, err error) {
	var raw []byte
	err = r.row(ctx, []any{&raw}, `SELECT checksum FROM version WHERE package = $1 AND version = $2`,
		ref.Package.String(), ref.Version.String())
	copy(c[:], raw)
	return c, err
}

// AddVersion stores a new version, whose package and archive are stored already.
func (t *Tx) AddVersion(ctx context.Context, v *Version) error {
	return t.exec(ctx, `INSERT INTO version (package, version, checksum, size, manifest, unpacked_size, file_count,
		published_at, published_by, log_index, leaf, has_readme, details)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
		v.Package.String(), v.Version.String(), v.Checksum[:], v.Size, v.Manifest[:], v.UnpackedSize, v.FileCount,
		micros(v.PublishedAt), v.PublishedBy, v.LogIndex, v.Leaf[:], boolToInt(v.HasReadme), string(v.Details))
}

// AddReadme stores the README of a version.
func (t *Tx) AddReadme(ctx context.Context, ref ident.Ref, content []byte) error {
	return t.exec(ctx, `INSERT INTO readme (package, version, content) VALUES ($1, $2, $3)`,
		ref.Package.String(), ref.Version.String(), content)
}

// Readme gives the README of a version, or ErrNotFound.
func (r *Reader) Readme(ctx context.Context, ref ident.Ref) (content []byte, err error) {
	err = r.row(ctx, []any{&content}, `SELECT content FROM readme WHERE package = $1 AND version = $2`,
		ref.Package.String(), ref.Version.String())
	return content, err
}

// AddArchive stores an archive, or, with data nil, that it is kept in the
// folder of large archives. One that is there already stays as it is.
func (t *Tx) AddArchive(ctx context.Context, c ident.Checksum, size int64, data []byte) error {
	return t.exec(ctx, `INSERT INTO archive (checksum, size, data) VALUES ($1, $2, $3) ON CONFLICT (checksum) DO NOTHING`,
		c[:], size, data)
}

// Archive gives an archive's bytes, or nil when it is kept in the folder of
// large archives, or ErrNotFound.
func (r *Reader) Archive(ctx context.Context, c ident.Checksum) (data []byte, err error) {
	err = r.row(ctx, []any{&data}, `SELECT data FROM archive WHERE checksum = $1`, c[:])
	return data, err
}

// HasArchive reports whether the database knows the archive, wherever it is
// kept; one that was removed it knows no more.
func (r *Reader) HasArchive(ctx context.Context, c ident.Checksum) (bool, error) {
	var size int64
	err := r.row(ctx, []any{&size}, `SELECT size FROM archive WHERE checksum = $1 AND removed = 0`, c[:])
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// StoredArchive is an archive as the database has it.
type StoredArchive struct {
	Checksum ident.Checksum
	Size     int64
	Data     []byte // nil for those in the folder
	Owned    bool   // some version has these bytes
	Removed  bool   // the bytes are gone for good
}

// EachArchive calls visit for every archive.
func (r *Reader) EachArchive(ctx context.Context, visit func(StoredArchive) error) error {
	return r.rows(ctx, func(scan func(...any) error) error {
		var a StoredArchive
		var raw []byte
		var owner *string
		if err := scan(&raw, &a.Size, &a.Data, &a.Removed, &owner); err != nil {
			return err
		}
		copy(a.Checksum[:], raw)
		a.Owned = owner != nil
		return visit(a)
	}, `SELECT archive.checksum, archive.size, archive.data, archive.removed, version.package
		FROM archive LEFT JOIN version ON version.checksum = archive.checksum`)
}
