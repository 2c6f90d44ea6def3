package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// drivers are what is compared: ours, the limit, and the peers.
func (b *bench) drivers() []driver {
	all := []driver{&own{b: b}, &raw{b: b}}
	if b.alone {
		return all
	}
	all = append(all, &dp{b: b}, &rd{b: b})
	if b.node != "" {
		all = append(all, &pw{b: b})
	}
	return all
}

// started returns the drivers, each with its browser open; later steps use the same.
func (b *bench) started(ctx context.Context) ([]driver, error) {
	if b.open == nil {
		for _, d := range b.drivers() {
			b.open = append(b.open, d)
			if err := d.start(ctx); err != nil {
				return nil, fmt.Errorf("starting %s: %w", d.name(), err)
			}
		}
	}
	return b.open, nil
}

// loop compares what the drivers do on a page. Ours and those of this process do it by one; script is what
// Playwright's side is asked for.
func (b *bench) loop(ctx context.Context, what, path string, limits aims, script string, args map[string]any, one func(context.Context, hand) error) error {
	all, err := b.started(ctx)
	if err != nil {
		return err
	}
	var cells []cell
	for _, d := range all {
		cells = append(cells, cell{d.name(), func(ctx context.Context) (float64, error) {
			if err := d.open(ctx, b.url+path); err != nil {
				return 0, err
			}
			if p, ok := d.(*pw); ok {
				return p.ask(script, args)
			}
			h, ok := d.(hand)
			if !ok {
				return 0, errors.New("it cannot be told single actions")
			}
			start := time.Now()
			err := one(ctx, h)
			return took(start), err
		}})
	}
	return b.compare(ctx, what, b.rounds, limits, cells)
}

// clicks presses the elements in turn, and reads the number that each press has made.
func clicks(ctx context.Context, h hand, n int, ids ...string) error {
	for i := 1; i <= n; i++ {
		if err := h.click(ctx, ids[i%len(ids)]); err != nil {
			return err
		}
		s, err := h.text(ctx, "n")
		if err != nil {
			return err
		}
		if s != strconv.Itoa(i) {
			return fmt.Errorf("after %d presses it shows %q", i, s)
		}
	}
	return nil
}

func (b *bench) click(ctx context.Context) error {
	return b.loop(ctx, fmt.Sprintf("%d × click and read", b.n), "/click", aims{"": 3.5 * float64(b.n), "Playwright": 0.1}, "click", map[string]any{"n": b.n, "ids": []string{"b"}},
		func(ctx context.Context, h hand) error { return clicks(ctx, h, b.n, "b") })
}

// turn is click where the mouse has to move each time.
func (b *bench) turn(ctx context.Context) error {
	n := b.n / 2
	return b.loop(ctx, fmt.Sprintf("%d × click and read, two buttons in turn", n), "/click", nil, "click", map[string]any{"n": n, "ids": []string{"b", "c"}},
		func(ctx context.Context, h hand) error { return clicks(ctx, h, n, "b", "c") })
}

// fills fills the field again and again, and reads what it holds.
func fills(ctx context.Context, h hand, n int) error {
	for i := range n {
		want := fmt.Sprint("value ", i)
		if err := h.fill(ctx, "f", want); err != nil {
			return err
		}
		if s, err := h.value(ctx, "f"); err != nil || s != want {
			return fmt.Errorf("the field holds %q instead of %q (%w)", s, want, err)
		}
	}
	return nil
}

func (b *bench) fill(ctx context.Context) error {
	return b.loop(ctx, fmt.Sprintf("%d × fill and read", b.n), "/fill", nil, "fill", map[string]any{"n": b.n}, func(ctx context.Context, h hand) error { return fills(ctx, h, b.n) })
}

func (b *bench) table(ctx context.Context) error {
	return b.loop(ctx, fmt.Sprintf("table of %d rows × 5", tableRows), "/table", aims{"chromedp": 1, "rod": 1, "Playwright": 1}, "table", map[string]any{"script": rowsScript, "n": tableRows}, func(ctx context.Context, h hand) error {
		rows, err := h.table(ctx)
		if err != nil {
			return err
		}
		if len(rows) != tableRows || len(rows[0]) != 5 || rows[tableRows-1][0] != strconv.Itoa(tableRows) {
			return fmt.Errorf("%d rows were read", len(rows))
		}
		return nil
	})
}

// launch measures from nothing to the first click that was read.
func (b *bench) launch(ctx context.Context) error {
	var cells []cell
	for _, d := range b.drivers() {
		cells = append(cells, cell{d.name(), func(ctx context.Context) (float64, error) {
			if p, ok := d.(*pw); ok {
				v, err := p.ask("first", map[string]any{"path": b.path, "sandbox": !root, "url": b.url + "/click"})
				_, end := p.ask("close", nil)
				return v, errors.Join(err, end) // node goes on: that it starts is not counted
			}
			h, ok := d.(hand)
			if !ok {
				return 0, errors.New("it cannot be told single actions")
			}
			start := time.Now()
			err := d.start(ctx)
			if err == nil {
				err = d.open(ctx, b.url+"/click")
			}
			if err == nil {
				err = clicks(ctx, h, 1, "b")
			}
			v := took(start)
			return v, errors.Join(err, d.close())
		}})
	}
	return b.compare(ctx, "launch to the first click that was read", b.rounds, nil, cells)
}

// calls compares single calls of our driver with the same calls of bare protocol.
func (b *bench) calls(ctx context.Context) error {
	all, err := b.started(ctx)
	if err != nil {
		return err
	}
	o, r := all[0].(*own), all[1].(*raw)
	for _, d := range []driver{o, r} {
		if err := d.open(ctx, b.url+"/click"); err != nil {
			return err
		}
	}
	main := o.page.Frames()[0].ID
	each := func(do func() error) func(context.Context) (float64, error) {
		return func(context.Context) (float64, error) {
			start := time.Now()
			for range b.n {
				if err := do(); err != nil {
					return 0, err
				}
			}
			return took(start) / float64(b.n), nil
		}
	}
	var n int
	if err := b.compare(ctx, "one call: evaluate", 2*b.rounds+1, aims{r.name(): 1.1}, []cell{
		{o.name(), each(func() error { return o.page.Eval(ctx, main, "1+1", &n) })},
		{r.name(), each(func() error { return r.eval("1+1", &n) })},
	}); err != nil {
		return err
	}
	p, err := r.place("c")
	if err != nil {
		return err
	}
	return b.compare(ctx, "two calls at once: press and release the mouse", 2*b.rounds+1, aims{r.name(): 1.1}, []cell{
		{o.name(), each(func() error {
			return o.page.Mouse(ctx, browser.Mouse{Type: "down", X: p[0], Y: p[1], Button: "left", Clicks: 1}, browser.Mouse{Type: "up", X: p[0], Y: p[1], Button: "left", Clicks: 1})
		})},
		{r.name(), each(func() error { return r.press(p) })},
	})
}
