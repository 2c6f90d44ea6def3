package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/selector"
)

// ScriptError is the error of a page's script, with the line of it where that is known.
type ScriptError struct {
	Message string
	Line    int // from 1; 0 is unknown
}

// Error implements error.
func (e *ScriptError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("%s (line %d)", e.Message, e.Line)
	}
	return e.Message
}

// Scripted is what a script gave.
type Scripted struct {
	Value   json.RawMessage
	Arrival *Arrival // where the page went because of it, nil if it stayed
}

// A script is tried as an expression first, which may be a function, and then as the body of one. What is wrong in
// its form is found before anything of it runs, so that trying twice does nothing twice. It stands in a line of its
// own, so that lines can be counted.
const (
	scriptAsExpression = "async function aetherScript(...given) { const [element, args] = given.length > 1 ? given : [null, given[0]];\ntry { let value = (\n%s\n); if (typeof value === 'function') value = value(args, element); return aetherPack(await value); } catch (e) { return aetherCaught(e); }\n%s }"
	scriptAsBody       = "async function aetherScript(...given) { const [element, args] = given.length > 1 ? given : [null, given[0]];\ntry { return aetherPack(await (async () => { \n%s\n})()); } catch (e) { return aetherCaught(e); }\n%s }"
	// scriptTail makes of what a script gives something that can be sent.
	scriptTail = `function aetherPack(v) {
		if (v === undefined) return {value: null};
		if (v instanceof Node || v instanceof Window || v instanceof NodeList || v instanceof HTMLCollection) return {error: 'it gives an element of the page, which is no value: give its text or an attribute'};
		if (typeof v === 'bigint') return {value: String(v)};
		if (typeof v === 'function' || typeof v === 'symbol') return {error: 'it gives a ' + typeof v + ', which is no value'};
		try { const text = JSON.stringify(v, (k, x) => typeof x === 'bigint' ? String(x) : x instanceof Map ? Object.fromEntries(x) : x instanceof Set ? [...x] : x); return {value: JSON.parse(text ?? 'null')}; }
		catch (e) { return {error: 'what it gives is no value: ' + e.message}; }
	}
	function aetherCaught(e) {
		const known = e instanceof Error || e && e.message !== undefined;
		return {error: known ? (e.name || 'Error') + ': ' + e.message : String(e), stack: known ? String(e.stack || '') : ''};
	}`
	scriptLead = 2 // lines before the script
)

var stackLine = regexp.MustCompile(`<anonymous>:(\d+):\d+`)

// Script runs a script in the page's own world: an expression, a function that is called with args and the element of
// the target, or the body of one, which sees both as args and element. A navigation that it begins is awaited.
func (p *Page) Script(ctx context.Context, t selector.Target, script string, args any) (Scripted, error) {
	ctx, end := p.begin(ctx)
	defer end()
	handle := 0
	frame, err := p.inFrame(ctx, selector.Target{})
	if err == nil && t.Given() {
		var s sight
		s, err = p.ready(ctx, lookFor{Target: t, Action: "read"})
		frame, handle = s.frame, s.Handle
	}
	if err != nil {
		return Scripted{}, err
	}
	single := strings.TrimRight(script, "; \t\r\n") // "document.title;" is meant as the expression it begins with
	raw, err := p.EvalPage(ctx, frame, fmt.Sprintf(scriptAsExpression, single, scriptTail), handle, args)
	var bad *ScriptError
	if errors.As(err, &bad) && strings.HasPrefix(bad.Message, "SyntaxError") {
		raw, err = p.EvalPage(ctx, frame, fmt.Sprintf(scriptAsBody, script, scriptTail), handle, args)
	}
	var out Scripted
	switch {
	case errors.As(err, &bad):
		if bad.Line > scriptLead {
			bad.Line -= scriptLead
		}
		return out, &Failure{Kind: Script, Action: "evaluate", Target: t, Detail: bad.Error()}
	case errors.Is(err, ErrNavigated):
		out.Arrival, err = p.settle(ctx, "evaluate", t)
		return out, err
	case err != nil:
		return out, p.acted(p.ended(ctx, "evaluate", t, nil, err))
	}
	var r struct {
		Value        json.RawMessage `json:"value"`
		Error, Stack string
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return out, fmt.Errorf("reading what the script gave: %w", err)
	}
	if r.Error != "" {
		e := &ScriptError{Message: r.Error}
		if m := stackLine.FindStringSubmatch(r.Stack); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil && n > scriptLead {
				e.Line = n - scriptLead
			}
		}
		return out, &Failure{Kind: Script, Action: "evaluate", Target: t, Detail: e.Error(), Acted: true}
	}
	out.Value = r.Value
	out.Arrival, err = p.settle(ctx, "evaluate", t)
	return out, err
}
