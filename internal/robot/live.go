package robot

import (
	"bytes"
	"context"
	"encoding/base64"
	"time"

	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/session"
)

// Live is where a robot hears that somebody watches a run, and shows it.
type Live interface {
	// Watched reports whether somebody watches, and whether somebody has taken over, or wants to.
	Watched(ctx context.Context, run string) (watched, taken bool, err error)
	// Show shows a frame, and reports whether somebody still watches.
	Show(ctx context.Context, run string, f run.Frame) (bool, error)
	// Hand tells how it stands with what is taken over, and hears what the person wants; nil if nobody has it.
	Hand(ctx context.Context, run string, said run.HandSaid) (*run.Hand, error)
}

// How often a robot looks whether somebody watches, how often it shows a frame at most, and how long one may take.
const (
	watchPoll = time.Second
	frameRate = 400 * time.Millisecond
	frameTime = 5 * time.Second
)

// showing shows the live things of an execution to those who watch, until stop is called.
func (h *host) showing(ctx context.Context) (stop func()) {
	if h.robot.Live == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.show(ctx)
	}()
	return func() {
		cancel()
		<-done
	}
}

// show shows the live things of an execution for as long as somebody watches, until ctx ends. A run that has nothing
// open to look at asks nobody whether it is watched.
func (h *host) show(ctx context.Context) {
	poll := time.NewTicker(watchPoll)
	defer poll.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-poll.C:
		}
		if h.sessions == nil || !h.hand.Wanted() && !h.sessions.Known() {
			continue
		}
		watched, taken, err := h.robot.Live.Watched(ctx, h.run.ID)
		switch {
		case err != nil: // what cannot be asked now is asked again
		case taken:
			h.hand.serve(ctx)
		case watched && h.sessions.Viewable():
			h.cast(ctx)
		}
	}
}

// cast shows frame after frame until nobody watches.
func (h *host) cast(ctx context.Context) {
	var last []byte
	defer func() {
		if last == nil {
			return
		}
		// Nothing of it stays, whether somebody still watches or not.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), frameTime)
		defer cancel()
		if _, err := h.robot.Live.Show(ctx, h.run.ID, run.Frame{At: h.robot.Now()}); err != nil {
			h.robot.Log.Debug("taking away what was shown", "run", h.run.ID, "err", err)
		}
	}()
	for ctx.Err() == nil {
		began := time.Now()
		short, cancel := context.WithTimeout(ctx, frameTime)
		last = h.frame(ctx, last, func() (session.View, error) { return h.view(short) })
		cancel()
		if watched, taken, err := h.robot.Live.Watched(ctx, h.run.ID); err != nil || taken || !watched {
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(frameRate - time.Since(began)):
		}
	}
}

// frame shows one frame, if there is one and it is another than the last, which it returns. A page that hangs, is just
// being opened, or stays as it is shows none.
func (h *host) frame(ctx context.Context, last []byte, view func() (session.View, error)) []byte {
	v, err := view()
	if err != nil || bytes.Equal(v.JPEG, last) {
		return last
	}
	if _, err := h.robot.Live.Show(ctx, h.run.ID, run.Frame{At: h.robot.Now(), URL: h.mask.Text(v.URL), Width: v.Width, Height: v.Height, JPEG: base64.StdEncoding.EncodeToString(v.JPEG)}); err != nil {
		return last
	}
	return v.JPEG
}

// glimpse shows how it looks now.
func (h *host) glimpse(ctx context.Context) {
	if !h.sessions.Viewable() {
		return
	}
	short, cancel := context.WithTimeout(ctx, frameTime)
	defer cancel()
	h.frame(short, nil, func() (session.View, error) { return h.view(short) })
}

// view is how the session that is live looks now.
func (h *host) view(ctx context.Context) (session.View, error) {
	v, ok, err := h.sessions.View(ctx)
	if !ok && err == nil {
		err = session.ErrNone
	}
	return v, err
}
