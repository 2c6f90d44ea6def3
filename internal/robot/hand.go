package robot

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/session"
)

// Kinds of events that say that a person took over the browser of a run, and gave it back.
const (
	EventTakenOver  = "taken_over"
	EventHandedBack = "handed_back"
)

// How often a robot looks what a person does in the browser, and what the browser shows them; how often it looks while
// they wait for it; how often what they left is recorded at first, and how long that may take in the end.
const (
	handPoll  = 60 * time.Millisecond
	handFrame = 150 * time.Millisecond
	handWait  = 400 * time.Millisecond
	handPace  = 3 * time.Second
	handEnd   = 10 * time.Second
)

// hand is the hand of a person in the browser of an execution. It implements engine.Hand.
type hand struct {
	h *host

	mu     sync.Mutex
	wanted bool
	quiet  bool          // all lines wait
	lent   bool          // the person may work in the browser, or the robot is about to let them
	taken  bool          // a line goes on: it is to end
	flush  bool          // what was done is to be recorded at once
	free   chan struct{} // closed while it is not lent
	kept   chan struct{} // closed when what was done is recorded
	done   int           // requests that were done
	saved  int           // of these, those that are recorded, or are about to be if saving is set
	saving bool
	began  time.Time // when it was lent
	saw    time.Time // when it was recorded last
	sess   *browser.Session
}

var _ engine.Hand = (*hand)(nil)

func newHand(h *host) *hand {
	free := make(chan struct{})
	close(free)
	return &hand{h: h, free: free, kept: make(chan struct{})}
}

// Wanted implements engine.Hand.
func (p *hand) Wanted() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.wanted
}

func (p *hand) want(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = yes
}

// Quiet implements engine.Hand.
func (p *hand) Quiet() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.quiet = true
}

// Busy implements engine.Hand.
func (p *hand) Busy(ctx context.Context) {
	p.mu.Lock()
	p.quiet = false
	free := p.free
	p.mu.Unlock()
	select {
	case <-free:
	case <-ctx.Done():
		p.Release()
	}
}

// Release implements engine.Hand.
func (p *hand) Release() {
	p.mu.Lock()
	p.taken = p.lent
	free := p.free
	p.mu.Unlock()
	<-free
}

// lend lets the person work in the browser, if no line of the run is at work.
func (p *hand) lend() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.quiet || p.lent {
		return false
	}
	p.lent, p.taken, p.flush, p.free = true, false, false, make(chan struct{})
	p.began, p.saw = time.Now(), time.Now()
	return true
}

// unlend is the end of lend.
func (p *hand) unlend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.lent {
		p.lent = false
		close(p.free)
	}
}

func (p *hand) called() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.taken
}

// Due implements engine.Hand. What was done is recorded the less often the longer it takes: each record holds all of
// the state.
func (p *hand) Due(last bool) bool {
	p.mu.Lock()
	pace := max(handPace, time.Since(p.began)/20)
	due := p.sess != nil && p.done > p.saved && (last || p.flush || time.Since(p.saw) >= pace)
	if due {
		p.saved, p.saw, p.saving = p.done, time.Now(), true
	}
	sess := p.sess
	p.mu.Unlock()
	if !due {
		return false
	}
	sess.Worked()
	if _, err := session.First[*browser.Session](p.h.ctx, p.h.sessions); err != nil { // it is used, so its state counts
		p.Kept()
		return false
	}
	return true
}

// Kept implements engine.Hand.
func (p *hand) Kept() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.saving = false
	close(p.kept)
	p.kept = make(chan struct{})
}

// settle waits until what was done is recorded.
func (p *hand) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, handEnd)
	defer cancel()
	for {
		p.mu.Lock()
		p.flush = true
		over, kept := p.sess == nil || p.done == p.saved && !p.saving, p.kept
		p.mu.Unlock()
		if over {
			return
		}
		select {
		case <-kept:
		case <-time.After(handWait):
		case <-ctx.Done():
			return
		}
	}
}

func (h *host) unsealHand(ctx context.Context, sealed []byte) ([]byte, error) {
	if h.robot.SessionKey == nil {
		return nil, errors.New("this robot has no secret store")
	}
	key, err := h.robot.SessionKey(ctx, h.run.SealedAs())
	if err != nil {
		return nil, err
	}
	return openHand(key, h.run.ID, sealed)
}

// handLabel keeps what a person did from being taken for a state of a session.
const handLabel = "hand in run "

// SealHand seals what a person does in the browser of a run with the key of its sessions: it may hold a password.
func SealHand(key []byte, run string, data []byte) ([]byte, error) {
	box, err := sealer(key, run)
	if err != nil {
		return nil, err
	}
	return box.Seal(nil, nil, data, []byte(handLabel+run)), nil //nolint:gosec // the cipher makes its nonce, see sealer
}

func openHand(key []byte, run string, sealed []byte) ([]byte, error) {
	box, err := sealer(key, run)
	if err != nil {
		return nil, err
	}
	data, err := box.Open(nil, nil, sealed, []byte(handLabel+run))
	if err != nil {
		return nil, fmt.Errorf("it was sealed with another key: %w", err)
	}
	return data, nil
}
