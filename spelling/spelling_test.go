package spelling_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/spelling"
)

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"selector", "selcetor", 1}, {"ca", "abc", 3}, {"same", "same", 0}} {
		if got := spelling.Distance(c.a, c.b); got != c.want {
			t.Errorf("%q and %q are %d apart, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestDistanceIsOne(t *testing.T) {
	word := rapid.StringMatching(`[abc]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		d := spelling.Distance(a, b)
		if d != spelling.Distance(b, a) {
			t.Fatal("it depends on the order")
		}
		if (d == 0) != (a == b) {
			t.Fatal("only a word itself is no way off")
		}
		if d > max(len(a), len(b)) || d < max(len(a), len(b))-min(len(a), len(b)) {
			t.Fatalf("%d is out of bounds", d)
		}
	})
}

func TestOr(t *testing.T) {
	for want, words := range map[string][]string{"": nil, "a": {"a"}, "a or b": {"a", "b"}, "a, b or c": {"a", "b", "c"}} {
		if got := spelling.Or(words); got != want {
			t.Errorf("%v is %q", words, got)
		}
	}
}
