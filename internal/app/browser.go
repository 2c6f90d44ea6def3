package app

import (
	"context"
	"os"
	"path/filepath"
	"strconv"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/robot"
)

// browserRun is the id under which the browsers of this process have their work folder: a browser serves many runs.
func (s *System) browserRun() string { return robot.SharedRun + strconv.Itoa(s.PID) }

// browsers returns what runs get their browsers from.
func (s *System) browsers() *browser.Pool {
	c := s.Config.Browser
	return &browser.Pool{
		Driver:   cdp.Driver{},
		Settings: browser.Settings{Path: c.Path, Headless: c.Headless, NoSandbox: c.NoSandbox || os.Geteuid() == 0, Proxy: c.Proxy},
		Env:      append(cleanEnviron(s.Environ), s.Robot.Work.Mark(s.browserRun())),
		Idle:     c.Idle,
		Folder: func() (string, func(), error) {
			f, err := s.Robot.Work.Open(s.browserRun())
			if err != nil {
				return "", nil, err
			}
			remove := func() {
				if err := f.Remove(); err != nil {
					s.Log.Warn("removing the folder of a browser", "err", err)
				}
			}
			// A process that was killed may have left its profile here.
			old, err := os.ReadDir(f.Path)
			for _, e := range old {
				if err == nil {
					err = os.RemoveAll(filepath.Join(f.Path, e.Name()))
				}
			}
			if err != nil {
				remove()
				return "", nil, err
			}
			return f.Path, remove, nil
		},
	}
}

// sessionKey returns the key that the sessions of a run are sealed with.
func (s *System) sessionKey(ctx context.Context, run string) ([]byte, error) {
	key, err := s.Secrets.SessionKey(ctx)
	if err != nil {
		return nil, err
	}
	return robot.RunKey(key, run)
}
