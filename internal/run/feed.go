package run

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/db"
)

// The order of the events of all runs is that of the table event_batch. Each
// transaction that adds to the journal adds a row: its number, a run, and which
// events. So the journal itself has no column and no index more.
//
// On PostgreSQL a row with a lower number may be committed after one with a
// higher number, and a reader must not have gone past it by then. So whoever
// takes a number holds a lock, shared with all others who do, until its
// transaction has ended. Where a number is missing, a Feed looks who holds that
// lock, and waits until they have ended. It waits for nobody else, and nobody
// waits for it.

// feedKept is how long it can be told in which order events were written; who
// was away for longer begins anew.
const feedKept = 24 * time.Hour

// trimEvery says after how many rows old ones are deleted, and trimMost how many
// at a time: more than come meanwhile.
const (
	trimEvery = 256
	trimMost  = 1024
)

// written are events that a transaction added: those of a run that have numbers
// in a row.
type written struct {
	run      string
	from, to int64
}

// span adds an event to a list of what was written.
func span(list []written, run string, seq int64) []written {
	if n := len(list); n > 0 && list[n-1].run == run && list[n-1].to+1 == seq {
		list[n-1].to = seq
		return list
	}
	return append(list, written{run, seq, seq})
}

// numbering is the lock of those who take numbers.
const numbering = 7276483203

// announceEvents gives what was written its place in the order.
func announceEvents(ctx context.Context, tx *db.Tx, list []written) error {
	q := `INSERT INTO {s}event_batch (run, seq_from, seq_to, at) SELECT $1, $2, $3, {now} RETURNING n`
	if tx.Postgres() {
		// The lock first: it is in a row of its own, from which the other is made.
		q = fmt.Sprintf(`INSERT INTO {s}event_batch (run, seq_from, seq_to, at) SELECT $1, $2, $3, {now} FROM (SELECT pg_advisory_xact_lock_shared(%d) OFFSET 0) l RETURNING n`, numbering)
	}
	for _, w := range list {
		var n int64
		if err := tx.QueryRow(ctx, q, w.run, w.from, w.to).Scan(&n); err != nil {
			return fmt.Errorf("writing the order of events: %w", err)
		}
		if n%trimEvery != 0 {
			continue
		}
		if _, err := tx.Exec(ctx, `DELETE FROM {s}event_batch WHERE n <= (SELECT max(n) FROM (SELECT n, at FROM {s}event_batch ORDER BY n LIMIT $1) o WHERE at < {now} - $2)`,
			trimMost, feedKept.Milliseconds()); err != nil {
			return fmt.Errorf("shortening the order of events: %w", err)
		}
	}
	return nil
}

// Mark is a place in the order of the events of all runs: behind an event.
type Mark struct{ Batch, Seq int64 }

// String returns the mark as ParseMark reads it.
func (m Mark) String() string { return fmt.Sprintf("%d.%d", m.Batch, m.Seq) }

// ParseMark reads a mark.
func ParseMark(text string) (Mark, error) {
	batch, seq, _ := strings.Cut(text, ".")
	b, err := strconv.ParseUint(batch, 10, 63)
	s, err2 := strconv.ParseUint(seq, 10, 63)
	if text == "0" { // the beginning
		return Mark{}, nil
	}
	if err != nil || err2 != nil {
		return Mark{}, fmt.Errorf("%.40q is no place in the order of events", text)
	}
	return Mark{int64(b), int64(s)}, nil
}

// Marked is an event with the flow of its run and its place.
type Marked struct {
	Event
	Flow string
	Mark Mark
}

// FeedFilter selects events; zero fields select all.
type FeedFilter struct {
	Flow  string
	Kinds []string
}

// Feed reads the events of all runs in the order in which they were written,
// each once. It is not safe for concurrent use.
type Feed struct {
	s      *Store
	filter FeedFilter
	at     Mark
	// Of the numbers up to settled, those that are missing will never come.
	settled int64
	// While seen is set, numbers below it are missing: when the holders of the
	// lock have ended, what is missing then will never come.
	seen    int64
	holders string // virtual transaction ids
	// known are batches that are not read: they came before the reader began.
	known map[int64]bool
}

// Feed returns a reader that begins behind a mark; nil begins with what is
// written from now on. Lost says that it is not known any more what came after
// the mark: it begins with the first that is known.
func (s *Store) Feed(ctx context.Context, from *Mark, filter FeedFilter) (f *Feed, lost bool, err error) {
	f = &Feed{s: s, filter: filter}
	if from == nil {
		return f, false, f.begin(ctx)
	}
	f.at = *from
	var last, there int64
	if err := s.db.QueryRow(ctx, `SELECT COALESCE(max(n), 0), (SELECT count(*) FROM {s}event_batch WHERE n = $1) FROM {s}event_batch`, from.Batch).Scan(&last, &there); err != nil {
		return nil, false, fmt.Errorf("reading the order of events: %w", err)
	}
	// A mark was given for a row that was there.
	if there > 0 || from.Batch == 0 {
		return f, false, nil
	}
	if from.Batch > last { // the database is another, or was restored
		return f, true, f.begin(ctx)
	}
	return f, true, nil
}

// begin puts the reader behind what is written by now. Rows that are missing
// among the newest may yet come; those above them are not read again.
func (f *Feed) begin(ctx context.Context) error {
	rows, err := f.s.db.Query(ctx, `SELECT n, seq_to FROM {s}event_batch ORDER BY n DESC LIMIT $1`, feedStep)
	if err != nil {
		return fmt.Errorf("reading the order of events: %w", err)
	}
	defer rows.Close()
	var have []Mark
	for rows.Next() {
		var m Mark
		if err := rows.Scan(&m.Batch, &m.Seq); err != nil {
			return fmt.Errorf("reading the order of events: %w", err)
		}
		have = append(have, m)
	}
	slices.Reverse(have)
	f.at, f.known = Mark{}, map[int64]bool{}
	for i, m := range have {
		if f.at.Batch+1 == m.Batch || i == 0 && len(have) == feedStep || f.s.db.Pool == nil {
			f.at = m
			continue
		}
		for _, m := range have[i:] {
			f.known[m.Batch] = true
		}
		break
	}
	return rows.Err()
}

// Mark returns where the reader is: a feed that begins there goes on.
func (f *Feed) Mark() Mark { return f.at }

// feedStep is how many batches are looked at, and how many events are read, at a
// time.
const feedStep = 500

// Next returns events that come next; none if there are none yet. More says that
// there may be more at once.
func (f *Feed) Next(ctx context.Context) (list []Marked, more bool, err error) {
	to, more, err := f.ready(ctx)
	if err != nil || to == f.at {
		return nil, more, err
	}
	if list, err = f.read(ctx, to.Batch); err != nil {
		return nil, false, err
	}
	if len(list) == feedStep {
		f.at, more = list[feedStep-1].Mark, true
	} else {
		f.at = to
	}
	return slices.DeleteFunc(list, func(m Marked) bool { return f.known[m.Mark.Batch] }), more, nil
}

// ready returns how far the reader may go now: behind a batch.
func (f *Feed) ready(ctx context.Context) (to Mark, more bool, err error) {
	if err := f.settle(ctx); err != nil {
		return f.at, false, err
	}
	rows, err := f.s.db.Query(ctx, `SELECT n, seq_to FROM {s}event_batch WHERE n >= $1 ORDER BY n LIMIT $2`, f.at.Batch, feedStep+1)
	if err != nil {
		return f.at, false, fmt.Errorf("reading the order of events: %w", err)
	}
	defer rows.Close()
	to = f.at
	var last int64
	gap := false
	count := 0
	for rows.Next() {
		var m Mark
		if err := rows.Scan(&m.Batch, &m.Seq); err != nil {
			return f.at, false, fmt.Errorf("reading the order of events: %w", err)
		}
		count, last = count+1, m.Batch
		gap = gap || m.Batch > to.Batch+1 && m.Batch > f.settled && f.s.db.Pool != nil
		if !gap && (m.Batch > to.Batch || m.Seq > to.Seq) {
			to = m
		}
	}
	if err := rows.Err(); err != nil {
		return f.at, false, fmt.Errorf("reading the order of events: %w", err)
	}
	if gap && f.seen == 0 {
		// Whoever has a number below last, and has not ended, holds the lock.
		if err := f.s.db.QueryRow(ctx, `SELECT COALESCE(string_agg(virtualtransaction, ','), '') FROM pg_locks WHERE `+holding).Scan(&f.holders); err != nil {
			return f.at, false, fmt.Errorf("reading the order of events: %w", err)
		}
		f.seen = last
		return to, f.holders == "", nil
	}
	return to, count > feedStep && !gap, nil
}

// holding selects those who hold the lock numbering.
var holding = fmt.Sprintf(`locktype = 'advisory' AND granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND classid = %d AND objid = %d AND objsubid = 1`, numbering>>32, numbering&math.MaxUint32)

// settle notes whether what was missing will never come. The rows are read after
// it: those of transactions that have ended can be seen then.
func (f *Feed) settle(ctx context.Context) error {
	if f.seen == 0 {
		return nil
	}
	var n int
	if err := f.s.db.QueryRow(ctx, `SELECT count(*) FROM pg_locks WHERE `+holding+` AND virtualtransaction = ANY (string_to_array($1, ','))`, f.holders).Scan(&n); err != nil {
		return fmt.Errorf("reading the order of events: %w", err)
	}
	if n == 0 {
		f.settled, f.seen = f.seen, 0
	}
	return nil
}

// read returns events behind the reader's place, up to the end of a batch.
func (f *Feed) read(ctx context.Context, to int64) ([]Marked, error) {
	args := []any{f.at.Batch, f.at.Seq, to}
	q := `SELECT b.n, COALESCE(r.flow, ''), e.run, e.seq, e.kind, e.path, e.at, e.data
		FROM {s}event_batch b JOIN {s}event e ON e.run = b.run AND e.seq BETWEEN b.seq_from AND b.seq_to LEFT JOIN {s}run r ON r.id = b.run
		WHERE b.n >= $1 AND b.n <= $3 AND (b.n > $1 OR e.seq > $2)`
	if f.filter.Flow != "" {
		args = append(args, f.filter.Flow)
		q += fmt.Sprintf(` AND r.flow = $%d`, len(args))
	}
	for i, k := range f.filter.Kinds {
		args = append(args, k)
		q += map[bool]string{true: ` AND e.kind IN (`, false: `,`}[i == 0] + fmt.Sprintf(`$%d`, len(args))
	}
	if len(f.filter.Kinds) > 0 {
		q += `)`
	}
	rows, err := f.s.db.Query(ctx, q+fmt.Sprintf(` ORDER BY b.n, e.seq LIMIT %d`, feedStep), args...)
	if err != nil {
		return nil, fmt.Errorf("reading the journal: %w", err)
	}
	defer rows.Close()
	var out []Marked
	for rows.Next() {
		var m Marked
		var ms int64
		var data string
		if err := rows.Scan(&m.Mark.Batch, &m.Flow, &m.Run, &m.Seq, &m.Kind, &m.Path, &ms, &data); err != nil {
			return nil, fmt.Errorf("reading the journal: %w", err)
		}
		m.Mark.Seq, m.At, m.Data = m.Seq, time.UnixMilli(ms), raw(data)
		out = append(out, m)
	}
	return out, rows.Err()
}
