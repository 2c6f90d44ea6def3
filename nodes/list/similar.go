package list

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strconv"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/list/alike"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[matchSimilarIn, matchSimilarOut]{
		Type: "list.match_similar", Title: "Find most similar", Effect: node.Pure,
		Doc: "Finds the item of a list whose text is most like a given one, for instance the customer that a misspelt name means. Items without text are skipped. Below the threshold nothing is found: look at found. Texts may have 10,000 characters.",
		Examples: []node.Example[matchSimilarIn, matchSimilarOut]{{
			Title: "A misspelt name",
			In:    matchSimilarIn{List: rows("Jonathan", "Johanna", "Bob"), similarity: similarity{Text: "jonatan"}},
			Out: matchSimilarOut{Found: true, Match: "Jonathan", Text: "Jonathan", Score: 0.933333, Index: 0, BestScore: 0.933333, BestIndex: 0,
				Matches: []similar{{Item: "Jonathan", Index: 0, Text: "Jonathan", Score: 0.933333}},
				Scores:  rows(map[string]any{"index": 0, "text": "Jonathan", "score": 0.933333}, map[string]any{"index": 1, "text": "Johanna", "score": 0.571429}, map[string]any{"index": 2, "text": "Bob", "score": 0.2})},
		}, {
			Title: "Records, words in any order",
			In:    matchSimilarIn{List: rows(map[string]any{"name": "Smith, Ann"}), similarity: similarity{Text: "Ann Smith", Method: "token_sort", selector: selector{Field: "name"}}},
			Out: matchSimilarOut{Found: true, Match: map[string]any{"name": "Smith, Ann"}, Text: "Smith, Ann", Score: 1, BestScore: 1,
				Matches: []similar{{Item: map[string]any{"name": "Smith, Ann"}, Text: "Smith, Ann", Score: 1}}, Scores: rows(map[string]any{"index": 0, "text": "Smith, Ann", "score": 1})},
		}},
		Run: matchSimilar,
	})
	node.Register(node.Spec[filterSimilarIn, filterSimilarOut]{
		Type: "list.filter_similar", Title: "Keep similar items", Effect: node.Pure,
		Doc: "Keeps the items whose text is like a given one, in their order.",
		Examples: []node.Example[filterSimilarIn, filterSimilarOut]{{
			Title: "Names like one",
			In:    filterSimilarIn{List: rows("Meier", "Maier", "Schulz", nil), similarity: similarity{Text: "Meyer"}},
			Out: filterSimilarOut{List: rows("Meier", "Maier"), Count: 2,
				Scores: rows(map[string]any{"index": 0, "text": "Meier", "score": 0.8}, map[string]any{"index": 1, "text": "Maier", "score": 0.6}, map[string]any{"index": 2, "text": "Schulz", "score": 0})},
		}},
		Run: filterSimilar,
	})
}

// similarity says what is compared with what, and how.
type similarity struct {
	Text string `json:"text" is:"required" doc:"Text to compare with."`
	selector
	Method        string  `json:"method" default:"ratio" enum:"ratio,levenshtein,jaro_winkler,token_sort,token_set,partial" doc:"How to measure: ratio, the characters in common by all characters, as Python's difflib does; levenshtein, by the characters to change; jaro_winkler, for names, where the start counts more; token_sort, by words whatever their order; token_set, by words where one text may have more of them; partial, for a short text inside of a longer one."`
	Threshold     float64 `json:"threshold" default:"0.6" min:"0" max:"1" doc:"How alike texts must be, from 0 to 1."`
	IgnoreCase    bool    `json:"ignore_case" default:"true" doc:"Treat upper and lower case as equal."`
	IgnoreAccents bool    `json:"ignore_accents" doc:"Treat letters with and without accents as equal."`
	IgnorePunct   bool    `json:"ignore_punctuation" doc:"Compare letters and digits only, with one blank between words."`
}

func (s similarity) rule() alike.Rule {
	return alike.Rule{Method: s.Method, IgnoreCase: s.IgnoreCase, IgnoreAccents: s.IgnoreAccents, IgnorePunct: s.IgnorePunct}
}

type similar struct {
	Item  any     `json:"item" doc:"The item."`
	Index int     `json:"index" doc:"Its place in the list, from 0."`
	Text  string  `json:"text" doc:"The text that was compared."`
	Score float64 `json:"score" doc:"How alike it is, from 0 to 1."`
}

type matchSimilarIn struct {
	List value.Rows `json:"list" is:"required" doc:"List to search."`
	similarity
	Limit int `json:"limit" default:"5" min:"1" max:"1000" doc:"Most matches to give."`
}

type matchSimilarOut struct {
	Found     bool       `json:"found" doc:"Whether an item reaches the threshold."`
	Match     any        `json:"match" doc:"The item most alike; nil when none reaches the threshold."`
	Text      string     `json:"text" doc:"Its text."`
	Score     float64    `json:"score" doc:"How alike it is, from 0 to 1."`
	Index     int        `json:"index" doc:"Its place in the list, from 0; -1 when none reaches the threshold."`
	BestScore float64    `json:"best_score" doc:"Highest score of all items, whether it reaches the threshold or not."`
	BestIndex int        `json:"best_index" doc:"Place of that item; -1 when no item has anything in common."`
	Matches   []similar  `json:"matches" doc:"Items that reach the threshold, the best first."`
	Scores    value.Rows `json:"scores" doc:"For each item with text a map of index, text and score."`
}

func round6(f float64) float64 { return math.Round(f*1e6) / 1e6 }

// eachScore compares every item. Items without text are told with ok false.
func (s similarity) eachScore(ctx context.Context, list value.Rows, do func(m similar, ok bool) error) error {
	pick, err := s.of()
	if err != nil {
		return err
	}
	rule := s.rule()
	with := rule.Prepare(s.Text)
	i := 0
	for item, err := range list.All(ctx) {
		if err != nil {
			return err
		}
		v, err := pick(ctx, item, i)
		if err != nil {
			return err
		}
		m := similar{Item: item, Index: i}
		var ok bool
		if m.Text, ok = textToCompare(v); ok {
			if m.Score, err = rule.Score(ctx, with, rule.Prepare(m.Text)); err != nil {
				if errors.Is(err, alike.ErrLong) {
					return node.Fail(node.KindInput, "item "+strconv.Itoa(i)+": "+err.Error(), "compare a shorter part of the texts")
				}
				return err
			}
		}
		if err := do(m, ok); err != nil {
			return err
		}
		i++
	}
	return nil
}

// textToCompare returns the text of a text or number.
func textToCompare(v any) (string, bool) {
	switch x := v.(type) {
	case string:
		return x, true
	case int:
		return strconv.Itoa(x), true
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), true
	}
	return "", false
}

func (m similar) row() map[string]any {
	return map[string]any{"index": m.Index, "text": m.Text, "score": round6(m.Score)}
}

var errNotStored = node.Fail(node.KindError, "an item could not be stored", "")

func matchSimilar(ctx context.Context, env *node.Env, in matchSimilarIn) (matchSimilarOut, error) {
	out := matchSimilarOut{Index: -1, BestIndex: -1, Matches: []similar{}}
	var best []similar
	var err error
	out.Scores, err = env.Rows(ctx, func(yield func(any) bool) error {
		return in.eachScore(ctx, in.List, func(m similar, ok bool) error {
			if !ok {
				return nil
			}
			if m.Score > out.BestScore {
				out.BestScore, out.BestIndex = m.Score, m.Index
			}
			if m.Score >= in.Threshold {
				best = append(best, m)
				if len(best) >= 2*in.Limit {
					best = top(best, in.Limit)
				}
			}
			if !yield(m.row()) {
				return errNotStored
			}
			return nil
		})
	})
	if err != nil {
		return matchSimilarOut{}, err
	}
	out.BestScore = round6(out.BestScore)
	for _, m := range top(best, in.Limit) {
		m.Score = round6(m.Score)
		out.Matches = append(out.Matches, m)
	}
	if len(out.Matches) > 0 {
		m := out.Matches[0]
		out.Found, out.Match, out.Text, out.Score, out.Index = true, m.Item, m.Text, m.Score, m.Index
	}
	return out, nil
}

// top returns the n best, of equal ones those that come first.
func top(list []similar, n int) []similar {
	slices.SortStableFunc(list, func(a, b similar) int {
		if c := cmp.Compare(b.Score, a.Score); c != 0 {
			return c
		}
		return a.Index - b.Index
	})
	return list[:min(n, len(list))]
}

type filterSimilarIn struct {
	List value.Rows `json:"list" is:"required" doc:"List to filter."`
	similarity
	Others string `json:"others" default:"drop" enum:"drop,keep" doc:"What to do with items that have no text to compare: leave them out or keep them."`
}

type filterSimilarOut struct {
	List   value.Rows `json:"list" doc:"The items that are alike."`
	Count  int        `json:"count" doc:"How many there are."`
	Scores value.Rows `json:"scores" doc:"For each item with text, kept or not, a map of index, text and score."`
}

func filterSimilar(ctx context.Context, env *node.Env, in filterSimilarIn) (filterSimilarOut, error) {
	var out filterSimilarOut
	var err error
	out.List, err = env.Rows(ctx, func(yield func(any) bool) error {
		var inner error
		out.Scores, inner = env.Rows(ctx, func(score func(any) bool) error {
			return in.eachScore(ctx, in.List, func(m similar, ok bool) error {
				if ok && !score(m.row()) {
					return errNotStored
				}
				if ok && m.Score < in.Threshold || !ok && in.Others != "keep" {
					return nil
				}
				out.Count++
				if !yield(m.Item) {
					return errNotStored
				}
				return nil
			})
		})
		return inner
	})
	return out, err
}
