// Package healtest changes pages in a real browser, one family of changes at a time, and counts what healing makes of
// them: whether the elements that were meant are found again, and that nothing is found where they are gone.
package healtest

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/selector"
)

//go:embed mutate.js
var mutation string

// Family is one kind of change.
type Family struct {
	// Name is what the script knows it by, What says what it changes.
	Name, What string
	// Share is the part of the elements that are changed.
	Share float64
	// Gone says that elements are taken away: right is to find none.
	Gone bool
}

// Families are the kinds of changes.
var Families = []Family{
	{"ids", "ids and names made anew", 1, false},
	{"classes", "classes made anew", 1, false},
	{"wrappers", "wrapped in one to three elements", 0.6, false},
	{"tags", "other tags: link, button, div", 0.6, false},
	{"order", "siblings in another order", 0.7, false},
	{"text", "other words and numbers", 0.6, false},
	{"links", "other addresses", 0.7, false},
	{"twins", "a copy in the footer", 0.5, false},
	{"split", "split into two", 0.7, false},
	{"removed", "taken away", 0.3, true},
	{"replaced", "taken away, a look-alike beside", 0.3, true},
}

// Mixes are several kinds of changes at once, at a part of the elements each.
var Mixes = []struct {
	Name     string
	Families []string
	Share    float64
}{
	{"mix 10 %", []string{"ids", "classes", "wrappers", "order", "text", "links"}, 0.1},
	{"mix 30 %", []string{"ids", "classes", "wrappers", "order", "text", "links"}, 0.3},
	{"mix 60 %", []string{"ids", "classes", "wrappers", "order", "text", "links"}, 0.6},
}

// Tally counts verdicts.
type Tally struct {
	N int
	// First is how often the element meant ranks first; Right how often healing goes on with it.
	First, Right int
	// Wrong is how often healing goes on with another one; Twin how often with one that reads the same and leads to the
	// same place.
	Wrong, Twin int
	// Seen is how many of Right a picture has settled, SeenWrong how many of Wrong and Twin.
	Seen, SeenWrong int
	// Asked and Abstained are how often a person is asked, and nothing is found.
	Asked, Abstained int
	Prepare, Find    []time.Duration
	Elements         int // of all pages that were prepared
	Faults           []string
	// Why counts the reasons for which a person is asked.
	Why map[string]int
}

// Add adds another tally.
func (t *Tally) Add(o Tally) {
	t.N += o.N
	t.First += o.First
	t.Right += o.Right
	t.Wrong += o.Wrong
	t.Twin += o.Twin
	t.Seen += o.Seen
	t.SeenWrong += o.SeenWrong
	t.Asked += o.Asked
	t.Abstained += o.Abstained
	t.Elements += o.Elements
	t.Prepare = append(t.Prepare, o.Prepare...)
	t.Find = append(t.Find, o.Find...)
	t.Faults = append(t.Faults, o.Faults...)
	for why, n := range o.Why {
		t.because(why, n)
	}
}

func (t *Tally) because(why string, n int) {
	if t.Why == nil {
		t.Why = map[string]int{}
	}
	t.Why[why] += n
}

// View is a page with the elements that are looked for.
type View struct {
	*browser.Prints
	// Truth is the place of each by name, Twins the places of copies that were made of it.
	Truth map[string]int
	Twins map[string][]int
	// Touched are the names of those that were changed, Gone of those that were taken away.
	Touched, Gone map[string]bool
}

const actionable = `a[href],button,input:not([type=hidden]),select,textarea,summary,[role=button],[role=tab],[onclick]`

// Stamp names the elements of a page that a flow would work on, as far as they can be seen.
func Stamp(ctx context.Context, p *browser.Page) error {
	return p.Eval(ctx, p.Frames()[0].ID, `(() => { let n = 0; for (const r of __aether.of.roots(document)) for (const e of r.querySelectorAll(`+strconv.Quote(actionable)+`)) if (__aether.of.shown(e)) e.setAttribute('data-truth', 't' + n++); return n; })()`, nil)
}

// Mutate changes the page by a family.
func Mutate(ctx context.Context, p *browser.Page, f Family, seed int) error {
	return p.Eval(ctx, p.Frames()[0].ID, fmt.Sprintf("%s(%q,%d,%g)", mutation, f.Name, seed, f.Share), nil)
}

// Look looks at all elements of the page. The names of the elements that are looked for stand in attributes that no
// print holds.
func Look(ctx context.Context, p *browser.Page) (*View, error) {
	all, err := p.Prints(ctx)
	if err != nil {
		return nil, err
	}
	if err := pictured(ctx, p, all); err != nil {
		return nil, err
	}
	var marks struct {
		Truth   map[string]int   `json:"truth"`
		Twins   map[string][]int `json:"twins"`
		Touched []string         `json:"touched"`
		Gone    string           `json:"gone"`
	}
	err = p.Eval(ctx, p.Frames()[0].ID, `(() => { const out = {truth: {}, twins: {}, touched: [], gone: document.documentElement.getAttribute('data-gone') || ''};
		const place = e => __aether.place(__aether.keep(e));
		for (const r of __aether.of.roots(document)) {
			for (const e of r.querySelectorAll('[data-truth]')) { const n = e.getAttribute('data-truth'); out.truth[n] = place(e); if (e.hasAttribute('data-touched')) out.touched.push(n); }
			for (const e of r.querySelectorAll('[data-twin]')) { const n = e.getAttribute('data-twin'); (out.twins[n] = out.twins[n] || []).push(place(e)); }
		}
		return out; })()`, &marks)
	if err != nil {
		return nil, err
	}
	at := map[int]int{}
	for i, e := range all.Elements {
		if e.Frame == "" {
			at[e.Ref] = i
		}
	}
	v := &View{Prints: all, Truth: map[string]int{}, Twins: map[string][]int{}, Touched: map[string]bool{}, Gone: map[string]bool{}}
	for n, ref := range marks.Truth {
		if i, ok := at[ref]; ok {
			v.Truth[n] = i
		}
	}
	for n, refs := range marks.Twins {
		for _, ref := range refs {
			if i, ok := at[ref]; ok {
				v.Twins[n] = append(v.Twins[n], i)
			}
		}
	}
	for _, n := range marks.Touched {
		v.Touched[n] = true
	}
	for _, n := range strings.Fields(marks.Gone) {
		v.Gone[n] = true
	}
	return v, nil
}

// Action is what a flow does with an element.
func Action(p *selector.Print) string {
	switch {
	case p.Tag == "select":
		return "select"
	case p.Tag == "textarea", p.Tag == "input" && !slices.Contains([]string{"submit", "button", "reset", "image", "checkbox", "radio", "file"}, p.Type):
		return "fill"
	case p.Tag == "input" && (p.Type == "checkbox" || p.Type == "radio"):
		return "check"
	case p.Type == "file":
		return "upload"
	}
	return "click"
}

// Judge looks for the named elements of a page on the page as it is now, and counts.
func Judge(label string, before, now *View, names []string, gone bool) Tally {
	var t Tally
	start := time.Now()
	tables := heal.Prepare(&now.Page)
	t.Prepare, t.Elements = append(t.Prepare, time.Since(start)), len(now.Elements)
	for _, n := range names {
		was := before.Elements[before.Truth[n]].Print
		start := time.Now()
		w := heal.Wanted{Print: was, Action: Action(&was)}
		v := tables.Find(w)
		t.Find = append(t.Find, time.Since(start))
		t.N++
		truth, there := now.Truth[n]
		hit := v.Best >= 0 && there && !gone && (v.Best == truth || slices.Contains(v.Equivalent, truth) && sameThing(now, v.Best, truth))
		twin := v.Best >= 0 && !hit && (slices.Contains(now.Twins[n], v.Best) || same(&was, &now.Elements[v.Best].Print))
		if hit || !gone && twin && was.Tag == "a" {
			t.First++
		}
		if v.Recognised && hit {
			t.Seen++
		} else if v.Recognised {
			t.SeenWrong++
		}
		switch {
		case v.Decision == heal.Ask:
			t.Asked++
			t.because(cmp.Or(strings.Join(v.Vetoes, ", "), "not sure"), 1)
		case v.Decision == heal.Abstain:
			t.Abstained++
		case hit:
			t.Right++
		case twin && was.Tag == "a":
			t.Twin++
		default:
			t.Wrong++
			t.Faults = append(t.Faults, fmt.Sprintf("%s %s: %s -> %s, p %.3f margin %.2f", label, n, short(&was), short(&now.Elements[v.Best].Print), v.P, v.Margin))
		}
	}
	return t
}

// same says that a link reads the same and leads to the same place as what is looked for.
func same(a, b *selector.Print) bool {
	return a.Tag == "a" && b.Tag == "a" && a.Href == b.Href && a.Href != "" && a.Name == b.Name && a.Text == b.Text
}

// sameThing says that one element stands in the other, so that acting on either is the same.
func sameThing(v *View, a, b int) bool {
	inside := func(a, b int) bool {
		for ; a >= 0; a = v.Elements[a].Parent {
			if a == b {
				return true
			}
		}
		return false
	}
	return inside(a, b) || inside(b, a)
}

func short(p *selector.Print) string {
	s := "<" + p.Tag
	if p.ID != "" {
		s += "#" + p.ID
	}
	if p.NameAttr != "" {
		s += " name=" + p.NameAttr
	}
	if p.Href != "" {
		s += " href=" + p.Href
	}
	s += fmt.Sprintf("> name %q text %q label %q", p.Name, p.Text, p.Label)
	if p.Row != "" {
		s += fmt.Sprintf(" row %q", p.Row)
	}
	return s
}

// Run opens a page, changes it by a family, and judges the elements that were changed.
func Run(ctx context.Context, p *browser.Page, url string, f Family, seed int) (Tally, error) {
	return RunAll(ctx, p, url, []Family{f}, seed)
}

// RunAll is Run for several families at once.
func RunAll(ctx context.Context, p *browser.Page, url string, fs []Family, seed int) (Tally, error) {
	if _, err := p.Goto(ctx, url, browser.Loaded); err != nil {
		return Tally{}, err
	}
	if err := Stamp(ctx, p); err != nil {
		return Tally{}, err
	}
	before, err := Look(ctx, p)
	if err != nil {
		return Tally{}, fmt.Errorf("%s: %w", url, err)
	}
	gone := false
	for i, f := range fs {
		if err := Mutate(ctx, p, f, seed*100+i); err != nil {
			return Tally{}, fmt.Errorf("%s at %s: %w", f.Name, url, err)
		}
		gone = gone || f.Gone
	}
	now, err := Look(ctx, p)
	if err != nil {
		return Tally{}, fmt.Errorf("%s at %s, seed %d: %w", fs[0].Name, url, seed, err)
	}
	var names []string
	for n, i := range before.Truth {
		if !before.Elements[i].Shown {
			continue
		}
		at, there := now.Truth[n]
		switch {
		case gone && now.Gone[n] && !there, !gone && there && now.Touched[n] && now.Elements[at].Shown:
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return Judge(fs[0].Name+" "+url, before, now, names, gone), nil
}
