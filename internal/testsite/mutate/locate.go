package mutate

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// step is one step of the way to an element: same is its number among its siblings of its name, nth among all.
type step struct {
	n         *html.Node
	same, nth int
}

// locate notes the truth and the handles of the finished page.
func (t *tree) locate() { t.walk(t.root, nil) }

func (t *tree) walk(n *html.Node, way []step) {
	var names []string
	var counts []int
	nth := 0
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type != html.ElementNode {
			continue
		}
		nth++
		i := slices.Index(names, c.Data)
		if i < 0 {
			i = len(names)
			names, counts = append(names, c.Data), append(counts, 0)
		}
		counts[i]++
		here := append(way, step{c, counts[i], nth})
		t.note(here)
		t.walk(c, here)
	}
}

// note keeps where an element is, if it has a name.
func (t *tree) note(way []step) {
	n := way[len(way)-1].n
	name, handle := attr(n, truthAttr), attr(n, refAttr)
	if name != "" {
		t.truth = append(t.truth, Truth{Name: name, Path: t.xpath(way), ID: attr(n, "id")})
	}
	// A handle goes before a truth of the same name, and the first element before later ones.
	if handle != "" {
		t.places[handle] = t.place(way)
	} else if name != "" && t.places[name] == "" {
		t.places[name] = t.place(way)
	}
}

// xpath is the way to an element, with a path for each template it leads into.
func (t *tree) xpath(way []step) []string {
	var paths []string
	var b strings.Builder
	if t.fragment {
		b.WriteByte('.')
	}
	for i, s := range way {
		b.WriteString(s.xpath())
		if s.n.Data == "template" && i+1 < len(way) {
			paths = append(paths, b.String())
			b.Reset()
			b.WriteByte('.')
		}
	}
	return append(paths, b.String())
}

// xpath counts foreign elements and odd names among all: XPath has no plain name for them.
func (s step) xpath() string {
	name := s.n.Data
	if s.n.Namespace != "" || strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" || name[0] < 'a' {
		return "/*[" + strconv.Itoa(s.nth) + "]"
	}
	return "/" + name + "[" + strconv.Itoa(s.same) + "]"
}

// place is the way to an element as a selector; "" where scripts cannot look: in templates and fragments.
func (t *tree) place(way []step) string {
	if t.fragment {
		return ""
	}
	var b strings.Builder
	for i, s := range way {
		switch {
		case i == 0:
			b.WriteString(s.n.Data)
		default:
			b.WriteString(">:nth-child(" + strconv.Itoa(s.nth) + ")")
		}
		if s.n.Data == "template" && i+1 < len(way) {
			return ""
		}
	}
	return b.String()
}

// strip takes out what must not be served.
func (t *tree) strip(n *html.Node) {
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		if c.Type == html.ElementNode {
			drop(c, truthAttr, refAttr, shuffleAttr, fixedAttr)
		}
		t.strip(c)
	}
}
