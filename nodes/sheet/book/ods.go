package book

import (
	"errors"
	"io"
	"strings"
)

// ODS is an open ods or fods file.
type ODS struct {
	content func() (io.ReadCloser, error)
	limits  Limits
	sheets  []Sheet
	names   []Name
	tables  []Table
}

// OpenODS opens a workbook; flat says that it is one XML document rather than
// an archive. The file must stay open while it is used.
func OpenODS(f io.ReaderAt, size int64, flat bool, l Limits) (*ODS, error) {
	o := &ODS{limits: l}
	if flat {
		o.content = func() (io.ReadCloser, error) {
			r := io.NopCloser(io.NewSectionReader(f, 0, size))
			return &bounded{r: r, left: l.Unpacked, name: "of XML"}, nil
		}
	} else {
		a, err := openArchive(f, size, l)
		if err != nil {
			return nil, err
		}
		if err := plainODS(a); err != nil {
			return nil, err
		}
		o.content = func() (io.ReadCloser, error) { return a.open("content.xml") }
	}
	return o, o.readSheets()
}

// ErrEncryptedODS says that an ods file has a password.
var ErrEncryptedODS = errors.New("it is an encrypted OpenDocument file")

func plainODS(a *archive) error {
	if !a.has("META-INF/manifest.xml") {
		return nil
	}
	return a.scan("META-INF/manifest.xml", func(s *scanner) error {
		if s.is("encryption-data") {
			return ErrEncryptedODS
		}
		return nil
	})
}

// walk opens the content and calls do for each opening tag.
func (o *ODS) walk(do func(s *scanner) error) error {
	r, err := o.content()
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := newScanner(r)
	if err != nil {
		return err
	}
	for root := true; ; {
		t, err := s.next()
		if errors.Is(err, io.EOF) {
			if root {
				return bad("its content is empty")
			}
			return nil
		}
		if err == nil && t == tokenStart {
			if root && !s.is("document-content") && !s.is("document") {
				return bad("it is no OpenDocument file")
			}
			root = false
			err = do(s)
		}
		if errors.Is(err, ErrStop) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (o *ODS) readSheets() error {
	hidden := map[string]bool{}
	style, body := "", false
	err := o.walk(func(s *scanner) error {
		switch {
		case s.is("spreadsheet"):
			body = true
		case s.is("style"):
			style = string(s.attr("name"))
		case s.is("table-properties"):
			if string(s.attr("display")) == "false" && len(hidden) < maxStyles {
				hidden[style] = true
			}
		case s.is("table") && body:
			if len(o.sheets) >= maxSheets {
				return tooLarge("it has more than %d sheets", maxSheets)
			}
			o.sheets = append(o.sheets, Sheet{Name: string(s.attr("name")), Hidden: hidden[string(s.attr("style-name"))], Kind: "worksheet", n: len(o.sheets)})
			return s.skipTable(o)
		case s.is("named-range") && body:
			o.addName(s, "")
		case s.is("database-range"):
			sheet, at, ok := odsAddress(string(s.attr("target-range-address")))
			if r, err := ParseRange(at); ok && err == nil && len(o.tables) < maxNames {
				o.tables = append(o.tables, Table{string(s.attr("name")), sheet, r})
			}
		}
		return nil
	})
	if err == nil && len(o.sheets) == 0 {
		return bad("it has no sheets: it may be a document of another kind")
	}
	return err
}

// skipTable goes to the end of a table, for in it other elements have the same
// names, and collects the names of ranges that only this sheet knows.
func (s *scanner) skipTable(o *ODS) error {
	sheet := o.sheets[len(o.sheets)-1].Name
	for depth := s.depth(); ; {
		t, err := s.next()
		if err != nil {
			return cut(err)
		}
		if t == tokenEnd && s.depth() < depth {
			return nil
		}
		if t == tokenStart && s.is("named-range") {
			o.addName(s, sheet)
		}
	}
}

func (o *ODS) addName(s *scanner, scope string) {
	sheet, at, ok := odsAddress(string(s.attr("cell-range-address")))
	if ok && len(o.names) < maxNames {
		o.names = append(o.names, Name{Name: string(s.attr("name")), Refer: QuoteSheet(sheet) + "!" + at, Sheet: scope})
	}
}

// odsAddress splits $Sheet1.$A$1:.$B$2 into the sheet and A1:B2.
func odsAddress(s string) (sheet, at string, ok bool) {
	i := strings.LastIndexByte(strings.SplitN(s, ":", 2)[0], '.')
	if strings.HasPrefix(strings.TrimPrefix(s, "$"), "'") {
		if k := strings.Index(s[1:], "'."); k >= 0 {
			i = k + 2
		}
	}
	if i < 0 {
		return "", "", false
	}
	sheet = strings.TrimPrefix(s[:i], "$")
	if len(sheet) > 1 && sheet[0] == '\'' {
		sheet = strings.ReplaceAll(strings.Trim(sheet, "'"), "''", "'")
	}
	a, b, two := strings.Cut(s[i+1:], ":")
	at = strings.ReplaceAll(a, "$", "")
	if two {
		at += ":" + strings.ReplaceAll(b[strings.LastIndexByte(b, '.')+1:], "$", "")
	}
	return sheet, at, true
}

// QuoteSheet returns a sheet's name as references have it, in quotes if it
// needs them.
func QuoteSheet(name string) string {
	plain := name != "" && (name[0] < '0' || name[0] > '9')
	for _, r := range name {
		if r != '_' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z') && r < 0x80 {
			plain = false
		}
	}
	if _, err := ParseRange(name); err == nil {
		plain = false
	}
	if plain {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", "''") + "'"
}

// Sheets implements Workbook.
func (o *ODS) Sheets() []Sheet { return o.sheets }

// Names implements Workbook.
func (o *ODS) Names() []Name { return o.names }

// Tables implements Workbook.
func (o *ODS) Tables() ([]Table, error) { return o.tables, nil }

// Close implements Workbook.
func (o *ODS) Close() error { return nil }

// Merges implements Workbook.
func (o *ODS) Merges(sheet Sheet) ([]Range, error) {
	r := odsRows{limits: o.limits, sheet: sheet.Name, merges: []Range{}}
	err := o.table(sheet, &r)
	return r.merges, err
}

// Each implements Workbook.
func (o *ODS) Each(sheet Sheet, do func(*Row) error) error {
	return o.table(sheet, &odsRows{limits: o.limits, sheet: sheet.Name, do: do})
}

func (o *ODS) table(sheet Sheet, r *odsRows) error {
	n, body := 0, false
	return o.walk(func(s *scanner) error {
		if s.is("spreadsheet") {
			body = true
		}
		if !body || !s.is("table") {
			return nil
		}
		if n++; n <= sheet.n {
			return s.skip()
		}
		r.s = s
		if err := r.read(); err != nil {
			return err
		}
		return ErrStop
	})
}
