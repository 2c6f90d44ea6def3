package web

import (
	"context"
	"errors"
	"fmt"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	node.Register(node.Spec[openIn, openOut]{
		Type: "web.open", Title: "Open browser",
		Doc: "Opens a browser session of the run: isolated from others, with cookies and storage of its own. " +
			"After an interruption the session is built again as it was, and verified. A session of the same name is closed first.",
		Effect: node.Idempotent,
		Examples: []node.Example[openIn, openOut]{{
			Title: "Open a shop in a window of a fixed size", In: openIn{URL: "https://shop.example.com", Width: 1280, Height: 800},
			Out: openOut{Arrived: Arrived{URL: "https://shop.example.com/", Status: 200}, Browser: "Chrome/140.0.0.0"}, DocOnly: needsBrowser,
		}},
		Check: func(in openIn) error {
			if (in.Width == 0) != (in.Height == 0) {
				return errors.New("give width and height, or none of them")
			}
			return nil
		},
		Run: open,
	})
	node.Register(node.Spec[attachIn, openOut]{
		Type: "web.attach", Title: "Attach to browser",
		Doc:    "Joins a browser that is running already with a debugging port, with the tabs and logins of the person who uses it. It stays open when the run ends, and its session is not built again after an interruption.",
		Effect: node.Idempotent,
		Examples: []node.Example[attachIn, openOut]{{
			Title: "Join the browser on this desk", In: attachIn{Address: "http://127.0.0.1:9222"}, Out: openOut{Browser: "Chrome/140.0.0.0"}, DocOnly: needsBrowser,
		}},
		Run: func(ctx context.Context, env *node.Env, in attachIn) (openOut, error) {
			ctx, cancel := context.WithTimeout(ctx, in.Timeout)
			defer cancel()
			s, err := in.start(ctx, env, browser.Want{Attach: in.Address})
			if err != nil {
				return openOut{}, err
			}
			p, err := s.Page()
			if err != nil {
				return openOut{}, explain(ctx, env, nil, err)
			}
			return openOut{Arrived: Arrived{URL: p.Frames()[0].URL}, Browser: s.Product()}, nil
		},
	})
	node.Register(node.Spec[In, nothing]{
		Type: "web.close", Title: "Close browser",
		Doc:      "Closes the browser session with its tabs. At the end of a run its sessions are closed anyway.",
		Effect:   node.Idempotent,
		Examples: []node.Example[In, nothing]{{Title: "Close the browser", DocOnly: needsBrowser}},
		Run: func(_ context.Context, env *node.Env, in In) (nothing, error) {
			if env.Sessions == nil {
				return nothing{}, nil
			}
			return nothing{}, env.Sessions.End(kind, in.Session)
		},
	})
}

type openIn struct {
	In
	URL          string            `json:"url" doc:"Page to begin with; none opens an empty one."`
	Until        string            `json:"until" default:"load" enum:"commit,dom,load,idle" is:"advanced" doc:"How far the page must have loaded: its answer begins (commit), it can be read (dom), pictures and scripts are there (load), or no request is under way (idle)."`
	Any          bool              `json:"any_status" is:"advanced" doc:"Whether a page that answers with an error, as 404, is as good as any."`
	Browser      string            `json:"browser" enum:",chromium,firefox" is:"advanced" doc:"Make of the browser: chromium (also Chrome, Edge and Brave) or firefox; not given takes the robot's setting. Firefox cannot do all that Chromium can."`
	Headless     *bool             `json:"headless" is:"advanced" doc:"Whether to work without a window; not given takes the robot's setting."`
	Width        int               `json:"width" min:"0" max:"8192" is:"advanced" doc:"Width of the page in CSS pixels; 0 leaves the browser's own."`
	Height       int               `json:"height" min:"0" max:"8192" is:"advanced" doc:"Height of the page."`
	Scale        float64           `json:"scale" default:"1" min:"0.1" max:"8" is:"advanced" doc:"Device pixels for each CSS pixel."`
	Mobile       bool              `json:"mobile" is:"advanced" doc:"Whether to emulate a touch screen."`
	Locale       string            `json:"locale" is:"advanced" doc:"Language and region, like de-DE."`
	Timezone     string            `json:"timezone" is:"advanced" doc:"Time zone, like Europe/Berlin."`
	UserAgent    string            `json:"user_agent" is:"advanced" doc:"What the browser calls itself."`
	Headers      map[string]string `json:"headers" is:"advanced" doc:"Headers of every request."`
	User         string            `json:"user" is:"advanced" doc:"User for pages that ask for one by basic or digest authentication."`
	Password     vault.Secret      `json:"password" is:"advanced" doc:"Password of the user."`
	Proxy        string            `json:"proxy" is:"advanced" doc:"Server to load pages through, like http://proxy:3128; none takes the robot's setting."`
	Latitude     *float64          `json:"latitude" min:"-90" max:"90" is:"advanced" doc:"Where the browser says it is, in degrees."`
	Longitude    *float64          `json:"longitude" min:"-180" max:"180" is:"advanced" doc:"Where the browser says it is, in degrees."`
	Certificates bool              `json:"ignore_certificates" is:"advanced" doc:"Whether to accept certificates that cannot be verified."`
}

type openOut struct {
	Arrived
	Browser string `json:"browser" doc:"Name and version of the browser."`
}

type attachIn struct {
	In
	Address string `json:"address" default:"http://127.0.0.1:9222" doc:"Address of the debugging port of the browser."`
}

func (in In) start(ctx context.Context, env *node.Env, w browser.Want) (*browser.Session, error) {
	if env.Sessions == nil {
		return nil, node.Fail(node.KindSession, "no browser can be opened here", "run the flow on a robot")
	}
	l, err := env.Sessions.Open(ctx, kind, in.Session, w)
	if err != nil {
		return nil, explain(ctx, env, nil, err)
	}
	s, ok := l.(*browser.Session)
	if !ok {
		return nil, fmt.Errorf("the session %q is a %T", in.Session, l)
	}
	s.Touch()
	return s, nil
}

func open(ctx context.Context, env *node.Env, in openIn) (_ openOut, ended error) {
	ctx, cancel := context.WithTimeout(ctx, in.Timeout)
	defer cancel()
	w := browser.Want{Make: in.Browser, Headless: in.Headless, Options: browser.Options{
		Width: in.Width, Height: in.Height, Mobile: in.Mobile, Locale: in.Locale, Timezone: in.Timezone, UserAgent: in.UserAgent,
		Headers: in.Headers, User: in.User, Password: in.Password.Reveal(), IgnoreCertificates: in.Certificates, Proxy: in.Proxy,
	}}
	if in.Scale != 1 {
		w.Scale = in.Scale
	}
	if in.Latitude != nil && in.Longitude != nil {
		w.Geolocation = &browser.Geolocation{Latitude: *in.Latitude, Longitude: *in.Longitude, Accuracy: 1}
	}
	s, err := in.start(ctx, env, w)
	if err != nil {
		return openOut{}, err
	}
	out := openOut{Browser: s.Product()}
	p, err := s.NewPage(ctx)
	if err != nil {
		return out, explain(ctx, env, nil, err)
	}
	tr := trace(env, s, p, true)
	defer func() { tr.end(ctx, ended) }()
	if in.URL == "" {
		out.URL = "about:blank"
		return out, nil
	}
	a, err := p.Goto(ctx, address(in.URL), browser.Loads[in.Until])
	if err != nil {
		return out, explain(ctx, env, p, err)
	}
	out.URL, out.Status = a.URL, a.Status
	return out, errorStatus(a, in.Any)
}
