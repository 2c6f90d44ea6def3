package browser

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/aether-rpa/aether/selector"
)

// grip is an element that the mouse holds.
type grip struct {
	p        *Page
	o        Pull
	a, b     sight  // what is held, and where it goes
	from, at Point  // where it was taken, and where it is
	past     *Point // see goal; known once it has been asked for
	frames   []sight
}

// pull drags what is held to where it is to be let go.
func (g *grip) pull(ctx context.Context, from selector.Target) error {
	g.frames = []sight{{frame: g.a.frame}}
	if g.o.To.Given() {
		at := g.b
		if g.o.By != (Point{}) { // beside it, or in a place of it that is somebody else's
			at.Handle = 0
		}
		if g.frames[0] = at; g.b.frame != g.a.frame {
			g.frames = append(g.frames, sight{frame: g.a.frame})
		}
	}
	for _, s := range g.frames {
		if err := g.p.Eval(ctx, s.frame, fmt.Sprintf("__aether.moves.landing(%d)", s.Handle), nil); err != nil {
			return g.p.ended(ctx, "drag", from, nil, err)
		}
	}
	for _, v := range g.o.Via {
		if err := g.move(ctx, from, Point{g.from.X + v.X, g.from.Y + v.Y}); err != nil {
			return err
		}
	}
	if !g.o.To.Given() {
		return g.move(ctx, from, Point{g.from.X + g.o.By.X, g.from.Y + g.o.By.Y})
	}
	// A list may make room, or scroll, when something is taken from it: then the element is gone after.
	for range 4 {
		goal, past, err := g.goal(ctx, from)
		if err == nil && past != (Point{}) {
			err = g.move(ctx, from, Point{goal.X - past.X, goal.Y - past.Y})
		}
		if err == nil {
			err = g.move(ctx, from, Point{goal.X + past.X, goal.Y + past.Y})
		}
		if err != nil {
			return err
		}
		var there bool
		if err := g.p.Eval(ctx, g.b.frame, "__aether.moves.reached()", &there); err != nil {
			return g.p.ended(ctx, "drag", from, nil, err)
		}
		if there {
			break
		}
	}
	return nil
}

// nudge is how far something is moved for the page to see that it is dragged.
const nudge = 6

// goal is where the element is to be let go. To take the place of another one in its list it crosses that one's middle
// by past, forward or back as the list runs.
func (g *grip) goal(ctx context.Context, from selector.Target) (goal, past Point, err error) {
	m, seen, err := g.p.middle(ctx, g.o.To, g.b, false)
	if err == nil && !seen {
		// A drag begins where the button went down, so it has to have begun before the page is scrolled.
		if err = g.move(ctx, from, Point{g.at.X + nudge, g.at.Y + nudge}); err == nil {
			m, seen, err = g.p.middle(ctx, g.o.To, g.b, true)
		}
		if err == nil && !seen {
			err = &Failure{Kind: Outside, Action: "drag", Target: g.o.To, Element: g.b.Element, Detail: "it is not in sight together with what is dragged", Acted: true}
		}
	}
	if err != nil || g.o.By != (Point{}) || g.a.frame != g.b.frame {
		return Point{m.X + g.o.By.X, m.Y + g.o.By.Y}, Point{}, err
	}
	if g.past != nil { // the page may have changed the order since
		return m, *g.past, nil
	}
	var room Point
	if err := g.p.Eval(ctx, g.b.frame, fmt.Sprintf("__aether.moves.room(%d,%d)", g.a.Handle, g.b.Handle), &room); err != nil {
		return m, Point{}, g.p.ended(ctx, "drag", g.o.To, nil, err)
	}
	half := func(room float64) float64 { return math.Copysign(min(beyond, math.Abs(room)/4), room) }
	g.past = &Point{half(room.X), half(room.Y)}
	return m, *g.past, nil
}

// move takes what is held to a point, in steps that a page can follow.
func (g *grip) move(ctx context.Context, from selector.Target, to Point) error {
	start := g.at
	steps := int(min(8, max(1, math.Hypot(to.X-start.X, to.Y-start.Y)/8)))
	for i := 1; i <= steps; i++ {
		f := float64(i) / float64(steps)
		g.at = Point{start.X + (to.X-start.X)*f, start.Y + (to.Y-start.Y)*f}
		if err := g.p.Mouse(ctx, Mouse{Type: "drag", X: g.at.X, Y: g.at.Y, Button: "left"}); err != nil {
			return g.p.ended(ctx, "drag", from, nil, err)
		}
	}
	return nil
}

// landed says what became of what was let go.
func (g *grip) landed(ctx context.Context, from selector.Target) error {
	var all landed
	for i, s := range g.frames {
		var l landed
		if err := g.p.Eval(ctx, s.frame, "__aether.moves.landed()", &l); err != nil && !errors.Is(err, ErrNavigated) {
			return g.p.ended(ctx, "drag", from, nil, err)
		} else if err != nil {
			l = landed{Dropped: true, Released: true, Hit: true}
		}
		all.Native, all.Released, all.Dropped = all.Native || l.Native, all.Released || l.Released, all.Dropped || l.Dropped
		// What a page moves by itself is let go in the frame where it was taken.
		all.Hit = all.Hit || l.Hit && (i == 0 || !all.Native)
	}
	if n, ok := g.p.Tab.(notDropping); ok && all.Native && !all.Dropped {
		if err := n.CannotDrop(); err != nil {
			return g.p.ended(ctx, "drag", from, nil, err)
		}
	}
	switch {
	case all.Native && !all.Dropped:
		return &Failure{Kind: Unchanged, Action: "drag", Target: from, Element: g.a.Element, Detail: "nothing takes it there", Acted: true}
	case !all.Native && !all.Released || !all.Hit:
		return &Failure{Kind: Unchanged, Action: "drag", Target: from, Element: g.a.Element, Detail: "it was let go, but not where it was to go", Acted: true}
	}
	return nil
}
