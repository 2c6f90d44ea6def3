package app

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/makes"
	"github.com/aether-rpa/aether/internal/egress"
	"github.com/aether-rpa/aether/internal/leftover"
	"github.com/aether-rpa/aether/internal/robot"
)

// browserRun is the id under which the browsers of this process have their work folder: a browser serves many runs.
func (s *System) browserRun() string { return robot.SharedRun + strconv.Itoa(s.PID) }

// browsers returns what runs get their browsers from. Where the flows of this machine may reach some hosts only,
// browsers load everything through a proxy of this process that holds them to it.
func (s *System) browsers() *browser.Pool {
	c, restricts := s.Config.Browser, s.Config.HTTP.Restricts()
	pool := &browser.Pool{
		Driver:   makes.Driver{},
		Settings: browser.Settings{Make: c.Make, Path: c.Path, Headless: c.Headless, NoSandbox: c.NoSandbox || os.Geteuid() == 0, Proxy: c.Proxy},
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
			leftover.Beside(f.Path)
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
			if restricts && c.Proxy != "" {
				s.Log.Warn("http.allow, http.deny and http.allow_private do not hold for browsers, since browser.proxy is set: let the proxy refuse what flows may not reach")
			}
			return f.Path, remove, nil
		},
	}
	switch {
	case !restricts:
		// Cloud metadata is refused all the same: to the browser there are no such hosts.
		pool.Settings.Refuse = egress.MetadataHosts()
	case c.Proxy == "":
		pool.Through = sync.OnceValues(func() (string, error) {
			p, err := egress.NewProxy(s.egress())
			if err != nil {
				return "", err
			}
			s.browserProxy.Store(p)
			return p.URL(), nil
		})
	}
	return pool
}

// sessionKey returns the key that the sessions of a run are sealed with.
func (s *System) sessionKey(ctx context.Context, run string) ([]byte, error) {
	key, err := s.Secrets.SessionKey(ctx)
	if err != nil {
		return nil, err
	}
	return robot.RunKey(key, run)
}
