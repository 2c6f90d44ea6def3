package table

import (
	"context"

	"github.com/aether-rpa/aether/node"
)

func init() {
	low := 0.0
	node.Register(node.Spec[validateRecordIn, validateRecordOut]{
		Type: "table.validate_record", Title: "Validate record", Effect: node.Pure,
		Doc: "Checks one record, for instance what was read out of a document, against the rules of table.validate. The score is the share of the fields with rules that are valid; a record whose score is too low needs a person to look at it. The rule `unique` has no meaning here.",
		Examples: []node.Example[validateRecordIn, validateRecordOut]{{
			Title: "An invoice without its number",
			In: validateRecordIn{Record: row{"total": -1, "date": "2026-01-31"}, Required: []string{"number", "date"}, MinScore: 0.8,
				Rules: []rule{{Column: "total", Type: "number", Min: &low}}},
			Out: validateRecordOut{NeedsReview: true, Score: 0.333333, Fields: map[string]any{"number": "missing", "date": "valid", "total": "invalid"},
				Errors:   []any{row{"column": "number", "rule": "required", "message": "number is empty"}, row{"column": "total", "rule": "min", "message": "total is less than 0"}},
				Messages: []string{"number is empty", "total is less than 0"}},
		}, {
			Title: "All is well",
			In:    validateRecordIn{Record: row{"a": 1}, Required: []string{"a"}},
			Out:   validateRecordOut{Valid: true, Score: 1, Fields: map[string]any{"a": "valid"}, Errors: []any{}, Messages: []string{}},
		}},
		Check: func(in validateRecordIn) error {
			_, err := compileRules(in.Rules)
			return err
		},
		Run: validateRecord,
	})
}

type validateRecordIn struct {
	Record   map[string]any `json:"record" is:"required" doc:"Record to check."`
	Required []string       `json:"required" doc:"Fields that must not be empty; the same as rules with required."`
	Rules    []rule         `json:"rules" doc:"Rules, each about one field or, with where, about the whole record. An empty field breaks required only."`
	MinScore float64        `json:"min_score" default:"0.8" min:"0" max:"1" doc:"Lowest score that needs no review."`
}

type validateRecordOut struct {
	Valid       bool           `json:"valid" doc:"Whether the record keeps all rules."`
	NeedsReview bool           `json:"needs_review" doc:"Whether it breaks a rule or its score is too low."`
	Score       float64        `json:"score" doc:"Share of the fields with rules that are valid, from 0 to 1; 1 without fields."`
	Fields      map[string]any `json:"fields" doc:"For each field with rules: valid, missing or invalid. Empty fields that may be empty are valid."`
	Errors      []any          `json:"errors" doc:"Errors as maps of column, rule and message."`
	Messages    []string       `json:"messages" doc:"The messages alone."`
}

func validateRecord(ctx context.Context, _ *node.Env, in validateRecordIn) (validateRecordOut, error) {
	out := validateRecordOut{Fields: map[string]any{}, Errors: []any{}, Messages: []string{}}
	all := make([]rule, 0, len(in.Required)+len(in.Rules))
	for _, f := range in.Required {
		all = append(all, rule{Column: f, Required: true})
	}
	rules, err := compileRules(append(all, in.Rules...))
	if err != nil {
		return out, err
	}
	for _, c := range rules {
		errs, err := c.check(ctx, 0, in.Record)
		if err != nil {
			return out, err
		}
		if c.Column != "" && out.Fields[c.Column] == nil {
			out.Fields[c.Column] = "valid"
		}
		for _, e := range errs {
			m := e.(row)
			out.Errors = append(out.Errors, m)
			out.Messages = append(out.Messages, m["message"].(string))
			switch {
			case c.Column == "":
			case m["rule"] == "required":
				out.Fields[c.Column] = "missing"
			case out.Fields[c.Column] != "missing":
				out.Fields[c.Column] = "invalid"
			}
		}
	}
	out.Score = 1
	if n := len(out.Fields); n > 0 {
		good := 0
		for _, s := range out.Fields {
			if s == "valid" {
				good++
			}
		}
		out.Score = float64(int(float64(good)/float64(n)*1e6+0.5)) / 1e6
	}
	out.Valid = len(out.Errors) == 0
	out.NeedsReview = !out.Valid || out.Score < in.MinScore
	return out, nil
}
