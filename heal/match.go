package heal

import (
	"math"
	"slices"
)

// breadth is how many elements of each target take part in the assignment.
const breadth = 24

// Match looks for several elements of one page, each of which is another one.
func (p *Prepared) Match(ws []Wanted) []Verdict {
	all := make([]*scores, len(ws))
	for i := range ws {
		all[i] = p.score(&ws[i])
	}
	chosen := p.assign(all)
	owner := make(map[int]int, len(ws))
	for k, i := range chosen {
		if i >= 0 {
			owner[i] = k
		}
	}
	out := make([]Verdict, len(ws))
	for k := range ws {
		if chosen[k] < 0 {
			out[k] = Verdict{Best: -1, Decision: Abstain}
			continue
		}
		out[k] = p.decide(&ws[k], all[k], chosen[k], func(i int) bool {
			o, ok := owner[i]
			return ok && o != k || slices.Contains(ws[k].Claimed, i)
		})
	}
	return out
}

// assign gives each target an element of its own so that the product of their shares is as large as can be.
func (p *Prepared) assign(all []*scores) []int {
	column := map[int]int{}
	var elements []int
	for _, s := range all {
		for _, i := range s.order[:min(len(s.order), breadth)] {
			if _, ok := column[i]; !ok {
				column[i] = len(elements)
				elements = append(elements, i)
			}
		}
	}
	if len(elements) == 0 {
		out := make([]int, len(all))
		for i := range out {
			out[i] = -1
		}
		return out
	}
	// What it costs to leave a target out: without that, one that is gone could push another from its place.
	const none = 4
	cost := make([][]float64, len(all))
	for k, s := range all {
		row := make([]float64, len(elements)+len(all))
		for c := range row {
			row[c] = none + 1
		}
		for c, i := range elements {
			if d := s.shift - s.z[i]; !math.IsInf(d, 0) && d < none {
				row[c] = d
			}
		}
		row[len(elements)+k] = none
		cost[k] = row
	}
	out := hungarian(cost)
	for k, c := range out {
		if c >= len(elements) || cost[k][c] > none {
			out[k] = -1
			continue
		}
		out[k] = elements[c]
	}
	for k, s := range all {
		for n := 0; out[k] < 0 && n < len(s.order); n++ {
			if i := s.order[n]; !slices.Contains(out, i) {
				out[k] = i // the likeliest that nothing else has; the decision says whether it is likely
			}
		}
	}
	return out
}

// hungarian assigns each row a column of its own so that the sum of costs is least. There are at least as many columns
// as rows.
func hungarian(cost [][]float64) []int {
	n := len(cost)
	if n == 0 {
		return nil
	}
	m := len(cost[0])
	u, v := make([]float64, n+1), make([]float64, m+1)
	match, way := make([]int, m+1), make([]int, m+1)
	least, used := make([]float64, m+1), make([]bool, m+1)
	for i := 1; i <= n; i++ {
		match[0] = i
		j := 0
		for k := range least {
			least[k], used[k] = math.Inf(1), false
		}
		for match[j] != 0 {
			used[j] = true
			row, delta, next := match[j], math.Inf(1), 0
			for k := 1; k <= m; k++ {
				if used[k] {
					continue
				}
				if d := cost[row-1][k-1] - u[row] - v[k]; d < least[k] {
					least[k], way[k] = d, j
				}
				if least[k] < delta {
					delta, next = least[k], k
				}
			}
			for k := range used {
				if used[k] {
					u[match[k]] += delta
					v[k] -= delta
				} else {
					least[k] -= delta
				}
			}
			j = next
		}
		for j != 0 {
			match[j] = match[way[j]]
			j = way[j]
		}
	}
	out := make([]int, n)
	for k := 1; k <= m; k++ {
		if match[k] > 0 {
			out[match[k]-1] = k - 1
		}
	}
	return out
}
