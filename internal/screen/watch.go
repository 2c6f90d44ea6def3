package screen

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
)

// quality is that of the pictures of pages.
const quality = 60

// How often the state of the tabs is looked at, and pages that do not tell of their changes.
const (
	glance = 250 * time.Millisecond
	poll   = 200 * time.Millisecond
)

// Frame is how the page in front looks.
type Frame struct {
	At     time.Time `json:"at"`
	URL    string    `json:"url"`
	Width  int       `json:"width" doc:"Size of the page's window in CSS pixels."`
	Height int       `json:"height"`
	JPEG   []byte    `json:"jpeg"` // in base64
}

// State is what there is besides the picture.
type State struct {
	URL  string `json:"url"`
	Tabs []Tab  `json:"tabs"`
	// Dialog is the message that the page shows and that waits for an answer.
	Dialog *Dialog `json:"dialog,omitempty"`
	List   *List   `json:"list,omitempty"`
	// Files says that the page asks for files.
	Files *Files `json:"files,omitempty"`
}

// Tab is a page of the session.
type Tab struct {
	ID     string `json:"id"`
	Title  string `json:"title"`
	Active bool   `json:"active,omitempty"`
}

// Dialog is a message of a page.
type Dialog struct {
	Kind    string `json:"kind"`
	Message string `json:"message"`
	Default string `json:"default,omitempty"`
}

// Files is what a page asks for with a chooser of files.
type Files struct {
	Several bool `json:"several,omitempty"`
}

// asked is a file field that waits for files.
type asked struct {
	tab browser.Tab
	browser.Chosen
}

// watcher is who watches.
type watcher struct {
	stop context.CancelCauseFunc
	done chan struct{}
}

// Watch sends the state and the pictures of the page in front, whenever they change, until ctx ends, the screen is
// closed, somebody else watches or send fails. Nothing is taken while nobody watches.
func (s *Screen) Watch(ctx context.Context, send func(kind string, data any) error) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	defer context.AfterFunc(s.ctx, func() { stop(ErrClosed) })()
	me := &watcher{stop: stop, done: make(chan struct{})}
	defer close(me.done)
	s.mu.Lock()
	before := s.watcher
	s.watcher = me
	s.mu.Unlock()
	if before != nil {
		before.stop(ErrElsewhere)
		<-before.done
	}
	defer s.update(func() {
		if s.watcher == me {
			s.watcher, s.used = nil, time.Now()
		}
	})

	frames := make(chan Frame, 1)
	var shown State
	var cast *casting
	defer func() { cast.end() }()
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		t, err := s.tab()
		if err != nil {
			return err
		}
		if cast == nil || cast.tab != t {
			cast.end()
			cast = s.cast(ctx, t, frames)
		}
		s.mu.Lock()
		changed := s.changed
		s.mu.Unlock()
		if now := s.state(ctx, t); !reflect.DeepEqual(now, shown) {
			shown = now
			if err := send("state", now); err != nil {
				return err
			}
		}
		for waiting := true; waiting; {
			select {
			case f := <-frames:
				if err := send("frame", f); err != nil {
					return err
				}
				continue
			case <-changed:
			case <-tick.C:
				if err := send("", nil); err != nil { // who watches may be gone
					return err
				}
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			waiting = false
		}
	}
}

// state is what there is besides the picture.
func (s *Screen) state(ctx context.Context, front browser.Tab) State {
	out := State{URL: urlOf(front)}
	asker, _ := front.(browser.Asker)
	if asker != nil {
		if d, ok := asker.Asks(); ok {
			out.Dialog = &Dialog{Kind: d.Kind, Message: d.Message, Default: d.Default}
		}
	}
	for _, t := range s.c.Tabs() {
		title := urlOf(t)
		if t == front && out.Dialog == nil {
			short, cancel := context.WithTimeout(ctx, glance)
			var is string
			if err := t.Eval(short, t.ID(), "document.title", &is); err == nil {
				s.mu.Lock()
				s.titles[t.ID()] = is
				s.mu.Unlock()
			}
			cancel()
		}
		s.mu.Lock()
		if is := s.titles[t.ID()]; is != "" {
			title = is
		}
		s.mu.Unlock()
		out.Tabs = append(out.Tabs, Tab{ID: t.ID(), Title: title, Active: t == front})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.list != nil && s.list.tab == front.ID() {
		l := s.list.shown
		out.List = &l
	}
	if s.files != nil && s.files.tab == front {
		out.Files = &Files{Several: s.files.Several}
	}
	return out
}

// urlOf is the address of a page without what opens something.
func urlOf(t browser.Tab) string {
	frames := t.Frames()
	if len(frames) == 0 {
		return ""
	}
	return browser.CleanURL(frames[0].URL)
}

// casting takes pictures of a tab.
type casting struct {
	tab  browser.Tab
	stop context.CancelFunc
	done chan struct{}
}

func (c *casting) end() {
	if c != nil {
		c.stop()
		<-c.done
	}
}

// cast takes pictures of a tab; the latest lies in frames.
func (s *Screen) cast(ctx context.Context, t browser.Tab, frames chan Frame) *casting {
	ctx, stop := context.WithCancel(ctx)
	c := &casting{tab: t, stop: stop, done: make(chan struct{})}
	show := func(p browser.Picture) {
		f := Frame{At: time.Now(), URL: urlOf(t), Width: p.Width, Height: p.Height, JPEG: p.JPEG}
		for {
			select {
			case frames <- f:
				return
			default:
			}
			select {
			case <-frames: // it was not looked at, and is old now
			default:
			}
		}
	}
	go func() {
		defer close(c.done)
		asked := make(chan struct{})
		go func() {
			defer close(asked)
			s.choosers(ctx, t)
		}()
		defer func() { <-asked }()
		caster, ok := t.(browser.Caster)
		if !ok {
			polled(ctx, t, show)
			return
		}
		_ = t.Front(ctx) // what lies behind is not drawn
		end, err := caster.Cast(ctx, quality, show)
		if err != nil {
			polled(ctx, t, show)
			return
		}
		<-ctx.Done()
		short, cancel := context.WithTimeout(context.WithoutCancel(ctx), soon)
		defer cancel()
		_ = end(short) // the tab may be gone
	}()
	return c
}

// polled takes pictures of a tab again and again.
func polled(ctx context.Context, t browser.Tab, show func(browser.Picture)) {
	tick := time.NewTicker(poll)
	defer tick.Stop()
	p := browser.NewPage(t)
	var last string
	for {
		short, cancel := context.WithTimeout(ctx, doing)
		b, err := t.Screenshot(short, browser.Shot{JPEG: quality})
		if err == nil && string(b) != last {
			last = string(b)
			if w, h, err := p.Window(short); err == nil {
				show(browser.Picture{JPEG: b, Width: w, Height: h})
			}
		}
		cancel()
		select {
		case <-ctx.Done():
			return
		case <-t.Gone():
			return
		case <-tick.C:
		}
	}
}

// choosers notes when a page asks for files, for as long as it is watched.
func (s *Screen) choosers(ctx context.Context, t browser.Tab) {
	if s.uploads == "" {
		return
	}
	next, stop, err := t.Choosers(ctx)
	if stop != nil {
		defer func() {
			short, cancel := context.WithTimeout(context.WithoutCancel(ctx), soon)
			defer cancel()
			_ = stop(short) // the tab may be gone
		}()
	}
	for err == nil {
		var c browser.Chosen
		if c, err = next(ctx); err == nil {
			s.update(func() { s.files = &asked{tab: t, Chosen: c} })
		} else if ctx.Err() == nil && !gone(t) && !errors.Is(err, browser.ErrGone) {
			err = nil // a field that went away at once: the next one may stay
		}
	}
}

// File is a file that is given to a page.
type File struct {
	Name string
	Data []byte
}

// Give gives files to the field that asked for them; none closes its chooser.
func (s *Screen) Give(ctx context.Context, files []File) error {
	s.turn.Lock()
	defer s.turn.Unlock()
	s.mu.Lock()
	a := s.files
	s.mu.Unlock()
	if a == nil {
		return bad("the page asks for no files")
	}
	if len(files) > 1 && !a.Several {
		return bad("the page asks for one file, and these are %d", len(files))
	}
	var paths []string
	for _, f := range files {
		name := filepath.Base(filepath.Clean("/" + strings.ReplaceAll(f.Name, `\`, "/")))
		if name == "/" || name == "." || len(name) > 200 {
			return bad("%q is no name of a file", f.Name)
		}
		dir, err := os.MkdirTemp(s.uploads, "file-*")
		if err != nil {
			return err
		}
		paths = append(paths, filepath.Join(dir, name))
		if err := os.WriteFile(paths[len(paths)-1], f.Data, 0o600); err != nil {
			return err
		}
	}
	s.update(func() { s.files = nil; s.used = time.Now() })
	if len(paths) == 0 {
		return nil
	}
	return s.patient(context.WithoutCancel(ctx), a.tab, func(ctx context.Context) error { return a.tab.SetFiles(ctx, a.Frame, a.Handle, paths) })
}
