// Package screen lets a person work in a browser that has no window: it tells how the page looks whenever that changes,
// and does in it what the person does with mouse and keyboard somewhere else.
package screen

import (
	"errors"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of what is taken at once.
const (
	maxGestures = 200
	maxPlace    = 20_000 // CSS pixels
	maxText     = 100_000
)

// ErrInput says that what a person has done cannot be read.
var ErrInput = errors.New("this is no input for a page")

// Gesture is one thing that a person does. Which fields matter depends on Kind.
type Gesture struct {
	Kind string `json:"kind" enum:"move,down,up,wheel,keydown,keyup,text,goto,back,forward,reload,tab,open,close,answer,choose" doc:"What was done: with the mouse (move, down, up, wheel), a key (keydown, keyup), a text that was pasted or composed (text), the bar (goto, back, forward, reload), the tabs (tab, open, close), a message of the page (answer), a list to select from (choose)."`
	// Of the mouse.
	X      float64 `json:"x,omitempty" minimum:"-20000" maximum:"20000" doc:"Where, in CSS pixels of the page's window."`
	Y      float64 `json:"y,omitempty" minimum:"-20000" maximum:"20000"`
	DX     float64 `json:"dx,omitempty" minimum:"-20000" maximum:"20000" doc:"How far the wheel was turned."`
	DY     float64 `json:"dy,omitempty" minimum:"-20000" maximum:"20000"`
	Button string  `json:"button,omitempty" enum:"left,middle,right"`
	Clicks int     `json:"clicks,omitempty" minimum:"0" maximum:"3" doc:"Which press of a row: 2 makes a double click."`
	// Of the keyboard.
	Mods int    `json:"mods,omitempty" minimum:"0" maximum:"15" doc:"What is held: a sum of 1 Alt, 2 Control, 4 Meta, 8 Shift."`
	Key  string `json:"key,omitempty" maxLength:"20" doc:"Name of the key as the web has it, such as a, Enter or ArrowDown."`
	// Text is what is entered, the address, or the answer to a message.
	Text string `json:"text,omitempty" maxLength:"100000" doc:"Text that is entered, address to go to, or answer to a message."`
	// Tab is the tab that is meant.
	Tab string `json:"tab,omitempty" maxLength:"100"`
	// Accept says that a message is agreed to.
	Accept bool `json:"accept,omitempty"`
	// Choose is which entry of the list that is open is selected, counted from 0; -1 for none.
	Choose int `json:"choose,omitempty" minimum:"-1" maximum:"10000"`
}

// Worked is what a person did, in order. A Client counts what it sends from 1: what comes twice is done once, and what
// comes out of turn is refused.
type Worked struct {
	Client   string    `json:"client" minLength:"8" maxLength:"64" doc:"Made by the page at random."`
	Seq      int64     `json:"seq" minimum:"1" doc:"Counts what the client sends, from 1."`
	Gestures []Gesture `json:"gestures" maxItems:"200" nullable:"false"`
}

// named are the keys that have a name rather than a character.
var named = []string{"Enter", "Tab", "Escape", "Backspace", "Delete", "Insert", "Home", "End", "PageUp", "PageDown", "ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown",
	"F1", "F2", "F3", "F4", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F12"}

var kinds = []string{"move", "down", "up", "wheel", "keydown", "keyup", "text", "goto", "back", "forward", "reload", "tab", "open", "close", "answer", "choose"}

var buttons = []string{"left", "middle", "right"}

// Check says what is wrong with an input.
func (in Worked) Check() error {
	switch {
	case len(in.Client) < 8 || len(in.Client) > 64:
		return bad("client has %d characters; it needs 8 to 64", len(in.Client))
	case in.Seq < 1:
		return bad("seq is %d; it counts from 1", in.Seq)
	case len(in.Gestures) > maxGestures:
		return bad("there are %d gestures; send at most %d at once", len(in.Gestures), maxGestures)
	}
	for i, e := range in.Gestures {
		if err := e.Check(); err != nil {
			return fmt.Errorf("gesture %d: %w", i+1, err)
		}
	}
	return nil
}

func bad(format string, args ...any) error {
	return fmt.Errorf(format+": %w", append(args, ErrInput)...)
}

// Check says what is wrong with a gesture.
func (e Gesture) Check() error {
	if !slices.Contains(kinds, e.Kind) {
		return bad("%q is nothing that can be done", e.Kind)
	}
	for _, n := range []float64{e.X, e.Y, e.DX, e.DY} {
		if math.IsNaN(n) || math.Abs(n) > maxPlace {
			return bad("%s at %g is outside of any page", e.Kind, n)
		}
	}
	if e.Mods < 0 || e.Mods > 15 {
		return bad("mods are %d; they are a sum of 1, 2, 4 and 8", e.Mods)
	}
	if len(e.Text) > maxText || !utf8.ValidString(e.Text) {
		return bad("the text has more than %d bytes, or is no UTF-8", maxText)
	}
	switch e.Kind {
	case "down", "up":
		if !slices.Contains(buttons, e.Button) {
			return bad("%q is no button of a mouse", e.Button)
		}
		if e.Clicks < 1 || e.Clicks > 3 {
			return bad("clicks is %d; it counts from 1 to 3", e.Clicks)
		}
	case "keydown", "keyup":
		if r, n := utf8.DecodeRuneInString(e.Key); !slices.Contains(named, e.Key) && (n == 0 || n != len(e.Key) || !unicode.IsPrint(r)) {
			return bad("no key is called %q", e.Key)
		}
	case "goto":
		if _, err := Address(e.Text); err != nil {
			return bad("%s", err)
		}
	case "tab", "close":
		if e.Tab == "" || len(e.Tab) > 100 {
			return bad("%s needs a tab", e.Kind)
		}
	case "choose":
		if e.Choose < -1 || e.Choose > 10_000 {
			return bad("choose is %d; it counts from 0", e.Choose)
		}
	}
	return nil
}

// Address completes what a person entered as the address of a page, and says in a sentence if it is none.
func Address(text string) (string, error) {
	text = strings.TrimSpace(text)
	if !strings.Contains(text, "://") {
		scheme := "https://"
		if strings.HasPrefix(text, "localhost") || strings.HasPrefix(text, "127.") || strings.HasPrefix(text, "[::1]") {
			scheme = "http://"
		}
		text = scheme + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("%q is no address of a page; write one like https://shop.example.com", text)
	}
	return text, nil
}
