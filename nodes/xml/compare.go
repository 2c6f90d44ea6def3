package xml

import (
	"bytes"
	"context"
	"crypto/sha256"
	"maps"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/xml/xmltree"
)

func init() {
	node.Register(node.Spec[compareIn, compareOut]{
		Type: "xml.compare", Title: "Compare XML", Effect: node.Pure,
		Doc: "Compares two documents by what they mean: the order of attributes, quotes, comments, prefixes of namespaces and white space between elements do not matter. Differences are listed with their place.",
		Examples: []node.Example[compareIn, compareOut]{{
			Title: "The same, written differently",
			In:    compareIn{A: "<a x='1' y='2'> <b/> </a>", B: "<a y=\"2\" x=\"1\"><b></b><!-- ! --></a>"},
			Out:   compareOut{Equal: true, Differences: []difference{}},
		}, {
			Title: "A price has changed",
			In:    compareIn{A: "<p><n>Cup</n><price>4</price></p>", B: "<p><n>Cup</n><price>5</price></p>"},
			Out:   compareOut{Differences: []difference{{Path: "/p/price", Kind: "text", A: "4", B: "5"}}, Count: 1},
		}},
		Run: compare,
	})
}

type compareIn struct {
	A           string   `json:"a" is:"required" widget:"code" doc:"First document."`
	B           string   `json:"b" is:"required" widget:"code" doc:"Second document."`
	AnyOrder    bool     `json:"ignore_order" doc:"Take elements beside each other as a set: their order does not matter."`
	KeepSpace   bool     `json:"compare_space" doc:"Also compare white space at the ends of texts and between elements."`
	NoNamespace bool     `json:"ignore_namespaces" doc:"Compare local names only."`
	Ignore      []string `json:"ignore" doc:"Names of elements, or of attributes with @ before them, to leave out."`
}

type difference struct {
	Path string `json:"path" doc:"XPath of the place, in the first document unless only the second has it."`
	Kind string `json:"kind" doc:"What differs: text, attribute, name, order of the elements below, or element for one that only one document has."`
	A    any    `json:"a" doc:"Text in the first document; nil for nothing."`
	B    any    `json:"b" doc:"Text in the second document; nil for nothing."`
}

type compareOut struct {
	Equal       bool         `json:"equal" doc:"Whether the documents mean the same."`
	Differences []difference `json:"differences" doc:"Where they differ, at most 1000 places."`
	Count       int          `json:"count" doc:"Number of differences listed."`
}

const maxDifferences = 1000

func compare(ctx context.Context, _ *node.Env, in compareIn) (compareOut, error) {
	a, err := source{Text: in.A}.parse(ctx)
	if err != nil {
		return compareOut{}, prefixed("a: ", err)
	}
	b, err := source{Text: in.B}.parse(ctx)
	if err != nil {
		return compareOut{}, prefixed("b: ", err)
	}
	c := &comparison{compareIn: in, sums: map[*xmltree.Node][sha256.Size]byte{}, out: []difference{}}
	c.elements(a.Root, b.Root)
	return compareOut{Equal: len(c.out) == 0, Differences: c.out, Count: len(c.out)}, ctx.Err()
}

func prefixed(what string, err error) error {
	f := *node.AsFailure(err)
	f.Message = what + f.Message
	return &f
}

type comparison struct {
	compareIn
	sums  map[*xmltree.Node][sha256.Size]byte
	paths paths
	out   []difference
}

func (c *comparison) note(n *xmltree.Node, kind, suffix string, a, b any) {
	if len(c.out) < maxDifferences {
		c.out = append(c.out, difference{Path: c.paths.node(n) + suffix, Kind: kind, A: a, B: b})
	}
}

func (c *comparison) name(space, local string) string {
	if c.NoNamespace || space == "" {
		return local
	}
	return "{" + space + "}" + local
}

func (c *comparison) attrs(n *xmltree.Node) map[string]string {
	out := map[string]string{}
	for _, a := range n.Attr {
		if !a.Declares() && !slices.Contains(c.Ignore, "@"+a.Name()) && !slices.Contains(c.Ignore, "@"+a.Local) {
			out[c.name(a.Space, a.Local)] = a.Value
		}
	}
	return out
}

func (c *comparison) clean(s string) string {
	if c.KeepSpace {
		return s
	}
	return strings.TrimSpace(s)
}

// parts returns the texts and elements below, texts joined.
func (c *comparison) parts(n *xmltree.Node) (texts string, kids []*xmltree.Node) {
	var b strings.Builder
	for e := n.First; e != nil; e = e.Next {
		switch e.Kind {
		case xmltree.Text:
			if !xmltree.Blank(e.Data) || c.KeepSpace {
				b.WriteString(e.Data)
			}
		case xmltree.Element:
			if !slices.Contains(c.Ignore, e.Name()) && !slices.Contains(c.Ignore, e.Local) {
				kids = append(kids, e)
			}
			// Text before and behind an element is not the same.
			if !c.AnyOrder {
				b.WriteByte(0)
			}
		}
	}
	texts = b.String()
	if strings.Trim(texts, "\x00") == "" {
		return "", kids
	}
	return c.clean(texts), kids
}

// sum stands for all that an element means.
func (c *comparison) sum(n *xmltree.Node) [sha256.Size]byte {
	if s, ok := c.sums[n]; ok {
		return s
	}
	h := sha256.New()
	put := func(s string) {
		h.Write([]byte(itoa(len(s)) + ":" + s))
	}
	put(c.name(n.Space, n.Local))
	attrs := c.attrs(n)
	put(itoa(len(attrs)))
	for _, k := range slices.Sorted(maps.Keys(attrs)) {
		put(k)
		put(attrs[k])
	}
	text, kids := c.parts(n)
	put(text)
	for _, s := range c.sorted(kids) {
		h.Write(s[:])
	}
	var s [sha256.Size]byte
	copy(s[:], h.Sum(nil))
	c.sums[n] = s
	return s
}

func (c *comparison) sorted(kids []*xmltree.Node) [][sha256.Size]byte {
	out := make([][sha256.Size]byte, len(kids))
	for i, k := range kids {
		out[i] = c.sum(k)
	}
	if c.AnyOrder {
		slices.SortFunc(out, func(a, b [sha256.Size]byte) int { return bytes.Compare(a[:], b[:]) })
	}
	return out
}

func (c *comparison) elements(a, b *xmltree.Node) {
	if c.sum(a) == c.sum(b) || len(c.out) >= maxDifferences {
		return
	}
	if x, y := c.name(a.Space, a.Local), c.name(b.Space, b.Local); x != y {
		c.note(a, "name", "", x, y)
		return
	}
	x, y := c.attrs(a), c.attrs(b)
	for _, k := range slices.Sorted(maps.Keys(x)) {
		if v, ok := y[k]; !ok {
			c.note(a, "attribute", "/@"+k, x[k], nil)
		} else if v != x[k] {
			c.note(a, "attribute", "/@"+k, x[k], v)
		}
	}
	for _, k := range slices.Sorted(maps.Keys(y)) {
		if _, ok := x[k]; !ok {
			c.note(a, "attribute", "/@"+k, nil, y[k])
		}
	}
	s, kidsA := c.parts(a)
	t, kidsB := c.parts(b)
	if s != t {
		c.note(a, "text", "", strings.ReplaceAll(s, "\x00", "…"), strings.ReplaceAll(t, "\x00", "…"))
	}
	c.children(kidsA, kidsB)
}

// children pairs elements: equal ones first where their order does not matter
// or stands the same at both ends, then those of the same name.
func (c *comparison) children(a, b []*xmltree.Node) {
	if c.AnyOrder {
		left := map[[sha256.Size]byte]int{}
		for _, n := range b {
			left[c.sum(n)]++
		}
		a = slices.DeleteFunc(slices.Clone(a), func(n *xmltree.Node) bool {
			s := c.sum(n)
			left[s]--
			return left[s] >= 0
		})
		right := map[[sha256.Size]byte]int{}
		for s, n := range left {
			right[s] = max(n, 0)
		}
		b = slices.DeleteFunc(slices.Clone(b), func(n *xmltree.Node) bool {
			s := c.sum(n)
			right[s]--
			return right[s] < 0
		})
	} else {
		for len(a) > 0 && len(b) > 0 && c.sum(a[0]) == c.sum(b[0]) {
			a, b = a[1:], b[1:]
		}
		for len(a) > 0 && len(b) > 0 && c.sum(a[len(a)-1]) == c.sum(b[len(b)-1]) {
			a, b = a[:len(a)-1], b[:len(b)-1]
		}
	}
	byName := map[string][]*xmltree.Node{}
	for _, n := range b {
		k := c.name(n.Space, n.Local)
		byName[k] = append(byName[k], n)
	}
	paired := map[*xmltree.Node]bool{}
	for _, n := range a {
		k := c.name(n.Space, n.Local)
		if len(byName[k]) == 0 {
			c.note(n, "element", "", n.Content(), nil)
			continue
		}
		other := byName[k][0]
		byName[k] = byName[k][1:]
		paired[other] = true
		c.elements(n, other)
	}
	for _, n := range b {
		if !paired[n] {
			c.note(n, "element", "", nil, n.Content())
		}
	}
	if !c.AnyOrder && len(a) == len(b) && len(a) > 0 {
		c.order(a, b)
	}
}

// order notes elements that stand in another order, where nothing else differs.
func (c *comparison) order(a, b []*xmltree.Node) {
	var x, y []string
	for i := range a {
		x, y = append(x, c.name(a[i].Space, a[i].Local)), append(y, c.name(b[i].Space, b[i].Local))
	}
	if !slices.Equal(x, y) && slices.Equal(slices.Sorted(slices.Values(x)), slices.Sorted(slices.Values(y))) {
		c.note(a[0].Parent, "order", "", strings.Join(x, " "), strings.Join(y, " "))
	}
}
