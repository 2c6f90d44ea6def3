package table

import (
	"context"
	"errors"
	"fmt"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/list/alike"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[similarIn, similarOut]{
		Type: "table.match_similar", Title: "Match similar rows", Effect: node.Pure,
		Doc: "Finds for each row of a table the row of another table whose text is most alike, for instance the customer that a name on an invoice means. Every row is compared with every row of the other table, which is held in memory: texts that are equal are found at once, the others take time.",
		Examples: []node.Example[similarIn, similarOut]{{
			Title: "Customers by name",
			In: similarIn{Rows: listed([]row{{"n": "Acme Ltd"}, {"n": "Zeta"}}), With: listed([]row{{"id": 1, "name": "ACME Limited"}, {"id": 2, "name": "Beta"}}),
				Column: "n", WithColumn: "name", Threshold: 0.7},
			Out: similarOut{Rows: listed([]row{{"n": "Acme Ltd", "match": row{"id": 1, "name": "ACME Limited"}, "score": 0.8}, {"n": "Zeta", "match": row{"id": 2, "name": "Beta"}, "score": 0.75}}), Count: 2, Matched: 2},
		}},
		Run: matchSimilar,
	})
}

type similarIn struct {
	Rows          value.Rows `json:"rows" is:"required" doc:"Table whose rows are to be matched."`
	With          value.Rows `json:"with" is:"required" doc:"Table to find matches in, of at most 100,000 rows."`
	Column        string     `json:"column" is:"required" doc:"Column of the first table to compare."`
	WithColumn    string     `json:"with_column" doc:"Column of the other table; the same name when empty."`
	Method        string     `json:"method" default:"ratio" enum:"ratio,levenshtein,jaro_winkler,token_sort,token_set,partial" doc:"How to measure; see list.match_similar."`
	Threshold     float64    `json:"threshold" default:"0.6" min:"0" max:"1" doc:"How alike texts must be, from 0 to 1."`
	IgnoreCase    bool       `json:"ignore_case" default:"true" doc:"Treat upper and lower case as equal."`
	IgnoreAccents bool       `json:"ignore_accents" doc:"Treat letters with and without accents as equal."`
	IgnorePunct   bool       `json:"ignore_punctuation" doc:"Compare letters and digits only, with one blank between words."`
	MatchColumn   string     `json:"match_column" default:"match" doc:"Column for the row that was found; nil for none."`
	ScoreColumn   string     `json:"score_column" default:"score" doc:"Column for how alike it is."`
}

type similarOut struct {
	Rows    value.Rows `json:"rows" doc:"The rows, each with its match and the score."`
	Count   int        `json:"count" doc:"Number of rows."`
	Matched int        `json:"matched" doc:"Number of rows with a match."`
}

const maxCandidates = 100_000

// candidate is a row that may be a match.
type candidate struct {
	row  row
	text alike.Text
}

func matchSimilar(ctx context.Context, env *node.Env, in similarIn) (similarOut, error) {
	if in.WithColumn == "" {
		in.WithColumn = in.Column
	}
	if err := needColumns(ctx, in.Rows, in.Column); err != nil {
		return similarOut{}, fmt.Errorf("rows: %w", err)
	}
	if err := needColumns(ctx, in.With, in.WithColumn); err != nil {
		return similarOut{}, fmt.Errorf("with: %w", err)
	}
	rule := alike.Rule{Method: in.Method, IgnoreCase: in.IgnoreCase, IgnoreAccents: in.IgnoreAccents, IgnorePunct: in.IgnorePunct}
	var all []candidate
	equal := map[string]int{}
	err := each(ctx, in.With, func(i int, r row) error {
		if i >= maxCandidates {
			return node.Failf(node.KindInput, "the table with has more than %d rows", maxCandidates)
		}
		s := cellText(r[in.WithColumn])
		if s == "" {
			return nil
		}
		if _, there := equal[s]; !there {
			equal[s] = len(all)
		}
		all = append(all, candidate{r, rule.Prepare(s)})
		return nil
	})
	if err != nil {
		return similarOut{}, err
	}
	var out similarOut
	res, err := collect(ctx, env, func(put func(any) error) error {
		return each(ctx, in.Rows, func(i int, r row) error {
			match, score, err := in.best(ctx, rule, all, equal, cellText(r[in.Column]))
			if err != nil {
				return at(i, err)
			}
			to := make(row, len(r)+2)
			for k, v := range r {
				to[k] = v
			}
			to[in.MatchColumn], to[in.ScoreColumn] = nil, score
			if match != nil {
				to[in.MatchColumn] = match
				out.Matched++
			}
			return put(to)
		})
	})
	out.Rows, out.Count = res.Rows, res.Count
	return out, err
}

// best returns the row most alike, nil when none reaches the threshold, and
// the highest score.
func (in similarIn) best(ctx context.Context, rule alike.Rule, all []candidate, equal map[string]int, text string) (row, float64, error) {
	if text == "" {
		return nil, 0, nil
	}
	if i, ok := equal[text]; ok {
		return all[i].row, 1, nil
	}
	t := rule.Prepare(text)
	best, found := 0.0, -1
	for i, c := range all {
		if i%64 == 0 && ctx.Err() != nil {
			return nil, 0, ctx.Err()
		}
		s, err := rule.Score(ctx, t, c.text)
		if errors.Is(err, alike.ErrLong) {
			return nil, 0, node.Fail(node.KindInput, err.Error(), "compare a shorter part of the texts")
		}
		if err != nil {
			return nil, 0, err
		}
		if s > best {
			if best, found = s, i; s == 1 {
				break
			}
		}
	}
	best = float64(int(best*1e6+0.5)) / 1e6
	if found < 0 || best < in.Threshold {
		return nil, best, nil
	}
	return all[found].row, best, nil
}
