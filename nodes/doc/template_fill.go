package doc

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/doc/docx"
)

// container fills in the paragraphs and tables that are kids of n, repeating
// those between {{#x}} and {{/x}} that stand alone in paragraphs.
func (f *filler) container(n *docx.Node, s scope) error {
	if f.depth++; f.depth > 200 {
		return input("nest fewer repeated parts", "the template nests parts too deeply")
	}
	defer func() { f.depth-- }()
	for i := 0; i < len(n.Kids); i++ {
		k := n.Kids[i]
		if err := f.ctx.Err(); err != nil {
			return err
		}
		var err error
		switch k.Name {
		case "", "w:sectPr", "w:pPr", "w:tcPr", "w:tblPr", "w:trPr", "w:tblGrid", "w:rPr":
		case "w:p":
			if open, alone := f.alone(k); alone && (open.kind == '#' || open.kind == '^') {
				if end := f.closing(n.Kids[i:], open.name); end > 0 {
					if i, err = f.block(n, i, i+end, open, s); err != nil {
						return err
					}
					continue
				}
			}
			if f.isComment(k) {
				k.Remove()
				i--
				continue
			}
			err = f.paragraph(k, s)
		case "w:tbl":
			err = f.table(k, s)
		default:
			err = f.container(k, s)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// alone returns the placeholder that a paragraph consists of.
func (f *filler) alone(p *docx.Node) (tag, bool) {
	text := strings.TrimSpace(docx.ParagraphText(p))
	tags := tagsIn(text, f.delims)
	if len(tags) != 1 || tags[0].from != 0 || tags[0].to != len(text) {
		return tag{}, false
	}
	return tags[0], true
}

// isComment reports whether a paragraph is nothing but {{! a note }}.
func (f *filler) isComment(p *docx.Node) bool {
	t, ok := f.alone(p)
	return ok && t.kind == '!' && p.Parent != nil && p.Parent.Name == "w:body"
}

// closing returns the position of the paragraph that closes the section which
// the first of kids opens, or -1.
func (f *filler) closing(kids []*docx.Node, name string) int {
	open := 0
	for i, k := range kids {
		if k.Name != "w:p" {
			continue
		}
		t, ok := f.alone(k)
		if !ok || t.name != name {
			continue
		}
		switch t.kind {
		case '#', '^':
			open++
		case '/':
			if open--; open == 0 {
				return i
			}
		}
	}
	return -1
}

// section returns what a section repeats over.
func (f *filler) section(t tag, s scope) ([]scope, error) {
	v, ok := s.find(t.name)
	if !ok {
		// Whether something is there may be asked of what is not.
		if t.kind == '^' {
			return []scope{s}, nil
		}
		if err := f.lacks(t.name); err != nil && !errors.Is(err, errMissing) {
			return nil, err
		}
		return nil, nil
	}
	if t.kind == '^' {
		if truth(v) {
			return nil, nil
		}
		return []scope{s}, nil
	}
	return s.items(v), nil
}

// lacks notes a name without value; the error says what comes of it.
func (f *filler) lacks(name string) error {
	if f.missing == "fail" {
		return input("give it in data, or set missing to empty", "the template asks for %s, and data has no such value", name)
	}
	if !slices.Contains(f.out.Missing, name) {
		f.out.Missing = append(f.out.Missing, name)
	}
	return errMissing
}

// block repeats the kids of n between the paragraphs from and to, and returns
// the position of the last kid made.
func (f *filler) block(n *docx.Node, from, to int, t tag, s scope) (int, error) {
	if _, ok := s.find(t.name); !ok && f.missing == "keep" && t.kind == '#' {
		_ = f.lacks(t.name)
		return to, nil
	}
	scopes, err := f.section(t, s)
	if err != nil {
		return 0, err
	}
	body := n.Kids[from+1 : to]
	made, err := f.repeat(n, body, scopes)
	if err != nil {
		return 0, err
	}
	for _, k := range n.Kids[from : to+1] {
		k.Parent = nil
	}
	n.Kids = slices.Delete(n.Kids, from, to+1)
	n.Insert(from, made...)
	// A cell must end with a paragraph.
	if n.Name == "w:tc" && (len(n.Kids) == 0 || n.Kids[len(n.Kids)-1].Name != "w:p") {
		nodes, err := n.Fragment("<w:p/>")
		if err != nil {
			return 0, err
		}
		n.Append(nodes...)
	}
	return from + len(made) - 1, nil
}

// repeat fills in a copy of the nodes for each scope.
func (f *filler) repeat(n *docx.Node, body []*docx.Node, scopes []scope) ([]*docx.Node, error) {
	var made []*docx.Node
	for i, s := range scopes {
		// The copies are filled in a shell that stands where they will.
		shell := docx.Shell(n)
		for _, k := range body {
			c := k.Clone()
			if i > 0 {
				docx.WithoutIDs(c)
			}
			if *f.made += c.Count(); *f.made > maxMade {
				return nil, input("fill in fewer items", "the document would have more than %d elements", maxMade)
			}
			shell.Append(c)
		}
		if err := f.container(shell, s); err != nil {
			return nil, err
		}
		made = append(made, shell.Kids...)
	}
	return made, nil
}

// table fills in a table, repeating rows between {{#x}} and {{/x}}.
func (f *filler) table(t *docx.Node, s scope) error {
	for i := 0; i < len(t.Kids); i++ {
		k := t.Kids[i]
		if k.Name != "w:tr" {
			if k.Name == "w:sdt" {
				if err := f.container(k, s); err != nil {
					return err
				}
			}
			continue
		}
		open, ok := f.rowSection(k)
		if !ok {
			if err := f.container(k, s); err != nil {
				return err
			}
			continue
		}
		end := f.rowEnd(t.Kids, i, open.name)
		if end < 0 {
			return input("write {{/"+open.name+"}} into the last cell of the row", "the template opens %s in a row of a table and does not close it in the table", open.name)
		}
		if _, known := s.find(open.name); !known && f.missing == "keep" && open.kind == '#' {
			_ = f.lacks(open.name)
			i = end
			continue
		}
		scopes, err := f.section(open, s)
		if err != nil {
			return err
		}
		if err := f.cutTag(k, open.kind, open.name); err != nil {
			return err
		}
		if err := f.cutTag(t.Kids[end], '/', open.name); err != nil {
			return err
		}
		made, err := f.repeatRows(t, t.Kids[i:end+1], scopes)
		if err != nil {
			return err
		}
		t.Kids = slices.Delete(t.Kids, i, end+1)
		t.Insert(i, made...)
		i += len(made) - 1
	}
	// A table without rows is not allowed.
	if len(kidsOf(t, "w:tr")) == 0 && t.Parent != nil && t.Index() >= 0 {
		nodes, err := t.Parent.Fragment("<w:p/>")
		if err != nil {
			return err
		}
		t.Replace(nodes...)
	}
	return nil
}

// repeatRows is repeat for rows, which may hold sections of their own.
func (f *filler) repeatRows(t *docx.Node, rows []*docx.Node, scopes []scope) ([]*docx.Node, error) {
	var made []*docx.Node
	for i, s := range scopes {
		shell := docx.Shell(t)
		for _, r := range rows {
			c := r.Clone()
			if i > 0 {
				docx.WithoutIDs(c)
			}
			if *f.made += c.Count(); *f.made > maxMade {
				return nil, input("fill in fewer items", "the document would have more than %d elements", maxMade)
			}
			shell.Append(c)
		}
		if err := f.table(shell, s); err != nil {
			return nil, err
		}
		made = append(made, shell.Kids...)
	}
	return made, nil
}

// rowTags lists the placeholders of a row that open or close a section beyond
// their cell: those closed in the same paragraph, or alone in paragraphs of the
// same cell, are no business of the row.
func (f *filler) rowTags(tr *docx.Node) []tag {
	var out []tag
	for _, tc := range kidsOf(tr, "w:tc") {
		var cell []tag
		for _, p := range kidsOf(tc, "w:p") {
			for _, t := range tagsIn(docx.ParagraphText(p), f.delims) {
				switch t.kind {
				case '#', '^':
					cell = append(cell, t)
				case '/':
					if n := len(cell); n > 0 && cell[n-1].kind != '/' && cell[n-1].name == t.name {
						cell = cell[:n-1]
					} else {
						cell = append(cell, t)
					}
				}
			}
		}
		out = append(out, cell...)
	}
	return out
}

func (f *filler) rowSection(tr *docx.Node) (tag, bool) {
	for _, t := range f.rowTags(tr) {
		if t.kind != '/' {
			return t, true
		}
	}
	return tag{}, false
}

// rowEnd returns the row that closes a section.
func (f *filler) rowEnd(kids []*docx.Node, from int, name string) int {
	open := 0
	for i := from; i < len(kids); i++ {
		if kids[i].Name != "w:tr" {
			continue
		}
		for _, t := range f.rowTags(kids[i]) {
			if t.name != name {
				continue
			}
			if t.kind != '/' {
				open++
			} else if open--; open == 0 {
				return i
			}
		}
	}
	return -1
}

// cutTag removes the first placeholder of that kind and name from a row; of a
// closing one, the last.
func (f *filler) cutTag(tr *docx.Node, kind byte, name string) error {
	var at *docx.Node
	var cut tag
	for _, tc := range kidsOf(tr, "w:tc") {
		for _, p := range kidsOf(tc, "w:p") {
			for _, t := range tagsIn(docx.ParagraphText(p), f.delims) {
				if t.kind == kind && t.name == name && (at == nil || kind == '/') {
					at, cut = p, t
				}
			}
		}
	}
	if at == nil {
		return nil
	}
	return docx.Apply(at, docx.Spans(at), []docx.Edit{{From: cut.from, To: cut.to}}, nil)
}

// paragraph fills in a paragraph and the text boxes anchored in it.
func (f *filler) paragraph(p *docx.Node, s scope) error {
	spans := docx.Spans(p)
	whole := docx.Join(spans)
	if strings.Contains(whole, f.delims[0]) {
		m := &inliner{f: f, text: whole, tags: tagsIn(whole, f.delims), objects: map[rune]string{}}
		if err := m.edit(0, len(m.tags), s); err != nil {
			return err
		}
		if err := docx.Apply(p, spans, m.edits, m.objects); err != nil {
			return err
		}
	}
	for _, box := range p.All("w:txbxContent") {
		if !nearestBox(box, p) {
			if err := f.container(box, s); err != nil {
				return err
			}
		}
	}
	return nil
}

// inliner fills in the text of one paragraph.
type inliner struct {
	f       *filler
	text    string
	tags    []tag
	edits   []docx.Edit
	objects map[rune]string // pictures by the character that stands for them
}

// edit makes the edits for the placeholders from i to end.
func (m *inliner) edit(i, end int, s scope) error {
	for ; i < end; i++ {
		t := m.tags[i]
		switch t.kind {
		case '#', '^':
			last := m.match(i, end)
			if last < 0 {
				return input("close it with {{/"+t.name+"}} in the same paragraph, in a paragraph of its own, or in the same row", "the template opens %s and does not close it", t.name)
			}
			if _, known := s.find(t.name); !known && m.f.missing == "keep" && t.kind == '#' {
				_ = m.f.lacks(t.name)
				i = last
				continue
			}
			scopes, err := m.f.section(t, s)
			if err != nil {
				return err
			}
			if len(scopes) == 1 { // what is inside keeps its looks
				m.cut(t.from, t.to, "")
				if err := m.edit(i+1, last, scopes[0]); err != nil {
					return err
				}
				m.cut(m.tags[last].from, m.tags[last].to, "")
			} else {
				var b strings.Builder
				for _, inner := range scopes {
					if err := m.render(&b, i+1, last, t.to, m.tags[last].from, inner); err != nil {
						return err
					}
				}
				m.cut(t.from, m.tags[last].to, b.String())
			}
			i = last
		case '/':
			return input("open it with {{#"+t.name+"}} first", "the template closes %s, which is not open there", t.name)
		default:
			v, ok, err := m.value(t, s)
			if err != nil {
				return err
			}
			if ok {
				m.cut(t.from, t.to, v)
			}
		}
	}
	return nil
}

func (m *inliner) cut(from, to int, with string) {
	m.edits = append(m.edits, docx.Edit{From: from, To: to, Insert: with})
}

// match returns the placeholder that closes section i.
func (m *inliner) match(i, end int) int {
	open := 0
	for k := i; k < end; k++ {
		if m.tags[k].name != m.tags[i].name {
			continue
		}
		switch m.tags[k].kind {
		case '#', '^':
			open++
		case '/':
			if open--; open == 0 {
				return k
			}
		}
	}
	return -1
}

// render writes the text from and to, with the placeholders i to end filled in.
func (m *inliner) render(b *strings.Builder, i, end, from, to int, s scope) error {
	for ; i < end; i++ {
		t := m.tags[i]
		b.WriteString(m.text[from:t.from])
		from = t.to
		if b.Len() > 64<<20 {
			return input("fill in fewer items", "a paragraph would become larger than 64 MiB")
		}
		switch t.kind {
		case '#', '^':
			last := m.match(i, end)
			if last < 0 {
				return input("close it in the same paragraph", "the template opens %s and does not close it", t.name)
			}
			scopes, err := m.f.section(t, s)
			if err != nil {
				return err
			}
			for _, inner := range scopes {
				if err := m.render(b, i+1, last, t.to, m.tags[last].from, inner); err != nil {
					return err
				}
			}
			i, from = last, m.tags[last].to
		case '/':
			return input("open it first", "the template closes %s, which is not open there", t.name)
		default:
			v, ok, err := m.value(t, s)
			if err != nil {
				return err
			}
			if !ok {
				v = m.text[t.from:t.to]
			}
			b.WriteString(v)
		}
	}
	b.WriteString(m.text[from:to])
	return nil
}

// value returns what stands in the place of a placeholder; ok is false if it
// stays as it is.
func (m *inliner) value(t tag, s scope) (with string, ok bool, err error) {
	if t.kind == '!' {
		return "", true, nil
	}
	v, known := s.find(t.name)
	if !known || v == nil {
		if !known {
			if err := m.f.lacks(t.name); !errors.Is(err, errMissing) {
				return "", false, err
			}
			return "", m.f.missing == "empty", nil
		}
		m.f.out.Filled++
		return "", true, nil
	}
	m.f.out.Filled++
	if t.kind == '%' {
		with, err = m.picture(t.name, v)
		return with, true, err
	}
	with, err = text(t.name, v)
	// The characters that stand for pictures cannot come from data.
	with = strings.Map(func(r rune) rune {
		if r >= firstObject {
			return -1
		}
		return r
	}, with)
	return with, true, err
}

// firstObject is the first of the characters that stand for pictures; they are
// in a plane of Unicode that holds none of its own.
const firstObject = 0xF0000

func (m *inliner) picture(name string, v any) (string, error) {
	if s, ok := v.(string); ok && s == "" {
		return "", nil
	}
	p, err := pictureOf(name, v)
	if err != nil {
		return "", err
	}
	data, err := readFile(m.f.env, p.file, 64<<20)
	if err != nil {
		return "", err
	}
	const cm = 96 / 2.54
	x, err := m.f.d.Picture(m.f.part, data, p.file, p.alt, p.width*cm, p.height*cm, m.f.width)
	if err != nil {
		return "", node.Fail(node.KindInput, fmt.Sprintf("the picture %s cannot be used: %v", name, err), "use a PNG, JPEG or GIF picture")
	}
	r := rune(firstObject + len(m.objects))
	m.objects[r] = x
	return string(r), nil
}
