package browser

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/selector"
)

// agrees says whether the element that the queries found is the one known. What looks the same in all that a person
// would tell it by is; else the whole page is asked whether another element fits better.
func (p *Page) agrees(ctx context.Context, w *wanted, action string, s *sight) (bool, error) {
	if w.known == nil || s.Differ == 0 && (sameLook(w.known, s.Print) || sameSpot(action, w.known, s.Print)) {
		return true, nil
	}
	all, err := p.prints(ctx, p.way(w.target), false)
	if err != nil {
		return true, ignorable(err)
	}
	ref := 0
	if err := p.Eval(ctx, s.frame, fmt.Sprintf("__aether.place(%d)", s.At), &ref); err != nil {
		return true, ignorable(err)
	}
	at := all.place(s.frame, ref)
	if at < 0 || all.Cut {
		return true, nil // an option of a list, say, is not among the elements
	}
	_, rejected := w.h.Judged(ctx, w.name)
	tables, wish := heal.Prepare(&all.Page), p.wish(w, action, all.URL, rejected)
	c := tables.Verify(wish, at)
	if c.Agrees || c.Better < 0 {
		return action == "read" || w.target.Queries[s.Query].Nth != 0 || !stranger(tables, wish, &all.Page, at), nil
	}
	found, better := &all.Elements[at].Print, &all.Elements[c.Better].Print
	switch {
	case w.target.Queries[s.Query].Nth != 0 && listed(found, better):
		return true, nil // one of several by its place, as the author has it
	case action == "read" && listed(found, better) && better.Text == w.known.Text && found.Text != w.known.Text:
		return true, nil // data that have moved in their list: what is read is a place of it
	case s.Agree > 1 && s.Differ == 0 && c.Margin < 1:
		return true, nil
	}
	return false, nil
}

// place is the place among the elements of one that its frame names by a reference, -1 if there is none.
func (a *Prints) place(frame string, ref int) int {
	if ref == 0 {
		return -1
	}
	for i, x := range a.frames {
		end := len(a.Elements)
		if i+1 < len(a.frames) {
			end = a.frames[i+1].first
		}
		if x.frame == frame && x.first < end {
			if n := x.first + ref - a.Elements[x.first].Ref; n >= x.first && n < end {
				return n
			}
		}
	}
	return -1
}

// sameLook says that two prints agree in all that a person tells an element by.
func sameLook(a, b *selector.Print) bool {
	return a.Tag == b.Tag && a.Role == b.Role && a.Name == b.Name && a.Text == b.Text && a.TestID == b.TestID && a.Href == b.Href && a.Src == b.Src && a.Label == b.Label &&
		a.Placeholder == b.Placeholder && a.Row == b.Row && a.Column == b.Column && a.Form == b.Form && a.Frame == b.Frame && a.ID == b.ID && a.NameAttr == b.NameAttr &&
		(a.Alike == b.Alike || a.Near == b.Near) && (a.Path == b.Path || a.Alike == 1 && b.Alike == 1 && (a.Text != "" || a.Name != ""))
}

// sameSpot says that two prints differ in their text alone, which is data: the amount of a total, say. What is named by
// no id may be another one all the same, unless it is only read and stands among the same words.
func sameSpot(action string, a, b *selector.Print) bool {
	return a.Tag == b.Tag && a.Role == b.Role && a.ID == b.ID && a.NameAttr == b.NameAttr && a.TestID == b.TestID && a.Href == b.Href && a.Src == b.Src && a.Label == b.Label &&
		a.Placeholder == b.Placeholder && a.Row == b.Row && a.Column == b.Column && a.Form == b.Form && a.Frame == b.Frame && a.Path == b.Path &&
		(a.ID != "" || a.TestID != "" || action == "read" && a.Near == b.Near)
}

var places = regexp.MustCompile(`\[\d+\]`)

// listed says that two elements are the same part of two entries of one list or of two rows of one table.
func listed(a, b *selector.Print) bool {
	return a.Tag == b.Tag && a.Role == b.Role && places.ReplaceAllString(a.Path, "") == places.ReplaceAllString(b.Path, "") && slices.Equal(a.Classes, b.Classes)
}

// belongs says whether a print can be of what a target means: a target that was changed by hand, or that holds data of
// this run, means another element than the print, whatever the print looks like.
func belongs(t selector.Target, p *selector.Print) bool {
	known, fits := 0, 0
	has := func(in, want string) {
		if in == "" {
			return
		}
		known++
		if strings.Contains(strings.ToLower(in), strings.ToLower(strings.TrimSpace(want))) {
			fits++
		}
	}
	for _, q := range t.Queries {
		switch q.By {
		case selector.ByTestID:
			has(p.TestID, q.Value)
		case selector.ByID:
			has(p.ID, q.Value)
		case selector.ByName:
			has(p.NameAttr, q.Value)
		case selector.ByText:
			has(p.Text, q.Value)
		case selector.ByPlaceholder:
			has(p.Placeholder, q.Value)
		case selector.ByAlt:
			has(p.Alt, q.Value)
		case selector.ByTitle:
			has(p.Title, q.Value)
		case selector.ByLabel:
			has(p.Label+"\n"+p.Name, strings.TrimRight(q.Value, " :*"))
		case selector.ByRole:
			if q.Name != "" {
				has(p.Name, q.Name)
			}
		}
	}
	return known == 0 || fits > 0
}

// stranger says that an element has nothing that names it in common with what was known, though no other element of the
// page fits better: one was taken away, and another one stands in its place. Entries of a list are data, and differ.
func stranger(tables *heal.Prepared, wish heal.Wanted, page *heal.Page, at int) bool {
	v := tables.Find(wish)
	if v.Best != at || !slices.Contains(v.Vetoes, heal.VetoConflict) {
		return false
	}
	found := &page.Elements[at].Print
	if aside.MatchString(found.Path) {
		return true
	}
	for i := range page.Elements {
		if i != at && listed(found, &page.Elements[i].Print) {
			return false
		}
	}
	return true
}

// aside are the parts of a page whose entries are no data.
var aside = regexp.MustCompile(`/(nav|header|footer|menu)\[`)
