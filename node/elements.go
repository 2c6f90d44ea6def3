package node

import (
	"context"

	"github.com/aether-rpa/aether/selector"
)

// Elements is what a run knows of the elements of pages from the runs before it, and where it reports an element that
// was found again after its page had changed. An element is named by the node that runs and its target as text, see
// selector.Target.String.
type Elements interface {
	// Policy says what to do about an element that its queries do not find: HealOff, HealRecommend, HealRun or
	// HealPropose.
	Policy() string
	// Known is what the element looked like when it was last found for certain; ok is false if that is unknown.
	Known(ctx context.Context, target string) (p selector.Print, ok bool, err error)
	// Saw remembers what the element looks like now that it was found for certain and the node succeeded.
	Saw(ctx context.Context, target string, p selector.Print) error
	// Resolved counts that a query of the target, the first being 0, has found the element, and the node succeeded.
	Resolved(target string, query int)
	// Judged are the elements of which people have said that they are the one that is meant, or are not.
	Judged(ctx context.Context, target string) (Judged, error)
	// Adviser is asked where what is known does not tell which element is meant; nil if nobody is.
	Adviser() Adviser
	// Healed reports an element that was found again, or might have been, with the evidence. Call it before anything is
	// done to the element: when it returns the report is kept, and the same report by a later try of the node, or after
	// a crash, is the same one.
	Healed(ctx context.Context, h Heal) error
}

// Judged is what people have said of elements that were found in place of one that was not.
type Judged struct {
	Agreed   []selector.Print // they are the one that is meant
	Rejected []selector.Print // they are not
}

// The policies for elements that their queries do not find.
const (
	HealOff       = "off"       // fail
	HealRecommend = "recommend" // fail, and report what was probably meant
	HealRun       = "run"       // go on in this run with what was surely meant
	HealPropose   = "propose"   // go on, and propose the new selector to a person
)

// HealPolicies are the policies, the most careful first.
var HealPolicies = []string{HealOff, HealRecommend, HealRun, HealPropose}

// Heal is an element that was found again, or was not for a stated reason.
type Heal struct {
	// Target is the element as the flow names it.
	Target selector.Target
	// Outcome is healed, asked or abstained.
	Outcome string
	// Policy is what the node went by, where it has a policy of its own; "" is that of Elements.
	Policy string
	// Action is what was to be done to the element, such as click, fill or read; Sensitive says that it asked for more
	// certainty, as sending and paying do.
	Action    string
	Sensitive bool
	// Mismatch says that the queries did find an element, and that it is another one than before.
	Mismatch bool
	// P is the probability, from 0 to 1, that Found is the element meant; Margin the distance to the best other one.
	P, Margin float64
	// Before and Found are what the element looked like and looks like now; Found is nil where there is none.
	Before selector.Print
	Found  *selector.Print
	// Repaired is the target as it should be written; its queries find the element alone.
	Repaired selector.Target
	// Vetoes are the reasons against it.
	Vetoes []string
	// Evidence is a table of what was compared, and of the next best elements, as JSON values.
	Evidence any
	// URL is the page, without its query; Screenshot the digest of a picture with both places marked.
	URL, Screenshot string
	// Page is the digest of all elements of the page as they were searched, a heal.Page as JSON in the artifact store, so
	// that the search can be repeated; "" where it was not kept.
	Page string
	// Millis is how long the search took after the queries had failed.
	Millis float64
}
