// Package heal finds an element of a page again after the page has changed: right, or silent. It compares what the
// element looked like (selector.Print) with every element of the page, ranks them by a linear score whose weights were
// learned, and says with a calibrated probability whether the best one is the element meant. It knows no browser and no
// database; the same inputs give the same verdict, whatever the order of the elements.
//
// A verdict is one of three. Heal: the best element may be used. Ask: a person should look at it. Abstain: the element
// is not there, or nobody can tell. Vetoes are reasons that rule healing out whatever the probability: the text says
// something else and nothing else agrees (conflict), another known target explains the element at least as well
// (roster), the element belongs to another target of the same search (claimed), the action cannot be done on it (kind),
// several elements fit equally well and are not the same (ambiguous), the element stands in another row, has another
// test id or another number (row, test id, number), nothing about it is quite the same and its words were exchanged,
// are those of others, or little else fits (words), it stands in the footer and not in the header or the like (region), only its text or its
// address is the same and nothing around it (lost), it stands in another frame or shadow root (frame), or a person said that it is not the one
// (rejected).
//
// Two elements count as the same (equivalent) where a person would not tell them apart: one holds the other and they
// read the same or cover the same place, or both are plain links with the same text to the same address.
//
// The weights are in weights.json, made by bench/healing train from the data named in it.
package heal

import "github.com/aether-rpa/aether/selector"

// The decisions of a verdict.
const (
	Heal    = "heal"    // the best element is the one meant
	Ask     = "ask"     // it may be; a person should look
	Abstain = "abstain" // it is not there, or nobody can tell
)

// The vetoes of a verdict.
const (
	VetoConflict  = "conflict"
	VetoRoster    = "roster"
	VetoClaimed   = "claimed"
	VetoKind      = "kind"
	VetoAmbiguous = "ambiguous"
	VetoRow       = "row"
	VetoTestID    = "test id"
	VetoNumber    = "number"
	VetoRejected  = "rejected"
	VetoWords     = "words"
	VetoRegion    = "region"
	VetoLost      = "lost"
	VetoFrame     = "frame"
)

// Element is an element of a page as the extractor found it.
type Element struct {
	selector.Print
	// Parent is the place of the nearest element around it in Page.Elements, -1 if there is none.
	Parent int
	// Ref is the extractor's handle; heal does not look at it.
	Ref int
	// Shown says that a person can see it.
	Shown bool
	// Words is what was read on its picture, where it has no words of its own. It is not kept.
	Words string `json:"-"`
}

// Page is all elements of a page in document order.
type Page struct {
	URL           string
	Width, Height int
	Elements      []Element
}

// Wanted is an element that is looked for.
type Wanted struct {
	// Print is what it looked like.
	Print selector.Print
	// Action is what will be done with it: click, fill, select, check, upload, read or another word. It decides whether
	// an element can be it at all.
	Action string
	// Sensitive says that acting on a wrong element does harm: it raises the probability that healing needs.
	Sensitive bool
	// Rejected are elements of which a person said that they are not it.
	Rejected []selector.Print
	// Others are other targets of the same page: an element that one of them explains at least as well is not this one.
	Others []selector.Print
	// Claimed are elements of the page that are known to be other targets.
	Claimed []int
}

// Verdict is what is known about a wanted element on a page.
type Verdict struct {
	// Best is the place in Page.Elements of the likeliest element, -1 if there is none.
	Best int
	// P is the calibrated probability that Best is the element meant, Margin how much better its score is than that of
	// the next element that is not equivalent.
	P, Margin float64
	// Share is how sure it is that the element meant is Best, or one that is the same, if it is on the page at all.
	Share float64
	// Decision is Heal, Ask or Abstain.
	Decision string
	// Recognised says that it is Heal for its picture, and would be Ask without it.
	Recognised bool
	// Vetoes are the reasons why it is not Heal.
	Vetoes []string
	// Top are the best elements that differ, three at most, the best first.
	Top []Candidate
	// Equivalent are the elements that count as the same as Best.
	Equivalent []int

	weighed accept
}

// Candidate is an element that may be the one meant, with the evidence.
type Candidate struct {
	Element int
	// Score is the sum of all evidence; Share its part of the page's softmax.
	Score, Share float64
	// Evidence is what was compared, the most telling first.
	Evidence []Evidence
}

// Evidence is one comparison: how alike, from 0 to 1, and what that added to the score.
type Evidence struct {
	Feature string  `json:"feature"`
	Value   float64 `json:"value"`
	Weight  float64 `json:"weight"`
}

// Check is whether an element that the queries found is the one its print describes.
type Check struct {
	// Agrees says that it is, as far as can be told.
	Agrees bool
	// Same is how alike the print and the element are, see Same.
	Same float64
	// Better is the place of an element that fits clearly better, -1 if there is none.
	Better int
	// Margin is how much better the score of Better is.
	Margin float64
	// Reason says in a sentence what disagrees.
	Reason string
}

// Prepare makes the tables of a page with the weights that the program carries.
func Prepare(p *Page) *Prepared { return shipped.Prepare(p) }

// Same says cheaply, from 0 to 1, how alike two prints are, without the page around them: 1 is no difference in
// anything that both of them know.
func Same(a, b selector.Print) float64 { return shipped.same(&a, &b) }
