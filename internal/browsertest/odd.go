package browsertest

import (
	"errors"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/selector"
)

// odd holds presses on elements that are no boxes, or of which there seem to be two.
func (k Kit) odd(t *testing.T) {
	p := k.Page(t, `<p id=out></p><img usemap=#m width=100 height=100 src="data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="><map name=m><area shape=rect coords="50,50,90,90" href="#hit" alt="Spot" onclick="say('spot')"></map>
		<svg width=200 height=200><path id=ring d="M100 10 A90 90 0 1 1 99.9 10" fill=none stroke=red stroke-width=12 onclick="say('ring')" /></svg>
		<button onclick="say('sign')">Ver&shy;trag</button><button onclick="say('behind')">Pay</button><button onmouseup="this.outerHTML=this.outerHTML;say('up')">Once</button>
		<dialog id=d><button onclick="say('dialog');d.close()">Pay</button></dialog>
		<select id=s><option>A<option>B</select><script>let n = 0; function say(what) { out.textContent = what + ' ' + ++n; }</script>`)
	for _, c := range []struct{ target, want string }{
		{"alt=Spot", "spot 1"},
		{"#ring", "ring 2"},
		{"text=Vertrag", "sign 3"},
		{"text=Once", "up 4"},
	} {
		if _, err := p.Click(t.Context(), selector.Must(c.target), browser.Click{}); err != nil || Text(t, p, "#out") != c.want {
			t.Errorf("%s: the page saw %q, %v", c.target, Text(t, p, "#out"), err)
		}
	}
	if err := p.Eval(t.Context(), p.Frames()[0].ID, "document.getElementById('d').showModal()", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Click(t.Context(), selector.Must("text=Pay"), browser.Click{}); err != nil || Text(t, p, "#out") != "dialog 5" {
		t.Errorf("in a dialog: the page saw %q, %v", Text(t, p, "#out"), err)
	}
	_, err := p.Click(k.short(t), selector.Must("css=#s option >> nth=2"), browser.Click{})
	if f := (*browser.Failure)(nil); !errors.As(err, &f) || f.Kind != browser.Hidden || !strings.Contains(f.Error(), "web.select") {
		t.Errorf("a choice: %v", err)
	}
}

// opened holds a list that opens under the resting mouse and, as some do, takes the next move of the mouse as one over
// the item that came to lie there.
func (k Kit) opened(t *testing.T) {
	p := k.Page(t, `<button id=b style="position:absolute;left:0;top:0;width:100px;height:90px">Open</button><ul id=l style="display:none;position:absolute;left:0;top:0;margin:0;padding:0;width:100px"></ul><p id=out style="margin-top:120px"></p><script>
		let active = null, fresh = true;
		b.onclick = () => setTimeout(() => {
			l.innerHTML = '<li>one<li>two<li>three';
			for (const li of l.children) {
				li.style.height = '30px';
				li.onmouseenter = () => {
					if (!fresh) { active = li; return; }
					fresh = false;
					document.addEventListener('mousemove', () => { active = li; }, {once: true});
				};
			}
			l.onclick = () => { out.textContent = active ? active.textContent : 'none'; };
			l.style.display = 'block';
		}, 50);
		</script>`)
	if _, err := p.Click(t.Context(), selector.Must("text=Open"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	if err := p.WaitFor(t.Context(), selector.Must("text=three"), browser.Shown); err != nil {
		t.Fatal(err)
	}
	// The browser tells the page a few frames later what has come under the mouse, if it does.
	if err := p.Eval(t.Context(), p.Frames()[0].ID, `new Promise(f => { let n = 0; const look = () => document.querySelector('li:hover') || ++n > 60 ? f() : requestAnimationFrame(look); look(); })`, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Click(t.Context(), selector.Must("text=three"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	if got := Text(t, p, "#out"); got != "three" {
		t.Errorf("the list chose %s", got)
	}
}

// amounts holds that a field which shows another number than it was given does not hold that number in another layout.
func (k Kit) amounts(t *testing.T) {
	p := k.Page(t, `<input id=n type=number step=any><input id=d type=date><input id=cents oninput="this.value=this.value.replace(/\D/g,'')"><input id=plus oninput="this.value=this.value.replace('-','')"><input id=code oninput="this.value=Number(this.value)||''">
		<input id=money oninput="this.value=this.value==='1234.5'?'1.234,50 €':this.value"><input id=phone oninput="this.value=this.value.replace(/(...)(?=.)/,'$1-')"><label for=h>Host</label><x-in id=h></x-in>
		<script>customElements.define('x-in', class extends HTMLElement { static formAssociated = true; constructor() { super(); this.attachInternals(); this.attachShadow({mode: 'open'}).innerHTML = '<input>'; } });</script>`)
	for _, c := range []struct{ target, value, shows string }{
		{"#n", "1.5", ""}, {"#money", "1234.5", "1.234,50 €"}, {"#phone", "555123", "555-123"}, {"label=Host", "7", ""},
	} {
		if d, err := p.Fill(t.Context(), selector.Must(c.target), c.value); err != nil || d.Shaped != c.shows {
			t.Errorf("%s in %s: shown %q, %v", c.value, c.target, d.Shaped, err)
		}
	}
	for _, c := range []struct{ target, value string }{
		{"#n", "1,5"}, {"#d", "28.02.2026"}, {"#cents", "12.50"}, {"#plus", "-5"}, {"#code", "0042"},
	} {
		_, err := p.Fill(t.Context(), selector.Must(c.target), c.value)
		if f := (*browser.Failure)(nil); !errors.As(err, &f) || f.Kind != browser.Reverted {
			t.Errorf("%s in %s: %v", c.value, c.target, err)
		}
	}
}

// exact holds that a text that is there to the letter, and shows up soon, goes before a longer one that shows already.
func (k Kit) exact(t *testing.T) {
	p := k.Page(t, `<p id=q onmouseenter="out.textContent='question'">Choose Lamp, then press it</p><p id=out></p><div id=m style="display:none" onmouseenter="out.textContent='menu'">Lamp</div>
		<div>Director Name</div><div><input id=d></div><script>setTimeout(() => { m.style.display = ''; }, 400);</script>`)
	if _, err := p.Hover(t.Context(), selector.Must("text=Lamp"), nil); err != nil || Text(t, p, "#out") != "menu" {
		t.Errorf("the page saw %q, %v", Text(t, p, "#out"), err)
	}
	if err := p.Eval(t.Context(), p.Frames()[0].ID, "(document.getElementById('m').style.display = 'none', null)", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Hover(t.Context(), selector.Must("text=Lamp"), nil); err != nil || Text(t, p, "#out") != "question" {
		t.Errorf("where it does not show up, the page saw %q, %v", Text(t, p, "#out"), err)
	}
	if d, err := p.Fill(t.Context(), selector.Must("label=Director"), "x"); err != nil || !strings.Contains(d.Element, `id="d"`) {
		t.Errorf("%+v, %v", d, err)
	}
}
