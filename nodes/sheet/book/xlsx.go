package book

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// XLSX is an open xlsx, xlsm, xltx or xltm file.
type XLSX struct {
	a        *archive
	workbook string // name of the part
	sheets   []Sheet
	names    []Name
	kinds    []int // of dates, by style
	texts    *stringTable
	textPart string
	// Date1904 reports whether days count from 1904.
	Date1904 bool
	// Macros reports whether the file holds macros.
	Macros bool
}

const (
	maxSheets = 10_000
	maxNames  = 100_000
	maxStyles = 1 << 20
)

// OpenXLSX opens a workbook. The file must stay open while it is used.
func OpenXLSX(f io.ReaderAt, size int64, l Limits) (*XLSX, error) {
	a, err := openArchive(f, size, l)
	if err != nil {
		return nil, err
	}
	x := &XLSX{a: a}
	main, err := x.related("", "officeDocument")
	if err != nil {
		return nil, err
	}
	if len(main) == 0 {
		if !a.has("xl/workbook.xml") {
			return nil, bad("it is no workbook")
		}
		main = []relation{{target: "xl/workbook.xml"}}
	}
	x.workbook = main[0].target
	if err := x.readWorkbook(); err != nil {
		return nil, err
	}
	return x, nil
}

type relation struct{ id, kind, target string }

// related reads the relations of a part to parts of a kind; all with an empty
// kind.
func (x *XLSX) related(part, kind string) ([]relation, error) {
	name := path.Join(path.Dir(part), "_rels", path.Base(part)+".rels")
	if part == "" {
		name = "_rels/.rels"
	}
	if !x.a.has(name) {
		return nil, nil
	}
	var out []relation
	err := x.a.scan(name, func(s *scanner) error {
		if !s.is("Relationship") || string(s.attr("TargetMode")) == "External" {
			return nil
		}
		k := path.Base(string(s.attr("Type")))
		if kind != "" && k != kind {
			return nil
		}
		if len(out) >= maxNames {
			return tooLarge("a part of it has more than %d relations", maxNames)
		}
		target := string(s.attr("Target"))
		if !strings.HasPrefix(target, "/") {
			target = path.Join("/", path.Dir(part), target)
		}
		out = append(out, relation{string(s.attr("Id")), k, strings.TrimPrefix(path.Clean(target), "/")})
		return nil
	})
	return out, err
}

func (x *XLSX) readWorkbook() error {
	rels, err := x.related(x.workbook, "")
	if err != nil {
		return err
	}
	byID := map[string]relation{}
	for _, r := range rels {
		byID[r.id] = r
		switch r.kind {
		case "vbaProject":
			x.Macros = true
		case "sharedStrings":
			x.textPart = r.target
		case "styles":
			if err := x.readStyles(r.target); err != nil {
				return err
			}
		}
	}
	root := true
	err = x.a.scan(x.workbook, func(s *scanner) error {
		switch {
		case root:
			if root = false; !s.is("workbook") {
				return bad("it is no workbook")
			}
		case s.is("workbookPr"):
			x.Date1904 = truth(s.attr("date1904"))
		case s.is("sheet"):
			if len(x.sheets) >= maxSheets {
				return tooLarge("it has more than %d sheets", maxSheets)
			}
			r := byID[string(s.attr("id"))]
			kind := r.kind
			if kind == "" || kind == "xlMacrosheet" || kind == "xlIntlMacrosheet" {
				kind = "macrosheet"
			}
			state := string(s.attr("state"))
			x.sheets = append(x.sheets, Sheet{Name: string(s.attr("name")), Hidden: state == "hidden" || state == "veryHidden", Kind: kind, part: r.target})
		case s.is("definedName"):
			return x.definedName(s)
		}
		return nil
	})
	if err == nil && len(x.sheets) == 0 {
		return bad("it has no sheets")
	}
	return err
}

func truth(b []byte) bool { return string(b) == "1" || string(b) == "true" }

func (x *XLSX) definedName(s *scanner) error {
	n := Name{Name: string(s.attr("name"))}
	if i, err := strconv.Atoi(string(s.attr("localSheetId"))); err == nil && i >= 0 && i < len(x.sheets) {
		n.Sheet = x.sheets[i].Name
	}
	text, err := innerText(s)
	if err != nil {
		return err
	}
	n.Refer = strings.TrimSpace(text)
	if len(x.names) >= maxNames {
		return tooLarge("it has more than %d names", maxNames)
	}
	x.names = append(x.names, n)
	return nil
}

// innerText returns the text of the element just opened and goes to its end.
func innerText(s *scanner) (string, error) {
	var b strings.Builder
	for depth := s.depth(); ; {
		t, err := s.next()
		if err != nil {
			return "", cut(err)
		}
		if t == tokenText {
			if b.Len() > maxToken {
				return "", tooLarge("it has a text of more than %d MiB", maxToken>>20)
			}
			b.Write(s.text)
		}
		if t == tokenEnd && s.depth() < depth {
			return b.String(), nil
		}
	}
}

// readStyles finds which styles show numbers as dates.
func (x *XLSX) readStyles(part string) error {
	if !x.a.has(part) {
		return nil
	}
	codes := map[int]string{}
	in := ""
	return x.a.scan(part, func(s *scanner) error {
		switch {
		case s.is("cellXfs"), s.is("cellStyleXfs"), s.is("dxfs"):
			in = string(s.name)
		case s.is("numFmt") && in != "dxfs":
			id, err := strconv.Atoi(string(s.attr("numFmtId")))
			if err == nil && len(codes) < maxStyles {
				codes[id] = string(s.attr("formatCode"))
			}
		case s.is("xf") && in == "cellXfs":
			if len(x.kinds) >= maxStyles {
				return tooLarge("it has more than %d styles", maxStyles)
			}
			id, _ := strconv.Atoi(string(s.attr("numFmtId")))
			x.kinds = append(x.kinds, FormatKind(id, codes[id]))
		}
		return nil
	})
}

// Sheets implements Workbook.
func (x *XLSX) Sheets() []Sheet { return x.sheets }

// Names implements Workbook.
func (x *XLSX) Names() []Name { return x.names }

// Tables implements Workbook.
func (x *XLSX) Tables() ([]Table, error) {
	var out []Table
	for _, sh := range x.sheets {
		if sh.Kind != "worksheet" {
			continue
		}
		rels, err := x.related(sh.part, "table")
		if err != nil {
			return nil, err
		}
		for _, r := range rels {
			err := x.a.scan(r.target, func(s *scanner) error {
				if !s.is("table") {
					return ErrStop
				}
				name := string(s.attr("displayName"))
				if name == "" {
					name = string(s.attr("name"))
				}
				if at, err := ParseRange(string(s.attr("ref"))); err == nil {
					out = append(out, Table{name, sh.Name, at})
				}
				return ErrStop
			})
			if err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// Merges implements Workbook.
func (x *XLSX) Merges(sheet Sheet) ([]Range, error) {
	var out []Range
	if sheet.Kind != "worksheet" {
		return nil, nil
	}
	err := x.a.scan(sheet.part, func(s *scanner) error {
		if !s.is("mergeCell") {
			return nil
		}
		r, err := ParseRange(string(s.attr("ref")))
		if err != nil {
			return bad("a merged range of it is wrong: %v", err)
		}
		if len(out) >= maxMerges {
			return tooLarge("the sheet %.40q has more than %d merged ranges", sheet.Name, maxMerges)
		}
		out = append(out, r)
		return nil
	})
	return out, err
}

const maxMerges = 1 << 18

// Close implements Workbook.
func (x *XLSX) Close() error {
	if x.texts == nil {
		return nil
	}
	return x.texts.close()
}

// readTexts reads the shared texts when a cell first needs one.
func (x *XLSX) readTexts() error {
	if x.texts != nil {
		return nil
	}
	x.texts = &stringTable{temp: x.a.limits.Temp}
	if x.textPart == "" || !x.a.has(x.textPart) {
		return nil
	}
	var b []byte
	err := x.a.scan(x.textPart, func(s *scanner) error {
		if !s.is("si") {
			return nil
		}
		var err error
		if b, err = richText(s, b[:0]); err != nil {
			return err
		}
		if !utf8.Valid(b) {
			b = bytes.ToValidUTF8(b, []byte("\uFFFD"))
		}
		return x.texts.add(b)
	})
	return errors.Join(err, x.texts.done())
}

// richText appends the text of the element just opened, its phonetic hints
// left out, and goes to its end.
func richText(s *scanner, b []byte) ([]byte, error) {
	from, inside, depth := len(b), 0, s.depth()
	for {
		t, err := s.next()
		if err != nil {
			return b, cut(err)
		}
		switch t {
		case tokenStart:
			if s.is("rPh") || s.is("phoneticPr") {
				if err := s.skip(); err != nil {
					return b, err
				}
			} else if s.is("t") && inside == 0 {
				inside = s.depth()
			}
		case tokenText:
			if inside > 0 {
				if len(b)-from > maxToken {
					return b, tooLarge("it has a text of more than %d MiB", maxToken>>20)
				}
				b = append(b, s.text...)
			}
		case tokenEnd:
			if s.depth() < inside {
				inside = 0
			}
			if s.depth() < depth {
				return unescape(b, from), nil
			}
		}
	}
}

// unescape replaces _x000D_ and its like, which stand for characters that XML
// cannot hold.
func unescape(b []byte, from int) []byte {
	out := from
	for i := from; i < len(b); i++ {
		if c := b[i]; c == '_' && i+6 < len(b) && b[i+1] == 'x' && b[i+6] == '_' {
			if n, err := strconv.ParseUint(string(b[i+2:i+6]), 16, 16); err == nil && (n < 0x20 || n == '_' || n == 0xFFFE || n == 0xFFFF) {
				// Those that XML can hold are not written so, but for the underscore.
				if n < 0x80 {
					b[out] = byte(n)
					out++
				}
				i += 6
				continue
			}
		}
		b[out] = b[i]
		out++
	}
	return b[:out]
}
