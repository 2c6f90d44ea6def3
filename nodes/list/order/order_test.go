package order_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/nodes/list/order"
)

func TestNatural(t *testing.T) {
	got := []string{"file10", "file2", "File1", "file", "file02", "", "é1", "a1b2", "a1b10"}
	slices.SortFunc(got, order.Natural)
	want := []string{"", "File1", "a1b2", "a1b10", "file", "file2", "file02", "file10", "é1"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNaturalIsAnOrder(t *testing.T) {
	text := rapid.StringMatching(`[ab0-2é]{0,6}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := text.Draw(t, "a"), text.Draw(t, "b"), text.Draw(t, "c")
		if order.Natural(a, b) != -order.Natural(b, a) {
			t.Fatal("it is not antisymmetric")
		}
		if order.Natural(a, b) <= 0 && order.Natural(b, c) <= 0 && order.Natural(a, c) > 0 {
			t.Fatal("it is not transitive")
		}
		if (order.Natural(a, b) == 0) != (a == b) {
			t.Fatal("different texts are equal")
		}
	})
}
