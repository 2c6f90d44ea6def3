package heal

import (
	"math/bits"
	"strconv"
	"strings"
)

// step is one step of a path: a tag, interned, and its place among siblings of that tag.
type step struct {
	tag   uint16
	index uint16
}

// steps appends the steps of an XPath such as /html[1]/body[1]/div[2].
func steps(to []step, path string, intern func(string) uint16) []step {
	for path != "" {
		var s string
		s, path, _ = strings.Cut(path, "/")
		if s == "" {
			continue
		}
		if len(to) == maxSteps {
			break
		}
		tag, place, ok := strings.Cut(s, "[")
		n := 1
		if ok {
			if v, err := strconv.Atoi(strings.TrimSuffix(place, "]")); err == nil {
				n = min(max(v, 0), 1<<16-1)
			}
		}
		to = append(to, step{tag: intern(tag), index: uint16(n)})
	}
	return to
}

// anchored splits a path that begins at an element with an id: //*[@id='menu']/li[3] is menu and li[3].
func anchored(path string) (id, rest string) {
	after, ok := strings.CutPrefix(path, "//*[@id=")
	if !ok || len(after) < 2 {
		return "", path
	}
	quote := after[:1]
	id, rest, ok = strings.Cut(after[1:], quote+"]")
	if !ok {
		return "", path
	}
	return id, rest
}

// common counts equal steps from the front, whole ones, and from the back, whole ones and only their tags.
func common(a, b []step) (front, back, backTags int) {
	n := min(len(a), len(b))
	for front < n && a[front] == b[front] {
		front++
	}
	whole := true
	for i := 1; i <= n; i++ {
		x, y := a[len(a)-i], b[len(b)-i]
		if x.tag != y.tag {
			break
		}
		backTags++
		whole = whole && x.index == y.index
		if whole {
			back++
		}
	}
	return front, back, backTags
}

// route is a path prepared for the longest common subsequence of tags with many others.
type route struct {
	mask map[uint16]uint64
	n    int
}

func newRoute(s []step) route {
	r := route{mask: make(map[uint16]uint64, 8), n: len(s)}
	for i, x := range s {
		r.mask[x.tag] |= 1 << i
	}
	return r
}

// lcs is the length of the longest common subsequence of tags.
func (r route) lcs(s []step) int {
	v := ^uint64(0)
	for _, x := range s {
		u := v & r.mask[x.tag]
		v = (v + u) | (v - u)
	}
	if r.n < 64 {
		v |= ^uint64(0) << r.n
	}
	return bits.OnesCount64(^v)
}
