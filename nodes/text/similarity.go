package text

import (
	"context"
	"errors"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/list/alike"
)

func init() {
	node.Register(node.Spec[similarityIn, similarityOut]{
		Type: "text.similarity", Title: "Similarity of texts", Effect: node.Pure,
		Doc: "Measures how alike two texts are, from 0 to 1. See list.match_similar to find the most similar of many, and text.compare for equality and order. Texts may have 10,000 characters.",
		Examples: []node.Example[similarityIn, similarityOut]{
			{Title: "Names", In: similarityIn{A: "Jonathan", B: "Jonatan", Method: "jaro_winkler"}, Out: similarityOut{Score: 0.975, Similar: true}},
			{Title: "The same words in another order", In: similarityIn{A: "Smith, Ann", B: "ann smith", Method: "token_sort"}, Out: similarityOut{Score: 1, Similar: true}},
		},
		Run: measure,
	})
}

type similarityIn struct {
	A             string  `json:"a" is:"required" doc:"First text."`
	B             string  `json:"b" is:"required" doc:"Second text."`
	Method        string  `json:"method" default:"ratio" enum:"ratio,levenshtein,jaro_winkler,token_sort,token_set,partial" doc:"How to measure: ratio, the characters in common by all characters, as Python's difflib does; levenshtein, by the characters to change; jaro_winkler, for names, where the start counts more; token_sort, by words whatever their order; token_set, by words where one text may have more of them; partial, for a short text inside of a longer one."`
	Threshold     float64 `json:"threshold" default:"0.6" min:"0" max:"1" doc:"How alike the texts must be to count as similar."`
	IgnoreCase    bool    `json:"ignore_case" default:"true" doc:"Treat upper and lower case as equal."`
	IgnoreAccents bool    `json:"ignore_accents" doc:"Treat letters with and without accents as equal."`
	IgnorePunct   bool    `json:"ignore_punctuation" doc:"Compare letters and digits only, with one blank between words."`
}

type similarityOut struct {
	Score   float64 `json:"score" doc:"How alike they are, from 0 to 1."`
	Similar bool    `json:"similar" doc:"Whether the score reaches the threshold."`
}

func measure(ctx context.Context, _ *node.Env, in similarityIn) (similarityOut, error) {
	r := alike.Rule{Method: in.Method, IgnoreCase: in.IgnoreCase, IgnoreAccents: in.IgnoreAccents, IgnorePunct: in.IgnorePunct}
	score, err := r.Score(ctx, r.Prepare(in.A), r.Prepare(in.B))
	if errors.Is(err, alike.ErrLong) {
		return similarityOut{}, node.Fail(node.KindInput, err.Error(), "compare a shorter part of the texts")
	}
	return similarityOut{Score: round6(score), Similar: score >= in.Threshold}, err
}
