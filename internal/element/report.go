package element

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/tally"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

// Report is what a node execution says of an element that its queries did not find.
type Report struct {
	Place
	Run    string `json:"run"`
	Path   string `json:"path"`
	Root   string `json:"root"`
	Digest string `json:"digest,omitempty"`
	Source string `json:"source,omitempty"`

	Target     string          `json:"target"`
	Old        any             `json:"old"`
	Repaired   any             `json:"repaired,omitempty"`
	Outcome    string          `json:"outcome" enum:"healed,asked,abstained"`
	Policy     string          `json:"policy" enum:"recommend,run,propose"`
	Action     string          `json:"action,omitempty"`
	Sensitive  bool            `json:"sensitive,omitempty"`
	Mismatch   bool            `json:"mismatch,omitempty"`
	P          float64         `json:"p"`
	Margin     float64         `json:"margin"`
	Before     selector.Print  `json:"before"`
	Found      *selector.Print `json:"found,omitempty"`
	Vetoes     []string        `json:"vetoes,omitempty"`
	Evidence   json.RawMessage `json:"evidence,omitempty"`
	URL        string          `json:"url,omitempty"`
	Screenshot string          `json:"screenshot,omitempty"`
	Page       string          `json:"page,omitempty"`
	Millis     float64         `json:"ms"`
}

// ReportOf makes the report of what a node says. Mask takes secrets out of values; nil leaves them.
func ReportOf(at Place, run, path string, h node.Heal, mask func(any) any) (*Report, error) {
	r := &Report{Place: at, Run: run, Path: path, Outcome: h.Outcome, Policy: h.Policy, Action: h.Action, Sensitive: h.Sensitive, Mismatch: h.Mismatch,
		P: h.P, Margin: h.Margin, Before: h.Before, Found: h.Found, Vetoes: h.Vetoes, Screenshot: h.Screenshot, Page: h.Page, Millis: h.Millis, URL: h.URL}
	r.Target, r.Old = h.Target.String(), h.Target.ToValue()
	if h.Repaired.Given() {
		r.Repaired = h.Repaired.ToValue()
	}
	if h.Evidence != nil {
		b, err := json.Marshal(h.Evidence)
		if err != nil {
			return nil, fmt.Errorf("reporting an element that was found again: %w", err)
		}
		r.Evidence = b
	}
	if mask == nil {
		mask = func(v any) any { return v }
	}
	if h.Target.Print == nil {
		r.Repaired = bare(h.Repaired) // prints are kept in the store, and the flow holds none
	}
	// The target names the element and stays as the flow has it: flows hold no secrets.
	for _, p := range []any{&r.Before, &r.Found, &r.Evidence, &r.URL, &r.Repaired} {
		if err := Masked(p, mask); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// bare is a target as it is written without what the element looks like.
func bare(t selector.Target) any {
	if !t.Given() {
		return nil
	}
	t.Print = nil
	return t.ToValue()
}

// clean makes texts such that they can be kept and sent.
func clean(v any) any {
	switch x := v.(type) {
	case string:
		return db.Text(x)
	case []any:
		for i := range x {
			x[i] = clean(x[i])
		}
	case map[string]any:
		for k := range x {
			x[k] = clean(x[k])
		}
	}
	return v
}

// Masked takes secrets out of what a pointer points to, by way of its JSON.
func Masked(p any, mask func(any) any) error {
	b, err := json.Marshal(p)
	var v any
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	if err == nil && v != nil {
		if b, err = json.Marshal(clean(mask(v))); err == nil {
			err = json.Unmarshal(b, p)
		}
	}
	if err != nil {
		return fmt.Errorf("taking secrets out of what is known of an element: %w", err)
	}
	return nil
}

// ErrInput says that a report cannot be true.
var ErrInput = errors.New("wrong input")

// limits of a report, in bytes of JSON.
const (
	maxEvidence = 256 << 10
	maxTarget   = 64 << 10
)

func (r *Report) check() error {
	switch {
	case !slices.Contains([]string{Healed, Asked, Abstained}, r.Outcome):
		return fmt.Errorf("%w: a search for an element ends healed, asked or abstained, not %.40q", ErrInput, r.Outcome)
	case r.Flow == "" || r.Node == "" || r.Run == "" || r.Path == "" || r.Target == "":
		return fmt.Errorf("%w: a report of an element names flow, node, run, path and target", ErrInput)
	case r.Outcome == Healed && (r.Found == nil || r.Repaired == nil):
		return fmt.Errorf("%w: an element that was found again has a print and a repaired target", ErrInput)
	case len(r.Evidence) > maxEvidence || len(r.Target) > maxTarget:
		return fmt.Errorf("%w: the evidence of an element has up to %d KiB", ErrInput, maxEvidence>>10)
	case r.P < 0 || r.P > 1 || r.P != r.P || r.Margin != r.Margin:
		return fmt.Errorf("%w: a probability is from 0 to 1", ErrInput)
	}
	return nil
}

// alike is from which heal.Same on two prints count as those of the same element.
const alike = 0.7

// agrees reports whether two searches found the same element.
func agrees(a, b *selector.Print) bool { return a != nil && b != nil && heal.Same(*a, *b) >= alike }

// state is what a new heal begins as.
func (r *Report) state() State {
	switch {
	case r.Found == nil || r.Repaired == nil || r.Outcome == Abstained:
		return Unresolved
	case r.Policy == node.HealRun && r.Outcome == Healed:
		return Used
	}
	return Proposed
}

// Report keeps what a node execution says and returns the number of its heal. Fresh says that the execution had not
// said it before.
func (s *Store) Report(ctx context.Context, r *Report) (id int64, fresh bool, err error) {
	if err := r.check(); err != nil {
		return 0, false, err
	}
	said := false // already, with this outcome
	err = s.db.Tx(ctx, func(tx *db.Tx) error {
		if err := tx.Lock(ctx, db.LockHeals); err != nil {
			return err
		}
		id, fresh, said, err = report(ctx, tx, r)
		return err
	})
	if err != nil {
		return 0, false, fmt.Errorf("keeping that %s at %s was searched again: %w", r.Target, r.Path, err)
	}
	if !said {
		s.Tally.Add(map[string]tally.Count{Healed: tally.HealHealed, Asked: tally.HealAsked, Abstained: tally.HealAbstained}[r.Outcome], 1)
	}
	if fresh && r.Mismatch {
		s.Tally.Add(tally.HealMismatch, 1)
	}
	return id, fresh, nil
}

func report(ctx context.Context, tx *db.Tx, r *Report) (id int64, fresh, said bool, err error) {
	key := hash(r.Target)
	var before string
	err = tx.QueryRow(ctx, `SELECT heal, outcome FROM {s}heal_use WHERE run = $1 AND path = $2 AND hash = $3`, r.Run, r.Path, key).Scan(&id, &before)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		fresh = true
	case err != nil:
		return 0, false, false, err
	case before == r.Outcome:
		// A run that waited for a decision searches again, and may find something else then.
		was, err := get(ctx, tx, id)
		if err != nil {
			return 0, false, false, err
		}
		if was.State.Open() || agrees(was.Found, r.Found) || was.Found == nil && r.Found == nil {
			return id, false, true, nil
		}
	}
	h, err := same(ctx, tx, r, key)
	switch {
	case err != nil:
		return 0, false, false, err
	case h == nil:
		id, err = insert(ctx, tx, r, key)
	default:
		id, err = h.ID, add(ctx, tx, h, r)
	}
	if err != nil {
		return 0, false, false, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO {s}heal_use (run, path, hash, heal, outcome, at) VALUES ($1, $2, $3, $4, $5, {now})
		ON CONFLICT (run, path, hash) DO UPDATE SET heal = excluded.heal, outcome = excluded.outcome`, r.Run, r.Path, key, id, r.Outcome)
	return id, fresh, false, err
}

// same returns the heal that a report belongs to: the open one, or one that a person has decided about and that is of
// the same element; nil if there is none.
func same(ctx context.Context, tx *db.Tx, r *Report, key string) (*Heal, error) {
	list, err := scanAll(tx.Query(ctx, `SELECT `+columns+` FROM {s}heal WHERE flow = $1 AND node = $2 AND hash = $3 ORDER BY id DESC LIMIT 50`, r.Flow, r.Node, key))
	if err != nil {
		return nil, err
	}
	for _, h := range list {
		if h.State.Open() {
			return h, nil
		}
	}
	for _, h := range list {
		if h.State != RolledBack && agrees(h.Found, r.Found) {
			return h, nil
		}
	}
	return nil, nil
}

// fields are what a report says of a heal, as the columns of a row.
func (r *Report) fields(state State) (list []any, err error) {
	body := map[string]string{}
	for name, v := range map[string]any{"old": r.Old, "repaired": r.Repaired, "before": r.Before, "found": r.Found, "vetoes": r.Vetoes, "evidence": r.Evidence} {
		if body[name], err = text(v); err != nil {
			return nil, err
		}
	}
	return []any{string(state), r.Outcome, r.Policy, db.Text(r.Action), bit(r.Sensitive), bit(r.Mismatch), r.P, r.Margin, body["old"], body["repaired"], body["before"], body["found"], body["vetoes"], body["evidence"],
		db.Text(r.URL), r.Screenshot, r.Page, r.Millis, db.Text(r.Root), r.Digest, db.Text(r.Source), r.Run, db.Text(r.Path)}, nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func insert(ctx context.Context, tx *db.Tx, r *Report, key string) (id int64, err error) {
	fields, err := r.fields(r.state())
	if err != nil {
		return 0, err
	}
	args := append([]any{db.Text(r.Flow), db.Text(r.Node), key, db.Text(r.Target)}, fields...)
	err = tx.QueryRow(ctx, `INSERT INTO {s}heal (flow, node, hash, target, state, outcome, policy, action, sensitive, mismatch, p, margin, old, repaired, before, found, vetoes, evidence, url, screenshot, page, millis,
		root, digest, source, run, path, created, updated)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, {now}, {now}) RETURNING id`, args...).Scan(&id)
	if err != nil {
		return 0, err
	}
	return id, keep(ctx, tx, id, r)
}

// add writes into an open heal what a later run says. What is decided stays, and a search that found nothing leaves
// what one before had found.
func add(ctx context.Context, tx *db.Tx, h *Heal, r *Report) error {
	if !h.State.Open() {
		_, err := tx.Exec(ctx, `UPDATE {s}heal SET run = $1, path = $2, updated = {now} WHERE id = $3`, r.Run, db.Text(r.Path), h.ID)
		return err
	}
	state, kept := r.state(), h.Found != nil && h.Repaired != nil
	if state == Unresolved && kept {
		_, err := tx.Exec(ctx, `UPDATE {s}heal SET outcome = $1, run = $2, path = $3, streak = 0, updated = {now}, version = version + 1 WHERE id = $4`, r.Outcome, r.Run, db.Text(r.Path), h.ID)
		return err
	}
	if h.State == Proposed && state == Used {
		state = Proposed // another run asked for a person
	}
	changed, streak := h.Changed, h.Streak
	if kept && !agrees(h.Found, r.Found) {
		changed, streak = changed+1, 0
	}
	fields, err := r.fields(state)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `UPDATE {s}heal SET state = $1, outcome = $2, policy = $3, action = $4, sensitive = $5, mismatch = $6, p = $7, margin = $8, old = $9, repaired = $10, before = $11, found = $12, vetoes = $13, evidence = $14,
		url = $15, screenshot = $16, page = $17, millis = $18, root = $19, digest = $20, source = $21, run = $22, path = $23, changed = $24, streak = $25, updated = {now}, version = version + 1 WHERE id = $26`,
		append(fields, changed, streak, h.ID)...)
	if err != nil {
		return err
	}
	return keep(ctx, tx, h.ID, r)
}

// holder names a heal among those that use artifacts, beside the runs: its evidence outlives them.
func holder(id int64) string { return fmt.Sprintf("heal:%d", id) }

// keep notes which artifacts a heal uses; those of the run before stay the run's.
func keep(ctx context.Context, tx *db.Tx, id int64, r *Report) error {
	if _, err := tx.Exec(ctx, `DELETE FROM {s}artifact WHERE run = $1`, holder(id)); err != nil {
		return err
	}
	for _, d := range []string{r.Screenshot, r.Page} {
		if d == "" {
			continue
		}
		if _, err := tx.Exec(ctx, `INSERT INTO {s}artifact (run, digest) VALUES ($1, $2) ON CONFLICT (run, digest) DO NOTHING`, holder(id), d); err != nil {
			return err
		}
	}
	return nil
}
