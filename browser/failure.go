package browser

import (
	"errors"
	"strings"

	"github.com/aether-rpa/aether/selector"
)

// Errors of a driver.
var (
	// ErrNavigated says that the document went away while it was asked: it may be asked again.
	ErrNavigated = errors.New("the page went to another document")
	// ErrStayed says that the page asked to go elsewhere and nothing came of it.
	ErrStayed = errors.New("the page stayed where it was")
	// ErrNoPage says that a navigation ended without a page: the answer had none, was a download, or was cancelled.
	ErrNoPage = errors.New("it was cancelled, by the page or by an answer without a page")
	// ErrGone says that the page, or the browser, is no more.
	ErrGone = errors.New("the page is gone")
	// ErrUnsupported says that the browser has no means for what was asked, though another browser has.
	ErrUnsupported = errors.New("use Chromium, Chrome, Edge or Brave for it")
)

// The kinds of failures.
const (
	NotFound   = "not_found"
	Ambiguous  = "ambiguous"
	Mismatch   = "mismatch"
	Hidden     = "hidden"
	Outside    = "outside"
	Covered    = "covered"
	Disabled   = "disabled"
	ReadOnly   = "read_only"
	Moving     = "moving"
	WrongKind  = "wrong_kind"
	NoOption   = "no_option"
	Reverted   = "reverted"
	Unchanged  = "unchanged"
	Navigation = "navigation"
	Crashed    = "crashed"
	Gone       = "gone"
	Hung       = "hung"
	Waited     = "waited"
	BadQuery   = "bad_query"
	Script     = "script"
	Unable     = "unsupported"
)

var sentences = map[string]string{
	NotFound:   "no element on the page matches",
	Ambiguous:  "several elements match, and it is unclear which one is meant",
	Mismatch:   "the element that matches is not the one that was meant before",
	Hidden:     "the element is on the page but cannot be seen",
	Outside:    "the element cannot be brought into sight",
	Covered:    "the element is covered by another one",
	Disabled:   "the element is disabled",
	ReadOnly:   "the field is read-only",
	Moving:     "the element does not keep still",
	WrongKind:  "the element is of another kind",
	NoOption:   "the list has no such choice",
	Reverted:   "the page did not keep what was entered",
	Unchanged:  "the page did not do what was asked",
	Navigation: "the page could not be opened",
	Crashed:    "the page has crashed",
	Gone:       "the page or its browser has ended",
	Hung:       "the page does not answer",
	Waited:     "what was waited for did not come",
	BadQuery:   "the selector is wrong",
	Script:     "the script failed",
	Unable:     "the browser has no means for it",
}

var hints = map[string]string{
	NotFound:   "compare the selector with the page, or wait for what makes the element appear",
	Ambiguous:  "name the element more closely, search within a part of the page, or add >> nth=1",
	Mismatch:   "compare both with the page, and correct the selector; or approve what healing proposes",
	Hidden:     "do first what shows it, as a person would: open the menu, close the panel, scroll",
	Covered:    "close or wait for what covers it",
	Disabled:   "fill first what the page wants before it lets you go on",
	ReadOnly:   "find what a person does to change the field",
	Reverted:   "the page refuses or rewrites the value; enter it as the page wants it",
	Unchanged:  "look at the picture of the page; the action had no effect",
	Gone:       "the run goes on in a new browser when the flow is resumed",
	Crashed:    "the run goes on in a new page when the flow is resumed",
	Hung:       "the page's own scripts keep it busy; reload it, or allow more time",
	Waited:     "allow more time, or wait for something else",
	Navigation: "check the address and that the site can be reached from this machine",
	Unable:     "open this session in Chromium, Chrome, Edge or Brave",
}

// Failure says what an action found in its way. It holds no text that was typed.
type Failure struct {
	Kind   string
	Action string // what was to be done: click, fill
	Target selector.Target
	// Element describes the element found, Detail what was in the way, Nearest elements that may have been meant.
	Element string
	Detail  string
	Nearest []string
	// Healing is the element that was probably meant, and why it was not taken; nil where it was not searched.
	Healing *Healed
	// Acted says that something was done to the page before it failed.
	Acted bool

	cause error
}

// Error implements error with a sentence.
func (f *Failure) Error() string {
	var b strings.Builder
	if f.Action != "" {
		b.WriteString(f.Action + ": ")
	}
	b.WriteString(sentences[f.Kind])
	if f.Target.Given() {
		b.WriteString(" (" + f.Target.String() + ")")
	}
	if f.Element != "" && f.Kind != NotFound {
		b.WriteString(": " + f.Element)
	}
	switch {
	case f.Detail != "" && f.Kind == Covered:
		b.WriteString(", by " + f.Detail)
	case f.Detail != "":
		b.WriteString(": " + f.Detail)
	}
	switch h := f.Healing; {
	case h != nil && h.Found != nil && h.Outcome == OutcomeAsked:
		b.WriteString("; probably meant is " + h.Named())
		if len(h.Vetoes) > 0 {
			b.WriteString(" (" + strings.Join(h.Vetoes, ", ") + ")")
		}
	case len(f.Nearest) > 0:
		b.WriteString("; nearest: " + strings.Join(f.Nearest, ", "))
	}
	return b.String()
}

// Hint says what to do about it.
func (f *Failure) Hint() string { return hints[f.Kind] }

// Unwrap makes errors.Is(err, ErrGone) true for pages that are no more, and ErrNoPage for navigations without a page.
func (f *Failure) Unwrap() error {
	if f.Kind == Gone || f.Kind == Crashed {
		return ErrGone
	}
	return f.cause
}
