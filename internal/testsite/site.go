package testsite

import (
	"bytes"
	"context"
	"crypto/subtle"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/aether-rpa/aether/internal/testsite/acme"
	"github.com/aether-rpa/aether/internal/testsite/challenge"
	"github.com/aether-rpa/aether/internal/testsite/ledger"
	"github.com/aether-rpa/aether/internal/testsite/mutate"
	"github.com/aether-rpa/aether/internal/testsite/pages"
)

// MaxLevel is the highest level of mutation.
const MaxLevel = mutate.MaxLevel

// Truth says which element of a served page is which.
type Truth = mutate.Truth

// Config says how the site is.
type Config struct {
	// Seed chooses what is left to chance: orders, data, the changes of a level.
	Seed int64
	// Level is how much the pages are changed, from 0, not at all, to MaxLevel, redesigned.
	Level int
	// Switch lets visitors choose the level on the front page.
	Switch bool
	// Ledger receives every effect; nil for a new one.
	Ledger *ledger.Ledger
	// LedgerToken, if it is not empty, opens the ledger at /-/ledger to those who send it as a bearer token or as
	// ?token. It is a secret from the pages' visitors: who automates them must not see what they did.
	LedgerToken string
	// Now is the clock; nil for time.Now.
	Now func() time.Time
}

//go:embed index.html
var front string

var frontPage = template.Must(template.New("index").Parse(front))

// Site is the practice site. It is safe for concurrent use.
type Site struct {
	cfg     Config
	pages   *mutate.Middleware
	handler http.Handler
}

// New returns a site.
func New(cfg Config) (*Site, error) {
	if cfg.Ledger == nil {
		cfg.Ledger = ledger.New(nil)
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Site{cfg: cfg}
	game, err := challenge.New(challenge.Config{Ledger: cfg.Ledger, Seed: cfg.Seed, Prefix: "/challenge", Now: cfg.Now})
	if err != nil {
		return nil, err
	}
	inner := http.NewServeMux()
	inner.HandleFunc("GET /{$}", s.index)
	inner.Handle("/challenge/", game)
	inner.Handle("/acme/", acme.New(acme.Config{Ledger: cfg.Ledger, Seed: cfg.Seed, Prefix: "/acme", Now: cfg.Now}))
	inner.Handle("/pages/", pages.New(pages.Config{Ledger: cfg.Ledger, Prefix: "/pages", Now: cfg.Now}))
	inner.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	if cfg.Switch {
		inner.HandleFunc("POST /-/level", s.choose) // its fields are renamed too
	}
	s.pages = mutate.New(inner)
	if err := s.Mutate(cfg.Level, cfg.Seed); err != nil {
		return nil, err
	}
	outer := http.NewServeMux()
	outer.Handle("/", s.pages)
	if cfg.LedgerToken != "" {
		outer.HandleFunc("GET /-/ledger", s.entries)
	}
	s.handler = outer
	return s, nil
}

// Handler serves the site. It expects to be at the root of a server.
func (s *Site) Handler() http.Handler { return s.handler }

// Serve serves the site until the context is done, and closes the listener. Requests that are still open then are
// cut off: some of the pages never answer.
func (s *Site) Serve(ctx context.Context, l net.Listener) error {
	srv := &http.Server{Handler: s.handler, ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	stopped := context.AfterFunc(ctx, func() { _ = srv.Close() }) // it is being given up
	defer stopped()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the practice site at %s: %w", l.Addr(), err)
	}
	return nil
}

// Ledger returns what was really done on the site.
func (s *Site) Ledger() *ledger.Ledger { return s.cfg.Ledger }

// Mutate changes the pages that are asked for from now on, as their next release would: see package mutate.
func (s *Site) Mutate(level int, seed int64) error {
	if err := s.pages.Set(level, seed); err != nil {
		return fmt.Errorf("setting up the practice site: %w", err)
	}
	return nil
}

// Level returns how much the pages are changed, and by which seed.
func (s *Site) Level() (level int, seed int64) { return s.pages.Level() }

// Truth returns which element is which in the page or fragment that was served last at a path, like "/challenge/";
// nil if none was.
func (s *Site) Truth(path string) []Truth { return s.pages.Truth(path) }

// entries answers with the ledger, to those who have the token.
func (s *Site) entries(w http.ResponseWriter, r *http.Request) {
	sent := r.URL.Query().Get("token")
	if sent == "" {
		sent = bearer(r)
	}
	if subtle.ConstantTimeCompare([]byte(sent), []byte(s.cfg.LedgerToken)) != 1 {
		http.NotFound(w, r) // who has no token learns nothing, not even that there is a ledger
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_ = json.NewEncoder(w).Encode(s.cfg.Ledger.All(r.URL.Query().Get("kind"))) // the visitor may have gone
}

func bearer(r *http.Request) string {
	const scheme = "Bearer "
	if h := r.Header.Get("Authorization"); len(h) > len(scheme) && h[:len(scheme)] == scheme {
		return h[len(scheme):]
	}
	return ""
}

// choose sets the level from the front page.
func (s *Site) choose(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<16)
	level, err := strconv.Atoi(r.FormValue("level"))
	if err != nil {
		http.Error(w, "The level must be a number from 0 to "+strconv.Itoa(MaxLevel)+".", http.StatusBadRequest)
		return
	}
	if err := s.Mutate(level, s.cfg.Seed); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// levels are what the levels are called.
var levels = []string{"As written", "Other ids", "Other classes", "Other order", "Other words", "Redesigned"}

func (s *Site) index(w http.ResponseWriter, _ *http.Request) {
	level, _ := s.Level()
	var b bytes.Buffer
	err := frontPage.Execute(&b, map[string]any{
		"Variants": challenge.Variants, "Pages": pages.List, "Levels": levels, "Level": level, "Switch": s.cfg.Switch,
	})
	if err != nil {
		http.Error(w, "making the front page: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(b.Bytes()) // the visitor may have gone
}
