package html

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/html"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

func init() {
	const shop = `<div class=p><h2>Cup</h2><i>EUR 1.234,50</i><a href="/cup">more</a><ul><li>red<li>blue</ul></div><div class=p><h2>Jug</h2><i>EUR 9</i></div>`
	node.Register(node.Spec[extractIn, extractOut]{
		Type: "html.extract", Title: "Extract records from HTML", Effect: node.Pure,
		Doc: "Takes records out of a page by a template: `items` finds the records, and `fields` what to take of each. A field is a selector (h2), a selector with an attribute (a@href), or a map: selector, attribute, as (text, raw_text, html, inner_html, exists, count), list (all places rather than the first), fields (a record of its own, or with list a list of them), pattern (a regular expression; its first group is taken), type (text, number, int), trim, default and required. What is not there is nil.",
		Examples: []node.Example[extractIn, extractOut]{{
			Title: "Products",
			In: extractIn{source: source{HTML: shop}, Items: "div.p", Decimal: "comma", base: base{BaseURL: "https://x.org"},
				Fields: map[string]any{"name": "h2", "url": "a@href", "price": map[string]any{"selector": "i", "pattern": `[\d.,]+`, "type": "number"}, "colors": map[string]any{"selector": "li", "list": true}}},
			Out: extractOut{Records: value.RowsOf([]any{
				map[string]any{"name": "Cup", "url": "https://x.org/cup", "price": 1234.5, "colors": []any{"red", "blue"}},
				map[string]any{"name": "Jug", "url": nil, "price": 9, "colors": []any{}}}), Count: 2,
				First: map[string]any{"name": "Cup", "url": "https://x.org/cup", "price": 1234.5, "colors": []any{"red", "blue"}}},
		}, {
			Title: "One record of a page, with records in it",
			In: extractIn{source: source{HTML: `<h1>Team</h1><p><b>Ann</b> <i>1</i></p><p><b>Bo</b></p>`},
				Fields: map[string]any{"title": "h1", "people": map[string]any{"selector": "p", "list": true, "fields": map[string]any{"name": "b", "room": map[string]any{"selector": "i", "default": "?"}}}}},
			Out: extractOut{Records: value.RowsOf([]any{map[string]any{"title": "Team", "people": []any{map[string]any{"name": "Ann", "room": "1"}, map[string]any{"name": "Bo", "room": "?"}}}}), Count: 1,
				First: map[string]any{"title": "Team", "people": []any{map[string]any{"name": "Ann", "room": "1"}, map[string]any{"name": "Bo", "room": "?"}}}},
		}},
		Check: func(in extractIn) error {
			_, err := in.template()
			return err
		},
		Run: extract,
	})
}

type extractIn struct {
	source
	Items   string         `json:"items" doc:"CSS selector or XPath of the records; empty makes one record of the whole page."`
	Fields  map[string]any `json:"fields" is:"required" doc:"What to take of each record, by name: a selector, a selector with @attribute, or a map as described above. An empty selector is the record itself. An XPath of a field begins with ./ to stay inside of the record."`
	Decimal string         `json:"decimal" default:"point" enum:"point,comma" doc:"Decimal separator of numbers; the other one may stand between thousands."`
	Skip    string         `json:"incomplete" default:"keep" enum:"keep,skip,error" doc:"What to do with a record that lacks a required field: keep it, leave it out, or fail."`
	Limit   int            `json:"limit" min:"0" doc:"Most records; 0 takes all."`
	base
}

type extractOut struct {
	Records value.Rows `json:"records" doc:"A map for each record."`
	Count   int        `json:"count" doc:"Number of records."`
	First   any        `json:"first" doc:"First record; nil when there is none."`
	Skipped int        `json:"skipped" doc:"Number of records left out because they lack a required field."`
}

// part is a field of the template made ready.
type part struct {
	name      string
	find      *finder // nil for the record itself
	attribute string
	as        string
	list      bool
	fields    []part
	pattern   *regexp.Regexp
	typ       string
	trim      bool
	def       any
	required  bool
}

const maxTemplate = 20

func (in extractIn) template() ([]part, error) {
	if in.Items != "" {
		if _, err := compile(in.Items); err != nil {
			return nil, err
		}
	}
	return compileFields(in.Fields, "fields", 0)
}

func compileFields(m map[string]any, path string, depth int) ([]part, error) {
	if depth > maxTemplate {
		return nil, wrong("", "%s is nested deeper than %d levels", path, maxTemplate)
	}
	var out []part
	for _, name := range slices.Sorted(maps.Keys(m)) {
		p, err := compileField(m[name], path+"."+name, depth)
		if err != nil {
			return nil, err
		}
		p.name = name
		out = append(out, p)
	}
	return out, nil
}

// attributeAt is a selector with an attribute behind it. CSS has no @, and an
// XPath with one finds the attribute itself.
var attributeAt = regexp.MustCompile(`^([^@/]*)@([\w:.-]+)$`)

func compileField(v any, path string, depth int) (part, error) {
	p := part{as: "text", trim: true}
	selector := ""
	switch x := v.(type) {
	case string:
		selector = x
	case map[string]any:
		var err error
		if selector, err = p.options(x, path, depth); err != nil {
			return p, err
		}
	default:
		return p, wrong("write a selector such as h2 or a@href, or a map with selector", "%s is no selector and no map", path)
	}
	if m := attributeAt.FindStringSubmatch(strings.TrimSpace(selector)); m != nil && p.attribute == "" {
		selector, p.attribute = m[1], m[2]
	}
	if strings.TrimSpace(selector) != "" {
		f, err := compile(selector)
		if err != nil {
			return p, wrong("", "%s: %s", path, node.AsFailure(err).Message)
		}
		p.find = f
	}
	return p, nil
}

func (p *part) options(m map[string]any, path string, depth int) (selector string, err error) {
	bad := func(key, want string) error { return wrong("", "%s.%s must be %s", path, key, want) }
	for key, v := range m {
		ok := true
		want := "a text"
		switch key {
		case "selector":
			selector, ok = v.(string)
		case "attribute":
			p.attribute, ok = v.(string)
		case "as":
			p.as, ok = v.(string)
			ok = ok && slices.Contains([]string{"text", "raw_text", "html", "inner_html", "exists", "count"}, p.as)
			want = "text, raw_text, html, inner_html, exists or count"
		case "type":
			p.typ, ok = v.(string)
			ok = ok && slices.Contains([]string{"text", "number", "int"}, p.typ)
			want = "text, number or int"
		case "list":
			p.list, ok = v.(bool)
			want = "true or false"
		case "trim":
			p.trim, ok = v.(bool)
			want = "true or false"
		case "required":
			p.required, ok = v.(bool)
			want = "true or false"
		case "default":
			p.def = v
		case "pattern":
			var s string
			if s, ok = v.(string); ok {
				if p.pattern, err = regexp.Compile(s); err != nil {
					return "", bad(key, "a regular expression: "+err.Error())
				}
			}
		case "fields":
			var inner map[string]any
			if inner, ok = v.(map[string]any); ok {
				if p.fields, err = compileFields(inner, path+".fields", depth+1); err != nil {
					return "", err
				}
			}
			want = "a map of fields"
		default:
			return "", wrong("a field has selector, attribute, as, list, fields, pattern, type, trim, default and required", "%s has %.60q, which no field has", path, key)
		}
		if !ok {
			return "", bad(key, want)
		}
	}
	return selector, nil
}

// extraction is one run of a template.
type extraction struct {
	ctx     context.Context
	resolve func(string) string
	format  *table.Format
	lacks   string // a required field that the record lacks
}

func extract(ctx context.Context, env *node.Env, in extractIn) (extractOut, error) {
	parts, err := in.template()
	if err != nil {
		return extractOut{}, err
	}
	doc, err := in.parse(ctx)
	if err != nil {
		return extractOut{}, err
	}
	x := &extraction{ctx: ctx, format: &table.Format{Thousands: ","}}
	if in.Decimal == "comma" {
		x.format = &table.Format{Decimal: ",", Thousands: "."}
	}
	if x.resolve, err = in.resolver(doc); err != nil {
		return extractOut{}, err
	}
	records := []*html.Node{doc}
	if in.Items != "" {
		if records, err = elements(ctx, doc, in.Items); err != nil {
			return extractOut{}, err
		}
	}
	out := extractOut{}
	out.Records, err = env.Rows(ctx, func(yield func(any) bool) error {
		for i, n := range records {
			x.lacks = ""
			rec, err := x.record(n, parts)
			if err != nil {
				return err
			}
			if x.lacks != "" {
				switch in.Skip {
				case "skip":
					out.Skipped++
					continue
				case "error":
					return wrong("correct its selector, or set incomplete to skip", "record %d has no %s", i, x.lacks)
				}
			}
			if out.Count == 0 {
				out.First = rec
			}
			if !yield(rec) {
				return node.Failf(node.KindError, "record %d could not be stored", i)
			}
			if out.Count++; out.Count == in.Limit {
				return nil
			}
		}
		return nil
	})
	return out, err
}

func (x *extraction) record(n *html.Node, parts []part) (map[string]any, error) {
	rec := make(map[string]any, len(parts))
	for i := range parts {
		v, err := x.field(n, &parts[i])
		if err != nil {
			return nil, err
		}
		rec[parts[i].name] = v
	}
	return rec, x.ctx.Err()
}

func (x *extraction) field(n *html.Node, p *part) (any, error) {
	hits := []hit{{n: n}}
	if p.find != nil {
		limit := 1
		if p.list || p.as == "count" || p.attribute != "" {
			limit = 0
		}
		var scalar any
		var err error
		if hits, scalar, err = p.find.find(x.ctx, n, limit); err != nil {
			return nil, err
		}
		if scalar != nil {
			return x.finish(scalar, p), nil
		}
	}
	switch p.as {
	case "exists":
		return len(hits) > 0, nil
	case "count":
		return len(hits), nil
	}
	list := []any{}
	for _, h := range hits {
		v, ok, err := x.take(h, p)
		if err != nil {
			return nil, err
		}
		if !ok {
			continue
		}
		if !p.list {
			return v, nil
		}
		list = append(list, v)
	}
	if p.required && len(list) == 0 {
		x.lacks = p.name
	}
	if p.list {
		if len(list) == 0 && p.def != nil {
			return p.def, nil
		}
		return list, nil
	}
	return p.def, nil
}

func (x *extraction) take(h hit, p *part) (any, bool, error) {
	if p.fields != nil {
		rec, err := x.record(h.n, p.fields)
		return rec, true, err
	}
	v, ok, err := taker{p.as, p.attribute, x.resolve}.take(h)
	if err != nil || !ok {
		return nil, false, err
	}
	v = x.finish(v, p)
	return v, v != nil, nil
}

// finish applies trim, pattern and type; nil when nothing is left.
func (x *extraction) finish(v any, p *part) any {
	s, ok := v.(string)
	if !ok {
		return v
	}
	if p.trim {
		s = strings.TrimSpace(s)
	}
	if p.pattern != nil {
		m := p.pattern.FindStringSubmatch(s)
		if m == nil {
			return nil
		}
		s = m[min(1, len(m)-1)]
	}
	switch p.typ {
	case "number", "int":
		n, ok := x.format.ParseNumber(s)
		if !ok {
			return nil
		}
		if f, isFloat := n.(float64); isFloat && p.typ == "int" {
			return int(f)
		}
		if c, err := value.Normalize(n); err == nil {
			return c
		}
		return nil
	}
	return s
}
