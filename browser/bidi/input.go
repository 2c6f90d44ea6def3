package bidi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/aether-rpa/aether/browser"
)

// The sources of input, which go on side by side: what one does, the others wait for.
const (
	pointer = iota
	keyboard
	wheel
)

// actions are input as the protocol wants it: for each source as many steps.
type actions [3][]params

func (a *actions) add(source int, step params) {
	for i := range a {
		if i == source {
			a[i] = append(a[i], step)
		} else {
			a[i] = append(a[i], params{"type": "pause"})
		}
	}
}

func (a *actions) params(context string) params {
	return params{"context": context, "actions": []params{
		{"type": "pointer", "id": "mouse", "parameters": params{"pointerType": "mouse"}, "actions": a[pointer]},
		{"type": "key", "id": "keyboard", "actions": a[keyboard]},
		{"type": "wheel", "id": "wheel", "actions": a[wheel]},
	}}
}

// held are the keys of the bits of modifiers.
var held = []struct {
	bit int
	key string
}{{1, "\uE00A"}, {2, "\uE009"}, {4, "\uE03D"}, {8, "\uE008"}}

// hold presses or lets go the keys that are held.
func (a *actions) hold(mods int, kind string) {
	for _, h := range held {
		if mods&h.bit != 0 {
			a.add(keyboard, params{"type": kind, "value": h.key})
		}
	}
}

var buttons = map[string]int{"left": 0, "middle": 1, "right": 2}

// mouse makes actions of events of the mouse.
func mouse(events []browser.Mouse) *actions {
	a := new(actions)
	for i, e := range events {
		if e.Mods != 0 && (i == 0 || events[i-1].Mods != e.Mods) {
			a.hold(e.Mods, "keyDown")
		}
		move := params{"type": "pointerMove", "x": e.X, "y": e.Y}
		switch e.Type {
		case "down":
			// A press that is the first of its row must not count on from one that was there before: a move ends a row.
			if e.Clicks <= 1 && (i == 0 || events[i-1].Type != "move") {
				a.add(pointer, move)
			}
			a.add(pointer, params{"type": "pointerDown", "button": buttons[e.Button]})
		case "up":
			a.add(pointer, params{"type": "pointerUp", "button": buttons[e.Button]})
		case "wheel":
			a.add(wheel, params{"type": "scroll", "x": math.Round(e.X), "y": math.Round(e.Y), "deltaX": math.Round(e.DX), "deltaY": math.Round(e.DY)})
		default:
			a.add(pointer, move)
		}
		if e.Mods != 0 && (i == len(events)-1 || events[i+1].Mods != e.Mods) {
			a.hold(e.Mods, "keyUp")
		}
	}
	return a
}

func (t *tab) perform(ctx context.Context, frame string, a *actions) error {
	if err := t.c.b.raise(ctx, t); err != nil {
		return err
	}
	err := t.call(ctx, "input.performActions", a.params(frame), nil)
	if isRefused(err, "move target out of bounds") {
		return errors.New("the mouse cannot be moved out of the page's window")
	}
	if err != nil {
		return t.vanished(err)
	}
	return nil
}

// Mouse implements browser.Tab.
func (t *tab) Mouse(ctx context.Context, events ...browser.Mouse) error {
	if len(events) == 0 {
		return nil
	}
	return t.input(ctx, t.ID(), mouse(events))
}

// input performs actions; a page that goes elsewhere meanwhile has taken them.
func (t *tab) input(ctx context.Context, frame string, a *actions) error {
	if err := t.perform(ctx, frame, a); err != nil && !errors.Is(err, browser.ErrNavigated) {
		return err
	}
	return nil
}

// named are the keys that have a name, as the protocol writes them.
var named = map[string]string{
	"Backspace": "\uE003", "Tab": "\uE004", "Enter": "\uE007", "Shift": "\uE008", "Control": "\uE009", "Alt": "\uE00A", "Meta": "\uE03D",
	"Pause": "\uE00B", "Escape": "\uE00C", "PageUp": "\uE00E", "PageDown": "\uE00F", "End": "\uE010", "Home": "\uE011",
	"ArrowLeft": "\uE012", "ArrowUp": "\uE013", "ArrowRight": "\uE014", "ArrowDown": "\uE015", "Insert": "\uE016", "Delete": "\uE017",
	"F1": "\uE031", "F2": "\uE032", "F3": "\uE033", "F4": "\uE034", "F5": "\uE035", "F6": "\uE036", "F7": "\uE037", "F8": "\uE038",
	"F9": "\uE039", "F10": "\uE03A", "F11": "\uE03B", "F12": "\uE03C", "\n": "\uE007", "\r": "\uE007", "\t": "\uE004",
}

// Keys implements browser.Tab.
func (t *tab) Keys(ctx context.Context, keys ...browser.Key) error {
	a := new(actions)
	for _, k := range keys {
		v, ok := named[k.Name]
		if !ok {
			if _, size := utf8.DecodeRuneInString(k.Name); size != len(k.Name) || size == 0 {
				return fmt.Errorf("no key is called %q; names are those of the web, like Enter, Tab, Escape, ArrowDown, F5 or a single character", k.Name)
			}
			v = k.Name
		}
		if k.Only != "up" {
			a.hold(k.Mods, "keyDown")
			a.add(keyboard, params{"type": "keyDown", "value": v})
		}
		if k.Only != "down" {
			a.add(keyboard, params{"type": "keyUp", "value": v})
			a.hold(k.Mods, "keyUp")
		}
	}
	if len(keys) == 0 {
		return nil
	}
	frame, err := t.focused(ctx)
	if err != nil {
		return err
	}
	return t.input(ctx, frame, a)
}

// entering enters a text where the focus is, as an input method does: the page hears of it as of a person's doing.
// Firefox does not ask the page first when a script enters a text, so the page is asked here.
const entering = `(text => {
	let e = document.activeElement;
	while (e && e.shadowRoot && e.shadowRoot.activeElement) e = e.shadowRoot.activeElement;
	const ask = new InputEvent('beforeinput', {inputType: 'insertText', data: text, bubbles: true, cancelable: true, composed: true});
	if (!e || e.dispatchEvent(ask)) document.execCommand('insertText', false, text);
	return null;
})`

// focused returns the frame that has the focus.
func (t *tab) focused(ctx context.Context) (string, error) {
	frame := t.ID()
	for range t.Frames() {
		e, err := t.function(ctx, frame, true, "() => { let a = document.activeElement; while (a && a.shadowRoot && a.shadowRoot.activeElement) a = a.shadowRoot.activeElement; return a && /^I?FRAME$/.test(a.tagName) && a.contentWindow || null; }")
		if err != nil || e.Result.Type != "window" {
			return frame, err
		}
		var w struct{ Context string }
		if err := json.Unmarshal(e.Result.Value, &w); err != nil {
			return frame, err
		}
		frame = w.Context
	}
	return frame, nil
}

// InsertText implements browser.Tab.
func (t *tab) InsertText(ctx context.Context, text string) error {
	if err := t.c.b.raise(ctx, t); err != nil {
		return err
	}
	frame, err := t.focused(ctx)
	if err == nil {
		err = t.Act(ctx, frame, entering+"("+quoted(text)+")", nil)
	}
	return err
}

// CannotDrop says what becomes of what a page drags by the browser's own means: without a window Firefox begins to drag
// it and lets it go nowhere.
func (t *tab) CannotDrop() error {
	if !t.c.b.windows {
		return nil
	}
	return cannot("drag by its own means, as draggable elements want it, while it works without a window")
}

// Along implements browser.Tab: the input first, then the expression, since Firefox may take them in another order.
func (t *tab) Along(ctx context.Context, in browser.Input, frame, expression, late string, result any) (sent, evaluated error) {
	var err error
	if len(in.Mouse) > 0 {
		err = t.perform(ctx, t.ID(), mouse(in.Mouse))
	} else {
		err = t.Act(ctx, frame, entering+"("+quoted(in.Text)+")", nil)
	}
	if errors.Is(err, browser.ErrNavigated) {
		return nil, err
	}
	if err != nil {
		return err, nil
	}
	t.ask(frame, late, false)
	return nil, t.answer(ctx, t.ask(frame, expression, len(in.Mouse) == 0), result)
}
