// Package session keeps the live things of a run, such as the browser it works in. They are never recorded: a record
// holds what is needed to build them again, sealed, and the first node that needs one after a crash gets it rebuilt.
package session

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// ErrNone says that nothing of that name is open.
var ErrNone = errors.New("nothing of that name is open")

// Live is something that lives as long as the run is executed.
type Live interface {
	// State returns what is needed to build it again elsewhere; nil if nothing has changed since the last call.
	State(ctx context.Context) ([]byte, error)
	// Close ends it. It may be called twice.
	Close() error
}

// Provider makes live things of one kind.
type Provider interface {
	// Open makes a new one as want says, or builds one again from its state (want is nil then). The folder is the
	// run's own and goes with it.
	Open(ctx context.Context, folder func() (string, error), want any, past []byte) (Live, error)
}

// Config says what a table is made of.
type Config struct {
	Providers map[string]Provider // by kind
	Folder    func() (string, error)
	// Seal and Unseal keep states from being read where records lie. Without them nothing is recorded, and nothing
	// outlives the process.
	Seal, Unseal func([]byte) ([]byte, error)
}

// Table holds the live things of one execution of a run, by kind and name. It is safe for concurrent use.
type Table struct {
	c Config

	mu   sync.Mutex
	live map[string]*entry
	past map[string]past
}

type entry struct {
	mu   sync.Mutex // held while it is opened or rebuilt
	live Live
	last []byte // state as last recorded
	// sealed is last as it was recorded.
	sealed []byte
	gone   bool // closed since the last record
	asked  bool // used since the last record
}

type past struct {
	state []byte
	at    int64
}

// New returns an empty table.
func New(c Config) *Table {
	return &Table{c: c, live: map[string]*entry{}, past: map[string]past{}}
}

// Recall takes what a record of an earlier execution says, made at a time in unix milliseconds; the latest counts.
func (t *Table) Recall(states map[string][]byte, at int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for k, s := range states {
		if p, ok := t.past[k]; !ok || at >= p.at {
			t.past[k] = past{s, at}
		}
	}
}

// Get returns what is open under a name; after a crash it is built again first. The error wraps ErrNone if nothing
// is open.
func Get[T Live](ctx context.Context, t *Table, kind, name string) (T, error) {
	var none T
	l, err := t.get(ctx, kind, name)
	if err != nil {
		return none, err
	}
	v, ok := l.(T)
	if !ok {
		return none, fmt.Errorf("%s %q is a %T", kind, name, l)
	}
	return v, nil
}

func (t *Table) at(kind, name string) (*entry, past, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := Key(kind, name)
	e := t.live[k]
	if e == nil {
		e = &entry{}
		t.live[k] = e
	}
	p, ok := t.past[k]
	return e, p, ok
}

func (t *Table) get(ctx context.Context, kind, name string) (Live, error) {
	e, p, ok := t.at(kind, name)
	e.mu.Lock()
	defer e.mu.Unlock()
	if d, is := e.live.(interface{ Dead() bool }); is && d.Dead() {
		// It has ended by itself, as a browser does that crashes; it goes on from what was recorded last.
		_ = e.live.Close()
		e.live = nil
		if e.sealed != nil {
			p, ok = past{e.sealed, p.at}, true
			t.mu.Lock()
			t.past[Key(kind, name)] = p // what is known from now on, also if it cannot be built again at once
			t.mu.Unlock()
		}
		if !ok {
			return nil, fmt.Errorf("%s %q has ended, and nothing of it was kept: %w", kind, name, ErrNone)
		}
	}
	if e.live != nil {
		e.asked = true
		return e.live, nil
	}
	if e.gone || !ok || len(p.state) == 0 {
		return nil, fmt.Errorf("%s %q: %w", kind, name, ErrNone)
	}
	if t.c.Unseal == nil {
		return nil, fmt.Errorf("%s %q: %w", kind, name, ErrNone)
	}
	state, err := t.c.Unseal(p.state)
	if err != nil {
		return nil, &LostError{Kind: kind, Name: name, Err: fmt.Errorf("opening what was kept of %s %q: %w", kind, name, err)}
	}
	l, err := t.open(ctx, kind, nil, state)
	if err != nil {
		return nil, t.stray(kind, name, p.state, err)
	}
	e.live, e.last, e.asked = l, nil, true
	return l, nil
}

func (t *Table) open(ctx context.Context, kind string, want any, state []byte) (Live, error) {
	p := t.c.Providers[kind]
	if p == nil {
		return nil, fmt.Errorf("this robot has nothing to open as %s", kind)
	}
	return p.Open(ctx, t.c.Folder, want, state)
}

// Open opens something new under a name; what was open there is closed first.
func (t *Table) Open(ctx context.Context, kind, name string, want any) (Live, error) {
	e, _, _ := t.at(kind, name)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.live != nil {
		if err := e.live.Close(); err != nil {
			return nil, err
		}
		e.live = nil
	}
	l, err := t.open(ctx, kind, want, nil)
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	delete(t.past, Key(kind, name)) // of what was open there before
	t.mu.Unlock()
	e.live, e.last, e.sealed, e.gone, e.asked = l, nil, nil, false, true
	return l, nil
}

// Any reports whether anything lives, or is about to.
func (t *Table) Any() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, e := range t.live {
		if !e.mu.TryLock() {
			return true
		}
		lives := e.live != nil
		e.mu.Unlock()
		if lives {
			return true
		}
	}
	return false
}

// End closes what is open under a name; nothing being open is no error.
func (t *Table) End(kind, name string) error {
	e, _, _ := t.at(kind, name)
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.live
	e.live, e.last, e.sealed, e.gone, e.asked = nil, nil, nil, true, true
	if l == nil {
		return nil
	}
	return l.Close()
}

// Changed returns the sealed states of what was used and has changed since the last call, to be recorded with what
// changed it; an empty state says that it was closed. A state that cannot be read is left as it was recorded last,
// and is part of the error.
func (t *Table) Changed(ctx context.Context) (map[string][]byte, error) {
	if t.c.Seal == nil {
		return nil, nil
	}
	t.mu.Lock()
	all := maps.Clone(t.live)
	t.mu.Unlock()
	var out map[string][]byte
	var errs []error
	add := func(k string, s []byte) {
		if out == nil {
			out = map[string][]byte{}
		}
		out[k] = s
	}
	for _, k := range slices.Sorted(maps.Keys(all)) {
		e := all[k]
		e.mu.Lock()
		switch {
		case !e.asked:
		case e.gone:
			add(k, []byte{})
		case e.live != nil:
			s, err := e.live.State(ctx)
			if err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", strings.TrimSuffix(k, "/"), err))
				break
			}
			if s == nil || bytes.Equal(s, e.last) {
				break
			}
			sealed, err := t.c.Seal(s)
			if err != nil {
				errs = append(errs, err)
				break
			}
			e.last, e.sealed = s, sealed
			add(k, sealed)
		}
		e.asked = false
		e.mu.Unlock()
	}
	return out, errors.Join(errs...)
}

// Close closes everything.
func (t *Table) Close() error {
	t.mu.Lock()
	all := t.live
	t.live = map[string]*entry{}
	t.mu.Unlock()
	var errs []error
	for _, e := range all {
		e.mu.Lock()
		if e.live != nil {
			errs = append(errs, e.live.Close())
			e.live = nil
		}
		e.mu.Unlock()
	}
	return errors.Join(errs...)
}
