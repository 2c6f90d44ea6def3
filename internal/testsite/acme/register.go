package acme

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// register is a book of the office: vendors, clients or invoices. Its pages are made from its fields.
type register struct {
	Kind    string // in the ledger
	Path    string
	Title   string
	One     string // what one of them is called
	Columns []string
	Heads   []string
	Confirm string // how deleting asks: "native" with the browser's dialog, "modal" with one of the page
	key     string // the field whose value is the key in the ledger; "" for the number the office gives
	first   int
	letter  string
	fields  []field
	records []*record
	made    int
}

// record is an entry of a register.
type record struct {
	ID     string
	Values map[string]string
}

// add appends a record under the next number.
func (b *register) add(values map[string]string) *record {
	rec := &record{ID: fmt.Sprintf("%s-%d", b.letter, b.first+b.made), Values: maps.Clone(values)}
	b.made++
	b.records = append(b.records, rec)
	return rec
}

func (b *register) find(id string) *record {
	for _, rec := range b.records {
		if rec.ID == id {
			return rec
		}
	}
	return nil
}

// book returns the register of a kind.
func (o *office) book(kind string) *register {
	for _, b := range o.books {
		if b.Kind == kind {
			return b
		}
	}
	return nil
}

func (o *office) registerRoutes(mux *http.ServeMux) {
	for _, b := range o.books {
		mux.HandleFunc("GET "+b.Path, o.in(func(w http.ResponseWriter, r *http.Request) { o.registerList(w, r, b) }))
		mux.HandleFunc("GET "+b.Path+"/new", o.in(func(w http.ResponseWriter, r *http.Request) { o.registerNew(w, r, b) }))
		mux.HandleFunc("POST "+b.Path+"/new", o.in(func(w http.ResponseWriter, r *http.Request) { o.registerCreate(w, r, b) }))
		mux.HandleFunc("GET "+b.Path+"/{id}", o.in(func(w http.ResponseWriter, r *http.Request) { o.registerForm(w, r, b) }))
		mux.HandleFunc("POST "+b.Path+"/{id}", o.in(func(w http.ResponseWriter, r *http.Request) { o.registerUpdate(w, r, b) }))
		mux.HandleFunc("POST "+b.Path+"/{id}/delete", o.in(func(w http.ResponseWriter, r *http.Request) { o.registerDelete(w, r, b) }))
	}
}

func (o *office) registerList(w http.ResponseWriter, r *http.Request, b *register) {
	type row struct {
		ID    string
		Cells []string
	}
	q := strings.ToLower(strings.TrimSpace(r.URL.Query().Get("q")))
	var rows []row
	o.mu.Lock()
	for _, rec := range b.records {
		line := row{ID: rec.ID}
		text := rec.ID
		for _, c := range b.Columns {
			line.Cells = append(line.Cells, rec.Values[c])
			text += " " + rec.Values[c]
		}
		if q == "" || strings.Contains(strings.ToLower(text), q) {
			rows = append(rows, line)
		}
	}
	o.mu.Unlock()
	o.show(w, r, http.StatusOK, "register", view{Title: b.Title, Section: b.Path, Script: "delete.js", Data: map[string]any{
		"Book": b, "Rows": rows, "Q": r.URL.Query().Get("q"),
	}})
}

// showRecord answers with the form of a record, or of a new one for id "".
func (o *office) showRecord(w http.ResponseWriter, r *http.Request, b *register, id string, values, wrong map[string]string) {
	status, title, action := http.StatusOK, "New "+b.One, b.Path+"/new"
	if id != "" {
		title, action = strings.ToUpper(b.One[:1])+b.One[1:]+" "+id, b.Path+"/"+id
	}
	if len(wrong) > 0 {
		status = http.StatusUnprocessableEntity
	}
	o.show(w, r, status, "record", view{Title: title, Section: b.Path, Script: "record.js", Data: map[string]any{
		"Book": b, "ID": id, "Action": action, "Fields": entries(b.Kind, b.fields, values, wrong), "Wrong": len(wrong),
	}})
}

func (o *office) registerNew(w http.ResponseWriter, r *http.Request, b *register) {
	o.showRecord(w, r, b, "", map[string]string{"active": "yes"}, nil)
}

// values returns a copy of a record's values, or answers that there is no such record.
func (o *office) values(w http.ResponseWriter, r *http.Request, b *register) map[string]string {
	o.mu.Lock()
	rec := b.find(r.PathValue("id"))
	var values map[string]string
	if rec != nil {
		values = maps.Clone(rec.Values)
	}
	o.mu.Unlock()
	if rec == nil {
		o.problem(w, r, http.StatusNotFound, "There is no such "+b.One, fmt.Sprintf("The office has no %s %s. It may have been deleted.", b.One, r.PathValue("id")))
	}
	return values
}

func (o *office) registerForm(w http.ResponseWriter, r *http.Request, b *register) {
	if values := o.values(w, r, b); values != nil {
		o.showRecord(w, r, b, r.PathValue("id"), values, nil)
	}
}

// accept checks a posted record. What is wrong is shown and nothing is written.
func (o *office) accept(w http.ResponseWriter, r *http.Request, b *register, id string) (map[string]string, bool) {
	if !o.form(w, r) {
		return nil, false
	}
	values := received(r, b.fields)
	wrong := check(b.fields, values)
	o.mu.Lock()
	if v := values["vendor"]; b.Kind == "invoice" && v != "" && o.book("vendor").find(v) == nil {
		wrong["vendor"] = fmt.Sprintf("There is no vendor %s.", v)
	}
	o.mu.Unlock()
	if b.Kind == "invoice" && wrong["due"] == "" && wrong["date"] == "" && values["due"] < values["date"] {
		wrong["due"] = "An invoice is not due before its date."
	}
	if len(wrong) > 0 {
		o.showRecord(w, r, b, id, values, wrong)
		return nil, false
	}
	return values, true
}

func (o *office) registerCreate(w http.ResponseWriter, r *http.Request, b *register) {
	values, ok := o.accept(w, r, b, "")
	if !ok {
		return
	}
	o.mu.Lock()
	rec := b.add(values)
	o.mu.Unlock()
	key := rec.ID
	got := facts(r)
	if b.key != "" {
		key = values[b.key]
	}
	got["id"] = rec.ID
	o.cfg.Ledger.Add(b.Kind+".create", key, got)
	o.leave(w, r, b.Path, fmt.Sprintf("%s %s was created", b.One, rec.ID))
}

func (o *office) registerUpdate(w http.ResponseWriter, r *http.Request, b *register) {
	if o.values(w, r, b) == nil {
		return
	}
	id := r.PathValue("id")
	values, ok := o.accept(w, r, b, id)
	if !ok {
		return
	}
	o.mu.Lock()
	if rec := b.find(id); rec != nil {
		rec.Values = values
	}
	o.mu.Unlock()
	o.cfg.Ledger.Add(b.Kind+".update", id, facts(r))
	o.leave(w, r, b.Path, fmt.Sprintf("%s %s was saved", b.One, id))
}

// registerDelete deletes a record. Deleting what is gone is an effect too: the ledger shows that it was sent twice.
func (o *office) registerDelete(w http.ResponseWriter, r *http.Request, b *register) {
	id, found := r.PathValue("id"), "no"
	o.mu.Lock()
	for i, rec := range b.records {
		if rec.ID == id {
			b.records, found = append(b.records[:i:i], b.records[i+1:]...), "yes"
			break
		}
	}
	o.mu.Unlock()
	o.cfg.Ledger.Add(b.Kind+".delete", id, map[string]string{"found": found})
	if found == "no" {
		o.problem(w, r, http.StatusNotFound, "There is no such "+b.One, fmt.Sprintf("The office has no %s %s. It may have been deleted before.", b.One, id))
		return
	}
	o.leave(w, r, b.Path, fmt.Sprintf("%s %s was deleted", b.One, id))
}
