package csv

import (
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
)

// delimiters are the separators that detection tries, the likeliest first.
var delimiters = []rune{',', ';', '\t', '|'}

var delimiterNames = map[string]rune{"comma": ',', "semicolon": ';', "tab": '\t', `\t`: '\t', "pipe": '|', "space": ' ', "colon": ':'}

// letter reads a param that is one character; names are allowed for
// delimiters.
func letter(param, s string) (rune, error) {
	if r, ok := delimiterNames[s]; ok && param == "delimiter" {
		return r, nil
	}
	if s == "" {
		return 0, nil
	}
	r, n := utf8.DecodeRuneInString(s)
	if n != len(s) || r == utf8.RuneError || r == '\n' || r == '\r' {
		return 0, node.Fail(node.KindInput, param+" must be one character, not "+short(s), "write for instance ; or tab")
	}
	return r, nil
}

// separatorLine reads the line sep=; that Excel puts first.
func separatorLine(head string) (rune, bool) {
	line, _, ok := strings.Cut(head, "\n")
	line = strings.TrimSuffix(line, "\r")
	if !ok || len(line) < 5 || !strings.EqualFold(line[:4], "sep=") {
		return 0, false
	}
	r, n := utf8.DecodeRuneInString(line[4:])
	return r, n == len(line)-4
}

// detect finds the delimiter by which the rows of a sample have the same
// number of cells, and more than one.
func detect(sample string, skip int, d dialect) rune {
	best, bestShare, bestCells := ',', 0.0, 1
	for _, c := range delimiters {
		d.delimiter = c
		counts := map[int]int{}
		total := 0
		s := newScanner(strings.NewReader(sample), d)
		if s.skipLines(skip) != nil {
			continue
		}
		for total < 100 {
			rec, err := s.next()
			if errors.Is(err, io.EOF) || err != nil {
				break
			}
			if !rec.blank {
				counts[len(rec.cells)]++
				total++
			}
		}
		// The commonest number of cells; the larger one when two are as common.
		cells := 1
		for n, k := range counts {
			if n > 1 && (k > counts[cells] || cells == 1 || k == counts[cells] && n > cells) {
				cells = n
			}
		}
		if cells == 1 {
			continue
		}
		share := float64(counts[cells]) / float64(total)
		if share > bestShare || share == bestShare && cells > bestCells {
			best, bestShare, bestCells = c, share, cells
		}
	}
	return best
}
