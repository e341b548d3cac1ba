package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/ori-lang/registry/api"
	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
	"github.com/ori-lang/registry/internal/sequencer"
	"github.com/ori-lang/registry/internal/store"
	"github.com/ori-lang/registry/manifest"
	"github.com/ori-lang/registry/translog"
)

// Upload is what a publish brings.
type Upload struct {
	Archive  *Staged
	Checksum *ident.Checksum // what the client says it sent; nil: it says nothing
	DryRun   bool            // check everything, keep nothing
}

// Publish makes a version of a checked archive. Everything it decides by is in
// the archive or in the database; the order of writes is: bytes, then one
// transaction with the row and the log entry, then the signed checkpoint.
// Nothing is to be seen of a publish that fails.
func (r *Registry) Publish(ctx context.Context, a Actor, p ident.Package, up Upload) (*api.Receipt, error) {
	if err := r.MayPublish(ctx, a, p); err != nil {
		return nil, err
	}
	if err := checkUpload(p, up); err != nil {
		return nil, err
	}
	pub := &publication{r: r, actor: a, report: up.Archive.report, staged: up.Archive}
	if up.DryRun {
		return pub.rehearse(ctx)
	}
	existing, err := pub.precheck(ctx)
	if err != nil {
		return nil, err
	}
	if existing == nil {
		if existing, err = pub.commit(ctx); err != nil {
			return nil, err
		}
	}
	return pub.receipt(ctx, existing)
}

// checkUpload holds the archive against what the request says of it.
func checkUpload(p ident.Package, up Upload) error {
	report := up.Archive.report
	if report.Size > api.MaxArchive {
		return api.Errorf(api.ArchiveTooLarge, "the archive has more than %d bytes", api.MaxArchive)
	}
	if up.Checksum != nil && report.Whole && *up.Checksum != report.Checksum {
		problem := api.Errorf(api.ChecksumMismatch, "the checksum part says %s, the bytes that arrived have %s", up.Checksum, report.Checksum)
		problem.ExpectedChecksum, problem.ActualChecksum = up.Checksum, &report.Checksum
		return problem
	}
	if !report.OK() {
		return invalidArchive(report)
	}
	if report.Manifest.Package != p {
		problem := api.Errorf(api.ManifestMismatch, "the archive holds %s and was sent to %s", report.Manifest.Package, p)
		problem.Errors = []api.Fault{{
			Path: archive.ManifestName, Pointer: "/project/name", Code: manifest.CodeName,
			Detail: fmt.Sprintf("the name is %s", report.Manifest.Package),
		}}
		return problem
	}
	return nil
}

// invalidArchive lists all faults: manifest_invalid when the archive is right
// but for what its manifest says, else archive_invalid.
func invalidArchive(report *archive.Report) error {
	problem := api.Errorf(api.ArchiveInvalid, "the archive is not in the canonical form")
	if len(report.Faults) == 0 {
		problem = api.Errorf(api.ManifestInvalid, "the archive's oripk.toml is refused")
	}
	problem.WithHint("oripk pack makes a right archive and names what is wrong before anything is sent")
	for _, f := range report.Faults {
		problem.Errors = append(problem.Errors, api.Fault{Path: f.Path, Pointer: f.Pointer, Code: string(f.Code), Detail: f.Detail})
	}
	for _, f := range report.ManifestFaults {
		problem.Errors = append(problem.Errors, api.Fault{Path: archive.ManifestName, Pointer: f.Pointer, Code: f.Code, Detail: f.Detail})
	}
	return problem
}

// publication is one publish on its way.
type publication struct {
	r       *Registry
	actor   Actor
	report  *archive.Report
	staged  *Staged
	created bool
	yanked  []api.Warning // about dependencies
}

func (pub *publication) ref() ident.Ref {
	return ident.Ref{Package: pub.report.Manifest.Package, Version: pub.report.Manifest.Version}
}

// precheck makes every check before anything is written. The lock file is looked
// at only here: a checksum that was right once stays right, and a long lock
// file must not hold up those who wait for the transaction.
func (pub *publication) precheck(ctx context.Context) (existing *store.Version, err error) {
	existing, err = pub.admit(ctx, pub.r.db.Reader())
	if err != nil || existing != nil {
		return existing, err
	}
	return nil, pub.checkLock(ctx, pub.r.db.Reader())
}

// admit checks what the database decides. When the very same version is there
// already it gives that. It runs before anything is written and again inside of
// the transaction, whose answer counts.
func (pub *publication) admit(ctx context.Context, db *store.Reader) (existing *store.Version, err error) {
	if err := pub.r.checkPublisher(ctx, db, pub.actor, pub.ref().Package); err != nil {
		return nil, err
	}
	existing, err = pub.existing(ctx, db)
	if err != nil || existing != nil {
		return existing, err
	}
	if err := pub.checkName(ctx, db); err != nil {
		return nil, err
	}
	return nil, pub.checkDependencies(ctx, db)
}

func (pub *publication) existing(ctx context.Context, db *store.Reader) (*store.Version, error) {
	v, err := db.Version(ctx, pub.ref())
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err == nil && v.Removed != nil {
		return nil, versionRemoved(pub.ref()).WithHint("a number is never used again; publish under a new one")
	}
	if err == nil && v.Checksum != pub.report.Checksum {
		problem := api.Errorf(api.VersionExists, "%s was published with other bytes", pub.ref()).
			WithHint("a version never changes; publish the change under a new version number")
		problem.ExistingChecksum = &v.Checksum
		return nil, problem
	}
	return v, err
}

// checkName refuses a new package whose name is reserved or too similar.
func (pub *publication) checkName(ctx context.Context, db *store.Reader) error {
	p := pub.ref().Package
	similar, err := db.PackageByFold(ctx, p.Scope(), ident.Fold(p.Name()))
	switch {
	case err == nil && similar == p.String():
		return nil
	case err == nil:
		return api.Errorf(api.NameTooSimilar, "%s exists, and %s differs from it by hyphens only", similar, p)
	case !errors.Is(err, store.ErrNotFound):
		return err
	case ident.Reserved(p.Name()):
		return api.Errorf(api.NameReserved, "the name %q is reserved", p.Name())
	}
	return nil
}

// commit makes a large archive durable and then runs the transaction. The
// archive stays locked against the sweeper until the transaction is over.
func (pub *publication) commit(ctx context.Context) (v *store.Version, err error) {
	if pub.staged.upload != "" {
		release, err := pub.r.blobs.Keep(ctx, pub.staged.upload, pub.report.Checksum)
		if err != nil {
			return nil, unstored(fmt.Errorf("storing archive: %w", err))
		}
		defer release()
	}
	// From here on the publish goes through even when its client has gone:
	// the lock must last as long as the transaction.
	err = pub.r.submit(context.WithoutCancel(ctx), func(ctx context.Context, tx *sequencer.Tx) error {
		pub.created = false
		if v, err = pub.admit(ctx, &tx.Reader); err != nil || v != nil {
			return err
		}
		pub.created = true
		v, err = pub.record(ctx, tx)
		return err
	})
	return v, err
}

// record writes the version: archive, entry, package and row.
func (pub *publication) record(ctx context.Context, tx *sequencer.Tx) (*store.Version, error) {
	report, ref := pub.report, pub.ref()
	entry := &translog.Entry{
		Kind: translog.KindPublish, Package: ref.Package, Version: ref.Version,
		Archive: report.Checksum, Size: report.Size, Manifest: report.ManifestChecksum, Actor: pub.actor.account.ID,
	}
	index, leaf, err := tx.Append(ctx, entry)
	if err != nil {
		return nil, err
	}
	if err := pub.recordPackage(ctx, tx, entry); err != nil {
		return nil, err
	}
	if err := tx.AddArchive(ctx, report.Checksum, report.Size, pub.inline()); err != nil {
		return nil, err
	}
	v, err := pub.row(entry.Time, index, leaf)
	if err != nil {
		return nil, err
	}
	if err := tx.AddVersion(ctx, v); err != nil {
		return nil, err
	}
	if v.HasReadme {
		if err := tx.AddReadme(ctx, ref, report.Readme); err != nil {
			return nil, err
		}
	}
	return v, pub.r.reindexPublished(ctx, tx.Tx, v, report.Readme)
}

// row is the version as it is stored.
func (pub *publication) row(at time.Time, index int64, leaf tlog.Hash) (*store.Version, error) {
	report, ref := pub.report, pub.ref()
	facts, err := json.Marshal(detailsOf(report.Manifest))
	if err != nil {
		return nil, fmt.Errorf("writing the record of %s: %w", ref, err)
	}
	return &store.Version{
		Package: ref.Package, Version: ref.Version, Checksum: report.Checksum, Size: report.Size,
		Manifest: report.ManifestChecksum, UnpackedSize: report.UnpackedSize, FileCount: len(report.Files),
		PublishedAt: at, PublishedBy: pub.actor.account.ID, Publisher: pub.actor.account.Login,
		LogIndex: index, Leaf: leaf, HasReadme: report.Readme != nil, Details: facts,
	}, nil
}

func (pub *publication) recordPackage(ctx context.Context, tx *sequencer.Tx, entry *translog.Entry) error {
	_, err := tx.Package(ctx, entry.Package)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return tx.AddPackage(ctx, store.Package{Name: entry.Package, Status: string(api.Active), CreatedAt: entry.Time})
}

// inline gives the bytes that go into the database, nil for a large archive.
func (pub *publication) inline() []byte {
	if pub.staged.upload != "" {
		return nil
	}
	return pub.staged.small
}

func (pub *publication) receipt(ctx context.Context, v *store.Version) (*api.Receipt, error) {
	metadata, err := pub.metadata(ctx, v)
	if err != nil {
		return nil, err
	}
	proof, err := pub.r.log.Proof(ctx, v.LogIndex)
	if err != nil {
		return nil, err
	}
	return &api.Receipt{
		Metadata: *metadata, Log: api.ReceiptLog{VersionLog: metadata.Log, Proof: string(proof)},
		Created: pub.created, Warnings: pub.warnings(),
	}, nil
}

// metadata gives what is told of the version. A new one may be affected by an
// advisory that is older.
func (pub *publication) metadata(ctx context.Context, v *store.Version) (*api.Metadata, error) {
	if err := advise(ctx, pub.r.db.Reader(), v.Package, v); err != nil {
		return nil, err
	}
	return pub.r.wireMetadata(v)
}

// rehearse is the publish that keeps nothing: the same checks, and a receipt
// that says what would be there.
func (pub *publication) rehearse(ctx context.Context) (receipt *api.Receipt, err error) {
	existing, err := pub.precheck(ctx)
	if err != nil {
		return nil, err
	}
	if existing != nil {
		receipt, err = pub.receipt(ctx, existing)
	} else {
		receipt, err = pub.imagined(ctx)
	}
	if err != nil {
		return nil, err
	}
	receipt.DryRun = true
	return receipt, nil
}

func (pub *publication) imagined(ctx context.Context) (*api.Receipt, error) {
	v, err := pub.row(pub.r.now(), -1, tlog.Hash{})
	if err != nil {
		return nil, err
	}
	metadata, err := pub.metadata(ctx, v)
	if err != nil {
		return nil, err
	}
	metadata.Log.Leaf = ""
	return &api.Receipt{Metadata: *metadata, Log: api.ReceiptLog{VersionLog: metadata.Log}, Warnings: pub.warnings()}, nil
}

func (pub *publication) warnings() []api.Warning {
	warnings := []api.Warning{}
	for _, w := range pub.report.Warnings {
		warnings = append(warnings, api.Warning{Code: w.Code, Detail: w.Detail, Pointer: w.Pointer})
	}
	return append(warnings, pub.yanked...)
}
