package recorder_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/check"
	"github.com/aether-rpa/aether/internal/recorder"
	"github.com/aether-rpa/aether/node"
)

// serve serves pages by path.
func serve(t *testing.T, pages map[string]string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, ok := pages[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><meta charset=utf-8><body>"+p)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// watch records what a person does on a page.
func watch(t *testing.T, url string, f func(p *person, r *recorder.Recorder)) *recorder.Recorder {
	t.Helper()
	r, err := recorder.Start(t.Context(), started(t), recorder.Config{URL: url, Width: 1000, Height: 700})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	f(&person{T: t, tab: r.Context().Tabs()[0]}, r)
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	return r
}

// titles are what the steps are called.
func titles(r *recorder.Recorder) string {
	var out []string
	for _, s := range r.Steps() {
		out = append(out, s.Title())
	}
	return strings.Join(out, "; ")
}

func TestBar(t *testing.T) {
	url := serve(t, map[string]string{
		"/": `<title>Desk</title><h1>Orders</h1><p id=total>Total: <b>12.50</b></p><label>Name <input name=n value=Ada></label><label><input type=checkbox name=c checked> Urgent</label>
			<button id=b onclick="document.title+='!';this.textContent='Pressed'">Press</button> <a href=/next>Next</a>`,
		"/next": `<title>Next page</title><h1>Next</h1>`,
	})
	r := watch(t, url, func(p *person, r *recorder.Recorder) {
		p.bar("text")
		p.click("css=#total")
		p.bar("value")
		p.click("label=Name")
		p.bar("visible")
		p.click("role=button[name=Press]")
		p.bar("value")
		p.key("Escape")
		p.bar("pause")
		p.click("role=button[name=Press]")
		p.until(p.tab.ID(), "document.title === 'Desk!'") // the assertion before was no press
		p.bar("pause")
		p.click("role=link[name=Next]")
		p.arrives("/next")
		_, _, err := p.tab.History(p.long(), -1)
		p.must(err)
		p.until(p.tab.ID(), "location.pathname === '/' && document.readyState === 'complete'")
		p.bar("finish")
		<-r.Done()
	})
	want := "Open Desk; Assert text of Total: 12.50; Assert value of Name; Assert Press is visible; Click Next"
	got := strings.ReplaceAll(titles(r), "; Back", "") // going back at once after a press may be the page's doing
	if got != want {
		t.Errorf("recorded was\n%s, want\n%s", titles(r), want)
	}
	text, err := recorder.Flow("bar", r.Steps())
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`text: "Total: 12.50"`, "value: Ada", "shown: true"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("the flow has no %s:\n%s", part, text)
		}
	}
	good(t, text)
}

// good checks that a flow is valid and in canonical form.
func good(t *testing.T, text []byte) {
	t.Helper()
	f, err := flow.Decode(text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if list := check.Flow(f, node.Default, check.Options{}); len(list) > 0 {
		t.Errorf("the flow has problems: %v\n%s", list, text)
	}
	again, err := flow.Format(text)
	if err != nil || string(again) != string(text) {
		t.Errorf("the flow is not in canonical form (%v):\n%s", err, text)
	}
}

// TestSecret plants a secret in a field for passwords, which the page shows in others and in its text, and looks for it
// in all that comes of the recording.
func TestSecret(t *testing.T) {
	const secret = "Tr0ub4dor-and-3"
	url := serve(t, map[string]string{"/": `<title>Login</title><h1>Login</h1><label>User <input name=u></label><label>Password <input type=password id=p name=p></label>
		<button type=button id=eye onclick="p.type = p.type === 'text' ? 'password' : 'text'">Show</button><p id=echo></p><label>Confirm code <input name=otp autocomplete=one-time-code></label>
		<script>p.oninput = () => { echo.textContent = 'strength of ' + p.value; document.title = 'Login ' + p.value.length; eye.title = 'x'; }</script><button>Send</button>`})
	r := watch(t, url, func(p *person, _ *recorder.Recorder) {
		p.enter("label=User", "ada {{ not an expression }}")
		p.enter("label=Password", secret[:6])
		p.click("role=button[name=Show]") // the field is of type text now
		p.press(p.see("label=Password", 0), "left", 1, 0)
		p.key("End")
		p.keys(secret[6:])
		p.bar("value")
		p.click("label=Password")
		p.bar("text")
		p.click("css=h1")
		p.enter("label=Confirm code", secret)
		p.key("Enter")
	})
	text, err := recorder.Flow("secret", r.Steps())
	if err != nil {
		t.Fatal(err)
	}
	good(t, text)
	dump, err := json.Marshal(r.Steps())
	if err != nil {
		t.Fatal(err)
	}
	all := string(text) + string(dump) + recorder.Explain(r.Steps()) + strings.Join(r.Trouble(), "\n") + fmt.Sprintf("%+v", r.Steps())
	for n := 6; n <= len(secret); n++ {
		if strings.Contains(all, secret[:n]) {
			t.Fatalf("the secret is in what was recorded:\n%s", all)
		}
	}
	for _, part := range []string{`secret: "{{ inputs.password }}"`, `secret: "{{ inputs.confirm_code }}"`, `value: "{{ \"ada {{ not an expression }}\" }}"`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("the flow has no %s:\n%s", part, text)
		}
	}
}

func TestPicker(t *testing.T) {
	url := serve(t, map[string]string{"/": `<title>Shop</title><h1>Offers</h1><ul class=offers>` +
		`<li class=offer><h2>Lamp</h2><span class=price>12.00</span><a href=/lamp>More</a></li><li class=offer><h2>Desk</h2><span class=price>80.00</span><a href=/desk>More</a></li>` +
		`<li class=offer><h2>Chair</h2><span class=price>45.00</span></li></ul><button id=buy onclick="document.title='Bought'">Buy</button>`})
	open := func(t *testing.T) (*recorder.Picker, *person) {
		t.Helper()
		k, err := recorder.Pick(t.Context(), started(t), recorder.Config{URL: url, Width: 1000, Height: 700})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = k.Close() })
		p := &person{T: t, tab: k.Context().Tabs()[0]}
		p.until(p.tab.ID(), "__aether.record.state.mode === 'pick'")
		return k, p
	}
	t.Run("one", func(t *testing.T) {
		k, p := open(t)
		p.click("role=button[name=Buy]")
		p.bar("finish")
		<-k.Done()
		var title string
		p.must(p.tab.Eval(p.long(), p.tab.ID(), "document.title", &title))
		if title != "Shop" {
			t.Errorf("picking did press: %s", title)
		}
		picked, ok := k.Picked()
		if !ok || len(picked.Element.Queries) < 3 || picked.Element.Queries[0].String() != `role=button[name="Buy"]` || picked.Element.Queries[0].Score < 0.9 {
			t.Fatalf("picked was %+v", picked.Element)
		}
		text, err := picked.YAML()
		if err != nil {
			t.Fatal(err)
		}
		whole := "aether: 1\nname: x\nnodes:\n  - id: a\n    type: web.click\n    params:\n" + indent(string(text), "      ")
		f, err := flow.Decode([]byte(whole))
		if err != nil {
			t.Fatalf("%v\n%s", err, whole)
		}
		if list := check.Flow(f, node.Default, check.Options{}); len(list) > 0 {
			t.Errorf("%v\n%s", list, whole)
		}
	})
	t.Run("list", func(t *testing.T) {
		k, p := open(t)
		p.click("text=12.00")
		p.bar("like")
		p.until(p.tab.ID(), "__aether.record.state.mode === 'pick' && __aether.record.state.like")
		p.click("text=45.00")
		p.bar("finish")
		<-k.Done()
		picked, _ := k.Picked()
		l := picked.Like
		if l == nil || l.Count != 3 || l.Rows != 3 || len(l.Fields) != 4 {
			t.Fatalf("the pattern is %+v", l)
		}
		text, err := picked.YAML()
		if err != nil {
			t.Fatal(err)
		}
		_, extract, _ := strings.Cut(string(text), "web.extract:\n")
		whole := "aether: 1\nname: x\nnodes:\n" + indent(extract, "  ")
		f, err := flow.Decode([]byte(whole))
		if err != nil {
			t.Fatalf("%v\n%s", err, whole)
		}
		if list := check.Flow(f, node.Default, check.Options{}); len(list) > 0 {
			t.Errorf("%v\n%s", list, whole)
		}
		page := browser.NewPage(p.tab)
		for css, want := range map[string]int{l.CSS: 3, l.Row: 3} {
			if n, err := page.Count(p.long(), target("css="+css), true); err != nil || n != want {
				t.Errorf("%s finds %d (%v), want %d", css, n, err, want)
			}
		}
	})
	t.Run("cancel", func(t *testing.T) {
		k, p := open(t)
		p.press(p.see("css=h1", 0), "right", 0, 0)
		p.key("Escape")
		<-k.Done()
		if picked, ok := k.Picked(); ok {
			t.Errorf("picked was %+v", picked)
		}
	})
}

func indent(s, by string) string {
	return by + strings.ReplaceAll(strings.TrimSuffix(s, "\n"), "\n", "\n"+by) + "\n"
}
