// Package element keeps what runs learned of the elements of pages, and what became of those that were found again after
// a page had changed.
//
// # Prints
//
// A print is what an element looked like when it was last found for certain. It is kept for a flow's name, a node and a
// target as text, so it holds for every version of the flow in which node and target are the same. The last seen
// maxPrints of a node are kept: a target that is computed may have any number of texts.
//
// # Heals
//
// A heal is one element that its queries did not find, with all that runs found out about it. For each flow, node and
// target one heal at most is open; later runs add to it. Its states:
//
//	from                          by                                             to
//	-                             Report, healed or asked, with a repair         proposed (in quarantine), or used if the policy is run
//	-                             Report, nothing found                          unresolved
//	unresolved                    Report, healed or asked                        proposed or used
//	proposed, used                Approve, by a person: the flow has a new       approved
//	                              version with the repaired target
//	proposed, used, unresolved,   Reject, by a person: what was found is not     rejected: a negative example
//	rolled back                   what is meant
//	approved                      Rollback, by a person: the flow has the        rolled back
//	                              old target again
//
// Until a heal is approved each run searches anew. A run in which the node succeeded with the element found counts; runs
// that agree, one after the other, are the streak. A run that finds another element begins a new streak.
//
// A report is named by run, execution path and target: the same one, by a later try of the node or after a crash, is
// counted once.
package element

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/internal/tally"
	"github.com/aether-rpa/aether/selector"
)

// State is what has become of a heal.
type State string

// The states.
const (
	Proposed   State = "proposed"    // in quarantine: a person has to say
	Used       State = "used"        // for its run alone, as the policy run says
	Unresolved State = "unresolved"  // nothing was found that could be meant
	Approved   State = "approved"    // the flow has the repaired target
	Rejected   State = "rejected"    // a person said that it is another element
	RolledBack State = "rolled_back" // was approved, and the flow has the old target again
)

// States lists the states in the order of a heal's life.
var States = []State{Proposed, Used, Unresolved, Approved, Rejected, RolledBack}

// Open reports whether runs still add to a heal.
func (s State) Open() bool { return s == Proposed || s == Used || s == Unresolved }

// The outcomes of a search, as in node.Heal.
const (
	Healed    = "healed"
	Asked     = "asked"
	Abstained = "abstained"
)

// maxPrints is how many targets of one node have a print.
const maxPrints = 50

// Errors that callers test for.
var (
	ErrNotFound = errors.New("there is no such heal")
	ErrChanged  = errors.New("the heal was changed by somebody else")
	ErrState    = errors.New("not possible now")
)

// stateError carries a sentence of its own for ErrState.
type stateError string

func (e stateError) Error() string { return string(e) }

// Is makes errors.Is(err, ErrState) true.
func (e stateError) Is(target error) bool { return target == ErrState }

// Heal is an element that its queries did not find, with what runs found out about it.
type Heal struct {
	ID        int64           `json:"id"`
	Flow      string          `json:"flow"` // that has the node
	Node      string          `json:"node"`
	Target    string          `json:"target"` // as the flow names it
	State     State           `json:"state" enum:"proposed,used,unresolved,approved,rejected,rolled_back"`
	Outcome   string          `json:"outcome"` // of the last search: healed, asked or abstained
	Policy    string          `json:"policy"`
	Action    string          `json:"action,omitempty"`
	Sensitive bool            `json:"sensitive,omitempty"`
	Mismatch  bool            `json:"mismatch,omitempty"` // the queries found another element than before
	P         float64         `json:"p"`
	Margin    float64         `json:"margin"`
	Old       any             `json:"old"`                // the target as the flow writes it
	Repaired  any             `json:"repaired,omitempty"` // the target as it should be written
	Before    selector.Print  `json:"before"`
	Found     *selector.Print `json:"found,omitempty"`
	Vetoes    []string        `json:"vetoes,omitempty"`
	Evidence  json.RawMessage `json:"evidence,omitempty"` // what was compared, and the next best elements
	URL       string          `json:"url,omitempty"`
	// Screenshot and Page are digests of artifacts: a picture with both places marked, and all elements of the page as
	// they were searched.
	Screenshot string  `json:"screenshot,omitempty"`
	Page       string  `json:"page,omitempty"`
	Millis     float64 `json:"ms"`
	// Root is the flow of the run, Digest the version of Flow, Source the file that it came from, if it did.
	Root   string `json:"root"`
	Digest string `json:"digest,omitempty"`
	Source string `json:"source,omitempty"`
	Run    string `json:"run"`  // the last that needed it
	Path   string `json:"path"` // of the node execution in it
	// Runs is how many runs succeeded with what was found, Streak how many of them found the same one after the other,
	// Changed how often a run found another element than the run before.
	Runs    int64     `json:"runs"`
	Streak  int64     `json:"streak"`
	Changed int64     `json:"changed,omitempty"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
	Decided time.Time `json:"decided,omitzero"`
	By      string    `json:"by,omitempty"`
	Comment string    `json:"comment,omitempty"`
	// Result is what approval or rollback made: the digest of the flow version, or the file.
	Result  string `json:"result,omitempty"`
	Version int64  `json:"version"` // grows with every change
}

// Store keeps prints and heals in a database. It is safe for concurrent use.
type Store struct {
	// Tally counts what is reported and decided; its own, unless the process has one.
	Tally *tally.Tally

	db *db.DB
}

// New returns the elements of a database.
func New(d *db.DB) *Store { return &Store{Tally: &tally.Tally{}, db: d} }

// querier is a database or a transaction on it.
type querier interface {
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
}

// hash names a target within a node: it may be longer than an index can hold.
func hash(target string) string {
	sum := sha256.Sum256([]byte(target))
	return hex.EncodeToString(sum[:16])
}

// text writes a value as JSON; nil is empty.
func text(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("keeping what is known of an element: %w", err)
	}
	if s := string(b); s != "null" {
		return db.Text(s), nil
	}
	return "", nil
}

const columns = `id, flow, node, target, state, outcome, policy, action, sensitive, mismatch, p, margin, old, repaired, before, found, vetoes, evidence, url, screenshot, page, millis,
	root, digest, source, run, path, runs, streak, changed, created, updated, decided, decider, comment, result, version`

type scanner interface{ Scan(...any) error }

func scan(row scanner) (*Heal, error) {
	var h Heal
	var old, repaired, before, found, vetoes, evidence string
	var created, updated, decided int64
	var sensitive, mismatch int
	err := row.Scan(&h.ID, &h.Flow, &h.Node, &h.Target, &h.State, &h.Outcome, &h.Policy, &h.Action, &sensitive, &mismatch, &h.P, &h.Margin, &old, &repaired, &before, &found, &vetoes, &evidence,
		&h.URL, &h.Screenshot, &h.Page, &h.Millis, &h.Root, &h.Digest, &h.Source, &h.Run, &h.Path, &h.Runs, &h.Streak, &h.Changed, &created, &updated, &decided, &h.By, &h.Comment, &h.Result, &h.Version)
	if err != nil {
		return nil, err
	}
	h.Sensitive, h.Mismatch = sensitive != 0, mismatch != 0
	for _, p := range []struct {
		text string
		into any
	}{{old, &h.Old}, {repaired, &h.Repaired}, {before, &h.Before}, {found, &h.Found}, {vetoes, &h.Vetoes}, {evidence, &h.Evidence}} {
		if p.text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(p.text), p.into); err != nil {
			return nil, fmt.Errorf("the heal %d is damaged in the database: %w", h.ID, err)
		}
	}
	h.Created, h.Updated = time.UnixMilli(created), time.UnixMilli(updated)
	if decided > 0 {
		h.Decided = time.UnixMilli(decided)
	}
	return &h, nil
}

func scanAll(rows *sql.Rows, err error) ([]*Heal, error) {
	if err != nil {
		return nil, fmt.Errorf("reading heals: %w", err)
	}
	defer rows.Close()
	var out []*Heal
	for rows.Next() {
		h, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("reading heals: %w", err)
		}
		out = append(out, h)
	}
	return out, rows.Err()
}

// Get returns a heal.
func (s *Store) Get(ctx context.Context, id int64) (*Heal, error) { return get(ctx, s.db, id) }

func get(ctx context.Context, q querier, id int64) (*Heal, error) {
	h, err := scan(q.QueryRow(ctx, `SELECT `+columns+` FROM {s}heal WHERE id = $1`, id))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("%w: %d", ErrNotFound, id)
	}
	return h, err
}

// Filter selects heals; zero fields select all.
type Filter struct {
	Flow, Node string
	States     []State
	Run        string // needed it last
	Before     int64  // ids below
	Limit      int    // default 50
}

// List returns heals, the newest first.
func (s *Store) List(ctx context.Context, f Filter) ([]*Heal, error) {
	q, args := `SELECT `+columns+` FROM {s}heal WHERE 1 = 1`, []any{}
	and := func(condition string, v any) {
		args = append(args, v)
		q += fmt.Sprintf(" AND "+condition, len(args))
	}
	if f.Flow != "" {
		and("flow = $%d", f.Flow)
	}
	if f.Node != "" {
		and("node = $%d", f.Node)
	}
	if f.Run != "" {
		and("run = $%d", f.Run)
	}
	if f.Before > 0 {
		and("id < $%d", f.Before)
	}
	if len(f.States) > 0 {
		q += ` AND state IN (`
		for i, st := range f.States {
			if !slices.Contains(States, st) {
				return nil, fmt.Errorf("there is no state of heals %q", st)
			}
			args = append(args, string(st))
			if i > 0 {
				q += ", "
			}
			q += fmt.Sprintf("$%d", len(args))
		}
		q += ")"
	}
	limit := f.Limit
	if limit <= 0 {
		limit = 50
	}
	return scanAll(s.db.Query(ctx, fmt.Sprintf(q+` ORDER BY id DESC LIMIT %d`, limit), args...))
}
