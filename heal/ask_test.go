package heal

import (
	"testing"

	"github.com/aether-rpa/aether/selector"
)

// Where one element stands out a person is asked, however unlikely it is; where none does nothing is found.
func TestAsksWhereOneStandsOut(t *testing.T) {
	t.Parallel()
	button := func(text, path string, y int) Element {
		return Element{Parent: -1, Shown: true, Print: selector.Print{V: 1, Tag: "button", Type: "submit", Button: true, Role: "button", Name: text, Text: text, Path: path, Box: [4]int{100, y, 90, 30}}}
	}
	word := func(text, path string, y int) Element {
		return Element{Parent: -1, Shown: true, Print: selector.Print{V: 1, Tag: "p", Text: text, Path: path, Box: [4]int{100, y, 500, 20}}}
	}
	was := button("Save", "/html[1]/body[1]/form[1]/p[3]/button[1]", 300).Print
	was.ID = "save"
	for _, c := range []struct {
		name string
		page []Element
		want string
	}{
		{"one button, with other words in another place", []Element{word("Fees", "/html[1]/body[1]/p[1]", 10), word("Terms", "/html[1]/body[1]/p[2]", 40), button("Keep changes", "/html[1]/body[1]/main[1]/div[2]/button[1]", 700)}, Ask},
		{"only words", []Element{word("Fees", "/html[1]/body[1]/p[1]", 10), word("Terms", "/html[1]/body[1]/p[2]", 40), word("Imprint", "/html[1]/body[1]/p[3]", 80), word("Contact", "/html[1]/body[1]/p[4]", 120), word("News", "/html[1]/body[1]/p[5]", 160), word("About", "/html[1]/body[1]/p[6]", 200), word("Jobs", "/html[1]/body[1]/p[7]", 240)}, Abstain},
	} {
		v := Prepare(&Page{Width: 1280, Height: 900, Elements: c.page}).Find(Wanted{Print: was, Action: "click"})
		t.Logf("%s: %s, p %.2f, share %.2f, %v", c.name, v.Decision, v.P, v.Share, v.Vetoes)
		if v.Decision != c.want {
			t.Errorf("%s: got %s (p %.2f, share %.2f), want %s", c.name, v.Decision, v.P, v.Share, c.want)
		}
	}
}
