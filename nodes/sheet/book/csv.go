package book

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/aether-rpa/aether/table"
)

// CSV is a CSV text seen as a workbook of one sheet. Delimiter and encoding are
// found; a column whose texts all are numbers, or true and false, holds those.
type CSV struct {
	f         io.ReaderAt
	size      int64
	head      int // rows that say nothing about types
	delimiter byte
	types     []string
	ready     bool
}

// OpenCSV opens a text. The first head rows are titles: they stay text.
func OpenCSV(f io.ReaderAt, size int64, head int) *CSV { return &CSV{f: f, size: size, head: head} }

// Sheets implements Workbook.
func (c *CSV) Sheets() []Sheet { return []Sheet{{Name: "Sheet1", Kind: "worksheet"}} }

// Names implements Workbook.
func (c *CSV) Names() []Name { return nil }

// Tables implements Workbook.
func (c *CSV) Tables() ([]Table, error) { return nil, nil }

// Merges implements Workbook.
func (c *CSV) Merges(Sheet) ([]Range, error) { return nil, nil }

// Close implements Workbook.
func (c *CSV) Close() error { return nil }

// Each implements Workbook.
func (c *CSV) Each(_ Sheet, do func(*Row) error) error {
	if !c.ready {
		if err := c.findTypes(); err != nil {
			return err
		}
		c.ready = true
	}
	var row Row
	format := &table.Format{}
	err := c.records(func(n int, cells []string) error {
		row.Number, row.Cells = n, row.Cells[:0]
		for i, s := range cells {
			if s == "" {
				continue
			}
			v := any(s)
			if n > c.head && i < len(c.types) && c.types[i] != table.Text {
				if x, err := format.Convert(s, c.types[i]); err == nil && x != nil {
					v = x
				}
			}
			row.Cells = append(row.Cells, Cell{Column: i + 1, Value: v, Dated: NoDate})
		}
		if len(row.Cells) == 0 {
			return nil
		}
		return do(&row)
	})
	if errors.Is(err, ErrStop) {
		return nil
	}
	return err
}

func (c *CSV) findTypes() error {
	var found []*table.Inference
	err := c.records(func(n int, cells []string) error {
		if n <= c.head {
			return nil
		}
		for len(found) < len(cells) {
			found = append(found, &table.Inference{})
		}
		for i, s := range cells {
			found[i].Add(s)
		}
		return nil
	})
	for _, f := range found {
		t := f.Type()
		if t != table.Int && t != table.Number && t != table.Bool {
			t = table.Text
		}
		c.types = append(c.types, t)
	}
	return err
}

const csvSniff = 64 << 10

// text returns the text in UTF-8 without a byte order mark. One that is no
// UTF-8 is taken as windows-1252.
func (c *CSV) text() (*bufio.Reader, error) {
	b := bufio.NewReaderSize(io.NewSectionReader(c.f, 0, c.size), csvSniff)
	head, err := b.Peek(csvSniff)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = b.Discard(3)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		b = bufio.NewReaderSize(unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(b), csvSniff)
	case !utf8.Valid(head[:max(0, len(head)-utf8.UTFMax)]) || len(head) < csvSniff && !utf8.Valid(head):
		b = bufio.NewReaderSize(charmap.Windows1252.NewDecoder().Reader(b), csvSniff)
	}
	if c.delimiter == 0 {
		head, _ := b.Peek(16 << 10)
		c.delimiter = delimiterOf(string(head))
	}
	return b, nil
}

// delimiterOf finds the character that parts the most lines alike, quoted text
// left out.
func delimiterOf(head string) byte {
	best, score := byte(','), 0
	for _, d := range []byte{',', ';', '\t', '|'} {
		counts, n, quoted := map[int]int{}, 0, false
		lines := 0
		for i := 0; i < len(head) && lines < 50; i++ {
			switch {
			case head[i] == '"':
				quoted = !quoted
			case quoted:
			case head[i] == d:
				n++
			case head[i] == '\n':
				counts[n]++
				n = 0
				lines++
			}
		}
		if n > 0 && lines == 0 {
			counts[n]++
		}
		for n, times := range counts {
			if n > 0 && times*1000+n > score {
				best, score = d, times*1000+n
			}
		}
	}
	return best
}

// records calls do with each record that is not empty.
func (c *CSV) records(do func(n int, cells []string) error) error {
	r, err := c.text()
	if err != nil {
		return err
	}
	var (
		cells   []string
		cell    strings.Builder
		size, n int
		quoted  bool // inside of quotes
		was     bool // the cell began with a quote
	)
	end := func() {
		s := cell.String()
		if !was {
			s = strings.TrimSpace(s)
		}
		cells = append(cells, strings.ToValidUTF8(s, "\uFFFD"))
		cell.Reset()
		was = false
	}
	finish := func() error {
		end()
		defer func() { cells, size = cells[:0], 0 }()
		n++
		if n > MaxRows {
			return tooLarge("it has more than %d rows, which is more than a sheet holds; use csv.read", MaxRows)
		}
		if len(cells) > MaxColumns {
			return tooLarge("row %d has more than %d cells", n, MaxColumns)
		}
		return do(n, cells)
	}
	for {
		b, err := r.ReadByte()
		if errors.Is(err, io.EOF) {
			if size == 0 {
				return nil
			}
			return finish()
		}
		if err != nil {
			return err
		}
		if size++; size > maxToken {
			return tooLarge("row %d has more than %d MiB; a quote may be open", n+1, maxToken>>20)
		}
		switch {
		case quoted && b == '"':
			if next, _ := r.Peek(1); len(next) > 0 && next[0] == '"' {
				_, _ = r.ReadByte()
				cell.WriteByte('"')
			} else {
				quoted = false
			}
		case quoted:
			cell.WriteByte(b)
		case b == '"' && strings.TrimSpace(cell.String()) == "" && !was:
			cell.Reset()
			quoted, was = true, true
		case b == c.delimiter:
			end()
		case b == '\n' || b == '\r':
			if next, _ := r.Peek(1); b == '\r' && len(next) > 0 && next[0] == '\n' {
				_, _ = r.ReadByte()
			}
			if err := finish(); err != nil {
				return err
			}
		default:
			cell.WriteByte(b)
		}
	}
}
