package alike

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestScores(t *testing.T) {
	for _, tt := range []struct {
		method, a, b string
		want         float64
	}{
		// Values of Python's difflib.SequenceMatcher.
		{Ratio, "abcd", "bcde", 0.75},
		{Ratio, "private Thread currentThread;", "private volatile Thread currentThread;", 0.865671641791},
		{Ratio, "Jonathan", "Jonatan", 0.933333333333},
		{Ratio, "qabxcd", "abycdf", 0.666666666667},
		{Ratio, "tide", "diet", 0.25},
		{Ratio, "diet", "tide", 0.5},
		{Ratio, "", "", 1}, {Ratio, "", "a", 0}, {Ratio, "é", "é", 1}, {Ratio, "日本語", "日本", 0.8},
		{Levenshtein, "kitten", "sitting", 0.571428571429},
		{Levenshtein, "", "", 1}, {Levenshtein, "", "ab", 0},
		{JaroWinkler, "MARTHA", "MARHTA", 0.961111111111},
		{JaroWinkler, "DIXON", "DICKSONX", 0.813333333333},
		{JaroWinkler, "", "", 1}, {JaroWinkler, "", "a", 0},
		{TokenSort, "Smith, John", "John Smith", 1},
		{TokenSet, "ACME GmbH", "ACME GmbH Berlin, Germany", 1},
		{TokenSet, "a b", "c d", 0.333333333333},
		{TokenSet, "", "", 1}, {TokenSet, "a", "", 0},
		{Partial, "Invoice 4711", "Re: your invoice 4711 of May", 0.916666666667},
		{Partial, "abc", "xxabcxx", 1}, {Partial, "", "abc", 0}, {Partial, "", "", 1},
	} {
		r := Rule{Method: tt.method}
		got, err := r.Score(context.Background(), r.Prepare(tt.a), r.Prepare(tt.b))
		if err != nil || math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%s %q %q: %v, error %v, want %v", tt.method, tt.a, tt.b, got, err, tt.want)
		}
	}
}

func TestPrepare(t *testing.T) {
	r := Rule{Method: Ratio, IgnoreCase: true, IgnoreAccents: true, IgnorePunct: true}
	if got, err := r.Score(context.Background(), r.Prepare("René & Co."), r.Prepare("RENE CO")); got != 1 || err != nil {
		t.Errorf("%v, error %v", got, err)
	}
	r = Rule{Method: Ratio}
	if got, err := r.Score(context.Background(), r.Prepare("e\u0301"), r.Prepare("é")); got != 1 || err != nil {
		t.Errorf("composed: %v, error %v", got, err)
	}
}

func TestBounds(t *testing.T) {
	long := Rule{}.Prepare(strings.Repeat("x", MaxLength+1))
	if _, err := (Rule{}).Score(context.Background(), long, long); !errors.Is(err, ErrLong) {
		t.Errorf("error %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	x := Rule{}.Prepare(strings.Repeat("ab", 2000))
	for _, m := range []string{Ratio, Levenshtein, JaroWinkler, Partial} {
		if _, err := (Rule{Method: m}).Score(ctx, x, x); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v", m, err)
		}
	}
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		rule := Rule{Method: rapid.SampledFrom([]string{Ratio, Levenshtein, JaroWinkler, TokenSort, TokenSet, Partial}).Draw(r, "method")}
		gen := rapid.StringMatching(`[abä ,]{0,12}`)
		a, b := rule.Prepare(gen.Draw(r, "a")), rule.Prepare(gen.Draw(r, "b"))
		got, err := rule.Score(context.Background(), a, b)
		if err != nil || got < 0 || got > 1 || math.IsNaN(got) {
			r.Fatalf("%v, error %v", got, err)
		}
		if same, _ := rule.Score(context.Background(), a, a); same != 1 {
			r.Fatalf("a text is like itself by %v", same)
		}
		if back, _ := rule.Score(context.Background(), b, a); rule.Method != Ratio && rule.Method != TokenSort && rule.Method != TokenSet && math.Abs(back-got) > 1e-9 {
			r.Fatalf("%v one way, %v the other", got, back)
		}
	})
}
