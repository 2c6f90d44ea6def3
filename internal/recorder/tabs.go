package recorder

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/selector"
)

// tabState is what is known of a tab.
type tabState struct {
	tab           browser.Tab
	opener        string
	closed        bool
	title         string
	width, height int
	acted         time.Time // when the person last did something in it
	aside         time.Time // when the person last set out for another document while nothing was recorded
	by            *Step     // the step that opened it; nil for the person
	visits        []int     // its history, and where in it it stands
	at            int
	frames        map[string]selector.Query // how the frame's element is found in its parent
}

// tab returns what is known of a tab. A new one belongs to what was done before in the tab that opened it.
func (r *Recorder) tab(t browser.Tab) *tabState {
	if s := r.tabs[t.ID()]; s != nil {
		return s
	}
	s := &tabState{tab: t, opener: t.Opener(), frames: map[string]selector.Query{}}
	r.tabs[t.ID()] = s
	r.order = append(r.order, t.ID())
	r.mu.Lock()
	if s.opener != "" {
		for _, step := range slices.Backward(r.steps) {
			if step.Tab == s.opener && step.Do != "open" && step.Do != "assert" {
				step.Opens = append(step.Opens, t.ID())
				s.by = step
				break
			}
		}
	}
	r.mu.Unlock()
	r.tell()
	return s
}

// hello takes in a document that has come.
func (r *Recorder) hello(ctx context.Context, s *tabState, frame string, m message) {
	if frame != s.tab.ID() {
		s.path(ctx, frame) // the frame may be gone when something is done in it
		r.tell()
		return
	}
	s.title = m.Title
	if s.width == 0 {
		s.width, s.height = m.Width, m.Height
	}
	if len(r.steps) > 0 {
		r.mu.Lock()
		if last := r.steps[len(r.steps)-1]; last.Tab == s.tab.ID() && last.Page == "" {
			last.Page, last.Width, last.Height = m.Title, m.Width, m.Height
		}
		r.mu.Unlock()
	}
	r.tell()
}

// path is the way through frames to a document, outermost first.
func (s *tabState) path(ctx context.Context, frame string) []selector.Query {
	var out []selector.Query
	for frame != s.tab.ID() {
		frames := s.tab.Frames()
		i := slices.IndexFunc(frames, func(f browser.Frame) bool { return f.ID == frame })
		if i < 0 {
			break
		}
		parent := frames[i].Parent
		if parent == "" {
			parent = s.tab.ID()
		}
		q, known := s.frames[frame]
		if !known {
			if q, known = s.owner(ctx, parent, frame); known {
				s.frames[frame] = q
			}
		}
		if !known {
			break
		}
		out = append(out, q)
		frame = parent
	}
	slices.Reverse(out)
	return out
}

// owners makes handles of the elements of a document that show another one.
const owners = `[...__aether.of.roots(document)].flatMap(r => [...r.querySelectorAll('iframe,frame,object,embed')]).slice(0, 60).map(e => __aether.of.keep(e))`

// owner finds the element that shows a frame in its parent, and how it is best found again.
func (s *tabState) owner(ctx context.Context, parent, frame string) (selector.Query, bool) {
	var handles []int
	if err := s.tab.Eval(ctx, parent, owners, &handles); err != nil {
		return selector.Query{}, false
	}
	page := browser.NewPage(s.tab)
	for _, h := range handles {
		if id, err := s.tab.Inside(ctx, parent, h); err != nil || id != frame {
			continue
		}
		if all, err := page.Candidates(ctx, parent, h); err == nil && len(all) > 0 {
			return all[0].Query, true
		}
		return selector.Query{}, false
	}
	return selector.Query{}, false
}

// settle notes where a tab stands in its history after it came to an address, and returns that entry. The browser may be
// further by now; what comes after is noted when it is told.
func (s *tabState) settle(ctx context.Context, url string) (browser.Visit, bool) {
	list, at, ok := s.history(ctx, url)
	if !ok {
		return browser.Visit{}, false
	}
	at = s.entry(list, at, url)
	before := s.visits
	s.visits = nil
	for i, v := range list {
		if i <= at || slices.Contains(before, v.ID) {
			s.visits = append(s.visits, v.ID)
		}
	}
	s.at = at
	return list[at], true
}

// history reads the history of a tab that has come to an address. The browser notes an entry a moment after the page
// has come, and gives none at all while one process takes the page over from another; both are waited for.
func (s *tabState) history(ctx context.Context, url string) ([]browser.Visit, int, bool) {
	for until := time.Now().Add(soon); ; {
		list, at, err := s.tab.Visits(ctx)
		given := err == nil && at >= 0 && at < len(list)
		there := given && (list[at].URL == url || slices.ContainsFunc(list, func(v browser.Visit) bool { return v.URL == url && !slices.Contains(s.visits, v.ID) }))
		if there || time.Now().After(until) {
			return list, at, given
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-s.tab.Gone():
			return nil, 0, false
		case <-ctx.Done():
			return list, at, given
		}
	}
}

// entry is the place in the history of a document that has come from an address: an entry that is new, or else one that
// was there, since a page may take the place of itself.
func (s *tabState) entry(list []browser.Visit, at int, url string) int {
	known := func(v browser.Visit) bool { return slices.Contains(s.visits, v.ID) }
	if i := slices.IndexFunc(list, func(v browser.Visit) bool { return v.URL == url && !known(v) }); i >= 0 {
		return i
	}
	if list[at].URL == url {
		return at
	}
	if i := slices.IndexFunc(list, func(v browser.Visit) bool { return v.URL == url }); i >= 0 {
		return i
	}
	if i := slices.IndexFunc(list, func(v browser.Visit) bool { return !known(v) }); i >= 0 {
		return i
	}
	return at
}

// soon is how long after something was done in a page what happens to it counts as its consequence.
const soon = 1500 * time.Millisecond

// late is how long after the person set out for a document it may come and still be the one that was meant.
const late = 10 * time.Second

// went looks how a tab came to another document. What the person did by means of the browser is a step; what the page
// did, with a link or by a script, is a consequence of one.
func (r *Recorder) went(ctx context.Context, t browser.Tab, w browser.Went, when time.Time) {
	s := r.tab(t)
	before, at := s.visits, s.at
	aside := when.Sub(s.aside) < late
	s.aside = time.Time{}
	now, ok := s.settle(ctx, w.URL)
	if !ok || !r.began || r.pick != nil {
		return
	}
	step := &Step{Tab: t.ID(), At: when, URL: clean(w.URL)}
	byPage := when.Sub(s.acted) < soon
	known := slices.Index(before, now.ID)
	switch {
	case strings.HasPrefix(w.URL, "about:") || strings.HasPrefix(w.URL, "chrome:"):
		return
	case len(before) > 0 && known == at && strings.HasPrefix(w.Kind, "reload") && !w.Asked && !byPage:
		step.Do = "reload"
	case len(before) > 0 && known >= 0 && known != at && !byPage:
		step.Do = map[bool]string{true: "back", false: "forward"}[known < at]
	case known < 0 && now.Typed && (s.by == nil || len(before) > 0):
		step.Do = "goto"
		if s.opener == "" && t.ID() != r.order[0] && !r.used(t.ID()) {
			step.Do = "new_tab"
		}
	default:
		return
	}
	r.mu.Lock()
	paused := r.paused
	r.mu.Unlock()
	if !paused && !aside {
		r.add(step)
	}
}

// used reports whether there is a step in a tab.
func (r *Recorder) used(tab string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.ContainsFunc(r.steps, func(s *Step) bool { return s.Tab == tab })
}

// answered gives a message of the page, with the person's answer, to the step that brought it up.
func (r *Recorder) answered(t browser.Tab, d browser.Dialog) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range slices.Backward(r.steps) {
		if s.Tab == t.ID() && s.Do != "assert" && s.Do != "wait" {
			s.Dialogs = append(s.Dialogs, d)
			break
		}
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

// downloaded makes the press before it one that downloads.
func (r *Recorder) downloaded(d browser.Download) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range slices.Backward(r.steps) {
		if s.Do == "assert" || s.Do == "wait" {
			continue
		}
		if s.Do == "click" {
			s.Do, s.Download = "download", d.Name
			close(r.changed)
			r.changed = make(chan struct{})
		}
		return
	}
}

// clean is an address without user and password.
func clean(url string) string {
	scheme, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	if i := strings.LastIndexByte(rest[:end], '@'); i >= 0 {
		rest = rest[i+1:]
	}
	return scheme + "://" + rest
}
