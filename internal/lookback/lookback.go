// Package lookback shows the pages that past runs of a flow kept before each step, so that elements can be looked for on
// them. They hold all that they show: they load nothing, and their scripts are gone.
package lookback

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/trace"
	"github.com/aether-rpa/aether/selector"
)

// pageTime bounds one look at a page.
const pageTime = 10 * time.Second

// Store is where runs and their pages are.
type Store struct {
	Runs      *run.Store
	Artifacts artifact.Store
	// Launch starts the browser for pages; its profile and its network are seen to here.
	Launch browser.Launch
}

// Each gives the newest runs of a flow that have pages, with the last execution of each of their nodes that has one, and
// returns how many those were.
func (s Store) Each(ctx context.Context, flow string, most int, visit func(run string, last map[string]trace.Entry) error) (seen int, err error) {
	runs, err := s.Runs.List(ctx, run.Filter{Flow: flow, Limit: most})
	if err != nil {
		return 0, err
	}
	for _, r := range runs {
		entries, err := trace.List(ctx, s.Runs, r.ID)
		if err != nil {
			return seen, err
		}
		last := map[string]trace.Entry{}
		for _, e := range entries {
			// A step that failed has the page on which it did.
			if e.Before != "" || e.Failed && e.After != "" {
				last[e.Node] = e
			}
		}
		if len(last) == 0 {
			continue
		}
		seen++
		if err := visit(r.ID, last); err != nil {
			return seen, err
		}
	}
	return seen, nil
}

// Pages shows pages, one after the other.
type Pages struct {
	store   Store
	dir     string
	browser browser.Browser
	context browser.Context
	tab     browser.Tab
}

// Pages starts a browser for pages.
func (s Store) Pages(ctx context.Context) (_ *Pages, err error) {
	p := &Pages{store: s}
	if p.dir, err = os.MkdirTemp("", "aether-check-"); err != nil {
		return nil, fmt.Errorf("making a folder for a browser: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	launch := s.Launch
	launch.Profile = filepath.Join(p.dir, "profile")
	if err = os.Mkdir(launch.Profile, 0o700); err != nil {
		return nil, fmt.Errorf("making a folder for a browser: %w", err)
	}
	launch.Headless, launch.Args = true, append(launch.Args[:len(launch.Args):len(launch.Args)], "--host-resolver-rules=MAP * ~NOTFOUND")
	if p.browser, err = (cdp.Driver{}).Launch(ctx, launch); err != nil {
		return nil, err
	}
	if p.context, err = p.browser.Open(ctx, browser.Options{}); err != nil {
		return nil, err
	}
	p.tab, err = p.context.NewTab(ctx)
	return p, err
}

// Close ends the browser.
func (p *Pages) Close() error {
	var errs []error
	if p.context != nil {
		errs = append(errs, p.context.Close())
	}
	if p.browser != nil {
		errs = append(errs, p.browser.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(p.dir))...)
}

// Show lets look at the page before an execution; without one it does not.
func (p *Pages) Show(ctx context.Context, e trace.Entry, look func(context.Context, *browser.Page) error) error {
	step, err := trace.Open(ctx, p.store.Artifacts, e)
	if err != nil {
		return err
	}
	kept := step.Before
	if kept == nil {
		kept = step.After
	}
	if kept == nil {
		return nil
	}
	text, err := trace.Document(ctx, p.store.Artifacts, step, kept)
	if err != nil {
		return err
	}
	file := filepath.Join(p.dir, "page.html")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, pageTime)
	defer cancel()
	if err := p.context.Shape(ctx, browser.Options{Width: kept.Width, Height: kept.Height}); err != nil {
		return err
	}
	page := browser.NewPage(p.tab)
	if _, err := page.Goto(ctx, "file://"+filepath.ToSlash(file), browser.Loaded); err != nil {
		return err
	}
	return look(ctx, page)
}

// Past is how often ways to find an element find one on the pages of past runs.
type Past struct {
	Runs    int    `json:"runs" doc:"How many runs have a page of the node."`
	Queries []Hits `json:"queries" nullable:"false" doc:"In the order of the target."`
}

// Hits is on how many pages a query finds one element, none, or several.
type Hits struct {
	Query   string `json:"query"`
	One     int    `json:"one"`
	None    int    `json:"none"`
	Several int    `json:"several"`
}

// Look looks for each query of a target by itself on the pages that the newest runs kept before a node.
func (s Store) Look(ctx context.Context, flow, node string, t selector.Target, most int) (_ *Past, err error) {
	out := &Past{Queries: make([]Hits, len(t.Queries))}
	for i, q := range t.Queries {
		out.Queries[i].Query = q.String()
	}
	var pages *Pages
	defer func() {
		if pages != nil {
			err = errors.Join(err, pages.Close())
		}
	}()
	_, err = s.Each(ctx, flow, most, func(id string, last map[string]trace.Entry) error {
		e, ok := last[node]
		if !ok {
			return nil
		}
		if pages == nil {
			if pages, err = s.Pages(ctx); err != nil {
				return err
			}
		}
		return pages.Show(ctx, e, func(ctx context.Context, page *browser.Page) error {
			for i, q := range t.Queries {
				n, err := page.Count(ctx, selector.Target{Queries: []selector.Query{q}, Frame: t.Frame, Within: t.Within}, true)
				if err != nil {
					return fmt.Errorf("looking at the page of %s in run %s: %w", node, id, err)
				}
				h := &out.Queries[i]
				switch n {
				case 0:
					h.None++
				case 1:
					h.One++
				default:
					h.Several++
				}
			}
			out.Runs++
			return nil
		})
	})
	if err != nil && ctx.Err() != nil && out.Runs > 0 {
		err = nil // what there was time for
	}
	return out, err
}
