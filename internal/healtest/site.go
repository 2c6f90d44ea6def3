package healtest

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"slices"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/testsite"
	"github.com/aether-rpa/aether/selector"
)

// SitePages are pages of the practice site that have much on them.
var SitePages = []string{
	"/acme/", "/acme/work", "/acme/vendors", "/acme/vendors/new", "/acme/clients", "/acme/clients/new", "/acme/invoices", "/acme/invoices/new", "/acme/prices", "/acme/order",
	"/acme/reports", "/acme/upload", "/acme/board", "/acme/session", "/acme/lab", "/acme/lab/dates", "/acme/lab/windows", "/challenge/", "/challenge/?variant=shadow",
	"/pages/choices", "/pages/date", "/pages/upload", "/pages/dialogs", "/pages/mask", "/pages/shadow",
}

// Site is the practice site with a page that is signed in.
type Site struct {
	*testsite.Site
	URL  string
	page *browser.Page
	stop func()
}

// OpenSite serves the practice site and signs in.
func OpenSite(ctx context.Context, p *browser.Page, seed int64) (*Site, error) {
	site, err := testsite.New(testsite.Config{Seed: seed})
	if err != nil {
		return nil, err
	}
	srv := httptest.NewServer(site.Handler())
	s := &Site{Site: site, URL: srv.URL, page: p, stop: srv.Close}
	if _, err = p.Goto(ctx, srv.URL+"/acme/login", browser.Loaded); err == nil {
		_, err = p.Fill(ctx, selector.Must("name=user"), "clerk")
	}
	if err == nil {
		_, err = p.Fill(ctx, selector.Must("name=password"), "practice-2")
	}
	if err == nil {
		_, err = p.Click(ctx, selector.Must("css=form button"), browser.Click{})
	}
	if err != nil {
		srv.Close()
		return nil, fmt.Errorf("signing in at the practice site: %w", err)
	}
	return s, nil
}

// Close ends the site.
func (s *Site) Close() { s.stop() }

// look opens a page at a level and looks at it; the truth is the site's.
func (s *Site) look(ctx context.Context, path string, level int, seed int64) (*View, error) {
	if err := s.Mutate(level, seed); err != nil {
		return nil, err
	}
	if _, err := s.page.Goto(ctx, s.URL+path, browser.Loaded); err != nil {
		return nil, err
	}
	u, err := url.Parse(path)
	if err != nil {
		return nil, err
	}
	for _, t := range s.Truth(u.Path) {
		if len(t.Path) != 1 {
			continue // in a shadow root that a script has made
		}
		js := fmt.Sprintf("(() => { const e = document.evaluate(%q, document, null, 9, null).singleNodeValue; if (e) e.setAttribute('data-truth', %q); return !!e; })()", t.Path[0], t.Name)
		if err := s.page.Eval(ctx, s.page.Frames()[0].ID, js, nil); err != nil {
			return nil, err
		}
	}
	return Look(ctx, s.page)
}

// Level judges a page of the site at a level against the page as written.
func (s *Site) Level(ctx context.Context, path string, level int, seed int64) (Tally, error) {
	before, err := s.look(ctx, path, 0, seed)
	if err != nil {
		return Tally{}, err
	}
	now, err := s.look(ctx, path, level, seed)
	if err != nil {
		return Tally{}, err
	}
	var names []string
	for n, i := range before.Truth {
		if at, ok := now.Truth[n]; ok && before.Elements[i].Shown && now.Elements[at].Shown {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return Judge(fmt.Sprintf("level %d %s", level, path), before, now, names, false), nil
}

// LevelGone is Level for elements that a family has taken away from the page at the level: right is to find none.
func (s *Site) LevelGone(ctx context.Context, path string, level int, seed int64, f Family) (Tally, error) {
	before, err := s.look(ctx, path, 0, seed)
	if err != nil {
		return Tally{}, err
	}
	if _, err := s.look(ctx, path, level, seed); err != nil {
		return Tally{}, err
	}
	if err := Mutate(ctx, s.page, f, int(seed)); err != nil {
		return Tally{}, fmt.Errorf("%s at %s: %w", f.Name, path, err)
	}
	now, err := Look(ctx, s.page)
	if err != nil {
		return Tally{}, err
	}
	var names []string
	for n, i := range before.Truth {
		if _, there := now.Truth[n]; now.Gone[n] && !there && before.Elements[i].Shown {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return Judge(fmt.Sprintf("level %d %s %s", level, f.Name, path), before, now, names, true), nil
}
