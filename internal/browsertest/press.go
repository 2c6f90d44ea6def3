package browsertest

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/selector"
)

func (k Kit) click(t *testing.T) {
	p := k.Page(t, `<button onclick="n.textContent=Number(n.textContent)+1">Count</button><span id=n>0</span>`)
	for range 3 {
		if _, err := p.Click(t.Context(), selector.Must("text=Count"), browser.Click{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := p.Click(t.Context(), selector.Must("role=button[name=Count]"), browser.Click{Count: 2}); err != nil {
		t.Fatal(err)
	}
	if got := Text(t, p, "#n"); got != "5" {
		t.Errorf("the page counted %s clicks, not 5", got)
	}
}

// A look that was given up goes on in the page for a while. It finds its element just when another is pressed, and must
// not take the watch over that press away, or the press is taken for lost and done again.
func (k Kit) clickBesideAnAbandonedLook(t *testing.T) {
	p := k.Page(t, `<button id=a onclick="n.textContent=Number(n.textContent)+1;b.disabled=false">Count</button><button id=b disabled>Later</button><span id=n>0</span>`)
	later, err := json.Marshal(map[string]any{"target": selector.Must("#b"), "action": "click", "wait": 30_000})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Count(t.Context(), selector.Must("#a"), true); err != nil { // the library is in the page
		t.Fatal(err)
	}
	if err := p.Eval(t.Context(), p.Frames()[0].ID, fmt.Sprintf(`(window.given = __aether.ready(%s).then(s => { window.gave = s.kind || 'ready'; }), null)`, later), nil); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := p.Click(t.Context(), selector.Must("#a"), browser.Click{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := Text(t, p, "#n"); got != "3" {
		t.Errorf("the page counted %s clicks, not 3", got)
	}
	var gave string
	if err := p.Eval(t.Context(), p.Frames()[0].ID, "window.given.then(() => window.gave)", &gave); err != nil || gave != browser.NotFound {
		t.Errorf("the look that was given up says %q, %v", gave, err)
	}
}

func (k Kit) waits(t *testing.T) {
	p := k.Page(t, `<button id=b disabled onclick="out.textContent='done'">Go</button><div id=over style="position:fixed;inset:0">wait</div><p id=out></p>
		<script>setTimeout(()=>over.remove(),150);setTimeout(()=>b.disabled=false,300)</script>`)
	if _, err := p.Click(t.Context(), selector.Must("#b"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	if got := Text(t, p, "#out"); got != "done" {
		t.Errorf("the button was not pressed: %q", got)
	}
}

// Input is sent together with the question what it did. The answer must be of what came after it, also where the page
// never sees the event that the question waits for.
func (k Kit) inputAlong(t *testing.T) {
	p := k.Page(t, `<button id=gone onmousedown="this.remove();n.textContent='pressed'">Gone</button><p id=n>0</p>
		<input id=f value=same oninput="this.value='other'"><input id=deaf>
		<button id=slow onclick="for(const u=performance.now()+300;performance.now()<u;);n.textContent='slow'">Slow</button>
		<script>deaf.addEventListener('beforeinput', e => e.preventDefault())</script>`)
	if _, err := p.Click(t.Context(), selector.Must("#gone"), browser.Click{}); err != nil {
		t.Errorf("a button that goes away when it is pressed: %v", err)
	}
	if got := Text(t, p, "#n"); got != "pressed" {
		t.Errorf("it shows %q", got)
	}
	// It held the value before: only what is there after the page saw the text counts.
	if _, err := p.Fill(t.Context(), selector.Must("#f"), "same"); err == nil || Kind(t, err) != browser.Reverted {
		t.Errorf("a field whose page takes the value back: %v", err)
	}
	if _, err := p.Fill(t.Context(), selector.Must("#deaf"), "x"); err == nil || Kind(t, err) != browser.Reverted {
		t.Errorf("a field that takes nothing: %v", err)
	}
	if _, err := p.Click(t.Context(), selector.Must("#slow"), browser.Click{}); err != nil {
		t.Error(err)
	}
	if got := Text(t, p, "#n"); got != "slow" {
		t.Errorf("it shows %q after a press whose page is slow", got)
	}
}

func (k Kit) controls(t *testing.T) {
	p := k.Page(t, `<select id=s><option value=1>One<option value=2>Two</select><label><input type=checkbox style="opacity:0;position:absolute;width:0;height:0"> Custom</label>
		<label><input type=radio name=r> A</label><label><input type=radio name=r> B</label><input type=file id=f multiple><div draggable=true id=a style="width:80px;height:40px;background:red">drag</div>
		<div id=z style="width:200px;height:100px;background:#ddd" ondragover="event.preventDefault()" ondrop="event.preventDefault();this.textContent='dropped '+event.dataTransfer.getData('text')">zone</div>
		<script>a.ondragstart=e=>e.dataTransfer.setData('text','box')</script><div id=hov onmouseenter="this.textContent='over'" style="width:50px;height:20px">x</div>`)
	c, err := p.Select(t.Context(), selector.Must("#s"), "", "Two")
	if err != nil || fmt.Sprint(c.Values) != "[2]" || Text(t, p, "#s") != "Two" {
		t.Errorf("select: %+v, %v", c, err)
	}
	for _, target := range []string{"label=Custom", "label=B"} {
		if _, err := p.Check(t.Context(), selector.Must(target), true); err != nil {
			t.Errorf("%s: %v", target, err)
		}
		if d, err := p.Check(t.Context(), selector.Must(target), true); err != nil || !d.Already {
			t.Errorf("%s again: %+v %v", target, d, err)
		}
	}
	file := t.TempDir() + "/up.txt"
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if g, _, err := p.Upload(t.Context(), selector.Must("#f"), file); err != nil || fmt.Sprint(g.Names) != "[up.txt]" {
		t.Errorf("upload: %v, %v", g.Names, err)
	}
	if raw, err := p.Evaluate(t.Context(), selector.Must("#f"), "(e, x) => e.files[0].name + x", "!"); err != nil || string(raw) != `"up.txt!"` {
		t.Errorf("the field holds %s: %v", raw, err)
	}
	switch _, err := p.Drag(t.Context(), selector.Must("#a"), browser.Pull{To: selector.Must("#z")}); {
	case k.Drops && err != nil:
		t.Error(err)
	case !k.Drops && !errors.Is(err, browser.ErrUnsupported):
		t.Errorf("dragging where the browser cannot: %v", err)
	}
	if got := Text(t, p, "#z"); k.Drops && got != "dropped box" {
		t.Errorf("the zone says %q", got)
	}
	if _, err := p.Hover(t.Context(), selector.Must("#hov"), nil); err != nil || Text(t, p, "#hov") != "over" {
		t.Errorf("hover: %v", err)
	}
	if b, err := p.Picture(t.Context(), selector.Must("#z"), browser.Shot{}); err != nil || !strings.HasPrefix(string(b), "\x89PNG") {
		t.Errorf("picture: %v", err)
	}
}
