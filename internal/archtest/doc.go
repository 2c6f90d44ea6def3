// Package archtest holds the shape of the source: which package may know which,
// what every package and export must say about itself, and how long a file may
// be. It has tests only; they read the source of all systems, not only of the
// one they run on.
package archtest
