package table

import (
	"context"
	"strings"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
)

func init() {
	node.Register(node.Spec[sortIn, result]{
		Type:   "table.sort",
		Title:  "Sort rows",
		Doc:    "Sorts a table by one or more columns. Rows that are equal keep their order. Values of different kinds sort as false, true, numbers, texts; texts by code point unless natural, ignore_case or language say otherwise. Tables larger than memory are sorted with temporary files.",
		Effect: node.Pure,
		Examples: []node.Example[sortIn, result]{{
			Title: "By city, then dearest first",
			In: sortIn{source: of(row{"city": "Ulm", "price": 5}, row{"city": "Bonn", "price": 1}, row{"city": "Ulm", "price": 7}),
				By: []sortKey{{Column: "city", Nulls: "last"}, {Column: "price", Descending: true, Nulls: "last"}}},
			Out: give(row{"city": "Bonn", "price": 1}, row{"city": "Ulm", "price": 7}, row{"city": "Ulm", "price": 5}),
		}, {
			Title: "File names as people order them",
			In:    sortIn{source: of(row{"f": "scan10"}, row{"f": nil}, row{"f": "Scan9"}), By: []sortKey{{Column: "f", Natural: true, IgnoreCase: true, Nulls: "first"}}},
			Out:   give(row{"f": nil}, row{"f": "Scan9"}, row{"f": "scan10"}),
		}},
		Run: sortRows,
	})
}

type sortIn struct {
	source
	By []sortKey `json:"by" is:"required" doc:"Columns to sort by, the most important first."`
}

type sortKey struct {
	Column     string `json:"column" is:"required" doc:"Name of the column."`
	Descending bool   `json:"descending" doc:"Sort from large to small."`
	Nulls      string `json:"nulls" default:"last" enum:"first,last" doc:"Where rows without a value go, in either direction."`
	Natural    bool   `json:"natural" doc:"Compare numbers inside texts by size, so that file9 comes before file10."`
	IgnoreCase bool   `json:"ignore_case" doc:"Treat small and capital letters alike."`
	Language   string `json:"language" doc:"Order texts by the rules of a language such as de or sv, for instance ä beside a."`
}

func sortRows(ctx context.Context, env *node.Env, in sortIn) (result, error) {
	if len(in.By) == 0 {
		return result{}, node.Fail(node.KindInput, "there is no column to sort by", "name at least one in by")
	}
	var names []string
	prepare := make([]func(any) any, len(in.By))
	for i, k := range in.By {
		names = append(names, k.Column)
		p, err := k.prepare()
		if err != nil {
			return result{}, err
		}
		prepare[i] = p
	}
	if err := needColumns(ctx, in.Rows, names...); err != nil {
		return result{}, err
	}
	// Each row travels behind its keys, so that they are prepared once.
	tagged := func(yield func(any, error) bool) {
		i := 0
		for v, err := range stream(ctx, in.Rows) {
			var r row
			if err == nil {
				r, err = asRow(v, i)
			}
			if err != nil {
				yield(nil, err)
				return
			}
			t := make([]any, len(in.By)+1)
			for j, k := range in.By {
				t[j] = prepare[j](r[k.Column])
			}
			t[len(in.By)] = r
			if !yield(t, nil) {
				return
			}
			i++
		}
	}
	sorted := space(ctx, env).Sort(ctx, tagged, func(a, b any) int {
		x, y := a.([]any), b.([]any)
		for i, k := range in.By {
			if c := k.compare(x[i], y[i]); c != 0 {
				return c
			}
		}
		return 0
	})
	return gather(ctx, env, func(yield func(any, error) bool) {
		for v, err := range sorted {
			if err == nil {
				v = v.([]any)[len(in.By)]
			}
			if !yield(v, err) {
				return
			}
		}
	})
}

// prepare returns what turns a cell into the value that is compared.
func (k sortKey) prepare() (func(any) any, error) {
	var buf collate.Buffer
	var c *collate.Collator
	if k.Language != "" {
		tag, err := language.Parse(k.Language)
		if err != nil {
			return nil, node.Fail(node.KindInput, "there is no language "+table.Quote(k.Language), "write a code such as de, fr or sv-SE")
		}
		var opts []collate.Option
		if k.IgnoreCase {
			opts = append(opts, collate.IgnoreCase)
		}
		if k.Natural {
			opts = append(opts, collate.Numeric)
		}
		c = collate.New(tag, opts...)
	}
	return func(v any) any {
		s, ok := v.(string)
		if !ok {
			return v
		}
		if c != nil {
			buf.Reset()
			return string(c.KeyFromString(&buf, s))
		}
		if k.IgnoreCase {
			return strings.ToLower(s)
		}
		return s
	}, nil
}

func (k sortKey) compare(a, b any) int {
	if a == nil || b == nil {
		c := 0
		switch {
		case a == nil && b != nil:
			c = 1
		case a != nil && b == nil:
			c = -1
		}
		if k.Nulls == "first" {
			c = -c
		}
		return c
	}
	c := 0
	x, isText := a.(string)
	y, alsoText := b.(string)
	if isText && alsoText && k.Natural && k.Language == "" {
		c = table.Natural(x, y)
	} else {
		c = table.Compare(a, b)
	}
	if k.Descending {
		return -c
	}
	return c
}
