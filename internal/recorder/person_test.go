package recorder_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/selector"
)

// person works in a browser as a person does: with the mouse and the keyboard, at places of the window. It knows the
// page only by what can be seen of it.
type person struct {
	*testing.T
	tab browser.Tab
}

const patience = 60 * time.Second

func (p *person) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *person) long() context.Context {
	ctx, cancel := context.WithTimeout(p.Context(), patience)
	p.Cleanup(cancel)
	return ctx
}

func js(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// target reads a target; " >> in " before a part narrows the search.
func target(s string) selector.Target {
	parts := strings.Split(s, " >> in ")
	t := selector.Must(parts[0])
	for _, w := range slices.Backward(parts[1:]) {
		t.Within = append(t.Within, selector.Must(w).Queries[0])
	}
	return t
}

// where is a place on the screen.
type where struct {
	frame string
	x, y  float64
	box   [4]float64
}

// see waits until an element is in sight and keeps still, and says where it is. n picks the frame of several that have
// one, from 0.
func (p *person) see(what string, n int) where {
	p.Helper()
	ctx := p.long()
	look := fmt.Sprintf(`(() => { const e = __aether.finds(%s); if (!e || !__aether.of.shown(e)) return null; e.scrollIntoView({block: 'nearest', inline: 'nearest', behavior: 'instant'}); const r = e.getBoundingClientRect(); return [r.x, r.y, r.width, r.height]; })()`, js(target(what)))
	var last where
	for {
		found := 0
		for _, f := range p.tab.Frames() {
			var box []float64
			short, cancel := context.WithTimeout(ctx, 5*time.Second)
			if p.tab.Eval(short, f.ID, look, &box) != nil || len(box) == 0 {
				_, _ = p.tab.Closed(short, f.ID)
				cancel()
				continue
			}
			if found++; found <= n {
				cancel()
				continue
			}
			w := where{frame: f.ID, box: [4]float64(box)}
			var err error
			w.x, w.y, err = p.tab.Locate(short, f.ID, box[0]+box[2]/2, box[1]+box[3]/2)
			cancel()
			if err == nil && w == last {
				if p.behind(w) { // as a person would
					p.bar("move")
				}
				return w
			}
			last = w
			break
		}
		select {
		case <-ctx.Done():
			p.Fatalf("the person does not see %s at %s", what, p.tab.Frames()[0].URL)
		case <-time.After(40 * time.Millisecond):
		}
	}
}

// behind reports whether the recorder's bar lies over a place.
func (p *person) behind(w where) bool {
	var covered bool
	err := p.tab.Eval(p.long(), p.tab.ID(), fmt.Sprintf("!!__aether.bar && __aether.bar.covers(%g,%g)", w.x, w.y), &covered)
	return err == nil && covered
}

func (p *person) mouse(events ...browser.Mouse) {
	p.Helper()
	p.must(p.tab.Mouse(p.long(), events...))
}

func (p *person) press(w where, button string, times, mods int) {
	p.Helper()
	p.mouse(browser.Mouse{Type: "move", X: w.x, Y: w.y})
	for i := 1; i <= times; i++ {
		p.mouse(browser.Mouse{Type: "down", X: w.x, Y: w.y, Button: button, Clicks: i, Mods: mods}, browser.Mouse{Type: "up", X: w.x, Y: w.y, Button: button, Clicks: i, Mods: mods})
	}
}

func (p *person) click(what string) { p.Helper(); p.press(p.see(what, 0), "left", 1, 0) }

// closes clicks what closes the tab: it may be gone before the press has been answered.
func (p *person) closes(what string) {
	p.Helper()
	w := p.see(what, 0)
	p.mouse(browser.Mouse{Type: "move", X: w.x, Y: w.y})
	if err := p.tab.Mouse(p.long(), browser.Mouse{Type: "down", X: w.x, Y: w.y, Button: "left", Clicks: 1}, browser.Mouse{Type: "up", X: w.x, Y: w.y, Button: "left", Clicks: 1}); err != nil && !errors.Is(err, browser.ErrGone) {
		p.Fatal(err)
	}
	<-p.tab.Gone()
}

// keys presses keys: characters one by one, or a key by its name.
func (p *person) keys(text string) {
	p.Helper()
	for _, r := range text {
		name := string(r)
		if r == '\n' {
			name = "Enter"
		}
		p.must(p.tab.Keys(p.long(), browser.Key{Name: name}))
	}
}

func (p *person) key(name string) {
	p.Helper()
	k, err := browser.ParseKey(name)
	p.must(err)
	p.must(p.tab.Keys(p.long(), k))
}

// enter clicks a field and types, in place of what it holds.
func (p *person) enter(what, text string) {
	p.Helper()
	p.press(p.see(what, 0), "left", 1, 0)
	p.key("Control+A")
	p.keys(text)
}

// choose selects an entry of a list by its first letters, as keyboards do.
func (p *person) choose(what, entry string) {
	p.Helper()
	w := p.see(what, 0)
	p.must(p.tab.Eval(p.long(), w.frame, fmt.Sprintf("__aether.finds(%s).focus()", js(target(what))), nil))
	p.keys(entry)
	p.until(w.frame, fmt.Sprintf(`(e => e.selectedOptions[0] && e.selectedOptions[0].label.startsWith(%s))(__aether.finds(%s))`, js(entry), js(target(what))))
}

// until waits until an expression is true in a frame.
func (p *person) until(frame, expression string) {
	p.Helper()
	ctx := p.long()
	for {
		var ok bool
		if p.tab.Eval(ctx, frame, "!!("+expression+")", &ok) == nil && ok {
			return
		}
		select {
		case <-ctx.Done():
			p.Fatalf("it did not come to pass at %s: %s", p.tab.Frames()[0].URL, expression)
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// goTo enters an address, when the page has come to where a press leads.
func (p *person) goTo(url string) {
	p.Helper()
	ctx := p.long()
	for {
		if _, underway := p.tab.Underway(time.Time{}); !underway {
			break
		}
		select {
		case <-ctx.Done():
			p.Fatalf("the page does not come to rest before %s", url)
		case <-time.After(20 * time.Millisecond):
		}
	}
	g, err := p.tab.Navigate(p.long(), url)
	p.must(err)
	_, err = p.tab.Settled(p.long(), g, browser.Loaded)
	p.must(err)
}

// arrives waits for another page.
func (p *person) arrives(part string) {
	p.Helper()
	p.until(p.tab.ID(), fmt.Sprintf("location.href.includes(%s) && document.readyState === 'complete'", js(part)))
}

// drag drags from one element to another.
func (p *person) drag(from, to string) {
	p.Helper()
	b := p.see(to, 0)
	a := p.see(from, 0)
	p.mouse(browser.Mouse{Type: "move", X: a.x, Y: a.y}, browser.Mouse{Type: "down", X: a.x, Y: a.y, Button: "left", Clicks: 1})
	for i := 1; i <= 6; i++ {
		f := float64(i) / 6
		p.mouse(browser.Mouse{Type: "drag", X: a.x + (b.x-a.x)*f, Y: a.y + (b.y-a.y)*f, Button: "left"})
	}
	p.mouse(browser.Mouse{Type: "drag", X: b.x, Y: b.y, Button: "left"}, browser.Mouse{Type: "up", X: b.x, Y: b.y, Button: "left", Clicks: 1})
}

// wheel turns the wheel over an element until something is so.
func (p *person) wheel(over string, by float64, until string) {
	p.Helper()
	w := p.see(over, 0)
	x, y := w.x, w.y
	if w.box[3] > 500 { // its middle may be out of sight
		y = w.y - w.box[3]/2 + 200
	}
	for range 400 {
		var ok bool
		if p.tab.Eval(p.long(), w.frame, "!!("+until+")", &ok) == nil && ok {
			return
		}
		p.mouse(browser.Mouse{Type: "wheel", X: x, Y: y, DY: by})
		p.must(p.tab.Eval(p.long(), w.frame, "__aether.of.frame().then(() => __aether.of.frame())", nil))
	}
	p.Fatalf("however far the person scrolls, %s does not come", until)
}

// opened waits for a tab besides those that there were.
func (p *person) opened(c interface{ Tabs() []browser.Tab }, before []browser.Tab) *person {
	p.Helper()
	ctx := p.long()
	for {
		for _, t := range c.Tabs() {
			if !slices.ContainsFunc(before, func(o browser.Tab) bool { return o.ID() == t.ID() }) {
				n := &person{T: p.T, tab: t}
				n.until(t.ID(), "location.href !== 'about:blank' && document.readyState === 'complete'")
				return n
			}
		}
		select {
		case <-ctx.Done():
			p.Fatal("no tab opened")
		case <-time.After(30 * time.Millisecond):
		}
	}
}

// bar presses a button of the recorder's bar.
func (p *person) bar(button string) {
	p.Helper()
	ctx := p.long()
	for {
		var at map[string]struct{ X, Y float64 }
		err := p.tab.Eval(ctx, p.tab.ID(), "__aether.bar.place()", &at)
		if b, ok := at[button]; err == nil && ok {
			p.press(where{x: b.X, y: b.Y}, "left", 1, 0)
			switch button {
			case "visible", "text", "value", "like":
				p.until(p.tab.ID(), "__aether.record.state.mode")
			}
			return
		}
		select {
		case <-ctx.Done():
			p.Fatalf("the bar has no button %s: %v", button, at)
		case <-time.After(30 * time.Millisecond):
		}
	}
}
