package bidi

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/follow"
)

// tab is a tab and what is heard of it.
type tab struct {
	follow.Tab[struct{}]
	c      *contextOf
	saving atomic.Bool // what the tab would show is downloaded
}

func newTab(c *contextOf, e contextEvent) *tab {
	t := &tab{c: c}
	t.Begin(follow.Start{ID: e.Context, Opener: e.OriginalOpener, URL: e.URL, Quits: c.b.c.done}, struct{}{})
	t.Own().Reached = browser.Loaded
	if e.OriginalOpener != "" && e.URL == "about:blank" { // what opened it has a page in mind
		t.Next = &follow.Going{Since: time.Now()}
	}
	return t
}

// call makes a call for the tab, which ends with the tab.
func (t *tab) call(ctx context.Context, method string, p, result any) error {
	return t.send(method, p).wait(ctx, t.Gone(), result)
}

func (t *tab) send(method string, p any) pending { return t.c.b.c.send(method, p) }

// grow takes in the frames that a document had when the tab was joined. Call it with the lock held.
func (t *tab) grow(children []contextEvent, parent string) {
	for _, e := range children {
		t.FrameOf(e.Context, parent).URL = e.URL
		t.grow(e.Children, e.Context)
	}
}

// Front implements browser.Tab.
func (t *tab) Front(ctx context.Context) error { return t.c.b.raise(ctx, t) }

// Close implements browser.Tab.
func (t *tab) Close(ctx context.Context) error {
	err := t.call(ctx, "browsingContext.close", params{"context": t.ID()}, nil)
	if err != nil && !errors.Is(err, browser.ErrGone) && !isRefused(err, "no such frame") {
		return err
	}
	select {
	case <-t.Gone():
	case <-ctx.Done():
		return ctx.Err()
	case <-t.c.b.c.done:
	}
	return nil
}
