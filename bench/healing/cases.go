package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/selector"
)

// node is an element as a file of cases writes it.
type node struct {
	Tag     string `json:"tag"`
	ID      string `json:"id"`
	Name    string `json:"name"`
	Class   string `json:"cls"`
	Href    string `json:"href"`
	Alt     string `json:"alt"`
	XPath   string `json:"xpath"`
	IDXPath string `json:"idxpath"`
	Button  bool   `json:"btn"`
	X       pixel  `json:"x"`
	Y       pixel  `json:"y"`
	W       pixel  `json:"w"`
	H       pixel  `json:"h"`
	Text    string `json:"text"`
	Near    string `json:"nb"`
}

// pixel is a length that a file may write with a fraction.
type pixel int

// UnmarshalJSON reads a length.
func (p *pixel) UnmarshalJSON(b []byte) error {
	var f float64
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	*p = pixel(math.Round(f))
	return nil
}

// print is the element as the program knows elements.
func (n *node) print() selector.Print {
	return selector.Print{
		V: selector.PrintVersion, Tag: n.Tag, ID: n.ID, NameAttr: n.Name, Classes: strings.Fields(n.Class), Href: n.Href,
		Alt: n.Alt, Path: n.XPath, IDPath: n.IDXPath, Button: n.Button, Box: [4]int{int(n.X), int(n.Y), int(n.W), int(n.H)}, Text: n.Text, Near: n.Near,
	}
}

// pair is an element of the old page and the place of the same one among those of the new page, nil or less than 0 if
// it is not there any more.
type pair struct {
	Target node `json:"target"`
	New    *int `json:"truth"`

	Truth int `json:"-"`
}

// site is a page before and after.
type site struct {
	Name  string `json:"site"`
	Pairs []pair `json:"pairs"`
	Cands []node `json:"cands"`

	page *heal.Page
	gone [][]int // what is left of the page without the right element of a pair
}

// removal is the page without the right element of a pair, and without what is the same element to a person.
type removal struct {
	left  []int
	nodes []node
	page  *heal.Page
}

// removed is the page without the right element of pair i.
func (s *site) removed(i int) removal {
	r := removal{left: s.gone[i], nodes: make([]node, len(s.gone[i]))}
	for k, n := range r.left {
		r.nodes[k] = s.Cands[n]
	}
	r.page = pageOf(r.nodes)
	return r
}

// at is the place that an element of the whole page has in what is left, -1 if it is gone.
func (r *removal) at(i int) int { return slices.Index(r.left, i) }

// wanted are the targets of a site.
func (s *site) wanted() []heal.Wanted {
	out := make([]heal.Wanted, len(s.Pairs))
	for i := range s.Pairs {
		out[i] = heal.Wanted{Print: s.Pairs[i].Target.print(), Action: "click"}
	}
	return out
}

// bare is the site without its layout.
func (s *site) bare() *site {
	flat := func(n node) node {
		n.X, n.Y, n.W, n.H = 0, 0, 0, 0
		return n
	}
	out := &site{Name: s.Name}
	for _, p := range s.Pairs {
		out.Pairs = append(out.Pairs, pair{Target: flat(p.Target), New: p.New, Truth: p.Truth})
	}
	for _, n := range s.Cands {
		out.Cands = append(out.Cands, flat(n))
	}
	out.prepare()
	return out
}

// prepare makes the pages.
func (s *site) prepare() {
	s.page = pageOf(s.Cands)
	for _, p := range s.Pairs {
		var left []int
		for i := range s.Cands {
			if p.Truth < 0 || !one(&s.Cands[i], &s.Cands[p.Truth]) {
				left = append(left, i)
			}
		}
		s.gone = append(s.gone, left)
	}
}

// one says that taking b away takes a away: a is b, stands in it, or is around it and reads the same.
func one(a, b *node) bool {
	if a == b {
		return true
	}
	if a.XPath == "" || b.XPath == "" {
		return false // nobody knows where it stands
	}
	return a.XPath == b.XPath || up(a.XPath) == up(b.XPath) && cover(a, b) >= 0.85 || strings.HasPrefix(a.XPath, b.XPath+"/") ||
		strings.HasPrefix(b.XPath, a.XPath+"/") && (b.Text != "" && a.Text == b.Text || up(b.XPath) == a.XPath && cover(a, b) >= 0.5)
}

// cover is how much of the place of two elements both take.
func cover(a, b *node) float64 {
	w := min(a.X+a.W, b.X+b.W) - max(a.X, b.X)
	h := min(a.Y+a.H, b.Y+b.H) - max(a.Y, b.Y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return float64(w*h) / float64(a.W*a.H+b.W*b.H-w*h)
}

// twin says that an element reads the same and leads to the same address as the right one does or as the target did: to
// click it is no fault.
func twin(nodes []node, found int, all []node, p *pair) bool {
	if found < 0 {
		return false
	}
	a := &nodes[found]
	to := link(nodes, a)
	same := func(b *node, from string) bool {
		return a.Text == b.Text && (to != "" && address(to) == address(from) || to == "" && from == "" && a.Tag == b.Tag && heading(a.Tag))
	}
	return p.Truth >= 0 && same(&all[p.Truth], link(all, &all[p.Truth])) || p.Target.Text != "" && same(&p.Target, p.Target.Href)
}

// heading says that a tag is only to be read.
func heading(tag string) bool { return len(tag) == 2 && tag[0] == 'h' }

// address is a link without what leads to the same place.
func address(href string) string {
	if _, rest, ok := strings.Cut(href, "://"); ok {
		href = rest
	}
	return strings.TrimSuffix(strings.TrimPrefix(href, "www."), "/")
}

// link is where an element leads: by itself, or by what it is one with.
func link(nodes []node, n *node) string {
	if n.Href != "" {
		return n.Href
	}
	for i := range nodes {
		if m := &nodes[i]; m.Href != "" && m.Text == n.Text && (strings.HasPrefix(m.XPath, n.XPath+"/") || strings.HasPrefix(n.XPath, m.XPath+"/")) {
			return m.Href
		}
	}
	return ""
}

// file is one file of cases.
type file struct {
	name  string
	sites []*site
}

// pairs is how many there are, and how many of them are still on their page.
func (f *file) pairs() (all, present int) {
	for _, s := range f.sites {
		all += len(s.Pairs)
		for _, p := range s.Pairs {
			if p.Truth >= 0 {
				present++
			}
		}
	}
	return all, present
}

// readCases reads a file of cases, JSON or JSON in gzip.
func readCases(path string) (*file, error) {
	r, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	in := bufio.NewReader(r)
	// What it holds says what it is: files are renamed.
	if head, err := in.Peek(2); err == nil && head[0] == 0x1f && head[1] == 0x8b {
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("reading cases %s: %w", path, err)
		}
		in = bufio.NewReader(unzipped)
	}
	f := &file{name: path}
	if err := json.NewDecoder(in).Decode(&f.sites); err != nil {
		return nil, fmt.Errorf("reading cases %s: %w", path, err)
	}
	for i, s := range f.sites {
		if s == nil {
			return nil, fmt.Errorf("reading cases %s: site %d is null", path, i)
		}
		for i := range s.Pairs {
			p := &s.Pairs[i]
			p.Truth = -1
			if p.New != nil {
				p.Truth = max(*p.New, -1)
			}
			if t := p.Truth; t >= len(s.Cands) {
				return nil, fmt.Errorf("reading cases %s: pair %d of %s has the truth %d, and the page has %d elements", path, i, s.Name, t, len(s.Cands))
			}
		}
		s.prepare()
	}
	if n, _ := f.pairs(); n == 0 {
		return nil, fmt.Errorf("reading cases %s: it has no pairs", path)
	}
	return f, nil
}

// pageOf is a page of elements of a file.
func pageOf(nodes []node) *heal.Page {
	p := &heal.Page{Elements: make([]heal.Element, len(nodes))}
	at := make(map[string]int, len(nodes))
	for i := range nodes {
		at[nodes[i].XPath] = i
	}
	for i := range nodes {
		p.Elements[i] = heal.Element{Print: nodes[i].print(), Parent: -1, Ref: i, Shown: true}
		for path := up(nodes[i].XPath); path != ""; path = up(path) {
			if k, ok := at[path]; ok {
				p.Elements[i].Parent = k
				break
			}
		}
	}
	return p
}

// up is the path of the element around another one.
func up(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return ""
}

// right is the criterion of the paper that the data comes from: the same element, or its direct parent or child.
func right(nodes []node, found, truth int) bool {
	if found < 0 || truth < 0 {
		return false
	}
	a, b := nodes[found].XPath, nodes[truth].XPath
	return found == truth || a != "" && b != "" && (a == b || up(a) == b || up(b) == a)
}

// defaults are the files of cases beside the repository.
var defaults = []string{"../shared/healing_data/similo_js/cases.json.gz", "../shared/healing_data/similo_js/cases_audited.json.gz"}

// root is the folder of the repository, seen from where the program runs: its own folder or the repository's.
func root() string {
	if _, err := os.Stat("../../bench/healing/go.mod"); err == nil {
		return "../.."
	}
	return "."
}

// open reads the files of cases, the usual ones if none is named.
func open(paths []string) ([]*file, error) {
	if len(paths) == 0 {
		for _, d := range defaults {
			paths = append(paths, root()+"/"+d)
		}
	}
	var out []*file
	for _, p := range paths {
		f, err := readCases(p)
		if errors.Is(err, os.ErrNotExist) {
			return nil, fmt.Errorf("the cases are not there: %s; they are page texts of real sites and so no part of the repository, name yours with --cases FILE", p)
		}
		if err != nil {
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}
