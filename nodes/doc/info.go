package doc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/doc/docx"
)

func init() {
	node.Register(node.Spec[infoIn, infoOut]{
		Type:   "doc.info",
		Title:  "Describe Word document",
		Doc:    "Tells what a Word document is: title, author, dates, and how many paragraphs, tables, pictures and words it has. The number of pages is what the program that saved it wrote down, and may be wrong or missing.",
		Effect: node.Read,
		Examples: []node.Example[infoIn, infoOut]{{
			Title: "A letter",
			Files: map[string]string{"letter.docx": letterDocx},
			In:    infoIn{source{File: "letter.docx"}},
			Out:   infoOut{Properties: map[string]any{}, Custom: map[string]any{}, Paragraphs: 7, Tables: 1, Words: 9, Styles: []string{"heading 1", "heading 2", "heading 3", "heading 4", "heading 5", "heading 6", "normal", "normal table", "title"}},
		}},
		Run: info,
	})
	node.Register(node.Spec[setIn, setOut]{
		Type:   "doc.set_properties",
		Title:  "Set properties of Word document",
		Doc:    "Sets the title, author and other properties of a Word document, as Word shows them under File, Info. What is not given stays.",
		Effect: node.Idempotent,
		Examples: []node.Example[setIn, setOut]{{
			Title: "Title and author",
			Files: map[string]string{"letter.docx": letterDocx},
			In:    setIn{source: source{File: "letter.docx"}, Title: "Offer", Author: "Ada", target: target{To: "new.docx"}},
			Out:   setOut{File: "new.docx"},
		}},
		Check: func(in setIn) error {
			if len(in.given()) == 0 {
				return input("give at least one property", "there is no property to set")
			}
			return nil
		},
		Run: func(_ context.Context, env *node.Env, in setIn) (setOut, error) {
			to, err := in.change(env, in.target, func(d *docx.File) error { return setProperties(d, in.given()) })
			return setOut{File: to}, err
		},
	})
}

type infoIn struct{ source }

type infoOut struct {
	Title      string         `json:"title" doc:"Title."`
	Author     string         `json:"author" doc:"Who wrote it."`
	Subject    string         `json:"subject" doc:"What it is about."`
	Keywords   string         `json:"keywords" doc:"Keywords."`
	Created    string         `json:"created" doc:"When it was made, ISO 8601; empty if it does not say."`
	Modified   string         `json:"modified" doc:"When it was last saved, ISO 8601; empty if it does not say."`
	Properties map[string]any `json:"properties" doc:"All properties of the document and of the program that saved it, by name."`
	Custom     map[string]any `json:"custom" doc:"Properties that people added, by name."`
	Paragraphs int            `json:"paragraphs" doc:"How many paragraphs it has, those in tables included."`
	Tables     int            `json:"tables" doc:"How many tables it has."`
	Images     int            `json:"images" doc:"How many pictures it shows."`
	Words      int            `json:"words" doc:"How many words its text has."`
	Pages      int            `json:"pages" doc:"How many pages the program that saved it counted; 0 if it does not say."`
	Tracked    bool           `json:"tracked" doc:"Whether it holds tracked changes."`
	Comments   int            `json:"comments" doc:"How many comments it has."`
	Macros     bool           `json:"macros" doc:"Whether it holds macros."`
	Styles     []string       `json:"styles" doc:"Names of its styles."`
}

func info(ctx context.Context, env *node.Env, in infoIn) (infoOut, error) {
	out := infoOut{Properties: map[string]any{}, Custom: map[string]any{}, Styles: []string{}}
	err := in.with(env, func(d *docx.File) error {
		rels, err := d.Relationships("")
		if err != nil {
			return err
		}
		for _, r := range rels {
			if r.External || !d.Has(r.Target) {
				continue
			}
			switch r.Kind {
			case "core-properties", "extended-properties", "custom-properties":
			default:
				continue
			}
			t, err := d.Tree(r.Target)
			if err != nil {
				return err
			}
			for _, k := range t.Element().Kids {
				_, name, _ := strings.Cut(k.Name, ":")
				switch {
				case k.Name == "":
				case r.Kind == "custom-properties":
					out.Custom[k.Attr("name")] = k.Text()
				case k.Element() == nil:
					out.Properties[name] = k.Text()
				}
			}
		}
		text := func(name string) string { s, _ := out.Properties[name].(string); return s }
		out.Title, out.Author, out.Subject, out.Keywords = text("title"), text("creator"), text("subject"), text("keywords")
		out.Created, out.Modified = isoDate(text("created")), isoDate(text("modified"))
		out.Pages, _ = strconv.Atoi(text("Pages"))
		body := d.Body()
		out.Paragraphs, out.Tables = len(body.All("w:p")), len(body.All("w:tbl"))
		out.Images = len(body.All("a:blip"))
		out.Tracked = len(body.All("w:ins"))+len(body.All("w:del")) > 0
		comments, err := d.Related("comments")
		if err != nil {
			return err
		}
		for _, c := range comments {
			t, err := d.Tree(c)
			if err != nil {
				return err
			}
			out.Comments += len(t.All("w:comment"))
		}
		macros, err := d.Related("vbaProject")
		out.Macros = len(macros) > 0
		for _, s := range stylesOf(d) {
			if s.name != "" && !slices.Contains(out.Styles, s.name) {
				out.Styles = append(out.Styles, s.name)
			}
		}
		slices.Sort(out.Styles)
		r := reader{ctx: ctx, styles: stylesOf(d)}
		if err := errors.Join(err, r.container(body)); err != nil {
			return err
		}
		out.Words = countWords(r.text())
		return nil
	})
	return out, err
}

func isoDate(s string) string {
	for _, l := range []string{time.RFC3339Nano, "2006-01-02T15:04:05"} {
		if t, err := time.Parse(l, strings.TrimSpace(s)); err == nil {
			return t.Format(time.RFC3339)
		}
	}
	return ""
}

type setIn struct {
	source
	Title       string `json:"title" doc:"Title."`
	Author      string `json:"author" doc:"Author."`
	Subject     string `json:"subject" doc:"Subject."`
	Keywords    string `json:"keywords" doc:"Keywords."`
	Category    string `json:"category" doc:"Category."`
	Description string `json:"description" doc:"Comments on the document."`
	target
}

type setOut struct {
	File string `json:"file" doc:"Path of the file written."`
}

func (in setIn) given() map[string]string {
	all := map[string]string{"title": in.Title, "author": in.Author, "subject": in.Subject, "keywords": in.Keywords, "category": in.Category, "description": in.Description}
	for k, v := range all {
		if v == "" {
			delete(all, k)
		}
	}
	return all
}

// setProperties writes the core properties; empty ones are left alone.
func setProperties(d *docx.File, values map[string]string) error {
	rels, err := d.Relationships("")
	if err != nil {
		return err
	}
	part := ""
	for _, r := range rels {
		if r.Kind == "core-properties" && d.Has(r.Target) {
			part = r.Target
		}
	}
	if part == "" {
		return input("open the document in Word and save it once", "the document has no properties to set")
	}
	t, err := d.Tree(part)
	if err != nil {
		return err
	}
	root := t.Element()
	names := map[string]string{"title": "dc:title", "author": "dc:creator", "subject": "dc:subject", "keywords": "cp:keywords", "category": "cp:category", "description": "dc:description"}
	keys := make([]string, 0, len(values))
	for k := range values {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		if values[k] == "" {
			continue
		}
		name := names[k]
		nodes, err := root.Fragment(fmt.Sprintf(`<%[1]s xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties">%[2]s</%[1]s>`, name, docx.Escape(values[k])))
		if err != nil {
			return err
		}
		if old := root.Kid(name); old != nil {
			old.Replace(nodes...)
		} else {
			root.Append(nodes...)
		}
	}
	d.Touch(part)
	return nil
}
