package web_test

import (
	"fmt"
	"testing"
)

const dragging = `<div draggable=true id=a style="width:80px;height:40px;background:red">drag</div><div id=z style="width:200px;height:100px;background:#ddd">zone</div><div id=deaf style="width:200px;height:60px">deaf</div>
	<div style="position:relative;height:50px;width:400px"><div id=s style="position:absolute;left:0;width:20px;height:20px;background:blue"></div></div><div style="height:3000px"></div><div id=far>far</div><div id=c style="width:50px;height:50px;position:fixed;right:0;top:0">c</div><div style="position:fixed;right:0;top:0;width:60px;height:60px;z-index:9">over</div>
	<script>a.ondragstart = e => e.dataTransfer.setData('text', 'box'); z.ondragover = e => e.preventDefault(); z.ondrop = e => { e.preventDefault(); z.textContent = 'dropped ' + e.dataTransfer.getData('text'); };
	s.onpointerdown = e => { s.setPointerCapture(e.pointerId); s.onpointermove = m => s.style.left = m.clientX - 18 + 'px'; s.onpointerup = () => s.onpointermove = null; };</script>`

func TestDrag(t *testing.T) {
	t.Parallel()
	e := env(t)
	at(t, e, dragging)
	run(t, e, "web.drag", map[string]any{"target": "#a", "to": "#z"})
	if got := inPage(t, e, "z.textContent"); got != "dropped box" {
		t.Errorf("the zone says %q", got)
	}
	run(t, e, "web.drag", map[string]any{"target": "#s", "x": 120})
	if got := inPage(t, e, "Math.abs(parseInt(s.style.left) - 120) < 3"); got != "true" {
		t.Errorf("the slider stands at %s", inPage(t, e, "s.style.left"))
	}
	run(t, e, "web.drag", map[string]any{"target": "#s", "to": "#a"})
	must(t, e, "web.drag", "unchanged", map[string]any{"target": "#a", "to": "#deaf", "timeout": "5s"})
	must(t, e, "web.drag", "covered", map[string]any{"target": "#c", "to": "#z"})
	must(t, e, "web.drag", "unchanged", map[string]any{"target": "#a", "to": "#far", "timeout": "5s"})
	must(t, e, "web.drag", "not_found", map[string]any{"target": "#a", "to": "#nothing"})
	fails(t, e, "web.drag", map[string]any{"target": "#a"})
	fails(t, e, "web.drag", map[string]any{"target": "#a", "to": "#z", "from_x": 1})
	fails(t, e, "web.click", map[string]any{"target": "#a", "x": 1})
}

func TestScroll(t *testing.T) {
	t.Parallel()
	e := env(t)
	at(t, e, `<div style="height:3000px">tall</div><p id=p>low</p><div id=box style="height:100px;overflow:auto"><div style="height:900px;width:2000px">inner<b id=deep style="position:absolute"></b></div></div><button id=b style="display:none">x</button>`)
	if out := run(t, e, "web.scroll", map[string]any{"y": 500}); fmt.Sprint(out["y"]) != "500" || out["moved"] != true || out["end"] != false {
		t.Errorf("by pixels: %v", out)
	}
	run(t, e, "web.scroll", map[string]any{"target": "#p"})
	if got := inPage(t, e, "p.getBoundingClientRect().top < innerHeight && p.getBoundingClientRect().top >= 0"); got != "true" {
		t.Error("the paragraph is not in sight")
	}
	if out := run(t, e, "web.scroll", map[string]any{"to": "bottom"}); out["end"] != true || inPage(t, e, "scrollY + innerHeight >= document.documentElement.scrollHeight - 1") != "true" {
		t.Errorf("to the bottom: %v", out)
	}
	if out := run(t, e, "web.scroll", map[string]any{"y": 10}); out["moved"] != false || out["end"] != true {
		t.Errorf("below the bottom: %v", out)
	}
	if out := run(t, e, "web.scroll", map[string]any{"to": "top"}); fmt.Sprint(out["y"]) != "0" {
		t.Errorf("to the top: %v", out)
	}
	if out := run(t, e, "web.scroll", map[string]any{"x": 70, "y": 60, "area": "#box"}); fmt.Sprint(out["x"], out["y"]) != "70 60" || inPage(t, e, "box.scrollTop + ' ' + scrollY") != "60 0" {
		t.Errorf("a part of the page: %v", out)
	}
	must(t, e, "web.scroll", "hidden", map[string]any{"target": "#b"})
	must(t, e, "web.scroll", "not_found", map[string]any{"target": "#nothing"})
	must(t, e, "web.scroll", "not_found", map[string]any{"area": "#nothing", "y": 1})
	fails(t, e, "web.scroll", map[string]any{})
	fails(t, e, "web.scroll", map[string]any{"to": "top", "y": 4})
}

// endless loads more rows when its end comes into sight, until there are as many as rows says.
func endless(rows int, open, end string) string {
	return fmt.Sprintf(`%s<ul id=l></ul>%s<script>
		let n = 0, busy = false;
		const more = () => { for (let i = 0; i < 20 && n < %d; i++) { const li = document.createElement('li'); li.style.height = '60px'; li.textContent = ++n; l.append(li); } busy = false; };
		more();
		const near = () => { const r = l.getBoundingClientRect(); if (!busy && n < %d && r.bottom < innerHeight + 300) { busy = true; setTimeout(more, 60); } };
		addEventListener('scroll', near, true);
	</script>`, open, end, rows, rows)
}

func TestScrollToEnd(t *testing.T) {
	t.Parallel()
	e := env(t)
	for name, html := range map[string]string{"page": endless(95, "", ""), "part": endless(95, `<style>html,body{height:100%;margin:0;overflow:hidden}</style><div style="height:100%;overflow-y:auto">`, "</div>")} {
		at(t, e, html)
		if out := run(t, e, "web.scroll", map[string]any{"to": "end"}); out["end"] != true || inPage(t, e, "l.children.length") != "95" {
			t.Errorf("%s: %v, with %s rows", name, out, inPage(t, e, "l.children.length"))
		}
	}
	at(t, e, endless(1_000_000, "", ""))
	if out := run(t, e, "web.scroll", map[string]any{"to": "end", "limit": 3}); out["end"] != false || fmt.Sprint(out["rounds"]) != "3" {
		t.Errorf("a limit: %v", out)
	}
	must(t, e, "web.scroll", "waited", map[string]any{"to": "end", "limit": 100000, "timeout": "4s"})
}
