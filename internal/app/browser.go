package app

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/cdp"
	"github.com/aether-rpa/aether/internal/egress"
	"github.com/aether-rpa/aether/internal/robot"
)

// browserRun is the id under which the browsers of this process have their work folder: a browser serves many runs.
func (s *System) browserRun() string { return robot.SharedRun + strconv.Itoa(s.PID) }

// noMetadata keeps browsers from where clouds serve credentials to whoever asks from inside, where no stricter policy
// does: hosts that are no longer found.
var noMetadata = "--host-resolver-rules=" + strings.Join([]string{
	"MAP 169.254.* ~NOTFOUND", "MAP metadata.google.internal ~NOTFOUND", "MAP 100.100.100.200 ~NOTFOUND", "MAP 192.0.0.192 ~NOTFOUND",
	"MAP 168.63.129.16 ~NOTFOUND", "MAP fd00:ec2::254 ~NOTFOUND", "MAP fd20:ce::254 ~NOTFOUND",
}, ",")

// browsers returns what runs get their browsers from. Where the flows of this machine may reach some hosts only,
// browsers load everything through a proxy of this process that holds them to it.
func (s *System) browsers() (*browser.Pool, error) {
	c := s.Config.Browser
	settings := browser.Settings{Path: c.Path, Headless: c.Headless, NoSandbox: c.NoSandbox || os.Geteuid() == 0, Proxy: c.Proxy, Args: []string{noMetadata}}
	switch policy := s.Config.HTTP; {
	case !policy.Restricts():
	case c.Proxy != "":
		s.Log.Warn("http.allow, http.deny and http.allow_private do not hold for browsers, since browser.proxy is set: let the proxy refuse what flows may not reach")
	default:
		p, err := egress.NewProxy(s.egress())
		if err != nil {
			return nil, err
		}
		s.browserProxy = p
		settings.Proxy, settings.ProxyLoopback, settings.Args = p.URL(), true, nil
	}
	return &browser.Pool{
		Driver:   cdp.Driver{},
		Settings: settings,
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
	}, nil
}

// sessionKey returns the key that the sessions of a run are sealed with.
func (s *System) sessionKey(ctx context.Context, run string) ([]byte, error) {
	key, err := s.Secrets.SessionKey(ctx)
	if err != nil {
		return nil, err
	}
	return robot.RunKey(key, run)
}
