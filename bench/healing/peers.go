package main

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"
)

// peer is a method written from its description: it prepares a page, and then says for a target which of the elements
// that are left it takes, all of them if left is nil, and whether it would use it.
type peer struct {
	name    string
	prepare func(nodes []node) func(t *node, left []int) (best int, healed bool)
}

// peers are the methods beside which Aether is measured.
var peers = []peer{{"Similo", plainSimilo}, {"VON Similo", vonSimilo}, {"Healenium's rules", healenium}, {"CasareRPA's rules", casare}}

// argmax is the first of the elements that are left with the highest score, -1 if there is none.
func argmax(n int, left []int, score func(i int) float64) int {
	best, most := -1, math.Inf(-1)
	see := func(i int) {
		if v := score(i); v > most {
			best, most = i, v
		}
	}
	if left == nil {
		for i := range n {
			see(i)
		}
	}
	for _, i := range left {
		see(i)
	}
	return best
}

// compared are the comparisons of a target with all elements of a page. The last ones are kept: the same are asked for
// again when elements are taken away.
func compared(nodes []node) func(t *node) [][14]float64 {
	var last *node
	var out [][14]float64
	return func(t *node) [][14]float64 {
		if t != last {
			last, out = t, make([][14]float64, len(nodes))
			for i := range nodes {
				out[i] = similo(t, &nodes[i])
			}
		}
		return out
	}
}

func plainSimilo(nodes []node) func(*node, []int) (int, bool) {
	all := compared(nodes)
	return func(t *node, left []int) (int, bool) {
		own := all(t)
		return argmax(len(nodes), left, func(i int) float64 { return sum(own[i]) }), true
	}
}

func sum(v [14]float64) float64 {
	s := 0.0
	for _, x := range v {
		s += x
	}
	return s
}

// similo are the fourteen weighted comparisons of Similo (Nass et al., TOSEM 2023). There is no threshold: the highest
// sum is taken.
func similo(a, b *node) (v [14]float64) {
	same := func(x, y string) float64 { return mark(x != "" && strings.EqualFold(x, y)) }
	v[0] = 1.5 * same(a.Tag, b.Tag)
	v[1] = 0.5 * spelled(a.Class, b.Class)
	v[2] = 1.5 * same(a.Name, b.Name)
	v[3] = 1.5 * same(a.ID, b.ID)
	v[4] = 0.5 * spelled(a.Href, b.Href)
	v[5] = 0.5 * spelled(a.Alt, b.Alt)
	v[6] = 0.5 * spelled(a.XPath, b.XPath)
	v[7] = 0.5 * spelled(a.IDXPath, b.IDXPath)
	v[8] = 0.5 * mark(a.Button == b.Button)
	v[9] = 0.5 * max(0, 1-math.Hypot(float64(a.X-b.X), float64(a.Y-b.Y))/100)
	v[10] = 0.5 * quotient(float64(a.W*a.H), float64(b.W*b.H))
	if a.H > 0 && b.H > 0 {
		v[11] = 0.5 * quotient(float64(a.W*100/a.H), float64(b.W*100/b.H))
	}
	v[12] = 1.5 * spelled(a.Text, b.Text)
	v[13] = 1.5 * wordsShared(a.Near, b.Near)
	return v
}

func mark(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func quotient(a, b float64) float64 {
	if most := max(a, b); most > 0 {
		return min(a, b) / most
	}
	return 0
}

func wordsShared(a, b string) float64 {
	x, y := strings.Fields(strings.ToLower(a)), strings.Fields(strings.ToLower(b))
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	in := make(map[string]bool, len(y))
	for _, w := range y {
		in[w] = true
	}
	n := 0
	for _, w := range x {
		if in[w] {
			n++
		}
	}
	return float64(n) / float64(max(len(x), len(y)))
}

// spelled is a Levenshtein similarity of the letters and digits of two texts, by the length of the longer whole text.
func spelled(a, b string) float64 {
	if a == "" || b == "" {
		return 0
	}
	longest := max(len(a), len(b))
	if a == b {
		return 1
	}
	x, y := bare(a), bare(b)
	d := distance(x, y)
	return max(0, float64(max(len(x), len(y))-d)/float64(longest))
}

func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, s)
}

// distance is the Levenshtein distance of bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := diagonal
			if a[i] != b[j] {
				next = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// vonSimilo compares each attribute with the best of the elements that lie on each other (intersection by union of at
// least 0.85, and the middle of one in the other).
func vonSimilo(nodes []node) func(*node, []int) (int, bool) {
	all := compared(nodes)
	groups, order := make([][]int, len(nodes)), make([]int, len(nodes))
	for i := range nodes {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(nodes[a].Y, nodes[b].Y) })
	for k, i := range order {
		for _, j := range order[k+1:] {
			if nodes[j].Y > nodes[i].Y+nodes[i].H {
				break // no further one can lie on this one
			}
			if cover(&nodes[i], &nodes[j]) < 0.85 {
				continue
			}
			if middle(&nodes[i], &nodes[j]) {
				groups[i] = append(groups[i], j)
			}
			if middle(&nodes[j], &nodes[i]) {
				groups[j] = append(groups[j], i)
			}
		}
	}
	return func(t *node, left []int) (int, bool) {
		own := all(t)
		return argmax(len(nodes), left, func(i int) float64 {
			v := own[i]
			for _, j := range groups[i] {
				if _, there := slices.BinarySearch(left, j); left != nil && !there {
					continue
				}
				for k := range v {
					v[k] = max(v[k], own[j][k])
				}
			}
			return sum(v)
		}), true
	}
}

func middle(a, b *node) bool {
	x, y := a.X+a.W/2, a.Y+a.H/2
	return x >= b.X && x <= b.X+b.W && y >= b.Y && y <= b.Y+b.H
}

// healenium gives points for the tag, the longest common part of the path, id, classes, text and other attributes, of
// 350; below five steps a path of which less than 0.7 is common gives none. At 0.5 it heals.
func healenium(nodes []node) func(*node, []int) (int, bool) {
	paths := make([][]string, len(nodes))
	for i := range nodes {
		paths[i] = strings.Split(strings.TrimPrefix(nodes[i].XPath, "/"), "/")
	}
	return func(t *node, left []int) (int, bool) {
		path := strings.Split(strings.TrimPrefix(t.XPath, "/"), "/")
		score := func(i int) float64 {
			n := &nodes[i]
			common := float64(subsequence(path, paths[i])) / float64(max(len(path), len(paths[i])))
			if len(path) > 5 && common < 0.7 {
				common = 0
			}
			points := 100*common + 100*mark(n.Tag == t.Tag) + 50*mark(n.ID != "" && n.ID == t.ID)
			points += 40*wordsShared(t.Class, n.Class) + 30*mark(t.Text != "" && strings.TrimSpace(t.Text) == strings.TrimSpace(n.Text))
			all, same := 0.0, 0.0
			for _, p := range [][2]string{{t.Href, n.Href}, {t.Name, n.Name}, {t.Alt, n.Alt}} {
				if p[0] != "" {
					all++
					same += mark(p[0] == p[1])
				}
			}
			if all > 0 {
				points += 30 * same / all
			}
			return points / 350
		}
		best := argmax(len(nodes), left, score)
		return best, best >= 0 && score(best) >= 0.5
	}
}

func subsequence(a, b []string) int {
	row := make([]int, len(b)+1)
	for i := range a {
		diagonal := 0
		for j := range b {
			next := max(row[j], row[j+1])
			if a[i] == b[j] {
				next = diagonal + 1
			}
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// casare takes for each rule the first element that it fits, with the rule's confidence times a similarity to which
// what is not set counts as different, and of these the surest; at 0.6 it heals. The rules for test ids, roles, labels,
// placeholders and types find nothing here, for the data does not have them.
func casare(nodes []node) func(*node, []int) (int, bool) {
	return func(t *node, left []int) (int, bool) {
		first := func(fits func(n *node) bool) int {
			for i := range nodes {
				if _, there := slices.BinarySearch(left, i); (left == nil || there) && fits(&nodes[i]) {
					return i
				}
			}
			return -1
		}
		classes := strings.Fields(t.Class)
		rules := []struct {
			sure float64
			at   int
		}{
			{0.9, first(func(n *node) bool { return t.ID != "" && n.ID == t.ID })},
			{0.8, first(func(n *node) bool { return t.Name != "" && n.Name == t.Name })},
			{0.75, first(func(n *node) bool { return t.Text != "" && n.Tag == t.Tag && strings.Contains(n.Text, t.Text) })},
			{0.6, first(func(n *node) bool {
				return len(classes) > 0 && n.Tag == t.Tag && wordsShared(t.Class, n.Class) > 0 && strings.Contains(" "+n.Class+" ", " "+classes[0]+" ")
			})},
		}
		best, most := 0, -1.0
		for _, r := range rules {
			if r.at < 0 {
				continue
			}
			n := &nodes[r.at]
			alike := 0.15*mark(n.Tag == t.Tag) + 0.15*mark(t.ID != "" && n.ID == t.ID) + 0.1*mark(t.Name != "" && n.Name == t.Name)
			alike += 0.15*spelled(t.Text, n.Text) + 0.1*wordsShared(t.Class, n.Class)
			if v := r.sure * alike; v > most {
				best, most = r.at, v
			}
		}
		return best, most >= 0.6
	}
}
