package node

import (
	"context"

	"github.com/aether-rpa/aether/selector"
)

// Adviser is asked which of a few elements is meant where what is known of them does not tell, and no harm would be done.
// It sees what elements look like, never a value that was typed.
type Adviser interface {
	// Advise chooses one of the candidates or none. An error means that there is no advice.
	Advise(ctx context.Context, q Doubt) (Advice, error)
}

// Doubt is what an adviser is asked.
type Doubt struct {
	Action     string         // what is to be done to the element, such as click or read
	URL        string         // of the page, without its query
	Before     selector.Print // what the element looked like
	Candidates []selector.Print
}

// Advice is the answer of an adviser.
type Advice struct {
	Choice int    // place among the candidates, -1 for none
	Reason string // in its words
	Model  string // who said so
}
