package cdp_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/selector"
)

// shelf is a page with what prints are made of: a form, a table, a shadow root of each kind, a frame.
const shelf = `<title>x</title><h1>Customers</h1><nav id=menu><ul><li><a href="/a?page=2&token=abc123">First</a></li><li><a href="http://u:p@h.example/b">Second</a></li></ul></nav>
<h2>New</h2><form id=new-customer action=/save><label>First name <input name=first autocomplete=off></label>
<label for=pw>Password</label><input id=pw type=password name=pw><textarea name=notes placeholder=Notes></textarea>
<select name=country aria-label=Country><option>Austria</option><option>Latvia</option></select>
<button class="btn btn-primary css-1x2y3z" data-testid=save>Save <b>all</b></button></form>
<h2>List</h2><table><thead><tr><th>Name</th><th>Town</th><th></th></tr></thead><tbody>
<tr><td>Ada</td><td>London</td><td><button>Delete</button></td></tr><tr><td>Grace</td><td>New York</td><td><button>Delete</button></td></tr></tbody></table>
<div id=open></div><div id=closed></div><div style="display:none" id=gone>Unseen <i>words</i></div><div id=rich contenteditable>typed there</div><div id=mirror></div>
<script>
document.getElementById('open').attachShadow({mode:'open'}).innerHTML = '<h3>Inside</h3><button>Open door</button>';
document.getElementById('closed').attachShadow({mode:'closed'}).innerHTML = '<button>Closed door</button>';
</script><iframe src=/frame name=f></iframe>`

func shelved(t *testing.T) *browser.Page {
	t.Helper()
	url := site(t, map[string]any{"/{$}": shelf, "/frame": "<h1>Framed</h1><button id=deep>Frame door</button>"})
	_, p := opened(t, browser.Options{Width: 1280, Height: 720})
	visit(t, p, url+"/")
	return p
}

func prints(t *testing.T, p *browser.Page) *browser.Prints {
	t.Helper()
	all, err := p.Prints(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// one is the only element of the page with a text or name.
func one(t *testing.T, all *browser.Prints, tag, name string) heal.Element {
	t.Helper()
	i := slices.IndexFunc(all.Elements, func(e heal.Element) bool { return e.Tag == tag && (e.Name == name || e.Label == name) })
	if i < 0 {
		t.Fatalf("the page has no <%s> %q", tag, name)
	}
	return all.Elements[i]
}

func TestPrintsOfAPage(t *testing.T) {
	p := shelved(t)
	all := prints(t, p)
	if !all.Loaded || all.Width < 1000 || !strings.HasSuffix(all.URL, "/") {
		t.Errorf("the page is %q, %d wide, loaded %t", all.URL, all.Width, all.Loaded)
	}
	save := one(t, all, "button", "Save all")
	if save.Role != "button" || save.Type != "submit" || save.TestID != "save" || !save.Button || !save.Shown || save.Text != "Save all" || save.Own != "Save" || save.Form != "new-customer" ||
		!slices.Equal(save.Classes, []string{"btn", "btn-primary", "css-1x2y3z"}) || save.IDPath != "//*[@id='new-customer']/button[1]" || save.Path != "/html[1]/body[1]/form[1]/button[1]" || save.Box[2] < 10 || save.Alike != 1 || save.Index != 1 ||
		!slices.Equal(save.Headings, []string{"New", "Customers"}) {
		t.Errorf("the button looks like %+v", save)
	}
	if first := one(t, all, "input", "First name"); first.Label != "First name" || first.NameAttr != "first" || first.Type != "text" || first.Role != "textbox" {
		t.Errorf("the field looks like %+v", first)
	}
	if country := one(t, all, "select", "Country"); country.Text != "" || country.Role != "combobox" {
		t.Errorf("the list looks like %+v", country)
	}
	if a, b := one(t, all, "a", "First"), one(t, all, "a", "Second"); a.Href != "/a?page=2&token=" || b.Href != "http://h.example/b" {
		t.Errorf("the links lead to %q and %q", a.Href, b.Href)
	}
	deletes := slices.Collect(func(yield func(heal.Element) bool) {
		for _, e := range all.Elements {
			if e.Name == "Delete" && !yield(e) {
				return
			}
		}
	})
	if len(deletes) != 2 || deletes[0].Row != "Ada" || deletes[1].Row != "Grace" || deletes[1].Alike != 2 {
		t.Errorf("the buttons of the rows are %+v", deletes)
	}
	if i := slices.IndexFunc(all.Elements, func(e heal.Element) bool { return e.Text == "New York" }); i < 0 || all.Elements[i].Row != "Grace" || all.Elements[i].Column != "Town" {
		t.Error("the town does not know its row and column")
	}
	if open := one(t, all, "button", "Open door"); !slices.Equal(open.Shadow, []string{"/html[1]/body[1]/div[1]"}) || open.Path != "/button[1]" || open.Headings[0] != "Inside" {
		t.Errorf("in the open shadow root: %+v", open)
	}
	if closed := one(t, all, "button", "Closed door"); len(closed.Shadow) != 1 || !closed.Shown {
		t.Errorf("in the closed shadow root: %+v", closed)
	}
	if deep := one(t, all, "button", "Frame door"); !strings.HasSuffix(deep.Frame, "/frame") || deep.IDPath != "//*[@id='deep']" {
		t.Errorf("in the frame: %+v", deep)
	}
	for i, e := range all.Elements {
		if e.Parent >= i || e.Parent < -1 {
			t.Fatalf("element %d has the parent %d", i, e.Parent)
		}
		if strings.Contains(e.Text, "Unseen") && e.Shown {
			t.Errorf("a text that cannot be seen is in %+v", e)
		}
		if strings.Contains(fmt.Sprint(e), "typed there") {
			t.Errorf("what was typed is in %+v", e)
		}
		frame, handle, err := p.Handle(t.Context(), all, i)
		if err != nil {
			t.Fatal(err)
		}
		if i%3 > 0 {
			continue
		}
		got, err := p.PrintOf(t.Context(), frame, handle)
		if err != nil {
			t.Fatal(err)
		}
		a, b := e.Print, *got
		a.Near, b.Near, a.Alike, b.Alike = "", "", 0, 0
		if x, y := string(asJSON(t, a)), string(asJSON(t, b)); x != y {
			t.Errorf("alone it looks otherwise:\n%s\n%s", x, y)
		}
	}
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestPrintsHoldNothingTyped fills values and secrets, which the page shows elsewhere too, and looks for them.
func TestPrintsHoldNothingTyped(t *testing.T) {
	p := shelved(t)
	ctx := t.Context()
	mirror := `document.querySelectorAll('input,textarea').forEach(e => e.addEventListener('input', () => { mirror.textContent = 'You wrote ' + e.value; mirror.title = e.value; e.setAttribute('value', e.value); }))`
	if _, err := p.EvalPage(ctx, p.Frames()[0].ID, "() => {"+mirror+"}", 0, nil); err != nil {
		t.Fatal(err)
	}
	for _, f := range []struct{ target, value string }{{"name=first", "Wolfeschlegel"}, {"name=notes", "Nobody knows"}, {"css=#rich", "Rich words"}} {
		if _, err := p.Fill(ctx, selector.Must(f.target), f.value); err != nil {
			t.Fatal(err)
		}
		grep(t, p, f.value)
	}
	for _, f := range []struct{ target, value string }{{"name=first", "swordfish-1"}, {"name=pw", "correct horse"}, {"name=notes", "tell nobody"}} {
		if _, err := p.FillSecret(ctx, selector.Must(f.target), f.value); err != nil {
			t.Fatal(err)
		}
		grep(t, p, f.value)
	}
	if _, err := p.Select(ctx, selector.Must("name=country"), "", "Latvia"); err != nil {
		t.Fatal(err)
	}
	grep(t, p, "Latvia")
}

// grep fails if a text stands in a print of the page.
func grep(t *testing.T, p *browser.Page, value string) {
	t.Helper()
	all := prints(t, p)
	for i, e := range all.Elements {
		frame, handle, err := p.Handle(t.Context(), all, i)
		if err != nil {
			t.Fatal(err)
		}
		single, err := p.PrintOf(t.Context(), frame, handle)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range [][]byte{asJSON(t, e.Print), asJSON(t, single)} {
			if strings.Contains(string(b), value) {
				t.Errorf("%q was typed, and stands in %s", value, b)
			}
		}
	}
}

func TestPrintsAreSmall(t *testing.T) {
	long := strings.Repeat("ü\"<\u2028long ", 400)
	p := page(t, `<h1>`+long+`</h1><h2>`+long+`</h2><form name="`+strings.Repeat("f\u00fc", 300)+`"><a href="/`+strings.Repeat("p/", 900)+`" class="`+strings.Repeat("a-very-long-class-name-indeed b ", 80)+`" title='`+long+`'>`+long+`</a></form>`)
	all := prints(t, p)
	for _, e := range all.Elements {
		if b := asJSON(t, e.Print); len(b) > 2048 {
			t.Errorf("a print of %d bytes: %s", len(b), b)
		}
	}
}

func TestCandidates(t *testing.T) {
	p := shelved(t)
	ctx := t.Context()
	for _, c := range []struct{ tag, name, first string }{
		{"button", "Save all", "testid=save"}, {"input", "First name", `role=textbox[name="First name"]`}, {"a", "First", `role=link[name="First"]`},
		{"button", "Open door", `role=button[name="Open door"]`}, {"button", "Closed door", `role=button[name="Closed door"]`}, {"select", "Country", `role=combobox[name="Country"]`},
		{"h2", "List", `role=heading[name="List"]`}, {"button", "Delete", `xpath=//tr[td[normalize-space()='Ada'] or th[normalize-space()='Ada']]//button[normalize-space()='Delete']`},
	} {
		all := prints(t, p)
		i := slices.IndexFunc(all.Elements, func(e heal.Element) bool { return e.Tag == c.tag && e.Name == c.name })
		if i < 0 {
			t.Fatalf("no %s %s", c.tag, c.name)
		}
		frame, handle, err := p.Handle(ctx, all, i)
		if err != nil {
			t.Fatal(err)
		}
		ways, err := p.Candidates(ctx, frame, handle)
		if err != nil {
			t.Fatal(err)
		}
		if len(ways) < 3 || len(ways) > 6 || ways[0].String() != c.first {
			t.Errorf("<%s> %s is found by %+v", c.tag, c.name, ways)
		}
		for _, w := range ways {
			if w.Reason == "" || w.Score <= 0 || w.Score > ways[0].Score || strings.Contains(w.Value, "css-1x2y3z") {
				t.Errorf("a way to find it: %+v", w)
			}
			q, err := selector.Parse(w.String())
			if err != nil {
				t.Fatal(err)
			}
			got, _, err := p.Look(ctx, selector.Target{Queries: []selector.Query{q}})
			if err != nil || got.Path != all.Elements[i].Path || !slices.Equal(got.Shadow, all.Elements[i].Shadow) {
				t.Errorf("%s finds %+v, %v", w, got, err)
			}
		}
	}
}

// TestPrintsOfALargePage says in the log how long a large page takes.
func TestPrintsOfALargePage(t *testing.T) {
	var b strings.Builder
	b.WriteString(`<h1>Many</h1><table><tr><th>Name<th>Town<th></tr>`)
	for i := range 250 {
		fmt.Fprintf(&b, `<tr class="row odd"><td><span>Person %d</span><td>Town %d<td><a href="/edit/%d">Edit</a></tr>`, i, i%17, i)
	}
	p := page(t, b.String())
	all := prints(t, p)
	if len(all.Elements) < 1500 {
		t.Fatalf("%d elements", len(all.Elements))
	}
	var ms []float64
	if err := p.Eval(context.Background(), p.Frames()[0].ID, `(() => { const out = []; for (let i = 0; i < 8; i++) { const t = performance.now(); __aether.prints(); out.push(performance.now() - t); } return out; })()`, &ms); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d elements in %.1f ms", len(all.Elements), ms)
}

// TestPrintsOfAPageThatIsTooLarge has more elements than are looked at.
func TestPrintsOfAPageThatIsTooLarge(t *testing.T) {
	p := page(t, `<h1>Many</h1><script>const f = document.createDocumentFragment(); for (let i = 0; i < 13000; i++) { const e = document.createElement('i'); e.textContent = i; f.append(e); } document.body.append(f);</script>`)
	if all := prints(t, p); !all.Cut || len(all.Elements) > 12000 {
		t.Errorf("%d elements, cut %t", len(all.Elements), all.Cut)
	}
}
