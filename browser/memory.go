package browser

import (
	"strconv"
	"sync"

	"github.com/aether-rpa/aether/selector"
)

// Memory is what a run has learned of the elements it works on. It is safe for concurrent use.
type Memory struct {
	mu    sync.Mutex
	all   map[string]*memo
	count map[string]int // of the targets of a scope
}

// maxTargets is how many targets of one node are learned in a run: with more of them the targets are data, such as one
// for each line of a list.
const maxTargets = 50

// memo is what is known of one target. Its fields are guarded by the mutex of its memory.
type memo struct {
	mem    *Memory
	number int
	asked  bool
	known  *selector.Print
	last   *selector.Print
	url    string
	told   bool // what it looks like was told
	at     int  // the handle of the element that was found for certain last
}

// of returns what is known of a target, nil where too many are.
func (m *Memory) of(scope, target string) *memo {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := scope + "\n" + target
	if x := m.all[key]; x != nil {
		return x
	}
	if m.count[scope] >= maxTargets {
		return nil
	}
	if m.all == nil {
		m.all, m.count = map[string]*memo{}, map[string]int{}
	}
	m.count[scope]++
	x := &memo{mem: m, number: len(m.all) + 1}
	m.all[key] = x
	return x
}

// print returns what the element looked like, and asks for it once.
func (x *memo) print(ask func() *selector.Print) *selector.Print {
	x.mem.mu.Lock()
	asked := x.asked
	x.asked = true
	x.mem.mu.Unlock()
	if !asked {
		known := ask()
		x.mem.mu.Lock()
		x.known = known
		x.mem.mu.Unlock()
	}
	x.mem.mu.Lock()
	defer x.mem.mu.Unlock()
	return x.known
}

// mark names the target to the page, and the element that was found for certain last.
func (x *memo) mark() (string, int) {
	x.mem.mu.Lock()
	defer x.mem.mu.Unlock()
	return strconv.Itoa(x.number), x.at
}

// sure says that the element of a handle was found for certain.
func (x *memo) sure(p selector.Print, url string, at int) {
	x.mem.mu.Lock()
	defer x.mem.mu.Unlock()
	x.known, x.last, x.url, x.at = &p, &p, url, at
}

// again says that the element was found again as it was.
func (x *memo) again(at int) {
	x.mem.mu.Lock()
	defer x.mem.mu.Unlock()
	x.at = at
}

// doubt says that the queries found another element.
func (x *memo) doubt() {
	x.mem.mu.Lock()
	defer x.mem.mu.Unlock()
	x.at = 0
}

// tell says whether what the element looks like is to be told, which is done once.
func (x *memo) tell() bool {
	x.mem.mu.Lock()
	defer x.mem.mu.Unlock()
	first := !x.told
	x.told = true
	return first
}

// others are the other elements of a page that the run has found for certain.
func (m *Memory) others(x *memo, url string) []selector.Print {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []selector.Print
	for _, o := range m.all {
		if o != x && o.last != nil && o.url == url {
			out = append(out, *o.last)
		}
	}
	return out
}

// Memory is what the run has learned of the elements of the session's pages.
func (s *Session) Memory() *Memory { return &s.memory }
