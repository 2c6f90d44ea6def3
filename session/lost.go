package session

import (
	"context"
	"errors"
	"fmt"
)

// LostError says that something live could not be built again as it was.
type LostError struct {
	Kind, Name string
	// Was is its state as it was recorded, sealed; nil if none is known.
	Was []byte
	// Instead is the state of what is there instead, sealed; nil if nothing could be opened.
	Instead []byte
	// Picture shows what is there instead, as JPEG; nil if it could not be seen.
	Picture []byte
	// Facts say what was expected and what is there, for a person.
	Facts map[string]any
	Err   error
}

// Error implements error.
func (e *LostError) Error() string { return e.Err.Error() }

// Unwrap returns why.
func (e *LostError) Unwrap() error { return e.Err }

// Strayed is an error of a provider or a Verifier that knows what is there instead of what a state says.
type Strayed interface {
	error
	// Instead returns the state of what is there, a picture of it, and what a person should know; any may be nil.
	Instead() (state, picture []byte, facts map[string]any)
}

// Verifier is a Live that can be held against a state.
type Verifier interface {
	// Verify brings what was opened anew to where the state says it stood; the error is a Strayed if it is elsewhere.
	Verify(ctx context.Context, state []byte) error
}

// Key returns the name under which a record holds the state of something live.
func Key(kind, name string) string { return kind + "/" + name }

// stray makes a LostError of an error that says so; any other is returned as it is. Was is sealed.
func (t *Table) stray(kind, name string, was []byte, err error) error {
	var s Strayed
	if !errors.As(err, &s) {
		return err
	}
	lost := &LostError{Kind: kind, Name: name, Was: was, Err: err}
	var state []byte
	state, lost.Picture, lost.Facts = s.Instead()
	if state == nil || t.c.Seal == nil {
		return lost
	}
	sealed, err := t.c.Seal(state)
	if err != nil {
		return errors.Join(lost, err)
	}
	lost.Instead = sealed
	return lost
}

// Verify holds what was opened anew under a name against the state that was lost, sealed. If it is elsewhere it is
// closed, the lost state is what is known of it again, and the error is a *LostError.
func (t *Table) Verify(ctx context.Context, kind, name string, was []byte) error {
	l, err := t.get(ctx, kind, name)
	if err == nil {
		err = t.verify(ctx, kind, name, l, was)
	}
	if err == nil {
		return nil
	}
	var lost *LostError
	if errors.As(err, &lost) {
		lost.Was = was
	} else {
		err = &LostError{Kind: kind, Name: name, Was: was, Err: err}
	}
	return errors.Join(err, t.back(kind, name, was))
}

func (t *Table) verify(ctx context.Context, kind, name string, l Live, was []byte) error {
	v, ok := l.(Verifier)
	if !ok {
		return fmt.Errorf("what is open as %s cannot be compared with what was lost", kind)
	}
	if len(was) == 0 || t.c.Unseal == nil {
		return errors.New("nothing is known of where it stood")
	}
	state, err := t.c.Unseal(was)
	if err != nil {
		return fmt.Errorf("opening what was kept of %s %q: %w", kind, name, err)
	}
	return t.stray(kind, name, was, v.Verify(ctx, state))
}

// back closes what is open under a name and puts a state in its place, to be built again from.
func (t *Table) back(kind, name string, state []byte) error {
	e, p, _ := t.at(kind, name)
	e.mu.Lock()
	defer e.mu.Unlock()
	l := e.live
	e.live, e.last, e.sealed, e.gone = nil, nil, nil, false
	t.mu.Lock()
	t.past[Key(kind, name)] = past{state, p.at}
	t.mu.Unlock()
	if l == nil {
		return nil
	}
	return l.Close()
}
