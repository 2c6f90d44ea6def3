package text

import (
	"context"
	"slices"
)

// edit is one step from a to b: ' ' keeps a line, '-' removes one, '+' adds
// one. a and b are the positions in both texts before the step.
type edit struct {
	op   byte
	a, b int
}

// maxDistance bounds the search, whose memory grows with its square.
const maxDistance = 2000

// script returns the shortest way from a to b (Myers 1986), or a longer one
// when they differ in more than maxDistance lines.
func script(ctx context.Context, a, b []string) ([]edit, error) {
	start := 0
	for start < len(a) && start < len(b) && a[start] == b[start] {
		start++
	}
	endA, endB := len(a), len(b)
	for endA > start && endB > start && a[endA-1] == b[endB-1] {
		endA, endB = endA-1, endB-1
	}
	var out []edit
	for i := range start {
		out = append(out, edit{' ', i, i})
	}
	middle, err := search(ctx, a[start:endA], b[start:endB])
	if err != nil {
		return nil, err
	}
	for _, e := range middle {
		out = append(out, edit{e.op, e.a + start, e.b + start})
	}
	for i := range len(a) - endA {
		out = append(out, edit{' ', endA + i, endB + i})
	}
	return out, nil
}

// search explores furthest points by distance, keeping those of every
// distance for the way back.
func search(ctx context.Context, a, b []string) ([]edit, error) {
	n, m := len(a), len(b)
	if n == 0 || m == 0 {
		return replaceAll(n, m), nil
	}
	limit := min(n+m, maxDistance)
	v := make([]int32, 2*limit+3)
	mid := limit + 1
	var trace [][]int32
	for d := 0; d <= limit; d++ {
		if d%64 == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		trace = append(trace, slices.Clone(v[mid-d:mid+d+1]))
		for k := -d; k <= d; k += 2 {
			x := 0
			if k == -d || k != d && v[mid+k-1] < v[mid+k+1] {
				x = int(v[mid+k+1])
			} else {
				x = int(v[mid+k-1]) + 1
			}
			y := x - k
			for x < n && y < m && a[x] == b[y] {
				x, y = x+1, y+1
			}
			v[mid+k] = int32(x)
			if x >= n && y >= m {
				return walkBack(trace, n, m), nil
			}
		}
	}
	return replaceAll(n, m), nil
}

func replaceAll(n, m int) []edit {
	out := make([]edit, 0, n+m)
	for i := range n {
		out = append(out, edit{'-', i, 0})
	}
	for j := range m {
		out = append(out, edit{'+', n, j})
	}
	return out
}

// walkBack follows the trace from the end; trace[d] holds the furthest x for
// the diagonals -d to d before distance d was explored.
func walkBack(trace [][]int32, x, y int) []edit {
	var out []edit
	for d := len(trace) - 1; d > 0; d-- {
		at := func(k int) int {
			if i := k + d; i >= 0 && i < len(trace[d]) {
				return int(trace[d][i])
			}
			return 0
		}
		k := x - y
		down := k == -d || k != d && at(k-1) < at(k+1)
		prevK := k - 1
		if down {
			prevK = k + 1
		}
		prevX := at(prevK)
		prevY := prevX - prevK
		begin := prevX // of the diagonal after the step
		if !down {
			begin++
		}
		for x > begin {
			x, y = x-1, y-1
			out = append(out, edit{' ', x, y})
		}
		if down {
			out = append(out, edit{'+', prevX, prevY})
		} else {
			out = append(out, edit{'-', prevX, prevY})
		}
		x, y = prevX, prevY
	}
	for x > 0 {
		x, y = x-1, y-1
		out = append(out, edit{' ', x, y})
	}
	slices.Reverse(out)
	return out
}
