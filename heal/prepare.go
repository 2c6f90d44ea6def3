package heal

import "strings"

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

	again *again // while the page's own records are made
}

// again is what elements of a page have in common with those before: it is worked out once.
type again struct {
	plain map[string]string
	words map[*words]map[string][]int32
	class map[string]classed
	named map[string][]int32 // the words of a class among the names

	parent int     // of the element whose record is being made
	room   []int32 // for sets of words
}

// keep copies a set of words to where all of them are.
func (a *again) keep(ids []int32) []int32 {
	if cap(a.room)-len(a.room) < len(ids) {
		a.room = make([]int32, 0, 4096)
	}
	n := len(a.room)
	a.room = append(a.room, ids...)
	return a.room[n:len(a.room):len(a.room)]
}

// classed is a class as the tables know it.
type classed struct {
	id    int32
	parts []int32
}

func newAgain(p *Prepared, n int) *again {
	a := &again{plain: make(map[string]string, n), words: map[*words]map[string][]int32{}, class: map[string]classed{}, named: map[string][]int32{}}
	for _, w := range []*words{p.text, p.near, p.heads} {
		a.words[w] = make(map[string][]int32, n/2)
	}
	return a
}

// Prepare makes the tables of a page.
func (m *Model) Prepare(page *Page) *Prepared {
	n := len(page.Elements)
	p := &Prepared{
		page: page, model: m, recs: make([]record, n), may: make([]bool, n), tags: make(map[string]uint16, 32),
		text: newWords(n, n), near: newWords(n, n), class: newWords(n, 64), parts: newWords(n, 64), segs: newWords(n, n/4), heads: newWords(n, 64), links: newWords(n, n/4), names: newWords(n, n/4),
		byText: make(map[uint64]int, n), byHref: make(map[uint64]int, n), byID: make(map[uint64]int), byStem: make(map[uint64]int),
	}
	laid, all := 0, 0
	p.again = newAgain(p, n)
	for i := range page.Elements {
		e := &page.Elements[i]
		r := &p.recs[i]
		p.again.parent = -1
		if e.Parent < i {
			p.again.parent = e.Parent // its record is made
		}
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
	p.again = nil
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
