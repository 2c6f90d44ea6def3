package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

func init() {
	count := 3
	shown := false
	total := "12.50 EUR"
	node.Register(node.Spec[assertIn, assertOut]{
		Type: "web.assert", Title: "Assert of page",
		Doc: "Fails, with the kind assert, unless the page is as it should be, and says what is there instead. All that is given must hold; each may take until timeout to come true. " +
			"What belongs to an element needs a target: text, value, shown, count, checked, enabled.",
		Effect: node.Read,
		Examples: []node.Example[assertIn, assertOut]{
			{Title: "The total", In: assertIn{Target: selector.Must("testid=total"), Text: &total, Match: "equals"}, Out: assertOut{Held: 1}, DocOnly: needsBrowser},
			{Title: "No error is shown", In: assertIn{Target: selector.Must("role=alert"), Shown: &shown}, Out: assertOut{Held: 1}, DocOnly: needsBrowser},
			{Title: "Three rows, on the right page", In: assertIn{Target: selector.Must("css=tbody tr"), Count: &count, URL: "/orders*"}, Out: assertOut{Held: 2}, DocOnly: needsBrowser},
		},
		Check: func(in assertIn) error {
			element := in.Text != nil || in.Value != nil || in.Shown != nil || in.Count != nil || in.Checked != nil || in.Enabled != nil
			switch {
			case !element && in.URL == "" && in.Title == "":
				return errors.New("say what is to hold: text, value, shown, count, checked, enabled, url or title")
			case element && !in.Target.Given() && (in.Text == nil || in.Value != nil || in.Shown != nil || in.Count != nil || in.Checked != nil || in.Enabled != nil):
				return errors.New("name the element by target; only a text may be that of the whole page")
			case in.Target.Given() && !element:
				return errors.New("say what is to hold of the target: text, value, shown, count, checked or enabled")
			}
			return nil
		},
		Run: assert,
	})
}

type assertIn struct {
	Session string          `json:"session" default:"browser" is:"advanced" doc:"Name of the browser session, if a run works in several at once."`
	Target  selector.Target `json:"target" widget:"selector" doc:"Element, named as in web.click."`
	Text    *string         `json:"text" doc:"Text of the element, or of the page for no target."`
	Value   *string         `json:"value" doc:"Value of the field."`
	Match   string          `json:"match" default:"contains" enum:"contains,equals,regex" doc:"How text and title are compared; a value must be equal, or match as a regular expression."`
	Shown   *bool           `json:"shown" doc:"Whether it can be seen; one that is not there cannot."`
	Count   *int            `json:"count" min:"0" doc:"How many elements match that can be seen."`
	Checked *bool           `json:"checked" doc:"Whether it is checked."`
	Enabled *bool           `json:"enabled" doc:"Whether it is enabled."`
	URL     string          `json:"url" doc:"Address of the page: * stands for any characters, what begins with / is compared with the path alone, and between slashes stands a regular expression."`
	Title   string          `json:"title" doc:"Title of the page."`
	Message string          `json:"message" is:"advanced" doc:"What to say before what is wrong, for instance why it matters."`
	Timeout time.Duration   `json:"timeout" default:"5s" min:"1ms" is:"advanced" doc:"How long it may take to come true."`
}

type assertOut struct {
	Held int `json:"held" doc:"How many things were looked at, all of which hold."`
}

// claim is one thing that is to hold. is looks once and returns what there is.
type claim struct {
	what string // the text, the address
	want any
	is   func(ctx context.Context, p *browser.Page) (got any, element string, holds bool, err error)
}

// What is said of claims that are compared as texts.
const (
	theURL   = "the address"
	theTitle = "the title"
	theText  = "the text"
	theValue = "the value"
)

// lookTime bounds a single look at the page when the time of an assertion is over.
const lookTime = 2 * time.Second

func assert(ctx context.Context, env *node.Env, in assertIn) (assertOut, error) {
	claims, err := in.claims()
	if err != nil {
		return assertOut{}, err
	}
	until := time.Now().Add(in.Timeout)
	return look(ctx, env, In{Session: in.Session, Timeout: in.Timeout + 2*lookTime}, func(ctx context.Context, p *browser.Page) (assertOut, error) {
		for _, c := range claims {
			if err := in.holds(ctx, env, p, c, until); err != nil {
				return assertOut{}, err
			}
		}
		return assertOut{Held: len(claims)}, nil
	})
}

// holds looks at a claim until it holds or the time is over.
func (in assertIn) holds(ctx context.Context, env *node.Env, p *browser.Page, c claim, until time.Time) error {
	for {
		short, cancel := context.WithTimeout(ctx, lookTime)
		got, element, ok, err := c.is(short, p)
		cancel()
		k := reason(err)
		switch {
		case ok && err == nil:
			return nil
		case k == browser.NotFound || k == browser.Hung && ctx.Err() == nil: // it went away while it was looked at
			got, element = nil, ""
		case err != nil:
			return err
		}
		if time.Now().After(until) || ctx.Err() != nil {
			return in.failure(ctx, env, p, c, got, element)
		}
		select {
		case <-ctx.Done():
		case <-time.After(40 * time.Millisecond):
		}
	}
}

func (in assertIn) failure(ctx context.Context, env *node.Env, p *browser.Page, c claim, got any, element string) error {
	msg := c.what
	if element != "" {
		msg += " of " + element
	} else if in.Target.Given() && c.what != theURL && c.what != theTitle {
		msg += " of " + in.Target.String()
	}
	how := "and not"
	switch {
	case in.Match == "regex" && (c.what == theText || c.what == theTitle || c.what == theValue):
		how = "and does not match"
	case in.Match == "contains" && (c.what == theText || c.what == theTitle):
		how = "and does not contain"
	}
	if s, ok := got.(string); ok {
		got = short(s)
	}
	if got == nil {
		msg = fmt.Sprintf("no element matches %s, and %s is to be %s", in.Target.String(), c.what, said(c.want))
	} else {
		msg = fmt.Sprintf("%s is %s %s %s", msg, said(got), how, said(c.want))
	}
	if in.Message != "" {
		msg = in.Message + ": " + msg
	}
	f := node.Fail(node.KindAssert, msg, "look at the picture of the page")
	f.Permanent = true
	details := map[string]any{"reason": "assert", "what": c.what, "want": c.want, "got": got, "url": p.Frames()[0].URL}
	if digest := picture(ctx, env, p); digest != "" {
		details["screenshot"] = digest
	}
	f.Details = details
	return f
}

func said(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(v)
}

// short is the beginning of a long text.
func short(s string) string {
	s = squeeze(s)
	if r := []rune(s); len(r) > 200 {
		return string(r[:200]) + "…"
	}
	return s
}

func (in assertIn) claims() ([]claim, error) {
	var all []claim
	add := func(what string, want any, is func(ctx context.Context, p *browser.Page) (any, string, bool, error)) {
		all = append(all, claim{what, want, is})
	}
	if in.URL != "" {
		fits, err := matchURL(in.URL)
		if err != nil {
			return nil, err
		}
		add(theURL, in.URL, func(_ context.Context, p *browser.Page) (any, string, bool, error) {
			u := p.Frames()[0].URL
			return u, "", fits(u), nil
		})
	}
	if in.Title != "" {
		fits, err := matchText(in.Title, in.Match)
		if err != nil {
			return nil, err
		}
		add(theTitle, in.Title, func(ctx context.Context, p *browser.Page) (any, string, bool, error) {
			s, _, err := readOf[string](ctx, p, selector.Must("css=html"), "title", "")
			return s, "", fits(s), err
		})
	}
	if in.Shown != nil {
		want := map[bool]string{true: "shown", false: "hidden"}
		add("the element", want[*in.Shown], func(ctx context.Context, p *browser.Page) (any, string, bool, error) {
			n, err := p.Count(ctx, in.Target, true)
			return want[n > 0], "", (n > 0) == *in.Shown, err
		})
	}
	if in.Count != nil {
		add("the number", *in.Count, func(ctx context.Context, p *browser.Page) (any, string, bool, error) {
			n, err := p.Count(ctx, in.Target, true)
			return n, "", n == *in.Count, err
		})
	}
	of := func(what string, want any, read string, holds func(raw json.RawMessage) (any, bool)) {
		t := in.Target
		if !t.Given() {
			t = whole
		}
		add(what, want, func(ctx context.Context, p *browser.Page) (any, string, bool, error) {
			if n, err := p.Count(ctx, t, false); err != nil || n == 0 {
				return nil, "", false, err
			}
			raw, f, err := p.Read(ctx, t, read, "")
			if err != nil {
				return nil, "", false, err
			}
			got, ok := holds(raw)
			return got, f.Element, ok, nil
		})
	}
	text := func(what string, want *string, how, read string) error {
		if want == nil {
			return nil
		}
		fits, err := matchText(*want, how)
		of(what, *want, read, func(raw json.RawMessage) (any, bool) {
			var s string
			ok := json.Unmarshal(raw, &s) == nil && fits(s)
			return s, ok
		})
		return err
	}
	how := in.Match
	if how != "regex" {
		how = "equals"
	}
	if err := errors.Join(text(theText, in.Text, in.Match, "text"), text(theValue, in.Value, how, "value")); err != nil {
		return nil, err
	}
	if in.Checked != nil {
		word := map[bool]string{true: "checked", false: "not checked"}
		of("the state", word[*in.Checked], "checked", func(raw json.RawMessage) (any, bool) {
			var b *bool
			if json.Unmarshal(raw, &b) != nil || b == nil {
				return "nothing that can be checked", false
			}
			return word[*b], *b == *in.Checked
		})
	}
	if in.Enabled != nil {
		word := map[bool]string{true: "enabled", false: "disabled"}
		of("the state", word[*in.Enabled], "state", func(raw json.RawMessage) (any, bool) {
			var s struct{ Enabled bool }
			if json.Unmarshal(raw, &s) != nil {
				return "unknown", false
			}
			return word[s.Enabled], s.Enabled == *in.Enabled
		})
	}
	return all, nil
}
