package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/durable"
)

// tally counts what a run asks of the browser and of the disk, and how long it waits for them.
type tally struct {
	calls, cookies, commits, entries, bytes atomic.Int64
	asking, writing                         atomic.Int64 // nanoseconds
}

// per writes the counts for each of n turns.
func (t *tally) per(n int) string {
	each := func(v *atomic.Int64, unit float64) float64 { return float64(v.Load()) / unit / float64(n) }
	return fmt.Sprintf("%.2f ways to the page and back (%.2f ms), %.2f to the browser for cookies, %.2f commits (%.2f ms) of %.2f records with %.0f bytes",
		each(&t.calls, 1), each(&t.asking, 1e6), each(&t.cookies, 1), each(&t.commits, 1), each(&t.writing, 1e6), each(&t.entries, 1), each(&t.bytes, 1))
}

// measuredLog counts commits.
type measuredLog struct {
	durable.Log
	t *tally
}

// Append implements durable.Log.
func (l measuredLog) Append(ctx context.Context, entries ...durable.Entry) error {
	start := time.Now()
	err := l.Log.Append(ctx, entries...)
	l.t.writing.Add(int64(time.Since(start)))
	l.t.commits.Add(1)
	l.t.entries.Add(int64(len(entries)))
	for _, e := range entries {
		l.t.bytes.Add(int64(len(e.Data)))
	}
	return err
}

// counting is a driver that counts the calls which actions are made of.
type counting struct {
	browser.Driver
	t *tally
}

// Launch implements browser.Driver.
func (d counting) Launch(ctx context.Context, o browser.Launch) (browser.Browser, error) {
	b, err := d.Driver.Launch(ctx, o)
	return countingBrowser{b, d.t}, err
}

type countingBrowser struct {
	browser.Browser
	t *tally
}

// Open implements browser.Browser.
func (b countingBrowser) Open(ctx context.Context, o browser.Options) (browser.Context, error) {
	c, err := b.Browser.Open(ctx, o)
	return countingContext{c, b.t}, err
}

type countingContext struct {
	browser.Context
	t *tally
}

func (c countingContext) NewTab(ctx context.Context) (browser.Tab, error) {
	t, err := c.Context.NewTab(ctx)
	if err != nil {
		return nil, err
	}
	return countingTab{t, c.t}, nil
}

func (c countingContext) Tabs() []browser.Tab {
	var out []browser.Tab
	for _, t := range c.Context.Tabs() {
		out = append(out, countingTab{t, c.t})
	}
	return out
}

func (c countingContext) Cookies(ctx context.Context) ([]browser.Cookie, error) {
	c.t.cookies.Add(1)
	return c.Context.Cookies(ctx)
}

type countingTab struct {
	browser.Tab
	t *tally
}

func (t countingTab) asked(start time.Time) {
	t.t.calls.Add(1)
	t.t.asking.Add(int64(time.Since(start)))
}

func (t countingTab) Eval(ctx context.Context, frame, expression string, result any) error {
	defer t.asked(time.Now())
	return t.Tab.Eval(ctx, frame, expression, result)
}

func (t countingTab) Act(ctx context.Context, frame, expression string, result any) error {
	defer t.asked(time.Now())
	return t.Tab.Act(ctx, frame, expression, result)
}

func (t countingTab) EvalPage(ctx context.Context, frame, function string, handle int, arg any) (json.RawMessage, error) {
	defer t.asked(time.Now())
	return t.Tab.EvalPage(ctx, frame, function, handle, arg)
}

func (t countingTab) Mouse(ctx context.Context, events ...browser.Mouse) error {
	defer t.asked(time.Now())
	return t.Tab.Mouse(ctx, events...)
}

func (t countingTab) Keys(ctx context.Context, keys ...browser.Key) error {
	defer t.asked(time.Now())
	return t.Tab.Keys(ctx, keys...)
}

func (t countingTab) Along(ctx context.Context, in browser.Input, frame, expression, late string, result any) (sent, evaluated error) {
	defer t.asked(time.Now())
	return t.Tab.Along(ctx, in, frame, expression, late, result)
}
