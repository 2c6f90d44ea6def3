package recorder

import (
	"strconv"
	"strings"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/selector"
)

// Element is an element of a page that a step is about.
type Element struct {
	// Key tells whether two steps are about the same element of the same document.
	Key string `json:"key"`
	// Queries are the ways to find it, the most stable first, with score and reason.
	Queries []browser.Candidate `json:"queries"`
	// Frame is the way through frames to it, outermost first.
	Frame []selector.Query `json:"frame,omitempty"`
	// Within is the part of the page that it stands in, where it is not alone otherwise.
	Within []selector.Query `json:"within,omitempty"`
	Print  *selector.Print  `json:"print,omitempty"`
	// Name is what a person would call it.
	Name   string `json:"name,omitempty"`
	Role   string `json:"role,omitempty"`
	Tag    string `json:"tag,omitempty"`
	Type   string `json:"type,omitempty"`
	Secret bool   `json:"secret,omitempty"`
}

// Target is the element as flows name it.
func (e *Element) Target() selector.Target {
	if e == nil {
		return selector.Target{}
	}
	t := selector.Target{Frame: e.Frame, Within: e.Within, Print: e.Print}
	for _, q := range e.Queries {
		t.Queries = append(t.Queries, q.Query)
	}
	return t
}

// Step is something that the person has done.
type Step struct {
	ID int
	// Do is what was done, as the web nodes are called: open, goto, click, fill and so on, and wait for what a press of
	// a key needs to be there.
	Do  string
	Tab string
	At  time.Time
	// Element is what it was done to, To where it was dragged, Awaits what had come to be seen before.
	Element, To, Awaits *Element
	URL                 string
	// Value is what was entered, or the text or value of an assertion; never a secret.
	Value string
	// Secret says that a secret was entered.
	Secret bool
	// Options are what was selected, Files what was uploaded, By how.
	Options   []string
	Files     []string
	By        string
	Checked   bool
	Key       string
	Times     int
	Modifiers []string
	// Point is where in the element it was pressed, if that matters; X and Y how far it was dragged or scrolled.
	Point *browser.Point
	X, Y  float64
	// Grew is how often the page had more to show while it was scrolled.
	Grew int
	// Assert is what an assertion is about: visible, text, value or checked.
	Assert string
	// Opens are the tabs that it opened, Dialogs the questions that it brought up, Download the file that came of it.
	Opens    []string
	Dialogs  []browser.Dialog
	Download string
	// Page is the title of the page, Width and Height its size.
	Page          string
	Width, Height int

	weak    bool   // a press that only gives a field the focus
	list    bool   // a press that only opens a list to select from
	chooser bool   // a press that only opens a window to choose files in
	rich    bool   // the field is text that is edited in the page
	base    string // what a field held before the step
}

// key is that of the element.
func (s *Step) key() string {
	if s.Element == nil {
		return ""
	}
	return s.Element.Key
}

// Title says the step in a few words.
func (s *Step) Title() string {
	name := ""
	if s.Element != nil {
		name = called(s.Element)
	}
	switch s.Do {
	case "open", "new_tab", "goto":
		verb := map[string]string{"open": "Open ", "new_tab": "Open in a new tab ", "goto": "Go to "}[s.Do]
		if s.Page != "" {
			return verb + cut(s.Page, 60)
		}
		return verb + cut(host(s.URL), 60)
	case "back", "forward", "reload":
		return map[string]string{"back": "Back", "forward": "Forward", "reload": "Reload"}[s.Do]
	case "click":
		return "Click " + name
	case "hover":
		return "Move mouse over " + name
	case "double_click":
		return "Double click " + name
	case "right_click":
		return "Right click " + name
	case "fill":
		if s.Value == "" && !s.Secret {
			return "Empty " + name
		}
		return "Fill " + name
	case "type":
		return "Type into " + name
	case "select":
		return "Select " + cut(strings.Join(s.Options, ", "), 40) + " in " + name
	case "check":
		if !s.Checked {
			return "Uncheck " + name
		}
		return "Check " + name
	case "press":
		t := "Press " + s.Key
		if s.Times > 1 {
			t += " " + strconv.Itoa(s.Times) + " times"
		}
		if name != "" {
			t += " in " + name
		}
		return t
	case "upload":
		return "Upload to " + name
	case "download":
		return "Download by " + name
	case "drag":
		if s.To != nil {
			return "Drag " + name + " to " + called(s.To)
		}
		return "Drag " + name
	case "scroll":
		return "Scroll on"
	case "wait":
		return "Wait for " + name
	case "assert":
		return assertTitle(s.Assert, name)
	}
	return s.Do
}

func assertTitle(what, name string) string {
	switch what {
	case "text":
		return "Assert text of " + name
	case "value":
		return "Assert value of " + name
	case "checked":
		return "Assert state of " + name
	}
	return "Assert " + name + " is visible"
}

// called is what a person would call an element.
func called(e *Element) string {
	if e.Name != "" {
		return cut(e.Name, 50)
	}
	if p := e.Print; p != nil {
		for _, s := range []string{p.Text, p.Label, p.Title, p.Alt, p.Row} {
			if s != "" {
				return cut(s, 50)
			}
		}
	}
	switch {
	case e.Role != "":
		return e.Role
	case e.Tag != "":
		return e.Tag
	}
	return "element"
}

func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return strings.TrimSpace(string(r[:n-1])) + "…"
}

// host is what an address is called in a title.
func host(url string) string {
	_, rest, ok := strings.Cut(url, "://")
	if !ok {
		return url
	}
	rest, _, _ = strings.Cut(rest, "?")
	rest, _, _ = strings.Cut(rest, "#")
	return strings.TrimSuffix(rest, "/")
}
