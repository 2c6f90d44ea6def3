package web

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	node.Register(node.Spec[cookieFilter, cookiesOut]{
		Type: "web.cookies_get", Title: "Get cookies",
		Doc:    "Reads the cookies of the session, all of them or those of a name or a domain. What they hold may let others act in the user's name: it stands in the outputs of the run.",
		Effect: node.Read,
		Examples: []node.Example[cookieFilter, cookiesOut]{{
			Title: "Read the language", In: cookieFilter{Name: "lang"},
			Out: cookiesOut{Cookies: []any{map[string]any{"name": "lang", "value": "lv", "domain": "shop.example.com", "path": "/", "expires": nil, "secure": true, "http_only": false, "same_site": "Lax"}}, Count: 1, Value: "lv"}, DocOnly: needsBrowser,
		}},
		Run: func(ctx context.Context, env *node.Env, in cookieFilter) (cookiesOut, error) {
			return work(ctx, env, in.In, true, func(ctx context.Context, s *browser.Session, _ *browser.Page) (cookiesOut, error) {
				all, err := s.Context().Cookies(ctx)
				out := cookiesOut{Cookies: []any{}}
				for _, c := range all {
					if !in.means(c) {
						continue
					}
					if out.Count == 0 {
						out.Value = c.Value
					}
					out.Count++
					m := map[string]any{"name": c.Name, "value": c.Value, "domain": c.Domain, "path": c.Path, "expires": nil, "secure": c.Secure, "http_only": c.HTTPOnly, "same_site": c.SameSite}
					if c.Expires > 0 {
						m["expires"] = time.Unix(int64(c.Expires), 0).UTC().Format(time.RFC3339)
					}
					out.Cookies = append(out.Cookies, m)
				}
				return out, err
			})
		},
	})
	node.Register(node.Spec[cookiesSetIn, howMany]{
		Type: "web.cookies_set", Title: "Set cookies",
		Doc:      "Sets cookies, as web.cookies_get gives them, and reads them back. One without a domain is for the current page. It is a failure if the browser does not keep one, as it does with wrong domains and with secure cookies of insecure pages.",
		Effect:   node.Idempotent,
		Examples: []node.Example[cookiesSetIn, howMany]{{Title: "Choose the language", In: cookiesSetIn{Cookies: []cookieIn{{Name: "lang", Value: "lv", Domain: "shop.example.com"}}}, Out: howMany{Count: 1}, DocOnly: needsBrowser}},
		Run:      setCookies,
	})
	node.Register(node.Spec[cookieFilter, howMany]{
		Type: "web.cookies_clear", Title: "Clear cookies",
		Doc:      "Deletes the cookies of the session, all of them or those of a name or a domain, and sees that they are gone.",
		Effect:   node.Idempotent,
		Examples: []node.Example[cookieFilter, howMany]{{Title: "Forget a login", In: cookieFilter{Domain: "shop.example.com"}, Out: howMany{Count: 3}, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in cookieFilter) (howMany, error) {
			return do(ctx, env, in.In, true, func(ctx context.Context, s *browser.Session, _ *browser.Page) (howMany, error) {
				all, err := s.Context().Cookies(ctx)
				if err != nil {
					return howMany{}, err
				}
				keep := slices.DeleteFunc(slices.Clone(all), in.means)
				if len(keep) == len(all) {
					return howMany{}, nil
				}
				if err := s.Context().ClearCookies(ctx); err != nil {
					return howMany{}, err
				}
				if len(keep) > 0 {
					err = s.Context().SetCookies(ctx, keep)
				}
				return howMany{Count: len(all) - len(keep)}, err
			})
		},
	})
}

type cookieFilter struct {
	In
	Name   string `json:"name" doc:"Name of the cookies; none means all."`
	Domain string `json:"domain" doc:"Domain of the cookies, with those below it; none means all."`
}

func (f cookieFilter) means(c browser.Cookie) bool {
	d := strings.TrimPrefix(c.Domain, ".")
	want := strings.TrimPrefix(strings.ToLower(f.Domain), ".")
	return (f.Name == "" || f.Name == c.Name) && (want == "" || d == want || strings.HasSuffix(d, "."+want))
}

type cookiesOut struct {
	Cookies []any  `json:"cookies" doc:"The cookies: name, value, domain, path, expires (a time, null for one that ends with the session), secure, http_only and same_site."`
	Count   int    `json:"count" doc:"How many there are."`
	Value   string `json:"value" doc:"What the first of them holds."`
}

type cookiesSetIn struct {
	In
	Cookies []cookieIn `json:"cookies" is:"required" doc:"The cookies."`
}

type cookieIn struct {
	Name     string       `json:"name" is:"required" doc:"Name of the cookie."`
	Value    string       `json:"value" doc:"What it holds."`
	Secret   vault.Secret `json:"secret" doc:"The same for a secret."`
	Domain   string       `json:"domain" doc:"Domain it is for, with a dot before it for all below it; none is that of url, or of the current page."`
	Path     string       `json:"path" default:"/" doc:"Path it is for."`
	URL      string       `json:"url" doc:"Address of a page it is for, instead of a domain."`
	Expires  string       `json:"expires" doc:"When it ends, like 2027-01-31T12:00:00Z; none ends it with the session."`
	Secure   bool         `json:"secure" doc:"Whether it is for secure connections only."`
	HTTPOnly bool         `json:"http_only" doc:"Whether scripts of pages cannot read it."`
	SameSite string       `json:"same_site" enum:",Strict,Lax,None" doc:"Which pages may send it: Strict, Lax or None."`
}

type howMany struct {
	Count int `json:"count" doc:"How many it were."`
}

func (in cookieIn) cookie(page string) (browser.Cookie, error) {
	c := browser.Cookie{Name: in.Name, Value: in.Value, Domain: in.Domain, Path: in.Path, URL: in.URL, Secure: in.Secure, HTTPOnly: in.HTTPOnly, SameSite: in.SameSite}
	if !in.Secret.Empty() {
		c.Value = in.Secret.Reveal()
	}
	if in.Expires != "" {
		at, err := time.Parse(time.RFC3339, in.Expires)
		if err != nil {
			return c, fmt.Errorf("the cookie %s: expires is written like 2027-01-31T12:00:00Z, not %q", in.Name, in.Expires)
		}
		c.Expires = float64(at.Unix())
	}
	if c.Domain != "" || c.URL != "" {
		return c, nil
	}
	u, err := url.Parse(page)
	if err != nil || u.Host == "" {
		return c, fmt.Errorf("the cookie %s: it is not said for which site it is, and %s is none; give domain or url", in.Name, page)
	}
	c.URL = u.Scheme + "://" + u.Host + "/"
	return c, nil
}

func setCookies(ctx context.Context, env *node.Env, in cookiesSetIn) (howMany, error) {
	return do(ctx, env, in.In, true, func(ctx context.Context, s *browser.Session, p *browser.Page) (howMany, error) {
		cookies := make([]browser.Cookie, len(in.Cookies))
		for i, c := range in.Cookies {
			var err error
			if cookies[i], err = c.cookie(p.Frames()[0].URL); err != nil {
				return howMany{}, node.Fail(node.KindInput, err.Error(), "")
			}
		}
		if len(cookies) == 0 {
			return howMany{}, nil
		}
		refused := func(why string) error {
			return node.Fail(node.KindInput, why, "look at the domain, and at secure and same_site: None needs secure, and secure a page of https")
		}
		if err := s.Context().SetCookies(ctx, cookies); err != nil {
			if errors.Is(err, browser.ErrGone) || ctx.Err() != nil {
				return howMany{}, err
			}
			return howMany{}, refused("the browser refuses the cookies: " + err.Error())
		}
		have, err := s.Context().Cookies(ctx)
		if err != nil {
			return howMany{}, err
		}
		for _, c := range cookies {
			if !slices.ContainsFunc(have, func(h browser.Cookie) bool { return h.Name == c.Name && h.Value == c.Value }) {
				return howMany{}, refused("the browser did not keep the cookie " + c.Name)
			}
		}
		return howMany{Count: len(cookies)}, nil
	})
}
