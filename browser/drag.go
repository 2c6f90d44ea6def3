package browser

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/selector"
)

// landed is what became of something that was dragged.
type landed struct {
	Native   bool `json:"native"` // by the browser's own drag and drop
	Dropped  bool `json:"dropped"`
	Released bool `json:"released"`
	Hit      bool `json:"hit"`
	Files    int  `json:"files"`
}

// notDropping is a tab of a browser that may not carry what a page drags by the browser's own means.
type notDropping interface{ CannotDrop() error }

// Pull says where an element is dragged.
type Pull struct {
	To  selector.Target // the element to drag it to; none drags it by By alone
	By  Point           // a distance; with To from its middle
	Via []Point         // passed on the way, each a distance from where it was taken
	At  *Point          // where in the element it is taken; nil is its middle
}

// beyond is how far an element of a list is dragged past the middle of another one, so that their order is changed.
const beyond = 4

// Drag drags an element with the mouse, in small steps as a hand does. It has happened when the page received what was
// let go, where it was to go.
func (p *Page) Drag(ctx context.Context, from selector.Target, o Pull) (Done, error) {
	ctx, end := p.begin(ctx)
	defer end()
	var b sight
	if o.To.Given() {
		var err error
		if b, _, _, err = p.over(ctx, "drag", o.To); err != nil {
			return Done{}, err
		}
	}
	a, ax, ay, err := p.hold(ctx, from, o.At)
	d := Done{Found: a.found(from)}
	if err != nil {
		return d, err
	}
	g := &grip{p: p, o: o, a: a, b: b, at: Point{ax, ay}, from: Point{ax, ay}}
	err = g.pull(ctx, from)
	if err != nil {
		_ = p.Mouse(context.WithoutCancel(ctx), Mouse{Type: "up", X: g.at.X, Y: g.at.Y, Button: "left", Clicks: 1})
		return d, p.acted(err)
	}
	p.x, p.y, p.moved = g.at.X, g.at.Y, true
	if err := p.Mouse(ctx, Mouse{Type: "drag", X: p.x, Y: p.y, Button: "left"}, Mouse{Type: "up", X: p.x, Y: p.y, Button: "left", Clicks: 1}); err != nil {
		return d, p.acted(p.ended(ctx, "drag", from, nil, err))
	}
	if err := g.landed(ctx, from); err != nil {
		return d, p.acted(err)
	}
	d.Arrival, err = p.settle(ctx, "drag", from)
	return d, err
}

// over waits until something can be let go over an element, and returns where.
func (p *Page) over(ctx context.Context, action string, t selector.Target) (s sight, x, y float64, err error) {
	if s, err = p.ready(ctx, lookFor{Target: t, Action: "drop"}); err != nil {
		return s, 0, 0, err
	}
	// Looking for it has begun to watch for a press, which does not come.
	if err := p.Eval(ctx, s.frame, "__aether.unwatch()", nil); err != nil {
		return s, 0, 0, p.ended(ctx, action, t, nil, err)
	}
	x, y, cover, err := p.place(ctx, s)
	if err == nil && cover != "" {
		return s, 0, 0, &Failure{Kind: Covered, Action: action, Target: t, Element: s.Element, Detail: cover}
	}
	if err != nil {
		return s, 0, 0, p.ended(ctx, action, t, nil, err)
	}
	return s, x, y, nil
}

// hold takes hold of an element with the mouse.
func (p *Page) hold(ctx context.Context, from selector.Target, at *Point) (s sight, x, y float64, err error) {
	if s, err = p.ready(ctx, lookFor{Target: from, Action: "drag", At: at}); err != nil {
		return s, 0, 0, err
	}
	x, y, over, err := p.place(ctx, s)
	if err == nil && over == "" {
		err = p.Mouse(ctx, Mouse{Type: "move", X: x, Y: y}, Mouse{Type: "down", X: x, Y: y, Button: "left", Clicks: 1})
	}
	var r pressed
	if err == nil && over == "" {
		err = p.Eval(ctx, s.frame, fmt.Sprintf("__aether.done(%d)", s.Handle), &r)
	}
	if err != nil {
		return s, x, y, p.acted(p.ended(ctx, "drag", from, nil, err))
	}
	if over == "" && !r.Down {
		if over = r.Stolen; over == "" {
			over = "something that could not be seen"
		}
		_ = p.Mouse(ctx, Mouse{Type: "up", X: x, Y: y, Button: "left", Clicks: 1})
	}
	if over != "" {
		return s, x, y, &Failure{Kind: Covered, Action: "drag", Target: from, Element: s.Element, Detail: over}
	}
	return s, x, y, nil
}

// middle is where the middle of the part of an element lies that is in sight now: taking hold of something may have
// moved it. bring brings it into sight.
func (p *Page) middle(ctx context.Context, t selector.Target, s sight, bring bool) (at Point, seen bool, err error) {
	var in struct {
		Seen   bool  `json:"seen"`
		Middle Point `json:"middle"`
	}
	if err := p.Eval(ctx, s.frame, fmt.Sprintf("__aether.moves.insight(%d,%t)", s.Handle, bring), &in); err != nil {
		return Point{}, false, p.ended(ctx, "drag", t, nil, err)
	}
	if !in.Seen {
		return Point{}, false, nil
	}
	s.X, s.Y = in.Middle.X, in.Middle.Y
	x, y, _, err := p.place(ctx, s)
	if err != nil {
		return Point{}, false, p.ended(ctx, "drag", t, nil, err)
	}
	return Point{x, y}, true, nil
}
