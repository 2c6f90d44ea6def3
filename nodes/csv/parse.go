package csv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

// reading is one text being read; it is opened once for each pass.
type reading struct {
	*rules
	open     func() (io.ReadCloser, error)
	encoding string
	names    []string
	declared int // number of names before longer rows added some
	types    []string
	out      parsed
	silent   bool // the first pass reports nothing
}

// parse reads a text that open gives, in two passes when types are to be found.
func parse(ctx context.Context, env *node.Env, o options, encoding string, open func() (io.ReadCloser, error)) (parsed, string, error) {
	r, err := o.compile()
	if err != nil {
		return parsed{}, "", err
	}
	p := &reading{rules: r, open: open, encoding: encoding}
	if err := p.findTypes(ctx); err != nil {
		return parsed{}, "", err
	}
	p.out.Rows, err = env.Rows(ctx, func(yield func(any) bool) error {
		return p.pass(ctx, func(rec *record) error {
			row, err := p.row(rec)
			if err != nil {
				return err
			}
			if !yield(row) {
				return node.Failf(node.KindError, "the row at line %d could not be stored", rec.line)
			}
			p.out.Count++
			return nil
		})
	})
	if err != nil {
		return parsed{}, "", err
	}
	p.out.Columns, p.out.Types, p.out.Delimiter = p.names, map[string]string{}, string(p.delimiter)
	for i, n := range p.names {
		p.out.Types[n] = p.types[i]
	}
	return p.out, p.encoding, nil
}

var errEnough = errors.New("enough rows")

// findTypes goes through the text for names and types of all columns.
func (p *reading) findTypes(ctx context.Context) error {
	p.silent = true
	var found []*table.Inference
	err := p.pass(ctx, func(rec *record) error {
		for len(p.names) < len(rec.cells) {
			p.names = append(p.names, p.extraName(len(p.names)+1))
		}
		if !p.Infer {
			return nil
		}
		for len(found) < len(rec.cells) {
			found = append(found, &table.Inference{Format: p.format})
		}
		for i, c := range rec.cells {
			if !rec.quoted[i] && p.nulls[c] {
				continue
			}
			found[i].Add(c)
		}
		return nil
	})
	p.silent = false
	p.types = make([]string, len(p.names))
	for i, name := range p.names {
		p.types[i] = table.Text
		if t, ok := p.Types[name]; ok {
			p.types[i] = t
			continue
		}
		// Dates stay texts: they already are in the form that dates travel in.
		if i < len(found) {
			if t := found[i].Type(); t == table.Int || t == table.Number || t == table.Bool {
				p.types[i] = t
			}
		}
	}
	for name := range p.Types {
		if err == nil && len(p.names) > 0 && !slices.Contains(p.names, name) {
			names := strings.Join(p.names, ", ")
			if len(names) > 200 {
				names = names[:200] + "…"
			}
			err = node.Fail(node.KindInput, "types names the column "+short(p.firstUnknown())+", which the text does not have", "the columns are "+strings.ToValidUTF8(names, ""))
		}
	}
	return err
}

// firstUnknown returns the first declared column, by name, that is not there.
func (p *reading) firstUnknown() string {
	first := ""
	for name := range p.Types {
		if !slices.Contains(p.names, name) && (first == "" || name < first) {
			first = name
		}
	}
	return first
}

// extraName names a column that only some rows have.
func (p *reading) extraName(n int) string {
	name := fmt.Sprintf("column_%d", n)
	for slices.Contains(p.names, name) {
		name += "_"
	}
	return name
}

// pass goes through the rows of the text once.
func (p *reading) pass(ctx context.Context, do func(*record) error) error {
	f, err := p.open()
	if err != nil {
		return err
	}
	defer f.Close()
	text, encoding, err := decoded(f, p.encoding)
	if err != nil {
		return err
	}
	p.encoding = encoding
	head, err := text.Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	skip := p.SkipRows
	if sep, ok := separatorLine(string(head)); ok {
		if skip++; p.auto {
			p.delimiter, p.auto = sep, false
		}
	}
	if p.auto {
		p.delimiter, p.auto = detect(string(head), skip, p.dialect), false
	}
	s := newScanner(text, p.dialect)
	if err := s.skipLines(skip); err != nil {
		return err
	}
	err = p.records(ctx, s, do)
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

func (p *reading) records(ctx context.Context, s *scanner, do func(*record) error) error {
	headed := false
	for n := 0; ; {
		rec, err := s.next()
		if errors.Is(err, io.EOF) {
			if !headed && p.names == nil {
				p.names = p.header(nil)
			}
			return nil
		}
		if err != nil {
			return node.Fail(node.KindInput, err.Error(), "check the quote character and the encoding")
		}
		if rec.blank && !p.KeepBlank {
			continue
		}
		if !headed {
			headed = true
			if p.names == nil {
				p.names = p.header(rec)
				p.declared = len(p.names)
			}
			if p.Header != "none" {
				for _, t := range rec.issues {
					p.issue(issue{Line: rec.line, Row: -1, Reason: t})
				}
				continue
			}
		}
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if n++; p.Limit > 0 && n > p.Limit {
			return errEnough
		}
		if p.Trim {
			for i, c := range rec.cells {
				if !rec.quoted[i] {
					rec.cells[i] = strings.TrimSpace(c)
				}
			}
		}
		if err := do(rec); err != nil {
			return err
		}
	}
}

func (p *reading) issue(i issue) {
	if p.silent {
		return
	}
	if p.out.IssueCount++; len(p.out.Issues) < maxIssues {
		p.out.Issues = append(p.out.Issues, i)
	}
}

// row converts a record.
func (p *reading) row(rec *record) (map[string]any, error) {
	at := issue{Line: rec.line, Row: p.out.Count}
	for _, t := range rec.issues {
		at.Reason = t
		p.issue(at)
	}
	width := p.width()
	if n := len(rec.cells); n != width && p.Ragged != "pad" && !rec.blank {
		s := "s"
		if n == 1 {
			s = ""
		}
		at.Reason = fmt.Sprintf("it has %d cell%s for %d columns", n, s, width)
		if p.Ragged == "error" {
			return nil, node.Fail(node.KindInput, fmt.Sprintf("the row in line %d has %d cell%s for %d columns", rec.line, n, s, width), "set ragged to collect to read it all the same")
		}
		p.issue(at)
	}
	out := make(map[string]any, len(rec.cells))
	for i, name := range p.names {
		if i >= len(rec.cells) {
			if i < width {
				out[name] = nil
			}
			continue
		}
		v, err := p.cell(rec, i)
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

// width is the number of columns that every row should have: those of the
// header, without the ones that longer rows have added.
func (p *reading) width() int { return p.declared }

func (p *reading) cell(rec *record, i int) (any, error) {
	c := rec.cells[i]
	if !rec.quoted[i] && p.nulls[c] {
		return nil, nil
	}
	if p.types[i] == table.Text {
		return c, nil
	}
	v, err := p.format.Convert(c, p.types[i])
	if err == nil {
		return value.Normalize(v)
	}
	if p.BadCell == "error" {
		return nil, node.Fail(node.KindInput, fmt.Sprintf("line %d, column %s: %v", rec.line, p.names[i], err), "correct the type, or set bad_cell to keep")
	}
	p.issue(issue{Line: rec.line, Row: p.out.Count, Column: p.names[i], Reason: err.Error()})
	if p.BadCell == "null" {
		return nil, nil
	}
	return c, nil
}
