package expr

import "strings"

// nearest gives the name most like got, or "" when none is close.
func nearest(got string, names []string) string {
	best, bestDist := "", 3
	if len(got) > 64 {
		return ""
	}
	low := strings.ReplaceAll(strings.ToLower(got), "_", "")
	for _, n := range names {
		d := distance(low, strings.ReplaceAll(strings.ToLower(n), "_", ""))
		if d < bestDist && d < max(2, len(low)) {
			best, bestDist = n, d
		}
	}
	return best
}

// distance counts the letters to change, add, drop or swap.
func distance(a, b string) int {
	two, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], two[j-2]+1)
			}
		}
		two, prev, cur = prev, cur, two
	}
	return prev[len(b)]
}
