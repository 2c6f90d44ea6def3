package element_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

var at = element.Place{Flow: "orders", Node: "send"}

// button is a print of a button; n tells one from another.
func button(name string, n int) selector.Print {
	return selector.Print{V: 1, Tag: "button", Role: "button", Name: name, Text: name, ID: fmt.Sprintf("b%d", n), Path: fmt.Sprintf("/html[1]/body[1]/div[%d]/button[1]", n), IDPath: fmt.Sprintf("//*[@id='b%d']", n)}
}

func link(name string) selector.Print {
	return selector.Print{V: 1, Tag: "a", Role: "link", Name: name, Text: name, Href: "/" + name, Path: "/html[1]/body[1]/nav[1]/ul[1]/li[3]/a[1]"}
}

// healed is a report of a run.
func healed(t *testing.T, run, path string, found selector.Print, change func(*node.Heal)) *element.Report {
	t.Helper()
	h := node.Heal{Target: selector.Must("css=#send"), Outcome: element.Healed, Policy: node.HealPropose, P: .93, Margin: 2, Before: button("Send", 1), Found: &found,
		Repaired: selector.Must("id=" + found.ID + "x"), Evidence: map[string]any{"top": []any{1}}, URL: "http://example.com/a", Millis: 12}
	if change != nil {
		change(&h)
	}
	r, err := element.ReportOf(at, run, path, h, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Root = at.Flow
	return r
}

type book struct {
	*element.Store
	t *testing.T
	d *db.DB
}

func each(t *testing.T, fn func(b book)) {
	t.Helper()
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		d := dbtest.Open(t, target)
		fn(book{element.New(d), t, d})
	})
}

func (b book) report(r *element.Report) (id int64, fresh bool) {
	b.t.Helper()
	id, fresh, err := b.Report(b.t.Context(), r)
	if err != nil {
		b.t.Fatal(err)
	}
	return id, fresh
}

func (b book) settle(run, path string, worked bool) {
	b.t.Helper()
	if err := b.Settle(b.t.Context(), run, path, worked); err != nil {
		b.t.Fatal(err)
	}
}

func (b book) want(id int64, state element.State, runs, streak, changed int64) *element.Heal {
	b.t.Helper()
	h, err := b.Get(b.t.Context(), id)
	if err != nil {
		b.t.Fatal(err)
	}
	if h.State != state || h.Runs != runs || h.Streak != streak || h.Changed != changed {
		b.t.Errorf("heal %d: %s, %d runs, streak %d, changed %d; want %s %d %d %d", id, h.State, h.Runs, h.Streak, h.Changed, state, runs, streak, changed)
	}
	return h
}

func TestPrints(t *testing.T) {
	each(t, func(b book) {
		ctx := b.t.Context()
		for i := range 60 {
			if err := b.Saw(ctx, at, fmt.Sprintf("css=#row-%d", i), button("Row", i)); err != nil {
				b.t.Fatal(err)
			}
		}
		if err := b.Saw(ctx, at, "css=#row-59", button("Other", 59)); err != nil {
			b.t.Fatal(err)
		}
		if err := b.Saw(ctx, element.Place{Flow: "orders", Node: "other"}, "css=#x", button("X", 1)); err != nil {
			b.t.Fatal(err)
		}
		k, err := b.Known(ctx, at)
		if err != nil {
			b.t.Fatal(err)
		}
		if len(k.Prints) != 50 || k.Prints["css=#row-59"].Name != "Other" || k.Prints["css=#row-0"].V != 0 && k.Prints["css=#row-59"].V == 0 {
			b.t.Errorf("%d prints, the last %+v", len(k.Prints), k.Prints["css=#row-59"])
		}
	})
}

func TestReportOnce(t *testing.T) {
	each(t, func(b book) {
		id, fresh := b.report(healed(b.t, "r1", "send", button("Send now", 2), nil))
		again, more := b.report(healed(b.t, "r1", "send", button("Send now", 2), nil))
		if !fresh || more || again != id {
			b.t.Errorf("heals %d and %d, fresh %v and %v", id, again, fresh, more)
		}
		b.want(id, element.Proposed, 0, 0, 0)
		b.settle("r1", "send", true)
		b.settle("r1", "send", true)
		h := b.want(id, element.Proposed, 1, 1, 0)
		if h.P != .93 || h.Found.Name != "Send now" || h.Before.Name != "Send" || h.Old != "css=#send" || h.Repaired != "id=b2x" || string(h.Evidence) != `{"top":[1]}` || h.Target != "css=#send" {
			b.t.Errorf("heal: %+v", h)
		}
		// Another turn of a loop of the same run adds nothing to the count, another run does.
		b.report(healed(b.t, "r1", "each[2]/send", button("Send now", 2), nil))
		b.settle("r1", "each[2]/send", true)
		b.want(id, element.Proposed, 1, 1, 0)
		b.report(healed(b.t, "r2", "send", button("Send now", 2), nil))
		b.settle("r2", "send", true)
		b.want(id, element.Proposed, 2, 2, 0)
		// A run that finds another element begins anew.
		b.report(healed(b.t, "r3", "send", link("imprint"), nil))
		h = b.want(id, element.Proposed, 2, 0, 1)
		if h.Found.Tag != "a" {
			b.t.Errorf("found: %+v", h.Found)
		}
		b.settle("r3", "send", false)
		b.want(id, element.Proposed, 2, 0, 1)
		b.settle("r3", "send", true) // the next try
		b.want(id, element.Proposed, 3, 1, 1)
		uses, err := b.Uses(b.t.Context(), "r1")
		if err != nil || len(uses) != 2 || uses[0].Open || uses[0].Heal != id || uses[0].Outcome != element.Healed {
			b.t.Errorf("uses: %+v, %v", uses, err)
		}
		if err := b.ForgetRuns(b.t.Context(), "r1"); err != nil {
			b.t.Fatal(err)
		}
		if uses, err = b.Uses(b.t.Context(), "r1"); err != nil || len(uses) != 0 {
			b.t.Errorf("uses of a run that is forgotten: %+v, %v", uses, err)
		}
	})
}

func TestStates(t *testing.T) {
	each(t, func(b book) {
		ctx := b.t.Context()
		lost, _ := b.report(healed(b.t, "r0", "send", link("x"), func(h *node.Heal) { h.Outcome, h.Found, h.Repaired = element.Abstained, nil, selector.Target{} }))
		b.want(lost, element.Unresolved, 0, 0, 0)
		if _, err := b.Decide(ctx, element.Approved, element.Decision{ID: lost}); !errors.Is(err, element.ErrState) {
			b.t.Errorf("approving nothing: %v", err)
		}
		// A later run finds it: the same heal.
		id, _ := b.report(healed(b.t, "r1", "send", button("Send now", 2), func(h *node.Heal) { h.Policy = node.HealRun }))
		if id != lost {
			b.t.Errorf("heal %d beside %d", id, lost)
		}
		b.want(id, element.Used, 0, 0, 0)
		b.report(healed(b.t, "r2", "send", button("Send now", 2), nil))
		b.want(id, element.Proposed, 0, 0, 0)
		// One that finds nothing leaves what was found.
		b.report(healed(b.t, "r3", "send", link("x"), func(h *node.Heal) { h.Outcome, h.Found, h.Repaired = element.Abstained, nil, selector.Target{} }))
		h := b.want(id, element.Proposed, 0, 0, 0)
		if h.Outcome != element.Abstained || h.Found == nil {
			b.t.Errorf("heal: %+v", h)
		}
		if _, err := b.Decide(ctx, element.Rejected, element.Decision{ID: id, Version: h.Version - 1}); !errors.Is(err, element.ErrChanged) {
			b.t.Errorf("rejecting what was not seen: %v", err)
		}
		h, err := b.Decide(ctx, element.Rejected, element.Decision{ID: id, Version: h.Version, By: "ada", Comment: "the other one"})
		if err != nil || h.State != element.Rejected || h.By != "ada" || h.Comment != "the other one" || h.Decided.IsZero() {
			b.t.Fatalf("rejected: %+v, %v", h, err)
		}
		k, err := b.Known(ctx, at)
		if err != nil || len(k.Rejected["css=#send"]) != 1 || k.Rejected["css=#send"][0].Name != "Send now" {
			b.t.Errorf("negative examples: %+v, %v", k, err)
		}
		// What is reported of the same element again belongs to what was decided; another one is new.
		same, _ := b.report(healed(b.t, "r4", "send", button("Send now", 2), nil))
		other, _ := b.report(healed(b.t, "r4", "again", link("imprint"), nil))
		if same != id || other == id {
			b.t.Errorf("heals %d and %d after the rejection of %d", same, other, id)
		}
		b.want(id, element.Rejected, 0, 0, 0)
		// A node that searches again after the decision, and finds something else, says something new.
		if third, _ := b.report(healed(b.t, "r4", "send", link("terms"), nil)); third == id {
			b.t.Errorf("heal %d for what was found after the decision on %d", third, id)
		}
		h, err = b.Decide(ctx, element.Approved, element.Decision{ID: other, Result: "abc"})
		if err != nil || h.State != element.Approved || h.Result != "abc" {
			b.t.Fatalf("approved: %+v, %v", h, err)
		}
		if k, err = b.Known(ctx, at); err != nil || k.Prints["id=x"].Tag != "a" {
			b.t.Errorf("prints after the approval: %+v, %v", k.Prints, err)
		}
		if list := k.Agreed["css=#send"]; len(list) != 1 || list[0].Tag != "a" {
			b.t.Errorf("what was agreed to: %+v", k.Agreed)
		}
		if _, err := b.Decide(ctx, element.Rejected, element.Decision{ID: other}); !errors.Is(err, element.ErrState) || !strings.Contains(err.Error(), "roll it back first") {
			b.t.Errorf("rejecting what is approved: %v", err)
		}
		if _, err := b.Decide(ctx, element.RolledBack, element.Decision{ID: other}); err != nil {
			b.t.Fatal(err)
		}
		if k, err = b.Known(ctx, at); err != nil || k.Prints["id=x"].Tag != "" || len(k.Agreed) != 0 {
			b.t.Errorf("prints after the rollback: %+v, %v", k.Prints, err)
		}
		list, err := b.List(ctx, element.Filter{Flow: "orders", States: []element.State{element.Rejected, element.RolledBack}})
		if err != nil || len(list) != 2 || list[0].ID != other || list[1].ID != id {
			b.t.Errorf("list: %+v, %v", list, err)
		}
		if _, err := b.Get(ctx, 999); !errors.Is(err, element.ErrNotFound) {
			b.t.Error(err)
		}
	})
}

// The evidence of a heal is kept when its run is forgotten.
func TestArtifactsOfHeals(t *testing.T) {
	each(t, func(b book) {
		uses := func() (out []string) {
			rows, err := b.d.Query(b.t.Context(), `SELECT run || ' ' || digest FROM {s}artifact ORDER BY run, digest`)
			if err != nil {
				b.t.Fatal(err)
			}
			defer rows.Close()
			for rows.Next() {
				var s string
				if err := rows.Scan(&s); err != nil {
					b.t.Fatal(err)
				}
				out = append(out, s)
			}
			return out
		}
		id, _ := b.report(healed(b.t, "r1", "send", button("Send now", 2), func(h *node.Heal) { h.Screenshot, h.Page = "aa", "bb" }))
		if got, want := uses(), []string{fmt.Sprintf("heal:%d aa", id), fmt.Sprintf("heal:%d bb", id)}; !reflect.DeepEqual(got, want) {
			b.t.Errorf("artifacts %v, want %v", got, want)
		}
		b.report(healed(b.t, "r2", "send", button("Send now", 2), func(h *node.Heal) { h.Screenshot = "cc" }))
		if got, want := uses(), []string{fmt.Sprintf("heal:%d cc", id)}; !reflect.DeepEqual(got, want) {
			b.t.Errorf("artifacts %v, want %v", got, want)
		}
	})
}

func TestReportRefuses(t *testing.T) {
	each(t, func(b book) {
		for what, change := range map[string]func(r *element.Report){
			"another outcome":         func(r *element.Report) { r.Outcome = "guessed" },
			"nothing found":           func(r *element.Report) { r.Found = nil },
			"no target":               func(r *element.Report) { r.Target = "" },
			"a probability above one": func(r *element.Report) { r.P = 1.5 },
			"endless evidence":        func(r *element.Report) { r.Evidence = json.RawMessage(`"` + strings.Repeat("x", 300<<10) + `"`) },
		} {
			r := healed(b.t, "r1", "send", button("Send now", 2), nil)
			change(r)
			if _, _, err := b.Report(b.t.Context(), r); !errors.Is(err, element.ErrInput) {
				b.t.Errorf("%s: %v", what, err)
			}
		}
	})
}

// Secrets and bytes that cannot be kept are taken out of all that is reported.
func TestMasked(t *testing.T) {
	found := button("Send s3cret\x00", 2)
	h := node.Heal{Target: selector.Must("css=#send"), Outcome: element.Healed, Policy: node.HealPropose, Before: button("s3cret", 1), Found: &found, Repaired: selector.Must("text=Send s3cret"), Evidence: map[string]any{"near": "s3cret"}, URL: "http://x/s3cret"}
	r, err := element.ReportOf(at, "r", "p", h, func(v any) any { return mask(v) })
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(r)
	if err != nil || strings.Contains(string(b), "s3cret") || strings.Contains(string(b), `\u0000`) {
		t.Errorf("%s, %v", b, err)
	}
	if r.Found.Name != "Send ***\uFFFD" {
		t.Errorf("found: %q", r.Found.Name)
	}
}

func mask(v any) any {
	switch x := v.(type) {
	case string:
		return strings.ReplaceAll(x, "s3cret", "***")
	case []any:
		for i := range x {
			x[i] = mask(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = mask(x[k])
		}
	}
	return v
}
