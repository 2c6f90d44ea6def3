// Package recorder watches a person work in a browser and makes a flow of it, and lets a person pick an element.
//
// Its scripts (record.js, bar.js, pick.js) run in each document in the library's world, where pages do not see them. They
// name what is worked on before the page reacts to it, and tell that at once, so that a page that goes away takes
// nothing with it. Here what is told becomes steps: successive keys in a field are one step, a press that opens a tab or
// begins a download says so, a question of the page belongs to the step that brought it up. Waits are no steps: nodes
// wait by themselves for what they work on.
//
// The text of a field for secrets is not read, so that no step, file or memory of this process holds it.
package recorder

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aether-rpa/aether/browser"
)

//go:embed record.js
var recordScript string

//go:embed bar.js
var barScript string

//go:embed pick.js
var pickScript string

// Config says what to record.
type Config struct {
	// URL is the page to begin with.
	URL string
	// Downloads is a folder for what the person downloads meanwhile; "" refuses downloads.
	Downloads string
	// Width and Height are the size of the page, 0 for the browser's own.
	Width, Height int
	// Proxy is what pages are loaded through, "" for nothing; ProxyLoopback says that those of this machine are, too.
	Proxy         string
	ProxyLoopback bool
	// Now is the clock; nil for time.Now.
	Now func() time.Time
	// Bare draws no bar over the pages: its buttons are elsewhere, and pressed by Press.
	Bare bool
	// Uploads is the folder of files that a person has brought from elsewhere. They lie there for the recording only, so
	// that their names stand in the flow rather than their paths.
	Uploads string

	pick bool
}

// Recorder records one session. It is safe for concurrent use.
type Recorder struct {
	cfg  Config
	ctx  browser.Context
	stop context.CancelFunc
	life context.Context
	done chan struct{} // finish was pressed, or all tabs are closed
	over chan struct{} // the worker has ended

	mu      sync.Mutex
	queue   []event
	wake    chan struct{}
	busy    bool
	steps   []*Step
	changed chan struct{}
	paused  bool
	mode    string
	rev     int
	ended   bool
	trouble []string

	// The worker's own.
	tabs     map[string]*tabState
	order    []string // ids of tabs in the order of opening
	elements map[string]*Element
	loads    int
	began    bool
	next     int
	pick     *picking
}

// event is something to work off, in the order of what happened.
type event struct {
	at    time.Time
	tab   browser.Tab
	frame string
	text  string
	do    func(context.Context)
}

// Start opens a session of its own in a browser, with the first page, and records what happens in it until Close.
func Start(ctx context.Context, b browser.Browser, cfg Config) (*Recorder, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	r := &Recorder{cfg: cfg, done: make(chan struct{}), over: make(chan struct{}), wake: make(chan struct{}, 1), changed: make(chan struct{}), tabs: map[string]*tabState{}, elements: map[string]*Element{}}
	if cfg.pick {
		r.pick = &picking{}
		r.mode = "pick"
	}
	script := recordScript + barScript + pickScript
	if cfg.Bare {
		script = "globalThis.__aetherBare = true;\n" + script
	}
	listen := &browser.Listen{
		Script: script,
		Heard:  func(t browser.Tab, frame, text string) { r.push(event{tab: t, frame: frame, text: text}) },
		Went: func(t browser.Tab, w browser.Went) {
			at := cfg.Now()
			r.push(event{tab: t, do: func(ctx context.Context) { r.went(ctx, t, w, at) }})
		},
		Answered: func(t browser.Tab, d browser.Dialog) {
			r.push(event{tab: t, do: func(context.Context) { r.answered(t, d) }})
		},
	}
	c, err := b.Open(ctx, browser.Options{Listen: listen, Downloads: cfg.Downloads, Width: cfg.Width, Height: cfg.Height, Proxy: cfg.Proxy, ProxyLoopback: cfg.ProxyLoopback})
	if err != nil {
		return nil, err
	}
	r.ctx = c
	r.life, r.stop = context.WithCancel(context.WithoutCancel(ctx))
	go r.work()
	go r.watch(b)
	if err := r.open(ctx); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// open loads the first page.
func (r *Recorder) open(ctx context.Context) error {
	t, err := r.ctx.NewTab(ctx)
	if err != nil {
		return err
	}
	first := &Step{Do: "open", Tab: t.ID(), URL: r.cfg.URL}
	r.push(event{tab: t, do: func(context.Context) { r.tab(t); r.add(first) }})
	ctx, cancel := context.WithTimeout(ctx, browser.DefaultTimeout)
	defer cancel()
	g, err := t.Navigate(ctx, r.cfg.URL)
	if err == nil {
		_, err = t.Settled(ctx, g, browser.Parsed)
	}
	if err != nil {
		return fmt.Errorf("opening %s: %w", r.cfg.URL, err)
	}
	ready := make(chan struct{})
	r.push(event{tab: t, do: func(ctx context.Context) {
		s := r.tab(t)
		s.settle(ctx, t.Frames()[0].URL)
		r.began = true
		close(ready)
	}})
	select {
	case <-ready:
	case <-ctx.Done():
		return fmt.Errorf("opening %s: the page does not answer: %w", r.cfg.URL, ctx.Err())
	case <-r.over:
	}
	return nil
}

// push adds something to work off. It never waits.
func (r *Recorder) push(e event) {
	e.at = r.cfg.Now()
	r.mu.Lock()
	r.queue = append(r.queue, e)
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// patience bounds how long a page may take to answer a question of the recorder. One that asks the person something
// answers only then.
const patience = 15 * time.Second

func (r *Recorder) work() {
	defer close(r.over)
	for {
		r.mu.Lock()
		var e event
		if r.busy = len(r.queue) > 0; r.busy {
			e, r.queue = r.queue[0], r.queue[1:]
		}
		idle := !r.busy
		r.mu.Unlock()
		if idle {
			select {
			case <-r.wake:
				continue
			case <-r.life.Done():
				return
			}
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.life), patience)
		if e.do != nil {
			e.do(ctx)
		} else {
			r.heard(ctx, e)
		}
		cancel()
	}
}

// watch follows tabs and downloads, until the browser or its last tab is closed.
func (r *Recorder) watch(b browser.Browser) {
	for {
		changed := r.ctx.Changed()
		seen := make(chan bool, 1)
		r.push(event{do: func(context.Context) { seen <- r.look() }})
		select {
		case any := <-seen:
			if !any {
				r.finish()
				return
			}
		case <-r.over:
			return
		}
		select {
		case <-changed:
		case <-b.Done():
			r.finish()
			return
		case <-r.over:
			return
		}
	}
}

// look takes in new tabs and downloads, and reports whether there is a tab, or has not been one yet.
func (r *Recorder) look() bool {
	open := r.ctx.Tabs()
	for _, t := range open {
		r.tab(t)
	}
	for _, id := range slices.Clone(r.order) {
		if s := r.tabs[id]; !s.closed && gone(s.tab) {
			s.closed = true
		}
	}
	for all := r.ctx.Downloads(); r.loads < len(all); r.loads++ {
		r.downloaded(all[r.loads])
	}
	return len(open) > 0 || !r.began
}

func gone(t browser.Tab) bool {
	select {
	case <-t.Gone():
		return true
	default:
		return false
	}
}

func (r *Recorder) finish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.ended {
		r.ended = true
		close(r.done)
	}
}

// Context is the session of the browser that is recorded.
func (r *Recorder) Context() browser.Context { return r.ctx }

// Done is closed when the person has pressed finish, or closed the browser or its last tab.
func (r *Recorder) Done() <-chan struct{} { return r.done }

// Changed is closed when the steps change after the call.
func (r *Recorder) Changed() <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.changed
}

// Steps are the steps so far. They change no more; a later call may return others in their place.
func (r *Recorder) Steps() []Step {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := make([]Step, len(r.steps))
	for i, s := range r.steps {
		out[i] = *s
		out[i].Opens, out[i].Dialogs, out[i].Files = slices.Clone(s.Opens), slices.Clone(s.Dialogs), slices.Clone(s.Files)
	}
	return out
}

// Trouble is what could not be recorded, in words.
func (r *Recorder) Trouble() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.trouble)
}

func (r *Recorder) complain(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Contains(r.trouble, s) {
		r.trouble = append(r.trouble, s)
	}
}

// Buttons are what Press takes.
var Buttons = []string{"pause", "visible", "text", "value", "cancel", "finish", "again", "like"}

// Press presses a button of the bar.
func (r *Recorder) Press(button string) error {
	if !slices.Contains(Buttons, button) || r.pick == nil && (button == "again" || button == "like") {
		return fmt.Errorf("the bar has no button %q here", button)
	}
	r.push(event{do: func(context.Context) { r.pressed(button) }})
	return nil
}

// Doing is what the next click chooses for ("" for nothing: it is done in the page), and whether nothing is recorded.
func (r *Recorder) Doing() (mode string, paused bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.mode, r.paused
}

// Meant says that what comes next in a tab is the person's doing, and no consequence of what was done in the page.
func (r *Recorder) Meant(t browser.Tab) {
	at := r.cfg.Now()
	r.push(event{tab: t, do: func(context.Context) {
		s := r.tab(t)
		s.acted, s.aside = time.Time{}, time.Time{}
		if _, paused := r.Doing(); paused {
			s.aside = at
		}
	}})
}

// Settle returns when all that has been told so far is among the steps.
func (r *Recorder) Settle(ctx context.Context) error {
	worked := make(chan struct{})
	r.push(event{do: func(context.Context) { close(worked) }})
	select {
	case <-worked:
		return nil
	case <-r.over:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting for what was recorded: %w", ctx.Err())
	}
}

// Close ends the recording and closes its pages. What was told before is among the steps.
func (r *Recorder) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r.drain(ctx)
	r.push(event{do: func(context.Context) { r.look() }}) // a download may have begun just now
	err := r.Settle(ctx)
	r.finish()
	r.stop()
	<-r.over
	return errors.Join(err, r.ctx.Close())
}

// drainTime bounds how long a page may take to say that it has told everything. One that asks the person something
// does not answer.
const drainTime = 2 * time.Second

// drain returns when what pages have told so far has come: their answers come behind it.
func (r *Recorder) drain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, drainTime)
	defer cancel()
	var all sync.WaitGroup
	for _, t := range r.ctx.Tabs() {
		for _, f := range t.Frames() {
			all.Go(func() { _ = t.Eval(ctx, f.ID, "0", nil) }) // a page that has gone tells no more
		}
	}
	all.Wait()
}

// tell brings the bar up to date in all pages; modes concern frames as well.
func (r *Recorder) tell() {
	r.mu.Lock()
	r.rev++
	o := map[string]any{"rev": r.rev, "mode": r.mode, "paused": r.paused, "count": len(r.steps), "last": "", "picker": r.pick != nil}
	if n := len(r.steps); n > 0 {
		o["last"] = r.steps[n-1].Title()
	}
	if r.pick != nil {
		o["last"], o["can"], o["like"] = r.pick.said(), r.pick.first != nil, r.pick.like
	}
	r.mu.Unlock()
	b, err := json.Marshal(o)
	if err != nil {
		return
	}
	for _, s := range r.tabs {
		if s.closed {
			continue
		}
		go func() {
			ctx, cancel := context.WithTimeout(r.life, patience)
			defer cancel()
			for _, f := range s.tab.Frames() {
				_ = s.tab.Eval(ctx, f.ID, "globalThis.__aether && __aether.record && __aether.record.set("+string(b)+")", nil) // a page that has gone draws its bar when it comes
			}
		}()
	}
}
