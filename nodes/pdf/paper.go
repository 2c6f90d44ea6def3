package pdf

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"

	"github.com/signintech/gopdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gobolditalic"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
)

// A face is one of the styles of a font.
const (
	faceRegular = "regular"
	faceBold    = "bold"
	faceItalic  = "italic"
	faceBoth    = "bolditalic"
	faceMono    = "mono"
)

// run is text in one face.
type run struct{ text, face string }

// paper is a document that is being written, from the top of the first page to
// the bottom of the last.
type paper struct {
	pdf     *gopdf.GoPdf
	w, h    float64 // size of the pages
	margin  float64
	y       float64 // where the next line goes
	size    float64 // of the letters
	pages   int
	own     []byte // font of the user for all faces
	loaded  map[string]bool
	face    string
	current float64 // size set last
}

// maxPaper bounds the pages of a document.
const maxPaper = 10_000

func newPaper(w, h, margin, size float64, font []byte) (p *paper, err error) {
	// gopdf breaks on some damaged fonts.
	defer func() {
		if r := recover(); r != nil {
			err = input("use another TrueType font", "the font cannot be used: %v", r)
		}
	}()
	p = &paper{pdf: &gopdf.GoPdf{}, w: w, h: h, margin: margin, size: size, own: font, loaded: map[string]bool{}}
	p.pdf.Start(gopdf.Config{PageSize: gopdf.Rect{W: w, H: h}})
	if err := p.use(faceRegular, size); err != nil {
		return nil, err
	}
	return p, nil
}

// use sets face and size of what is written next.
func (p *paper) use(face string, size float64) error {
	if p.own != nil {
		face = faceRegular
	}
	if !p.loaded[face] {
		data := map[string][]byte{faceRegular: goregular.TTF, faceBold: gobold.TTF, faceItalic: goitalic.TTF, faceBoth: gobolditalic.TTF, faceMono: gomono.TTF}[face]
		if p.own != nil {
			data = p.own
		}
		if err := p.pdf.AddTTFFontData(face, data); err != nil {
			return input("use a TrueType (.ttf) font", "the font cannot be used: %s", firstLine(err.Error()))
		}
		p.loaded[face] = true
	}
	if p.face == face && p.current == size {
		return nil
	}
	p.face, p.current = face, size
	return p.pdf.SetFont(face, "", size)
}

func (p *paper) newPage() error {
	if p.pages++; p.pages > maxPaper {
		return input("make several documents", "the document would have more than %d pages", maxPaper)
	}
	p.pdf.AddPage()
	p.y = p.margin
	return nil
}

// room begins a new page unless so much is left on this one.
func (p *paper) room(height float64) error {
	if p.pages == 0 || p.y+height > p.h-p.margin && p.y > p.margin {
		return p.newPage()
	}
	return nil
}

// clean replaces what has no shape by what is near, and refuses letters that
// the font lacks.
func (p *paper) clean(s string) (string, error) {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteString("    ")
			continue
		case r == '\u00a0' || r == '\u202f' || r == '\u2009' || r == '\u200a':
			r = ' '
		case r == '\u2011':
			r = '-'
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			continue
		}
		if r != ' ' {
			ok, err := p.pdf.IsCurrFontContainGlyph(r)
			if err != nil {
				return "", err
			}
			if !ok {
				return "", input("give a TrueType font that has it in font_file", "the font has no letter %q (U+%04X)", string(r), r)
			}
		}
		b.WriteRune(r)
	}
	return b.String(), nil
}

func (p *paper) width(s string) (float64, error) {
	if s == "" {
		return 0, nil
	}
	return p.pdf.MeasureTextWidth(s)
}

// laidLine is a line of runs with its width.
type laidLine struct {
	runs  []run
	width float64
}

// wrap breaks runs into lines of at most width at size. A word that is wider is
// broken inside.
func (p *paper) wrap(runs []run, size, width float64) ([]laidLine, error) {
	lines := []laidLine{{}}
	put := func(text, face string, w float64) {
		l := &lines[len(lines)-1]
		l.width += w
		if n := len(l.runs); n > 0 && l.runs[n-1].face == face {
			l.runs[n-1].text += text
			return
		}
		l.runs = append(l.runs, run{text, face})
	}
	for _, r := range runs {
		if err := p.use(r.face, size); err != nil {
			return nil, err
		}
		for i, part := range strings.Split(strings.ReplaceAll(r.text, "\r\n", "\n"), "\n") {
			if i > 0 {
				lines = append(lines, laidLine{})
			}
			text, err := p.clean(part)
			if err != nil {
				return nil, err
			}
			for _, word := range splitWords(text) {
				w, err := p.width(word)
				if err != nil {
					return nil, err
				}
				l := &lines[len(lines)-1]
				if l.width+w > width && l.width > 0 {
					if strings.TrimSpace(word) == "" {
						lines = append(lines, laidLine{})
						continue
					}
					lines = append(lines, laidLine{})
				}
				for w > width && len(word) > 1 {
					head, rest, hw, err := p.cut(word, width)
					if err != nil {
						return nil, err
					}
					put(head, r.face, hw)
					lines = append(lines, laidLine{})
					word = rest
					if w, err = p.width(word); err != nil {
						return nil, err
					}
				}
				if l := lines[len(lines)-1]; len(l.runs) == 0 && len(lines) > 1 && strings.TrimSpace(word) == "" {
					continue // no blanks at the start of a broken line
				}
				put(word, r.face, w)
			}
		}
	}
	return lines, nil
}

// cut splits a word after as many letters as fit, at least one.
func (p *paper) cut(word string, width float64) (head, rest string, w float64, err error) {
	letters := []rune(word)
	lo, hi := 1, len(letters)
	for lo < hi {
		mid := (lo + hi + 1) / 2
		got, err := p.width(string(letters[:mid]))
		if err != nil {
			return "", "", 0, err
		}
		if got <= width {
			lo = mid
		} else {
			hi = mid - 1
		}
	}
	head = string(letters[:lo])
	w, err = p.width(head)
	return head, string(letters[lo:]), w, err
}

// splitWords cuts a text into words and the blanks between them.
func splitWords(s string) []string {
	var out []string
	start, blank := 0, false
	for i, r := range s {
		if i > 0 && (r == ' ') != blank {
			out = append(out, s[start:i])
			start = i
		}
		blank = r == ' '
	}
	if start < len(s) {
		out = append(out, s[start:])
	}
	return out
}

// lineHeight is the distance of lines at a size of letters.
func lineHeight(size float64) float64 { return size * 1.35 }

// write sets lines at x with the given room, and moves down.
func (p *paper) write(lines []laidLine, x, width, size float64, align string) error {
	for _, l := range lines {
		if err := p.room(lineHeight(size)); err != nil {
			return err
		}
		if err := p.line(l, x, p.y, width, size, align); err != nil {
			return err
		}
		p.y += lineHeight(size)
	}
	return nil
}

func (p *paper) line(l laidLine, x, y, width, size float64, align string) error {
	switch align {
	case "center":
		x += (width - l.width) / 2
	case "right":
		x += width - l.width
	}
	p.pdf.SetXY(x, y)
	for _, r := range l.runs {
		if err := p.use(r.face, size); err != nil {
			return err
		}
		if r.text == "" {
			continue
		}
		if err := p.pdf.Cell(nil, r.text); err != nil {
			return fmt.Errorf("writing text: %w", err)
		}
	}
	return nil
}

func (p *paper) color(hex string) {
	if !colorRE.MatchString(hex) {
		hex = "#000000"
	}
	n, _ := strconv.ParseUint(hex[1:], 16, 32)
	p.pdf.SetTextColor(uint8(n>>16), uint8(n>>8), uint8(n))
}

var trailerRE = regexp.MustCompile(`(?s)trailer\s*<<.*?/Size (\d+).*?/Root (\d+ \d+ R).*startxref\s+(\d+)\s+%%EOF\s*$`)

// bytes ends the document and gives it a title and an author. gopdf writes
// these straight into the trailer, where many programs do not look, so they are
// appended as an object of their own, an incremental update.
func (p *paper) bytes(title, author string) ([]byte, error) {
	if p.pages == 0 {
		if err := p.newPage(); err != nil {
			return nil, err
		}
	}
	b, err := p.pdf.GetBytesPdfReturnErr()
	if err != nil {
		return nil, err
	}
	m := trailerRE.FindSubmatch(b[max(0, len(b)-2048):])
	if m == nil || title == "" && author == "" {
		return b, nil
	}
	info := "<</Producer" + textString("Aether")
	for k, v := range map[string]string{"Title": title, "Author": author} {
		if v != "" {
			info += "/" + k + textString(v)
		}
	}
	size, _ := strconv.Atoi(string(m[1]))
	at := len(b)
	b = fmt.Appendf(b, "%d 0 obj\n%s>>\nendobj\n", size, info)
	xref := len(b)
	return fmt.Appendf(b, "xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %d/Root %s/Info %d 0 R/Prev %s>>\nstartxref\n%d\n%%%%EOF\n", size, at, size+1, m[2], size, m[3], xref), nil
}

// textString writes text the way the properties of a PDF hold it.
func textString(s string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	return b.String() + ">"
}

// textPage makes a PDF of one page that is just as large as the text.
func textPage(text string, font []byte, size float64, color string) ([]byte, error) {
	measure, err := newPaper(1000, 1000, 0, size, font)
	if err != nil {
		return nil, err
	}
	lines, err := measure.wrap([]run{{text, faceRegular}}, size, 1e9)
	if err != nil {
		return nil, err
	}
	width := 1.0
	for _, l := range lines {
		width = max(width, l.width)
	}
	p, err := newPaper(width, lineHeight(size)*float64(len(lines)), 0, size, font)
	if err != nil {
		return nil, err
	}
	if err := p.newPage(); err != nil {
		return nil, err
	}
	p.color(color)
	for i, l := range lines {
		if err := p.line(l, 0, lineHeight(size)*float64(i), width, size, "center"); err != nil {
			return nil, err
		}
	}
	return p.bytes("", "")
}
