// Package repotest tests the repository itself: that spec/openapi.yaml, the
// route table, package api and the table of codes say the same; that packages
// import only what ARCHITECTURE.md lets them; that spec/requirement.md names
// tests that exist. It has no code of its own; spectest below it is for the
// tests of other packages.
package repotest
