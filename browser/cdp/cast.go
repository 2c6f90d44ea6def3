package cdp

import (
	"context"
	"encoding/base64"

	"github.com/aether-rpa/aether/browser"
)

var _ browser.Caster = (*tab)(nil)

type castEvent struct {
	Data      string
	SessionID int64
	Metadata  struct{ DeviceWidth, DeviceHeight float64 }
}

// shown takes a picture of the page in, and asks for the next one.
func (t *tab) shown(e castEvent) {
	t.s.send("Page.screencastFrameAck", map[string]any{"sessionId": e.SessionID})
	jpeg, err := base64.StdEncoding.DecodeString(e.Data)
	if err != nil {
		return
	}
	t.Lock()
	show := t.cast
	t.Unlock()
	if show != nil {
		show(browser.Picture{JPEG: jpeg, Width: int(e.Metadata.DeviceWidth), Height: int(e.Metadata.DeviceHeight)})
	}
}

// Cast implements browser.Caster.
func (t *tab) Cast(ctx context.Context, quality int, show func(browser.Picture)) (stop func(context.Context) error, err error) {
	t.Lock()
	t.cast = show
	t.Unlock()
	stop = func(ctx context.Context) error {
		t.Lock()
		t.cast = nil
		t.Unlock()
		return t.call(ctx, t.s, "Page.stopScreencast", nil, nil)
	}
	if err := t.call(ctx, t.s, "Page.startScreencast", map[string]any{"format": "jpeg", "quality": quality, "everyNthFrame": 1}, nil); err != nil {
		return nil, err
	}
	return stop, nil
}
