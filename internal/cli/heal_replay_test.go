package cli

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aether-rpa/aether/heal"
	"github.com/aether-rpa/aether/internal/element"
	"github.com/aether-rpa/aether/selector"
)

// drawn is a button of a page at a place in its column.
func drawn(name, id string, n int) selector.Print {
	return selector.Print{
		V: 1, Tag: "button", Role: "button", Type: "submit", Name: name, Text: name, ID: id, Path: fmt.Sprintf("/html[1]/body[1]/form[1]/button[%d]", n), Index: n, Alike: 1,
		Form: "/notes", Headings: []string{"Notes"}, Box: [4]int{20, 40 * n, 120, 30},
	}
}

func pageOf(prints ...selector.Print) *heal.Page {
	p := &heal.Page{URL: "http://example.com/", Width: 1280, Height: 900, Elements: []heal.Element{{Print: selector.Print{V: 1, Tag: "body", Path: "/html[1]/body[1]", Box: [4]int{0, 0, 1280, 900}}, Parent: -1, Shown: true}}}
	for _, e := range prints {
		p.Elements = append(p.Elements, heal.Element{Print: e, Parent: 0, Shown: true})
	}
	return p
}

// A search that is made again knows the flow's other targets, and what people have said since.
func TestReplaySearch(t *testing.T) {
	t.Parallel()
	before, now := drawn("Save the note", "save", 1), drawn("Save the note", "x17", 1)
	h := &element.Heal{ID: 1, Node: "save", Target: "css=#save", Action: "click", Before: before, Found: &now}
	page := pageOf(now, drawn("Cancel the note", "cancel", 2))
	none := &element.Around{}
	if v := search(h, page, none); v.Decision != heal.Heal || page.Elements[v.Best].ID != "x17" || v.agreed {
		t.Fatalf("with nothing around: %s %d, p %.2f %v", v.Decision, v.Best, v.P, v.Vetoes)
	}
	// The other target is on the page and has an element of its own; one of another page says nothing.
	cancel := element.Other{Node: "cancel", Target: "css=#cancel", Print: drawn("Cancel the note", "cancel", 2)}
	far := element.Other{Node: "far", Target: "css=#far", Print: selector.Print{V: 1, Tag: "select", Name: "Country", Label: "Country", Path: "/html[1]/body[1]/main[1]/div[3]/select[1]"}}
	if v := search(h, page, &element.Around{Others: []element.Other{cancel, far}}); v.Decision != heal.Heal || page.Elements[v.Best].ID != "x17" || len(v.others) != 1 || v.others[0].Node != "cancel" {
		t.Errorf("with others: %s %d, p %.2f %v, others %+v", v.Decision, v.Best, v.P, v.Vetoes, v.others)
	}
	// What is left belongs to the other target, so the one that is meant is gone.
	left := pageOf(drawn("Cancel the note", "cancel", 1))
	if v := search(h, left, &element.Around{Others: []element.Other{cancel}}); v.Decision == heal.Heal || v.Best >= 0 && !slices.Contains(v.Vetoes, heal.VetoClaimed) && !slices.Contains(v.Vetoes, heal.VetoRoster) {
		t.Errorf("what is another target's: %s %d, p %.2f %v", v.Decision, v.Best, v.P, v.Vetoes)
	}
	if v := search(h, page, &element.Around{Rejected: []selector.Print{now}}); v.Decision == heal.Heal || !slices.Contains(v.Vetoes, heal.VetoRejected) {
		t.Errorf("what was rejected: %s, p %.2f %v", v.Decision, v.P, v.Vetoes)
	}
	// Another word is asked about, until a person has approved it.
	other := drawn("Keep", "x17", 1)
	page = pageOf(other, drawn("Cancel the note", "cancel", 2))
	if v := search(h, page, none); v.Decision == heal.Heal {
		t.Errorf("another word: %s, p %.2f", v.Decision, v.P)
	}
	if v := search(h, page, &element.Around{Agreed: []selector.Print{other}}); v.Decision != heal.Heal || !v.agreed || page.Elements[v.Best].Name != "Keep" {
		t.Errorf("what was approved: %s %d, p %.2f %v", v.Decision, v.Best, v.P, v.Vetoes)
	}
	// Two targets may be of one element.
	twice := element.Other{Node: "focus", Target: "text=Save the note", Print: before}
	page = pageOf(now, drawn("Cancel the note", "cancel", 2))
	if v := search(h, page, &element.Around{Others: []element.Other{twice}}); v.Decision != heal.Heal || page.Elements[v.Best].ID != "x17" {
		t.Errorf("the same element of another node: %s %d, p %.2f %v", v.Decision, v.Best, v.P, v.Vetoes)
	}
}
