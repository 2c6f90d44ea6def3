package browsertest

import (
	"context"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/selector"
)

// What must fail, and as what: a press or a value that did not do what was asked is never a success.
func (k Kit) truth(t *testing.T) {
	for name, c := range map[string]struct {
		html, target, kind string
		act                func(ctx context.Context, p *browser.Page, t selector.Target) error
	}{
		"covered":            {`<button id=b onclick="document.title='hit'">Go</button><div style="position:fixed;inset:0;background:#0008" onclick="document.title='over'">wait</div>`, "#b", browser.Covered, click},
		"disabled":           {`<button id=b disabled>Go</button>`, "#b", browser.Disabled, click},
		"disabled fieldset":  {`<fieldset disabled><input id=b></fieldset>`, "#b", browser.Disabled, fill},
		"read-only":          {`<input id=b readonly>`, "#b", browser.ReadOnly, fill},
		"hidden":             {`<button id=b style="display:none">Go</button>`, "#b", browser.Hidden, click},
		"not there":          {`<button id=a>Go on</button>`, "text=Go away", browser.NotFound, click},
		"two":                {`<button>Go</button><button>Go</button>`, "text=Go", browser.Ambiguous, click},
		"reverted at once":   {`<input id=b oninput="this.value='12'">`, "#b", browser.Reverted, fill},
		"reverted later":     {`<input id=b oninput="setTimeout(() => this.value='')">`, "#b", browser.Reverted, fill},
		"too long":           {`<input id=b maxlength=3>`, "#b", browser.Reverted, fill},
		"moving":             {`<style>@keyframes m{from{margin-left:0}to{margin-left:300px}}#b{animation:m .4s infinite alternate linear}</style><button id=b>Go</button>`, "#b", browser.Moving, click},
		"replaced each time": {`<div id=h></div><script>const f=()=>{h.innerHTML='<button id=b style="position:absolute;left:'+Math.random()*500+'px">Go</button>';requestAnimationFrame(f)};f()</script>`, "#b", "", nil},
		"no field":           {`<p id=b>text</p>`, "#b", browser.WrongKind, fill},
		"bad css":            {`<p>x</p>`, "css=p[", browser.BadQuery, click},
		"a list":             {`<select id=b><option>x</select>`, "#b", browser.WrongKind, fill},
		"no choice": {`<select id=b><option>x</select>`, "#b", browser.NoOption, func(ctx context.Context, p *browser.Page, t selector.Target) error {
			_, err := p.Select(ctx, t, "", "y")
			return err
		}},
		"invalid form": {`<form action=/sent><input required name=a><input type=number value=1.5 name=n><button id=b>Send</button></form>`, "#b", browser.Unchanged, click},
		"stubborn box": {`<input type=checkbox id=b onclick="return false">`, "#b", browser.Unchanged, func(ctx context.Context, p *browser.Page, t selector.Target) error {
			_, err := p.Check(ctx, t, true)
			return err
		}},
	} {
		if c.act == nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			p := k.Page(t, c.html)
			err := c.act(k.short(t), p, selector.Must(c.target))
			if err == nil {
				t.Fatalf("it succeeded instead of failing as %s", c.kind)
			}
			if got := Kind(t, err); got != c.kind {
				t.Errorf("it failed as %s and not as %s: %v", got, c.kind, err)
			}
			var title string
			if err := p.Eval(t.Context(), p.Frames()[0].ID, "document.title", &title); err != nil || title == "over" || title == "hit" {
				t.Errorf("the page was pressed after all: title %q, %v", title, err)
			}
		})
	}
}

func click(ctx context.Context, p *browser.Page, t selector.Target) error {
	_, err := p.Click(ctx, t, browser.Click{})
	return err
}

func fill(ctx context.Context, p *browser.Page, t selector.Target) error {
	_, err := p.Fill(ctx, t, "hello")
	return err
}

func (k Kit) fill(t *testing.T) {
	p := k.Page(t, `<label>Name <input></label><input placeholder="E-Mail"><textarea id=t>old</textarea><div id=c contenteditable>old</div><input type=date id=d><input type=number id=n><input type=password id=w>
		<table><tr><td>City</td><td><input id=city></td></tr></table><input id=m oninput="this.value=this.value.replace(/\D/g,'').replace(/(\d\d)(?=\d)/g,'$1-')">`)
	for target, v := range map[string]string{"label=Name": "Änne O'Neil", "placeholder=E-Mail": "a@b.de", "#t": "two\nlines", "#c": "rich", "#d": "2026-02-28", "#n": "12.5", "#w": "secret", "label=City": "Ulm"} {
		if _, err := p.Fill(t.Context(), selector.Must(target), v); err != nil {
			t.Errorf("%s: %v", target, err)
			continue
		}
		want := v
		if target == "#w" { // what a password field holds is not read
			want = ""
			if raw, err := p.Evaluate(t.Context(), selector.Must("#w"), "e => e.value", nil); err != nil || string(raw) != `"secret"` {
				t.Errorf("the password field holds %s: %v", raw, err)
			}
		}
		if got := Text(t, p, target); got != want {
			t.Errorf("%s holds %q, not %q", target, got, want)
		}
	}
	d, err := p.Fill(t.Context(), selector.Must("#m"), "123456")
	if err != nil || d.Shaped != "12-34-56" {
		t.Errorf("a field with a mask: %+v, %v", d, err)
	}
	if _, err := p.Fill(t.Context(), selector.Must("#t"), ""); err != nil || Text(t, p, "#t") != "" {
		t.Errorf("emptying a field: %v", err)
	}
}
