package websuite

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// hostile opens a page that was written against the driver.
func hostile(t *testing.T, o browser.Options, html string, more map[string]string) *visitor {
	t.Helper()
	b := started(t)
	mux := http.NewServeMux()
	serve := func(path, html string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			if strings.HasSuffix(path, ".js") {
				w.Header().Set("Content-Type", "text/javascript")
				fmt.Fprint(w, html)
				return
			}
			fmt.Fprint(w, "<!doctype html><meta charset=utf-8><title>start</title><script>window.log=[];const did=x=>{log.push(x);top.document.title=log.join(' ')}</script><body>"+html)
		})
	}
	serve("/{$}", html)
	for path, html := range more {
		serve(path, html)
	}
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	v := &visitor{T: t, url: srv.URL}
	v.open(b, o)
	v.visit("/")
	return v
}

// title is what the page has seen so far: its scripts write it into the title.
func (v *visitor) title() string {
	v.Helper()
	raw, err := v.p.Evaluate(v.long(), at("css=html"), "() => document.title", nil)
	v.must(err)
	return strings.Trim(string(raw), `"`)
}

type hostileCase struct {
	html string
	more map[string]string
	do   func(context.Context, *visitor) error
	kind string // of the failure; "" for success
	want string // what the page has seen; "start" for nothing
}

func pressing(target string) func(context.Context, *visitor) error {
	return func(ctx context.Context, v *visitor) error {
		_, err := v.p.Click(ctx, at(target), browser.Click{})
		return err
	}
}

func filling(target, text string) func(context.Context, *visitor) error {
	return func(ctx context.Context, v *visitor) error {
		_, err := v.p.Fill(ctx, at(target), text)
		return err
	}
}

func ticking(target string, on bool) func(context.Context, *visitor) error {
	return func(ctx context.Context, v *visitor) error {
		_, err := v.p.Check(ctx, at(target), on)
		return err
	}
}

var hostileCases = map[string]hostileCase{
	"prototypes are patched": {html: `<script>for (const n of ['matches','closest','getBoundingClientRect','querySelectorAll','checkVisibility','scrollIntoView']) Element.prototype[n]=()=>{throw 1};
		EventTarget.prototype.addEventListener=()=>{};Array.prototype.filter=()=>[];JSON.stringify=()=>'{}';Promise=null;MessageChannel=null;requestAnimationFrame=()=>{}</script><button onclick="did('go')">Go</button>`,
		do: pressing("role=button[name=Go]"), want: "go"},
	"the page stops events first": {html: `<script>for (const n of ['pointerdown','mousedown','mouseup','click']) addEventListener(n,e=>{e.stopImmediatePropagation();did(n)},true)</script><button onclick="did('go')">Go</button>`,
		do: pressing("text=Go"), want: "pointerdown mousedown mouseup click"},
	"the document was opened again": {html: `<button>Old</button><script>setTimeout(()=>{document.open();document.write('<button>Go</button>');document.close();for (const n of ['pointerdown','mousedown','pointerup','mouseup','click']) addEventListener(n,e=>{e.stopImmediatePropagation();did(n)},true)},100)</script>`,
		do: pressing("text=Go"), kind: browser.Unchanged, want: "pointerdown mousedown pointerup mouseup click"},
	"the document was written": {html: `<script>setTimeout(()=>{document.open();document.write('<title>start</title><button onclick="top.document.title=\'go\'">Go</button>');document.close()},100)</script>`,
		do: pressing("text=Go"), want: "go"},
	"it runs away when hovered": {html: `<button id=b style="position:absolute;left:50px;top:50px" onmouseenter="this.style.left=(parseInt(this.style.left)+200)%400+'px'" onclick="did('go')">Go</button>`,
		do: pressing("text=Go"), want: "go|start", kind: "|covered|moving|unchanged|hung"},
	"something else comes when hovered": {html: `<div style="position:relative;width:100px"><button onmouseenter="o.hidden=false" onclick="did('go')">Go</button><div id=o hidden style="position:absolute;inset:0;background:red" onclick="did('wrong')">Other</div></div>`,
		do: pressing("text=Go"), kind: browser.Covered, want: "start"},
	"a frame comes when hovered": {html: `<button onmouseenter="f.style.display='block'" onclick="did('go')">Go</button><iframe id=f style="display:none;position:absolute;inset:0;width:300px;height:200px" src="/in"></iframe>`,
		more: map[string]string{"/in": `<body onclick="did('frame')">`},
		do:   pressing("text=Go"), kind: "covered|unchanged", want: "start|frame"},
	"it moves when a field is left": {html: `<input id=i onblur="m.style.height='80px'" autofocus><div id=m style="height:0"></div><button onclick="did('go')">Go</button><script>i.focus()</script>`,
		do: pressing("text=Go"), want: "go"},
	"mousedown opens a menu over it": {html: `<div style="position:relative"><button onmousedown="did('open');m.hidden=false">Menu</button><div id=m hidden style="position:absolute;inset:0;background:#ddd">Item</div></div>`,
		do: pressing("text=Menu"), want: "open"},
	"its text is made anew on press": {html: `<button id=b onmousedown="did('down');b.innerHTML='<i>Go</i>'" onclick="did('go')"><i>Go</i></button>`,
		do: pressing("css=#b"), want: "down go|down down go|down", kind: "|unchanged"},
	"a select that is pressed": {html: `<select onmousedown="did('down')"><option>One<option>Two</select>`, do: pressing("css=select"), want: "down"},
	"a link in a label": {html: `<label><input type=checkbox id=c style="opacity:0;position:absolute;width:0;height:0" onchange="did('tick')"> I agree to the <a href="/in" style="padding:0 200px">terms</a></label>`,
		more: map[string]string{"/in": `<script>did('left')</script>`}, do: ticking("css=#c", true), want: "tick"},
	"a label around a field": {html: `<label>Name <span><input oninput="did(this.value)"></span></label>`, do: filling("label=Name", "Ada"), want: "Ada"},
	"a layer over a field": {html: `<input id=i oninput="did('typed')"><div style="position:fixed;inset:0;background:#0008">wait</div>`,
		do: filling("css=#i", "Ada"), kind: browser.Covered, want: "start"},
	"a layer over a field in its box": {html: `<div style="position:relative"><input id=i oninput="did('typed')"><div style="position:absolute;inset:0;background:#0008">wait</div></div>`,
		do: filling("css=#i", "Ada"), kind: browser.Covered, want: "start"},
	"a hint that floats in a field": {html: `<div style="position:relative;width:200px"><input id=i style="width:200px" oninput="did(this.value)"><span style="position:absolute;left:20px;right:20px;top:4px">your name</span></div>`,
		do: filling("css=#i", "Ada"), want: "Ada"},
	"a controlled field": {html: `<div id=r></div><script>let s='';const draw=()=>{r.innerHTML='';const i=document.createElement('input');i.placeholder='Name';i.value=s;i.oninput=()=>{s=i.value;draw();r.firstChild.focus()};r.append(i)};draw()</script><button onclick="did(s)">Go</button>`,
		do: func(ctx context.Context, v *visitor) error {
			_, err := v.p.Type(ctx, at("placeholder=Name"), "Ada", 0, false)
			if err == nil {
				_, err = v.p.Click(ctx, at("text=Go"), browser.Click{})
			}
			return err
		}, want: "Ada"},
	"a field made anew by each key": {html: `<div id=r></div><script>let s='';const draw=()=>{r.innerHTML='';const i=document.createElement('input');i.placeholder='Name';i.value=s;i.oninput=()=>{s=i.value;draw()};r.append(i)};draw()</script><button onclick="did(s)">Go</button>`,
		do: filling("placeholder=Name", "Ada"), kind: browser.Reverted, want: "start"},
	"a field that sends the focus away": {html: `<input placeholder=Name onfocus="o.focus()"><input id=o oninput="did('wrong')">`,
		do: filling("placeholder=Name", "Ada"), kind: browser.Unchanged, want: "start"},
	"a field that sends the focus away later": {html: `<input placeholder=Name onfocus="setTimeout(()=>o.focus())"><input id=o oninput="did('wrong')">`,
		do: filling("placeholder=Name", "Ada"), kind: "|unchanged", want: "start"},
	"a fixed head over what is scrolled": {html: `<div style="position:fixed;top:0;left:0;right:0;height:200px;background:#eee" onclick="did('head')">Head</div><div style="height:3000px"></div><button onclick="did('go')">Go</button><div style="height:3000px"></div>`,
		do: pressing("text=Go"), want: "go"},
	"smooth scrolling":                {html: `<style>html{scroll-behavior:smooth}</style><div style="height:5000px"></div><button onclick="did('go')">Go</button><div style="height:3000px"></div>`, do: pressing("text=Go"), want: "go"},
	"boxes that scroll in each other": {html: `<div style="height:150px;overflow:auto"><div style="height:900px"></div><div style="height:100px;overflow:auto"><div style="height:700px"></div><button onclick="did('go')">Go</button></div></div>`, do: pressing("text=Go"), want: "go"},
	"transformed":                     {html: `<div style="transform:rotate(30deg) scale(.5);transform-origin:0 0;margin:100px"><button onclick="did('go')">Go</button></div>`, do: pressing("text=Go"), want: "go"},
	"zoomed":                          {html: `<style>html{zoom:1.7}</style><div style="height:700px"></div><button onclick="did('go')">Go</button><button onclick="did('wrong')">No</button>`, do: pressing("text=Go"), want: "go"},
	"right to left":                   {html: `<html dir=rtl><div style="width:3000px"><button onclick="did('go')">Go</button></div>`, do: pressing("text=Go"), want: "go"},
	"far to the right":                {html: `<div style="width:4000px;text-align:right"><button onclick="did('go')">Go</button></div>`, do: pressing("text=Go"), want: "go"},
	"display contents":                {html: `<a href="#x" style="display:contents" onclick="did('go')"><span>Go</span></a>`, do: pressing("role=link[name=Go]"), want: "go"},
	"svg":                             {html: `<svg width=100 height=100><g role=button aria-label="Star" onclick="did('go')"><circle cx=50 cy=50 r=30 /></g></svg>`, do: pressing("role=button[name=Star]"), want: "go"},
	"a dialog above all": {html: `<button onclick="did('wrong')">Go</button><dialog id=d><button onclick="did('go')">Yes</button></dialog><script>d.showModal()</script>`,
		do: pressing("text=Go"), kind: browser.Covered, want: "start"},
	"in the dialog": {html: `<button onclick="did('wrong')">Go</button><dialog id=d><button onclick="did('go')">Yes</button></dialog><script>d.showModal()</script>`, do: pressing("text=Yes"), want: "go"},
	"a popover": {html: `<button popovertarget=p>Open</button><div id=p popover><button onclick="did('go')">Yes</button></div>`, do: func(ctx context.Context, v *visitor) error {
		if err := pressing("text=Open")(ctx, v); err != nil {
			return err
		}
		return pressing("text=Yes")(ctx, v)
	}, want: "go"},
	"inert":                        {html: `<div inert><button onclick="did('go')">Go</button></div>`, do: pressing("text=Go"), kind: browser.Disabled, want: "start"},
	"inert around a shadow root":   {html: `<div inert><div id=h></div></div><script>h.attachShadow({mode:'open'}).innerHTML='<input placeholder=Name>'</script>`, do: filling("placeholder=Name", "x"), kind: browser.Disabled, want: "start"},
	"a field set that is disabled": {html: `<fieldset disabled><label>Name <input></label></fieldset>`, do: filling("label=Name", "x"), kind: browser.Disabled, want: "start"},
	"edited text with lines":       {html: `<div contenteditable role=textbox aria-label=Text oninput="did('typed')"><div>one<br>two</div><div>three</div></div>`, do: filling("label=Text", "new\ntext"), want: "typed|typed typed|typed typed typed"},
	"a part of edited text": {html: `<div contenteditable><p>one</p><p id=p>two</p></div><button onclick="did(document.querySelector('div').innerText.replace(/\s+/g,'-'))">Go</button>`, do: func(ctx context.Context, v *visitor) error {
		if err := filling("css=#p", "new")(ctx, v); err != nil {
			return err
		}
		return pressing("text=Go")(ctx, v)
	}, want: "one-new"},
	"a number field gets words":       {html: `<input type=number id=i>`, do: filling("css=#i", "many"), kind: browser.Reverted, want: "start"},
	"a date that is none":             {html: `<input type=date id=i>`, do: filling("css=#i", "2026-02-30"), kind: browser.Reverted, want: "start"},
	"a range beyond its end":          {html: `<input type=range max=10 id=i>`, do: filling("css=#i", "50"), kind: browser.Reverted, want: "start"},
	"a range":                         {html: `<input type=range max=10 id=i onchange="did(this.value)">`, do: filling("css=#i", "7"), want: "7"},
	"a colour":                        {html: `<input type=color id=i onchange="did(this.value)">`, do: filling("css=#i", "#AABBCC"), want: "#aabbcc"},
	"an e-mail field":                 {html: `<input type=email id=i value=old oninput="did(this.value)">`, do: filling("css=#i", "a@b.example"), want: "a@b.example"},
	"a hidden field":                  {html: `<input type=hidden id=i value=old>`, do: filling("css=#i", "x"), kind: browser.Hidden, want: "start"},
	"a file field":                    {html: `<input type=file id=i>`, do: filling("css=#i", "x"), kind: browser.WrongKind, want: "start"},
	"a tick that is neither":          {html: `<label><input type=checkbox id=c onchange="did(this.checked)"> All</label><script>c.indeterminate=true</script>`, do: ticking("label=All", false), want: "true false"},
	"a switch that is made by hand":   {html: `<div role=switch aria-checked=false tabindex=0 aria-label=Light onclick="setTimeout(()=>{this.setAttribute('aria-checked','true');did('on')},100)">o</div>`, do: ticking("label=Light", true), want: "on"},
	"a tick that goes back later":     {html: `<input type=checkbox id=c onclick="setTimeout(()=>c.checked=false)">`, do: ticking("css=#c", true), kind: "|unchanged", want: "start"},
	"a link that opens a closed door": {html: `<a href="http://127.0.0.1:1/">Go</a>`, do: pressing("text=Go"), kind: browser.Navigation, want: ""},
	"two buttons of which one is exact": {html: `<button onclick="did('wrong')">Save as draft</button><div id=h></div><script>const r=h.attachShadow({mode:'open'});r.innerHTML='<button>Save</button>';r.firstChild.onclick=()=>did('go')</script>`,
		do: pressing("role=button[name=Save]"), want: "go"},
	"two shadow roots alike": {html: `<div class=h></div><div class=h></div><script>for (const h of document.querySelectorAll('.h')) {const r=h.attachShadow({mode:'open'});r.innerHTML='<button>Save</button>';r.firstChild.onclick=()=>did('wrong')}</script>`,
		do: pressing("text=Save"), kind: browser.Ambiguous, want: "start"},
	"twins of which one is hidden": {html: `<label for=a>Name</label><input id=a style="display:none" value=old><label for=b>Name</label><input id=b value=new>`, do: func(ctx context.Context, v *visitor) error {
		s, err := v.p.Text(ctx, at("label=Name"))
		if err == nil && s != "new" {
			err = fmt.Errorf("it read %q", s)
		}
		return err
	}, want: "start"},
	"words far from the only field": {html: `<nav><div><div><b>Email</b></div></div></nav><main><section><h2>Search the shop</h2><p>Everything.</p><input oninput="did('wrong')"></section></main>`,
		do: filling("label=Email", "a@b"), kind: browser.NotFound, want: "start"},
	"words beside a field of another name": {html: `<div><b>Email</b><input aria-label=Search oninput="did('wrong')"></div>`, do: filling("label=Email", "a@b"), kind: browser.NotFound, want: "start"},
	"words in a sentence beside":           {html: `<ol><li>Press Start, and the clock runs.</li></ol><button onclick="did('wrong')">Begin</button>`, do: pressing("text=Start"), kind: browser.NotFound, want: "start"},
	"an XPath within a part":               {html: `<button onclick="did('wrong')">A</button><section><button onclick="did('go')">B</button></section>`, do: pressing("xpath=//button >> in css=section"), want: "go"},
}

func TestHostile(t *testing.T) {
	for name, c := range hostileCases {
		if !every && len(name)%2 == 1 { // half of them will do where time is short
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := hostile(t, browser.Options{}, c.html, c.more)
			c.hold(v)
		})
	}
}

// patience is short for what is to fail, but for what hangs on many steps.
func patience(kind string) time.Duration {
	switch {
	case kind == "":
		return 20 * time.Second
	case strings.HasPrefix(kind, "|"):
		return 5 * time.Second
	}
	return 1500 * time.Millisecond
}
