package archtest

import (
	"go/ast"
	"testing"
)

// Lines a file may have. What grows beyond the warning wants to be split by
// idea before it must be split by length.
const (
	warnLines = 400
	failLines = 600
	testLines = 800
)

func TestFileSizes(t *testing.T) {
	for _, files := range packages(t) {
		for _, f := range files {
			if ast.IsGenerated(f.ast) {
				continue
			}
			switch {
			case f.test && f.lines > testLines, !f.test && f.lines > failLines:
				t.Errorf("%s has %d lines: split it by idea", f.path, f.lines)
			case !f.test && f.lines > warnLines:
				t.Logf("%s has %d lines, which is many", f.path, f.lines)
			}
		}
	}
}
