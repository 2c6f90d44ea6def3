package web

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[emulateIn, emulateOut]{
		Type: "web.emulate", Title: "Emulate device",
		Doc: "Changes how the pages of the session see their surroundings, from now on and in all its tabs: the size of the page, language, time zone, place, network and colours. What is not given stays as it is; with reset all begins from the browser's own. " +
			"It is a failure if the current page does not see what was set. A page may look at some of it only when it is loaded.",
		Effect: node.Idempotent,
		Examples: []node.Example[emulateIn, emulateOut]{
			{Title: "A phone in Riga", In: emulateIn{Width: 390, Height: 844, Mobile: new(true), Locale: "lv-LV", Timezone: "Europe/Riga"}, Out: emulateOut{Width: 390, Height: 844, Locale: "lv-LV", Timezone: "Europe/Riga", Colors: "light", Online: true}, DocOnly: needsBrowser},
			{Title: "Without a network", In: emulateIn{Network: "offline"}, Out: emulateOut{Width: 1280, Height: 720, Locale: "en-US", Timezone: "UTC", Colors: "light"}, DocOnly: needsBrowser},
		},
		Check: func(in emulateIn) error {
			switch {
			case (in.Width == 0) != (in.Height == 0):
				return errors.New("give width and height, or none of them")
			case (in.Latitude == nil) != (in.Longitude == nil):
				return errors.New("give latitude and longitude, or none of them")
			}
			return nil
		},
		Run: func(ctx context.Context, env *node.Env, in emulateIn) (emulateOut, error) {
			return shaped(ctx, env, in.In, func(ctx context.Context, s *browser.Session) (emulateOut, error) {
				if err := s.Shape(ctx, in.apply); err != nil {
					return emulateOut{}, err
				}
				return in.verify(ctx, s)
			})
		},
	})
}

type emulateIn struct {
	In
	Width     int      `json:"width" min:"0" max:"8192" doc:"Width of the page in CSS pixels."`
	Height    int      `json:"height" min:"0" max:"8192" doc:"Height of the page."`
	Scale     float64  `json:"scale" min:"0" max:"8" is:"advanced" doc:"Device pixels for each CSS pixel."`
	Mobile    *bool    `json:"mobile" doc:"Whether to emulate a touch screen."`
	Locale    string   `json:"locale" doc:"Language and region, like de-DE."`
	Timezone  string   `json:"timezone" doc:"Time zone, like Europe/Berlin."`
	Latitude  *float64 `json:"latitude" min:"-90" max:"90" doc:"Where the browser says it is, in degrees."`
	Longitude *float64 `json:"longitude" min:"-180" max:"180" doc:"Where the browser says it is, in degrees."`
	Network   string   `json:"network" enum:",normal,offline,slow_3g,3g,4g" doc:"How well it is connected: normal as the machine, offline not at all, or as slow as a mobile network."`
	Colors    string   `json:"colors" enum:",light,dark" doc:"Which colours pages are told to prefer."`
	UserAgent string   `json:"user_agent" is:"advanced" doc:"What the browser calls itself."`
	Reset     bool     `json:"reset" doc:"Whether to begin from the browser's own instead of from what was set before."`
}

type emulateOut struct {
	Width    int    `json:"width" doc:"Width of the page as it sees it."`
	Height   int    `json:"height" doc:"Height of the page as it sees it."`
	Locale   string `json:"locale" doc:"Language and region that it sees."`
	Timezone string `json:"timezone" doc:"Time zone that it sees."`
	Colors   string `json:"colors" doc:"Colours that it is to prefer: light or dark."`
	Online   bool   `json:"online" doc:"Whether it sees a network."`
}

func (in emulateIn) apply(o *browser.Options) {
	if in.Reset {
		o.Width, o.Height, o.Scale, o.Mobile, o.Locale, o.Timezone, o.Geolocation, o.Network, o.Colors, o.UserAgent = 0, 0, 0, false, "", "", nil, browser.Network{}, "", ""
	}
	if in.Width > 0 {
		o.Width, o.Height = in.Width, in.Height
	}
	if in.Scale > 0 {
		o.Scale = in.Scale
	}
	if in.Mobile != nil {
		o.Mobile = *in.Mobile
	}
	for _, t := range []struct {
		from string
		to   *string
	}{{in.Locale, &o.Locale}, {in.Timezone, &o.Timezone}, {in.Colors, &o.Colors}, {in.UserAgent, &o.UserAgent}} {
		if t.from != "" {
			*t.to = t.from
		}
	}
	if in.Latitude != nil && in.Longitude != nil {
		o.Geolocation = &browser.Geolocation{Latitude: *in.Latitude, Longitude: *in.Longitude, Accuracy: 1}
	}
	if in.Network != "" {
		o.Network = browser.Networks[in.Network]
	}
}

// verify asks the current page what it sees; a session without a page has none to ask.
func (in emulateIn) verify(ctx context.Context, s *browser.Session) (emulateOut, error) {
	o := s.Shaped()
	out := emulateOut{Width: o.Width, Height: o.Height, Locale: o.Locale, Timezone: o.Timezone, Colors: o.Colors, Online: !o.Network.Offline}
	if len(s.Pages()) == 0 {
		return out, nil
	}
	p, err := s.Page()
	if err != nil {
		return out, err
	}
	var is struct {
		Width, Height             int
		Locale, Timezone, Colours string
		Online                    bool
	}
	const script = "({width: innerWidth, height: innerHeight, locale: Intl.DateTimeFormat().resolvedOptions().locale, timezone: Intl.DateTimeFormat().resolvedOptions().timeZone, colours: matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light', online: navigator.onLine})"
	for { // a page has its new size with its next picture
		if err := p.Ask(ctx, script, &is); err != nil {
			return out, err
		}
		out = emulateOut{Width: is.Width, Height: is.Height, Locale: is.Locale, Timezone: is.Timezone, Colors: is.Colours, Online: is.Online}
		sized := o.Width == 0 || o.Mobile || is.Width == o.Width && is.Height == o.Height
		if sized && (o.Colors == "" || o.Colors == is.Colours) && is.Online != o.Network.Offline {
			return out, nil
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return out, &browser.Failure{Kind: browser.Unchanged, Action: "emulate", Detail: fmt.Sprintf("the page sees %d x %d pixels, colours %s and online %t", is.Width, is.Height, is.Colours, is.Online)}
		}
	}
}
