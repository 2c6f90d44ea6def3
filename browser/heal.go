package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/selector"
)

// When the element of an action is searched by what it looked like. Its queries go first, for as long as the page may
// still be on its way to what they mean.
const (
	// healQuiet is how long the queries have found nothing before it is searched early, on a page that is loaded, has
	// no request under way and does not change any more.
	healQuiet = 3 * time.Second
	// healMismatch is the same where the queries find an element that is another one than before.
	healMismatch = time.Second
	// healBudget is kept of the time for the last search; of short times a third.
	healBudget = 400 * time.Millisecond
	// healLate is how long after the end of an action its last search may go on, for the sake of the report.
	healLate = time.Second
	// healAct is what must be left of the time to act on what was found: an action that is cut short may have been done.
	// Of short times a sixth is.
	healAct = 800 * time.Millisecond
	// healStill is how long nothing may change between two looks at a page that is searched early.
	healStill = 250 * time.Millisecond
)

// The outcomes of a search for an element by what it looked like.
const (
	OutcomeHealed    = "healed"    // it was found, and the action goes on with it
	OutcomeAsked     = "asked"     // it may be the one that was found; a person is asked
	OutcomeAbstained = "abstained" // it is not there, or nobody can tell
)

// Healing is what an action knows of its elements from before, and what it does when their queries do not find them.
// It belongs to one action, see WithHealing.
type Healing struct {
	// Act says to go on with what was surely meant; without it that is only reported.
	Act bool
	// Sensitive asks for more certainty, as sending and paying do.
	Sensitive bool
	// Known returns what the element of a target looked like when it was last found for certain, nil if that is unknown;
	// Judged the elements of which a person said that they are it, and those of which one said that they are not.
	Known  func(ctx context.Context, target string) *selector.Print
	Judged func(ctx context.Context, target string) (agreed, rejected []selector.Print)
	// Report is told of each search with an outcome, of an element that was found before anything is done to it. Its
	// error ends the action.
	Report func(ctx context.Context, h Healed) error
	// Advise is asked, once for an action, which of a few elements is meant where that is in doubt and does no harm; nil if
	// nobody is.
	Advise func(ctx context.Context, q Question) (Advice, error)
	// Words reads what is written on a picture, a PNG; nil where nothing can.
	Words func(ctx context.Context, picture []byte) (string, error)
	// Memory is what the run has learned already; Scope names whose targets these are in it.
	Memory *Memory
	Scope  string

	mu    sync.Mutex
	found map[string]*wanted
}

type healingKey struct{}

// WithHealing makes the actions of a context search for elements whose queries do not find them, and see that those
// found are the ones known.
func WithHealing(ctx context.Context, h *Healing) context.Context {
	return context.WithValue(ctx, healingKey{}, h)
}

// wanted is one element of an action.
type wanted struct {
	h       *Healing
	memo    *memo
	target  selector.Target
	name    string
	known   *selector.Print
	now     *selector.Print  // what it looks like, found for certain
	instead *selector.Target // finds it in place of target
	query   int              // one more than the place of the query that found it, 0 if none has
	healed  *Healed
	wrong   bool      // the queries find another one
	advice  *Advised  // what was said when the best was in doubt
	tried   time.Time // of the last search
	final   bool      // the last search has been made

	portrayed bool // a picture of it was tried
}

// aim is what is done with the element.
func (l *lookFor) aim() string { return cmp.Or(l.purpose, l.Action) }

// want begins the search for the element of an action, nil where nothing of that kind is wanted.
func (p *Page) want(ctx context.Context, l *lookFor) *wanted {
	h, _ := ctx.Value(healingKey{}).(*Healing)
	if h == nil || !l.Target.Given() || isRoot(l.Target) {
		return nil
	}
	name := l.Target.String()
	h.mu.Lock()
	defer h.mu.Unlock()
	w := h.found[name]
	if w == nil {
		m := h.Memory.of(h.Scope, name)
		if m == nil {
			return nil
		}
		w = &wanted{h: h, memo: m, target: l.Target, name: name}
		if w.known = m.print(func() *selector.Print { return h.Known(ctx, name) }); w.known == nil {
			w.known = l.Target.Print
		}
		if w.known != nil && !belongs(l.Target, w.known) {
			w.known = nil // it was another element, or the target has been changed by hand since
		}
		if h.found == nil {
			h.found = map[string]*wanted{}
		}
		h.found[name] = w
	}
	l.Target.Print = nil // the page has no use for it
	if w.instead != nil {
		l.Target = *w.instead
	} else {
		l.Print, l.Sure = w.memo.mark()
	}
	return w
}

// isRoot says that a target is the whole page, which is always there.
func isRoot(t selector.Target) bool {
	q := t.Queries[0]
	return q.By == selector.ByCSS && (q.Value == "html" || q.Value == "body" || q.Value == ":root")
}

// Seen are the elements that were found for certain by their own queries and of which the run has told nothing yet, by
// target. They count as told then.
func (h *Healing) Seen() map[string]selector.Print {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[string]selector.Print{}
	for name, w := range h.found {
		if w.now != nil && w.instead == nil && w.memo.tell() {
			out[name] = *w.now
		}
	}
	return out
}

// Resolved says which of its queries, counted from 0, has found the element of each target.
func (h *Healing) Resolved() map[string]int {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[string]int{}
	for name, w := range h.found {
		if w.query > 0 && w.instead == nil {
			out[name] = w.query - 1
		}
	}
	return out
}

// Healed are the elements that were found by what they looked like.
func (h *Healing) Healed() []Healed {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []Healed
	for _, w := range h.found {
		if w.instead != nil && w.healed != nil {
			out = append(out, *w.healed)
		}
	}
	return out
}

// step is what ready does after a look.
type step int

const (
	lookOn    step = iota // as if there were no healing
	lookAgain             // for another target, at once
	lookLater             // in a moment
)

// doubt sees whether what a look has found is the element meant, and searches for it where the queries have failed for
// long enough. It may change what is looked for.
func (p *Page) doubt(ctx context.Context, w *wanted, l *lookFor, s *sight) (step, error) {
	if w.instead != nil {
		return lookOn, nil
	}
	if s.Sure {
		w.query = s.Query + 1
		w.memo.again(s.At)
		return lookOn, nil
	}
	if s.Print != nil {
		p.finish(s.frame, s.Print)
		ok, err := p.agrees(ctx, w, l.aim(), s)
		if err != nil || ok {
			if ok && s.Kind == "" {
				again := p.portray(ctx, w, s)
				w.now, w.wrong, w.query = s.Print, false, s.Query+1
				w.memo.sure(*s.Print, withoutQuery(p.Frames()[0].URL), s.At)
				if again {
					l.Print, l.Sure = w.memo.mark()
					return lookAgain, nil
				}
			}
			return lookOn, err
		}
		w.wrong, w.now, w.query = true, nil, 0
		w.memo.doubt()
		l.Print, l.Sure = w.memo.mark()
		s.Kind, s.Detail = Mismatch, "it looks otherwise, and another one is more like it"
	} else {
		w.wrong = false
	}
	if w.known == nil || s.Kind != NotFound && s.Kind != Ambiguous && s.Kind != Mismatch {
		return lookOn, nil
	}
	found, err := p.searchIfTime(ctx, w, l, s)
	if err != nil {
		return lookOn, err
	}
	if found {
		l.Target = *w.instead
		l.Print, l.Sure = "", 0
		return lookAgain, nil
	}
	if s.Kind == Mismatch {
		return lookLater, nil
	}
	return lookOn, nil
}

// searchIfTime searches early on a page that is ready, and once shortly before the time is over.
func (p *Page) searchIfTime(ctx context.Context, w *wanted, l *lookFor, s *sight) (bool, error) {
	gone, last := time.Since(p.since), p.lastly(ctx)
	switch {
	case w.final:
		return false, nil
	case remaining(ctx) < last+50*time.Millisecond:
		w.final, l.spare = true, 0
		return p.search(ctx, w, l, s, true)
	}
	l.spare = last // so that the wait for the page ends in time
	wait := healQuiet
	if w.wrong {
		wait = healMismatch
	}
	if !w.h.Act || gone < wait || time.Since(w.tried) < time.Second || !p.quiet(ctx) {
		return false, nil
	}
	w.tried = time.Now()
	return p.search(ctx, w, l, s, false)
}

// lastly is how long before the end of an action the last search begins.
func (p *Page) lastly(ctx context.Context) time.Duration {
	return min(2*healBudget+healAct, (remaining(ctx)+time.Since(p.since))/3) + 2*reserve
}

// quiet reports whether no request is under way, and none has been for half a second.
func (p *Page) quiet(ctx context.Context) bool {
	if _, ok := p.Underway(p.since); ok {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Millisecond)
	defer cancel()
	return p.Quiet(ctx, 500*time.Millisecond) == nil
}

// searched is a page with the verdict on what is wanted.
type searched struct {
	all     *Prints
	verdict heal.Verdict
	agreed  bool // a person has said of an element like the best that it is the one
	advised bool // an adviser has
	took    time.Duration

	tables *heal.Prepared
	wish   heal.Wanted
	shot   *shot // of the page around the likeliest element, nil if there is none
	tried  bool  // to take one
}

func (p *Page) seek(ctx context.Context, w *wanted, action string, last bool) (searched, error) {
	begin := time.Now()
	all, err := p.prints(ctx, p.way(w.target), true)
	if err != nil || len(all.Elements) == 0 {
		return searched{}, err
	}
	tables := heal.Prepare(&all.Page)
	agreed, rejected := w.h.Judged(ctx, w.name)
	wish := p.wish(w, action, all.URL, rejected)
	in := searched{all: all, verdict: tables.Find(wish), tables: tables, wish: wish}
	p.compare(ctx, w, &in, last)
	for _, like := range agreed {
		if in.verdict.Decision == heal.Heal {
			break
		}
		wish.Print = like
		if v := tables.Find(wish); v.Decision == heal.Heal {
			in.verdict, in.agreed = v, true
		}
	}
	in.took = time.Since(begin)
	return in, nil
}

// wish is what heal is asked for.
func (p *Page) wish(w *wanted, action, url string, rejected []selector.Print) heal.Wanted {
	return heal.Wanted{
		Print: *w.known, Action: action, Sensitive: w.h.Sensitive || delicate(action, w.known) != harmless,
		Rejected: rejected, Others: w.h.Memory.others(w.memo, url),
	}
}

// search looks for the element by what it looked like, and makes ways to find it. last says that there is no time for
// another look: what was not found is reported then.
func (p *Page) search(ctx context.Context, w *wanted, l *lookFor, s *sight, last bool) (bool, error) {
	whole := ctx
	if last { // what is found too late is still told
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), remaining(ctx)+healLate)
		defer cancel()
	}
	in, err := p.seek(ctx, w, l.aim(), last)
	if err == nil && in.all != nil && !last {
		p.advise(ctx, w, l, &in)
		if !in.all.Loaded || in.verdict.Decision != heal.Heal {
			return false, nil
		}
		if in, err = p.seekAgain(ctx, w, l, s, in); err != nil || in.all == nil {
			return false, ignorable(err)
		}
	}
	if err != nil || in.all == nil {
		return false, ignorable(err)
	}
	h := w.outcome(l.aim(), in, s)
	h.Took = in.took
	if v := in.verdict; v.Best >= 0 && v.Decision != heal.Abstain {
		frame, handle, err := p.Handle(ctx, in.all, v.Best)
		if err != nil {
			return false, ignorable(err)
		}
		if h.Repaired, err = p.repaired(ctx, w, frame, handle, in.all.Elements[v.Best].Print); err != nil {
			return false, ignorable(err)
		}
		if h.Outcome == OutcomeHealed && len(h.Repaired.Queries) == 0 {
			h.Outcome, h.Vetoes = OutcomeAsked, append(h.Vetoes, "no selector finds it alone")
		}
		if in.shot != nil || !in.tried { // what failed a moment ago would take the time again
			h.Picture = p.marked(ctx, h, frame, handle, in.shot)
		}
	}
	if h.Outcome == OutcomeHealed && remaining(whole) < min(healAct, (remaining(whole)+time.Since(p.since))/6) {
		h.Outcome, h.Vetoes = OutcomeAsked, append(h.Vetoes, "the time was over")
	}
	w.healed = h
	if h.Outcome != OutcomeHealed && !last {
		return false, nil
	}
	if err := w.h.Report(ctx, *h); err != nil {
		return false, fmt.Errorf("reporting an element that was found again: %w", err)
	}
	if h.Outcome == OutcomeHealed {
		t := h.Repaired
		w.instead = &t
	}
	return w.instead != nil, nil
}

// seekAgain looks once more after a moment: the page must not have changed, and the queries must still find nothing.
func (p *Page) seekAgain(ctx context.Context, w *wanted, l *lookFor, s *sight, before searched) (searched, error) {
	select {
	case <-time.After(healStill):
	case <-ctx.Done():
		return searched{}, ctx.Err()
	}
	now, err := p.lookEverywhere(ctx, p.way(w.target), *l, 1)
	if err != nil || now.Kind != s.Kind && (now.Kind != "" || s.Kind != Mismatch) {
		return searched{}, err
	}
	in, err := p.seek(ctx, w, l.aim(), true)
	if err == nil && in.all != nil && before.advised {
		in.follow(before)
	}
	if err != nil || in.all == nil || in.verdict.Decision != heal.Heal || len(in.all.Elements) != len(before.all.Elements) {
		return searched{}, err
	}
	a, b := &before.all.Elements[before.verdict.Best].Print, &in.all.Elements[in.verdict.Best].Print
	if a.Path != b.Path || a.Text != b.Text || !p.quiet(ctx) {
		return searched{}, nil
	}
	return in, nil
}

// ignorable is the error of a search that ends the action; a page that changed meanwhile is looked at again.
func ignorable(err error) error {
	if errors.Is(err, ErrGone) {
		return err
	}
	return nil
}

// unreported is the failure of an action that did nothing because its search came to no end.
func (p *Page) unreported(ctx context.Context, action string, t selector.Target, err error) error {
	if ctx.Err() != nil || errors.Is(err, ErrGone) {
		return p.ended(ctx, action, t, nil, err)
	}
	return err
}

// pause waits, or until the time is over.
func (p *Page) pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
