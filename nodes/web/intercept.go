package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	node.Register(node.Spec[interceptIn, interceptOut]{
		Type: "web.intercept", Title: "Intercept requests",
		Doc: "Blocks, answers or changes what the pages of the session load, from now on and in all its tabs; the first rule that matches decides. Used again it replaces the rules, and without any it ends them. " +
			"Pages load faster without pictures, fonts and what counts visitors; an answer of a service can be made up or changed to see what a page does with it. matched tells how many requests the rules before have decided.",
		Effect: node.Idempotent,
		Examples: []node.Example[interceptIn, interceptOut]{
			{Title: "Load no pictures, no fonts and no trackers", In: interceptIn{Block: []string{"images", "fonts", "analytics"}}, Out: interceptOut{Rules: 13}, DocOnly: needsBrowser},
			{
				Title: "Answer in place of a service", In: interceptIn{Rules: []ruleIn{{URL: "*/api/rates*", Do: "answer", JSON: map[string]any{"EUR": 1}}}},
				Out: interceptOut{Rules: 1}, DocOnly: needsBrowser,
			},
		},
		Check: func(in interceptIn) error { _, err := in.rules(); return err },
		Run: func(ctx context.Context, env *node.Env, in interceptIn) (interceptOut, error) {
			rules, err := in.rules()
			if err != nil {
				return interceptOut{}, node.Fail(node.KindInput, err.Error(), "")
			}
			return shaped(ctx, env, in.In, func(ctx context.Context, s *browser.Session) (interceptOut, error) {
				out := interceptOut{Rules: len(rules), Matched: s.Context().Matched()}
				return out, s.Shape(ctx, func(o *browser.Options) { o.Rules = rules })
			})
		},
	})
	node.Register(node.Spec[authIn, authOut]{
		Type: "web.auth", Title: "Sign in with HTTP authentication",
		Doc:      "Gives the user and the password that are answered from now on where a server asks for them by basic or digest authentication, in all tabs of the session. Without a user nothing is answered any more. A server that refuses them is a failure of the node that opens the page.",
		Effect:   node.Idempotent,
		Examples: []node.Example[authIn, authOut]{{Title: "Sign in at the intranet", In: authIn{User: "ada"}, Out: authOut{Active: true}, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in authIn) (authOut, error) {
			return shaped(ctx, env, in.In, func(ctx context.Context, s *browser.Session) (authOut, error) {
				return authOut{Active: in.User != ""}, s.Shape(ctx, func(o *browser.Options) { o.User, o.Password = in.User, in.Password.Reveal() })
			})
		},
	})
}

// shaped works on the session; a browser is opened if the run has none.
func shaped[T any](ctx context.Context, env *node.Env, in In, f func(ctx context.Context, s *browser.Session) (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, in.Timeout)
	defer cancel()
	s, err := in.open(ctx, env, true)
	var out T
	if err == nil {
		s.Touch()
		out, err = f(ctx, s)
		if page := (*browser.Failure)(nil); err != nil && !errors.As(err, &page) && !errors.Is(err, browser.ErrGone) && !errors.Is(err, browser.ErrUnsupported) && ctx.Err() == nil {
			return out, node.Fail(node.KindInput, "the browser refuses it: "+err.Error(), "")
		}
	}
	if err != nil {
		return out, explain(ctx, env, nil, err)
	}
	return out, nil
}

type interceptIn struct {
	In
	Block []string `json:"block" doc:"What not to load: images, fonts, media, styles, analytics (well-known services that count visitors and show advertisements), or addresses in which * stands for any characters."`
	Rules []ruleIn `json:"rules" doc:"What else becomes of requests."`
}

type ruleIn struct {
	URL     string            `json:"url" doc:"Addresses it means, in which * stands for any characters; none means all."`
	Types   []string          `json:"types" doc:"What it means of what pages load: document, style, image, media, font, script, xhr (what scripts fetch), websocket, other; none means all."`
	Method  string            `json:"method" doc:"HTTP method it means; none means all."`
	Do      string            `json:"do" default:"block" enum:"block,answer,change,pass" doc:"Whether to block the request, to answer it without the server, to change the server's answer, or to let it pass whatever later rules say."`
	Status  int               `json:"status" min:"0" max:"599" doc:"HTTP status of the answer; 0 is 200, or the server's own."`
	Headers map[string]string `json:"headers" doc:"Headers of the answer; where the server's is changed, an empty text removes one."`
	Body    string            `json:"body" doc:"Body of the answer."`
	JSON    any               `json:"json" doc:"Body of the answer as a value, which is sent as JSON."`
	Replace map[string]string `json:"replace" doc:"Texts to replace in the server's answer, which change does."`
}

type interceptOut struct {
	Rules   int `json:"rules" doc:"How many rules there now are."`
	Matched int `json:"matched" doc:"How many requests the rules before have decided."`
}

type authIn struct {
	In
	User     string       `json:"user" doc:"User name; none ends it."`
	Password vault.Secret `json:"password" doc:"Password of the user."`
}

type authOut struct {
	Active bool `json:"active" doc:"Whether servers are answered."`
}

// blocks are rules by the words of block.
var blocks = map[string][]browser.Rule{
	"images": {{Types: []string{"image"}}}, "fonts": {{Types: []string{"font"}}}, "media": {{Types: []string{"media"}}}, "styles": {{Types: []string{"style"}}},
	"analytics": {
		{URL: "*://*.google-analytics.com/*"}, {URL: "*://*.googletagmanager.com/*"}, {URL: "*://*.doubleclick.net/*"}, {URL: "*://*.googlesyndication.com/*"}, {URL: "*://connect.facebook.net/*"},
		{URL: "*://*.hotjar.com/*"}, {URL: "*://*.clarity.ms/*"}, {URL: "*://*.segment.com/*"}, {URL: "*://*.mixpanel.com/*"}, {URL: "*://bat.bing.com/*"}, {URL: "*://*.matomo.cloud/*"},
	},
}

// rules are all rules of the node: those of its own first, so that they can let pass what block would not.
func (in interceptIn) rules() ([]browser.Rule, error) {
	var out []browser.Rule
	for i, r := range in.Rules {
		rule := browser.Rule{URL: r.URL, Types: r.Types, Method: r.Method, Do: r.Do, Status: r.Status, Headers: r.Headers, Body: r.Body, Replace: r.Replace}
		for _, t := range r.Types {
			if !slices.Contains(browser.ResourceTypes, t) {
				return nil, fmt.Errorf("rule %d: pages load no %q; write of types %s", i+1, t, strings.Join(browser.ResourceTypes, ", "))
			}
		}
		answers := r.Status != 0 || len(r.Headers) > 0 || r.Body != "" || r.JSON != nil
		switch {
		case (r.Do == "block" || r.Do == "pass") && (answers || len(r.Replace) > 0):
			return nil, fmt.Errorf("rule %d: it has an answer, but do is %s; write do: answer or do: change", i+1, r.Do)
		case r.Do == "answer" && len(r.Replace) > 0:
			return nil, fmt.Errorf("rule %d: replace changes the server's answer; write do: change", i+1)
		case r.Do == "change" && !answers && len(r.Replace) == 0:
			return nil, fmt.Errorf("rule %d: it is not said what to change; give status, headers, body, json or replace", i+1)
		case r.Body != "" && r.JSON != nil:
			return nil, fmt.Errorf("rule %d: give body or json, not both", i+1)
		}
		if r.JSON != nil {
			b, err := json.Marshal(r.JSON)
			if err != nil {
				return nil, fmt.Errorf("rule %d: %w", i+1, err)
			}
			rule.Body = string(b)
			rule.Headers = map[string]string{"Content-Type": "application/json"}
			for k, v := range r.Headers {
				if strings.EqualFold(k, "Content-Type") {
					delete(rule.Headers, "Content-Type")
				}
				rule.Headers[k] = v
			}
		}
		out = append(out, rule)
	}
	for _, b := range in.Block {
		rules, ok := blocks[b]
		switch {
		case ok:
		case strings.ContainsAny(b, "*/."):
			rules = []browser.Rule{{URL: b}}
		case strings.Contains(b, "{{"):
			continue // it is known when the node runs
		default:
			return nil, fmt.Errorf("there is no %q to block; write images, fonts, media, styles, analytics or an address like *://ads.example.com/*", b)
		}
		for _, r := range rules {
			r.Do = browser.RuleBlock
			out = append(out, r)
		}
	}
	return out, nil
}
