package ocr

import (
	"math"
	"strconv"
	"strings"
)

// word is a word that Tesseract found.
type word struct {
	text                         string
	x, y, w, h                   int
	confidence                   float64
	block, paragraph, line, page int
}

// parseTSV reads the table that Tesseract prints: level, page, block,
// paragraph, line, word, left, top, width, height, confidence, text. Lines that
// are otherwise are left out.
func parseTSV(s string) []word {
	var out []word
	for _, l := range strings.Split(s, "\n") {
		f := strings.SplitN(strings.TrimSuffix(l, "\r"), "\t", 12)
		if len(f) != 12 || f[0] != "5" || strings.TrimSpace(f[11]) == "" {
			continue
		}
		var n [10]int
		bad := false
		for i := range n {
			v, err := strconv.Atoi(f[i])
			bad = bad || err != nil
			n[i] = v
		}
		confidence, err := strconv.ParseFloat(f[10], 64)
		if bad || err != nil || math.IsNaN(confidence) || math.IsInf(confidence, 0) {
			continue
		}
		out = append(out, word{
			text: strings.ToValidUTF8(strings.TrimSpace(f[11]), "\ufffd"), page: n[1], block: n[2], paragraph: n[3], line: n[4],
			x: n[6], y: n[7], w: n[8], h: n[9], confidence: min(max(confidence, 0), 100),
		})
	}
	return out
}

// row is the word as an output, its place in the picture that was given.
func (w word) row(p picturePage) map[string]any {
	place := func(v, offset int) int { return offset + int(math.Round(float64(v)/p.scale)) }
	return map[string]any{
		"page": p.number, "text": w.text, "confidence": math.Round(w.confidence*10) / 10,
		"x": place(w.x, p.left), "y": place(w.y, p.top), "width": place(w.w, 0), "height": place(w.h, 0),
		"block": w.block, "paragraph": w.paragraph, "line": w.line,
	}
}

// textOf writes words line by line, with an empty line between paragraphs.
func textOf(words []word) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			last := words[i-1]
			switch {
			case last.block != w.block || last.paragraph != w.paragraph || last.page != w.page:
				b.WriteString("\n\n")
			case last.line != w.line:
				b.WriteByte('\n')
			default:
				b.WriteByte(' ')
			}
		}
		b.WriteString(w.text)
	}
	return b.String()
}
