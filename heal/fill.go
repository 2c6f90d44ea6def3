package heal

import (
	"slices"
	"strings"

	"github.com/aether-rpa/aether/selector"
)

// plain is plain of a text that other elements of the page may have, too.
func (p *Prepared) plain(s string) string {
	if p.again == nil || len(s) < 4 {
		return plain(s)
	}
	if isPlain(s) {
		return strings.TrimSuffix(s, " ")
	}
	out, ok := p.again.plain[s]
	if !ok {
		out = plain(s)
		p.again.plain[s] = out
	}
	return out
}

// first is the first of some texts, plain.
func (p *Prepared) first(texts ...string) string {
	for _, s := range texts {
		if s := p.plain(s); s != "" {
			return s
		}
	}
	return ""
}

// reads is what a person reads at an element.
func (p *Prepared) reads(e *selector.Print, kind int) string {
	if kind == kindInput || kind == kindSelect || kind == kindCheck || kind == kindFile {
		return p.first(e.Name, e.Label, e.Placeholder, e.Title, e.Text)
	}
	return p.first(e.Text, e.Name, e.Label, e.Placeholder, e.Alt, e.Title)
}

// set is the numbers of the words of a plain text, each once.
func (p *Prepared) set(w *words, s string, more bool) []int32 {
	if p.again != nil {
		if ids, ok := p.again.words[w][s]; ok {
			return ids
		}
	}
	var room [maxTokens]int32
	ids := room[:0]
	tokens(s, func(t string) bool { ids = append(ids, w.id(t, more)); return len(ids) < maxTokens })
	ids = set(ids)
	if p.again == nil {
		return slices.Clone(ids)
	}
	out := p.again.keep(ids)
	p.again.words[w][s] = out
	return out
}

// classed looks up a class and the words that it is made of.
func (p *Prepared) classed(c string, more bool) classed {
	if p.again != nil {
		if k, ok := p.again.class[c]; ok {
			return k
		}
	}
	k := classed{id: p.class.id(c, more)}
	if !made(c) {
		parts(c, func(s string) { k.parts = append(k.parts, p.parts.id(s, more)) })
	}
	if p.again != nil {
		p.again.class[c] = k
	}
	return k
}

// named are the words of a class among those of names.
func (p *Prepared) named(c string, more bool) (ids []int32) {
	if p.again != nil {
		if ids, ok := p.again.named[c]; ok {
			return ids
		}
	}
	parts(c, func(s string) { ids = append(ids, p.names.id(s, more)) })
	if p.again != nil {
		p.again.named[c] = ids
	}
	return ids
}

// fill makes the record of a print. more says that its words enter the page's tables.
func (p *Prepared) fill(r *record, e *selector.Print, more bool) {
	kind := kindOf(e)
	text := p.reads(e, kind)
	*r = record{
		tag: hash(e.Tag), id: hash(e.ID), idStem: hash(stem(e.ID)), name: hash(e.NameAttr), kindType: hash(e.Type),
		testID: hash(e.TestID), role: hash(e.Role), accName: hash(p.plain(e.Name)), label: hash(p.plain(e.Label)),
		placeholder: hash(p.plain(e.Placeholder)), alt: hash(p.plain(e.Alt)), title: hash(p.plain(e.Title)), src: hash(sameAddress(e.Src)),
		form: hash(p.plain(e.Form)), row: hash(p.plain(e.Row)), column: hash(p.plain(e.Column)), frame: hash(e.Frame), hosts: hash(hostsOf(e.Shadow)), inside: hash(strings.Join(e.Shadow, "|")),
		own: hash(p.plain(e.Own)), path: hash(strings.Join(e.Shadow, "|") + e.Path), text: hash(text), numbers: hash(numbers(text)), runes: cut(text, maxText),
		kind: kind, href: hash(sameAddress(e.Href)), button: e.Button, index: e.Index, alike: e.Alike,
		x: float64(e.Box[0]), y: float64(e.Box[1]), w: float64(e.Box[2]), h: float64(e.Box[3]),
		laidOut: e.Box != [4]int{}, made: made(e.ID),
	}
	add := func(to *[]int32, w *words, s string) {
		*to = append(*to, w.id(s, more))
	}
	r.tokens, r.near = p.set(p.text, text, more), p.set(p.near, p.plain(e.Near), more)
	if len(e.Headings) > 0 {
		r.head0 = hash(p.plain(e.Headings[0]))
		r.head = p.set(p.heads, p.plain(strings.Join(e.Headings, " ")), more)
	}
	for _, c := range e.Classes {
		if len(r.class) == maxTokens {
			break
		}
		k := p.classed(c, more)
		r.class, r.classParts = append(r.class, k.id), append(r.classParts, k.parts...)
	}
	r.class, r.classParts = set(r.class), set(r.classParts)
	if r.href != 0 {
		last := ""
		address(e.Href, func(s string) {
			if len(r.segs) == 0 {
				r.host = hash(s)
			}
			add(&r.segs, p.segs, s)
			last = s
		})
		r.segs, r.hrefLast = set(r.segs), hash(last)
	}
	tokens(sameAddress(e.Href), func(t string) bool { add(&r.links, p.links, strings.ToLower(t)); return len(r.links) < maxTokens })
	r.links = set(r.links)
	for _, n := range [...]string{e.ID, e.NameAttr, e.TestID} {
		parts(n, func(t string) { add(&r.names, p.names, t) })
	}
	for _, c := range e.Classes {
		r.names = append(r.names, p.named(c, more)...)
	}
	for _, n := range [...]string{e.Alt, e.Title} {
		parts(n, func(t string) { add(&r.names, p.names, t) })
	}
	r.names = set(r.names)
	p.place(r, e, more)
}

// place fills in where an element stands: what is known of the one around it is not read again.
func (p *Prepared) place(r *record, e *selector.Print, more bool) {
	intern := func(tag string) uint16 { return p.intern(tag, more) }
	up, above := p.around()
	last, below := lastStep(e.Path, above.Path)
	if below && slices.Equal(e.Shadow, above.Shadow) {
		r.region = up.region | regionOf(last)
		r.steps = steps(slices.Clip(up.steps), last, intern)
	} else {
		r.region = regionOf(e.Path)
		for _, s := range e.Shadow {
			r.steps = steps(r.steps, s, intern)
		}
		r.steps = steps(r.steps, e.Path, intern)
	}
	if last, below := lastStep(e.IDPath, above.IDPath); below && up.anchor != 0 {
		r.anchor, r.idSteps = up.anchor, steps(slices.Clip(up.idSteps), last, intern)
		return
	}
	id, rest := anchored(e.IDPath)
	r.anchor = hash(id)
	if id != "" {
		r.idSteps = steps(nil, rest, intern)
	} else {
		r.idSteps = r.steps
	}
}

// around is the element around the one whose record is being made, with its record; both are empty where none is known.
func (p *Prepared) around() (*record, *selector.Print) {
	if p.again == nil || p.again.parent < 0 {
		return &record{}, &selector.Print{}
	}
	return &p.recs[p.again.parent], &p.page.Elements[p.again.parent].Print
}

// lastStep is what a path adds to the one above it, with its slash; below is false where that is not one step.
func lastStep(path, above string) (last string, below bool) {
	if above == "" || !strings.HasPrefix(path, above) {
		return "", false
	}
	last = path[len(above):]
	return last, len(last) > 1 && last[0] == '/' && strings.LastIndexByte(last, '/') == 0
}
