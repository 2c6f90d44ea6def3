package session

import (
	"context"
	"maps"
	"slices"
)

// View is what something live shows now.
type View struct {
	JPEG          []byte
	URL           string
	Width, Height int
}

// Viewed is something live that can be looked at. What was filled in as a secret is not to be read in a View.
type Viewed interface {
	// View looks at it without disturbing who works with it.
	View(ctx context.Context) (View, error)
}

// View looks at the first thing in the table that can be looked at; ok is false if there is none now. What is just
// being opened or built again is not waited for.
func (t *Table) View(ctx context.Context) (v View, ok bool, err error) {
	t.mu.Lock()
	all := maps.Clone(t.live)
	t.mu.Unlock()
	for _, k := range slices.Sorted(maps.Keys(all)) {
		e := all[k]
		if !e.mu.TryLock() {
			continue
		}
		l, is := e.live.(Viewed)
		e.mu.Unlock()
		if is {
			v, err = l.View(ctx)
			return v, err == nil, err
		}
	}
	return View{}, false, nil
}

// Viewable reports whether there is something that can be looked at.
func (t *Table) Viewable() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.live {
		if !e.mu.TryLock() {
			continue
		}
		_, is := e.live.(Viewed)
		e.mu.Unlock()
		if is {
			return true
		}
	}
	return false
}
