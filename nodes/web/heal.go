package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

// wish is what a node says of the healing of its element.
type wish struct {
	policy    string
	sensitive bool
}

// healing are the params of the session with what the node says of healing.
func (a At) healing() In {
	a.wish = wish{a.Heal, a.Sensitive}
	return a.In
}

// keepTime bounds how long a node waits until what it learned or found is kept.
const keepTime = 10 * time.Second

// healer is the healing of one node execution; nil where there is none.
type healer struct {
	env    *node.Env
	policy string
	own    string // the node's own policy
	h      *browser.Healing
}

// heals begins the healing of a node execution.
func heals(env *node.Env, in In, s *browser.Session) *healer {
	if env.Elements == nil {
		return nil
	}
	policy := in.wish.policy
	if policy == "" {
		policy = env.Elements.Policy()
	}
	if policy == "" || policy == node.HealOff {
		return nil
	}
	x := &healer{env: env, policy: policy, own: in.wish.policy}
	x.h = &browser.Healing{
		Act: policy == node.HealRun || policy == node.HealPropose, Sensitive: in.wish.sensitive,
		Memory: s.Memory(), Scope: env.Run.Flow + "\n" + env.Run.Node,
		Known: x.known, Judged: x.judged, Report: x.report, Words: x.words,
	}
	if a := env.Elements.Adviser(); a != nil {
		x.h.Advise = func(ctx context.Context, q browser.Question) (browser.Advice, error) { return x.advise(ctx, a, q) }
	}
	return x
}

// advise asks an adviser, who sees no secret.
func (x *healer) advise(ctx context.Context, a node.Adviser, q browser.Question) (browser.Advice, error) {
	d := node.Doubt{Action: q.Action, URL: q.URL, Before: unseen(masked(x.env, q.Before))}
	if x.env.Mask != nil {
		d.URL, _ = x.env.Mask(q.URL).(string)
	}
	for _, c := range q.Candidates {
		d.Candidates = append(d.Candidates, unseen(masked(x.env, c)))
	}
	got, err := a.Advise(ctx, d)
	if err != nil {
		x.log("there is no advice on an element", err)
		return browser.Advice{Choice: -1, Model: got.Model}, err
	}
	return browser.Advice{Choice: got.Choice, Reason: got.Reason, Model: got.Model}, nil
}

// advised is what an adviser said, as evidence.
func (x *healer) advised(a *browser.Advised) any {
	var list []any
	for _, c := range a.Candidates {
		list = append(list, plainOf(unseen(masked(x.env, c))))
	}
	out := map[string]any{"model": a.Model, "choice": a.Choice + 1, "reason": a.Reason, "ms": float64(a.Took) / float64(time.Millisecond), "candidates": list}
	if a.Err != nil {
		out["error"] = a.Err.Error()
	}
	return out
}

// on makes the actions of a context heal.
func (x *healer) on(ctx context.Context) context.Context {
	if x == nil {
		return ctx
	}
	return browser.WithHealing(ctx, x.h)
}

// known is what an element looked like. What cannot be read is unknown: the queries are what the flow goes by.
func (x *healer) known(ctx context.Context, target string) *selector.Print {
	p, ok, err := x.env.Elements.Known(ctx, target)
	if err != nil {
		x.log("what an element looked like is not known", err)
	}
	if err != nil || !ok {
		return nil
	}
	return &p
}

func (x *healer) judged(ctx context.Context, target string) (agreed, rejected []selector.Print) {
	j, err := x.env.Elements.Judged(ctx, target)
	if err != nil {
		x.log("what people have said of an element is not known", err)
	}
	return j.Agreed, j.Rejected
}

func (x *healer) log(text string, err error) {
	if x.env.Log != nil {
		x.env.Log.Warn(text, "error", err)
	}
}

// doubt makes of a failure one that a person may settle, where the element that was probably meant is proposed.
func (x *healer) doubt(err, failed error) error {
	var page *browser.Failure
	var f *node.Failure
	if x == nil || x.policy != node.HealPropose || !errors.As(err, &page) || page.Acted || page.Healing == nil || page.Healing.Outcome != browser.OutcomeAsked || !errors.As(failed, &f) {
		return failed
	}
	f.Hint = "approve or reject what was found (`aether heal list`, or the page Healing), then let the step look again"
	return &node.DoubtError{Failure: f}
}

// learn keeps what the elements of a node that succeeded look like.
func (x *healer) learn(ctx context.Context) {
	if x == nil {
		return
	}
	for target, query := range x.h.Resolved() {
		x.env.Elements.Resolved(target, query)
	}
	seen := x.h.Seen()
	if len(seen) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer cancel()
	for target, p := range seen {
		if err := x.env.Elements.Saw(ctx, target, masked(x.env, p)); err != nil {
			x.log("what an element looks like was not kept", err)
		}
	}
}

// report tells of an element that was found again, or was not.
func (x *healer) report(ctx context.Context, h browser.Healed) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keepTime)
	defer cancel()
	before := masked(x.env, h.Before)
	out := node.Heal{
		Target: h.Target, Outcome: h.Outcome, Policy: x.own, Action: h.Action, Sensitive: h.Sensitive, Mismatch: h.Mismatch, P: h.P, Margin: h.Margin,
		Before: before, Repaired: h.Repaired, Vetoes: h.Vetoes, URL: h.URL, Millis: float64(h.Took) / float64(time.Millisecond),
	}
	if h.Found != nil {
		f := masked(x.env, *h.Found)
		out.Found = &f
	}
	if out.Repaired.Print != nil {
		f := masked(x.env, *out.Repaired.Print)
		out.Repaired.Print = &f
	}
	var table []any
	for _, c := range h.Top {
		table = append(table, map[string]any{"element": plainOf(masked(x.env, c.Print)), "score": c.Score, "share": c.Share, "compared": plainOf(c.Evidence)})
	}
	evidence := map[string]any{"candidates": table}
	if h.Advice != nil {
		evidence["advice"] = x.advised(h.Advice)
	}
	out.Evidence = evidence
	out.Screenshot = x.keep(ctx, h.Picture)
	if h.Page != nil {
		if b, err := json.Marshal(maskedPage(x.env, h.Page)); err == nil {
			out.Page = x.keep(ctx, b)
		}
	}
	return x.env.Elements.Healed(ctx, out)
}

// keep puts content into the artifact store and returns its digest, "" where it cannot be kept.
func (x *healer) keep(ctx context.Context, b []byte) string {
	if x.env.Artifacts == nil || len(b) == 0 {
		return ""
	}
	digest, _, err := x.env.Artifacts.Put(ctx, func(w io.Writer) error { _, err := io.Copy(w, bytes.NewReader(b)); return err })
	if err != nil {
		x.log("the evidence of an element that was found again was not kept", err)
		return ""
	}
	return digest
}

// masked is a print without the secrets that the run has read. Where it held one its picture shows it, too, and is
// left out.
func masked(env *node.Env, p selector.Print) selector.Print {
	if env.Mask == nil {
		return p
	}
	look := p.Look
	p.Look = ""
	was, err := json.Marshal(plainOf(p))
	b, err2 := json.Marshal(env.Mask(plainOf(p)))
	var out selector.Print
	if err != nil || err2 != nil || json.Unmarshal(b, &out) != nil {
		return selector.Print{V: p.V, Tag: p.Tag} // better nothing than a secret
	}
	if bytes.Equal(was, b) {
		out.Look = look
	}
	return out
}

// maskedPage is what the elements of a page look like without the secrets that the run has read.
func maskedPage(env *node.Env, page *heal.Page) any {
	out := *page
	out.Elements = slices.Clone(page.Elements)
	for i := range out.Elements {
		if e := &out.Elements[i]; e.Look != "" {
			e.Look = masked(env, e.Print).Look
		}
	}
	v := plainOf(&out)
	if env.Mask != nil {
		v = env.Mask(v)
	}
	return v
}

// unseen is a print without its picture.
func unseen(p selector.Print) selector.Print {
	p.Look = ""
	return p
}

// plainOf is a value as JSON has it.
func plainOf(v any) any {
	var out any
	if b, err := json.Marshal(v); err == nil {
		_ = json.Unmarshal(b, &out) // what was just written can be read
	}
	return out
}

// meant is what a failure tells of the element that was probably meant.
func meant(h *browser.Healed) map[string]any {
	vetoes := make([]any, len(h.Vetoes))
	for i, v := range h.Vetoes {
		vetoes[i] = v
	}
	out := map[string]any{"outcome": h.Outcome, "p": h.P, "vetoes": vetoes}
	if h.Found != nil {
		out["element"] = h.Named()
		if len(h.Repaired.Queries) > 0 {
			t := h.Repaired
			t.Print = nil
			out["target"] = t.ToValue()
		}
	}
	return out
}
