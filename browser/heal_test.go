package browser

import (
	"fmt"
	"testing"

	"github.com/aether-rpa/aether/selector"
)

func TestDelicate(t *testing.T) {
	for _, c := range []struct {
		action string
		p      selector.Print
		want   int
	}{
		{"click", selector.Print{Tag: "button", Name: "Show more"}, harmless},
		{"click", selector.Print{Tag: "button", Type: "submit", Name: "Next"}, risky},
		{"click", selector.Print{Tag: "a", Name: "Delete customer"}, risky},
		{"click", selector.Print{Tag: "button", Name: "Überweisen"}, risky},
		{"click", selector.Print{Tag: "a", Name: "Payments"}, harmless},
		{"read", selector.Print{Tag: "button", Type: "submit", Name: "Pay now"}, harmless},
		{"upload", selector.Print{Tag: "input", Type: "file"}, risky},
		{"fill", selector.Print{Tag: "input", Type: "password"}, secretive},
		{"fill", selector.Print{Tag: "input", Label: "Card number"}, secretive},
		{"fill", selector.Print{Tag: "input", NameAttr: "cvc"}, secretive},
		{"fill", selector.Print{Tag: "input", Label: "IBAN"}, secretive},
		{"fill", selector.Print{Tag: "input", Label: "First name"}, harmless},
	} {
		if got := delicate(c.action, &c.p); got != c.want {
			t.Errorf("%s %+v: %d, want %d", c.action, c.p, got, c.want)
		}
	}
}

func TestEscalates(t *testing.T) {
	for _, c := range []struct {
		known, found string
		want         bool
	}{
		{"Save customer", "Delete customer", true}, {"Delete", "Remove", false}, {"Place order", "Buy", false}, {"Save", "Store", false},
		{"Cancel", "Discard", false}, {"Show", "Pay", true}, {"Submit", "Send", false},
	} {
		if got := escalates("click", &selector.Print{Name: c.known}, &selector.Print{Name: c.found}); got != c.want {
			t.Errorf("%s to %s: %t", c.known, c.found, got)
		}
	}
}

func TestBelongs(t *testing.T) {
	p := &selector.Print{Tag: "button", Role: "button", Name: "Open", Text: "Open", ID: "d1", Row: "Ada"}
	for target, want := range map[string]bool{"#d1": true, "id=d1": true, "id=d2": false, "text=Open": true, "text=Close": false, `role=button[name="Open"]`: true, `role=button[name="Save"]`: false, "role=button": true, "testid=x": true, "xpath=//b": true} {
		if got := belongs(selector.Must(target), p); got != want {
			t.Errorf("%s: %t", target, got)
		}
	}
	if !belongs(selector.Must("text=Close", "id=d1"), p) {
		t.Error("one of the ways fits, and that is enough")
	}
}

func TestSameSpot(t *testing.T) {
	total := selector.Print{Tag: "b", ID: "total", Text: "12.50", Path: "/html[1]/b[1]", Near: "Total"}
	now := total
	now.Text = "99.00"
	if !sameSpot("click", &total, &now) {
		t.Error("the text of what has an id is data")
	}
	total.ID, now.ID = "", ""
	if sameSpot("click", &total, &now) || !sameSpot("read", &total, &now) {
		t.Error("without an id it is data where it is read")
	}
	if now.Near = "Discount"; sameSpot("read", &total, &now) {
		t.Error("it stands beside other words")
	}
}

func TestMemory(t *testing.T) {
	var m Memory
	for i := range maxTargets {
		if m.of("node", fmt.Sprint(i)) == nil {
			t.Fatalf("target %d is too many", i)
		}
	}
	if m.of("node", "more") != nil || m.of("node", "3") == nil || m.of("other", "0") == nil {
		t.Error("the bound is not that of a node")
	}
	x, asked := m.of("node", "0"), 0
	for range 3 {
		x.print(func() *selector.Print { asked++; return nil })
	}
	if asked != 1 || !x.tell() || x.tell() {
		t.Errorf("asked %d times, or told more than once", asked)
	}
	x.sure(selector.Print{Tag: "a"}, "http://x/", 7)
	if others := m.others(m.of("node", "1"), "http://x/"); len(others) != 1 || len(m.others(x, "http://x/")) != 0 || len(m.others(m.of("node", "1"), "http://y/")) != 0 {
		t.Errorf("the others are %+v", others)
	}
	if _, at := x.mark(); at != 7 {
		t.Error("the element is not known any more")
	}
	if x.doubt(); x.at != 0 {
		t.Error("the element is trusted, though another one was found")
	}
}

func TestFit(t *testing.T) {
	p := selector.Print{V: 1, Tag: "a", Text: "x", Path: "/html[1]"}
	q := p
	if fit(&p); p.Text != q.Text || p.Path != q.Path {
		t.Error("what is small was cut")
	}
}
