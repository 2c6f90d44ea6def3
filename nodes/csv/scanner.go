package csv

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxCell bounds one cell, so that a quote that is never closed does not read a
// whole file into memory.
const maxCell = 16 << 20

// dialect says how cells are separated.
type dialect struct {
	delimiter rune
	quote     rune // 0 for none
	escape    rune // 0 when a quote is doubled
	comment   rune // 0 for none
}

// record is one row as it stands in the text.
type record struct {
	cells  []string
	quoted []bool
	line   int // where it begins, from 1
	issues []string
	blank  bool // nothing but an end of line
}

// scanner takes a text apart.
type scanner struct {
	dialect
	r    *bufio.Reader
	line int
	rec  record
	cell strings.Builder
	bad  bool // the record holds bytes that are no text
}

func newScanner(r io.Reader, d dialect) *scanner {
	return &scanner{dialect: d, r: bufio.NewReaderSize(r, 64<<10), line: 1}
}

// rune reads one character; line ends of every kind come out as \n.
func (s *scanner) rune() (rune, bool, error) {
	r, n, err := s.r.ReadRune()
	if err != nil {
		if errors.Is(err, io.EOF) {
			return 0, false, nil
		}
		return 0, false, err
	}
	switch {
	case r == '\r':
		if next, _, err := s.r.ReadRune(); err == nil && next != '\n' {
			_ = s.r.UnreadRune()
		}
		s.line++
		return '\n', true, nil
	case r == '\n':
		s.line++
	case r == utf8.RuneError && n == 1:
		s.bad = true
	}
	return r, true, nil
}

// skipLines passes over whole lines.
func (s *scanner) skipLines(n int) error {
	for n > 0 {
		r, ok, err := s.rune()
		if err != nil || !ok {
			return err
		}
		if r == '\n' {
			n--
		}
	}
	return nil
}

// next returns the next record; the error is io.EOF at the end. The record is
// valid until the next call.
func (s *scanner) next() (*record, error) {
	s.rec = record{line: s.line, cells: s.rec.cells[:0], quoted: s.rec.quoted[:0]}
	s.bad = false
	r, ok, err := s.rune()
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, io.EOF
	}
	for s.comment != 0 && r == s.comment {
		if err := s.skipLines(1); err != nil {
			return nil, err
		}
		s.rec.line, s.bad = s.line, false
		if r, ok, err = s.rune(); err != nil {
			return nil, err
		}
		if !ok {
			return nil, io.EOF
		}
	}
	if r == '\n' {
		s.rec.blank = true
		s.add(false)
		return &s.rec, nil
	}
	for {
		if r, ok, err = s.readCell(r, ok); err != nil {
			return nil, err
		}
		if !ok || r == '\n' {
			break
		}
		// r is the delimiter; a cell follows, be it empty.
		if r, ok, err = s.rune(); err != nil {
			return nil, err
		}
		if !ok || r == '\n' {
			s.add(false)
			break
		}
	}
	if s.bad {
		s.issue("it holds bytes that are no text in this encoding")
	}
	return &s.rec, nil
}

func (s *scanner) issue(text string) { s.rec.issues = append(s.rec.issues, text) }

func (s *scanner) add(quoted bool) {
	s.rec.cells = append(s.rec.cells, s.cell.String())
	s.rec.quoted = append(s.rec.quoted, quoted)
	s.cell.Reset()
}

// put appends a character to the cell.
func (s *scanner) put(r rune) error {
	if s.cell.Len() >= maxCell {
		return fmt.Errorf("a cell that begins in line %d is longer than %d MiB; is a quote not closed?", s.rec.line, maxCell>>20)
	}
	s.cell.WriteRune(r)
	return nil
}

// readCell reads a cell that begins with r, up to the delimiter or line end
// behind it, which it returns.
func (s *scanner) readCell(r rune, ok bool) (rune, bool, error) {
	var err error
	quoted := false
	if ok && s.quote != 0 && r == s.quote {
		quoted = true
		if r, ok, err = s.readQuoted(); err != nil {
			return 0, false, err
		}
		if ok && r != s.delimiter && r != '\n' && r != ' ' && r != '\t' {
			s.issue(fmt.Sprintf("cell %d goes on behind its closing quote", len(s.rec.cells)+1))
		}
	}
	var blanks []rune
	for ok && r != s.delimiter && r != '\n' {
		// Blanks between a closing quote and the delimiter are no part of the cell.
		if quoted && (r == ' ' || r == '\t') {
			blanks = append(blanks, r)
		} else {
			for _, b := range append(blanks, r) {
				if s.escape != 0 && b == s.escape && !quoted {
					var next rune
					if next, ok, err = s.rune(); err != nil {
						return 0, false, err
					}
					if !ok {
						break
					}
					b = next
				}
				if err := s.put(b); err != nil {
					return 0, false, err
				}
			}
			blanks = blanks[:0]
		}
		if r, ok, err = s.rune(); err != nil {
			return 0, false, err
		}
	}
	s.add(quoted)
	return r, ok, nil
}

// readQuoted reads up to the closing quote and returns what follows it.
func (s *scanner) readQuoted() (rune, bool, error) {
	for {
		r, ok, err := s.rune()
		if err != nil {
			return 0, false, err
		}
		switch {
		case !ok:
			s.issue(fmt.Sprintf("the quote of cell %d is not closed", len(s.rec.cells)+1))
			return 0, false, nil
		case s.escape != 0 && r == s.escape && r != s.quote:
			if r, ok, err = s.rune(); err != nil || !ok {
				return 0, false, err
			}
		case r == s.quote:
			next, ok, err := s.rune()
			if err != nil || !ok || next != s.quote {
				return next, ok, err
			}
		}
		if err := s.put(r); err != nil {
			return 0, false, err
		}
	}
}
