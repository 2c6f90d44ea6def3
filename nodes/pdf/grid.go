package pdf

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/aether-rpa/aether/nodes/pdf/pdfium"
)

// columnNames makes the cells of a header different names: empty ones are
// numbered, repeated ones get a number behind them.
func columnNames(cells []string) []string {
	used := map[string]bool{}
	out := make([]string, len(cells))
	for i, c := range cells {
		if c == "" {
			c = fmt.Sprintf("column_%d", i+1)
		}
		name := c
		for n := 2; used[name]; n++ {
			name = fmt.Sprintf("%s_%d", c, n)
		}
		used[name] = true
		out[i] = name
	}
	return out
}

// near is how far apart two lines may be and still be meant as one, and by how
// much a line may miss another that it is meant to touch.
const near = 3.0

// stroke is a line along one axis: at is its place on the other one.
type stroke struct{ at, from, to float64 }

// strokes splits lines by direction and joins pieces that continue each other.
func strokes(lines []pdfium.Line) (across, down []stroke) {
	for _, l := range lines {
		if l.X2-l.X1 >= l.Y2-l.Y1 {
			across = append(across, stroke{(l.Y1 + l.Y2) / 2, l.X1, l.X2})
		} else {
			down = append(down, stroke{(l.X1 + l.X2) / 2, l.Y1, l.Y2})
		}
	}
	return joined(across), joined(down)
}

func joined(in []stroke) []stroke {
	slices.SortFunc(in, func(a, b stroke) int { return cmp.Compare(a.at, b.at) })
	// Lines closer than near are put on one place, that of the first of them.
	for i, base := 1, 0; i < len(in); i++ {
		if in[i].at-in[base].at <= near {
			in[i].at = in[base].at
		} else {
			base = i
		}
	}
	slices.SortFunc(in, func(a, b stroke) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.from, b.from))
	})
	var out []stroke
	for _, s := range in {
		if n := len(out); n > 0 && out[n-1].at == s.at && s.from <= out[n-1].to+near {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// maxStrokes bounds the lines looked at, since each is compared with each.
const maxStrokes = 2000

// ruled finds the tables that lines draw: groups of lines that cross.
func ruled(lines []pdfium.Line, words []word, br string) []grid {
	across, down := strokes(lines)
	across, down = across[:min(len(across), maxStrokes)], down[:min(len(down), maxStrokes)]
	// Lines that touch belong to one table (union by group number).
	group := make([]int, len(across)+len(down))
	for i := range group {
		group[i] = i
	}
	find := func(i int) int {
		for group[i] != i {
			group[i] = group[group[i]]
			i = group[i]
		}
		return i
	}
	for i, a := range across {
		for k, d := range down {
			if d.at >= a.from-near && d.at <= a.to+near && a.at >= d.from-near && a.at <= d.to+near {
				group[find(len(across)+k)] = find(i)
			}
		}
	}
	type lattice struct{ across, down []stroke }
	byGroup := map[int]*lattice{}
	at := func(i int) *lattice {
		g := find(i)
		if byGroup[g] == nil {
			byGroup[g] = &lattice{}
		}
		return byGroup[g]
	}
	for i, a := range across {
		l := at(i)
		l.across = append(l.across, a)
	}
	for k, d := range down {
		l := at(len(across) + k)
		l.down = append(l.down, d)
	}
	var out []grid
	for _, l := range byGroup {
		if g, ok := cellsOf(l.across, l.down, words, br); ok {
			out = append(out, g)
		}
	}
	slices.SortFunc(out, func(a, b grid) int { return cmp.Or(cmp.Compare(a.y, b.y), cmp.Compare(a.x, b.x)) })
	return slices.DeleteFunc(out, func(g grid) bool {
		// A box around a whole table, or one inside a cell, is no table.
		return len(g.cells) == 0
	})
}

// places returns the different positions of strokes.
func places(ss []stroke) []float64 {
	var out []float64
	for _, s := range ss {
		if n := len(out); n == 0 || s.at > out[n-1] {
			out = append(out, s.at)
		}
	}
	return out
}

// cellsOf puts the words into the cells that lines form. Where a line between
// two cells is missing they are one, and the text is in the first.
func cellsOf(across, down []stroke, words []word, br string) (grid, bool) {
	slices.SortFunc(across, func(a, b stroke) int { return cmp.Compare(a.at, b.at) })
	slices.SortFunc(down, func(a, b stroke) int { return cmp.Compare(a.at, b.at) })
	xs, ys := places(down), places(across)
	// Tables open at the sides: the horizontal lines say how far they reach.
	if len(ys) >= 2 && len(xs) >= 1 {
		left, right := math.Inf(1), math.Inf(-1)
		for _, a := range across {
			left, right = min(left, a.from), max(right, a.to)
		}
		if left < xs[0]-2*near {
			xs = slices.Insert(xs, 0, left)
		}
		if right > xs[len(xs)-1]+2*near {
			xs = append(xs, right)
		}
	}
	if len(xs) < 2 || len(ys) < 2 || len(xs) > 500 || len(xs)*len(ys) > 200_000 {
		return grid{}, false
	}
	g := grid{method: "lines", x: xs[0], y: ys[0], w: xs[len(xs)-1] - xs[0], h: ys[len(ys)-1] - ys[0]}
	nx, ny := len(xs)-1, len(ys)-1
	wallLeft, wallAbove := walls(down, ys, xs), walls(across, xs, ys)
	inCell := make([][]word, nx*ny)
	for _, w := range words {
		c, r := slot(xs, w.midX()), slot(ys, w.midY())
		if c < 0 || r < 0 {
			continue
		}
		for c > 0 && !wallLeft[c][r] {
			c--
		}
		for r > 0 && !wallAbove[r][c] {
			r--
		}
		inCell[r*nx+c] = append(inCell[r*nx+c], w)
	}
	g.cells = make([][]string, ny)
	for r := range ny {
		g.cells[r] = make([]string, nx)
		for c := range nx {
			g.cells[r][c] = plain(inCell[r*nx+c], br)
		}
	}
	return g, true
}

// walls tells for each of the positions at whether strokes there close each of
// the slots between the positions along.
func walls(ss []stroke, along, at []float64) [][]bool {
	out := make([][]bool, len(at))
	for i := range out {
		out[i] = make([]bool, len(along))
	}
	for _, s := range ss {
		i, ok := slices.BinarySearch(at, s.at)
		if !ok {
			continue
		}
		for k := 0; k+1 < len(along); k++ {
			mid := (along[k] + along[k+1]) / 2
			out[i][k] = out[i][k] || s.from <= mid && mid <= s.to
		}
	}
	return out
}

// slot returns between which of the positions v lies, or -1.
func slot(at []float64, v float64) int {
	for i := 0; i+1 < len(at); i++ {
		if v >= at[i] && v <= at[i+1] {
			return i
		}
	}
	return -1
}

// piece is words of a line that stand together: a cell, or text.
type piece struct {
	from, to float64
	words    []word
}

// pieces cuts a line where the gap is wider than between words.
func pieces(l textLine) []piece {
	var out []piece
	for _, w := range l.words {
		if n := len(out); n > 0 && w.x-out[n-1].to < 0.75*l.h {
			out[n-1].words = append(out[n-1].words, w)
			out[n-1].to = max(out[n-1].to, w.right())
			continue
		}
		out = append(out, piece{w.x, w.right(), []word{w}})
	}
	return out
}

// aligned finds tables without lines: blocks of lines of text with gaps that
// run through all of them.
func aligned(words []word, br string) []grid {
	lines := linesOf(words)
	if len(lines) == 0 {
		return nil
	}
	usual := medianHeight(lines)
	var out []grid
	var block []textLine
	flush := func() {
		// A block begins and ends with lines of several pieces.
		for len(block) > 0 && len(pieces(block[len(block)-1])) < 2 {
			block = block[:len(block)-1]
		}
		if g, ok := alignedBlock(block, br); ok {
			out = append(out, g)
		}
		block = nil
	}
	for i, l := range lines {
		n := len(pieces(l))
		if len(block) > 0 {
			gap := l.y - (lines[i-1].y + lines[i-1].h)
			if gap > 1.8*usual || n < 2 && gap > 0.6*usual {
				flush()
			}
		}
		if n >= 2 || len(block) > 0 && startsInside(block, l) {
			block = append(block, l)
		} else if len(block) > 0 {
			flush()
		}
	}
	flush()
	return out
}

// startsInside reports whether a line of one piece goes on with a cell of the
// block rather than being text that follows the table: it does not span two
// pieces of the line above.
func startsInside(block []textLine, l textLine) bool {
	ps := pieces(l)
	if len(ps) != 1 {
		return len(ps) > 1
	}
	above := pieces(block[len(block)-1])
	touched := 0
	for _, p := range above {
		if ps[0].from < p.to && ps[0].to > p.from {
			touched++
		}
	}
	return touched <= 1
}

// alignedBlock finds the columns of a block: spans that are covered by pieces,
// with uncovered gaps between them.
func alignedBlock(block []textLine, br string) (grid, bool) {
	if len(block) < 2 {
		return grid{}, false
	}
	var all []piece
	for _, l := range block {
		all = append(all, pieces(l)...)
	}
	slices.SortFunc(all, func(a, b piece) int { return cmp.Compare(a.from, b.from) })
	var cols []piece
	for _, p := range all {
		if n := len(cols); n > 0 && p.from < cols[n-1].to+1 {
			cols[n-1].to = max(cols[n-1].to, p.to)
			continue
		}
		cols = append(cols, piece{from: p.from, to: p.to})
	}
	if len(cols) < 2 {
		return grid{}, false
	}
	first, last := block[0], block[len(block)-1]
	g := grid{method: "text", x: cols[0].from, y: first.y, w: cols[len(cols)-1].to - cols[0].from, h: last.y + last.h - first.y}
	for _, l := range block {
		row := make([]string, len(cols))
		filled := 0
		for _, p := range pieces(l) {
			c, _ := slices.BinarySearchFunc(cols, (p.from+p.to)/2, func(col piece, v float64) int {
				return cmp.Compare(col.to, v)
			})
			if row[c] == "" {
				filled++
			} else {
				row[c] += " "
			}
			row[c] += plain(p.words, " ")
		}
		// A line of one piece, not in the first column, goes on with the cell
		// above it.
		if n := len(g.cells); filled == 1 && n > 1 && row[0] == "" && len(cols) > 1 {
			c := slices.IndexFunc(row, func(s string) bool { return s != "" })
			if g.cells[n-1][c] != "" {
				g.cells[n-1][c] += br + row[c]
				continue
			}
		}
		g.cells = append(g.cells, row)
	}
	return g, true
}
