package book

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Weight says what a workbook costs a program that holds all of it in memory.
type Weight struct {
	// Units counts what becomes an object: elements of XML, and the cells that
	// empty places before a cell become.
	Units int
	// Formulas counts cells with formulas.
	Formulas int
	// Largest is the number of cells of the largest range in a formula.
	Largest int
	// Grows names a function in a formula whose result may be of any size; empty
	// if there is none.
	Grows string
}

var (
	rangeRE = regexp.MustCompile(`(?i)\$?[A-Z]{0,3}\$?[0-9]*:\$?[A-Z]{0,3}\$?[0-9]*`)
	// What these functions return is as large as an argument says.
	growRE = regexp.MustCompile(`(?i)\b(REPT|MUNIT|BASE|FIXED|DOLLAR|SEQUENCE|RANDARRAY|EXPAND|MAKEARRAY)\s*\(`)
	// A small number written out is harmless.
	smallRE = regexp.MustCompile(`(?i)\b(REPT|BASE|FIXED|DOLLAR)\s*\([^()]*,\s*[0-9]{1,3}\)`)
)

const (
	maxFormula  = 32 << 10
	usedRows    = 10_000
	usedColumns = 100
)

// Weigh goes through all XML of the file and stops with a LimitError at more
// units than allowed.
func (x *XLSX) Weigh(most int) (Weight, error) {
	var w Weight
	names := make([]string, 0, len(x.a.parts))
	for n := range x.a.parts {
		if e := path.Ext(n); e == ".xml" || e == ".rels" || e == ".vml" {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	for _, n := range names {
		if err := x.weighPart(n, &w, most); err != nil {
			return w, err
		}
	}
	return w, nil
}

func (x *XLSX) weighPart(name string, w *Weight, most int) error {
	row, last, merges := 0, 0, 0
	return x.a.scan(name, func(s *scanner) error {
		w.Units++
		switch {
		case s.is("row"):
			last = 0
			if n := atoi(s.attr("r")); n > 0 {
				// Rows in between become objects too.
				w.Units += max(0, min(n, MaxRows)-row)
				row = max(row, n)
			}
		case s.is("c"):
			column, _, ok := splitRef(s.attr("r"))
			if !ok {
				column = last + 1
			}
			w.Units += max(0, min(column, MaxColumns)-last)
			last = max(last, column)
		case s.is("mergeCell"):
			if merges++; merges > maxMerges/8 {
				return tooLarge("it has more than %d merged ranges", maxMerges/8)
			}
		case s.is("f"):
			w.Formulas++
			return w.formula(s)
		}
		if w.Units > most {
			return tooLarge("it has more than %d cells and other parts", most)
		}
		return nil
	})
}

func (w *Weight) formula(s *scanner) error {
	text, err := innerText(s)
	if err != nil {
		return err
	}
	if len(text) > maxFormula {
		return tooLarge("it has a formula of more than %d bytes", maxFormula)
	}
	if w.Grows == "" {
		if m := growRE.FindStringSubmatch(smallRE.ReplaceAllString(text, "")); m != nil {
			w.Grows = strings.ToUpper(m[1])
		}
	}
	if !strings.Contains(text, ":") {
		return nil
	}
	for _, m := range rangeRE.FindAllString(text, 100) {
		r, err := ParseRange(m)
		if err != nil {
			continue
		}
		// Whole columns and rows are looked at only as far as they are used.
		rows, columns := r.Row2-r.Row1+1, r.Column2-r.Column1+1
		if r.Row2 == MaxRows {
			rows = usedRows
		}
		if r.Column2 == MaxColumns {
			columns = usedColumns
		}
		w.Largest = max(w.Largest, rows*columns)
	}
	return nil
}
