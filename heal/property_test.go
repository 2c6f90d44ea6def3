package heal

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/selector"
)

var (
	someText = rapid.SampledFrom([]string{"", "Save", "Save draft", "Delete", "Order 17", "Order 18", "Name", "Ünïcode", "東京 店", "تسجيل الدخول", "כניסה\u200f", "a\x00b", "  many   spaces "})
	someID   = rapid.SampledFrom([]string{"", "", "go", "go2", "x-9f8a7c6d", "menu"})
	someTag  = rapid.SampledFrom([]string{"a", "button", "input", "div", "span", "td", "select", "label"})
	someHref = rapid.SampledFrom([]string{"", "", "#", "/a", "https://x.test/a?b=c", "javascript:void(0)", "://"})
)

// somePage draws a page: a tree in document order.
func somePage(t *rapid.T) *Page {
	n := rapid.IntRange(1, 40).Draw(t, "elements")
	p := &Page{Width: 1000, Height: 1000}
	count := map[string]int{}
	laid := rapid.Bool().Draw(t, "layout")
	for i := range n {
		parent := rapid.IntRange(-1, i-1).Draw(t, "parent")
		path := ""
		if parent >= 0 {
			path = p.Elements[parent].Path
		}
		tag := someTag.Draw(t, "tag")
		path += "/" + tag
		count[path]++
		e := Element{Parent: parent, Ref: i, Shown: rapid.IntRange(0, 9).Draw(t, "shown") > 0, Print: selector.Print{
			V: 1, Tag: tag, ID: someID.Draw(t, "id"), Text: someText.Draw(t, "text"), Href: someHref.Draw(t, "href"), Near: someText.Draw(t, "near"),
			Label: someText.Draw(t, "label"), Row: someText.Draw(t, "row"), TestID: someID.Draw(t, "test id"), Path: fmt.Sprintf("%s[%d]", path, count[path]),
		}}
		e.Name = e.Text
		if e.Text != "" {
			e.Classes = []string{"c", e.Text}
		}
		if laid {
			e.Box = [4]int{rapid.IntRange(-50, 900).Draw(t, "x"), rapid.IntRange(-50, 900).Draw(t, "y"), rapid.IntRange(0, 300).Draw(t, "w"), rapid.IntRange(0, 60).Draw(t, "h")}
		}
		p.Elements = append(p.Elements, e)
	}
	return p
}

func someWanted(t *rapid.T, p *Page) Wanted {
	w := Wanted{Action: rapid.SampledFrom([]string{"", "click", "fill", "select", "check", "upload", "read"}).Draw(t, "action")}
	w.Print = p.Elements[rapid.IntRange(0, len(p.Elements)-1).Draw(t, "target")].Print
	if rapid.Bool().Draw(t, "changed") {
		w.Print.Text, w.Print.ID = someText.Draw(t, "old text"), someID.Draw(t, "old id")
		w.Print.Name = w.Print.Text
	}
	w.Sensitive = rapid.Bool().Draw(t, "sensitive")
	if rapid.Bool().Draw(t, "others") {
		w.Others = []selector.Print{p.Elements[0].Print}
	}
	return w
}

func number(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func TestVerdictsAreSound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		page := somePage(t)
		w := someWanted(t, page)
		p := Prepare(page)
		v := p.Find(w)
		if v.Best < -1 || v.Best >= len(page.Elements) || v.P < 0 || v.P > 1 || !number(v.P) || !number(v.Margin) {
			t.Fatalf("got best %d, p %v, margin %v", v.Best, v.P, v.Margin)
		}
		if !number(v.Share) || v.Share < 0 || v.Share > 1.0001 {
			t.Fatalf("got share %v", v.Share)
		}
		if len(v.Top) > 3 || v.Best >= 0 && (len(v.Top) == 0 || v.Top[0].Element != v.Best) {
			t.Fatalf("the best elements are %v, and the best is %d", v.Top, v.Best)
		}
		for _, c := range v.Top {
			if !number(c.Score) || !number(c.Share) || c.Share < 0 || c.Share > 1.0001 {
				t.Fatalf("got score %v, share %v", c.Score, c.Share)
			}
		}
		if v.Decision == Heal && (len(v.Vetoes) > 0 || v.Best < 0) {
			t.Fatalf("healed to %d in spite of %v", v.Best, v.Vetoes)
		}
		s := Same(w.Print, page.Elements[0].Print)
		if !number(s) || s < 0 || s > 1 {
			t.Fatalf("two prints are %v alike", s)
		}
	})
}

// Of what a person has said that it is not the one nothing is healed into it, nor where less is sure than for what does no
// harm.
func TestSaidAndSensitive(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		page := somePage(t)
		w := someWanted(t, page)
		p := Prepare(page)
		w.Sensitive = false
		free := p.Find(w)
		w.Sensitive = true
		if v := p.Find(w); v.Decision == Heal && (free.Decision != Heal || free.Best != v.Best) {
			t.Fatalf("sensitive healed into %d, and not sensitive %s %d", v.Best, free.Decision, free.Best)
		}
		if free.Decision != Heal {
			return
		}
		w.Sensitive, w.Rejected = false, []selector.Print{page.Elements[free.Best].Print}
		if v := p.Find(w); v.Decision == Heal && v.Best == free.Best {
			t.Fatalf("healed into %d, which a person has rejected", v.Best)
		}
	})
}

func TestSameInputSameVerdict(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		page := somePage(t)
		w := someWanted(t, page)
		a, b := Prepare(page).Find(w), Prepare(page).Find(w)
		if fmt.Sprintf("%+v", a) != fmt.Sprintf("%+v", b) {
			t.Fatalf("got %+v and %+v", a, b)
		}
	})
}

func TestOrderDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		page := somePage(t)
		w := someWanted(t, page)
		order := rapid.Permutation(slices.Collect(func(yield func(int) bool) {
			for i := range page.Elements {
				if !yield(i) {
					return
				}
			}
		})).Draw(t, "order")
		mixed := &Page{Width: page.Width, Height: page.Height, Elements: make([]Element, len(order))}
		place := map[int]int{-1: -1}
		for to, from := range order {
			place[from] = to
			mixed.Elements[to] = page.Elements[from]
		}
		for i := range mixed.Elements {
			mixed.Elements[i].Parent = place[mixed.Elements[i].Parent]
		}
		a, b := Prepare(page).Find(w), Prepare(mixed).Find(w)
		if math.Abs(a.P-b.P) > 1e-9 || math.Abs(a.Margin-b.Margin) > 1e-9 || a.Decision != b.Decision || !slices.Equal(a.Vetoes, b.Vetoes) || place[a.Best] != b.Best {
			t.Fatalf("got %s %d (p %v, margin %v, %v), and of the same elements in another order %s %d (p %v, margin %v, %v)",
				a.Decision, place[a.Best], a.P, a.Margin, a.Vetoes, b.Decision, b.Best, b.P, b.Margin, b.Vetoes)
		}
	})
}

// An element that is as it was is never healed into another one.
func TestUnchangedElementStays(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		page := somePage(t)
		i := rapid.IntRange(0, len(page.Elements)-1).Draw(t, "target")
		p := Prepare(page)
		if !p.may[i] {
			t.Skip("it cannot be meant")
		}
		w := Wanted{Print: page.Elements[i].Print, Action: "click"}
		if c := p.Verify(w, i); !c.Agrees {
			t.Fatalf("an element does not agree with its own print: %+v", c)
		}
		v := p.Find(w)
		if v.Decision == Heal && v.Best != i && !p.harmless(&w, v.Best, i) {
			t.Fatalf("%d was healed into %d", i, v.Best)
		}
		for _, u := range p.Match([]Wanted{w}) {
			if u.Decision == Heal && u.Best != i && !p.harmless(&w, u.Best, i) {
				t.Fatalf("%d was matched with %d", i, u.Best)
			}
		}
	})
}

func TestAssignmentIsBest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 4).Draw(t, "rows")
		m := rapid.IntRange(n, 6).Draw(t, "columns")
		cost := make([][]float64, n)
		for i := range cost {
			cost[i] = rapid.SliceOfN(rapid.Float64Range(0, 100), m, m).Draw(t, "costs")
		}
		total := 0.0
		for i, k := range hungarian(cost) {
			total += cost[i][k]
		}
		if least := cheapest(cost, 0, map[int]bool{}); math.Abs(total-least) > 1e-6 {
			t.Fatalf("got %v, the least is %v", total, least)
		}
	})
}

// cheapest tries all assignments.
func cheapest(cost [][]float64, row int, used map[int]bool) float64 {
	if row == len(cost) {
		return 0
	}
	least := math.Inf(1)
	for k, c := range cost[row] {
		if !used[k] {
			used[k] = true
			least = min(least, c+cheapest(cost, row+1, used))
			used[k] = false
		}
	}
	return least
}

func TestDistance(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := []rune(rapid.StringN(0, maxText, -1).Draw(t, "a"))
		b := []rune(rapid.StringN(0, maxText, -1).Draw(t, "b"))
		if got, want := newPattern(a).distance(b), slow(a, b); got != want {
			t.Fatalf("got %d between %q and %q, want %d", got, string(a), string(b), want)
		}
	})
}

// slow is the Levenshtein distance by the book.
func slow(a, b []rune) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		last := row[0]
		row[0] = i + 1
		for j, y := range b {
			next := last
			if x != y {
				next = 1 + min(last, row[j], row[j+1])
			}
			last, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

func FuzzFind(f *testing.F) {
	f.Add("button", "go", "Save", "/html[1]/body[1]/button[1]", "//*[@id='go']", "https://x.test/?a=b#c", "c-1 d")
	f.Add("", "", "", "", "//*[@id=", "://", "")
	f.Add("a", "'", "\xff\xfe", "/[/]a[99999999999999999999]", "//*[@id=\"a\"]b", "#", "\u202e")
	f.Fuzz(func(t *testing.T, tag, id, text, path, idPath, href, class string) {
		e := selector.Print{Tag: tag, ID: id, Text: text, Path: path, IDPath: idPath, Href: href, Classes: []string{class}, Near: text, Row: id}
		page := &Page{Elements: []Element{{Print: e, Parent: -1, Shown: true}, {Print: selector.Print{Tag: "a", Text: "x", Path: path + "/a[1]"}, Parent: 0, Shown: true}}}
		p := Prepare(page)
		v := p.Find(Wanted{Print: e, Action: "click"})
		if math.IsNaN(v.P) || math.IsNaN(v.Margin) {
			t.Fatalf("got p %v, margin %v", v.P, v.Margin)
		}
		p.Verify(Wanted{Print: e}, 1)
	})
}
