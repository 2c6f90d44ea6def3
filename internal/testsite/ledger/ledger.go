// Package ledger keeps what was really done on the practice site, out of sight of whoever automates it: tests
// ask the ledger for the effect, never the screen.
package ledger

import (
	"maps"
	"sync"
	"time"
)

// Entry is one effect that reached the site's server.
type Entry struct {
	// Seq counts the entries of a ledger from 1.
	Seq int `json:"seq"`
	// At is when the effect was written.
	At time.Time `json:"at"`
	// Kind names the effect, like "challenge.submit" or "invoice.upload".
	Kind string `json:"kind"`
	// Key is what the effect was done to, like a work item's id; "" if there is no such thing.
	Key string `json:"key,omitempty"`
	// Facts are the particulars: field values as the server received them.
	Facts map[string]string `json:"facts,omitempty"`
}

// Ledger is an append-only list of effects. Its zero value is empty and ready; it is safe for concurrent use.
type Ledger struct {
	mu      sync.Mutex
	entries []Entry
	sink    func(Entry)
}

// New returns a ledger that hands each entry to sink too, in order, before Add returns; nil for none.
func New(sink func(Entry)) *Ledger { return &Ledger{sink: sink} }

// Add appends an effect and returns it with its number and time.
func (l *Ledger) Add(kind, key string, facts map[string]string) Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := Entry{Seq: len(l.entries) + 1, At: time.Now().UTC(), Kind: kind, Key: key, Facts: maps.Clone(facts)}
	l.entries = append(l.entries, e)
	if l.sink != nil {
		l.sink(e)
	}
	return e
}

// All returns the entries of the kind, oldest first; those of every kind for "".
func (l *Ledger) All(kind string) []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	found := make([]Entry, 0, len(l.entries))
	for _, e := range l.entries {
		if kind == "" || e.Kind == kind {
			found = append(found, e)
		}
	}
	return found
}

// Twice returns the keys that an effect of the kind was done to more than once, with how often: what a run that
// was killed and resumed must leave empty.
func (l *Ledger) Twice(kind string) map[string]int {
	seen := map[string]int{}
	for _, e := range l.All(kind) {
		seen[e.Key]++
	}
	maps.DeleteFunc(seen, func(_ string, n int) bool { return n < 2 })
	return seen
}

// Reset forgets every entry.
func (l *Ledger) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
}
