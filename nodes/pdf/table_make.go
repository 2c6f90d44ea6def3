package pdf

import (
	"context"
)

// table draws a table with lines; the header is repeated on each page.
func (p *paper) table(ctx context.Context, b block, size float64, n int) error {
	cells, err := b.tableCells(ctx, n)
	if err != nil {
		return err
	}
	cols := len(cells[0])
	if cols == 0 {
		return nil
	}
	if cols > 100 {
		return input("choose fewer columns", "the table in block %d has %d columns, too many for a page", n, cols)
	}
	widths, err := p.columnWidths(cells, b.Widths, size)
	if err != nil {
		return err
	}
	if err := p.room(3 * lineHeight(size)); err != nil {
		return err
	}
	for r, row := range cells {
		if r%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		var head [][]run
		if r > 0 {
			head = cells[0]
		}
		if err := p.row(row, head, widths, b.aligns, size); err != nil {
			return err
		}
	}
	p.y += size * 0.7
	return nil
}

const cellPadding = 3.0

// columnWidths divides the width of the page: by the weights given, else by
// what the first rows need.
func (p *paper) columnWidths(cells [][][]run, weights []float64, size float64) ([]float64, error) {
	full := p.w - 2*p.margin
	cols := len(cells[0])
	need := make([]float64, cols)
	total := 0.0
	if len(weights) == cols {
		for c, w := range weights {
			need[c] = max(w, 0.01)
			total += need[c]
		}
	} else {
		for _, row := range cells[:min(len(cells), 200)] {
			for c, cell := range row {
				lines, err := p.wrap(cell, size, 1e9)
				if err != nil {
					return nil, err
				}
				for _, l := range lines {
					need[c] = max(need[c], min(l.width+2*cellPadding+1, full*0.6))
				}
			}
		}
		for c := range need {
			need[c] = max(need[c], 12)
			total += need[c]
		}
		if total <= full { // it fits: no wider than needed
			return need, nil
		}
	}
	for c := range need {
		need[c] *= full / total
	}
	return need, nil
}

// row draws one row. One that does not fit on the rest of the page starts a new
// one, below head again; one that is higher than a page goes on over several.
// The header itself has no head.
func (p *paper) row(cells, head [][]run, widths []float64, aligns []string, size float64) error {
	laid := make([][]laidLine, len(cells))
	most := 1
	for c, cell := range cells {
		lines, err := p.wrap(cell, size, max(widths[c]-2*cellPadding, 4))
		if err != nil {
			return err
		}
		laid[c] = lines
		most = max(most, len(lines))
	}
	top := p.margin
	for done := 0; done < most; {
		left := p.h - p.margin - p.y - 2*cellPadding
		fit := int(left / lineHeight(size))
		// On a new page below the header there is no more room to be had.
		if p.y > top && (fit < 1 || fit < most-done && fit < 3) {
			if err := p.newPage(); err != nil {
				return err
			}
			if head != nil {
				if err := p.row(head, nil, widths, aligns, size); err != nil {
					return err
				}
			}
			top = p.y
			continue
		}
		fit = min(max(fit, 1), most-done)
		height := float64(fit)*lineHeight(size) + 2*cellPadding
		x := p.margin
		p.pdf.SetLineWidth(0.5)
		for c, lines := range laid {
			if head == nil {
				p.pdf.SetFillColor(235, 235, 235)
				p.pdf.RectFromUpperLeftWithStyle(x, p.y, widths[c], height, "FD")
				p.pdf.SetFillColor(0, 0, 0)
			} else {
				p.pdf.RectFromUpperLeftWithStyle(x, p.y, widths[c], height, "D")
			}
			align := "left"
			if c < len(aligns) {
				align = aligns[c]
			}
			for k := done; k < min(done+fit, len(lines)); k++ {
				if err := p.line(lines[k], x+cellPadding, p.y+cellPadding+float64(k-done)*lineHeight(size), widths[c]-2*cellPadding, size, align); err != nil {
					return err
				}
			}
			x += widths[c]
		}
		p.y += height
		done += fit
	}
	return nil
}
