package bidi

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/browser"
)

// able says what of the options Firefox has no means for.
func able(o browser.Options) error {
	switch {
	case o.Listen != nil:
		return cannot("be recorded in")
	case o.Mobile:
		return cannot("emulate a touch screen")
	case o.Colors != "":
		return cannot("tell pages which colour scheme a person prefers")
	case o.Network.Latency > 0 || o.Network.Download > 0 || o.Network.Upload > 0:
		return cannot("emulate a slow network, only none at all")
	}
	for _, r := range o.Rules {
		if r.Do == browser.RuleChange && (r.Body != "" || len(r.Replace) > 0) {
			return cannot("change what a server's answer holds, only its status and headers; a rule may answer in the server's place")
		}
	}
	return nil
}

func proxyOf(o browser.Options) (params, error) {
	u, err := url.Parse(o.Proxy)
	if err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is no proxy; it is like http://proxy:3128", o.Proxy)
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), "80")
	}
	p := params{"proxyType": "manual"}
	if strings.HasPrefix(u.Scheme, "socks") {
		p["socksProxy"], p["socksVersion"] = host, 5
	} else {
		p["httpProxy"], p["sslProxy"] = host, host
	}
	if !o.ProxyLoopback {
		p["noProxy"] = []string{"localhost", "127.0.0.1", "[::1]"}
	}
	return p, nil
}

// Shape implements browser.Context.
func (c *contextOf) Shape(ctx context.Context, o browser.Options) error {
	old := c.Options()
	o.Downloads, o.Proxy, o.ProxyLoopback, o.IgnoreCertificates, o.Listen = old.Downloads, old.Proxy, old.ProxyLoopback, old.IgnoreCertificates, nil
	if err := able(o); err != nil {
		return err
	}
	err := c.shape(ctx, old, o)
	if err != nil {
		_ = c.shape(ctx, o, old) // what one part refuses, none has
	}
	return err
}

// shape brings the context from one shape to another.
func (c *contextOf) shape(ctx context.Context, old, o browser.Options) error {
	_, o, _ = c.Want(o)
	var calls []pending
	add := func(method string, p params) {
		p["userContexts"] = []string{c.id}
		calls = append(calls, c.b.c.send(method, p))
	}
	if o.Width != old.Width || o.Height != old.Height || o.Scale != old.Scale {
		p := params{"viewport": nil, "devicePixelRatio": nil}
		if o.Width > 0 && o.Height > 0 {
			p["viewport"] = params{"width": o.Width, "height": o.Height}
		}
		if o.Scale > 0 {
			p["devicePixelRatio"] = o.Scale
		}
		add("browsingContext.setViewport", p)
	}
	word := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	if o.Locale != old.Locale {
		add("emulation.setLocaleOverride", params{"locale": word(o.Locale)})
	}
	if o.Timezone != old.Timezone {
		add("emulation.setTimezoneOverride", params{"timezone": word(o.Timezone)})
	}
	if o.UserAgent != old.UserAgent {
		add("emulation.setUserAgentOverride", params{"userAgent": word(o.UserAgent)})
	}
	if !reflect.DeepEqual(o.Geolocation, old.Geolocation) {
		p := params{"coordinates": nil}
		if g := o.Geolocation; g != nil {
			p["coordinates"] = params{"latitude": g.Latitude, "longitude": g.Longitude, "accuracy": max(g.Accuracy, 1)}
		}
		add("emulation.setGeolocationOverride", p)
	}
	if o.Network != old.Network {
		p := params{"networkConditions": nil}
		if o.Network.Offline {
			p["networkConditions"] = params{"type": "offline"}
		}
		add("emulation.setNetworkConditions", p)
	}
	if !maps.Equal(o.Headers, old.Headers) {
		list := []params{}
		for _, n := range slices.Sorted(maps.Keys(o.Headers)) {
			list = append(list, params{"name": n, "value": textOf(o.Headers[n])})
		}
		add("network.setExtraHeaders", params{"headers": list})
	}
	for _, p := range calls {
		if err := p.wait(ctx, nil, nil); err != nil {
			if isRefused(err, "unknown command") {
				return cannot("do that in this version: " + err.Error())
			}
			return err
		}
	}
	return c.b.intercepting(ctx)
}
