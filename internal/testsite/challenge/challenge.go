// Package challenge is the input-forms challenge of the practice site: ten persons from a workbook are entered into a
// form whose seven fields get other ids and places after every submit, against the clock and to the letter.
//
// It behaves as the well-known RPA Challenge does, in words and code of its own. Labels are not bound to their fields;
// submits before Start only reshuffle; the rate is not rounded. Which field is which is known to the server alone,
// which scores what it really received and writes it to the ledger:
//
//   - challenge.start, key try: the clock began
//   - challenge.shuffle, key try/form: a submit before Start or after the end
//   - challenge.submit, key try/round: a round, with the values by the English names of the fields and points; a form
//     that is submitted again is written under the round it was first submitted in, with again=true, and scores nothing
//   - challenge.done, key try: all rounds, with points, rate and milliseconds
//   - challenge.reset, key try: the try was given up or cleared away
//   - challenge.download: the workbook was fetched
package challenge

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/testsite/ledger"
)

// Variant is a way to make the challenge harder.
type Variant string

// The variants. Each is at a path of its own, like /challenge/d/; the classic one is at /challenge/ too.
const (
	Classic      Variant = "a" // as the original, with its ng-reflect attributes
	Unreflected  Variant = "b" // without ng-reflect attributes
	Placeholders Variant = "c" // labels are placeholders, or for screen readers only
	Shadow       Variant = "d" // each field is in a shadow root
	Drawn        Variant = "e" // labels are drawn: pixels, not text
	Slow         Variant = "f" // the next round appears after 300 ms
	Reworded     Variant = "g" // labels say the same in other words, others each round
)

// Variants are all variants, with what each of them is.
var Variants = []struct {
	Variant Variant
	What    string
}{
	{Classic, "as it is known"}, {Unreflected, "no tell-tale attributes"}, {Placeholders, "labels as placeholders or for screen readers"},
	{Shadow, "fields in shadow roots"}, {Drawn, "labels drawn on canvas"}, {Slow, "300 ms between rounds"}, {Reworded, "labels in other words"},
}

// Config says where the challenge is and whom it tells what was done.
type Config struct {
	// Ledger receives every effect; nil for a ledger nobody reads.
	Ledger *ledger.Ledger
	// Seed chooses the order, widths and ids of the fields.
	Seed int64
	// Prefix is the path of the challenge, like "/challenge"; "" for the root.
	Prefix string
	// Now is the clock; nil for time.Now.
	Now func() time.Time
}

// maxSessions is how many visitors are remembered.
const maxSessions = 10000

//go:embed page.html
var source string

var pages = template.Must(template.New("").Parse(source))

// challenge is a running challenge.
type challenge struct {
	cfg      Config
	workbook []byte

	mu       sync.Mutex
	sessions map[string]*session // by visitor and variant
	count    int64
}

// New returns the challenge as a handler of all paths under the prefix.
func New(cfg Config) (http.Handler, error) {
	if cfg.Ledger == nil {
		cfg.Ledger = ledger.New(nil)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	cfg.Prefix = strings.TrimRight(cfg.Prefix, "/")
	book, err := Workbook()
	if err != nil {
		return nil, err
	}
	c := &challenge{cfg: cfg, workbook: book, sessions: map[string]*session{}}
	mux := http.NewServeMux()
	for _, at := range []string{"", "/{variant}"} {
		p := cfg.Prefix + at
		mux.HandleFunc("GET "+p+"/{$}", c.page)
		mux.HandleFunc("POST "+p+"/start", c.start)
		mux.HandleFunc("POST "+p+"/submit", c.submit)
		mux.HandleFunc("GET "+p+"/assets/downloadFiles/challenge.xlsx", c.download)
	}
	for _, v := range Variants {
		at := cfg.Prefix + "/" + string(v.Variant)
		mux.Handle("GET "+at, http.RedirectHandler(at+"/", http.StatusMovedPermanently))
	}
	return mux, nil
}

// variant returns which variant a request is for.
func variant(r *http.Request) (Variant, bool) {
	name := r.PathValue("variant")
	if name == "" {
		return Classic, true
	}
	for _, v := range Variants {
		if string(v.Variant) == name {
			return v.Variant, true
		}
	}
	return "", false
}

const cookie = "challenge"

// visit returns the session of a request, with the lock held, and nil if the request was answered. A visitor who has
// none gets one if fresh.
func (c *challenge) visit(w http.ResponseWriter, r *http.Request, fresh bool) *session {
	v, ok := variant(r)
	if !ok {
		http.Error(w, "There is no variant "+r.PathValue("variant")+" of the challenge: they go from a to g.", http.StatusNotFound)
		return nil
	}
	c.mu.Lock()
	visitor := ""
	if k, err := r.Cookie(cookie); err == nil {
		visitor = k.Value
	}
	if s := c.sessions[visitor+"/"+string(v)]; s != nil {
		return s
	}
	if !fresh {
		c.mu.Unlock()
		http.Error(w, "This form belongs to no visitor: open the challenge's page first, and send the cookie it sets.", http.StatusForbidden)
		return nil
	}
	if visitor == "" {
		visitor = newID()
		http.SetCookie(w, &http.Cookie{Name: cookie, Value: visitor, Path: c.cfg.Prefix + "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	if len(c.sessions) >= maxSessions {
		clear(c.sessions)
	}
	c.count++
	s := &session{variant: v, lang: speak(r.URL.Query().Get("lang")), rand: rand.New(rand.NewPCG(uint64(c.cfg.Seed), uint64(c.count)))}
	s.reset()
	c.sessions[visitor+"/"+string(v)] = s
	return s
}

// view is what the page is made from.
type view struct {
	*session
	Lang     language
	Variant  Variant
	Fields   []shown
	Token    string
	Button   string
	Done     bool
	Message  string
	Variants any
	Refill   bool   // the part holds the fields
	Prefix   string // of all variants
}

func (c *challenge) view(s *session) view {
	v := view{session: s, Lang: s.lang, Variant: s.variant, Fields: s.form.fields, Token: s.form.token, Button: s.lang.button(s.round),
		Done: s.round > Rounds, Variants: Variants, Refill: true, Prefix: c.cfg.Prefix}
	if v.Done {
		v.Message = fmt.Sprintf(s.lang.Rate, rate(s.points), s.points, Points, s.ended.Sub(s.begun).Milliseconds())
	}
	return v
}

// rate is the share of right values in percent, with as many digits as it takes.
func rate(points int) string {
	return strconv.FormatFloat(float64(points)/Points*100, 'f', -1, 64)
}

func (c *challenge) page(w http.ResponseWriter, r *http.Request) {
	s := c.visit(w, r, true)
	if s == nil {
		return
	}
	defer c.mu.Unlock()
	if lang := r.URL.Query().Get("lang"); lang != "" && speak(lang).Code != s.lang.Code {
		s.lang = speak(lang)
		if s.round <= Rounds {
			s.reshuffle()
		}
	}
	c.show(w, "page", c.view(s))
}

// answer gives a script the part of the page that is new, and everybody else the page.
func (c *challenge) answer(w http.ResponseWriter, r *http.Request, s *session, refill bool) {
	if r.Header.Get("X-Part") == "" {
		http.Redirect(w, r, "./", http.StatusSeeOther)
		return
	}
	v := c.view(s)
	v.Refill = refill
	c.show(w, "part", v)
}

func (c *challenge) show(w http.ResponseWriter, name string, v view) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, v); err != nil {
		http.Error(w, "making the page of the challenge: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(b.Bytes()) // the visitor may have gone
}

func (c *challenge) download(w http.ResponseWriter, r *http.Request) {
	if _, ok := variant(r); !ok {
		http.NotFound(w, r)
		return
	}
	c.cfg.Ledger.Add("challenge.download", "", nil)
	w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	w.Header().Set("Content-Disposition", `attachment; filename="challenge.xlsx"`)
	http.ServeContent(w, r, "challenge.xlsx", time.Time{}, bytes.NewReader(c.workbook))
}
