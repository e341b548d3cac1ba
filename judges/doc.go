// Package judges has no code of its own: its tests let programs that nobody
// here wrote judge the registry's log. tessera's fsck reads all of a running
// server's log; the formats and merkle packages of transparency-dev check its
// checkpoints and proofs a second time; and a plain implementation of RFC 9162,
// written from its text, is compared with translog on random trees.
//
// It is a module of its own, so that users of the registry's packages do not
// inherit what only these tests need.
package judges
