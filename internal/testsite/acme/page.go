package acme

import (
	"bytes"
	"encoding/json"
	"fmt"
	html "html/template"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

// template is a page inside the frame of the office.
type template = html.Template

// view is what a page is made from.
type view struct {
	Title   string // of the page
	Section string // whose entry in the menu is marked
	Script  string // of the page, in static; "" for none
	Theme   string // "light" or "dark" if ?theme asks for one
	User    string // who is logged in, "" for nobody
	Name    string // how the user is called
	Said    string // shown as a toast
	Bare    bool   // without menu: print views, small windows, frames
	Menu    []menuEntry
	Data    any
}

// menuEntry is a line of the menu. Part is its name among the parts of the page.
type menuEntry struct{ Path, Label, Part string }

var menu = []menuEntry{
	{"/", "Today", "today"}, {"/work", "Work list", "work"}, {"/vendors", "Vendors", "vendors"}, {"/clients", "Clients", "clients"},
	{"/invoices", "Invoices", "invoices"}, {"/upload", "Upload", "upload"}, {"/prices", "Prices", "prices"}, {"/board", "Board", "board"},
	{"/order", "New order", "order"}, {"/reports", "Reports", "reports"}, {"/lab", "Lab", "lab"},
}

// readPages parses all pages. They are embedded, so a mistake in one is a mistake of ours.
func readPages(prefix string) map[string]*template {
	funcs := html.FuncMap{
		"url":   func(p string) string { return prefix + p },
		"money": money,
		"lower": strings.ToLower,
		"dict":  dict,
	}
	base := html.Must(html.New("layout.html").Funcs(funcs).ParseFS(files, "pages/layout.html", "pages/parts.html"))
	names, err := fs.Glob(files, "pages/*.html")
	if err != nil {
		panic(err)
	}
	all := map[string]*template{}
	for _, file := range names {
		name := strings.TrimSuffix(path.Base(file), ".html")
		if name != "layout" && name != "parts" {
			all[name] = html.Must(html.Must(base.Clone()).ParseFS(files, file))
		}
	}
	return all
}

// dict makes a map of names and values, for parts of pages that want more than one.
func dict(pairs ...any) (map[string]any, error) {
	m := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// money writes cents as an amount.
func money(cents int) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

// show answers with a page.
func (o *office) show(w http.ResponseWriter, r *http.Request, status int, name string, v view) {
	if s := o.session(r); s != nil {
		o.mu.Lock()
		v.User, v.Name = s.user, accounts[s.user].name
		if !v.Bare {
			v.Said, s.said = s.said, ""
		}
		o.mu.Unlock()
	}
	v.Menu = menu
	if t := r.URL.Query().Get("theme"); t == "light" || t == "dark" {
		v.Theme = t
	}
	var b bytes.Buffer
	if err := o.pages[name].Execute(&b, v); err != nil {
		http.Error(w, "making the page "+name+": "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the visitor may have gone
}

// fragment answers with a piece of a page.
func (o *office) fragment(w http.ResponseWriter, name string, data any) {
	var b bytes.Buffer
	if err := o.pages[name].ExecuteTemplate(&b, "content", view{Data: data}); err != nil {
		http.Error(w, "making a piece of the page "+name+": "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the visitor may have gone
}

// problem answers with a page that says what is wrong.
func (o *office) problem(w http.ResponseWriter, r *http.Request, status int, title, detail string) {
	if wantsJSON(r) {
		writeJSON(w, status, map[string]any{"ok": false, "error": detail})
		return
	}
	o.show(w, r, status, "problem", view{Title: title, Data: map[string]any{"Status": status, "Detail": detail}})
}

// wantsJSON reports whether a script of ours asks.
func wantsJSON(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "application/json")
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the visitor may have gone
}

// leave sends the visitor to a page of the office after a form was accepted, with a toast.
func (o *office) leave(w http.ResponseWriter, r *http.Request, to, said string) {
	if s := o.session(r); s != nil && said != "" {
		o.mu.Lock()
		s.said = said
		o.mu.Unlock()
	}
	http.Redirect(w, r, o.cfg.Prefix+to, http.StatusSeeOther)
}
