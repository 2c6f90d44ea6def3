// Package conformance holds the tests of the aether program as its users meet
// it: they build the binary once and judge it by its output, its exit codes,
// the files it leaves and what a server outside sees.
package conformance
