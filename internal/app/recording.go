package app

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/lookback"
	"github.com/aether-rpa/aether/internal/recording"
	"github.com/aether-rpa/aether/internal/robot"
	"github.com/aether-rpa/aether/selector"
)

// launchTime bounds how long a browser may take to start for a person.
const launchTime = time.Minute

// idleTime is how long a browser that a person works in by the pages stays open when nobody looks at it.
const idleTime = 15 * time.Minute

// Recordings returns where people record flows: in the pages, and where noWindow is "" in a window on this machine. What
// its browser may reach is what flows may.
func (s *System) Recordings(noWindow string) *recording.Room {
	return &recording.Room{Open: s.openForPerson, Missing: s.browserMissing, NoWindow: noWindow, Idle: idleTime, Now: time.Now}
}

// pastRuns is how many runs are looked back at.
const pastRuns = 50

// Past looks for an element on the pages that past runs of a flow kept before a node.
func (s *System) Past(ctx context.Context, flow, node string, t selector.Target) (*lookback.Past, error) {
	s.looking.Lock() // one browser at a time does that
	defer s.looking.Unlock()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	store := lookback.Store{Runs: s.Runs, Artifacts: s.Artifacts, Launch: browser.Launch{Path: s.Config.Browser.Path, NoSandbox: s.pool.Settings.NoSandbox, Env: cleanEnviron(s.Environ)}}
	return store.Look(ctx, flow, node, t, pastRuns)
}

// openForPerson opens a browser, in a folder that the next process removes if this one is killed.
func (s *System) openForPerson(ctx context.Context, window bool) (_ *recording.Opened, err error) {
	shared := robot.SharedRun + "record-" + strconv.Itoa(s.PID) + "-" + strconv.FormatInt(s.people.Add(1), 10)
	f, err := s.Robot.Work.Open(shared)
	if err != nil {
		return nil, err
	}
	remove := func() {
		if err := f.Remove(); err != nil {
			s.Log.Warn("removing the folder of a recording", "err", err)
		}
	}
	defer func() {
		if err != nil {
			remove()
		}
	}()
	out := &recording.Opened{Downloads: filepath.Join(f.Path, "downloads"), Uploads: filepath.Join(f.Path, "uploads"), Proxy: s.Config.Browser.Proxy}
	profile := filepath.Join(f.Path, "profile")
	for _, dir := range []string{out.Downloads, out.Uploads, profile} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	if s.pool.Through != nil {
		if out.Proxy, err = s.pool.Through(); err != nil {
			return nil, err
		}
		out.Loopback = true
	}
	ctx, cancel := context.WithTimeout(ctx, launchTime)
	defer cancel()
	c := s.Config.Browser
	b, err := cdp.Driver{}.Launch(ctx, browser.Launch{
		Path: c.Path, Profile: profile, Headless: !window, NoSandbox: s.pool.Settings.NoSandbox, Args: s.pool.Settings.Args,
		Env: append(cleanEnviron(s.Environ), s.Robot.Work.Mark(shared)),
	})
	if err != nil {
		return nil, err
	}
	out.Browser, out.End = b, func() {
		_ = b.Close() // the person may have closed it
		remove()
	}
	return out, nil
}
