package acme

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// exercise is a page of the lab.
type exercise struct {
	Path, Title, Says string
	page              string // its file
	script            string
	data              any
}

// exercises are the pages that consist of a file and a script alone, and those that answers.go adds, in the order
// of the lab's index.
var exercises = []exercise{
	{"/lab/frames", "Frames in frames", "A form two frames deep.", "frames", "", nil},
	{"/lab/shadow", "Shadow DOM", "Open, closed and nested components.", "shadow", "shadow.js", nil},
	{"/lab/windows", "Windows and tabs", "Popups, new tabs, a window that writes back.", "windows", "windows.js", nil},
	{"/lab/rows", "A list of 10,000", "Thirty rows are in the page at a time.", "rows", "rows.js", rowCount},
	{"/lab/feed", "Endless feed", "More appears as you scroll.", "feed", "feed.js", nil},
	{"/lab/dates", "Dates", "A native field and a calendar.", "dates", "dates.js", nil},
	{"/lab/suggest", "Suggestions", "The server answers while you type.", "suggest", "suggest.js", nil},
	{"/lab/editor", "Rich text", "A toolbar and formatted text.", "editor", "editor.js", nil},
	{"/lab/dialogs", "Browser dialogs", "alert, confirm, prompt and leaving.", "dialogs", "dialogs.js", nil},
	{"/lab/toasts", "Toasts", "Messages that go away, with undo.", "toasts", "toasts.js", nil},
	{"/lab/modal", "Modal window", "A form above everything else.", "modal", "modal.js", nil},
	{"/lab/parts", "A page in parts", "Three parts arrive one after the other.", "labparts", "parts.js", nil},
	{"/lab/obstacles", "Obstacles", "Late, moving, covered and stubborn elements.", "obstacles", "obstacles.js", nil},
	{"/lab/seats", "Drawn, not written", "Desks on a canvas.", "seats", "seats.js", nil},
	{"/lab/browser", "What the browser tells", "Language, zone, place, size; clipboard.", "browser", "browser.js", nil},
	{"/lab/answers", "Difficult answers", "Slow, failing, lost, limited, redirected.", "answers", "answers.js", nil},
	{"/lab/basic", "Basic login", "A name and a password asked by the browser.", "", "", nil},
}

// labEffects are what the lab's pages send. The key of the entry is the value "key" of the form.
var labEffects = []string{
	"frame.submit", "shadow.submit", "window.choose", "row.choose", "feed.like", "day.pick", "firm.pick", "editor.save",
	"question.answer", "letter.archive", "letter.undo", "note.save", "part.open", "obstacle.pass", "desk.take",
	"browser.tell", "clipboard.paste",
}

func (o *office) labRoutes(mux *http.ServeMux) {
	mux.HandleFunc("GET /lab", func(w http.ResponseWriter, r *http.Request) {
		o.show(w, r, http.StatusOK, "lab", view{Title: "Lab", Section: "/lab", Data: exercises})
	})
	for _, e := range exercises {
		if e.page == "" {
			continue
		}
		mux.HandleFunc("GET "+e.Path, func(w http.ResponseWriter, r *http.Request) {
			o.show(w, r, http.StatusOK, e.page, view{Title: e.Title, Section: "/lab", Script: e.script, Data: e.data})
		})
	}
	for _, name := range []string{"outer", "inner"} {
		mux.HandleFunc("GET /lab/frames/"+name, func(w http.ResponseWriter, r *http.Request) {
			o.show(w, r, http.StatusOK, "frame"+name, view{Title: "Frame", Bare: true})
		})
	}
	mux.HandleFunc("GET /lab/windows/choose", func(w http.ResponseWriter, r *http.Request) {
		o.show(w, r, http.StatusOK, "choose", view{Title: "Choose a country", Bare: true, Script: "lookup.js", Data: countries})
	})
	mux.HandleFunc("GET /lab/windows/tab", func(w http.ResponseWriter, r *http.Request) {
		o.show(w, r, http.StatusOK, "tab", view{Title: "A second tab", Bare: true, Script: "windows.js"})
	})
	mux.HandleFunc("GET /lab/rows/data", o.rowData)
	mux.HandleFunc("GET /lab/feed/data", o.feedData)
	mux.HandleFunc("GET /lab/suggest/data", o.suggestData)
	mux.HandleFunc("GET /lab/parts/{n}", o.part)
	mux.HandleFunc("POST /lab/do/{kind}", o.labEffect)
	o.answerRoutes(mux)
}

// labEffect writes what a page of the lab sends.
func (o *office) labEffect(w http.ResponseWriter, r *http.Request) {
	kind := r.PathValue("kind")
	if !slices.Contains(labEffects, kind) {
		o.problem(w, r, http.StatusNotFound, "There is no such effect", "The lab knows no "+kind+".")
		return
	}
	if !o.form(w, r) {
		return
	}
	got := facts(r, "key")
	o.cfg.Ledger.Add(kind, r.PostFormValue("key"), got)
	if wantsJSON(r) {
		writeJSON(w, http.StatusOK, map[string]any{"ok": true})
		return
	}
	o.show(w, r, http.StatusOK, "received", view{Title: "Received", Bare: true, Data: map[string]any{"Key": r.PostFormValue("key"), "Facts": got}})
}

const rowCount = 10_000

// row is a line of the long list. It is made from its number, so that none is kept.
type row struct {
	N      int    `json:"n"`
	Name   string `json:"name"`
	Firm   string `json:"firm"`
	Amount string `json:"amount"`
}

func (o *office) row(n int) row {
	r := rand.New(rand.NewPCG(uint64(o.cfg.Seed), uint64(n)))
	return row{N: n, Name: pick(r, firstNames) + " " + pick(r, lastNames), Firm: firm(r.IntN(240)), Amount: money(100 + r.IntN(1_000_000))}
}

// number reads a number of the query between bounds.
func number(r *http.Request, name string, otherwise, least, most int) int {
	n, err := strconv.Atoi(r.URL.Query().Get(name))
	if err != nil {
		n = otherwise
	}
	return min(max(n, least), most)
}

func (o *office) rowData(w http.ResponseWriter, r *http.Request) {
	from := number(r, "from", 0, 0, rowCount)
	rows := []row{}
	for n := from; n < min(from+number(r, "count", 30, 1, 200), rowCount); n++ {
		rows = append(rows, o.row(n))
	}
	writeJSON(w, http.StatusOK, map[string]any{"ok": true, "rows": rows, "total": rowCount})
}

// feedCount is how many messages the endless feed has before it ends.
const feedCount = 200

func (o *office) feedData(w http.ResponseWriter, r *http.Request) {
	type message struct {
		N    int    `json:"n"`
		Who  string `json:"who"`
		Text string `json:"text"`
	}
	after := number(r, "after", 0, 0, feedCount)
	list := []message{}
	for n := after + 1; n <= min(after+20, feedCount); n++ {
		row := o.row(-n)
		list = append(list, message{N: n, Who: row.Name, Text: fmt.Sprintf("%s has paid %s EUR.", row.Firm, row.Amount)})
	}
	writeJSON(w, http.StatusOK, map[string]any{"ok": true, "messages": list, "more": after+20 < feedCount})
}

// suggestData finds companies whose name has a word that begins with what was typed.
func (o *office) suggestData(w http.ResponseWriter, r *http.Request) {
	q := strings.ToLower(strings.TrimSpace(r.URL.Query().Get("q")))
	found := []string{}
	for n := 0; q != "" && n < 240 && len(found) < 8; n++ {
		if name := firm(n); strings.Contains(" "+strings.ToLower(name), " "+q) {
			found = append(found, name)
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"ok": true, "q": r.URL.Query().Get("q"), "found": found})
}

// part is one of the pieces of the page that loads in parts.
func (o *office) part(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.PathValue("n"))
	if err != nil || n < 1 || n > 3 {
		o.problem(w, r, http.StatusNotFound, "There is no such part", "The page has the parts 1 to 3.")
		return
	}
	rows := []row{o.row(n * 100), o.row(n*100 + 1), o.row(n*100 + 2)}
	o.fragment(w, "labpart", rows)
}
