package heal

import (
	"math"
	"slices"
	"strings"
)

// within says that element a stands in element b.
func (p *Prepared) within(a, b int) bool {
	x, y := &p.page.Elements[a], &p.page.Elements[b]
	if x.Frame != y.Frame {
		return false
	}
	if !slices.Equal(x.Shadow, y.Shadow) {
		n := len(y.Shadow)
		return len(x.Shadow) > n && slices.Equal(x.Shadow[:n], y.Shadow) && inside(x.Shadow[n], y.Path)
	}
	return x.Path != y.Path && inside(x.Path, y.Path)
}

// inside says that a path is another one or leads on from it.
func inside(path, from string) bool {
	rest, ok := strings.CutPrefix(path, from)
	return ok && from != "" && (rest == "" || rest[0] == '/')
}

// equivalent says that a person would not tell two elements apart: one holds the other and they read the same, or
// cover the same place.
func (p *Prepared) equivalent(a, b int) bool {
	if a == b {
		return true
	}
	x, y := &p.recs[a], &p.recs[b]
	if !p.within(a, b) && !p.within(b, a) {
		// A label that lies on its field.
		return x.laidOut && y.laidOut && overlap(x, y) >= 0.85 && p.page.Elements[a].Parent >= 0 && p.page.Elements[a].Parent == p.page.Elements[b].Parent
	}
	if x.text == y.text && x.text != 0 {
		return true
	}
	if x.laidOut && y.laidOut {
		return overlap(x, y) >= 0.5
	}
	d := len(x.steps) - len(y.steps)
	return d == 1 || d == -1
}

// duplicate says that two elements are plain links that lead to the same place and read the same.
func (p *Prepared) duplicate(a, b int) bool {
	x, y := &p.recs[a], &p.recs[b]
	return x.href != 0 && x.href == y.href && x.text == y.text && x.row == y.row
}

func overlap(x, y *record) float64 {
	w := math.Min(x.x+x.w, y.x+y.w) - math.Max(x.x, y.x)
	h := math.Min(x.y+x.h, y.y+y.h) - math.Max(x.y, y.y)
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / (x.w*x.h + y.w*y.h - w*h)
}
