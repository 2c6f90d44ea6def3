package ocr

import (
	"context"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[readIn, readOut]{
		Type:  "ocr.read_text",
		Title: "Read text from picture",
		Doc: "Reads the text in a picture, or on the pages of a scanned PDF file, and returns it with the place of each word and how sure Tesseract is of it. " +
			"Works best on sharp, upright text of at least 20 pixels height; for screenshots set scale to 2 or 3. " +
			"Confidence is from 0 to 100; what is below 60 is often wrong. Text that a PDF holds as text is read faster and without errors by pdf.read_text.",
		Effect: node.Read,
		Examples: []node.Example[readIn, readOut]{{
			Title:   "A scanned invoice in German and English",
			In:      readIn{source: source{File: "scan.pdf", Pages: []string{"1"}}, engine: engine{Language: "deu+eng"}},
			DocOnly: "needs Tesseract and a scan",
		}, {
			Title:   "Digits in a part of a screenshot",
			In:      readIn{source: source{File: "screen.png", Region: &region{X: 10, Y: 20, Width: 300, Height: 40}, Scale: 3}, engine: engine{Mode: "line", Settings: map[string]string{"tessedit_char_whitelist": "0123456789.,"}}},
			DocOnly: "needs Tesseract and a screenshot",
		}},
		Check: func(in readIn) error { return in.check() },
		Run:   read,
	})
}

type readIn struct {
	source
	engine
	MinConfidence float64 `json:"min_confidence" default:"0" min:"0" max:"100" doc:"Leave out words that Tesseract is less sure of, from rows and text."`
}

type readOut struct {
	Text       string     `json:"text" doc:"The text, line by line; pages are separated by an empty line."`
	Pages      []string   `json:"pages" doc:"The text of each page."`
	Words      value.Rows `json:"words" doc:"A row for each word: page, text, confidence, x, y, width, height in pixels of the picture (or of the page drawn at dpi), and block, paragraph and line, by which words belong together."`
	Count      int        `json:"count" doc:"How many words there are."`
	Confidence float64    `json:"confidence" doc:"How sure Tesseract is on average, from 0 to 100; 0 when there are no words."`
	Engine     string     `json:"engine" doc:"What read the text: tesseract."`
}

func read(ctx context.Context, env *node.Env, in readIn) (readOut, error) {
	out := readOut{Pages: []string{}, Engine: "tesseract"}
	program, err := in.find(env)
	if err != nil {
		return out, err
	}
	args, err := in.args(env)
	if err != nil {
		return out, err
	}
	sum := 0.0
	out.Words, err = env.Rows(ctx, func(yield func(any) bool) error {
		return in.each(ctx, env, func(p picturePage) error {
			call := append([]string{p.file, "stdout"}, args...)
			text, err := in.run(ctx, env, program, p.dir, p.what, append(append(call, p.resolution()...), "tsv")...)
			if err != nil {
				return err
			}
			words := parseTSV(text)
			kept := words[:0]
			for _, w := range words {
				if w.confidence < in.MinConfidence {
					continue
				}
				kept = append(kept, w)
				sum += w.confidence
				out.Count++
				if !yield(w.row(p)) {
					return nil
				}
			}
			out.Pages = append(out.Pages, textOf(kept))
			return nil
		})
	})
	if err != nil {
		return readOut{}, err
	}
	out.Text = strings.Join(out.Pages, "\n\n")
	if out.Count > 0 {
		out.Confidence = float64(int(sum/float64(out.Count)*10+0.5)) / 10
	}
	return out, nil
}
