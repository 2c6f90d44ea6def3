package browser

import (
	"context"
	_ "embed"
	"time"

	"github.com/aether-rpa/aether/selector"
)

//go:embed forms.js
var formsScript string

// FormsOf lists the forms of the page, or of the part of it that a target names, with their fields; fields that stand
// in no form make a last one without a target. hidden lists what cannot be seen, too. What password fields hold is
// left out.
func (p *Page) FormsOf(ctx context.Context, t selector.Target, hidden bool) ([]any, error) {
	ctx, end := p.begin(ctx)
	defer end()
	frame, err := p.inFrame(ctx, t)
	if err != nil {
		return nil, err
	}
	part := "null"
	if t.Given() {
		part = js(bare(t))
	}
	var r struct {
		Forms   []any `json:"forms"`
		Missing bool  `json:"missing"`
	}
	err = p.Eval(ctx, frame, "("+formsScript+")("+part+","+js(hidden)+")", &r)
	if err != nil {
		return nil, p.ended(ctx, "read", t, nil, err)
	}
	if r.Missing {
		return nil, &Failure{Kind: NotFound, Action: "read", Target: t}
	}
	return r.Forms, nil
}

// inFrame waits for the target, or for the document of the frame that nodes work in, and returns its frame.
func (p *Page) inFrame(ctx context.Context, t selector.Target) (string, error) {
	if !t.Given() && len(p.scope) == 0 {
		return p.main(), nil
	}
	if !t.Given() {
		t = selector.Target{Queries: []selector.Query{{By: selector.ByCSS, Value: ":root"}}}
	}
	s, err := p.ready(ctx, lookFor{Target: t, Action: "read"})
	return s.frame, err
}

// Scope is the frame that SetFrame has set, none for the whole page.
func (p *Page) Scope() []selector.Query {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.scope
}

// Enter makes a frame the part of the page that targets without a frame of their own are searched in, once it is
// there; no frame is the whole page again. It returns the frame's document.
func (p *Page) Enter(ctx context.Context, path []selector.Query) (Frame, error) {
	if len(path) == 0 {
		p.SetFrame(nil)
		return p.Frames()[0], nil
	}
	s, err := p.enter(ctx, path)
	if err != nil {
		return Frame{}, err
	}
	p.SetFrame(path)
	for _, f := range p.Frames() {
		if f.ID == s.frame {
			return f, nil
		}
	}
	return Frame{ID: s.frame}, nil
}

func (p *Page) enter(ctx context.Context, path []selector.Query) (sight, error) {
	ctx, end := p.begin(ctx)
	defer end()
	return p.ready(ctx, lookFor{Target: selector.Target{Queries: []selector.Query{{By: selector.ByCSS, Value: ":root"}}, Frame: path}, Action: "read"})
}

// Ask evaluates an expression that only reads, or that may be evaluated twice, in the library's world of the page.
func (p *Page) Ask(ctx context.Context, expression string, result any) error {
	ctx, end := p.begin(ctx)
	defer end()
	err := poll(ctx, 20*time.Millisecond, func() (bool, error) {
		err := p.Eval(ctx, p.main(), expression, result)
		return err == nil, err
	})
	if err != nil {
		return p.ended(ctx, "read", selector.Target{}, nil, err)
	}
	return nil
}
