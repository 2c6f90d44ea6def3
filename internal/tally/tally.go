// Package tally counts what happens to jobs, runs and elements of pages, for people who watch.
//
// Each process counts what happens in it: an atomic add for a count, two for a
// time, and nothing else where jobs are handed out. Robots have no door that
// could be asked, so they hand over what they counted through the database from
// time to time (Hand), and an orchestrator that is asked takes what is there
// (Board). So whatever happened is in the counts of one orchestrator: the counts
// of several can be added up. What a process counted since it last handed over
// is lost when it is killed.
package tally

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Count names something that is counted.
type Count int

// What is counted.
const (
	Expired        Count = iota // leases that ran out
	RetriedFailed               // attempts that failed and are followed by another
	RetriedExpired              // attempts whose lease ran out and that are followed by another
	DeadFailed                  // jobs that became dead letters since their last attempt failed
	DeadExpired                 // ... since the lease of their last attempt ran out
	DeadLate                    // ... since no robot began them before their deadline
	DeadPoison                  // ... since too many robots died with them
	HealHealed                  // searches for an element of a page that found it again
	HealAsked                   // ... that a person has to decide about
	HealAbstained               // ... that found nothing
	HealMismatch                // searches that began because a target found another element than before
	HealApproved                // heals that a person approved
	HealRejected                // ... rejected
	HealRolledBack              // ... took back
	counts
)

// Time names something that takes time.
type Time int

// What takes time.
const (
	Claimed      Time = iota // a job, from being ready until a robot had it
	RunDone                  // a run that ended with outputs, from its first start to its end
	RunFailed                // a run that failed
	RunCancelled             // a run that was cancelled
	times
)

// Bounds returns the upper bounds of the buckets of a time, in seconds; there is
// one bucket more, for what takes longer.
func (t Time) Bounds() []float64 {
	if t == Claimed {
		return claimBounds
	}
	return runBounds
}

// A claim takes milliseconds when a robot waits, and hours when none is there; a
// run with questions to people may take weeks.
var (
	claimBounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 15, 60, 300, 1800, 3600, 4 * 3600, 24 * 3600}
	runBounds   = []float64{.1, .5, 1, 5, 15, 30, 60, 300, 900, 3600, 4 * 3600, 24 * 3600, 7 * 24 * 3600, 30 * 24 * 3600}
)

// names are what is counted, by its name between processes. Programs of different
// versions share it: a name never changes its meaning.
var (
	countNames = [counts]string{"lease expired", "retried failed", "retried expired", "dead failed", "dead expired", "dead late", "dead poison",
		"heal healed", "heal asked", "heal abstained", "heal mismatch", "heal approved", "heal rejected", "heal rolled back"}
	timeNames = [times]string{"claimed", "run done", "run failed", "run cancelled"}
)

// Cells of the array that holds all: the counts, then for each time its buckets
// and the sum in milliseconds.
const size = int(counts) + (19 + 2) + 3*(14+2)

var (
	firstBucket [times]int
	cellNames   [size]string
	cellOf      = map[string]int{}
	inOrder     []int // cells by the order of their names
)

func init() {
	at := int(counts)
	copy(cellNames[:], countNames[:])
	for t := range times {
		firstBucket[t] = at
		for _, b := range t.Bounds() {
			cellNames[at] = fmt.Sprintf("%s up to %g s", timeNames[t], b)
			at++
		}
		cellNames[at], cellNames[at+1] = timeNames[t]+" longer", timeNames[t]+" sum"
		at += 2
	}
	if at != size {
		panic(fmt.Sprintf("a tally has %d cells, not %d", at, size))
	}
	for i, n := range cellNames {
		cellOf[n] = i
	}
	for _, n := range slices.Sorted(maps.Keys(cellOf)) {
		inOrder = append(inOrder, cellOf[n])
	}
}

// Counts are all counts and times at a moment.
type Counts struct{ cells [size]int64 }

// Of returns a count.
func (c *Counts) Of(n Count) int64 { return c.cells[n] }

// Times returns how often a time is in each bucket, and their sum.
func (c *Counts) Times(t Time) (buckets []int64, sum time.Duration) {
	first, n := firstBucket[t], len(t.Bounds())+1
	return c.cells[first : first+n : first+n], time.Duration(c.cells[first+n]) * time.Millisecond
}

func (c *Counts) add(d *Counts) {
	for i, n := range d.cells {
		c.cells[i] += n
	}
}

func (c *Counts) minus(d *Counts) (out Counts, some bool) {
	for i, n := range c.cells {
		out.cells[i] = n - d.cells[i]
		some = some || out.cells[i] != 0
	}
	return out, some
}

// Tally counts what happens in a process. Its zero value is ready; it is safe
// for concurrent use.
type Tally struct {
	cells [size]atomic.Int64

	mu     sync.Mutex
	handed Counts // what others have
}

// Add counts something n times.
func (t *Tally) Add(c Count, n int) { t.cells[c].Add(int64(n)) }

// Took counts a time.
func (t *Tally) Took(what Time, d time.Duration) {
	d = max(0, d)
	bounds := what.Bounds()
	i, _ := slices.BinarySearch(bounds, d.Seconds())
	first := firstBucket[what]
	t.cells[first+i].Add(1)
	t.cells[first+len(bounds)+1].Add(d.Milliseconds())
}

// Counts returns all that was counted in this process.
func (t *Tally) Counts() *Counts {
	var c Counts
	for i := range t.cells {
		c.cells[i] = t.cells[i].Load()
	}
	return &c
}
