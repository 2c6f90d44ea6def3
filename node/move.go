package node

import (
	"time"

	"github.com/aether-rpa/aether/question"
	"github.com/aether-rpa/aether/value"
)

// Move is what a control node asks the engine to do: a closed set, the
// engine's whole instruction set. Moves carry data and pure functions only.
type Move interface{ move() }

// Take follows a port; Out is what expressions see of the node.
type Take struct {
	Port string
	Out  map[string]any
}

// Assign changes variables and then follows next. Update reads current variables
// through get and returns those to set; it must not change what get returns.
type Assign struct {
	Update func(get func(name string) (any, error)) (map[string]any, error)
}

// Each walks the body port once for each item and then follows done. Item and
// index are visible as loop.item and loop.index, and as outputs of the node.
type Each struct {
	Items       value.Rows
	Concurrency int  // iterations at a time; 0 and 1 mean one after another
	Collect     Lazy // evaluated at the end of each iteration; the results are the output `results`
	// OnError is fail (the first failed iteration fails the loop), or continue
	// (failed iterations are listed in the output `errors`).
	OnError string
}

// While walks the body port as long as the condition holds and then follows
// done.
type While struct {
	Condition Lazy
	After     bool // test after the body rather than before it
	Max       int  // fail after so many turns
}

// EachItem takes work items from a queue, walks the body once for each and says
// what became of it, and then follows done when none is left. The item is
// visible as loop.item. A body that ran to its end makes the item successful,
// one that failed makes it failed: with a business failure for good, with any
// other an application failure, which the queue may retry as a new item. What
// is taken and how it ended are records, so that a run that was cut short goes
// on with the item it had.
type EachItem struct {
	Queue string
	Max   int           // items at most; 0 means no limit
	Wait  time.Duration // how long to wait for the next item when none is ready
	// MaxFailures fails the loop when so many items in a row failed with an
	// application failure; 0 means never.
	MaxFailures int
	OnFailure   string // of an item: continue, or stop, which fails the loop
	Output      Lazy   // evaluated when the body has ended: the output of the item
	Analytics   Lazy   // as well
}

// Guard walks try; a failure inside goes to catch, and finally is walked in
// any case. Then it follows done.
type Guard struct{}

// Group walks body to its end and then follows done.
type Group struct{}

// Way walks enter and then body, and then follows done. When something live that
// the body needs is lost and cannot be built again as it was, enter is walked
// again; see package session.
type Way struct {
	Kind, Name string // of what is live
}

// Attempt walks body until it succeeds, with a durable pause between tries.
type Attempt struct {
	Max     int
	Initial time.Duration
	Factor  float64
	Limit   time.Duration
	On      []string // kinds of failures that are tried again; empty means all that are not permanent
}

// Fork walks each wire of the branch port at the same time and then follows
// done.
type Fork struct {
	// WaitAll lets the other branches finish when one fails; otherwise they are
	// cancelled at once.
	WaitAll bool
	Limit   int // branches at a time; 0 means all
}

// Sleep waits, durably, until a time or for a duration counted from when it was
// first reached.
type Sleep struct {
	For   time.Duration
	Until time.Time
}

// Await waits, durably, for a message or for a person's answer. The port of an
// answer is the name of the button, cancelled if it closes the question, and
// next where that port has no wire; when time is over it is timeout.
type Await struct {
	Topic   string             // of the message; unused with Ask
	Ask     *question.Question // what a person is asked; nil for messages between programs
	Timeout time.Duration      // 0 waits for ever
	// Outputs says what expressions see of an answer; it must be a pure
	// function. Answers to secret fields are never part of the reply: they are
	// known to the run as secrets, {secret: NAME}.
	Outputs func(question.Reply) map[string]any
}

// AnswerLink gives a link by which a person without an account can answer, once, what another node of the same chain
// asks; it follows next. The link is the output url. It is made anew whenever it is needed, the same each time, and no
// record has it.
type AnswerLink struct {
	Ask    string        // node that asks
	Person string        // for whom
	Valid  time.Duration // how long, from when it is asked; 0 for the usual time
}

// Call runs another flow and follows next with its outputs.
type Call struct {
	Flow  string
	Input map[string]any
}

// Return ends the run (or the called flow) successfully.
type Return struct{ Outputs map[string]any }

// Raise fails with the given failure.
type Raise struct{ Failure *Failure }

// Break leaves the innermost loop.
type Break struct{}

// Continue goes on with the next turn of the innermost loop.
type Continue struct{}

// Say tells a watcher something and follows next.
type Say struct{ Level, Text string }

func (Take) move()       {}
func (Assign) move()     {}
func (Each) move()       {}
func (While) move()      {}
func (EachItem) move()   {}
func (Guard) move()      {}
func (Group) move()      {}
func (Way) move()        {}
func (Attempt) move()    {}
func (Fork) move()       {}
func (Sleep) move()      {}
func (Await) move()      {}
func (AnswerLink) move() {}
func (Call) move()       {}
func (Return) move()     {}
func (Raise) move()      {}
func (Break) move()      {}
func (Continue) move()   {}
func (Say) move()        {}
