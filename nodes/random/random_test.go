package random

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	mathrand "math/rand/v2"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "random") }

// seeded returns an environment whose randomness is the same in every run.
func seeded(seed byte) *node.Env {
	return &node.Env{Rand: mathrand.NewChaCha8([32]byte{seed}), Now: func() time.Time { return time.UnixMilli(0x0123456789ab) }}
}

func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		typ string
		in  map[string]any
	}{
		{"random.int", map[string]any{"min": 2, "max": 1}},
		{"random.int", map[string]any{"min": 1, "max": 3, "count": 4, "unique": true}},
		{"random.number", map[string]any{"min": 2, "max": 1}},
		{"random.number", map[string]any{"min": -math.MaxFloat64, "max": math.MaxFloat64}},
		{"random.number", map[string]any{"min": 0.11, "max": 0.19, "digits": 1}},
		{"random.bool", map[string]any{"probability": 2}},
		{"random.choice", map[string]any{"list": []any{}}},
		{"random.choice", map[string]any{"list": []any{1}, "weights": []any{1, 2}}},
		{"random.choice", map[string]any{"list": []any{1}, "weights": []any{0}}},
		{"random.choice", map[string]any{"list": []any{1, 2}, "weights": []any{1, -1}}},
		{"random.sample", map[string]any{"list": []any{1}, "count": 2}},
		{"random.password", map[string]any{"length": 4, "digits": 5}},
		{"random.password", map[string]any{"length": 4, "digits": -1, "lower": -1, "upper": -1, "symbols": -1}},
		{"random.date", map[string]any{"from": "x", "to": "2026-01-01"}},
		{"random.date", map[string]any{"from": "2026-01-01", "to": "2026-01-01T00:00:00Z"}},
		{"random.date", map[string]any{"from": "2026-01-02", "to": "2026-01-01"}},
	} {
		if out, err := nodetest.Run(t, nodetest.Env(t), tt.typ, tt.in); err == nil {
			t.Errorf("%s %v gave %v", tt.typ, tt.in, out)
		}
	}
	env := nodetest.Env(t)
	env.Rand = bytes.NewReader(nil)
	if _, err := nodetest.Run(t, env, "random.uuid", nil); !errors.Is(err, io.EOF) {
		t.Errorf("without randomness: %v", err)
	}
}

// Every face of a die must come up about as often as the others. The seed is
// fixed, so the test cannot fail by chance.
func TestEven(t *testing.T) {
	env, counts := seeded(1), [6]int{}
	const n = 60000
	for range n {
		i, err := index(env, 6)
		if err != nil {
			t.Fatal(err)
		}
		counts[i]++
	}
	chi := 0.0
	for _, c := range counts {
		d := float64(c) - n/6
		chi += d * d / (n / 6)
	}
	if chi > 20.5 { // p = 0.001 for 5 degrees of freedom
		t.Errorf("chi square is %.1f for %v", chi, counts)
	}
}

// Values of the incomplete last range are refused: with n = 2^63+1 almost half
// of all draws are.
func TestBelowRejects(t *testing.T) {
	env := &node.Env{Rand: io.MultiReader(bytes.NewReader(make([]byte, 8)), bytes.NewReader(bytes.Repeat([]byte{0xff}, 8)))}
	got, err := below(env, 1<<63+1)
	if err != nil || got != 1<<63 {
		t.Errorf("got %d %v", got, err)
	}
}

func TestIntRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Int().Draw(t, "lo")
		hi := rapid.IntRange(lo, math.MaxInt).Draw(t, "hi")
		count := rapid.IntRange(1, 20).Draw(t, "count")
		unique := rapid.Bool().Draw(t, "unique")
		out, err := drawInt(context.Background(), seeded(byte(count)), intIn{Min: lo, Max: hi, Count: count, Unique: unique})
		if unique && hi >= 0 == (lo >= 0) && hi-lo+1 > 0 && hi-lo+1 < count {
			if err == nil {
				t.Fatal("drew more than there are")
			}
			return
		}
		if err != nil {
			if unique && hi-lo < count {
				return
			}
			t.Fatal(err)
		}
		seen := map[int]bool{}
		for _, v := range out.Values {
			if v < lo || v > hi || unique && seen[v] {
				t.Fatalf("%d of %v", v, out.Values)
			}
			seen[v] = true
		}
	})
}

func TestUniqueCoversTheRange(t *testing.T) {
	out, err := drawInt(context.Background(), seeded(3), intIn{Min: -2, Max: 7, Count: 10, Unique: true})
	sum := 0
	for _, v := range out.Values {
		sum += v
	}
	if err != nil || sum != 25 {
		t.Errorf("got %v %v", out.Values, err)
	}
}

func TestPassword(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := passwordIn{Length: 20, Lower: rapid.IntRange(-1, 5).Draw(t, "lower"), Upper: rapid.IntRange(-1, 5).Draw(t, "upper"), Digits: rapid.IntRange(0, 5).Draw(t, "digits"), Symbols: rapid.IntRange(-1, 5).Draw(t, "symbols"), Readable: rapid.Bool().Draw(t, "readable")}
		out, err := password(context.Background(), seeded(rapid.Byte().Draw(t, "seed")), in)
		if err != nil {
			t.Fatal(err)
		}
		for set, least := range map[string]int{lower: in.Lower, upper: in.Upper, digits: in.Digits, symbols: in.Symbols} {
			n := 0
			for _, r := range out.Password {
				if strings.ContainsRune(set, r) {
					n++
				}
			}
			if n < least || least < 0 && n > 0 {
				t.Fatalf("%q has %d of %s, want %d", out.Password, n, set, least)
			}
		}
		if len(out.Password) != 20 || in.Readable && strings.ContainsAny(out.Password, "0Ol1I|") {
			t.Fatalf("got %q", out.Password)
		}
	})
}

func TestUUID7HoldsTheTime(t *testing.T) {
	out, err := uuid(context.Background(), seeded(1), uuidIn{Version: "7"})
	if err != nil || !strings.HasPrefix(out.UUID, "01234567-89ab-7") {
		t.Errorf("got %s %v", out.UUID, err)
	}
}

func TestShuffleKeepsItemsAndInput(t *testing.T) {
	in := []any{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	out, err := nodetest.Run(t, nodetest.Env(t), "random.shuffle", map[string]any{"list": in})
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, v := range out["items"].([]any) {
		sum += v.(int)
	}
	if sum != 55 || in[0] != 1 || in[9] != 10 {
		t.Errorf("got %v, input %v", out, in)
	}
}

func TestNumberEnds(t *testing.T) {
	seen := map[float64]int{}
	env := seeded(9)
	for range 3000 {
		out, err := drawNumber(context.Background(), env, numberIn{Min: 0, Max: 0.2, Digits: 1})
		if err != nil {
			t.Fatal(err)
		}
		seen[out.Value]++
	}
	for _, v := range []float64{0, 0.1, 0.2} {
		if seen[v] < 850 || seen[v] > 1150 {
			t.Errorf("%v came %d times of 3000", v, seen[v])
		}
	}
}

func TestDateRange(t *testing.T) {
	for _, tt := range []struct{ from, to string }{{"0001-01-01", "9999-12-31"}, {"2026-02-28", "2026-03-01"}} {
		out, err := drawDate(context.Background(), seeded(4), dateIn{From: tt.from, To: tt.to})
		if err != nil || out.Date < tt.from || out.Date > tt.to {
			t.Errorf("got %s %v", out.Date, err)
		}
	}
}
