package recording

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/recorder"
	"github.com/aether-rpa/aether/internal/screen"
)

// maxPicks is how many people may pick at the same time: each has a browser.
const maxPicks = 4

// Picks are where people pick elements of pages for the flow that they write: one browser for each person. It is safe
// for concurrent use.
type Picks struct {
	// Room says how browsers are opened.
	Room *Room

	begin sync.Mutex // one browser is opened after the other
	mu    sync.Mutex
	by    map[string]*picking
}

// picking is what one person picks in.
type picking struct {
	url    string
	picker *recorder.Picker
	scr    *screen.Screen
	ended  chan struct{}
	stop   chan struct{}
	once   sync.Once
	left   atomic.Bool
}

func (p *picking) end() {
	p.once.Do(func() { close(p.stop) })
	<-p.ended
}

func (p *picking) open() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// Pick is what can be seen of a browser in which somebody picks.
type Pick struct {
	URL  string `json:"url" doc:"Address that it began with."`
	Open bool   `json:"open"`
	Left bool   `json:"left,omitempty" doc:"Whether it ended because nobody looked at it any more."`
	Mode string `json:"mode,omitempty" doc:"What the next click chooses: pick for an element, like for a second one like it. Absent: it is done in the page."`
	// Element is what was picked.
	Element *PickedElement `json:"element,omitempty"`
	Failed  bool           `json:"failed,omitempty" doc:"Whether the two elements that were chosen last have nothing in common."`
}

// PickedElement is an element that was picked.
type PickedElement struct {
	Name       string         `json:"name,omitempty" doc:"What a person would call it."`
	Tag        string         `json:"tag"`
	Role       string         `json:"role,omitempty"`
	Candidates []Candidate    `json:"candidates" nullable:"false" doc:"The ways to find it, the most stable first."`
	Params     map[string]any `json:"params" doc:"The param target, as a flow has it, with all the ways in that order."`
	Like       *PickedList    `json:"like,omitempty"`
}

// PickedList is the list that two elements are of.
type PickedList struct {
	Count   int            `json:"count" doc:"How many elements are like the two."`
	Rows    int            `json:"rows" doc:"How many rows they stand in."`
	Fields  []PickedField  `json:"fields" nullable:"false" doc:"What the rows hold."`
	Extract map[string]any `json:"extract" doc:"Params of a web.extract that reads the rows."`
	Table   map[string]any `json:"table,omitempty" doc:"Params of a web.get_table, if the rows are all of one table."`
}

// PickedField is a part of the rows of a list.
type PickedField struct {
	Name     string `json:"name"`
	Sample   string `json:"sample,omitempty" doc:"What the first row has that has some."`
	Read     string `json:"read"`
	Optional bool   `json:"optional,omitempty" doc:"Whether rows lack it."`
}

// Start opens a browser at an address, in which the next click of a person picks. The one that the person had is closed.
func (p *Picks) Start(ctx context.Context, by, at string) error {
	at, err := begins(at)
	if err != nil {
		return err
	}
	if err := p.Room.Missing(); err != nil {
		return sentence{err.Error(), ErrInput}
	}
	p.begin.Lock()
	defer p.begin.Unlock()
	p.Drop(by)
	if p.open() >= maxPicks {
		return sentence{"elements are picked in four browsers here already; wait until one is closed", ErrBusy}
	}
	o, err := p.Room.Open(ctx, false)
	if err != nil {
		return sentence{"a browser cannot be opened: " + err.Error(), ErrInput}
	}
	picker, err := recorder.Pick(ctx, o.Browser, config(p.Room.Now, at, o, false))
	if err != nil {
		o.End()
		return sentence{err.Error(), ErrInput}
	}
	one := &picking{url: at, picker: picker, scr: screen.New(picker.Context(), screen.Options{Uploads: o.Uploads}), ended: make(chan struct{}), stop: make(chan struct{})}
	p.mu.Lock()
	if p.by == nil {
		p.by = map[string]*picking{}
	}
	p.by[by] = one
	p.mu.Unlock()
	go func() {
		defer close(one.ended)
		one.left.Store(until(picker.Done(), one.stop, one.scr, p.Room.Idle))
		one.scr.Close()
		_ = picker.Close() // its pages may be gone
		o.End()
	}()
	return nil
}

// open is how many browsers are open.
func (p *Picks) open() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, one := range p.by {
		if one.open() {
			n++
		}
	}
	return n
}

func (p *Picks) mine(by string) (*picking, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	one := p.by[by]
	if one == nil {
		return nil, sentence{"no browser is open to pick in", ErrNone}
	}
	return one, nil
}

// State returns what somebody has picked.
func (p *Picks) State(by string) (*Pick, error) {
	one, err := p.mine(by)
	if err != nil {
		return nil, err
	}
	s := &Pick{URL: browser.CleanURL(one.url), Open: one.open(), Left: one.left.Load(), Mode: one.picker.Doing(), Failed: one.picker.Failed()}
	got, ok := one.picker.Picked()
	if !ok {
		return s, nil
	}
	e := got.Element
	s.Element = &PickedElement{Name: e.Name, Tag: e.Tag, Role: e.Role, Candidates: candidates(e), Params: got.Params()}
	if l := got.Like; l != nil {
		s.Element.Like = &PickedList{Count: l.Count, Rows: l.Rows, Fields: []PickedField{}, Extract: got.Extract(), Table: got.Table()}
		for _, f := range l.Fields {
			s.Element.Like.Fields = append(s.Element.Like.Fields, PickedField{Name: f.Name, Sample: f.Sample, Read: f.Read, Optional: f.Optional})
		}
	}
	return s, nil
}

// Screen returns the browser of somebody, to be worked in.
func (p *Picks) Screen(by string) (*screen.Screen, error) {
	one, err := p.mine(by)
	if err != nil {
		return nil, err
	}
	if !one.open() {
		return nil, sentence{"the browser is closed", ErrNone}
	}
	return one.scr, nil
}

// Press presses a button: again, like or cancel.
func (p *Picks) Press(ctx context.Context, by, button string) error {
	one, err := p.mine(by)
	if err != nil {
		return err
	}
	if err := one.picker.Press(ctx, button); err != nil {
		return sentence{err.Error(), ErrInput}
	}
	return nil
}

// Drop closes the browser of somebody and forgets what was picked.
func (p *Picks) Drop(by string) {
	p.mu.Lock()
	one := p.by[by]
	delete(p.by, by)
	p.mu.Unlock()
	if one != nil {
		one.end()
	}
}

// Close closes all browsers.
func (p *Picks) Close() {
	p.begin.Lock()
	defer p.begin.Unlock()
	p.mu.Lock()
	all := p.by
	p.by = nil
	p.mu.Unlock()
	for _, one := range all {
		one.end()
	}
}
