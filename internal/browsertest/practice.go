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

// sorted holds a list that a page sorts itself while an item is dragged over the others: the item that it was dragged to
// makes room, so that it is not under the mouse when that is let go.
func (k Kit) sorted(t *testing.T) {
	p := k.Page(t, `<ul id=list style="margin:0;padding:0;width:120px"><li>one<li>two<li>three<li>four</ul><style>li{height:30px;list-style:none;background:#ddd}</style><script>
		let held = null, last = 0;
		list.onpointerdown = e => { held = e.target; last = e.clientY; e.preventDefault(); };
		onpointermove = e => {
			if (!held) return;
			const down = e.clientY > last; last = e.clientY;
			for (const li of list.children) {
				const r = li.getBoundingClientRect(), middle = r.top + r.height / 2;
				if (li === held || e.clientY < r.top || e.clientY >= r.bottom) continue;
				if (down && e.clientY > middle) li.after(held); else if (!down && e.clientY < middle) li.before(held);
				break;
			}
		};
		onpointerup = () => { held = null; };
	</script>`)
	for _, c := range []struct{ from, to, want string }{
		{"one", "three", "two three one four"},
		{"four", "two", "four two three one"},
		{"two", "one", "four three one two"},
	} {
		if _, err := p.Drag(t.Context(), selector.Must("text="+c.from), browser.Pull{To: selector.Must("text=" + c.to)}); err != nil {
			t.Errorf("%s to %s: %v", c.from, c.to, err)
		}
		if got := strings.Join(strings.Fields(Text(t, p, "#list")), " "); got != c.want {
			t.Errorf("%s to %s: the list is %s, not %s", c.from, c.to, got, c.want)
		}
	}
}

// gridded holds a list in rows, which a page sorts by the way that the mouse goes to the left or to the right.
func (k Kit) gridded(t *testing.T) {
	p := k.Page(t, `<ul id=list style="margin:0;padding:0;width:150px">`+strings.Repeat("<li>", 9)+`</ul><style>li{height:40px;width:50px;float:left;list-style:none;background:#ddd}</style><script>
		[...list.children].forEach((li, i) => { li.textContent = i; });
		let held = null, x = 0;
		list.onpointerdown = e => { held = e.target; x = e.clientX; e.preventDefault(); };
		onpointermove = e => {
			if (!held || e.clientX === x) return;
			const right = e.clientX > x; x = e.clientX;
			for (const li of list.children) {
				const r = li.getBoundingClientRect(), over = e.clientX > r.left + r.width / 2;
				if (li === held || e.clientX < r.left || e.clientX >= r.right || e.clientY < r.top || e.clientY >= r.bottom) continue;
				if (right && over) li.after(held); else if (!right && !over) li.before(held);
				break;
			}
		};
		onpointerup = () => { held = null; };
	</script>`)
	for _, c := range []struct{ from, to, want string }{
		{"3", "1", "031245678"}, // up and to the right, and before that one all the same
		{"8", "6", "031245867"},
		{"0", "5", "312450867"},
	} {
		if _, err := p.Drag(t.Context(), selector.Must("text="+c.from), browser.Pull{To: selector.Must("text=" + c.to)}); err != nil {
			t.Errorf("%s to %s: %v", c.from, c.to, err)
		}
		if got := strings.Join(strings.Fields(Text(t, p, "#list")), ""); got != c.want {
			t.Errorf("%s to %s: the list is %s, not %s", c.from, c.to, got, c.want)
		}
	}
}

// drawn holds dragging along a way, from a place in an element, to a place beside another one, and to one far down.
func (k Kit) drawn(t *testing.T) {
	p := k.Page(t, `<canvas id=c width=200 height=100 style="background:#eee"></canvas><p id=out></p><p style="height:1500px"></p><div id=low style="height:40px;width:40px;background:#ccc">low</div><script>
		let way = null;
		c.onpointerdown = e => { way = [[e.offsetX, e.offsetY]]; };
		onpointermove = e => { if (way) way.push([Math.round(e.clientX - c.getBoundingClientRect().left), Math.round(e.clientY - c.getBoundingClientRect().top)]); };
		onpointerup = e => { const has = (x, y) => way.some(p => p[0] === x && p[1] === y); out.textContent = [way[0], way.at(-1), has(60, 10), has(60, 50), e.target.id].join(' '); way = null; };
	</script>`)
	at := &browser.Point{X: 10, Y: 10}
	if _, err := p.Drag(t.Context(), selector.Must("#c"), browser.Pull{At: at, Via: []browser.Point{{X: 50}, {X: 50, Y: 40}}, By: browser.Point{Y: 40}}); err != nil {
		t.Fatal(err)
	}
	if got := Text(t, p, "#out"); got != "10,10 10,50 true true c" {
		t.Errorf("drawn: %s", got)
	}
	if _, err := p.Drag(t.Context(), selector.Must("#c"), browser.Pull{At: at, To: selector.Must("#c"), By: browser.Point{X: 20, Y: -5}}); err != nil {
		t.Fatal(err)
	}
	if got := Text(t, p, "#out"); got != "10,10 120,45 false false c" {
		t.Errorf("beside the middle: %s", got)
	}
	if _, err := p.Drag(t.Context(), selector.Must("#c"), browser.Pull{To: selector.Must("#low")}); err != nil {
		t.Fatal(err)
	}
	if got := Text(t, p, "#out"); !strings.HasSuffix(got, " low") {
		t.Errorf("far down: %s", got)
	}
}
