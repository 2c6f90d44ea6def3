package table

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[splitIn, result]{
		Type:   "table.split_column",
		Title:  "Split column",
		Doc:    "Splits the text of a column into several columns, at a separator or by the groups of a regular expression. With more parts than columns the last column takes the rest; missing parts are nil.",
		Effect: node.Pure,
		Examples: []node.Example[splitIn, result]{{
			Title: "First and last name",
			In:    splitIn{source: of(row{"name": "Ada King Lovelace"}, row{"name": "Plato"}), Column: "name", Into: []string{"first", "last"}, Separator: " "},
			Out:   give(row{"first": "Ada", "last": "King Lovelace"}, row{"first": "Plato", "last": nil}),
		}, {
			Title: "By a pattern",
			In:    splitIn{source: of(row{"code": "AB-12"}), Column: "code", Into: []string{"letters", "digits"}, Pattern: `([A-Z]+)-(\d+)`, Keep: true},
			Out:   give(row{"code": "AB-12", "letters": "AB", "digits": "12"}),
		}},
		Check: func(in splitIn) error {
			_, err := in.compile()
			return err
		},
		Run: splitColumn,
	})
	node.Register(node.Spec[explodeIn, result]{
		Type:   "table.explode",
		Title:  "Split into rows",
		Doc:    "Makes a row of each element of a list in a column, or of each part of a text. All other cells are repeated. A row whose list is empty stays, with nil, unless `skip_empty` is on.",
		Effect: node.Pure,
		Examples: []node.Example[explodeIn, result]{{
			Title: "One row for each tag",
			In:    explodeIn{source: of(row{"id": 1, "tags": "a, b"}, row{"id": 2, "tags": []any{3}}), Column: "tags", Separator: ",", Trim: true},
			Out:   give(row{"id": 1, "tags": "a"}, row{"id": 1, "tags": "b"}, row{"id": 2, "tags": 3}),
		}},
		Run: explode,
	})
}

type splitIn struct {
	source
	Column    string   `json:"column" is:"required" doc:"Column to split."`
	Into      []string `json:"into" is:"required" doc:"Names of the new columns."`
	Separator string   `json:"separator" doc:"Text to split at; runs of blanks when empty."`
	Pattern   string   `json:"pattern" is:"raw" doc:"Regular expression whose groups are the parts, instead of a separator. A text that does not match gives nil."`
	Trim      bool     `json:"trim" default:"true" doc:"Remove blanks around the parts."`
	Keep      bool     `json:"keep" doc:"Keep the column that was split."`
}

func (in splitIn) compile() (*regexp.Regexp, error) {
	if len(in.Into) == 0 {
		return nil, node.Fail(node.KindInput, "there are no columns to split into", "name them in into")
	}
	if err := unique(in.Into); err != nil {
		return nil, err
	}
	if in.Pattern == "" {
		return nil, nil
	}
	if in.Separator != "" {
		return nil, node.Fail(node.KindInput, "separator and pattern are both given", "use one of them")
	}
	re, err := regexp.Compile(in.Pattern)
	if err != nil {
		return nil, node.Failf(node.KindInput, "the pattern is not a regular expression: %v", err)
	}
	if re.NumSubexp() < len(in.Into) {
		return nil, node.Failf(node.KindInput, "the pattern has %d groups for %d columns", re.NumSubexp(), len(in.Into))
	}
	return re, nil
}

func splitColumn(ctx context.Context, env *node.Env, in splitIn) (result, error) {
	re, err := in.compile()
	if err != nil {
		return result{}, err
	}
	if err := needColumns(ctx, in.Rows, in.Column); err != nil {
		return result{}, err
	}
	return transform(ctx, env, in.Rows, func(_ int, r row) (row, error) {
		v := r[in.Column]
		if !in.Keep {
			delete(r, in.Column)
		}
		var parts []any
		if v != nil {
			parts = in.split(cellText(v), re)
		}
		for i, c := range in.Into {
			r[c] = nil
			if i < len(parts) {
				r[c] = parts[i]
			}
		}
		return r, nil
	})
}

func (in splitIn) split(s string, re *regexp.Regexp) []any {
	var parts []string
	switch {
	case re != nil:
		if parts = re.FindStringSubmatch(s); parts != nil {
			parts = parts[1:]
		}
	case in.Separator == "":
		parts = fieldsN(s, len(in.Into))
	default:
		parts = strings.SplitN(s, in.Separator, len(in.Into))
	}
	out := make([]any, len(parts))
	for i, p := range parts {
		if in.Trim {
			p = strings.TrimSpace(p)
		}
		out[i] = p
	}
	return out
}

// fieldsN splits at runs of blanks into at most n parts.
func fieldsN(s string, n int) []string {
	var out []string
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimSpace(s) {
		i := strings.IndexAny(s, " \t\r\n")
		if i < 0 || len(out) == n-1 {
			return append(out, s)
		}
		out = append(out, s[:i])
		s = s[i:]
	}
	return out
}

type explodeIn struct {
	source
	Column    string `json:"column" is:"required" doc:"Column with a list or a text."`
	Separator string `json:"separator" default:"," doc:"Text at which texts are split."`
	Trim      bool   `json:"trim" default:"true" doc:"Remove blanks around the parts of texts."`
	SkipEmpty bool   `json:"skip_empty" doc:"Leave out rows without an element."`
}

func explode(ctx context.Context, env *node.Env, in explodeIn) (result, error) {
	if err := needColumns(ctx, in.Rows, in.Column); err != nil {
		return result{}, err
	}
	return collect(ctx, env, func(put func(any) error) error {
		return each(ctx, in.Rows, func(i int, r row) error {
			parts, err := in.parts(ctx, r[in.Column])
			if err != nil {
				return at(i, err)
			}
			if len(parts) == 0 && !in.SkipEmpty {
				parts = []any{nil}
			}
			for _, p := range parts {
				out := make(row, len(r))
				for c, v := range r {
					out[c] = v
				}
				out[in.Column] = p
				if err := put(out); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (in explodeIn) parts(ctx context.Context, v any) ([]any, error) {
	if ref, ok := v.(*value.Ref); ok {
		var err error
		if v, err = ref.Load(ctx); err != nil {
			return nil, err
		}
	}
	switch x := v.(type) {
	case nil:
		return nil, nil
	case []any:
		return x, nil
	case row:
		return nil, node.Failf(node.KindInput, "%s holds a map, not a list or a text", in.Column)
	}
	s := cellText(v)
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	if in.Separator == "" {
		return nil, node.Fail(node.KindInput, fmt.Sprintf("%s holds a text and there is no separator", in.Column), "set separator")
	}
	var out []any
	for _, p := range strings.Split(s, in.Separator) {
		if in.Trim {
			p = strings.TrimSpace(p)
		}
		out = append(out, p)
	}
	return out, nil
}
