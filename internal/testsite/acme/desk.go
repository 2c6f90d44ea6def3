package acme

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func (o *office) home(w http.ResponseWriter, r *http.Request) {
	counts := map[string]int{}
	o.mu.Lock()
	for _, i := range o.items {
		counts[i.Values["status"]]++
	}
	books := map[string]int{}
	for _, b := range o.books {
		books[b.Title] = len(b.records)
	}
	o.mu.Unlock()
	o.show(w, r, http.StatusOK, "home", view{Title: "Today", Section: "/", Data: map[string]any{
		"States": workStates, "Counts": counts, "Books": books,
	}})
}

// uploaded is a file as it arrived.
type uploaded struct {
	Name, Size, Sum string
}

func (o *office) uploadPage(w http.ResponseWriter, r *http.Request) {
	o.showUpload(w, r, http.StatusOK, "", nil)
}

func (o *office) showUpload(w http.ResponseWriter, r *http.Request, status int, wrong string, got []uploaded) {
	o.show(w, r, status, "upload", view{Title: "Upload invoices", Section: "/upload", Script: "upload.js", Data: map[string]any{"Wrong": wrong, "Got": got}})
}

// upload writes each file's size and SHA-256 to the ledger. Whether a file came before is for the robot to know.
func (o *office) upload(w http.ResponseWriter, r *http.Request) {
	if !o.form(w, r) {
		return
	}
	var got []uploaded
	if r.MultipartForm != nil {
		for _, h := range r.MultipartForm.File["file"] {
			if h.Size == 0 {
				o.showUpload(w, r, http.StatusUnprocessableEntity, "The file "+h.Filename+" is empty.", nil)
				return
			}
			f, err := h.Open()
			if err != nil {
				o.problem(w, r, http.StatusInternalServerError, "The file could not be read", err.Error())
				return
			}
			sum := sha256.New()
			size, err := io.Copy(sum, f)
			_ = f.Close() // it was only read
			if err != nil {
				o.problem(w, r, http.StatusInternalServerError, "The file could not be read", err.Error())
				return
			}
			got = append(got, uploaded{Name: h.Filename, Size: strconv.FormatInt(size, 10), Sum: hex.EncodeToString(sum.Sum(nil))})
		}
	}
	if len(got) == 0 {
		o.showUpload(w, r, http.StatusUnprocessableEntity, "Choose a file first.", nil)
		return
	}
	for _, u := range got {
		o.cfg.Ledger.Add("invoice.upload", u.Name, map[string]string{
			"name": u.Name, "size": u.Size, "sha256": u.Sum, "invoice": r.PostFormValue("invoice"), "way": r.PostFormValue("way"),
		})
	}
	if wantsJSON(r) {
		writeJSON(w, http.StatusOK, map[string]any{"ok": true, "files": got})
		return
	}
	o.showUpload(w, r, http.StatusOK, "", got)
}

// lookup is the small window that writes a vendor's number back to the page that opened it.
func (o *office) lookup(w http.ResponseWriter, r *http.Request) {
	q := strings.ToLower(strings.TrimSpace(r.URL.Query().Get("q")))
	var rows []record
	o.mu.Lock()
	for _, v := range o.book("vendor").records {
		if strings.Contains(strings.ToLower(v.ID+" "+v.Values["name"]), q) {
			rows = append(rows, record{ID: v.ID, Values: maps.Clone(v.Values)})
		}
	}
	o.mu.Unlock()
	o.show(w, r, http.StatusOK, "lookup", view{Title: "Choose a vendor", Bare: true, Script: "lookup.js", Data: map[string]any{"Rows": rows, "Q": r.URL.Query().Get("q")}})
}

func (o *office) priceList(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	rows := make([]article, len(o.articles))
	for i, a := range o.articles {
		rows[i] = *a
	}
	o.mu.Unlock()
	o.show(w, r, http.StatusOK, "prices", view{Title: "Price list", Section: "/prices", Script: "prices.js", Data: rows})
}

var priceRules = map[string]struct {
	rule *regexp.Regexp
	says string
}{
	"price": {amountRule, "A price is written like 12.50."},
	"stock": {regexp.MustCompile(`^[0-9]{1,6}$`), "Stock is a whole number."},
	"unit":  {regexp.MustCompile(`^(piece|box|pack)$`), "A unit is piece, box or pack."},
}

// priceChange takes one cell of the price list.
func (o *office) priceChange(w http.ResponseWriter, r *http.Request) {
	if !o.form(w, r) {
		return
	}
	sku, name, value := r.PathValue("sku"), r.PostFormValue("field"), r.PostFormValue("value")
	rule, known := priceRules[name]
	if !known || !rule.rule.MatchString(value) {
		writeJSON(w, http.StatusUnprocessableEntity, map[string]any{"ok": false, "error": rule.says})
		return
	}
	o.mu.Lock()
	n := slices.IndexFunc(o.articles, func(a *article) bool { return a.SKU == sku })
	if n >= 0 {
		switch a := o.articles[n]; name {
		case "price":
			a.Price = value
		case "stock":
			a.Stock = value
		case "unit":
			a.Unit = value
		}
	}
	o.mu.Unlock()
	if n < 0 {
		writeJSON(w, http.StatusNotFound, map[string]any{"ok": false, "error": "There is no article " + sku + "."})
		return
	}
	o.cfg.Ledger.Add("price.change", sku+"/"+name, map[string]string{"field": name, "value": value})
	writeJSON(w, http.StatusOK, map[string]any{"ok": true, "value": value})
}

var boardColumns = []string{"To do", "Doing", "Done"}

func (o *office) board(w http.ResponseWriter, r *http.Request) {
	type column struct {
		Name  string
		Cards []card
	}
	columns := make([]column, len(boardColumns))
	o.mu.Lock()
	for i, name := range boardColumns {
		columns[i].Name = name
		for _, c := range o.cards {
			if c.Column == name {
				columns[i].Cards = append(columns[i].Cards, *c)
			}
		}
	}
	o.mu.Unlock()
	way := "html5"
	if r.URL.Query().Get("drag") == "pointer" {
		way = "pointer"
	}
	o.show(w, r, http.StatusOK, "board", view{Title: "Board", Section: "/board", Script: "board.js", Data: map[string]any{"Columns": columns, "Way": way}})
}

// boardMove puts a card into a column before another card, or at the end.
func (o *office) boardMove(w http.ResponseWriter, r *http.Request) {
	if !o.form(w, r) {
		return
	}
	id, to, before := r.PostFormValue("card"), r.PostFormValue("to"), r.PostFormValue("before")
	o.mu.Lock()
	at := slices.IndexFunc(o.cards, func(c *card) bool { return c.ID == id })
	if at < 0 || !slices.Contains(boardColumns, to) {
		o.mu.Unlock()
		writeJSON(w, http.StatusUnprocessableEntity, map[string]any{"ok": false, "error": fmt.Sprintf("There is no card %q or no column %q.", id, to)})
		return
	}
	moved := o.cards[at]
	from := moved.Column
	moved.Column = to
	o.cards = slices.Delete(o.cards, at, at+1)
	where := slices.IndexFunc(o.cards, func(c *card) bool { return c.ID == before && c.Column == to })
	if where < 0 {
		where = len(o.cards)
	}
	o.cards = slices.Insert(o.cards, where, moved)
	o.mu.Unlock()
	o.cfg.Ledger.Add("kanban.move", id, map[string]string{"from": from, "to": to, "before": before, "way": r.PostFormValue("way")})
	writeJSON(w, http.StatusOK, map[string]any{"ok": true})
}
