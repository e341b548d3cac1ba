package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/ident"
)

// listPacked shows what pack would put into the archive.
func (a *app) listPacked(dir string) error {
	p, err := a.openPackage(dir)
	if err != nil {
		return err
	}
	defer p.Close()
	plan, err := p.Plan()
	if err != nil {
		return err
	}
	files, err := plan.All()
	if err != nil {
		return err
	}
	a.noteScripts(p)
	listed := newListedJSON(p.Ref(), plan, files)
	if !a.json {
		for _, f := range listed.Warnings {
			a.step("warning: %s", f)
		}
	}
	return a.result(listed, func(w io.Writer) { printListed(w, files) })
}

// listedJSON is the JSON of pack --list.
type listedJSON struct {
	Package  ident.Package `json:"package"`
	Version  ident.Version `json:"version"`
	Files    []listedFile  `json:"files"` // in the order of the archive
	Warnings []fault       `json:"warnings"`
}

type listedFile struct {
	Path string `json:"path"`
	Size *int64 `json:"size"` // in bytes; null: it is made when the package is packed
}

func newListedJSON(ref ident.Ref, plan *archive.Plan, files []archive.PlannedFile) *listedJSON {
	out := &listedJSON{Package: ref.Package, Version: ref.Version, Warnings: manifestFaults(archive.ManifestName, plan.Report.Warnings)}
	for _, f := range files {
		one := listedFile{Path: f.Path}
		if f.Size != archive.Unknown {
			one.Size = &f.Size
		}
		out.Files = append(out.Files, one)
	}
	return out
}

func printListed(w io.Writer, files []archive.PlannedFile) {
	table, total := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight), int64(0)
	for _, f := range files {
		size := "to be made"
		if f.Size != archive.Unknown {
			size, total = bytesOf(f.Size), total+f.Size
		}
		fmt.Fprintf(table, "%s\t  %s\n", size, f.Path)
	}
	fmt.Fprintf(table, "%s\t  %s\n", bytesOf(total), counted(len(files), "file"))
	table.Flush()
}
