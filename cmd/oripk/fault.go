package main

import (
	"fmt"

	"github.com/ori-lang/registry/archive"
	"github.com/ori-lang/registry/client"
	"github.com/ori-lang/registry/manifest"
)

// fault is one fault of a file, in the JSON of an error.
type fault struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"` // line and column count from 1
	Column  int    `json:"column,omitempty"`
	Pointer string `json:"pointer,omitempty"` // RFC 6901, into the file
	Code    string `json:"code"`
	Detail  string `json:"detail"`
}

// String gives "file:line:column: detail (code)", without what is not known.
func (f fault) String() string {
	at := f.File
	if f.Line > 0 {
		at += fmt.Sprintf(":%d:%d", f.Line, f.Column)
	}
	if at != "" {
		at += ": "
	}
	return fmt.Sprintf("%s%s (%s)", at, f.Detail, f.Code)
}

func manifestFaults(file string, faults []manifest.Fault) []fault {
	var all []fault
	for _, f := range faults {
		all = append(all, fault{
			File: file, Line: f.Line, Column: f.Column, Pointer: client.Printable(f.Pointer),
			Code: f.Code, Detail: client.Printable(f.Detail),
		})
	}
	return all
}

func archiveFaults(r *archive.Report) []fault {
	var all []fault
	for _, f := range r.Faults {
		all = append(all, fault{
			File: client.Printable(f.Path), Pointer: client.Printable(f.Pointer), Code: string(f.Code), Detail: client.Printable(f.Detail),
		})
	}
	return append(all, manifestFaults(archive.ManifestName, r.ManifestFaults)...)
}
