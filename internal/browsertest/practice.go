package browsertest

import (
	"strings"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/selector"
)

// still holds presses on what a script moves frame by frame, which no list of animations tells of.
func (k Kit) still(t *testing.T) {
	p := k.Page(t, `<div id=wheel style="position:absolute;left:0;top:40px"><span id=slice style="position:absolute;left:-30px;width:90px;height:30px;background:#ddd"></span><b id=word style="position:absolute;width:14px">Go</b></div>
		<button id=start style="position:absolute;top:0">Turn</button><p id=out style="margin-top:120px"></p><script>
		let n = 0;
		start.onclick = () => { let x = 0; wheel.style.left = '1px'; const step = () => { x += 9; wheel.style.left = x + 'px'; if (x < 180) requestAnimationFrame(step); }; requestAnimationFrame(step); };
		for (const e of [slice, word]) e.onmouseup = () => { out.textContent = e.id + ' ' + ++n + (wheel.style.left === '180px' ? ' at rest' : ' on its way'); };
		</script>`)
	if _, err := p.Click(t.Context(), selector.Must("text=Turn"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Click(t.Context(), selector.Must("text=Go"), browser.Click{}); err != nil {
		t.Fatal(err)
	}
	if got := Text(t, p, "#out"); got != "word 1 at rest" {
		t.Errorf("the page saw %q", got)
	}
}

// bareWords holds fields whose names stand beside them in no element of their own.
func (k Kit) bareWords(t *testing.T) {
	p := k.Page(t, `<form><input type=checkbox id=a> red wine<br><input type=checkbox id=b> white <b>wine</b></form>
		<p>Yes <input type=radio name=r id=y> No <input type=radio name=r id=n></p>
		<div>First name:<br><input id=f> Last name: <input id=l></div>`)
	for label, id := range map[string]string{"red wine": "a", "white wine": "b", "Yes": "y", "No": "n"} {
		d, err := p.Check(t.Context(), selector.Must("label="+label), true)
		if err != nil {
			t.Errorf("%s: %v", label, err)
			continue
		}
		if want := `id="` + id + `"`; !strings.Contains(d.Element, want) {
			t.Errorf("%s is %s, without %s", label, d.Element, want)
		}
	}
	for label, id := range map[string]string{"First name": "f", "Last name": "l"} {
		if _, err := p.Fill(t.Context(), selector.Must("label="+label), id); err != nil {
			t.Errorf("%s: %v", label, err)
		}
	}
	var got string
	if err := p.Eval(t.Context(), p.Frames()[0].ID, "['f', 'l'].map(id => document.getElementById(id).value).join()", &got); err != nil || got != "f,l" {
		t.Errorf("the fields hold %q, %v", got, err)
	}
}
