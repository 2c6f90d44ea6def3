// Package item keeps work items: named queues of work that many runs share, in
// which each item is taken, worked on and ended by itself, and which people
// look through, correct and try again. A job of package queue is a run to be
// executed; an item is data that some run works on.
//
// # States
//
//	from                  by                                              to
//	-                     Add                                             new (deferred until a time, or at once)
//	new                   Next, when its time has come                    in progress
//	in progress           Keep and Beat, by its run                       in progress
//	in progress           End successful, by its run                      successful
//	in progress           End failed, business, by its run                failed
//	in progress           End failed, application, with retries left      retried, and a linked new item
//	in progress           End failed, application, without                failed
//	in progress           End new, by its run                             new: the taking does not count
//	in progress           its run ends, or its lease runs out             new: a death counts; abandoned at the queue's limit
//	new                   Keep and End by who had it last                 as if in progress, as long as nobody took it since
//	failed, abandoned     Retry, by a person                              retried, and a linked new item with all retries again
//	new, failed,
//	abandoned             Edit, by a person                               the same state, other data
//	any but in progress
//	and retried           Delete, by a person                             deleted
//	any that has ended    Review, by a person                             the same state, with a review
//
// A new item that is deferred has a state of its own in the table, so that
// taking need not pass over it; Next and Tick make it ready when its time comes.
//
// Every change by a run names the item's fence, a number that grows with each
// taking and each change by a person, so a run that lost its item changes
// nothing. A run that dies keeps its items until their leases run out; until
// somebody else takes them, a run that comes back goes on with them.
//
// All times are the database's.
//
// # Order
//
// The lowest rank goes first: the time the item became ready less five minutes
// for each step of priority, so that nothing starves. An item at risk of being
// late goes first from its risk time on: its rank is at most that of an item of
// the highest priority added then.
//
// # Private queues
//
// A queue may belong to one run. The run finds it by its name before any other
// queue of that name, and nobody else finds it: `aether run --items`.
package item

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/aether-rpa/aether/internal/db"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/spelling"
)

// The states as they stand in the database.
const (
	stNew = iota
	stProgress
	stLater // new, and deferred
	stSuccessful
	stFailed
	stRetried
	stAbandoned
	stDeleted
)

// statusOf names the states.
var statusOf = [...]string{node.ItemNew, node.ItemInProgress, node.ItemNew, node.ItemSuccessful, node.ItemFailed, node.ItemRetried, node.ItemAbandoned, node.ItemDeleted}

// Statuses lists the statuses of items in the order of their life.
var Statuses = []string{node.ItemNew, node.ItemInProgress, node.ItemSuccessful, node.ItemFailed, node.ItemRetried, node.ItemAbandoned, node.ItemDeleted}

// Limits and defaults.
const (
	MaxPriority         = 20
	DefaultPriority     = 5
	DefaultLease        = time.Minute
	DefaultAbandonAfter = 3
	MaxContent          = 1 << 20
	maxReference        = 200
	maxErrors           = 1000 // rows reported one by one
	rankStep            = 5 * time.Minute
)

// forever is the lease of an item whose run waits for something.
const forever = int64(1) << 52

// Topic is what db.Listen is asked for to hear of items that may be taken.
const Topic = "item"

// Store keeps work items in a database. It is safe for concurrent use.
type Store struct {
	db      *db.DB
	schemas sync.Map // text -> *compiled
	tended  sync.Map // queue id -> time.Time
}

// New returns the work items of a database.
func New(d *db.DB) *Store { return &Store{db: d} }

// querier is a database or a transaction on it.
type querier interface {
	Exec(ctx context.Context, query string, args ...any) (int64, error)
	Query(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRow(ctx context.Context, query string, args ...any) *sql.Row
}

// Now returns the time of the database.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	n, err := now(ctx, s.db)
	return db.Time(n), err
}

func now(ctx context.Context, q querier) (ms int64, err error) {
	if err := q.QueryRow(ctx, `SELECT {now}`).Scan(&ms); err != nil {
		return 0, fmt.Errorf("asking the database for the time: %w", err)
	}
	return ms, nil
}

// rank places an item that becomes ready at a time (unix ms).
func rank(ready int64, priority int, risk int64) int64 {
	r := ready - int64(priority)*rankStep.Milliseconds()
	if risk > 0 {
		r = min(r, risk-MaxPriority*rankStep.Milliseconds())
	}
	return r
}

// Lost is the failure of a run that has an item no more.
func Lost(id int64) *node.Failure {
	return &node.Failure{Kind: node.KindError, Code: node.CodeItemLost, Permanent: true,
		Message: fmt.Sprintf("this run has the work item %d no more", id), Hint: "its lease ran out and another run took it, or a person changed it: `aether item show` tells"}
}

// states returns the states of statuses.
func states(statuses []string) ([]int, error) {
	var out []int
	for _, want := range statuses {
		found := false
		for n, have := range statusOf {
			if have == want {
				out, found = append(out, n), true
			}
		}
		if !found {
			return nil, node.Fail(node.KindInput, fmt.Sprintf("there is no item status %q", want), "use "+spelling.Or(Statuses))
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(out))), nil
}
