package screen

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// A browser without a window does not draw the lists that fields for selecting open: the person sees them beside the
// picture, and what was chosen is selected in the page.

// list is a field for selecting whose entries the person sees.
type list struct {
	tab, frame string
	handle     int
	shown      List
}

// List is what can be selected from in a field of the page.
type List struct {
	X       float64  `json:"x" doc:"Where the field is, in CSS pixels of the page's window."`
	Y       float64  `json:"y"`
	Width   float64  `json:"width"`
	Height  float64  `json:"height"`
	Label   string   `json:"label,omitempty"`
	Options []Option `json:"options"`
}

// Option is an entry of a List.
type Option struct {
	Label    string `json:"label"`
	Selected bool   `json:"selected,omitempty"`
	Disabled bool   `json:"disabled,omitempty"`
}

const maxOptions = 2000

// seek finds the field for selecting at a point, or the one that has the focus: the field, or the frame to look into.
const seek = `(p => {
	const of = __aether.of;
	if (__aether.record && __aether.record.state.mode) return {};
	let e = p ? document.elementFromPoint(p.x, p.y) : document.activeElement;
	for (let r = e && of.rootOf(e); r; r = e && of.rootOf(e)) {
		const d = p ? r.elementFromPoint(p.x, p.y) : r.activeElement;
		if (!d || d === e) break;
		e = d;
	}
	if (!e) return {};
	const box = b => ({x: b.left, y: b.top, width: b.width, height: b.height});
	if (/^I?FRAME$/.test(e.tagName)) {
		const b = e.getBoundingClientRect();
		return {frame: of.keep(e), x: b.left + e.clientLeft, y: b.top + e.clientTop};
	}
	if (e.tagName !== 'SELECT' || e.multiple || e.size > 1 || e.disabled) return {};
	e.focus({preventScroll: true});
	return {field: of.keep(e), box: box(e.getBoundingClientRect()), label: of.norm(of.label(e) || e.getAttribute('aria-label') || ''),
		options: [...e.options].slice(0, %d).map(o => ({label: of.norm(o.label || o.text), selected: o.selected, disabled: o.disabled || !!(o.parentElement && o.parentElement.disabled)}))};
})(%s)`

// pick selects an entry as a person does: the field and those who listen to it hear of it.
const pick = `((e, i) => {
	if (!e || !e.isConnected || !e.options[i] || e.options[i].disabled) return false;
	if (e.selectedIndex === i) return true;
	if (__aether.record) __aether.record.given = e;
	e.selectedIndex = i;
	e.dispatchEvent(new Event('input', {bubbles: true, composed: true}));
	e.dispatchEvent(new Event('change', {bubbles: true}));
	return true;
})(__aether.element(%d), %d)`

// soon bounds a look into a page that comes before what a person does.
const soon = 1500 * time.Millisecond

// opens shows the list that a press would open, and reports whether there is one: the press is then not handed on.
func (s *Screen) opens(ctx context.Context, t browser.Tab, e Gesture) bool {
	var point *[2]float64
	switch {
	case e.Kind == "down" && e.Button == "left":
		point = &[2]float64{e.X, e.Y}
	case e.Kind == "keydown" && (e.Key == " " && e.Mods == 0 || e.Key == "Enter" && e.Mods == 0 || e.Key == "ArrowDown" && e.Mods == 1):
	case e.Kind == "up", e.Kind == "keyup", e.Kind == "move":
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.list != nil && e.Kind != "move"
	default:
		if e.Kind == "keydown" || e.Kind == "text" {
			s.mu.Lock()
			had := s.list != nil
			s.mu.Unlock()
			if had {
				s.update(func() { s.list = nil })
			}
		}
		return false
	}
	if asker, ok := t.(browser.Asker); ok {
		if _, asks := asker.Asks(); asks {
			return false
		}
	}
	l := s.look(ctx, t, point)
	s.mu.Lock()
	had := s.list != nil
	s.mu.Unlock()
	if l != nil || had {
		s.update(func() { s.list = l })
	}
	return l != nil
}

// look finds the field for selecting at a point, or the one with the focus if there is none.
func (s *Screen) look(ctx context.Context, t browser.Tab, point *[2]float64) *list {
	ctx, cancel := context.WithTimeout(ctx, soon)
	defer cancel()
	frame := t.ID()
	var left, top float64
	for range 6 {
		at := "null"
		if point != nil {
			at = fmt.Sprintf("{x:%g,y:%g}", point[0]-left, point[1]-top)
		}
		var r struct {
			Frame, Field int
			X, Y         float64
			Box          struct{ X, Y, Width, Height float64 }
			Label        string
			Options      []Option
		}
		if err := t.Eval(ctx, frame, fmt.Sprintf(seek, maxOptions, at), &r); err != nil {
			return nil // the page goes on without the list
		}
		if r.Field > 0 {
			return &list{tab: t.ID(), frame: frame, handle: r.Field, shown: List{X: left + r.Box.X, Y: top + r.Box.Y, Width: r.Box.Width, Height: r.Box.Height, Label: r.Label, Options: r.Options}}
		}
		if r.Frame == 0 {
			return nil
		}
		inner, err := t.Inside(ctx, frame, r.Frame)
		if err != nil || inner == "" {
			return nil
		}
		frame, left, top = inner, left+r.X, top+r.Y
	}
	return nil
}

// choose selects an entry of the list that is shown; less than 0 closes it.
func (s *Screen) choose(ctx context.Context, t browser.Tab, i int) error {
	s.mu.Lock()
	l := s.list
	s.mu.Unlock()
	s.update(func() { s.list = nil })
	if l == nil || l.tab != t.ID() || i < 0 {
		return nil
	}
	return s.patient(ctx, t, func(ctx context.Context) error {
		var done json.RawMessage
		err := t.Act(ctx, l.frame, fmt.Sprintf(pick, l.handle, i), &done)
		if err != nil && ctx.Err() == nil {
			return nil // the page has gone on: the picture shows it
		}
		return err
	})
}
