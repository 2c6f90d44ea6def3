package item

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/node"
)

// fill completes the times of a draft, which count from the time of the
// database.
func (q *Queue) fill(d *draft, now int64) {
	if d.Due == 0 && q.SLA > 0 {
		d.Due = now + q.SLA.ms()
	}
	if d.Risk == 0 && q.Risk > 0 {
		d.Risk = now + q.Risk.ms()
	}
	d.place(now)
}

// place says when an item can be taken, and where in the line it stands.
func (d *draft) place(now int64) {
	d.Ready, d.State = max(now, d.Defer), stNew
	if d.Defer > now {
		d.State = stLater
	}
	d.Rank = rank(d.Ready, d.Priority, d.Risk)
}

const insertItem = `INSERT INTO {s}item (queue, state, reference, sole, priority, rank, ready_at, defer, due, risk, content, files, created) `

// insertMany adds drafts in one statement and returns the numbers of the items
// by row; rows whose reference is taken are left out.
func (q *Queue) insertMany(ctx context.Context, tx *db.Tx, drafts []*draft) (map[int]int64, error) {
	if len(drafts) == 0 {
		return nil, nil
	}
	t, err := now(ctx, tx)
	if err != nil {
		return nil, err
	}
	free, err := q.free(ctx, tx, drafts)
	if err != nil || len(free) == 0 {
		return nil, err
	}
	for _, d := range free {
		q.fill(d, t)
	}
	b, err := json.Marshal(free)
	if err != nil {
		return nil, err
	}
	// Both databases number and return the rows in the order of the list.
	from := `SELECT $1, value->>'s', value->>'r', value->>'u', value->>'p', value->>'k', value->>'a', value->>'f', value->>'d', value->>'i', value->>'c', value->>'l', $2 FROM json_each($3) WHERE true ORDER BY value->>'n'`
	if tx.Postgres() {
		from = `SELECT $1, s, r, u, p, k, a, f, d, i, c, l, $2 FROM json_to_recordset($3::json) AS x(n int, s smallint, r text, u text, p smallint, k bigint, a bigint, f bigint, d bigint, i bigint, c text, l text) ORDER BY n`
	}
	rows, err := tx.Query(ctx, insertItem+from+` RETURNING id`, q.id, t, string(b))
	if err != nil {
		return nil, fmt.Errorf("adding %d items to queue %s: %w", len(free), q.Name, err)
	}
	defer rows.Close()
	out := make(map[int]int64, len(free))
	for i := 0; rows.Next(); i++ {
		var id int64
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out[free[i].Row] = id
	}
	return out, rows.Err()
}

// free returns the drafts whose reference is not taken. Two that add at the
// same time take turns, so that nothing changes until the transaction ends.
func (q *Queue) free(ctx context.Context, tx *db.Tx, drafts []*draft) ([]*draft, error) {
	if !q.UniqueReference {
		return drafts, nil
	}
	if tx.Postgres() {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(7277, $1)`, int32(q.id)); err != nil { //nolint:gosec // a lock more than needed does no harm
			return nil, fmt.Errorf("adding to queue %s: %w", q.Name, err)
		}
	}
	var soles []string
	for _, d := range drafts {
		if d.Sole != "" {
			soles = append(soles, d.Sole)
		}
	}
	b, err := json.Marshal(soles)
	if err != nil || len(soles) == 0 {
		return drafts, err
	}
	in := `(SELECT value FROM json_each($2))`
	if tx.Postgres() {
		in = `(SELECT json_array_elements_text($2::json))`
	}
	rows, err := tx.Query(ctx, `SELECT sole FROM {s}item WHERE queue = $1 AND sole <> '' AND sole IN `+in, q.id, string(b))
	if err != nil {
		return nil, fmt.Errorf("looking for references of queue %s: %w", q.Name, err)
	}
	defer rows.Close()
	taken := map[string]bool{}
	for rows.Next() {
		var ref string
		if err := rows.Scan(&ref); err != nil {
			return nil, err
		}
		taken[ref] = true
	}
	var out []*draft
	for _, d := range drafts {
		if d.Sole == "" || !taken[d.Sole] {
			out = append(out, d)
		}
	}
	return out, rows.Err()
}

// insertOne adds a draft with files; it reports false if its reference is taken.
func (q *Queue) insertOne(ctx context.Context, tx *db.Tx, d *draft) (int64, bool, error) {
	got, err := q.insertMany(ctx, tx, []*draft{d})
	id, ok := got[d.Row]
	if err != nil || !ok {
		return 0, false, err
	}
	return id, true, keepFiles(ctx, tx, id, d.files)
}

// holder names an item among those that use artifacts, beside the runs.
func holder(id int64) string { return fmt.Sprintf("item:%d", id) }

// keepFiles notes that an item uses artifacts, so that they stay when the run
// that made them is forgotten.
func keepFiles(ctx context.Context, tx *db.Tx, id int64, files map[string]node.ItemFile) error {
	for _, f := range files {
		if _, err := tx.Exec(ctx, `INSERT INTO {s}artifact (run, digest) VALUES ($1, $2) ON CONFLICT (run, digest) DO NOTHING`, holder(id), f.Digest); err != nil {
			return fmt.Errorf("keeping the files of item %d: %w", id, err)
		}
	}
	return nil
}

// unused takes the items that a condition selects, the first deleteBatch of
// them, out of those that use artifacts, and returns the artifacts that nothing
// uses any more.
func unused(ctx context.Context, tx *db.Tx, condition string, args ...any) ([]string, error) {
	rows, err := tx.Query(ctx, fmt.Sprintf(`SELECT i.id, a.digest FROM (SELECT id, files FROM {s}item WHERE %s ORDER BY id LIMIT %d) i
		JOIN {s}artifact a ON a.run = 'item:' || i.id WHERE i.files <> ''`, condition, deleteBatch), args...)
	if err != nil {
		return nil, fmt.Errorf("finding the files of items: %w", err)
	}
	defer rows.Close()
	type use struct {
		id     int64
		digest string
	}
	var uses []use
	for rows.Next() {
		var u use
		if err := rows.Scan(&u.id, &u.digest); err != nil {
			return nil, err
		}
		uses = append(uses, u)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	var out []string
	for _, u := range uses {
		if _, err := tx.Exec(ctx, `DELETE FROM {s}artifact WHERE run = $1 AND digest = $2`, holder(u.id), u.digest); err != nil {
			return nil, err
		}
		var n int
		if err := tx.QueryRow(ctx, `SELECT count(*) FROM {s}artifact WHERE digest = $1`, u.digest).Scan(&n); err != nil {
			return nil, err
		}
		if n == 0 {
			out = append(out, u.digest)
		}
	}
	return out, nil
}
