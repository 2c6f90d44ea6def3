package html

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// maxCells bounds what spans multiply to.
const maxCells = 2_000_000

// cell is one place of a grid; cells that span share their node.
type cell struct {
	n     *html.Node
	first bool // the upper left place of its node
}

// grid is a table with its spans laid out.
type grid struct {
	rows  [][]cell
	heads int // rows at the top that are headers
}

// rowsOf returns the rows of a table in the order in which they show, without
// those of tables inside of it.
func rowsOf(table *html.Node) (head, body, foot []*html.Node) {
	for c := table.FirstChild; c != nil; c = c.NextSibling {
		to := &body
		switch c.DataAtom {
		case atom.Tr:
			body = append(body, c)
			continue
		case atom.Thead:
			to = &head
		case atom.Tfoot:
			to = &foot
		case atom.Tbody:
		default:
			continue
		}
		for r := c.FirstChild; r != nil; r = r.NextSibling {
			if r.DataAtom == atom.Tr {
				*to = append(*to, r)
			}
		}
	}
	return head, body, foot
}

// layOut puts the cells of a table where a browser shows them. Budget is how
// many places may be filled; it is counted down.
func layOut(table *html.Node, budget *int) (*grid, error) {
	g := &grid{}
	head, body, foot := rowsOf(table)
	for i, group := range [][]*html.Node{head, body, foot} {
		// A cell does not span into another group.
		if err := g.group(group, budget); err != nil {
			return nil, err
		}
		if i == 0 {
			g.heads = len(g.rows)
		}
	}
	return g, nil
}

// reaching is a cell that reaches down into further rows.
type reaching struct {
	n    *html.Node
	left int
}

func (g *grid) group(trs []*html.Node, budget *int) error {
	down := map[int]reaching{}
	for i, tr := range trs {
		var row []cell
		put := func(c cell) error {
			if *budget--; *budget < 0 {
				return wrong("take the cells with html.query", "the tables have more than %d cells, spans counted", maxCells)
			}
			row = append(row, c)
			return nil
		}
		fromAbove := func() error {
			for {
				d, ok := down[len(row)]
				if !ok {
					return nil
				}
				if d.left--; d.left == 0 {
					delete(down, len(row))
				} else {
					down[len(row)] = d
				}
				if err := put(cell{n: d.n}); err != nil {
					return err
				}
			}
		}
		for td := tr.FirstChild; td != nil; td = td.NextSibling {
			if td.DataAtom != atom.Td && td.DataAtom != atom.Th {
				continue
			}
			if err := fromAbove(); err != nil {
				return err
			}
			wide := span(td, "colspan", 1000)
			high := span(td, "rowspan", len(trs)-i)
			if attrOf(td, "rowspan") == "0" {
				high = len(trs) - i
			}
			for k := range max(wide, 1) {
				if _, taken := down[len(row)]; taken && k > 0 {
					break // an overlap, which browsers paint over
				}
				at := len(row)
				if err := put(cell{td, k == 0}); err != nil {
					return err
				}
				if high > 1 {
					down[at] = reaching{td, high - 1}
				}
			}
		}
		if err := fromAbove(); err != nil {
			return err
		}
		// Cells from above may stand behind a gap.
		for _, at := range slices.Sorted(maps.Keys(down)) {
			if at < len(row) {
				continue // it is a cell of this row
			}
			for len(row) < at {
				if err := put(cell{}); err != nil {
					return err
				}
			}
			if err := fromAbove(); err != nil {
				return err
			}
		}
		g.rows = append(g.rows, row)
	}
	return nil
}

func span(n *html.Node, name string, most int) int {
	v, err := strconv.Atoi(strings.TrimSpace(attrOf(n, name)))
	if err != nil || v < 1 {
		return 1
	}
	return min(v, max(most, 1))
}

// width is the number of columns.
func (g *grid) width() int {
	w := 0
	for _, r := range g.rows {
		w = max(w, len(r))
	}
	return w
}

// headers returns how many rows at the top are headers.
func (g *grid) headers(mode string) int {
	switch {
	case mode == "none" || len(g.rows) == 0:
		return 0
	case mode == "first_row":
		return 1
	case g.heads > 0:
		return g.heads
	}
	n := 0
	for _, r := range g.rows {
		heads, cells := 0, 0
		for _, c := range r {
			switch {
			case c.n == nil || !c.first:
			case c.n.DataAtom == atom.Th:
				heads++
				cells++
			case visible(c.n) != "":
				cells++
			}
		}
		if heads == 0 || heads < cells {
			break
		}
		n++
	}
	if n == len(g.rows) {
		n = min(n, 1) // a table of headers alone has rows
	}
	return n
}

// columns names the columns: texts of several header rows are put together,
// names that occur twice get a number, and columns without one are counted.
func (g *grid) columns(heads int) []string {
	names := make([]string, g.width())
	used, next := make(map[string]bool, len(names)), map[string]int{}
	for i := range names {
		var parts []string
		var last *html.Node
		for _, r := range g.rows[:heads] {
			if i >= len(r) || r[i].n == nil || r[i].n == last {
				continue
			}
			last = r[i].n
			if t := squeeze(visible(last)); t != "" && (len(parts) == 0 || parts[len(parts)-1] != t) {
				parts = append(parts, t)
			}
		}
		names[i] = strings.Join(parts, " / ")
		if names[i] == "" {
			names[i] = fmt.Sprintf("column_%d", i+1)
		}
	}
	for i, n := range names {
		for used[names[i]] {
			next[n]++
			names[i] = fmt.Sprintf("%s_%d", n, next[n]+1)
		}
		used[names[i]] = true
	}
	return names
}
