package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/aether-rpa/aether/session"
)

// Pool gives runs sessions of browsers. One browser is shared by the runs of a process that want the same kind; each
// run has a context of its own in it. A browser that nobody has used for a while is ended.
type Pool struct {
	Driver Driver
	// Settings are what sessions begin with where a flow does not say.
	Settings Settings
	// Folder makes the folder for a browser's profile, and removes it.
	Folder func() (dir string, remove func(), err error)
	Env    []string
	// Through returns the proxy that holds browsers to where flows may go, made when it is needed first; nil where they
	// may go everywhere.
	Through func() (url string, err error)
	// Idle is how long a browser is kept when no run uses it; 0 ends it at once.
	Idle time.Duration

	mu    sync.Mutex
	open  map[string]*shared
	ended bool
}

// Settings are the settings of a robot for its browsers.
type Settings struct {
	Make      string   // chromium or firefox; "" is that of Path, or what is there
	Path      string   // the program; "" looks for one
	Refuse    []string // hosts that browsers may not reach
	Headless  bool
	NoSandbox bool
	Proxy     string
	Args      []string
}

// shared is one browser with the number of sessions in it.
type shared struct {
	key    string
	b      Browser
	uses   int
	remove func()
	idle   *time.Timer
}

// Want says what session to open.
type Want struct {
	Options
	// Make is the browser to open, chromium or firefox; "" takes the robot's setting.
	Make string `json:"make,omitempty"`
	// Headless overrides the robot's setting; nil takes it.
	Headless *bool `json:"headless,omitempty"`
	// Attach is the debugging address of a running browser to join; "" starts one.
	Attach string `json:"attach,omitempty"`
	// Again opens it with the cookies of a session that was lost, and as that was wanted.
	Again *LostError `json:"-"`
}

var _ session.Provider = (*Pool)(nil)

// Open implements session.Provider: want is a Want.
func (p *Pool) Open(ctx context.Context, folder func() (string, error), want any, past []byte) (session.Live, error) {
	if past != nil {
		return p.rebuild(ctx, folder, past)
	}
	w, ok := want.(Want)
	if !ok {
		return nil, fmt.Errorf("a browser session is not opened by a %T", want)
	}
	if w.Again != nil && w.Again.state != nil && w.Again.state.Want.Attach == "" {
		return p.enter(ctx, folder, w.Again)
	}
	return p.session(ctx, folder, w)
}

func (p *Pool) session(ctx context.Context, folder func() (string, error), w Want) (*Session, error) {
	if p.Through != nil && (w.Proxy != "" || w.Attach != "") {
		return nil, errors.New("http.allow, http.deny or http.allow_private say what flows may reach here, and a browser with a proxy of its own, or that is attached to, would not be held to it; leave the proxy out, or change the settings")
	}
	s := &Session{pool: p, want: w, local: map[string]map[string]string{}, seen: map[string]*Page{}, turn: make(chan struct{}, 1)}
	if folder != nil {
		dir, err := folder()
		if err != nil {
			return nil, fmt.Errorf("making a folder for downloads: %w", err)
		}
		s.want.Downloads = filepath.Join(dir, "downloads")
		if err := os.MkdirAll(s.want.Downloads, 0o700); err != nil {
			return nil, fmt.Errorf("making a folder for downloads: %w", err)
		}
	}
	o := s.want.Options
	if o.Proxy == "" {
		o.Proxy = p.Settings.Proxy
	}
	if p.Through != nil {
		url, err := p.Through()
		if err != nil {
			return nil, err
		}
		o.Proxy, o.ProxyLoopback = url, true
	}
	var b Browser
	var err error
	if w.Attach != "" {
		if b, err = p.Driver.Attach(ctx, w.Attach); err != nil {
			return nil, err
		}
		s.release = func() error { return b.Close() }
		s.ctx, err = b.Shared(ctx, o)
	} else {
		var sh *shared
		if sh, err = p.take(ctx, w); err != nil {
			return nil, err
		}
		b = sh.b
		s.release = func() error { return p.give(sh) }
		s.ctx, err = b.Open(ctx, o)
	}
	if err != nil {
		return nil, errors.Join(err, s.release())
	}
	s.browser = b
	return s, nil
}

// alone is a driver of which some browsers are for one session at a time.
type alone interface{ Alone(l Launch) bool }

// take returns a browser of the kind that is wanted, started if there is none.
func (p *Pool) take(ctx context.Context, w Want) (*shared, error) {
	headless := p.Settings.Headless
	if w.Headless != nil {
		headless = *w.Headless
	}
	l := Launch{Make: w.Make, Path: p.Settings.Path, Headless: headless, NoSandbox: p.Settings.NoSandbox, Refuse: p.Settings.Refuse, Args: p.Settings.Args, Env: p.Env}
	if l.Make == "" {
		l.Make = p.Settings.Make
	}
	single, ok := p.Driver.(alone)
	one := ok && single.Alone(l)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return nil, errors.New("the robot is stopping and starts no browser")
	}
	key := ""
	for n := 0; ; n++ {
		key = fmt.Sprintf("%s|%s|%t|%d|%s", l.Make, l.Path, headless, n, strings.Join(l.Args, " "))
		s := p.open[key]
		if s == nil {
			break
		}
		select {
		case <-s.b.Done():
			p.forget(s)
		default:
			if one && s.uses > 0 {
				continue
			}
			s.uses++
			if s.idle != nil {
				s.idle.Stop()
				s.idle = nil
			}
			return s, nil
		}
		break
	}
	dir, remove, err := p.Folder()
	if err != nil {
		return nil, fmt.Errorf("making a folder for the browser: %w", err)
	}
	l.Profile = dir
	b, err := p.Driver.Launch(ctx, l)
	if err != nil {
		remove()
		return nil, err
	}
	s := &shared{key: key, b: b, uses: 1, remove: remove}
	if p.open == nil {
		p.open = map[string]*shared{}
	}
	p.open[key] = s
	return s, nil
}

// forget ends a browser. Call it under mu.
func (p *Pool) forget(s *shared) {
	if p.open[s.key] == s {
		delete(p.open, s.key)
	}
	_ = s.b.Close()
	s.remove()
}

func (p *Pool) give(s *shared) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.uses--; s.uses > 0 {
		return nil
	}
	dead := false
	select {
	case <-s.b.Done():
		dead = true
	default:
	}
	if p.Idle <= 0 || p.ended || dead {
		p.forget(s)
		return nil
	}
	s.idle = time.AfterFunc(p.Idle, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if s.uses == 0 && p.open[s.key] == s {
			p.forget(s)
		}
	})
	return nil
}

// Close ends the browsers, also those that runs still use.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	for _, s := range p.open {
		if s.idle != nil {
			s.idle.Stop()
		}
		p.forget(s)
	}
	return nil
}
