package table

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/value"
)

func TestSumIsExact(t *testing.T) {
	tests := []struct {
		name string
		in   []any
		want any
	}{
		{"nothing", nil, 0},
		{"cents", []any{0.1, 0.2, 0.3, 0.1, 0.1, 0.1, 0.1}, 1},
		{"mixed", []any{1, 2.5, -0.25}, 3.25},
		{"cancels", []any{1e300, 1, -1e300}, 1},
		{"int overflow", []any{math.MaxInt64, 1, -1}, math.MaxInt64},
		{"int underflow", []any{math.MinInt64, -1}, -9223372036854775809.0},
		{"tiny", []any{5e-324, 1}, 1},
	}
	for _, tt := range tests {
		var s Sum
		for _, v := range tt.in {
			if err := s.Add(v); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := s.Value(); err != nil || !value.Equal(got, tt.want) {
			t.Errorf("%s: got %v, %v, want %v", tt.name, got, err, tt.want)
		}
	}
	var s Sum
	if err := s.Add("1"); err == nil {
		t.Error("a text was added")
	}
	_ = s.Add(math.MaxFloat64)
	_ = s.Add(math.MaxFloat64)
	if _, err := s.Value(); err == nil {
		t.Error("a sum beyond float64 gave no error")
	}
}

func TestSumOfCentsNeverDrifts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s Sum
		total := 0
		for range rapid.IntRange(0, 50).Draw(t, "n") {
			c := rapid.IntRange(-100000, 100000).Draw(t, "cents")
			total += c
			_ = s.Add(float64(c) / 100)
		}
		want, _ := value.Number(float64(total) / 100)
		if got, _ := s.Value(); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

func TestConvert(t *testing.T) {
	german := Format{Decimal: ",", Thousands: "."}
	swiss := Format{Thousands: "'"}
	french := Format{Decimal: ",", Thousands: " "}
	yes := Format{True: []string{"ja"}, False: []string{"nein"}}
	tests := []struct {
		f    Format
		in   any
		typ  string
		want any
		bad  bool
	}{
		{Format{}, nil, Int, nil, false},
		{Format{}, "  ", Int, nil, false},
		{Format{}, "  ", Text, "  ", false},
		{Format{}, "12", Int, 12, false},
		{Format{}, "12.0", Int, 12, false},
		{Format{}, "12.5", Int, nil, true},
		{Format{}, "-1.5e3", Number, -1500, false},
		{Format{}, "(12.50)", Number, -12.5, false},
		{Format{}, "12-", Number, -12, false},
		{Format{}, "€ 3", Number, 3, false},
		{Format{}, "-$3.20", Number, -3.2, false},
		{Format{}, "1,000", Number, nil, true},
		{Format{}, "", Number, nil, false},
		{Format{}, "-", Number, nil, true},
		{Format{}, ".", Number, nil, true},
		{Format{}, ".5", Number, 0.5, false},
		{Format{}, "1e999", Number, nil, true},
		{Format{}, "NaN", Number, nil, true},
		{Format{}, "0x10", Number, nil, true},
		{Format{}, "1_000", Number, nil, true},
		{german, "1.234,56", Number, 1234.56, false},
		{german, "1.5", Number, nil, true},
		{german, "1.234.567", Int, 1234567, false},
		{german, "12.34.567", Int, nil, true},
		{swiss, "1'000.5", Number, 1000.5, false},
		{french, "1 234,5", Number, 1234.5, false},
		{Format{}, "YES", Bool, true, false},
		{Format{}, 0, Bool, false, false},
		{Format{}, 2, Bool, nil, true},
		{yes, "Ja", Bool, true, false},
		{yes, "true", Bool, nil, true},
		{Format{}, 1.5, Text, "1.5", false},
		{Format{}, []any{1}, Text, "[1]", false},
		{Format{}, "2024-02-30", Date, nil, true},
		{Format{}, "2024-02-29T10:00:00Z", Date, "2024-02-29", false},
		{Format{}, "2024-02-29 10:00", DateTime, "2024-02-29T10:00:00", false},
		{Format{}, 5, Date, nil, true},
		{Format{}, "x", "colour", nil, true},
	}
	for _, tt := range tests {
		got, err := tt.f.Convert(tt.in, tt.typ)
		if (err != nil) != tt.bad || !tt.bad && !value.Equal(got, tt.want) {
			t.Errorf("Convert(%v, %s) = %v, %v; want %v", tt.in, tt.typ, got, err, tt.want)
		}
	}
}

func TestInference(t *testing.T) {
	tests := []struct {
		in   []string
		want string
	}{
		{nil, Text}, {[]string{"", " "}, Text},
		{[]string{"1", "", "-2"}, Int}, {[]string{"1", "2.5"}, Number}, {[]string{"1.0"}, Number},
		{[]string{"01234"}, Text}, {[]string{"0", "10"}, Int}, {[]string{"+49"}, Text}, {[]string{"12E3"}, Text},
		{[]string{"1234567890123456"}, Text}, {[]string{"true", "False"}, Bool}, {[]string{"yes"}, Text}, {[]string{"1", "true"}, Text},
		{[]string{"2024-01-01"}, Date}, {[]string{"2024-01-01", "2024-01-01T10:00:00Z"}, DateTime}, {[]string{"2024-13-01"}, Text},
	}
	for _, tt := range tests {
		var n Inference
		for _, s := range tt.in {
			n.Add(s)
		}
		if got := n.Type(); got != tt.want {
			t.Errorf("%q: got %s, want %s", tt.in, got, tt.want)
		}
	}
}

func TestKinds(t *testing.T) {
	tests := []struct {
		in   []any
		want string
	}{
		{nil, Any}, {[]any{nil}, Any}, {[]any{1, 2.5, nil}, Number}, {[]any{1, "a"}, Mixed},
		{[]any{"2024-01-01", "2024-01-01T00:00:00Z"}, DateTime}, {[]any{"2024-01-01", "x"}, Text}, {[]any{[]any{}}, List},
	}
	for _, tt := range tests {
		var k Kinds
		for _, v := range tt.in {
			k.Add(v)
		}
		if got := k.Type(); got != tt.want {
			t.Errorf("%v: got %s, want %s", tt.in, got, tt.want)
		}
	}
}
