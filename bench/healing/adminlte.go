package main

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/internal/healtest"
	"github.com/aether-rpa/aether/selector"
)

const oldLTE, newLTE = "2.4.18", "3.2.0"

// adminLTE compares two versions of AdminLTE: what has an accessible name that is the only one of its page in both is
// the same element, and so is a link under another name that is the only one of its page to an address. What has such a
// name in the old one, and in the new one neither that name nor that address is to be found, is gone; so is, for a
// second count, each element that is there, when it is taken out of the new page.
func (r *pageReport) adminLTE(ctx context.Context, p *browser.Page, folder string) error {
	dir, err := os.MkdirTemp("", "aether-adminlte-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if folder == "" {
		folder = dir
		cmd := exec.CommandContext(ctx, "npm", "pack", "--silent", "admin-lte@"+oldLTE, "admin-lte@"+newLTE)
		cmd.Dir, cmd.Stderr = dir, os.Stderr
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("getting AdminLTE with npm: %w; give the packages with -adminlte FOLDER", err)
		}
	}
	lists := map[string][]string{}
	for _, v := range []string{oldLTE, newLTE} {
		if lists[v], err = unpack(filepath.Join(folder, "admin-lte-"+v+".tgz"), filepath.Join(dir, v)); err != nil {
			return err
		}
	}
	srv := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer srv.Close()
	var present, other, gone, cut healtest.Tally
	pages := 0
	for _, page := range lists[oldLTE] {
		if !slices.Contains(lists[newLTE], page) {
			continue
		}
		pages++
		var v [2]*healtest.View
		for i, version := range []string{oldLTE, newLTE} {
			if v[i], err = admin(ctx, p, srv.URL+"/"+version+"/"+page); err != nil {
				return fmt.Errorf("%s of AdminLTE %s: %w", page, version, err)
			}
		}
		there, renamed, missing := paired(v[0], v[1])
		present.Add(healtest.Judge(page, v[0], v[1], there, false))
		other.Add(healtest.Judge(page, v[0], v[1], renamed, false))
		gone.Add(healtest.Judge(page, v[0], v[1], missing, true))
		for _, n := range there {
			cut.Add(healtest.Judge(page+" without it", v[0], cutOut(v[1], v[1].Truth[n]), []string{n}, true))
		}
	}
	r.head(fmt.Sprintf("AdminLTE %s to %s, %d pages", oldLTE, newLTE, pages))
	r.row("there in both", present)
	r.row("same address, other name", other)
	r.row("only in the old one", gone)
	r.row("there in both, and taken out of the new one", cut)
	return nil
}

func admin(ctx context.Context, p *browser.Page, url string) (*healtest.View, error) {
	if _, err := p.Goto(ctx, url, browser.Loaded); err != nil {
		return nil, err
	}
	return healtest.Look(ctx, p)
}

// uniquelyNamed are the elements that a flow works on and that can be seen, by accessible name where it is the only one.
func uniquelyNamed(v *healtest.View) map[string]int {
	count, at := map[string]int{}, map[string]int{}
	for i, e := range v.Elements {
		if e.Name == "" || !slices.Contains([]string{"a", "button", "input", "select", "textarea"}, e.Tag) {
			continue
		}
		count[e.Name]++
		if e.Shown {
			at[e.Name] = i
		}
	}
	for n := range at {
		if count[n] > 1 {
			delete(at, n)
		}
	}
	return at
}

// paired gives the elements of two versions of a page their names.
func paired(old, now *healtest.View) (there, renamed, gone []string) {
	a, b := uniquelyNamed(old), uniquelyNamed(now)
	said, leads := map[string]bool{}, map[string][]int{}
	for i, e := range now.Elements {
		said[letters(e.Name)], said[letters(e.Text)] = true, true
		if to := target(e.Href); to != "" {
			leads[to] = append(leads[to], i)
		}
	}
	old.Truth, now.Truth = a, b
	for n, i := range a {
		to := leads[target(old.Elements[i].Href)]
		switch _, both := b[n]; {
		case both:
			there = append(there, n)
		case len(to) == 1 && now.Elements[to[0]].Shown:
			renamed = append(renamed, n)
			b[n] = to[0]
		case len(to) == 0 && !said[letters(n)]:
			gone = append(gone, n)
		}
	}
	for _, list := range [][]string{there, renamed, gone} {
		slices.Sort(list)
	}
	return there, renamed, gone
}

// letters are the letters of a text, by which it is known to be there however it is written.
func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsLetter(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
}

// target is the page that a link leads to, however the way there is written; "" is none.
func target(href string) string {
	if href == "" || strings.HasPrefix(href, "#") {
		return ""
	}
	if strings.Contains(href, "://") {
		return href
	}
	return path.Base(href)
}

// cutOut is a page without an element, what stands in it, and links that are the same.
func cutOut(v *healtest.View, at int) *healtest.View {
	was := &v.Elements[at].Print
	lost := make([]bool, len(v.Elements))
	place := make([]int, len(v.Elements))
	var kept []heal.Element
	up := map[int]bool{} // what stands around it and holds nothing else
	for i := v.Elements[at].Parent; i >= 0 && v.Elements[i].Text == v.Elements[at].Text; i = v.Elements[i].Parent {
		up[i] = true
	}
	for i, e := range v.Elements {
		lost[i] = i == at || up[i] || e.Parent >= 0 && lost[e.Parent] || e.Tag == "a" && sameLink(was, &e.Print)
		if lost[i] {
			continue
		}
		place[i] = len(kept)
		if e.Parent >= 0 {
			e.Parent = place[e.Parent]
		}
		kept = append(kept, e)
	}
	all := *v.Prints
	all.Elements = kept
	return &healtest.View{Prints: &all, Truth: map[string]int{}}
}

func sameLink(a, b *selector.Print) bool {
	return a.Href == b.Href && a.Text == b.Text && a.Name == b.Name
}

// unpack writes a package of npm to a folder and returns its pages.
func unpack(file, to string) (pages []string, err error) {
	f, err := os.Open(file) //nolint:gosec // the file is the user's
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			slices.Sort(pages)
			return pages, nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		name, ok := strings.CutPrefix(path.Clean(h.Name), "package/")
		if !ok || h.Typeflag != tar.TypeReg || !filepath.IsLocal(name) {
			continue
		}
		if strings.HasSuffix(name, ".html") && (strings.HasPrefix(name, "pages/") || !strings.Contains(name, "/")) {
			pages = append(pages, name)
		}
		at := filepath.Join(to, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o750); err != nil {
			return nil, err
		}
		b, err := io.ReadAll(io.LimitReader(t, 64<<20))
		if err == nil {
			err = os.WriteFile(at, b, 0o600)
		}
		if err != nil {
			return nil, err
		}
	}
}
