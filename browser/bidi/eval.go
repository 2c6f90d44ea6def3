package bidi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/aether-rpa/aether/browser"
)

// world is the sandbox in which the library runs, apart from the page's scripts.
const world = "aether"

// channel is what scripts of the sandbox send to.
const channel = "aether"

// preload runs in each new document, in the library's world. It tells of each document that the page asks for, which
// the browser tells only when it has begun to load it, and what a frame is called.
var preload = `(tell) => {
	if (globalThis.__aetherTells) return;
	globalThis.__aetherTells = true;
	if (window !== window.top) tell('name:' + window.name);
	else if (window.navigation) window.navigation.addEventListener('navigate', e => {
		if (!e.hashChange && !e.destination.sameDocument && e.downloadRequest === null) tell('goes:' + e.destination.url);
	});
	` + browser.Library + `
}`

type remoteValue struct {
	Type     string          `json:"type"`
	SharedID string          `json:"sharedId"`
	Value    json.RawMessage `json:"value"`
}

type evaluated struct {
	Type             string
	Result           remoteValue
	ExceptionDetails struct {
		Text       string
		LineNumber int
	}
}

// failed is the script's error, nil for none.
func (e evaluated) failed() error {
	if e.Type != "exception" {
		return nil
	}
	x := e.ExceptionDetails
	s, _, _ := strings.Cut(strings.TrimPrefix(x.Text, "uncaught exception: "), "\n")
	line := x.LineNumber + 1
	if strings.HasPrefix(s, "SyntaxError") {
		line = 0 // it is counted from elsewhere
	}
	return &browser.ScriptError{Message: s, Line: line}
}

// json is what a script gave, packed as text.
func (e evaluated) json() (json.RawMessage, error) {
	if err := e.failed(); err != nil {
		return nil, err
	}
	if e.Result.Type != "string" {
		return nil, nil
	}
	var s string
	if err := json.Unmarshal(e.Result.Value, &s); err != nil {
		return nil, err
	}
	return json.RawMessage(s), nil
}

// vanished makes of an error that says that the document went away what it is.
func (t *tab) vanished(err error) error {
	if t.IsGone() {
		return browser.ErrGone
	}
	var e *refusal
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case "no such frame", "no such node", "no such handle", "stale element reference":
		return browser.ErrNavigated
	case "unknown error":
		for _, s := range []string{"AbortError", "destroyed", "DiscardedBrowsingContext", "dead object", "is no longer", "NS_ERROR_NOT_INITIALIZED"} {
			if strings.Contains(e.Message, s) {
				return browser.ErrNavigated
			}
		}
	}
	return err
}

func (t *tab) in(frame string, ours bool) (params, error) {
	t.Lock()
	known := t.Frame(frame) != nil
	t.Unlock()
	switch {
	case t.IsGone():
		return nil, browser.ErrGone
	case !known:
		return nil, browser.ErrNavigated
	case ours:
		return params{"context": frame, "sandbox": world}, nil
	}
	return params{"context": frame}, nil
}

// packed is an expression whose value comes as text.
func packed(expression string) string {
	return "Promise.resolve(" + expression + "\n).then(v => JSON.stringify(v))"
}

// quoted is a text as a script writes it.
func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(b)
}

// ask sends an expression in the library's world of a frame.
func (t *tab) ask(frame, expression string, gesture bool) pending {
	target, err := t.in(frame, true)
	if err != nil {
		return pending{err: err}
	}
	return t.send("script.evaluate", params{"expression": packed(expression), "target": target, "awaitPromise": true, "userActivation": gesture, "resultOwnership": "none"})
}

// Eval implements browser.Tab.
func (t *tab) Eval(ctx context.Context, frame, expression string, result any) error {
	return t.eval(ctx, frame, expression, false, result)
}

// Act implements browser.Tab.
func (t *tab) Act(ctx context.Context, frame, expression string, result any) error {
	if err := t.c.b.raise(ctx, t); err != nil {
		return err
	}
	return t.eval(ctx, frame, expression, true, result)
}

func (t *tab) eval(ctx context.Context, frame, expression string, gesture bool, result any) error {
	for try := 0; ; try++ {
		err := t.answer(ctx, t.ask(frame, expression, gesture), result)
		if err == nil || try > 0 || !strings.Contains(err.Error(), "__aether is not defined") {
			return err
		}
		// A document that was there before has no library.
		if _, err := t.function(ctx, frame, true, "() => {"+browser.Library+"}"); err != nil {
			return err
		}
	}
}

// answer takes what an expression gives.
func (t *tab) answer(ctx context.Context, p pending, result any) error {
	var e evaluated
	if err := p.wait(ctx, t.Gone(), &e); err != nil {
		return t.vanished(err)
	}
	raw, err := e.json()
	if err != nil || result == nil || len(raw) == 0 {
		return err
	}
	return json.Unmarshal(raw, result)
}

// function calls a function in a frame.
func (t *tab) function(ctx context.Context, frame string, ours bool, declaration string, args ...params) (evaluated, error) {
	var e evaluated
	target, err := t.in(frame, ours)
	if err != nil {
		return e, err
	}
	if args == nil {
		args = []params{}
	}
	err = t.call(ctx, "script.callFunction", params{"functionDeclaration": declaration, "target": target, "arguments": args, "awaitPromise": true, "userActivation": !ours}, &e)
	if err != nil {
		return e, t.vanished(err)
	}
	return e, e.failed()
}

func node(id string) params { return params{"sharedId": id} }

// object returns the id of a handle's element, which is that in every world.
func (t *tab) object(ctx context.Context, frame string, handle int) (string, error) {
	e, err := t.function(ctx, frame, true, fmt.Sprintf("() => globalThis.__aether ? __aether.element(%d) : null", handle))
	if err != nil {
		return "", err
	}
	if e.Result.SharedID == "" {
		return "", browser.ErrNavigated
	}
	return e.Result.SharedID, nil
}

// EvalPage implements browser.Tab.
func (t *tab) EvalPage(ctx context.Context, frame, function string, handle int, arg any) (json.RawMessage, error) {
	raw, err := json.Marshal(arg)
	if err != nil {
		return nil, err
	}
	args := []params{{"type": "string", "value": string(raw)}}
	if handle != 0 {
		id, err := t.object(ctx, frame, handle)
		if err != nil {
			return nil, err
		}
		args = append(args, node(id))
	}
	e, err := t.function(ctx, frame, false, "(aetherArg, ...aetherOn) => Promise.resolve(("+function+"\n)(...aetherOn, JSON.parse(aetherArg))).then(v => JSON.stringify(v))", args...)
	if err != nil {
		return nil, err
	}
	return e.json()
}

// Inside implements browser.Tab.
func (t *tab) Inside(ctx context.Context, frame string, handle int) (string, error) {
	e, err := t.function(ctx, frame, true, fmt.Sprintf("() => __aether.element(%d).contentWindow || null", handle))
	if err != nil || e.Result.Type != "window" {
		return "", err
	}
	var w struct{ Context string }
	return w.Context, errors.Join(json.Unmarshal(e.Result.Value, &w))
}

// owner returns the element that shows a frame, and the frame that it is in.
func (t *tab) owner(ctx context.Context, id string) (element, parent string, err error) {
	t.Lock()
	f := t.Frame(id)
	t.Unlock()
	if f == nil {
		return "", "", browser.ErrNavigated
	}
	var r struct{ Nodes []remoteValue }
	err = t.call(ctx, "browsingContext.locateNodes", params{"context": f.Parent, "locator": params{"type": "context", "value": params{"context": id}}}, &r)
	if err != nil {
		return "", "", t.vanished(err)
	}
	if len(r.Nodes) == 0 {
		return "", "", browser.ErrNavigated
	}
	return r.Nodes[0].SharedID, f.Parent, nil
}

// corner is where the content of a frame's element begins, and how it is scaled.
const corner = `e => { const r = e.getBoundingClientRect(), s = getComputedStyle(e), x = e.offsetWidth ? r.width / e.offsetWidth : 1, y = e.offsetHeight ? r.height / e.offsetHeight : 1;
	return JSON.stringify([r.x + (e.clientLeft + parseFloat(s.paddingLeft)) * x, r.y + (e.clientTop + parseFloat(s.paddingTop)) * y, x, y]); }`

// Locate implements browser.Tab. The frame's element may be scaled.
func (t *tab) Locate(ctx context.Context, frame string, x, y float64) (float64, float64, error) {
	for frame != t.ID() {
		element, parent, err := t.owner(ctx, frame)
		if err != nil {
			return 0, 0, err
		}
		e, err := t.function(ctx, parent, true, corner, node(element))
		if err != nil {
			return 0, 0, err
		}
		var at [4]float64
		raw, err := e.json()
		if err == nil {
			err = json.Unmarshal(raw, &at)
		}
		if err != nil {
			return 0, 0, err
		}
		x, y, frame = at[0]+x*at[2], at[1]+y*at[3], parent
	}
	return x, y, nil
}

type domNode struct {
	SharedID string
	Value    struct {
		Mode       string
		ShadowRoot *domNode
		Children   []domNode
	}
}

// Closed implements browser.Tab.
func (t *tab) Closed(ctx context.Context, frame string) (int, error) {
	target, err := t.in(frame, true)
	if err != nil {
		return 0, err
	}
	var r struct{ Result domNode }
	err = t.call(ctx, "script.evaluate", params{"expression": "document", "target": target, "awaitPromise": false, "serializationOptions": params{"maxDomDepth": nil, "includeShadowTree": "all"}}, &r)
	if err != nil {
		return 0, t.vanished(err)
	}
	var found [][2]string
	var walk func(domNode)
	walk = func(n domNode) {
		if s := n.Value.ShadowRoot; s != nil {
			if s.Value.Mode == "closed" {
				found = append(found, [2]string{n.SharedID, s.SharedID})
			}
			walk(*s)
		}
		for _, c := range n.Value.Children {
			walk(c)
		}
	}
	walk(r.Result)
	for _, p := range found {
		if _, err := t.function(ctx, frame, true, "(h, r) => { __aether.closed(h, r); }", node(p[0]), node(p[1])); err != nil {
			return 0, err
		}
	}
	return len(found), nil
}
