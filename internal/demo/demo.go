// Package demo serves the practice site inside a server, for who has nothing to automate yet, and has the flow that works
// on it. The site listens on loopback, on a port of its own, from when it is asked for until it is closed or nobody has
// used it for a while.
package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/testsite"
)

// Flow is the text of the flow, and Description what tells its versions from another flow of the same name.
//
//go:embed demo.flow.yaml
var Flow string

// What the flow is called, says of itself, and is given.
const (
	Name        = "demo"
	File        = "demo.flow.yaml"
	Description = "Signs in to the practice site and enters a new vendor, as a clerk would."
	Input       = "site"
)

// idle is how long a site stays open that nobody uses.
const idle = 15 * time.Minute

// released is the level of a release: other ids, classes and order, and the same words.
const released = 3

// Site is the practice site of a server. Its zero value is closed and ready; it is safe for concurrent use.
type Site struct {
	// Idle is how long it stays open when nobody uses it; 15 minutes if 0.
	Idle time.Duration

	mu      sync.Mutex
	site    *testsite.Site
	url     string
	release int64
	stop    func()
	timer   *time.Timer
}

// SiteState is what can be seen of the site.
type SiteState struct {
	URL     string `json:"url,omitempty" doc:"Where the practice site is, for browsers on the machine of the server; empty while it is closed."`
	Level   int    `json:"level" doc:"How much its pages are changed, from 0, not at all, to 5."`
	Release int64  `json:"release" doc:"How many releases its pages have seen since it was opened."`
}

// State returns how the site is.
func (s *Site) State() SiteState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state()
}

func (s *Site) state() SiteState {
	if s.site == nil {
		return SiteState{}
	}
	level, _ := s.site.Level()
	return SiteState{URL: s.url, Level: level, Release: s.release}
}

// Open opens the site if it is closed, as it is written.
func (s *Site) Open(ctx context.Context) (SiteState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.site != nil {
		s.used()
		return s.state(), nil
	}
	site, err := testsite.New(testsite.Config{Seed: 1})
	if err != nil {
		return SiteState{}, err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return SiteState{}, fmt.Errorf("serving the practice site: %w", err)
	}
	srv := &http.Server{
		ReadHeaderTimeout: time.Minute, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.touch(site)
			site.Handler().ServeHTTP(w, r)
		}),
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			_ = srv.Close()
		}
	}()
	s.site, s.url, s.release = site, "http://"+l.Addr().String(), 0
	s.stop = func() {
		_ = srv.Close() // what is still open is given up
		<-ended
	}
	s.timer = time.AfterFunc(s.idle(), func() { s.closeIf(site) })
	return s.state(), nil
}

// Release changes the pages of an open site as its next release would: each has other ids and classes than the one before.
func (s *Site) Release() (SiteState, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.site == nil {
		return SiteState{}, errors.New("the practice site is closed")
	}
	if err := s.site.Mutate(released, s.release+1); err != nil {
		return SiteState{}, err
	}
	s.release++
	return s.state(), nil
}

// Close closes the site. What was done on it is forgotten.
func (s *Site) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.close()
}

func (s *Site) close() {
	if s.site == nil {
		return
	}
	s.timer.Stop()
	s.stop()
	s.site, s.url, s.release = nil, "", 0
}

func (s *Site) idle() time.Duration {
	if s.Idle > 0 {
		return s.Idle
	}
	return idle
}

func (s *Site) used() { s.timer.Reset(s.idle()) }

// touch notes that a site is used, unless it was closed meanwhile. It waits for nobody: closing waits for requests.
func (s *Site) touch(site *testsite.Site) {
	if !s.mu.TryLock() {
		return
	}
	defer s.mu.Unlock()
	if s.site == site {
		s.used()
	}
}

// closeIf closes a site that was not used, unless another was opened since.
func (s *Site) closeIf(site *testsite.Site) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.site == site {
		s.close()
	}
}
