package table

import (
	"context"
	"crypto/sha256"
	"fmt"
	"regexp"
	"strconv"
	"unicode/utf8"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

func init() {
	low := 0.0
	node.Register(node.Spec[validateIn, validateOut]{
		Type:   "table.validate",
		Title:  "Validate rows",
		Doc:    "Checks every row against rules and separates valid rows from invalid ones, each with all its errors. Empty cells (nil or blank text) only break `required`. For `unique` the first row of a value is valid; 32 bytes are kept for each value.",
		Effect: node.Pure,
		Examples: []node.Example[validateIn, validateOut]{{
			Title: "Orders",
			In: validateIn{source: of(row{"id": 1, "total": 5, "mail": "a@b.c"}, row{"id": 1, "total": -2, "mail": nil}),
				Rules: []rule{{Column: "id", Unique: true}, {Column: "total", Type: "number", Min: &low}, {Column: "mail", Required: true, Pattern: "@"}}},
			Out: validateOut{Valid: listed([]row{{"id": 1, "total": 5, "mail": "a@b.c"}}), ValidCount: 1, InvalidCount: 1,
				Invalid: value.RowsOf([]any{row{"index": 1, "row": row{"id": 1, "total": -2, "mail": nil}, "errors": []any{
					row{"column": "id", "rule": "unique", "message": "id occurs a second time"},
					row{"column": "total", "rule": "min", "message": "total is less than 0"},
					row{"column": "mail", "rule": "required", "message": "mail is empty"}}}})},
		}, {
			Title: "A rule between columns",
			In:    validateIn{source: of(row{"from": 1, "to": 3}), Rules: []rule{{Where: node.Expr("{{ row.from < row.to }}"), Message: "from must be before to"}}},
			Out:   validateOut{Valid: listed([]row{{"from": 1, "to": 3}}), ValidCount: 1, AllValid: true},
		}},
		Check: func(in validateIn) error {
			_, err := compileRules(in.Rules)
			return err
		},
		Run: validate,
	})
}

type validateIn struct {
	source
	Rules []rule `json:"rules" is:"required" doc:"Rules, each about one column or, with where, about the whole row."`
}

type rule struct {
	Column    string    `json:"column" doc:"Column to check; where alone may do without."`
	Required  bool      `json:"required" doc:"The cell must not be empty."`
	Type      string    `json:"type" enum:"text,int,number,bool,date,datetime,list,map" doc:"Type that the cell must have."`
	Pattern   string    `json:"pattern" is:"raw" doc:"Regular expression that the text must contain; write ^ and $ for the whole text."`
	Min       *float64  `json:"min" doc:"Smallest number."`
	Max       *float64  `json:"max" doc:"Largest number."`
	MinLength *int      `json:"min_length" min:"0" doc:"Fewest letters of a text, or elements of a list."`
	MaxLength *int      `json:"max_length" min:"0" doc:"Most letters of a text, or elements of a list."`
	Unique    bool      `json:"unique" doc:"No other row may have the same cell."`
	In        []any     `json:"in" doc:"The only values allowed."`
	Where     node.Lazy `json:"where" locals:"row,index,value" doc:"Condition that must hold; value is the cell."`
	Message   string    `json:"message" doc:"What to report instead of the usual text."`
}

type validateOut struct {
	Valid        value.Rows `json:"valid" doc:"Rows that keep all rules."`
	Invalid      value.Rows `json:"invalid" doc:"For each other row a map of index, row and errors; an error has column, rule and message."`
	ValidCount   int        `json:"valid_count" doc:"Number of valid rows."`
	InvalidCount int        `json:"invalid_count" doc:"Number of invalid rows."`
	AllValid     bool       `json:"all_valid" doc:"Whether no row is invalid."`
}

// checker is a rule made ready.
type checker struct {
	rule
	re   *regexp.Regexp
	in   map[string]bool
	seen map[[sha256.Size]byte]bool
}

func compileRules(rules []rule) ([]*checker, error) {
	var out []*checker
	for i, r := range rules {
		if r.Column == "" && (!r.Where.Given() || r.Required || r.Unique || r.Type != "") {
			return nil, node.Failf(node.KindInput, "the rule at index %d has no column", i)
		}
		c := &checker{rule: r, seen: map[[sha256.Size]byte]bool{}}
		if r.Pattern != "" {
			re, err := regexp.Compile(r.Pattern)
			if err != nil {
				return nil, node.Failf(node.KindInput, "the pattern for %s is not a regular expression: %v", r.Column, err)
			}
			c.re = re
		}
		if r.In != nil {
			c.in = map[string]bool{}
			for _, v := range r.In {
				c.in[table.Key(v)] = true
			}
		}
		out = append(out, c)
	}
	return out, nil
}

func validate(ctx context.Context, env *node.Env, in validateIn) (validateOut, error) {
	rules, err := compileRules(in.Rules)
	if err != nil {
		return validateOut{}, err
	}
	all := space(ctx, env).Buffer()
	defer all.Close()
	err = each(ctx, in.Rows, func(i int, r row) error {
		var errs []any
		for _, c := range rules {
			found, err := c.check(ctx, i, r)
			if err != nil {
				return err
			}
			errs = append(errs, found...)
		}
		if errs == nil {
			return all.Add([]any{0, r})
		}
		return all.Add([]any{1, row{"index": i, "row": r, "errors": errs}})
	})
	if err != nil {
		return validateOut{}, err
	}
	valid, err := pick(ctx, env, all, 0)
	if err != nil {
		return validateOut{}, err
	}
	invalid, err := pick(ctx, env, all, 1)
	return validateOut{Valid: valid.Rows, ValidCount: valid.Count, Invalid: invalid.Rows, InvalidCount: invalid.Count, AllValid: invalid.Count == 0}, err
}

func (c *checker) check(ctx context.Context, i int, r row) ([]any, error) {
	var out []any
	add := func(name, message string) {
		if c.Message != "" {
			message = c.Message
		}
		out = append(out, row{"column": c.Column, "rule": name, "message": message})
	}
	v := r[c.Column]
	if c.Column != "" {
		if v == nil || isBlank(v) {
			if c.Required {
				add("required", c.Column+" is empty")
			}
			return out, nil
		}
		c.checkCell(v, add)
	}
	if c.Where.Given() {
		vars := locals(i, r)
		vars["value"] = v
		ok, err := c.Where.True(ctx, vars)
		if err != nil {
			return nil, at(i, err)
		}
		if !ok {
			add("where", "the condition does not hold")
		}
	}
	return out, nil
}

func isBlank(v any) bool {
	s, ok := v.(string)
	return ok && foldText(s) == ""
}

func (c *checker) checkCell(v any, add func(name, message string)) {
	if c.Type != "" && !hasType(v, c.Type) {
		add("type", fmt.Sprintf("%s is %s, not of type %s", c.Column, shown(v), c.Type))
	}
	if c.re != nil && !c.re.MatchString(cellText(v)) {
		add("pattern", c.Column+" does not match the pattern")
	}
	if c.in != nil && !c.in[table.Key(v)] {
		add("in", c.Column+" is none of the values allowed")
	}
	c.checkLimits(v, add)
	if c.Unique {
		k := sha256.Sum256([]byte(table.Key(v)))
		if c.seen[k] {
			add("unique", c.Column+" occurs a second time")
		}
		c.seen[k] = true
	}
}

func (c *checker) checkLimits(v any, add func(name, message string)) {
	if c.Min != nil || c.Max != nil {
		n, ok := number(v)
		switch {
		case !ok:
			add("number", fmt.Sprintf("%s is %s, not a number", c.Column, shown(v)))
		case c.Min != nil && n < *c.Min:
			add("min", c.Column+" is less than "+strconv.FormatFloat(*c.Min, 'f', -1, 64))
		case c.Max != nil && n > *c.Max:
			add("max", c.Column+" is more than "+strconv.FormatFloat(*c.Max, 'f', -1, 64))
		}
	}
	if c.MinLength == nil && c.MaxLength == nil {
		return
	}
	n := 0
	switch x := v.(type) {
	case []any:
		n = len(x)
	default:
		n = utf8.RuneCountInString(cellText(v))
	}
	if c.MinLength != nil && n < *c.MinLength {
		add("min_length", fmt.Sprintf("%s is shorter than %d", c.Column, *c.MinLength))
	}
	if c.MaxLength != nil && n > *c.MaxLength {
		add("max_length", fmt.Sprintf("%s is longer than %d", c.Column, *c.MaxLength))
	}
}

func number(v any) (float64, bool) {
	switch x := v.(type) {
	case int:
		return float64(x), true
	case float64:
		return x, true
	}
	return 0, false
}

// hasType lets narrower types pass: an int is a number, a date a text.
func hasType(v any, typ string) bool {
	t := table.TypeOf(v)
	switch typ {
	case table.Number:
		return t == table.Number || t == table.Int
	case table.Text:
		return t == table.Text || t == table.Date || t == table.DateTime
	}
	return t == typ
}
