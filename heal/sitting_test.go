package heal

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/selector"
)

// change is one way in which pages change.
type change struct {
	name string
	do   func(p *Page, r *rand.Rand)
}

var changes = []change{
	{"ids", func(p *Page, r *rand.Rand) {
		for i := range p.Elements {
			if e := &p.Elements[i]; e.ID != "" {
				e.ID = fmt.Sprintf("r%x", r.Uint32())
				e.IDPath, e.NameAttr = "//*[@id='"+e.ID+"']", ""
			}
		}
	}},
	{"classes", func(p *Page, r *rand.Rand) {
		for i := range p.Elements {
			e := &p.Elements[i]
			e.Classes = slices.Clone(e.Classes)
			for k := range e.Classes {
				e.Classes[k] = fmt.Sprintf("css-%x", r.Uint32())
			}
		}
	}},
	{"wrapper", func(p *Page, _ *rand.Rand) {
		for i := range p.Elements {
			e := &p.Elements[i]
			e.Path = strings.Replace(e.Path, "/body[1]/", "/body[1]/div[1]/div[1]/", 1)
			if e.ID == "" {
				e.IDPath = e.Path
			}
		}
	}},
	{"moved", func(p *Page, r *rand.Rand) {
		dx, dy := r.IntN(200)-100, r.IntN(600)
		for i := range p.Elements {
			if e := &p.Elements[i]; e.Box != [4]int{} {
				e.Box[0] += dx
				e.Box[1] += dy
			}
		}
	}},
	{"addresses", func(p *Page, _ *rand.Rand) {
		for i := range p.Elements {
			if e := &p.Elements[i]; e.Href != "" {
				e.Href = strings.Replace(e.Href, "shop.test/", "shop.test/v2/", 1)
			}
		}
	}},
	{"tags", func(p *Page, _ *rand.Rand) {
		for i := range p.Elements {
			if e := &p.Elements[i]; e.Tag == "button" {
				e.Tag, e.Type = "a", ""
				at := strings.LastIndex(e.Path, "/button[")
				e.Path = e.Path[:at] + "/a[" + e.Path[at+len("/button["):]
			}
		}
	}},
}

// copied is a page that may be changed.
func copied(p *Page) *Page {
	out := *p
	out.Elements = slices.Clone(p.Elements)
	return &out
}

// TestSitting is the quality of healing on pages made here: after every change, and after several at once, what is
// still there is found or nothing is, and what was taken away is never found.
func TestSitting(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same pages every time
	names := []string{"Ada", "Grace", "Linus", "Barbara", "Edsger", "Donald", "Frances", "Niklaus"}
	type count struct{ n, first, healed, wrong int }
	found := map[string]*count{}
	removed := count{}
	for round := range 40 {
		r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		b := shop(names[:3+r.IntN(5)]...)
		var targets []int
		for i, e := range b.page.Elements {
			if e.Tag == "a" || e.Tag == "button" || e.Tag == "input" {
				targets = append(targets, i)
			}
		}
		page := copied(&b.page)
		name := changes[round%len(changes)].name
		changes[round%len(changes)].do(page, r)
		if round >= 2*len(changes) {
			name = "two at once"
			if k := r.IntN(len(changes)); k != round%len(changes) {
				changes[k].do(page, r)
			}
		}
		c := found[name]
		if c == nil {
			c = &count{}
			found[name] = c
		}
		p := Prepare(page)
		for _, i := range targets {
			w := Wanted{Print: b.page.Elements[i].Print, Action: "click"}
			v := p.Find(w)
			c.n++
			ok := v.Best >= 0 && (v.Best == i || p.harmless(&w, v.Best, i))
			if ok {
				c.first++
			}
			switch {
			case v.Decision != Heal:
			case ok:
				c.healed++
			default:
				c.wrong++
				t.Errorf("%s: %q in the row %q was healed into another element (p %.2f)\n%s", name, w.Print.Name, w.Print.Row, v.P, explain(p, v))
			}
			for _, left := range []*Page{without(page, i), beside(page, i, r)} {
				q := Prepare(left)
				removed.n++
				if v := q.Find(w); v.Decision == Heal && !sameLink(&w.Print, &q.page.Elements[v.Best].Print) {
					removed.wrong++
					t.Logf("%s: %q in the row %q was taken away and healed (p %.2f)\n%s", name, w.Print.Name, w.Print.Row, v.P, explain(q, v))
				}
			}
		}
	}
	for name, c := range found {
		t.Logf("%-12s %d elements, right at rank 1 %d, healed %d, wrong %d", name, c.n, c.first, c.healed, c.wrong)
		if c.first*100 < c.n*97 {
			t.Errorf("%s: %d of %d are right at rank 1, want 97 %%", name, c.first, c.n)
		}
		if c.healed*100 < c.n*80 {
			t.Errorf("%s: %d of %d were healed, want 80 %%", name, c.healed, c.n)
		}
	}
	if removed.wrong > 0 {
		t.Errorf("%d of %d elements that were taken away were healed into others", removed.wrong, removed.n)
	}
}

// beside is the page with a look-alike at the place of an element: everything is the same but its words and what
// names it.
func beside(p *Page, i int, r *rand.Rand) *Page {
	out := copied(p)
	e := &out.Elements[i]
	first := []string{"Archive", "Reject", "Forward", "Duplicate"}[r.IntN(4)]
	_, rest, _ := strings.Cut(e.Name, " ")
	e.Name = strings.TrimSpace(first + " " + rest)
	if e.Text != "" {
		e.Text = e.Name
	}
	if e.Label != "" {
		e.Label, e.Near = e.Name, e.Name
	}
	if e.ID != "" {
		e.ID += "-" + strings.ToLower(first)
		e.IDPath = "//*[@id='" + e.ID + "']"
	}
	if e.NameAttr != "" {
		e.NameAttr = e.ID
	}
	if e.Href != "" {
		e.Href = "https://shop.test/" + strings.ToLower(first)
	}
	return out
}

func sameLink(a, b *selector.Print) bool { return a.Href != "" && a.Text == b.Text }
