package recorder

import (
	"context"
	"fmt"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/selector"
)

// Field is a part of the rows of a list that web.extract may read.
type Field struct {
	Name     string `json:"name"`
	CSS      string `json:"css"`
	Read     string `json:"read"`
	Sample   string `json:"sample"`
	Optional bool   `json:"optional"`
}

// Like is what two elements of a list have in common.
type Like struct {
	// CSS finds all that are like the two, Count of them.
	CSS   string `json:"css"`
	Count int    `json:"count"`
	// Row finds the rows that they stand in, Rows of them, and Fields are what those hold.
	Row    string  `json:"row"`
	Rows   int     `json:"rows"`
	Fields []Field `json:"fields"`
	// Table finds the table that the rows are all of, and is empty if there is none.
	Table []selector.Query `json:"table,omitempty"`
}

// Picked is what a person has picked.
type Picked struct {
	Element *Element
	// Like is the pattern of a list, nil if no second element was chosen or the two have nothing in common.
	Like *Like
	URL  string
}

// picking is the state of a picker.
type picking struct {
	first    *Element
	like     bool // the next one is a second like it
	pattern  *Like
	failed   bool // the second has nothing in common with the first
	canceled bool
}

// take takes what was clicked. Call it under mu.
func (p *picking) take(m message) {
	if p.like && p.first != nil {
		p.like, p.pattern, p.failed = false, m.Like, m.Like == nil
		return
	}
	if m.El != nil && len(m.El.Queries) > 0 {
		*p = picking{first: m.El}
	}
}

// said is what the bar says.
func (p *picking) said() string {
	switch {
	case p.failed:
		return "These two have nothing in common"
	case p.pattern != nil:
		return fmt.Sprintf("%d like it in %d rows", p.pattern.Count, p.pattern.Rows)
	case p.first != nil:
		return called(p.first)
	}
	return ""
}

// Picker lets a person pick an element in a browser.
type Picker struct{ r *Recorder }

// Pick opens a session of its own in a browser, where a person picks an element: the next click chooses one, and the
// page does not see it.
func Pick(ctx context.Context, b browser.Browser, cfg Config) (*Picker, error) {
	cfg.pick = true
	r, err := Start(ctx, b, cfg)
	if err != nil {
		return nil, err
	}
	return &Picker{r}, nil
}

// Picked is what is picked so far; ok is false if it is nothing.
func (p *Picker) Picked() (Picked, bool) {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	k := p.r.pick
	if k.first == nil {
		return Picked{}, false
	}
	return Picked{Element: k.first, Like: k.pattern, URL: clean(p.r.cfg.URL)}, true
}

// Changed is closed when what is picked changes after the call.
func (p *Picker) Changed() <-chan struct{} { return p.r.Changed() }

// Done is closed when the person is done, has cancelled, or has closed the browser.
func (p *Picker) Done() <-chan struct{} { return p.r.Done() }

// Failed reports whether the two elements that were chosen last have nothing in common.
func (p *Picker) Failed() bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	return p.r.pick.failed
}

// Doing is what the next click chooses: pick for an element, like for a second one like it, "" for nothing: it is done
// in the page.
func (p *Picker) Doing() string {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	if p.r.mode != "" && p.r.pick.like {
		return "like"
	}
	return p.r.mode
}

// Press presses a button of the bar: again, like or cancel. What it brings is there when it returns.
func (p *Picker) Press(ctx context.Context, button string) error {
	if err := p.r.Press(button); err != nil {
		return err
	}
	return p.r.Settle(ctx)
}

// Context is the session of the browser in which is picked.
func (p *Picker) Context() browser.Context { return p.r.Context() }

// Close ends the picking and closes its pages.
func (p *Picker) Close() error { return p.r.Close() }
