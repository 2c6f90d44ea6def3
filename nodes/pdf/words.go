package pdf

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/aether-rpa/aether/nodes/pdf/pdfium"
)

// word is a run of characters without a space, with its box.
type word struct {
	text           string
	x, y, w, h     float64
	runes          int
	beforeIsSpaced bool // a space was written before it, rather than a gap
}

func (w word) right() float64  { return w.x + w.w }
func (w word) bottom() float64 { return w.y + w.h }
func (w word) midX() float64   { return w.x + w.w/2 }
func (w word) midY() float64   { return w.y + w.h/2 }

// area is a part of a page.
type area struct {
	X      float64 `json:"x" doc:"Left edge, in points from the left edge of the page."`
	Y      float64 `json:"y" doc:"Upper edge, in points from the upper edge of the page."`
	Width  float64 `json:"width" is:"required" min:"0" doc:"Width in points."`
	Height float64 `json:"height" is:"required" min:"0" doc:"Height in points."`
}

func (a *area) holds(w word) bool {
	return a == nil || w.midX() >= a.X && w.midX() <= a.X+a.Width && w.midY() >= a.Y && w.midY() <= a.Y+a.Height
}

// wordsOf joins characters into words, in the order of the glyphs.
func wordsOf(glyphs []pdfium.Glyph, in *area) []word {
	var out []word
	var b strings.Builder
	var cur word
	flush := func() {
		if b.Len() > 0 {
			if cur.text = b.String(); in.holds(cur) {
				out = append(out, cur)
			}
		}
		b.Reset()
		cur = word{}
	}
	spaced := false
	for _, g := range glyphs {
		if unicode.IsSpace(g.R) || unicode.IsControl(g.R) && g.R != 2 {
			flush()
			spaced = !g.Generated
			continue
		}
		if b.Len() > 0 {
			gap := g.X - cur.right()
			sameLine := math.Abs((g.Y+g.H/2)-cur.midY()) < 0.5*max(g.H, cur.h)
			if !sameLine || gap > 0.25*max(g.H, 1) || gap < -0.8*max(g.H, g.W, 1) {
				flush()
				spaced = false
			}
		}
		r := g.R
		if r == 2 || r == 0xFFFE {
			r = '-' // a hyphen that PDFium marks as one of a divided word
		}
		if b.Len() == 0 {
			cur = word{x: g.X, y: g.Y, w: g.W, h: g.H, beforeIsSpaced: spaced}
			spaced = false
		} else {
			right, bottom := max(cur.right(), g.X+g.W), max(cur.bottom(), g.Y+g.H)
			cur.x, cur.y = min(cur.x, g.X), min(cur.y, g.Y)
			cur.w, cur.h = right-cur.x, bottom-cur.y
		}
		cur.runes++
		b.WriteRune(r)
	}
	flush()
	return out
}

// textLine is words on one base line, from left to right.
type textLine struct {
	words []word
	y, h  float64
}

// linesOf groups words into lines from top to bottom.
func linesOf(words []word) []textLine {
	sorted := slices.Clone(words)
	slices.SortStableFunc(sorted, func(a, b word) int { return cmp.Compare(a.midY(), b.midY()) })
	var out []textLine
	for _, w := range sorted {
		if w.h == 0 {
			w.h = 1
		}
		// Words whose middle lies inside the line's height belong to it; the
		// line's middle is that of its first word, so that lines do not drift.
		if n := len(out); n > 0 {
			l := &out[n-1]
			if math.Abs(w.midY()-(l.y+l.h/2)) < 0.5*min(l.h, w.h) {
				l.words = append(l.words, w)
				continue
			}
		}
		out = append(out, textLine{words: []word{w}, y: w.y, h: w.h})
	}
	for i := range out {
		slices.SortStableFunc(out[i].words, func(a, b word) int { return cmp.Compare(a.x, b.x) })
	}
	return out
}

// maxColumn bounds the width of laid-out text in characters.
const maxColumn = 500

// layout writes the words so that they stand in a monospaced text about where
// they stand on the page.
func layout(words []word) string {
	lines := linesOf(words)
	if len(lines) == 0 {
		return ""
	}
	char := charWidth(words)
	left := math.Inf(1)
	for _, w := range words {
		left = min(left, w.x)
	}
	var b strings.Builder
	lineHeight := medianHeight(lines)
	for i, l := range lines {
		if i > 0 {
			b.WriteByte('\n')
			gap := l.y - (lines[i-1].y + lines[i-1].h)
			for n := int(gap / max(lineHeight*1.2, 1)); n > 0 && n <= 50; n-- {
				b.WriteByte('\n')
			}
		}
		at := 0
		for k, w := range l.words {
			col := min(int(math.Round((w.x-left)/char)), maxColumn)
			if k > 0 {
				// One space between words that belong together, two or more
				// between columns.
				gap := w.x - l.words[k-1].right()
				switch {
				case gap < 1.5*char && at+1 >= col-2:
					col = at + 1
				case col < at+2:
					col = at + 2
				}
				if gap < 0.1*char && !w.beforeIsSpaced {
					col = at
				}
			}
			for at < col {
				b.WriteByte(' ')
				at++
			}
			b.WriteString(w.text)
			at += w.runes
		}
	}
	return b.String()
}

// charWidth returns the usual width of a character.
func charWidth(words []word) float64 {
	var widths []float64
	for _, w := range words {
		if w.runes > 0 && w.w > 0 {
			widths = append(widths, w.w/float64(w.runes))
		}
	}
	if len(widths) == 0 {
		return 5
	}
	slices.Sort(widths)
	return max(widths[len(widths)/2], 0.5)
}

func medianHeight(lines []textLine) float64 {
	hs := make([]float64, 0, len(lines))
	for _, l := range lines {
		hs = append(hs, l.h)
	}
	slices.Sort(hs)
	return hs[len(hs)/2]
}

// plain joins words into text, line by line.
func plain(words []word, sep string) string {
	var b strings.Builder
	for i, l := range linesOf(words) {
		if i > 0 {
			b.WriteString(sep)
		}
		for k, w := range l.words {
			if k > 0 && (w.beforeIsSpaced || w.x-l.words[k-1].right() > 0.05*w.h) {
				b.WriteByte(' ')
			}
			b.WriteString(w.text)
		}
	}
	return b.String()
}
