package heal

import (
	"strings"

	"github.com/aether-rpa/aether/selector"
)

// Prepared is a page with its tables. It is safe for use by several goroutines.
type Prepared struct {
	page  *Page
	model *Model
	recs  []record
	laid  bool // nearly all elements have a place
	may   []bool

	tags                                                map[string]uint16
	text, near, class, parts, segs, heads, links, names *words
	byText, byHref, byID, byStem                        map[uint64]int
}

// Prepare makes the tables of a page.
func (m *Model) Prepare(page *Page) *Prepared {
	n := len(page.Elements)
	p := &Prepared{
		page: page, model: m, recs: make([]record, n), may: make([]bool, n), tags: make(map[string]uint16, 32),
		text: newWords(n), near: newWords(n), class: newWords(n), parts: newWords(n), segs: newWords(n), heads: newWords(n), links: newWords(n), names: newWords(n),
		byText: make(map[uint64]int, n), byHref: make(map[uint64]int, n), byID: make(map[uint64]int), byStem: make(map[uint64]int),
	}
	laid, all := 0, 0
	for i := range page.Elements {
		e := &page.Elements[i]
		r := &p.recs[i]
		p.fill(r, &e.Print, true)
		p.may[i] = findable(e, r.kind)
		if p.may[i] {
			all++
			if r.laidOut {
				laid++
			}
		}
		p.byText[r.text]++
		p.byHref[r.href]++
		p.byID[r.id]++
		p.byStem[r.idStem]++
		for _, t := range [...]struct {
			w   *words
			ids []int32
		}{{p.text, r.tokens}, {p.near, r.near}, {p.class, r.class}, {p.parts, r.classParts}, {p.segs, r.segs}, {p.heads, r.head}, {p.links, r.links}, {p.names, r.names}} {
			for _, id := range t.ids {
				t.w.post[id] = append(t.w.post[id], int32(i))
			}
		}
	}
	p.laid = all > 0 && laid*5 >= all*4 // else places would speak for the few that have one
	for i := range p.recs {
		r := &p.recs[i]
		if k := page.Elements[i].Parent; k >= 0 && k < n && p.recs[k].text == r.text && r.text != 0 {
			r.withinSame, p.recs[k].holdsSame = true, true
		}
	}
	for _, w := range []*words{p.text, p.near, p.class, p.parts, p.segs, p.heads, p.links, p.names} {
		w.finish()
	}
	return p
}

// findable says that an element can be meant at all. Boxes to tick and fields for files are often hidden behind what
// stands for them.
func findable(e *Element, kind int) bool {
	switch e.Tag {
	case "", "html", "head", "body", "script", "style", "template", "noscript", "meta", "link", "title", "br":
		return false
	}
	return e.Shown || kind == kindFile || kind == kindCheck
}

// intern numbers the tags of paths.
func (p *Prepared) intern(tag string, more bool) uint16 {
	id, ok := p.tags[tag]
	if !ok {
		id = uint16(min(len(p.tags)+1, 1<<16-2))
		if !more {
			return uint16(1<<16 - 1)
		}
		p.tags[strings.Clone(tag)] = id
	}
	return id
}

// fill makes the record of a print. more says that its words enter the page's tables.
func (p *Prepared) fill(r *record, e *selector.Print, more bool) {
	kind := kindOf(e)
	text := reads(e, kind)
	*r = record{
		tag: hash(e.Tag), id: hash(e.ID), idStem: hash(stem(e.ID)), name: hash(e.NameAttr), kindType: hash(e.Type),
		testID: hash(e.TestID), role: hash(e.Role), accName: hash(plain(e.Name)), label: hash(plain(e.Label)),
		placeholder: hash(plain(e.Placeholder)), alt: hash(plain(e.Alt)), title: hash(plain(e.Title)), src: hash(sameAddress(e.Src)),
		form: hash(plain(e.Form)), row: hash(plain(e.Row)), column: hash(plain(e.Column)), frame: hash(e.Frame), hosts: hash(hostsOf(e.Shadow)), inside: hash(strings.Join(e.Shadow, "|")),
		own: hash(plain(e.Own)), path: hash(strings.Join(e.Shadow, "|") + e.Path), text: hash(text), numbers: hash(numbers(text)), runes: cut(text, maxText),
		kind: kind, href: hash(sameAddress(e.Href)), button: e.Button, index: e.Index, alike: e.Alike,
		x: float64(e.Box[0]), y: float64(e.Box[1]), w: float64(e.Box[2]), h: float64(e.Box[3]),
		laidOut: e.Box != [4]int{}, made: made(e.ID),
	}
	add := func(to *[]int32, w *words, s string) {
		*to = append(*to, w.id(s, more))
	}
	all := func(to *[]int32, w *words, s string) {
		*to = make([]int32, 0, 8)
		tokens(s, func(t string) bool { add(to, w, t); return len(*to) < maxTokens })
		*to = set(*to)
	}
	all(&r.tokens, p.text, text)
	all(&r.near, p.near, plain(e.Near))
	if len(e.Headings) > 0 {
		r.head0 = hash(plain(e.Headings[0]))
		all(&r.head, p.heads, plain(strings.Join(e.Headings, " ")))
	}
	for _, c := range e.Classes {
		if len(r.class) == maxTokens {
			break
		}
		add(&r.class, p.class, c)
		if !made(c) {
			parts(c, func(s string) { add(&r.classParts, p.parts, s) })
		}
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
	for _, n := range []string{e.ID, e.NameAttr, e.TestID, strings.Join(e.Classes, " "), e.Alt, e.Title} {
		parts(n, func(t string) { add(&r.names, p.names, t) })
	}
	r.names = set(r.names)
	r.region = regionOf(e.Path)
	intern := func(tag string) uint16 { return p.intern(tag, more) }
	id, rest := anchored(e.IDPath)
	r.anchor = hash(id)
	for _, s := range e.Shadow {
		r.steps = steps(r.steps, s, intern)
	}
	r.steps = steps(r.steps, e.Path, intern)
	if id != "" {
		r.idSteps = steps(nil, rest, intern)
	} else {
		r.idSteps = r.steps
	}
}
