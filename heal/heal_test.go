package heal

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/selector"
)

func wanted(b *build, i int, action string) Wanted {
	return Wanted{Print: b.page.Elements[i].Print, Action: action}
}

// heals fails unless the verdict is to heal to the element.
func heals(t *testing.T, p *Prepared, v Verdict, want int) {
	t.Helper()
	if v.Decision != Heal || v.Best != want {
		t.Errorf("got %s %d (p %.2f, margin %.2f, vetoes %v), want heal %d\n%s", v.Decision, v.Best, v.P, v.Margin, v.Vetoes, want, explain(p, v))
	}
}

// silent fails if the verdict is to heal.
func silent(t *testing.T, p *Prepared, v Verdict) {
	t.Helper()
	if v.Decision == Heal {
		t.Errorf("got heal %d (p %.2f, margin %.2f), want ask or abstain\n%s", v.Best, v.P, v.Margin, explain(p, v))
	}
}

func explain(p *Prepared, v Verdict) string {
	var b strings.Builder
	for _, c := range v.Top {
		e := p.page.Elements[c.Element]
		b.WriteString(strings.Join([]string{"  ", e.Tag, e.ID, e.Text, e.Row, e.Path, "\n"}, " "))
		for _, x := range c.Evidence[:min(len(c.Evidence), 8)] {
			b.WriteString("    " + x.Feature + "\n")
		}
	}
	return b.String()
}

func TestUnchangedPage(t *testing.T) {
	t.Parallel()
	b := shop("Ada", "Grace", "Linus")
	p := Prepare(&b.page)
	for i, e := range b.page.Elements {
		if !p.may[i] || e.Box == [4]int{} {
			continue
		}
		w := wanted(b, i, "click")
		v := p.Find(w)
		if v.Best != i {
			t.Errorf("%s %q: found %d, want %d", e.Path, e.Text, v.Best, i)
		}
		if v.P < 0.9 && e.Tag != "label" && e.Tag != "td" {
			t.Errorf("%s %q: p is %.2f for an element that did not change", e.Path, e.Text, v.P)
		}
		if c := p.Verify(w, i); !c.Agrees || c.Same < 0.99 {
			t.Errorf("%s %q: got %+v, want that the element agrees with its own print", e.Path, e.Text, c)
		}
	}
}

func TestNewIDs(t *testing.T) {
	t.Parallel()
	b := shop("Ada")
	var ws []Wanted
	var want []int
	for i := range b.page.Elements {
		e := &b.page.Elements[i]
		if e.Tag == "input" || e.Text == "Save customer" || e.Text == "Cancel" {
			ws = append(ws, wanted(b, i, map[bool]string{true: "fill", false: "click"}[e.Tag == "input"]))
			want = append(want, i)
		}
	}
	for i := range b.page.Elements {
		e := &b.page.Elements[i]
		if e.ID != "" {
			e.ID = "f" + string(rune('a'+i%26)) + "93x7k"
			e.IDPath = "//*[@id='" + e.ID + "']"
			e.NameAttr = ""
		}
		for k := range e.Classes {
			e.Classes[k] = "css-" + string(rune('a'+k)) + "8d1q"
		}
	}
	p := Prepare(&b.page)
	for k, w := range ws {
		heals(t, p, p.Find(w), want[k])
	}
	for k, v := range p.Match(ws) {
		heals(t, p, v, want[k])
	}
}

func TestRows(t *testing.T) {
	t.Parallel()
	old := shop("Ada", "Grace")
	grace := old.find(func(e *Element) bool { return e.Row == "Grace" })
	w := wanted(old, grace, "click")

	swapped := shop("Grace", "Ada")
	p := Prepare(&swapped.page)
	heals(t, p, p.Find(w), swapped.find(func(e *Element) bool { return e.Row == "Grace" }))

	more := shop("Ada", "Barbara", "Edsger", "Grace", "Linus")
	p = Prepare(&more.page)
	heals(t, p, p.Find(w), more.find(func(e *Element) bool { return e.Row == "Grace" }))

	gone := shop("Ada", "Linus")
	p = Prepare(&gone.page)
	silent(t, p, p.Find(w))
	if c := p.Verify(w, gone.find(func(e *Element) bool { return e.Row == "Linus" })); c.Agrees {
		t.Errorf("got %+v, want that the button of another row is a mismatch", c)
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	for name, other := range map[string]selector.Print{"another frame": {Frame: "https://ads.test/"}, "a shadow root": {Shadow: []string{"/html[1]/body[1]/x-card[1]"}}} {
		b := shop("Ada")
		i := b.text("button", "Save customer")
		w := wanted(b, i, "click")
		e := &b.page.Elements[i]
		e.Frame, e.Shadow = other.Frame, other.Shadow
		if v := Prepare(&b.page).Find(w); v.Decision == Heal || !slices.Contains(v.Vetoes, VetoFrame) {
			t.Errorf("%s: got %s with the vetoes %v, want %s", name, v.Decision, v.Vetoes, VetoFrame)
		}
	}
}

// Three alike parts of a page, told by the heading above each: when the button of one changes its text, that of another
// is not it.
func TestAlikeParts(t *testing.T) {
	t.Parallel()
	parts := func(first string) *build {
		b := newBuild()
		for _, h := range []string{"Open", "Closed", "Nested"} {
			text := "Send"
			if h == "Open" {
				text = first
			}
			b.put("h2", 40, 200, selector.Print{Text: h})
			b.put("button", 40, 80, selector.Print{ID: "send", Text: text, Role: "button", Near: "Value", Headings: []string{h, "Forms"}, Alike: 3, Button: true})
			b.line()
		}
		return b
	}
	old := parts("Send")
	w := wanted(old, old.text("button", "Send"), "click")
	now := parts("Transmit")
	p := Prepare(&now.page)
	if v := p.Find(w); v.Decision == Heal && v.Best != now.text("button", "Transmit") {
		t.Errorf("got heal %d (p %.2f), want the first button or none", v.Best, v.P)
	}
}

func TestFieldsOfOneForm(t *testing.T) {
	t.Parallel()
	field := func(b *build, id, name string) {
		b.put("input", 160, 300, selector.Print{ID: id, Type: "password", Name: name, Label: name, Form: "account", Near: name, Role: "textbox"})
		b.line()
	}
	old, now := newBuild(), newBuild()
	field(old, "p1", "Password")
	field(old, "p2", "Retype password")
	field(now, "x9", "Retype password")
	p := Prepare(&now.page)
	for _, i := range []int{2, 3} {
		v := p.Find(wanted(old, i, "fill"))
		if i == 2 {
			silent(t, p, v)
			continue
		}
		heals(t, p, v, 2)
	}
}

func TestCards(t *testing.T) {
	t.Parallel()
	old := cards("War and Peace", "Anna Karenina", "The Idiot")
	anna := old.find(func(e *Element) bool { return e.Near == "Anna Karenina" })
	w := wanted(old, anna, "click")
	mixed := cards("Anna Karenina", "The Idiot", "War and Peace")
	p := Prepare(&mixed.page)
	heals(t, p, p.Find(w), mixed.find(func(e *Element) bool { return e.Near == "Anna Karenina" }))
	gone := cards("War and Peace", "The Idiot", "Dead Souls")
	p = Prepare(&gone.page)
	silent(t, p, p.Find(w))
}

func TestRemoved(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, tag, text string
		beside          selector.Print
	}{
		{name: "alone", tag: "button", text: "Save customer"},
		{name: "another verb", tag: "button", text: "Save customer", beside: selector.Print{ID: "save2", Type: "submit", Role: "button", Text: "Delete customer", Classes: []string{"btn", "primary"}, Form: "customer", Button: true}},
		{name: "more words", tag: "button", text: "Cancel", beside: selector.Print{ID: "x", Type: "button", Role: "button", Text: "Delete", Classes: []string{"btn"}, Form: "customer", Button: true}},
		{name: "another menu entry", tag: "a", text: "Orders"},
		{name: "another number", tag: "a", text: "Invoices", beside: selector.Print{Text: "Returns", Href: "https://shop.test/returns", Role: "link"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := shop("Ada", "Grace")
			i := b.text(tt.tag, tt.text)
			w := wanted(b, i, "click")
			page := without(&b.page, i)
			if tt.beside.Text != "" {
				page = without(&b.page)
				e := &page.Elements[i]
				tt.beside.V, tt.beside.Tag, tt.beside.Path, tt.beside.Box, tt.beside.Name = 1, tt.tag, e.Path, e.Box, tt.beside.Text
				tt.beside.IDPath = "//*[@id='" + tt.beside.ID + "']"
				e.Print = tt.beside
			}
			p := Prepare(page)
			silent(t, p, p.Find(w))
			if c := p.Verify(w, i); tt.beside.Text != "" && c.Same > 0.9 {
				t.Errorf("got %+v, want that %q and %q are not the same", c, tt.text, tt.beside.Text)
			}
		})
	}
}

func TestVetoes(t *testing.T) {
	t.Parallel()
	b := shop("Ada", "Grace")
	p := Prepare(&b.page)
	save, email := b.text("button", "Save customer"), b.find(func(e *Element) bool { return e.ID == "email" })
	w := wanted(b, save, "click")
	has := func(name string, w Wanted, veto string) {
		t.Helper()
		if v := p.Find(w); v.Decision == Heal || !slices.Contains(v.Vetoes, veto) {
			t.Errorf("%s: got %s with the vetoes %v, want %s", name, v.Decision, v.Vetoes, veto)
		}
	}
	kind := w
	kind.Action = "fill"
	has("to type into a button", kind, VetoKind)
	refused := w
	refused.Rejected = []selector.Print{b.page.Elements[save].Print}
	has("an element that a person rejected", refused, VetoRejected)
	roster := w
	roster.Print.ID, roster.Print.NameAttr, roster.Print.Classes = "", "", nil
	roster.Others = []selector.Print{b.page.Elements[save].Print}
	roster.Print.Text, roster.Print.Name = "Save client", "Save client"
	has("an element that another target explains", roster, VetoRoster)
	claimed := w
	claimed.Claimed = []int{save}
	if v := p.Find(claimed); v.Best == save {
		t.Errorf("got the element that another target has claimed")
	}
	twin := wanted(b, email, "fill")
	second := b.page.Elements[email]
	q := without(&b.page)
	second.Box[1] += 400
	second.Path = strings.Replace(second.Path, "form[1]", "form[2]", 1)
	twin.Print.Path, twin.Print.IDPath, twin.Print.Box = "", "", [4]int{}
	q.Elements = append(q.Elements, second)
	if v := Prepare(q).Find(twin); v.Decision == Heal || !slices.Contains(v.Vetoes, VetoAmbiguous) {
		t.Errorf("two fields with the same names: got %s with the vetoes %v, want %s", v.Decision, v.Vetoes, VetoAmbiguous)
	}
	if v := p.Find(Wanted{Print: selector.Print{V: 1, Tag: "button", Text: "Something else"}}); v.Decision == Heal {
		t.Errorf("a print with nothing in common with the page was healed to %d", v.Best)
	}
}

func TestSensitive(t *testing.T) {
	t.Parallel()
	b := shop("Ada")
	save := b.text("button", "Save customer")
	w := wanted(b, save, "click")
	e := &b.page.Elements[save]
	e.ID, e.NameAttr, e.Classes = "go", "", []string{"button"}
	p := Prepare(&b.page)
	least := 0.0
	for _, x := range []bool{false, true} {
		w.Sensitive = x
		v := p.Find(w)
		limit := p.model.file.Heal
		if x {
			limit = p.model.file.Sensitive
		}
		if (v.Decision == Heal) != (v.P >= limit && len(v.Vetoes) == 0) {
			t.Errorf("sensitive %v: got %s at p %.2f", x, v.Decision, v.P)
		}
		if limit < least {
			t.Errorf("acting where it does harm needs %.2f, which is less than %.2f", limit, least)
		}
		least = limit
	}
}

func TestMatchIsOneToOne(t *testing.T) {
	t.Parallel()
	b := shop("Ada", "Grace", "Linus", "Barbara")
	var ws []Wanted
	for i, e := range b.page.Elements {
		if e.Box != [4]int{} {
			ws = append(ws, wanted(b, i, "click"))
		}
	}
	seen := map[int]bool{}
	for _, v := range Prepare(&b.page).Match(ws) {
		if v.Best >= 0 && seen[v.Best] {
			t.Errorf("element %d was given to two targets", v.Best)
		}
		seen[v.Best] = true
	}
}

func TestHungarian(t *testing.T) {
	t.Parallel()
	cost := [][]float64{{4, 1, 3, 9}, {2, 0, 5, 9}, {3, 2, 2, 9}}
	got := hungarian(cost)
	if want := []int{1, 0, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestShipped(t *testing.T) {
	t.Parallel()
	w := Shipped().Weights()
	if w.Version != 1 || w.Data == "" || w.Note == "" || len(w.Sites) == 0 {
		t.Errorf("the weights do not say what they were made of: version %d, data %q, note %q, %d sites", w.Version, w.Data, w.Note, len(w.Sites))
	}
	names, fit := Features()
	for i, n := range names {
		_, ranked := w.Rank[n]
		_, prior := w.Prior[n]
		if ranked != (i < fit) || prior != (i >= fit) {
			t.Errorf("feature %q: ranked %v, prior %v", n, ranked, prior)
		}
	}
	if !(w.Ask < w.Heal && w.Heal <= w.Sensitive && w.Sensitive < 1) {
		t.Errorf("the limits are out of order: ask %.2f, heal %.2f, sensitive %.2f", w.Ask, w.Heal, w.Sensitive)
	}
	if _, err := Load([]byte(`{"rank": {"smell": 1}}`)); err == nil {
		t.Error("weights for an unknown feature were taken")
	}
	if _, err := Load([]byte(`{`)); err == nil {
		t.Error("half a file was taken")
	}
}

func TestOddPages(t *testing.T) {
	t.Parallel()
	nothing := newBuild()
	for _, page := range []*Page{{}, &nothing.page, {Elements: []Element{{}}}, {Elements: []Element{{Print: selector.Print{Tag: "a"}, Parent: 7, Shown: true}}}} {
		p := Prepare(page)
		for _, w := range []Wanted{{}, {Print: selector.Print{Tag: "a", Text: "x"}, Claimed: []int{-1, 99}}} {
			for _, v := range append(p.Match([]Wanted{w, w}), p.Find(w)) {
				if math.IsNaN(v.P) || math.IsNaN(v.Margin) {
					t.Errorf("got p %v, margin %v", v.P, v.Margin)
				}
			}
			p.Verify(w, -1)
			p.Verify(w, 99)
		}
	}
	if s := Same(selector.Print{}, selector.Print{}); math.IsNaN(s) {
		t.Error("two empty prints are not a number alike")
	}
}
