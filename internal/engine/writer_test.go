package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/aether-rpa/aether/internal/durable"
)

// heldLog takes entries when it is let, and tells of each writing.
type heldLog struct {
	durable.Log
	let chan error // what to answer; nil for at once

	mu     sync.Mutex
	groups [][]string
	wrote  chan struct{}
}

func (l *heldLog) Append(_ context.Context, entries ...durable.Entry) (err error) {
	var names []string
	for _, e := range entries {
		names = append(names, e.Name)
	}
	if l.let != nil {
		err = <-l.let
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.groups = append(l.groups, names)
	if l.wrote != nil {
		close(l.wrote)
		l.wrote = nil
	}
	return err
}

func named(names ...string) (list []durable.Entry) {
	for _, n := range names {
		list = append(list, durable.Entry{Name: n})
	}
	return list
}

// What is written later goes with what must be written now, and nothing is left when that returns.
func TestWriterGroups(t *testing.T) {
	t.Parallel()
	l := &heldLog{}
	w := newWriter(l, func(err error) { t.Error(err) })
	ctx := t.Context()
	w.mu.Lock() // the timer cannot be faster than this test
	w.queue, w.given = named("a", "b"), 2
	w.mu.Unlock()
	if err := w.flush(ctx, named("c!intent")...); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.flush(ctx), w.flush(ctx)); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(l.groups); got != "[[a b c!intent]]" {
		t.Errorf("written is %s", got)
	}
}

// What nobody asks for is written in a moment all the same, and its failure is told and stays.
func TestWriterSoon(t *testing.T) {
	t.Parallel()
	l := &heldLog{wrote: make(chan struct{})}
	wrote := l.wrote
	w := newWriter(l, func(err error) { t.Error(err) })
	if err := w.later(t.Context(), named("a")[0]); err != nil {
		t.Fatal(err)
	}
	<-wrote

	gone := errors.New("gone")
	told := make(chan error, 1)
	l = &heldLog{let: make(chan error, 1)}
	l.let <- gone
	w = newWriter(l, func(err error) { told <- err })
	if err := w.later(t.Context(), named("a")[0]); err != nil {
		t.Fatal(err)
	}
	if err := <-told; !errors.Is(err, gone) {
		t.Errorf("told was %v", err)
	}
	if err := errors.Join(w.later(t.Context(), named("b")[0])); !errors.Is(err, gone) {
		t.Errorf("later: %v", err)
	}
	if err := w.flush(t.Context(), named("c")...); !errors.Is(err, gone) {
		t.Errorf("flush: %v", err)
	}
	if len(l.groups) != 1 {
		t.Errorf("after the failure it was written again: %v", l.groups)
	}
}

// Many branches write at the same time: each has its own entries written when it goes on, in the order it gave them.
func TestWriterBranches(t *testing.T) {
	t.Parallel()
	l := &heldLog{}
	w := newWriter(l, func(err error) { t.Error(err) })
	var wg sync.WaitGroup
	for b := range 8 {
		wg.Go(func() {
			for i := range 50 {
				soon, now := fmt.Sprintf("%d/%d", b, i), fmt.Sprintf("%d/%d!", b, i)
				if err := errors.Join(w.later(t.Context(), named(soon)[0]), w.flush(t.Context(), named(now)...)); err != nil {
					t.Error(err)
				}
				l.mu.Lock()
				all := slices.Concat(l.groups...)
				l.mu.Unlock()
				if s, n := slices.Index(all, soon), slices.Index(all, now); s < 0 || n < s {
					t.Errorf("%s is at %d and %s at %d", soon, s, now, n)
				}
			}
		})
	}
	wg.Wait()
	if n := len(slices.Concat(l.groups...)); n != 800 {
		t.Errorf("%d of 800 entries were written", n)
	}
}

// Watchers hear of what the log has, in the order in which it was told, whoever told it.
func TestWriterTells(t *testing.T) {
	t.Parallel()
	l := &heldLog{let: make(chan error)}
	w := newWriter(l, func(err error) { t.Error(err) })
	ctx := t.Context()
	var mu sync.Mutex
	var heard []string
	tell := func(s string) {
		w.tell(func() {
			mu.Lock()
			heard = append(heard, s)
			mu.Unlock()
		})
	}
	tell("began")
	if err := w.later(ctx, durable.Entry{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	tell("a is done")
	tell("b began")
	mu.Lock()
	if !slices.Equal(heard, []string{"began"}) {
		t.Errorf("heard before the log has a: %v", heard)
	}
	mu.Unlock()
	flushed := make(chan error, 4)
	for range cap(flushed) {
		go func() { flushed <- w.flush(ctx) }()
	}
	l.let <- nil
	for range cap(flushed) {
		if err := <-flushed; err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		if want := []string{"began", "a is done", "b began"}; !slices.Equal(heard, want) {
			t.Errorf("heard %v when a was written, want %v", heard, want)
		}
		mu.Unlock()
	}
	tell("b is done")
	if last := heard[len(heard)-1]; last != "b is done" {
		t.Errorf("with nothing to write %q was heard last", last)
	}
}

// What could not be written is not told.
func TestWriterTellsNoLies(t *testing.T) {
	t.Parallel()
	l := &heldLog{let: make(chan error, 1)}
	w := newWriter(l, func(error) {})
	if err := w.later(t.Context(), durable.Entry{Name: "a"}); err != nil {
		t.Fatal(err)
	}
	w.tell(func() { t.Error("a was told, and the log does not have it") })
	l.let <- errors.New("the disk is full")
	if err := w.flush(t.Context()); err == nil {
		t.Error("nothing was said of the log")
	}
}
