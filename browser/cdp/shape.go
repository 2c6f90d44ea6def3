package cdp

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/chromedp/cdproto"

	"github.com/aether-rpa/aether/browser"
)

// Shape implements browser.Context.
func (c *contextOf) Shape(ctx context.Context, o browser.Options) error {
	old, o, tabs := c.Want(o)
	err := c.permit(ctx, old, o)
	for _, t := range tabs {
		if err == nil {
			err = t.reshape(ctx, old, o)
		}
	}
	if err == nil {
		return nil
	}
	c.Restore(old)
	for _, t := range tabs { // what one tab refuses, none has
		_ = t.reshape(ctx, o, old)
	}
	return err
}

// permit lets pages ask where they are, when they are told a place.
func (c *contextOf) permit(ctx context.Context, old, o browser.Options) error {
	if o.Geolocation == nil || old.Geolocation != nil {
		return nil
	}
	if err := c.b.c.root().Call(ctx, "Browser.grantPermissions", c.params(map[string]any{"permissions": []string{"geolocation"}}), nil); err != nil {
		return fmt.Errorf("allowing the place to be known: %w", err)
	}
	return nil
}

// reshape brings an open tab from one shape to another.
func (t *tab) reshape(ctx context.Context, old, o browser.Options) error {
	select {
	case <-t.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	var calls []pending
	for _, s := range t.sessions() {
		calls = append(calls, t.shapes(s, old, o, s == t.s)...)
	}
	for _, c := range calls {
		err := c.wait(ctx, nil)
		var e *cdproto.Error
		switch {
		case errors.As(err, &e):
			return errors.New(e.Message)
		case errors.Is(err, browser.ErrGone): // a tab or frame that closes meanwhile
		case err != nil:
			return err
		}
	}
	return nil
}

// shapes sends what differs between two shapes to a session: that of a tab, or of a frame in a process of its own,
// which has most of it from its tab.
func (t *tab) shapes(s *session, old, o browser.Options, whole bool) []pending {
	var calls []pending
	add := func(method string, p map[string]any) { calls = append(calls, s.send(method, p)) }
	if whole && (o.Width != old.Width || o.Height != old.Height || o.Scale != old.Scale || o.Mobile != old.Mobile) {
		if o.Width > 0 && o.Height > 0 {
			scale := o.Scale
			if scale == 0 {
				scale = 1
			}
			add("Emulation.setDeviceMetricsOverride", map[string]any{"width": o.Width, "height": o.Height, "deviceScaleFactor": scale, "mobile": o.Mobile})
		} else {
			add("Emulation.clearDeviceMetricsOverride", nil)
		}
	}
	if whole && o.Mobile != old.Mobile {
		add("Emulation.setTouchEmulationEnabled", map[string]any{"enabled": o.Mobile})
	}
	if o.Locale != old.Locale {
		add("Emulation.setLocaleOverride", map[string]any{"locale": o.Locale})
	}
	if o.Timezone != old.Timezone {
		add("Emulation.setTimezoneOverride", map[string]any{"timezoneId": o.Timezone})
	}
	if o.UserAgent != old.UserAgent || o.Locale != old.Locale {
		p := map[string]any{"userAgent": o.UserAgent}
		if o.Locale != "" {
			p["acceptLanguage"] = o.Locale
		}
		add("Emulation.setUserAgentOverride", p)
	}
	if g := o.Geolocation; whole && g != old.Geolocation {
		if g == nil {
			add("Emulation.clearGeolocationOverride", nil)
		} else {
			add("Emulation.setGeolocationOverride", map[string]any{"latitude": g.Latitude, "longitude": g.Longitude, "accuracy": max(g.Accuracy, 1)})
		}
	}
	if !maps.Equal(o.Headers, old.Headers) {
		h := o.Headers
		if h == nil {
			h = map[string]string{}
		}
		add("Network.setExtraHTTPHeaders", map[string]any{"headers": h})
	}
	if whole && o.IgnoreCertificates && !old.IgnoreCertificates {
		add("Security.setIgnoreCertificateErrors", map[string]any{"ignore": true})
	}
	if o.Network != old.Network {
		limit := func(f float64) float64 {
			if f == 0 {
				return -1
			}
			return f
		}
		n := o.Network
		add("Network.emulateNetworkConditions", map[string]any{"offline": n.Offline, "latency": n.Latency.Milliseconds(), "downloadThroughput": limit(n.Download), "uploadThroughput": limit(n.Upload)})
	}
	if o.Colors != old.Colors {
		add("Emulation.setEmulatedMedia", map[string]any{"features": []any{map[string]any{"name": "prefers-color-scheme", "value": o.Colors}}})
	}
	if (o.User != "") != (old.User != "") || !sameRules(o.Rules, old.Rules) {
		t.Lock()
		saving := t.saving
		t.Unlock()
		if o.User == "" && len(o.Rules) == 0 && !saving {
			add("Fetch.disable", nil)
		} else {
			add("Fetch.enable", fetchParams(o, saving))
		}
	}
	return calls
}
