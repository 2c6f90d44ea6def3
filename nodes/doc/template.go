package doc

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/doc/docx"
)

func init() {
	node.Register(node.Spec[fillIn, fillOut]{
		Type:  "doc.fill_template",
		Title: "Fill in Word template",
		Doc: "Fills in a Word document that holds placeholders, and writes it as a new one: letters, contracts, invoices. " +
			"{{name}} stands for a value, {{customer.name}} for one inside a map, {{items.0.name}} for one inside a list. " +
			"{{#items}} … {{/items}} repeats what is between for each item of a list, whose fields are then known by their names ({{.}} is the item itself, {{@number}} counts from 1); in a table, put them into the first and the last cell of a row (or of several rows) to repeat rows; alone in paragraphs they repeat all between. " +
			"{{#paid}} … {{/paid}} keeps what is between if the value is true, not empty and not 0, and {{^paid}} … {{/paid}} if it is not. {{%logo}} puts in a picture: a file, or a map with file, width (cm) and alt. " +
			"Placeholders are found even where Word has stored them in pieces, also in headers, footers, footnotes and text boxes, and take on the looks of their first letter. " +
			"Inside a single paragraph, a part that is repeated more than once has the looks of its beginning throughout. " +
			"The document is no flow, so its {{ }} and those of the flow's own expressions never meet; choose other delimiters if the text itself holds {{.",
		Effect: node.Idempotent,
		Examples: []node.Example[fillIn, fillOut]{{
			Title: "A letter with a table",
			Files: map[string]string{"letter.docx": letterDocx},
			In: fillIn{source: source{File: "letter.docx"}, To: "ada.docx", Data: map[string]any{
				"name": "Ada", "items": []any{map[string]any{"item": "Tea", "price": 12}, map[string]any{"item": "Coffee", "price": 4.5}},
			}},
			Out: fillOut{File: "ada.docx", Filled: 5, Missing: []string{}},
		}, {
			Title: "What is missing stays empty",
			Files: map[string]string{"letter.docx": letterDocx},
			In:    fillIn{source: source{File: "letter.docx"}, To: "empty.docx", Data: map[string]any{"name": "Ada"}, Missing: "empty"},
			Out:   fillOut{File: "empty.docx", Filled: 1, Missing: []string{"items"}},
		}},
		Check: func(in fillIn) error {
			_, err := delimiters(in.Delimiters)
			return err
		},
		Run: fill,
	})
	node.Register(node.Spec[listIn, listOut]{
		Type:   "doc.list_placeholders",
		Title:  "List placeholders of Word template",
		Doc:    "Lists the placeholders of a template for doc.fill_template, to see which data it needs.",
		Effect: node.Read,
		Examples: []node.Example[listIn, listOut]{{
			Title: "Of a letter",
			Files: map[string]string{"letter.docx": letterDocx},
			In:    listIn{source: source{File: "letter.docx"}},
			Out: listOut{Names: []string{"name", "items", "item", "price"}, Placeholders: []map[string]any{
				{"name": "name", "kind": "value"}, {"name": "items", "kind": "section"}, {"name": "item", "kind": "value"}, {"name": "price", "kind": "value"},
			}},
		}},
		Run: listPlaceholders,
	})
}

type fillIn struct {
	source
	To         string         `json:"to" is:"required" widget:"file" doc:"Document to write; one that is there is replaced."`
	Data       map[string]any `json:"data" is:"required" doc:"Values for the placeholders, by name. Numbers and dates are written as they are: format them before."`
	Missing    string         `json:"missing" default:"fail" enum:"fail,empty,keep" doc:"What to do about a placeholder that data has no value for: fail, leave its place empty (a repeated part then does not appear), or keep it as it is."`
	Delimiters string         `json:"delimiters" default:"{{ }}" is:"raw" doc:"What placeholders begin and end with, separated by a space, for instance [[ ]] or « »."`
}

type fillOut struct {
	File    string   `json:"file" doc:"Path of the document written."`
	Filled  int      `json:"filled" doc:"How many placeholders were given a value."`
	Missing []string `json:"missing" doc:"Names of placeholders that had no value."`
}

type listIn struct {
	source
	Delimiters string `json:"delimiters" default:"{{ }}" is:"raw" doc:"What placeholders begin and end with, separated by a space."`
}

type listOut struct {
	Names        []string         `json:"names" doc:"The different names, in the order in which they first stand in the document."`
	Placeholders []map[string]any `json:"placeholders" doc:"A row for each name: name, and kind: value, section (repeated or kept on a condition), or image."`
}

// delimiters splits the param.
func delimiters(s string) ([2]string, error) {
	f := strings.Fields(s)
	if len(f) != 2 {
		return [2]string{}, input("write them like {{ }} or [[ ]]", "%q are not two delimiters with a space between", s)
	}
	return [2]string{f[0], f[1]}, nil
}

// tag is a placeholder in a text.
type tag struct {
	kind     byte // 0 for a value, or one of # ^ / % !
	name     string
	from, to int
}

// tagsIn finds the placeholders of a text.
func tagsIn(text string, d [2]string) []tag {
	var out []tag
	for at := 0; ; {
		i := strings.Index(text[at:], d[0])
		if i < 0 {
			return out
		}
		from := at + i
		k := strings.Index(text[from+len(d[0]):], d[1])
		if k < 0 {
			return out
		}
		// An opening one that is opened again counts from the last.
		inner := text[from+len(d[0]) : from+len(d[0])+k]
		if j := strings.LastIndex(inner, d[0]); j >= 0 {
			from += len(d[0]) + j
			inner = inner[j+len(d[0]):]
		}
		t := tag{from: from, to: from + len(d[0]) + len(inner) + len(d[1])}
		t.name = strings.Trim(inner, " \t\u00a0\n")
		if t.name != "" && strings.IndexByte("#^/%!", t.name[0]) >= 0 {
			t.kind = t.name[0]
			t.name = strings.Trim(t.name[1:], " \t\u00a0")
		}
		at = t.to
		if t.name != "" && len(t.name) <= 200 || t.kind == '!' {
			out = append(out, t)
		}
	}
}

// filler fills in one part of a document.
type filler struct {
	ctx     context.Context
	env     *node.Env
	d       *docx.File
	part    string
	delims  [2]string
	missing string
	out     *fillOut
	made    *int // elements made by repeating, in all parts
	width   float64
	depth   int
}

// maxMade bounds what loops may make of a template.
const maxMade = 2_000_000

func fill(ctx context.Context, env *node.Env, in fillIn) (fillOut, error) {
	d, err := delimiters(in.Delimiters)
	if err != nil {
		return fillOut{}, err
	}
	out := fillOut{Missing: []string{}}
	made := 0
	out.File, err = in.change(env, target{in.To}, func(f *docx.File) error {
		parts, err := where{Body: true, Headers: true, Footnotes: true, Comments: true}.parts(f)
		if err != nil {
			return err
		}
		for _, part := range parts {
			t, err := f.Tree(part)
			if err != nil {
				return err
			}
			fl := &filler{ctx: ctx, env: env, d: f, part: part, delims: d, missing: in.Missing, out: &out, made: &made, width: float64(newBuilder(ctx, env, f).width) / 15}
			if !strings.Contains(allText(t), d[0]) {
				continue
			}
			if err := fl.container(t.Element(), scope{data: in.Data}); err != nil {
				return err
			}
			f.Touch(part)
		}
		return nil
	})
	return out, err
}

// allText returns the texts of all paragraphs, to see whether there is anything
// to do.
func allText(t *docx.Node) string {
	var b strings.Builder
	for _, p := range t.All("w:p") {
		b.WriteString(docx.ParagraphText(p))
		b.WriteByte('\n')
	}
	return b.String()
}

func listPlaceholders(_ context.Context, env *node.Env, in listIn) (listOut, error) {
	out := listOut{Names: []string{}, Placeholders: []map[string]any{}}
	d, err := delimiters(in.Delimiters)
	if err != nil {
		return out, err
	}
	err = in.with(env, func(f *docx.File) error {
		parts, err := where{Body: true, Headers: true, Footnotes: true, Comments: true}.parts(f)
		if err != nil {
			return err
		}
		for _, part := range parts {
			t, err := f.Tree(part)
			if err != nil {
				return err
			}
			for _, p := range t.All("w:p") {
				for _, tg := range tagsIn(docx.ParagraphText(p), d) {
					kind := map[byte]string{0: "value", '#': "section", '^': "section", '%': "image"}[tg.kind]
					if kind == "" || tg.name == "." || strings.HasPrefix(tg.name, "@") || slices.Contains(out.Names, tg.name) {
						continue
					}
					out.Names = append(out.Names, tg.name)
					out.Placeholders = append(out.Placeholders, map[string]any{"name": tg.name, "kind": kind})
				}
			}
		}
		return nil
	})
	return out, err
}

var errMissing = errors.New("no value")
