package heal

import (
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/selector"
)

// build makes pages for tests: a tree whose paths, boxes and neighbours are worked out at the end.
type build struct {
	page  Page
	stack []int
	count []map[string]int
	y     int
}

func newBuild() *build {
	b := &build{count: []map[string]int{{}}, page: Page{Width: 1280, Height: 2000}}
	b.in("html", selector.Print{})
	b.in("body", selector.Print{})
	return b
}

// in opens an element.
func (b *build) in(tag string, p selector.Print) int {
	last := len(b.count) - 1
	b.count[last][tag]++
	parent, path := -1, ""
	if n := len(b.stack); n > 0 {
		parent = b.stack[n-1]
		path = b.page.Elements[parent].Path
	}
	p.V, p.Tag, p.Index = selector.PrintVersion, tag, b.count[last][tag]
	p.Path = fmt.Sprintf("%s/%s[%d]", path, tag, p.Index)
	p.IDPath = p.Path
	if p.ID != "" {
		p.IDPath = "//*[@id='" + p.ID + "']"
	}
	i := len(b.page.Elements)
	b.page.Elements = append(b.page.Elements, Element{Print: p, Parent: parent, Ref: i, Shown: true})
	b.stack = append(b.stack, i)
	b.count = append(b.count, map[string]int{})
	return i
}

// out closes the last element.
func (b *build) out() {
	b.stack, b.count = b.stack[:len(b.stack)-1], b.count[:len(b.count)-1]
}

// put adds an element without children at a place of its own.
func (b *build) put(tag string, x, w int, p selector.Print) int {
	p.Box = [4]int{x, b.y, w, 24}
	if p.Name == "" {
		p.Name = p.Text
	}
	i := b.in(tag, p)
	b.out()
	return i
}

func (b *build) line() { b.y += 32 }

// shop is a page with a menu, a form, a table with a button in each row, and a footer.
func shop(rows ...string) *build {
	b := newBuild()
	b.in("header", selector.Print{})
	b.in("nav", selector.Print{})
	for i, s := range []string{"Orders", "Customers", "Invoices", "Help"} {
		b.put("a", 40+100*i, 80, selector.Print{Text: s, Href: "https://shop.test/" + strings.ToLower(s), Role: "link"})
	}
	b.line()
	b.out()
	b.out()
	b.in("main", selector.Print{})
	b.put("h1", 40, 400, selector.Print{Text: "Edit a customer", Role: "heading"})
	b.line()
	b.in("form", selector.Print{ID: "customer"})
	for _, s := range []string{"First name", "Last name", "Email", "City", "Phone"} {
		id := strings.ToLower(strings.ReplaceAll(s, " ", "-"))
		b.put("label", 40, 100, selector.Print{Text: s})
		b.put("input", 160, 300, selector.Print{ID: id, NameAttr: id, Type: "text", Role: "textbox", Name: s, Label: s, Form: "customer", Near: s, Headings: []string{"Edit a customer"}})
		b.line()
	}
	b.put("button", 160, 120, selector.Print{ID: "save", Type: "submit", Role: "button", Text: "Save customer", Classes: []string{"btn", "primary"}, Form: "customer", Button: true})
	b.put("button", 300, 120, selector.Print{ID: "cancel", Type: "button", Role: "button", Text: "Cancel", Classes: []string{"btn"}, Form: "customer", Button: true})
	b.line()
	b.out()
	b.in("table", selector.Print{})
	for _, r := range rows {
		b.in("tr", selector.Print{})
		b.put("td", 40, 200, selector.Print{Text: r, Role: "cell"})
		b.in("td", selector.Print{})
		b.put("button", 260, 80, selector.Print{Text: "Open", Role: "button", Type: "button", Row: r, Column: "Action", Near: r, Classes: []string{"btn", "small"}, Button: true})
		b.out()
		b.out()
		b.line()
	}
	b.out()
	b.out()
	b.in("footer", selector.Print{})
	for i, s := range []string{"Imprint", "Privacy", "Help"} {
		b.put("a", 40+100*i, 80, selector.Print{Text: s, Href: "https://shop.test/about/" + strings.ToLower(s), Role: "link"})
	}
	b.out()
	return b
}

// cards is a list of cards with a button in each, which only the words around it tell apart.
func cards(names ...string) *build {
	b := newBuild()
	b.in("main", selector.Print{})
	b.put("h1", 40, 400, selector.Print{Text: "Books"})
	b.line()
	for _, n := range names {
		b.in("div", selector.Print{Classes: []string{"card"}})
		b.put("p", 40, 300, selector.Print{Text: n})
		b.put("button", 400, 80, selector.Print{Text: "Buy", Role: "button", Near: n, Classes: []string{"btn"}, Button: true, Alike: len(names), Headings: []string{"Books"}})
		b.out()
		b.line()
	}
	return b
}

// find is the place of the first element that fits.
func (b *build) find(fits func(e *Element) bool) int {
	for i := range b.page.Elements {
		if fits(&b.page.Elements[i]) {
			return i
		}
	}
	return -1
}

func (b *build) text(tag, text string) int {
	return b.find(func(e *Element) bool { return e.Tag == tag && e.Text == text })
}

// without is the page without some elements and what stands in them.
func without(p *Page, gone ...int) *Page {
	out := &Page{URL: p.URL, Width: p.Width, Height: p.Height}
	place := map[int]int{-1: -1}
	drop := map[int]bool{}
	for _, i := range gone {
		drop[i] = true
	}
	for i, e := range p.Elements {
		if drop[i] || drop[e.Parent] {
			drop[i] = true
			continue
		}
		place[i] = len(out.Elements)
		e.Parent = place[e.Parent]
		out.Elements = append(out.Elements, e)
	}
	return out
}
