package heal

import (
	"math"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/selector"
)

// The kinds of elements that a person tells apart.
const (
	kindOther = iota
	kindLink
	kindButton
	kindInput
	kindCheck
	kindFile
	kindSelect
	kindHeading
	kindCell
	kindGraphic
)

// kindOf says what an element is for.
func kindOf(p *selector.Print) int {
	switch p.Tag {
	case "a":
		if p.Role == "button" {
			return kindButton
		}
		return kindLink
	case "button", "summary":
		return kindButton
	case "select":
		return kindSelect
	case "textarea":
		return kindInput
	case "input":
		switch p.Type {
		case "submit", "button", "reset", "image":
			return kindButton
		case "checkbox", "radio":
			return kindCheck
		case "file":
			return kindFile
		}
		return kindInput
	}
	switch p.Role {
	case "link":
		return kindLink
	case "button", "menuitem", "tab":
		return kindButton
	case "textbox", "searchbox", "spinbutton":
		return kindInput
	case "checkbox", "radio", "switch":
		return kindCheck
	case "combobox", "listbox":
		return kindSelect
	}
	switch p.Tag {
	case "h1", "h2", "h3", "h4", "h5", "h6":
		return kindHeading
	case "td", "th", "tr":
		return kindCell
	case "svg", "img", "canvas", "picture":
		return kindGraphic
	}
	if p.Role == "heading" {
		return kindHeading
	}
	return kindOther
}

// record is a print made ready for comparing. Texts are hashes of their plain form, 0 if empty.
type record struct {
	tag, id, idStem, name, kindType, testID, role             uint64
	accName, label, placeholder, alt, title, src              uint64
	form, row, column, frame, hosts, inside, head0, own, path uint64
	text, numbers                                             uint64
	runes                                                     []rune
	kind                                                      int
	href, hrefLast                                            uint64
	button, laidOut                                           bool
	index, alike                                              int
	x, y, w, h                                                float64
	steps, idSteps                                            []step
	anchor                                                    uint64
	tokens, near, class, classParts, segs, head               []int32
	made                                                      bool // the id looks generated
	links, names                                              []int32
	host                                                      uint64
	region                                                    uint16
	holdsSame, withinSame                                     bool
}

// hostsOf are the tags of the elements in whose shadow roots one stands, outermost first.
func hostsOf(shadow []string) string {
	var b strings.Builder
	for _, path := range shadow {
		tag, _, _ := strings.Cut(path[strings.LastIndexByte(path, '/')+1:], "[")
		b.WriteString("/" + tag)
	}
	return b.String()
}

// address splits a link into its parts: host, folders, query. What a page's own address adds is the same for all of
// its links and so says little; the tables see to that.
func address(href string, f func(string)) {
	_, rest, ok := strings.Cut(href, "://")
	if !ok {
		rest = href
	}
	rest = strings.TrimPrefix(rest, "www.")
	for i, s := range strings.FieldsFunc(rest, func(r rune) bool { return strings.ContainsRune("/?#&", r) }) {
		if i < maxTokens {
			f(strings.ToLower(s))
		}
	}
}

// sameAddress is a link without what does not matter: the scheme, www., a slash at the end.
func sameAddress(href string) string {
	if strings.HasSuffix(href, "#") || strings.HasPrefix(href, "javascript:") {
		return "" // it leads nowhere
	}
	_, rest, ok := strings.Cut(href, "://")
	if !ok {
		rest = href
	}
	return strings.TrimSuffix(strings.TrimPrefix(rest, "www."), "/")
}

// words is a table of the words of one sort on a page: where they stand and how much each tells.
type words struct {
	ids  map[string]int32
	post [][]int32
	idf  []float64
	sum  []float64 // of each element
	n    int
}

// newWords is an empty table for a page of n elements with about so many words.
func newWords(n, about int) *words {
	return &words{ids: make(map[string]int32, about), sum: make([]float64, n), n: n}
}

// id is the number of a word; a word that the page has not gets one only if more is true.
func (w *words) id(s string, more bool) int32 {
	id, ok := w.ids[s]
	if ok {
		return id
	}
	if !more {
		return -1
	}
	id = int32(len(w.post))
	w.ids[strings.Clone(s)] = id
	w.post = append(w.post, nil)
	return id
}

// finish makes the table's weights.
func (w *words) finish() {
	w.idf = make([]float64, len(w.post))
	for i, p := range w.post {
		w.idf[i] = w.weight(len(p))
		for _, e := range p {
			w.sum[e] += w.idf[i]
		}
	}
}

// weight is how much a word tells that df of the page's elements have: from 1 for one down to nearly nothing for all.
func (w *words) weight(df int) float64 {
	return math.Log(1+float64(w.n+1)/float64(max(df, 1)+1)) / math.Log(1+float64(w.n+1)/2)
}

// overlap is how much of the weight of some words each element shares, and the weight of all of them. Words that the
// page has not weigh as much as a rare one.
func (w *words) overlap(ids []int32) (shared []float64, sum float64) {
	shared = make([]float64, w.n)
	for _, id := range ids {
		if id < 0 {
			sum += w.weight(0)
			continue
		}
		sum += w.idf[id]
		for _, e := range w.post[id] {
			shared[e] += w.idf[id]
		}
	}
	return shared, sum
}

// rarest is the weight of the rarest word that each element shares.
func (w *words) rarest(ids []int32) []float64 {
	out := make([]float64, w.n)
	for _, id := range ids {
		if id < 0 {
			continue
		}
		for _, e := range w.post[id] {
			out[e] = max(out[e], w.idf[id])
		}
	}
	return out
}

// regions are the parts of a page that a path can name; edges are those of which an element is in one only.
var regions = []string{"/header[", "/footer[", "/aside[", "/main[", "/nav[", "/form[", "/table[", "/dialog[", "/article[", "/section["}

const edges = 1<<4 - 1

// regionOf says in which parts of a page a path leads.
func regionOf(path string) (r uint16) {
	for i, s := range regions {
		if strings.Contains(path, s) {
			r |= 1 << i
		}
	}
	return r
}

// set sorts numbers and drops doubles, keeping each -1, which stands for a word of its own.
func set(ids []int32) []int32 {
	slices.Sort(ids)
	out := ids[:0]
	for i, id := range ids {
		if i == 0 || id < 0 || id != ids[i-1] {
			out = append(out, id)
		}
	}
	return out
}
