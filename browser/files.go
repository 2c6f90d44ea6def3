package browser

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/aether-rpa/aether/selector"
)

// Given is what became of files that a page was given.
type Given struct {
	Done
	// Names are the files as the page has them.
	Names []string
}

type filing struct {
	Handle   int      `json:"handle"`
	Multiple bool     `json:"multiple"`
	Folder   bool     `json:"folder"`
	Disabled bool     `json:"disabled"`
	Gone     bool     `json:"gone"`
	Names    []string `json:"names"`
	Unread   []string `json:"unread"` // files that the browser cannot read
}

// Upload gives files to a file field, to the field that a label means, or to the only one that an element holds. The
// paths are those of the browser's machine. other is true, and nothing was done, if the element has no such field.
func (p *Page) Upload(ctx context.Context, t selector.Target, paths ...string) (g Given, other bool, err error) {
	ctx, end := p.begin(ctx)
	defer end()
	for {
		s, err := p.ready(ctx, lookFor{Target: t, Action: "upload"})
		if err != nil {
			return Given{}, false, err
		}
		var f filing
		err = p.Eval(ctx, s.frame, fmt.Sprintf("__aether.moves.filing(%d)", s.Handle), &f)
		switch {
		case errors.Is(err, ErrNavigated) || err == nil && f.Gone:
			continue
		case err != nil:
			return Given{}, false, p.ended(ctx, "upload", t, nil, err)
		case f.Handle == 0:
			return Given{Done: Done{Found: s.found(t)}}, true, nil
		}
		g, err = p.give(ctx, t, s, f, paths)
		return g, false, err
	}
}

// give gives files to a field and sees that it got them.
func (p *Page) give(ctx context.Context, t selector.Target, s sight, f filing, paths []string) (Given, error) {
	g := Given{Done: Done{Found: s.found(t)}}
	fail := func(kind, detail string, acted bool) (Given, error) {
		return g, &Failure{Kind: kind, Action: "upload", Target: t, Element: s.Element, Detail: detail, Acted: acted}
	}
	switch {
	case f.Disabled:
		return fail(Disabled, "", false)
	case !f.Multiple && len(paths) > 1:
		return fail(WrongKind, fmt.Sprintf("it takes one file, and %d were to be given", len(paths)), false)
	case f.Folder:
		return fail(WrongKind, "it takes a whole folder and no single files", false)
	}
	if err := p.SetFiles(ctx, s.frame, f.Handle, paths); err != nil {
		if ctx.Err() != nil || errors.Is(err, ErrGone) {
			return g, p.acted(p.ended(ctx, "upload", t, nil, err))
		}
		return fail(WrongKind, err.Error(), false)
	}
	var got filing
	err := p.Eval(ctx, s.frame, fmt.Sprintf("__aether.moves.filed(%d)", f.Handle), &got)
	switch {
	case errors.Is(err, ErrNavigated): // a form that is sent as soon as it has its file
		for _, path := range paths {
			got.Names = append(got.Names, filepath.Base(path))
		}
	case err != nil:
		return g, p.acted(p.ended(ctx, "upload", t, nil, err))
	case len(got.Unread) > 0:
		return fail(WrongKind, "the browser cannot read "+strings.Join(got.Unread, ", "), true)
	case len(got.Names) != len(paths):
		return fail(Reverted, fmt.Sprintf("it holds %d files instead of %d", len(got.Names), len(paths)), true)
	}
	g.Names = got.Names
	g.Arrival, err = p.settle(ctx, "upload", t)
	return g, err
}

// UploadBy presses an element that opens a file chooser, and gives the files to the field that the chooser is for.
func (p *Page) UploadBy(ctx context.Context, t selector.Target, paths ...string) (Given, error) {
	ctx, end := p.begin(ctx)
	defer end()
	next, stop, err := p.Choosers(ctx)
	if err != nil {
		return Given{}, p.ended(ctx, "upload", t, nil, err)
	}
	defer func() { _ = stop(context.WithoutCancel(ctx)) }() // a page that is gone has no chooser
	d, _, err := p.press(ctx, "click", t, Click{})
	g := Given{Done: d}
	if err != nil {
		return g, err
	}
	c, err := next(ctx)
	if err != nil {
		return g, p.acted(p.ended(ctx, "upload", t, &sight{Kind: Unchanged, Element: d.Element, Detail: "it opened no file chooser"}, err))
	}
	s := sight{frame: c.Frame, Element: d.Element}
	var f filing
	if err := p.Eval(ctx, c.Frame, fmt.Sprintf("__aether.moves.filing(%d,true)", c.Handle), &f); err != nil || f.Handle == 0 {
		if err == nil {
			err = errors.New("the field of the file chooser was taken away")
		}
		return g, p.acted(p.ended(ctx, "upload", t, nil, err))
	}
	got, err := p.give(ctx, t, s, f, paths)
	got.Found = d.Found
	return got, p.acted(err)
}

// DropFiles drops files on an element as if dragged there from outside of the browser.
func (p *Page) DropFiles(ctx context.Context, t selector.Target, paths ...string) (Given, error) {
	ctx, end := p.begin(ctx)
	defer end()
	s, x, y, err := p.over(ctx, "drop", t)
	g := Given{Done: Done{Found: s.found(t)}}
	if err != nil {
		return g, err
	}
	if err := p.Eval(ctx, s.frame, fmt.Sprintf("__aether.moves.landing(%d)", s.Handle), nil); err != nil {
		return g, p.ended(ctx, "drop", t, nil, err)
	}
	takes := false
	for _, step := range []string{"enter", "over", "over"} {
		if err := p.Carry(ctx, step, x, y, paths); err != nil {
			return g, p.ended(ctx, "drop", t, nil, err)
		}
		if err := p.Eval(ctx, s.frame, "__aether.moves.takes()", &takes); err != nil {
			return g, p.ended(ctx, "drop", t, nil, err)
		}
		if takes {
			break
		}
	}
	if !takes { // to let go here would open the file in the browser
		_ = p.Carry(ctx, "leave", x, y, paths)
		return g, &Failure{Kind: WrongKind, Action: "drop", Target: t, Element: s.Element, Detail: "it takes no files that are dropped on it"}
	}
	if err := p.Carry(ctx, "drop", x, y, paths); err != nil {
		return g, p.acted(p.ended(ctx, "drop", t, nil, err))
	}
	var l landed
	err = p.Eval(ctx, s.frame, "__aether.moves.landed()", &l)
	switch {
	case errors.Is(err, ErrNavigated):
	case err != nil:
		return g, p.acted(p.ended(ctx, "drop", t, nil, err))
	case !l.Dropped || !l.Hit || l.Files != len(paths):
		return g, &Failure{Kind: Unchanged, Action: "drop", Target: t, Element: s.Element, Detail: fmt.Sprintf("it received %d files instead of %d", l.Files, len(paths)), Acted: true}
	}
	for _, path := range paths {
		g.Names = append(g.Names, filepath.Base(path))
	}
	g.Arrival, err = p.settle(ctx, "drop", t)
	return g, err
}
