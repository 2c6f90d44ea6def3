package follow

import (
	"slices"
	"sync"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// Context is what is known of a context: its tabs, what it downloads, and what its tabs are to be like. It is safe for
// concurrent use.
type Context[T interface {
	browser.Tab
	comparable
}] struct {
	mu        sync.Mutex
	options   browser.Options
	tabs      []T
	downloads []browser.Download
	changed   chan struct{}
	matched   int // requests that rules have decided
}

// Begin makes the context ready.
func (c *Context[T]) Begin(o browser.Options) { c.options, c.changed = o, make(chan struct{}) }

// update changes the context and wakes who waits for a change.
func (c *Context[T]) update(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
	close(c.changed)
	c.changed = make(chan struct{})
}

// Tell wakes who waits for a change.
func (c *Context[T]) Tell() { c.update(func() {}) }

// Options are what the context now wants of its tabs.
func (c *Context[T]) Options() browser.Options {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.options
}

// Want changes what the context wants of its tabs; rules begin to count anew. What is settled when a context begins
// stays. It returns what was wanted before, what is now, and the tabs there are.
func (c *Context[T]) Want(o browser.Options) (old, now browser.Options, tabs []T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	old = c.options
	o.Downloads, o.Proxy, o.ProxyLoopback, o.IgnoreCertificates, o.Listen = old.Downloads, old.Proxy, old.ProxyLoopback, old.IgnoreCertificates, old.Listen
	c.options, c.matched = o, 0
	return old, o, slices.Clone(c.tabs)
}

// Restore takes back what Want has changed.
func (c *Context[T]) Restore(o browser.Options) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.options = o
}

// Join takes a tab in.
func (c *Context[T]) Join(t T) { c.update(func() { c.tabs = append(c.tabs, t) }) }

// Leave takes a tab out.
func (c *Context[T]) Leave(t T) {
	c.update(func() { c.tabs = slices.DeleteFunc(c.tabs, func(x T) bool { return x == t }) })
}

// All are the tabs there are.
func (c *Context[T]) All() []T {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.tabs)
}

// Tabs implements browser.Context.
func (c *Context[T]) Tabs() []browser.Tab {
	all := c.All()
	out := make([]browser.Tab, len(all))
	for i, t := range all {
		out[i] = t
	}
	return out
}

// Changed implements browser.Context.
func (c *Context[T]) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// Matched implements browser.Context.
func (c *Context[T]) Matched() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.matched
}

// Match counts a request that a rule has decided.
func (c *Context[T]) Match() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.matched++
}

// Downloads implements browser.Context.
func (c *Context[T]) Downloads() []browser.Download {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.downloads)
}

// Downloading notes a download that has begun; where there is no folder for it, the browser does not go on with it.
func (c *Context[T]) Downloading(d browser.Download) {
	c.update(func() {
		d.State, d.Changed = "running", time.Now()
		if c.options.Downloads == "" {
			d.State = "canceled"
		}
		c.downloads = append(c.downloads, d)
	})
}

// Downloaded changes what is known of a download, if it is one of this context.
func (c *Context[T]) Downloaded(id string, change func(*browser.Download)) {
	c.update(func() {
		for i := range c.downloads {
			if d := &c.downloads[i]; d.ID == id {
				change(d)
				d.Changed = time.Now()
			}
		}
	})
}
