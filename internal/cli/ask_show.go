package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/value"
)

// context is what a person reads above a question. It stays on the screen.
func (a *asker) context(w engine.Wait) string {
	q := w.Ask
	var b strings.Builder
	line := func(s string) {
		if s = printable(s); s != "" {
			b.WriteString(ansi.Wrap(s, max(a.c.Width()-1, 10), " /-") + "\n")
		}
	}
	head := map[string]string{"warning": "Warning: ", "error": "Error: "}[q.Style]
	b.WriteString("\n")
	line("── " + w.Path + " asks ──")
	line(head + q.Title)
	if q.Title != "" {
		head = ""
	}
	if q.Message != "" {
		line(head + q.Message)
	}
	if q.Details != nil {
		line(q.Details.Text)
		b.WriteString(a.table(q))
		if len(q.Details.Data) > 0 {
			if j, err := value.JSON(q.Details.Data); err == nil {
				line(string(j))
			}
		}
		if q.Details.File != "" {
			for _, s := range a.file(q.Details.File, q.Details.Page) {
				line(s)
			}
		}
	}
	line(a.until(w.Until))
	return b.String()
}

// shownRows is how many rows of a table are printed.
const shownRows = 50

// table draws the rows of a question; those that are picked from are shown
// where they are picked.
func (a *asker) table(q *question.Question) string {
	d := q.Details
	if len(d.Rows) == 0 || len(q.Fields) > 0 {
		return ""
	}
	rows := d.Rows[:min(len(d.Rows), shownRows)]
	cells := [][]string{d.Columns}
	for _, r := range rows {
		line := make([]string, len(d.Columns))
		for i, c := range d.Columns {
			line[i] = question.Show(r[c])
		}
		cells = append(cells, line)
	}
	out := columns(cells, a.c.Width()-1)
	if more := max(d.Total, len(d.Rows)) - len(rows); more > 0 {
		out += fmt.Sprintf("… and %d more rows\n", more)
	}
	return out
}

// columns lays cells out in columns that fit into a width; the first line is
// the heading.
func columns(cells [][]string, width int) string {
	if len(cells) == 0 || len(cells[0]) == 0 {
		return ""
	}
	wide := make([]int, len(cells[0]))
	for _, line := range cells {
		for i := range line {
			line[i] = strings.ReplaceAll(printable(line[i]), "\n", " ")
			wide[i] = max(wide[i], ansi.StringWidth(line[i]))
		}
	}
	const gap = 2
	for {
		sum := gap * (len(wide) - 1)
		for _, w := range wide {
			sum += w
		}
		widest := slices.Max(wide)
		if sum <= width || widest <= 3 {
			break
		}
		wide[slices.Index(wide, widest)]-- // the widest column gives way
	}
	var b strings.Builder
	draw := func(line []string) {
		var s strings.Builder
		for i, c := range line {
			c = ansi.Truncate(c, wide[i], "…")
			s.WriteString(c + strings.Repeat(" ", wide[i]-ansi.StringWidth(c)+gap))
		}
		b.WriteString(ansi.Truncate(strings.TrimRight(s.String(), " "), width, "…") + "\n")
	}
	draw(cells[0])
	rule := make([]string, len(wide))
	for i, w := range wide {
		rule[i] = strings.Repeat("─", w)
	}
	draw(rule)
	for _, line := range cells[1:] {
		draw(line)
	}
	return b.String()
}

// previewLines is how much of a text file is shown.
const previewLines = 12

// file says what a terminal can say of a file to be looked at.
func (a *asker) file(name string, page int) []string {
	roots := a.roots()
	if roots == nil {
		return []string{"File: " + name}
	}
	info, err := roots.Stat(name)
	if err != nil {
		return []string{"File: " + name, "  it cannot be shown: " + err.Error()}
	}
	abs := name
	if p, err := roots.Abs(name); err == nil {
		abs = p
	}
	out := []string{fmt.Sprintf("File: %s (%d bytes)", abs, info.Size())}
	if page > 0 {
		out = append(out, fmt.Sprintf("Page: %d", page))
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".txt", ".csv", ".md", ".json", ".yaml", ".yml", ".xml", ".html", ".log", ".tsv", ".ini", ".toml":
	default:
		return append(out, "Open it with the program that you look at such files with.")
	}
	f, err := roots.Open(name)
	if err != nil {
		return out
	}
	defer func() { _ = f.Close() }() // it was only read
	return append(out, head(f)...)
}

func head(f *os.File) []string {
	buf := make([]byte, 8<<10)
	n, _ := f.Read(buf) // what cannot be read is not shown
	lines := strings.Split(strings.ToValidUTF8(string(buf[:n]), "?"), "\n")
	more := len(lines) > previewLines
	var out []string
	for _, l := range lines[:min(len(lines), previewLines)] {
		out = append(out, "  "+ansi.Truncate(printable(l), 200, "…"))
	}
	if more || n == len(buf) {
		out = append(out, "  …")
	}
	return out
}

// entries lists a folder to complete a path in it.
func entries(fsys fs.FS, dir string, f *question.Field) []string {
	list, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil
	}
	const most = 500
	var out []string
	for _, e := range list {
		name := dir + e.Name()
		if e.IsDir() {
			out = append(out, name+"/")
		} else if f.Type != question.Folder {
			ext := strings.TrimPrefix(path.Ext(name), ".")
			if len(f.Extensions) == 0 || slices.ContainsFunc(f.Extensions, func(x string) bool { return strings.EqualFold(x, ext) }) {
				out = append(out, name)
			}
		}
		if len(out) >= most {
			break
		}
	}
	return out
}
