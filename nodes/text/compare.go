package text

import (
	"context"
	"math"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/list/alike"
	"github.com/aether-rpa/aether/nodes/list/order"
)

func init() {
	node.Register(node.Spec[compareIn, compareOut]{
		Type: "text.compare", Title: "Compare texts", Effect: node.Pure,
		Doc: "Compares two texts: equality, order and similarity. Case, accents and white space can be ignored. Similarity is computed for texts of up to 10,000 characters.",
		Examples: []node.Example[compareIn, compareOut]{
			{Title: "Names with typing errors", In: compareIn{A: "Jonathan", B: "Jonatan"}, Out: compareOut{Order: 1, Distance: 1, Similarity: 0.875, JaroWinkler: 0.975}},
			{Title: "Without case and accents", In: compareIn{A: " René ", B: "RENE", IgnoreCase: true, IgnoreAccents: true, IgnoreSpace: true}, Out: compareOut{Equal: true, Similarity: 1, JaroWinkler: 1}},
		},
		Run: compare,
	})
}

type compareIn struct {
	A             string `json:"a" is:"required" doc:"First text."`
	B             string `json:"b" is:"required" doc:"Second text."`
	IgnoreCase    bool   `json:"ignore_case" doc:"Treat upper and lower case as equal."`
	IgnoreAccents bool   `json:"ignore_accents" doc:"Treat letters with and without accents as equal."`
	IgnoreSpace   bool   `json:"ignore_space" doc:"Treat any white space as one blank, and none at the ends."`
	Natural       bool   `json:"natural" doc:"Order numbers inside of text by value: file2 before file10."`
}

type compareOut struct {
	Equal       bool    `json:"equal" doc:"The texts are equal."`
	Order       int     `json:"order" doc:"-1, 0 or 1: the first is smaller, equal or larger, by code point."`
	Distance    int     `json:"distance" doc:"Levenshtein distance: how many characters must be added, removed or changed."`
	Similarity  float64 `json:"similarity" doc:"1 minus the distance divided by the longer length: 1 means equal, 0 nothing in common."`
	JaroWinkler float64 `json:"jaro_winkler" doc:"Jaro-Winkler similarity from 0 to 1, which suits names: it weighs the start more."`
}

const maxCompared = 10_000

func compare(ctx context.Context, _ *node.Env, in compareIn) (compareOut, error) {
	a, b := in.clean(in.A), in.clean(in.B)
	out := compareOut{Equal: a == b, Order: strings.Compare(a, b)}
	if in.Natural {
		out.Order = order.Natural(a, b)
	}
	if out.Equal {
		out.Similarity, out.JaroWinkler = 1, 1
		return out, nil
	}
	x, y := []rune(a), []rune(b)
	if len(x) > maxCompared || len(y) > maxCompared {
		out.Distance = -1
		return out, nil
	}
	d, err := levenshtein(ctx, x, y)
	if err != nil {
		return out, err
	}
	out.Distance = d
	out.Similarity = round6(1 - float64(d)/float64(max(len(x), len(y))))
	out.JaroWinkler = round6(alike.Winkler(x, y))
	return out, nil
}

func round6(f float64) float64 { return math.Round(f*1e6) / 1e6 }

func (in compareIn) clean(s string) string {
	s = norm.NFC.String(s)
	if in.IgnoreAccents {
		s = removeAccents(s)
	}
	if in.IgnoreCase {
		s = strings.ToLower(s)
	}
	if in.IgnoreSpace {
		s = strings.Join(strings.FieldsFunc(s, isBlank), " ")
	}
	return s
}

// levenshtein keeps one row of the table.
func levenshtein(ctx context.Context, a, b []rune) (int, error) {
	if len(a) < len(b) {
		a, b = b, a
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i, x := range a {
		if i%256 == 0 && ctx.Err() != nil {
			return 0, ctx.Err()
		}
		diagonal := row[0]
		row[0] = i + 1
		for j, y := range b {
			cost := diagonal
			if x != y {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)], nil
}
