package item

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// Bounds of a batch: what is in memory at a time while items are added.
const (
	batchRows  = 500
	batchBytes = 4 << 20
)

// draft is an item as it goes to the database.
type draft struct {
	Row      int    `json:"n"`
	State    int    `json:"s"`
	Ref      string `json:"r"`
	Sole     string `json:"u"`
	Priority int    `json:"p"`
	Rank     int64  `json:"k"`
	Ready    int64  `json:"a"`
	Defer    int64  `json:"f"`
	Due      int64  `json:"d"`
	Risk     int64  `json:"i"`
	Content  string `json:"c"`
	Files    string `json:"l"`

	files map[string]node.ItemFile
}

// Adding says for whom items are added.
type Adding struct {
	node.ItemAdd
	Token string // adds once; empty for always
	Run   string // whose token it is
}

// progress is what is kept of a token.
type progress struct {
	Rows   int             `json:"rows"` // of the sequence that were looked at
	Done   bool            `json:"done"`
	Result node.ItemsAdded `json:"result"`
	Digest string          `json:"digest,omitempty"` // of the file, see Load
}

// errRefused rolls back an adding of all or nothing.
var errRefused = errors.New("some items are wrong")

// Add puts items into a queue. With Rows, each that is right is added and the
// others are reported, and a crash in between leaves those that were added;
// otherwise all are added, or none. An error of the sequence ends it; the
// sequence may be walked more than once.
func (s *Store) Add(ctx context.Context, q *Queue, how Adding, items iter.Seq2[node.ItemSpec, error]) (node.ItemsAdded, error) {
	if how.Rows {
		return s.addRows(ctx, q, how, items)
	}
	var p progress
	err := s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		p, err = s.addAll(ctx, tx, q, how, items)
		return err
	})
	if errors.Is(err, errRefused) {
		return p.Result, nil
	}
	return p.Result, err
}

// addAll adds all items in one transaction, or gives errRefused.
func (s *Store) addAll(ctx context.Context, tx *db.Tx, q *Queue, how Adding, items iter.Seq2[node.ItemSpec, error]) (progress, error) {
	var p progress
	if known, err := recall(ctx, tx, how.Token, &p); err != nil || known {
		return p, err
	}
	a := &adder{q: q, p: &p}
	for spec, err := range items {
		if err != nil {
			return p, err
		}
		if !a.take(ctx, spec) {
			continue
		}
		if err := a.flush(ctx, tx); err != nil {
			return p, err
		}
	}
	if err := a.flush(ctx, tx); err != nil {
		return p, err
	}
	if p.Result.Failed > 0 {
		p.Result.Added, p.Result.First, p.Result.Last = 0, 0, 0
		return p, errRefused
	}
	p.Done = true
	return p, errors.Join(remember(ctx, tx, how, &p), tx.Notify(ctx, Topic))
}

// addRows adds batch after batch, each in a transaction that also notes how far
// it came.
func (s *Store) addRows(ctx context.Context, q *Queue, how Adding, items iter.Seq2[node.ItemSpec, error]) (node.ItemsAdded, error) {
	var p progress
	if known, err := recall(ctx, s.db, how.Token, &p); err != nil || known && p.Done {
		return p.Result, err
	}
	skip := p.Rows
	a := &adder{q: q, p: &p, keep: true}
	p.Rows = 0
	write := func() error {
		before := p
		return s.db.Tx(ctx, func(tx *db.Tx) error {
			p = before // in another try of the transaction
			if err := a.flush(ctx, tx); err != nil {
				return err
			}
			return errors.Join(remember(ctx, tx, how, &p), tx.Notify(ctx, Topic))
		})
	}
	for spec, err := range items {
		if err != nil {
			return p.Result, errors.Join(write(), err)
		}
		if p.Rows < skip {
			p.Rows++
			continue
		}
		if a.take(ctx, spec) {
			if err := write(); err != nil {
				return p.Result, err
			}
			a.clear()
		}
	}
	p.Done = true
	return p.Result, write()
}

// recall reads what is known of a token.
func recall(ctx context.Context, q querier, token string, p *progress) (bool, error) {
	if token == "" {
		return false, nil
	}
	var text string
	err := q.QueryRow(ctx, `SELECT result FROM {s}item_key WHERE token = $1`, token).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), p)
	}
	if err != nil {
		return false, fmt.Errorf("reading what was added before: %w", err)
	}
	return true, nil
}

// remember writes what is known of a token.
func remember(ctx context.Context, tx *db.Tx, how Adding, p *progress) error {
	if how.Token == "" {
		return nil
	}
	b, err := json.Marshal(p)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO {s}item_key (token, run, result, at) VALUES ($1, $2, $3, {now}) ON CONFLICT (token) DO UPDATE SET result = excluded.result`, how.Token, how.Run, string(b)); err != nil {
		return fmt.Errorf("noting what was added: %w", err)
	}
	return nil
}

// adder collects a batch of items.
type adder struct {
	q     *Queue
	p     *progress
	batch []*draft
	bytes int
	soles map[string]bool // of the batch
	bad   []node.ItemAddError
	// keep leaves the batch after it was written: the transaction may have to be
	// done again.
	keep bool
}

// take checks an item and puts it into the batch; it reports whether the batch
// is full.
func (a *adder) take(ctx context.Context, spec node.ItemSpec) bool {
	a.p.Rows++
	d, err := a.q.draft(ctx, spec)
	if err == nil && d.Sole != "" && a.soles[d.Sole] {
		err = duplicate(d.Sole)
	}
	if err != nil {
		a.bad = append(a.bad, node.ItemAddError{Row: a.p.Rows, Reference: spec.Reference, Error: err.Error(), Duplicate: d != nil})
		return len(a.bad) >= batchRows
	}
	d.Row = a.p.Rows
	if d.Sole != "" {
		if a.soles == nil {
			a.soles = map[string]bool{}
		}
		a.soles[d.Sole] = true
	}
	a.batch = append(a.batch, d)
	a.bytes += len(d.Content)
	return len(a.batch) >= batchRows || a.bytes >= batchBytes
}

func (a *adder) clear() { a.batch, a.bytes, a.soles, a.bad = nil, 0, nil, nil }

func duplicate(ref string) error {
	return refuse("there is an item with the reference %q already, and references are unique in this queue", ref)
}

// failed reports a row; of very many only the first are told.
func failed(r *node.ItemsAdded, e node.ItemAddError) {
	r.Failed++
	if len(r.Errors) < maxErrors {
		r.Errors = append(r.Errors, e)
	}
}

// flush writes the batch.
func (a *adder) flush(ctx context.Context, tx *db.Tx) error {
	r := &a.p.Result
	for _, e := range a.bad {
		failed(r, e)
	}
	var plain []*draft
	for _, d := range a.batch {
		if len(d.files) == 0 {
			plain = append(plain, d)
		}
	}
	got, err := a.q.insertMany(ctx, tx, plain)
	if err != nil {
		return err
	}
	for _, d := range a.batch {
		id, ok := got[d.Row]
		if len(d.files) > 0 {
			if id, ok, err = a.q.insertOne(ctx, tx, d); err != nil {
				return err
			}
		}
		if !ok {
			failed(r, node.ItemAddError{Row: d.Row, Reference: d.Ref, Error: duplicate(d.Sole).Error(), Duplicate: true})
			continue
		}
		r.Added++
		if r.First == 0 || id < r.First {
			r.First = id
		}
		r.Last = max(r.Last, id)
	}
	slices.SortStableFunc(r.Errors, func(x, y node.ItemAddError) int { return x.Row - y.Row })
	if !a.keep {
		a.clear()
	}
	return nil
}

// draft checks an item and makes it ready for the database; its times are
// completed there.
func (q *Queue) draft(ctx context.Context, spec node.ItemSpec) (*draft, error) {
	d := &draft{Ref: spec.Reference, Priority: DefaultPriority, Defer: db.Millis(spec.Defer), Due: db.Millis(spec.Due), Risk: db.Millis(spec.Risk), files: spec.Files}
	if spec.Priority != nil {
		d.Priority = *spec.Priority
	}
	if spec.Bad != nil {
		return nil, spec.Bad
	}
	err := checkShape(d.Ref, d.Priority)
	if err != nil {
		return nil, err
	}
	if d.Content, err = q.encode(ctx, spec.Content); err != nil {
		return nil, err
	}
	if q.UniqueReference {
		d.Sole = d.Ref
	}
	if len(spec.Files) > 0 {
		b, err := json.Marshal(spec.Files)
		if err != nil {
			return nil, err
		}
		d.Files = string(b)
	}
	return d, nil
}

// checkShape says what is wrong with a reference or a priority.
func checkShape(ref string, priority int) error {
	switch {
	case priority < 0 || priority > MaxPriority:
		return refuse("its priority is %d: it must be from 0 to %d, higher first", priority, MaxPriority)
	case utf8.RuneCountInString(ref) > maxReference:
		return refuse("its reference has more than %d letters", maxReference)
	case strings.ContainsFunc(ref, func(r rune) bool { return r < ' ' }) || !utf8.ValidString(ref):
		return refuse("its reference %q has characters that cannot be seen", ref)
	}
	return nil
}

// encode checks a content and writes it as JSON.
func (q *Queue) encode(ctx context.Context, content map[string]any) (string, error) {
	if content == nil {
		content = map[string]any{}
	}
	v, err := value.Normalize(content)
	if err == nil {
		v, err = value.LoadAll(ctx, v)
	}
	if err != nil {
		return "", fmt.Errorf("its content cannot be kept: %w", err)
	}
	b, err := value.JSON(v)
	if err != nil {
		return "", fmt.Errorf("its content cannot be kept: %w", err)
	}
	if len(b) > MaxContent {
		return "", refuse("its content has %d bytes: at most %d are allowed (attach a file instead)", len(b), MaxContent)
	}
	if hasNUL(v) {
		return "", refuse("its content holds the character NUL, which databases refuse")
	}
	return string(b), q.content.check("content", b)
}

func hasNUL(v any) bool {
	switch x := v.(type) {
	case string:
		return strings.ContainsRune(x, 0)
	case []any:
		return slices.ContainsFunc(x, hasNUL)
	case map[string]any:
		for k, e := range x {
			if hasNUL(k) || hasNUL(e) {
				return true
			}
		}
	}
	return false
}
