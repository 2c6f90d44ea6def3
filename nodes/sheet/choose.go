package sheet

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/sheet/book"
)

// sheet finds a sheet by its name, in any case if none has it exactly, or by
// its number.
func (w *workbook) sheet(name string) (book.Sheet, error) {
	sheets := w.Sheets()
	if name == "" {
		for _, s := range sheets {
			if !s.Hidden && s.Kind == "worksheet" {
				return s, nil
			}
		}
		for _, s := range sheets {
			if s.Kind == "worksheet" {
				return s, nil
			}
		}
		return book.Sheet{}, input("check the workbook", "%s has no worksheet", w.source.File)
	}
	// The one sheet of a CSV file goes by any name.
	if w.kind == book.KindCSV {
		return sheets[0], nil
	}
	found := -1
	for i, s := range sheets {
		if s.Name == name {
			found = i
			break
		}
		if found < 0 && strings.EqualFold(s.Name, name) {
			found = i
		}
	}
	if n, err := strconv.Atoi(name); found < 0 && err == nil && n >= 1 && n <= len(sheets) {
		found = n - 1
	}
	if found < 0 {
		return book.Sheet{}, node.Fail(node.KindNotFound, fmt.Sprintf("%s has no sheet %s", w.source.File, short(name)), "its sheets are "+w.sheetNames())
	}
	if k := sheets[found].Kind; k != "worksheet" {
		return book.Sheet{}, input("choose another sheet", "the sheet %s is a %s and has no cells", short(sheets[found].Name), k)
	}
	return sheets[found], nil
}

func (w *workbook) sheetNames() string {
	var b strings.Builder
	for i, s := range w.Sheets() {
		if i > 0 {
			b.WriteString(", ")
		}
		if b.Len() > 200 {
			return b.String() + "…"
		}
		b.WriteString(s.Name)
	}
	return strings.ToValidUTF8(b.String(), "")
}

// place finds a sheet and a range in it. The range may be A1:C5, A:C, 2:5,
// Sheet2!A1:B2, the name of a range or of a table; empty is the whole sheet.
func (w *workbook) place(sheet, at string) (book.Sheet, book.Range, error) {
	at = strings.TrimPrefix(strings.TrimSpace(at), "=")
	if at == "" {
		s, err := w.sheet(sheet)
		return s, book.Whole, err
	}
	if i := strings.LastIndexByte(at, '!'); i >= 0 {
		name := at[:i]
		if len(name) > 1 && name[0] == '\'' && name[len(name)-1] == '\'' {
			name = strings.ReplaceAll(name[1:len(name)-1], "''", "'")
		}
		sheet, at = name, at[i+1:]
	}
	if r, err := book.ParseRange(at); err == nil {
		s, err := w.sheet(sheet)
		return s, r, err
	} else if strings.Contains(at, ":") {
		return book.Sheet{}, r, input("write for instance A1:C5, A:C, 2:5 or the name of a range", "range: %v", err)
	}
	return w.named(sheet, at)
}

// named finds a range by the name of it or of a table.
func (w *workbook) named(sheet, name string) (book.Sheet, book.Range, error) {
	tables, err := w.Tables()
	if err != nil {
		return book.Sheet{}, book.Range{}, err
	}
	for _, t := range tables {
		if strings.EqualFold(t.Name, name) {
			s, err := w.sheet(t.Sheet)
			return s, t.Range, err
		}
	}
	var found *book.Name
	for _, n := range w.Names() {
		if strings.EqualFold(n.Name, name) && (n.Sheet == "" || strings.EqualFold(n.Sheet, sheet)) {
			if found == nil || n.Sheet != "" {
				found = &n
			}
		}
	}
	if found == nil {
		return book.Sheet{}, book.Range{}, node.Fail(node.KindNotFound, fmt.Sprintf("%s has no range, name or table %s", w.source.File, short(name)), "write for instance A1:C5, or look with sheet.info which names there are")
	}
	i := strings.LastIndexByte(found.Refer, '!')
	r, err := book.ParseRange(found.Refer[i+1:])
	if i < 0 || err != nil || strings.ContainsAny(found.Refer, "(,") {
		return book.Sheet{}, r, input("give the range itself", "the name %s stands for %s, which is not one range", short(name), short(found.Refer))
	}
	of := found.Refer[:i]
	if len(of) > 1 && of[0] == '\'' {
		of = strings.ReplaceAll(strings.Trim(of, "'"), "''", "'")
	}
	s, err := w.sheet(of)
	return s, r, err
}

// cell finds one cell.
func (w *workbook) cell(sheet, at string) (book.Sheet, int, int, error) {
	if strings.TrimSpace(at) == "" {
		return book.Sheet{}, 0, 0, input("write for instance B7", "cell is empty")
	}
	s, r, err := w.place(sheet, at)
	if err != nil {
		return s, 0, 0, err
	}
	if r.Cells() != 1 {
		return s, 0, 0, input("write for instance B7", "%s is a range of %d cells, not one", short(at), r.Cells())
	}
	return s, r.Row1, r.Column1, nil
}
