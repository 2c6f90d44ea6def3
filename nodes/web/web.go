// Package web has the nodes that work in a browser. An action waits until a person could do it, does it with real
// events, and has succeeded when the page did what was asked.
package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
	"github.com/aether-rpa/aether/session"
)

func init() {
	node.RegisterFamily(node.Family{Name: "web", Title: "Web pages", Doc: "Browsers: open pages, read them, fill forms and click, as a person does."})
}

// kind is what browsers are called in the table of a run's sessions.
const kind = "web"

// In are the params that every web node has.
type In struct {
	Session string        `json:"session" default:"browser" is:"advanced" doc:"Name of the browser session, if a run works in several at once."`
	Timeout time.Duration `json:"timeout" default:"30s" min:"1ms" is:"advanced" doc:"How long to wait until the page is ready for it."`

	wish wish
}

// At are the params of nodes that work on an element.
type At struct {
	In
	Target    selector.Target `json:"target" is:"required" widget:"selector" doc:"Element: css=#total, text=Sign in, label=First name, role=button[name=\"Save\"], testid=total, xpath=//td[2]. A list is tried in order. It is searched in the page, in its frames and in shadow roots."`
	Heal      string          `json:"heal" enum:",off,recommend,run,propose" is:"advanced" doc:"What to do when the element is not found as named, and the page has one that looks like it did before: fail (off), fail and say what was probably meant (recommend), go on with what was surely meant (run), and also propose the new target to a person (propose). Empty is what the flow says."`
	Sensitive bool            `json:"sensitive" is:"advanced" doc:"Whether a wrong element would do harm, so that more certainty is asked for. Buttons that send, pay or delete, and uploads, are sensitive anyway; fields for passwords and payment are never healed without a person."`
}

// Used is what nodes that work on an element tell.
type Used struct {
	Element string `json:"element" doc:"The element as it was found."`
	Query   string `json:"query" doc:"Which of the ways to find it did."`
	Healed  bool   `json:"healed" doc:"Whether none of them did, and it was found by what it looked like before."`
}

func used(d browser.Done) Used { return usedOf(d.Found) }

func usedOf(f browser.Found) Used { return Used{Element: f.Element, Query: f.Query, Healed: f.Healed} }

// Arrived is what nodes tell that may lead to another page.
type Arrived struct {
	URL    string `json:"url" doc:"Address of the page."`
	Status int    `json:"status" doc:"HTTP status of the page, 0 if it was not loaded anew."`
}

// open returns the run's browser. Where none is open and make is set, it is opened as the robot is set up.
func (in In) open(ctx context.Context, env *node.Env, make bool) (*browser.Session, error) {
	if env.Sessions == nil {
		return nil, node.Fail(node.KindSession, "no browser can be opened here", "run the flow on a robot")
	}
	s, err := session.Get[*browser.Session](ctx, env.Sessions, kind, in.Session)
	var lost *session.LostError
	if make && (errors.Is(err, session.ErrNone) || errors.As(err, &lost)) {
		var again *browser.LostError
		errors.As(err, &again)
		var l session.Live
		if l, err = env.Sessions.Open(ctx, kind, in.Session, browser.Want{Again: again}); err == nil {
			s, _ = l.(*browser.Session)
		}
	}
	if errors.Is(err, session.ErrNone) {
		return nil, node.Fail(node.KindSession, fmt.Sprintf("no browser session %q is open", in.Session), "begin with web.open or web.goto")
	}
	if err != nil {
		return nil, explain(ctx, env, nil, err)
	}
	return s, nil
}

// do works on the current page. repeatable says that doing it twice is doing it once: when the browser ends
// meanwhile, it is then done again in the rebuilt session; what is not is done again only if nothing had happened yet.
func do[T any](ctx context.Context, env *node.Env, in In, repeatable bool, f func(ctx context.Context, s *browser.Session, p *browser.Page) (T, error)) (T, error) {
	return traced(ctx, env, in, repeatable, false, func(ctx context.Context, s *browser.Session, p *browser.Page) (T, error) {
		s.Act()
		return f(ctx, s, p)
	})
}

func work[T any](ctx context.Context, env *node.Env, in In, repeatable bool, f func(ctx context.Context, s *browser.Session, p *browser.Page) (T, error)) (T, error) {
	return traced(ctx, env, in, repeatable, true, f)
}

// traced works on the current page and keeps the trace of it; looks says that nothing is changed.
func traced[T any](ctx context.Context, env *node.Env, in In, repeatable, looks bool, f func(ctx context.Context, s *browser.Session, p *browser.Page) (T, error)) (_ T, ended error) {
	ctx, cancel := context.WithTimeout(ctx, in.Timeout)
	defer cancel()
	var none T
	var tr *tracing
	defer func() { tr.end(ctx, ended) }()
	for try := 0; ; try++ {
		s, err := in.open(ctx, env, false)
		if err != nil {
			return none, err
		}
		p, err := s.Page()
		var out T
		var h *healer
		if err == nil {
			tr = trace(env, s, p, looks)
			h = heals(env, in, s)
			if out, err = f(h.on(ctx), s, p); err == nil {
				h.learn(ctx)
			}
		}
		if err == nil && (!repeatable || !s.Dead() || try > 0) {
			return out, nil
		}
		if err == nil { // what was done ended with the browser before it was known where the page stands
			continue
		}
		var f *browser.Failure
		if errors.Is(err, browser.ErrGone) && s.Dead() && try == 0 && ctx.Err() == nil {
			if repeatable || errors.As(err, &f) && !f.Acted {
				continue
			}
			return none, node.Fail(node.KindInterrupted, "the browser ended while the page was worked on, and it is unknown whether it did what was asked: "+err.Error(), "look at the other side before doing it again")
		}
		return none, h.doubt(err, explain(ctx, env, p, err))
	}
}

// look reads the current page, which does not change the session.
func look[T any](ctx context.Context, env *node.Env, in In, f func(ctx context.Context, p *browser.Page) (T, error)) (T, error) {
	return work(ctx, env, in, true, func(ctx context.Context, _ *browser.Session, p *browser.Page) (T, error) { return f(ctx, p) })
}

// kinds are the failures of pages as flows tell them apart.
var kinds = map[string]string{
	browser.BadQuery: node.KindInput, browser.WrongKind: node.KindElement, browser.Navigation: node.KindNetwork, browser.Hung: node.KindTimeout,
	browser.Waited: node.KindTimeout, browser.Gone: node.KindSession, browser.Crashed: node.KindSession, browser.Script: node.KindError, browser.Unable: node.KindError,
}

// explain makes of a failure of the page one of the node, with a picture of the page where there is one.
func explain(ctx context.Context, env *node.Env, p *browser.Page, err error) error {
	var lost *session.LostError
	if errors.As(err, &lost) {
		f := node.Fail(node.KindSession, lost.Error(), "bring the page back by nodes of the flow: in a web.enter around it, on the port error or in a flow.try")
		f.Details = lost.Facts
		return &lostFailure{f, lost}
	}
	var page *browser.Failure
	if !errors.As(err, &page) {
		if errors.Is(err, browser.ErrUnsupported) {
			return node.Fail(node.KindError, err.Error(), "open this session with browser: chromium in web.open")
		}
		if errors.Is(err, session.ErrNone) {
			return node.Fail(node.KindSession, err.Error(), "begin with web.open or web.goto")
		}
		return err
	}
	k, ok := kinds[page.Kind]
	if !ok {
		k = node.KindElement
	}
	f := node.Fail(k, page.Error(), page.Hint())
	details := map[string]any{"reason": page.Kind}
	if page.Element != "" {
		details["element"] = page.Element
	}
	if page.Healing != nil {
		details["meant"] = meant(page.Healing)
	}
	if len(page.Nearest) > 0 {
		near := make([]any, len(page.Nearest))
		for i, n := range page.Nearest {
			near[i] = n
		}
		details["nearest"] = near
	}
	if p != nil && !errors.Is(err, browser.ErrGone) {
		details["url"] = p.Frames()[0].URL
		// Of a page that does not answer there is no picture, and to wait for one would miss the deadline.
		if page.Kind != browser.Hung {
			if digest := picture(ctx, env, p); digest != "" {
				details["screenshot"] = digest
			}
		}
	}
	f.Details = details
	return f
}

// lostFailure is the failure of a node whose session could not be built again, by which the engine knows it.
type lostFailure struct {
	*node.Failure
	lost *session.LostError
}

func (f *lostFailure) Unwrap() []error { return []error{f.Failure, f.lost} }

// pictureTime bounds how long the picture of a failure may take.
const pictureTime = 3 * time.Second

// picture keeps a picture of the page with the run and returns its digest, "" if the page cannot be seen.
func picture(ctx context.Context, env *node.Env, p *browser.Page) string {
	if env.Artifacts == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pictureTime)
	defer cancel()
	b, err := p.Picture(ctx, selector.Target{}, browser.Shot{JPEG: 70})
	if err != nil {
		return ""
	}
	digest, _, err := env.Artifacts.Put(ctx, func(w io.Writer) error { _, err := w.Write(b); return err })
	if err != nil {
		return ""
	}
	return digest
}

// address completes an address that a person has written without its scheme.
func address(url string) string {
	url = strings.TrimSpace(url)
	if url == "" || strings.Contains(url, "://") || strings.HasPrefix(url, "about:") || strings.HasPrefix(url, "data:") {
		return url
	}
	if strings.HasPrefix(url, "localhost") || strings.HasPrefix(url, "127.") {
		return "http://" + url
	}
	return "https://" + url
}

const needsBrowser = "it needs a browser and a page"

// nothing are the outputs of a node that has none.
type nothing struct{}
