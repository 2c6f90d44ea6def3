package expr

import (
	"strings"

	"github.com/aether-rpa/aether/spelling"
)

// nearest gives the name most like got, or "" when none is close.
func nearest(got string, names []string) string {
	best, bestDist := "", 3
	if len(got) > 64 {
		return ""
	}
	low := strings.ReplaceAll(strings.ToLower(got), "_", "")
	for _, n := range names {
		d := spelling.Distance(low, strings.ReplaceAll(strings.ToLower(n), "_", ""))
		if d < bestDist && d < max(2, len(low)) {
			best, bestDist = n, d
		}
	}
	return best
}
