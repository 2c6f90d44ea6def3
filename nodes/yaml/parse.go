package yaml

import (
	"context"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/aether-rpa/aether/node"
)

func init() {
	const config = "name: Report # weekly\nsince: 2026-01-31\nto: &all [ann@x.org, bob@x.org]\ncc: *all\ncode: 007\nlimit: 1_000\n"
	node.Register(node.Spec[parseIn, parseOut]{
		Type: "yaml.parse", Title: "Parse YAML", Effect: node.Pure,
		Doc: "Reads YAML text as a value. Dates and times are text, as are codes with leading zeros. Anchors and aliases are written out, within bounds. A text may hold several documents with --- between them.",
		Examples: []node.Example[parseIn, parseOut]{{
			Title: "Settings",
			In:    parseIn{Text: config},
			Out: parseOut{Value: map[string]any{"name": "Report", "since": "2026-01-31", "to": []any{"ann@x.org", "bob@x.org"}, "cc": []any{"ann@x.org", "bob@x.org"}, "code": "007", "limit": 1000},
				Documents: []any{map[string]any{"name": "Report", "since": "2026-01-31", "to": []any{"ann@x.org", "bob@x.org"}, "cc": []any{"ann@x.org", "bob@x.org"}, "code": "007", "limit": 1000}}, Count: 1},
		}, {
			Title: "Two documents of an older program",
			In:    parseIn{Text: "on: yes\n---\n- !Ref x\n", rules: rules{YesNo: true, Tags: "ignore"}},
			Out:   parseOut{Value: map[string]any{"on": true}, Documents: []any{map[string]any{"on": true}, []any{"x"}}, Count: 2},
		}},
		Run: func(ctx context.Context, _ *node.Env, in parseIn) (parseOut, error) { return in.parse(ctx, in.Text) },
	})
	node.Register(node.Spec[readIn, readOut]{
		Type: "yaml.read", Title: "Read YAML file", Effect: node.Read,
		Doc: "Reads a YAML file of at most 64 MB as a value; see yaml.parse.",
		Examples: []node.Example[readIn, readOut]{{
			Title: "A list",
			In:    readIn{File: "a.yaml"},
			Files: map[string]string{"a.yaml": "\ufeff- a: 1\n- a: 2.5\n"},
			Out: readOut{parseOut: parseOut{Value: []any{map[string]any{"a": 1}, map[string]any{"a": 2.5}},
				Documents: []any{[]any{map[string]any{"a": 1}, map[string]any{"a": 2.5}}}, Count: 1}, Encoding: "utf-8"},
		}},
		Run: func(ctx context.Context, env *node.Env, in readIn) (readOut, error) {
			text, encoding, err := readFile(ctx, env, in.File, in.Encoding)
			if err != nil {
				return readOut{}, err
			}
			out, err := in.parse(ctx, text)
			return readOut{parseOut: out, Encoding: encoding}, err
		},
	})
}

type parseIn struct {
	Text string `json:"text" is:"required" widget:"code" doc:"YAML text."`
	rules
}

type parseOut struct {
	Value     any   `json:"value" doc:"The first document; nil when the text is empty."`
	Documents []any `json:"documents" doc:"All documents."`
	Count     int   `json:"count" doc:"Number of documents."`
}

type readIn struct {
	File     string `json:"file" is:"required" widget:"file" doc:"Path of the file."`
	Encoding string `json:"encoding" default:"auto" is:"advanced" doc:"Encoding of the file; auto tells UTF-8 and UTF-16 apart, which are those that YAML allows."`
	rules
}

type readOut struct {
	parseOut
	Encoding string `json:"encoding" doc:"Encoding given or found."`
}

func (r rules) parse(ctx context.Context, text string) (out parseOut, err error) {
	out.Documents = []any{}
	text = asVersion11(strings.TrimPrefix(text, "\ufeff"))
	if err := bound(text); err != nil {
		return out, err
	}
	defer func() {
		if p := recover(); p != nil {
			out, err = parseOut{}, wrong("", "the YAML library cannot read this text: %v", p)
		}
	}()
	dec := yaml.NewDecoder(stopping{ctx, strings.NewReader(text)})
	c := &converter{rules: r, open: map[*yaml.Node]bool{}}
	for {
		var doc yaml.Node
		if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			if ctx.Err() != nil {
				return out, ctx.Err()
			}
			return out, explain(err)
		}
		var v any
		if len(doc.Content) > 0 {
			if v, err = c.value(doc.Content[0], 0); err != nil {
				return out, err
			}
		}
		out.Documents = append(out.Documents, v)
		if err := ctx.Err(); err != nil {
			return out, err
		}
	}
	if out.Count = len(out.Documents); out.Count > 0 {
		out.Value = out.Documents[0]
	}
	return out, nil
}

var version = regexp.MustCompile(`^(?:[ \t]*(?:#[^\n]*)?\r?\n)*%YAML[ \t]+1\.\d`)

// asVersion11 changes the version that a text says it has into the one that the
// library accepts; it reads both the same.
func asVersion11(text string) string {
	if m := version.FindStringIndex(text[:min(len(text), 4096)]); m != nil {
		return text[:m[1]-1] + "1" + text[m[1]:]
	}
	return text
}

// explain gives an error of the library the form of ours.
func explain(err error) error {
	msg := strings.TrimPrefix(err.Error(), "yaml: ")
	where := ""
	if rest, ok := strings.CutPrefix(msg, "line "); ok {
		if num, tail, ok := strings.Cut(rest, ":"); ok {
			if _, err := strconv.Atoi(num); err == nil {
				where, msg = ", at line "+num, strings.TrimSpace(tail)
			}
		}
	}
	if strings.Contains(msg, "exceeded max depth") {
		return wrong("", "values are nested deeper than %d levels%s", maxNesting, where)
	}
	return wrong("check the indentation, and put text with : or # in quotes", "the text is not valid YAML: %s%s", msg, where)
}
