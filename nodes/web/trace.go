package web

import (
	"context"
	"slices"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
)

// traceTime bounds how long taking down a page may hold up a node.
const traceTime = 3 * time.Second

// tracing is the trace of one node execution; nil where none is kept.
type tracing struct {
	trace             node.Trace
	page              *browser.Page
	step              *node.TraceStep
	mark              browser.Mark
	message, request  int
	session           *browser.Session
	looked            bool // the element was found
	looksOnly, ending bool
}

// trace begins the trace of a node execution. looksOnly says that it changes nothing, so that the page is the same
// before and after.
func trace(env *node.Env, s *browser.Session, p *browser.Page, looksOnly bool) *tracing {
	if env.Trace == nil {
		return nil
	}
	t := &tracing{trace: env.Trace, page: p, session: s, looksOnly: looksOnly, step: &node.TraceStep{Started: time.Now()}}
	t.message, t.request = p.Numbers()
	if t.trace.Full() {
		p.OnReady(t.ready)
	}
	return t
}

// ready takes down the page when the first element of the node execution is about to be used.
func (t *tracing) ready(ctx context.Context, m browser.Mark) {
	if t.looked || t.ending {
		return
	}
	t.looked, t.mark, t.step.Waited = true, m, time.Since(t.step.Started)
	if !t.looksOnly {
		t.step.Before = snapshot(ctx, t.page, m)
	}
}

// end keeps the trace of a node execution that has come to its end, with err if it failed.
func (t *tracing) end(ctx context.Context, err error) {
	if t == nil {
		return
	}
	full := t.trace.Full()
	s := t.step
	t.ending = true
	if full {
		t.page.OnReady(nil)
	}
	s.Took, s.Failed = time.Since(s.Started), err != nil
	page := t.page
	if next, nextErr := t.session.Page(); nextErr == nil && next != page && err == nil {
		page = next // such as a tab that a press opened
	}
	s.URL = browser.CleanURL(page.Frames()[0].URL)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), traceTime)
	defer cancel()
	if (full || err != nil) && answers(err) {
		t.shoot(ctx, page, err)
	}
	t.heard()
	t.trace.Add(ctx, s)
}

// answers reports whether the page can still be looked at.
func answers(err error) bool {
	if err == nil {
		return true
	}
	d, _ := node.AsFailure(err).Details.(map[string]any)
	return !slices.Contains([]any{browser.Hung, browser.Gone, browser.Crashed}, d["reason"])
}

// shoot takes down the page as the node has left it.
func (t *tracing) shoot(ctx context.Context, page *browser.Page, err error) {
	s := t.step
	var m browser.Mark
	switch {
	case page == t.page && t.looked:
		m = t.mark
	case page == t.page && err != nil:
		m = page.Sought(ctx)
	}
	shot := &node.TraceShot{}
	if err != nil {
		d, _ := node.AsFailure(err).Details.(map[string]any)
		shot.Digest, _ = d["screenshot"].(string)
	}
	if shot.Digest == "" {
		if b, err := page.Glimpse(ctx, 70); err == nil {
			shot.JPEG = b
		}
	}
	if w, h, err := page.Window(ctx); err == nil && (shot.Digest != "" || shot.JPEG != nil) {
		shot.Width, shot.Height = w, h
		if x, y, w, h, ok := page.Box(ctx, m); ok {
			shot.Box = &node.TraceBox{X: x, Y: y, Width: w, Height: h}
		}
		s.Shot = shot
	}
	if s.After = snapshot(ctx, page, m); s.After != nil {
		s.Title = s.After.Title
	}
}

// heard adds what the page wrote and loaded since the node began.
func (t *tracing) heard() {
	message, request := t.page.Numbers()
	if message > t.message {
		list := t.page.Console()
		from := slices.IndexFunc(list, func(m browser.Message) bool { return m.Number > t.message })
		for _, m := range list[max(from, 0):] {
			t.step.Console = append(t.step.Console, node.TraceMessage{At: m.At, Level: m.Level, Text: m.Text, URL: browser.CleanURL(m.URL), Line: m.Line, Uncaught: m.Uncaught})
		}
	}
	if request > t.request {
		for _, r := range t.page.Requests(t.request) {
			t.step.Network = append(t.step.Network, node.TraceRequest{
				At: r.At, Method: r.Method, URL: browser.CleanURL(r.URL), Kind: r.Kind, Status: r.Status, Type: r.Type, Bytes: r.Bytes, Cached: r.Cached,
				Millis: float64(r.Took.Microseconds()) / 1000, Error: r.Error, Open: r.Open,
			})
		}
	}
}

func snapshot(ctx context.Context, p *browser.Page, m browser.Mark) *node.TracePage {
	s, err := p.Snapshot(ctx, m)
	if err != nil {
		return nil
	}
	out := &node.TracePage{URL: browser.CleanURL(s.URL), Title: s.Title, HTML: s.HTML, Files: map[string]node.TraceFile{}, Width: s.Width, Height: s.Height, X: s.X, Y: s.Y, Length: s.Length, Cut: s.Cut}
	for digest, f := range s.Files {
		out.Files[digest] = node.TraceFile{Type: f.Type, Data: f.Data}
	}
	return out
}
