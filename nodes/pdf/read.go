package pdf

import (
	"context"
	"errors"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/pdf/pdfium"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[readTextIn, readTextOut]{
		Type:  "pdf.read_text",
		Title: "Read text of PDF",
		Doc: "Reads the text of a PDF file, all of it or some pages, in reading order or laid out as on the page. " +
			"Only text that is in the file as text is found: a scan gives nothing (empty_pages tells which pages), use ocr.read_text for it. " +
			"The first use takes some seconds, while the engine starts.",
		Effect: node.Read,
		Examples: []node.Example[readTextIn, readTextOut]{{
			Title: "Read a page",
			Files: map[string]string{"hello.pdf": helloPDF},
			In:    readTextIn{source: source{File: "hello.pdf"}},
			Out:   readTextOut{Text: "Hello, world!", Pages: []string{"Hello, world!"}, PageCount: 1, EmptyPages: []int{}},
		}},
		Run: readText,
	})
	node.Register(node.Spec[readWordsIn, readWordsOut]{
		Type:   "pdf.read_words",
		Title:  "Read words of PDF with their places",
		Doc:    "Reads the words of a PDF file with the place of each on its page, to find what stands beside or below a label. The rows may be more than fit in memory.",
		Effect: node.Read,
		Examples: []node.Example[readWordsIn, readWordsOut]{{
			Title: "Words and boxes",
			Files: map[string]string{"hello.pdf": helloPDF},
			In:    readWordsIn{source: source{File: "hello.pdf"}},
			Check: func(o readWordsOut) error {
				if o.Count != 2 {
					return errors.New("two words were expected")
				}
				return nil
			},
		}},
		Run: readWords,
	})
}

type readTextIn struct {
	source
	Pages     []string `json:"pages" doc:"Pages to read: numbers and ranges such as 1-3, 5, 8- (to the end), last, odd, even, !4 (without page 4). Empty is all."`
	Layout    bool     `json:"layout" doc:"Keep the layout: words stand about where they stand on the page, with spaces between columns. Good for forms and columns of figures; else the text comes in reading order."`
	Area      *area    `json:"area" doc:"Read only the words whose middle lies in this part of each page."`
	Separator string   `json:"separator" default:"\n\n" is:"raw" doc:"What to put between pages in text."`
}

type readTextOut struct {
	Text       string   `json:"text" doc:"The text of all pages read."`
	Pages      []string `json:"pages" doc:"The text of each page read."`
	PageCount  int      `json:"page_count" doc:"How many pages the document has."`
	Encrypted  bool     `json:"encrypted" doc:"Whether the file is encrypted."`
	EmptyPages []int    `json:"empty_pages" doc:"Numbers of the pages read that hold no text: empty ones and scans."`
}

func readText(ctx context.Context, env *node.Env, in readTextIn) (readTextOut, error) {
	out := readTextOut{EmptyPages: []int{}, Pages: []string{}}
	err := in.read(ctx, env, func(ctx context.Context, d *pdfium.Doc) error {
		pages, err := pageList(in.Pages, d.Pages())
		if err != nil {
			return err
		}
		out.PageCount = d.Pages()
		out.Encrypted, _ = d.Encrypted()
		total := 0
		for i, p := range pages {
			if err := ctx.Err(); err != nil {
				return err
			}
			text, err := in.page(d, p)
			if err != nil {
				return err
			}
			if total += len(text); total > in.MaxSize {
				return input("read fewer pages at a time, or raise max_size", "the text of %s is larger than max_size allows", in.File)
			}
			if strings.TrimSpace(text) == "" {
				out.EmptyPages = append(out.EmptyPages, p)
			}
			out.Pages = append(out.Pages, text)
			env.Progress("reading pages", i+1, len(pages))
		}
		return nil
	})
	if err != nil {
		return readTextOut{}, err
	}
	out.Text = strings.Join(out.Pages, in.Separator)
	return out, nil
}

func (in readTextIn) page(d *pdfium.Doc, p int) (string, error) {
	if !in.Layout && in.Area == nil {
		return d.Text(p)
	}
	glyphs, err := d.Glyphs(p)
	if err != nil {
		return "", err
	}
	words := wordsOf(glyphs, in.Area)
	if in.Layout {
		return layout(words), nil
	}
	return plain(words, "\n"), nil
}

type readWordsIn struct {
	source
	Pages []string `json:"pages" doc:"Pages to read: numbers and ranges such as 1-3, 5, 8- (to the end), last, odd, even, !4 (without page 4). Empty is all."`
	Area  *area    `json:"area" doc:"Read only the words whose middle lies in this part of each page."`
	Unit  string   `json:"unit" default:"word" enum:"word,line" doc:"What a row holds: a word, or a line of text across the page."`
}

type readWordsOut struct {
	Rows      value.Rows `json:"rows" doc:"A row for each word or line: page, text, x, y, width, height in points from the upper left corner of the page."`
	Count     int        `json:"count" doc:"How many rows there are."`
	PageCount int        `json:"page_count" doc:"How many pages the document has."`
}

func readWords(ctx context.Context, env *node.Env, in readWordsIn) (readWordsOut, error) {
	var out readWordsOut
	rows, err := env.Rows(ctx, func(yield func(any) bool) error {
		return in.read(ctx, env, func(ctx context.Context, d *pdfium.Doc) error {
			pages, err := pageList(in.Pages, d.Pages())
			if err != nil {
				return err
			}
			out.PageCount = d.Pages()
			for i, p := range pages {
				if err := ctx.Err(); err != nil {
					return err
				}
				glyphs, err := d.Glyphs(p)
				if err != nil {
					return err
				}
				words := wordsOf(glyphs, in.Area)
				if in.Unit == "line" {
					words = wholeLines(words)
				}
				for _, w := range words {
					out.Count++
					if !yield(map[string]any{"page": p, "text": w.text, "x": round(w.x), "y": round(w.y), "width": round(w.w), "height": round(w.h)}) {
						return nil
					}
				}
				env.Progress("reading pages", i+1, len(pages))
			}
			return nil
		})
	})
	out.Rows = rows
	return out, err
}

func wholeLines(words []word) []word {
	var out []word
	for _, l := range linesOf(words) {
		w := l.words[0]
		for _, o := range l.words[1:] {
			right, bottom := max(w.right(), o.right()), max(w.bottom(), o.bottom())
			w.y = min(w.y, o.y)
			w.w, w.h = right-w.x, bottom-w.y
		}
		w.text = plain(l.words, " ")
		out = append(out, w)
	}
	return out
}

// round keeps two decimals: a hundredth of a point is more than any file means.
func round(f float64) any {
	n, err := value.Number(float64(int64(f*100+0.5)) / 100)
	if err != nil {
		return 0
	}
	return n
}
