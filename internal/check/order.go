package check

import "slices"

// apart climbs from two scopes to the one that holds both and returns the last
// scope before it on each way, nil where there is none.
func apart(a, b *scope) (lastA, lastB *scope) {
	for a != b {
		if a.depth >= b.depth {
			a, lastA = a.up, a
		} else {
			b, lastB = b.up, b
		}
	}
	return lastA, lastB
}

// order answers whether one node of a chain may run before another. It holds
// for graphs without circles.
type order struct {
	rank      []int // of each node by index; wires lead to higher ranks
	in, out   []int // when the node was entered and left in a walk: a tree of sure ways
	known     map[[2]int]bool
	steps     int // searching left
	seen      []int
	seenRound int
}

// maxSearch bounds the searching in a large flow; where it is used up, every
// order is taken for possible.
const maxSearch = 5_000_000

func newOrder(g *graph) *order {
	n := len(g.nodes)
	o := &order{rank: make([]int, n), in: make([]int, n), out: make([]int, n), known: map[[2]int]bool{}, steps: maxSearch, seen: make([]int, n)}
	type frame struct {
		n    *info
		next int
	}
	clock, done := 0, n
	for _, root := range g.nodes {
		if o.in[root.index] != 0 || len(root.in) > 0 && root != g.start {
			continue
		}
		clock++
		o.in[root.index] = clock
		frames := []frame{{n: root}}
		for len(frames) > 0 {
			top := &frames[len(frames)-1]
			if top.next < len(top.n.out) {
				w := top.n.out[top.next]
				top.next++
				if o.in[w.to.index] == 0 {
					clock++
					o.in[w.to.index] = clock
					frames = append(frames, frame{n: w.to})
				}
				continue
			}
			clock++
			done--
			o.out[top.n.index], o.rank[top.n.index] = clock, done
			frames = frames[:len(frames)-1]
		}
	}
	return o
}

// reaches reports whether wires lead from a to b; both are in one chain.
func (o *order) reaches(a, b *info) bool {
	switch {
	case o.rank[a.index] >= o.rank[b.index]:
		return false
	case o.in[a.index] <= o.in[b.index] && o.out[b.index] <= o.out[a.index]:
		return true
	}
	k := [2]int{a.index, b.index}
	if r, ok := o.known[k]; ok {
		return r
	}
	r := o.search(a, b)
	o.known[k] = r
	return r
}

func (o *order) search(a, b *info) bool {
	o.seenRound++
	queue := []*info{a}
	for len(queue) > 0 {
		n := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		for _, w := range n.out {
			if w.port.Scope {
				continue // a chain of its own, from which no wire leads back
			}
			if o.steps--; o.steps < 0 || w.to == b {
				return true
			}
			if o.seen[w.to.index] != o.seenRound && o.rank[w.to.index] < o.rank[b.index] {
				o.seen[w.to.index] = o.seenRound
				queue = append(queue, w.to)
			}
		}
	}
	return false
}

// chainOrder is the order in which the chains of flow.try and of web.enter are
// walked.
var chainOrder = []string{"try", "catch", "finally", "enter", "body"}

// mayPrecede reports whether y may have run when x evaluates its params; lazy
// says that they are evaluated while or after the chains of x are walked.
func (c *checker) mayPrecede(y, x *info, lazy bool) bool {
	if !c.scoped || y.scope == nil || x.scope == nil {
		return true
	}
	inY, inX := apart(y.scope, x.scope)
	common := y.scope
	if inY != nil {
		common = inY.up
	}
	for s := common; s.up != nil; s = s.up {
		if s.repeats() {
			return true
		}
	}
	fromY, fromX := y, x
	if inY != nil {
		fromY = inY.owner
	}
	if inX != nil {
		fromX = inX.owner
	}
	switch {
	case fromY != fromX:
		return c.order.reaches(fromY, fromX)
	case inX == nil: // x itself, or x reads what is in its own chains
		return lazy
	case inY == nil: // y owns the chain that x is in
		return true
	case inX.branch != "":
		return false
	}
	return slices.Index(chainOrder, inY.port) < slices.Index(chainOrder, inX.port)
}

// findErrors finds the nodes for which error may be set: those in a catch, and
// all that may come after a wire from a port error.
func (c *checker) findErrors() {
	c.inError = map[*info]bool{}
	var queue []*info
	mark := func(n *info) {
		if !c.inError[n] {
			c.inError[n] = true
			queue = append(queue, n)
		}
	}
	for _, w := range c.wires {
		if w.port.Name == "error" {
			mark(w.to)
		}
	}
	for len(queue) > 0 {
		n := queue[0]
		queue = queue[1:]
		for _, w := range n.out {
			mark(w.to)
		}
		// What a chain leaves in error is there after its loop as well; flow.try
		// puts back what was there before, and branches keep it to themselves.
		if n.scope == nil || n.scope.up == nil || n.scope.branch != "" || n.scope.owner.is("flow.try") {
			continue
		}
		for _, w := range n.scope.owner.out {
			if !w.port.Scope {
				mark(w.to)
			}
		}
	}
	for _, n := range c.nodes {
		if n.scope == nil { // nothing is known of it
			c.inError[n] = true
		}
		if n.scope != nil && n.scope.caught() {
			c.inError[n] = true
		}
	}
}

// caught reports whether the scope is a catch, or inside one.
func (s *scope) caught() bool {
	for ; s.up != nil; s = s.up {
		if s.owner.is("flow.try") && s.port == "catch" {
			return true
		}
	}
	return false
}
