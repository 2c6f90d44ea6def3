package recorder_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/recorder"
)

// menus has one that opens by the page's style, with another in it, and one that a script opens after a moment.
const menus = `<title>Desk</title><style>nav li > ul, #late { display: none } nav li:hover > ul { display: block } nav { margin: 40px } nav li { width: 9em }</style>
	<p><button onclick="this.textContent='Pressed'">Press</button></p>
	<nav><ul><li><a href="#p">Products</a><ul><li><a href="#t">Tools</a><ul><li><a href="/saws">Saws</a></li></ul></li><li><a href="#n">Nails</a></li></ul></li></ul></nav>
	<div id=menu style="width: 12em" onmouseleave="clearTimeout(soon); late.style.display = 'none'"><button type=button id=more aria-haspopup=true onmouseenter="soon = setTimeout(() => late.style.display = 'block', 150)">More</button><div id=late><a href="/about">About</a></div></div><script>let soon</script>`

// A menu that opens under the mouse is opened by the flow as well; what the mouse merely passes over is no step.
func TestHover(t *testing.T) {
	t.Parallel()
	url := serve(t, map[string]string{"/": menus, "/saws": "<title>Saws</title><h1>Saws</h1>", "/about": "<title>About</title><h1>About</h1>"})
	for _, c := range []struct {
		name, want string
		do         func(p *person)
	}{
		{"style", "Open Desk; Click Press; Move mouse over Products; Move mouse over Tools; Click Saws", func(p *person) {
			p.over("text=Nails", "text=Products")
			p.over("text=Saws", "text=Tools")
			p.click("text=Saws")
			p.arrives("/saws")
		}},
		{"script", "Open Desk; Click Press; Move mouse over More; Click About", func(p *person) {
			p.over("text=About", "css=#more")
			p.click("text=About")
			p.arrives("/about")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := watch(t, url, func(p *person, _ *recorder.Recorder) {
				p.T = t
				for _, name := range []string{"css=nav ul", "css=#more", "role=button[name=Press]"} {
					at := p.see(name, 0)
					p.mouse(browser.Mouse{Type: "move", X: at.x, Y: at.y})
				}
				p.click("role=button[name=Press]")
				c.do(p)
			})
			if got := titles(r); got != c.want {
				t.Errorf("recorded is %s, want %s", got, c.want)
			}
			text, err := recorder.Flow("menu", r.Steps())
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			file := filepath.Join(dir, "menu.flow.yaml")
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			env := map[string]string{"AETHER_DATA_DIR": filepath.Join(dir, "data"), "AETHER_BROWSER_HEADLESS": "true"}
			if code, out, errs := aether(t, env, "run", file, "--no-input"); code != 0 {
				t.Errorf("the flow ended with %d: %s %s\n%s", code, out, errs, text)
			}
		})
	}
}

// over moves the mouse over an element until something else can be seen.
func (p *person) over(opens, what string) {
	p.Helper()
	w := p.see(what, 0)
	p.mouse(browser.Mouse{Type: "move", X: w.x, Y: w.y})
	p.until(p.tab.ID(), fmt.Sprintf("(e => e && __aether.of.shown(e))(__aether.finds(%s))", js(target(opens))))
}
