package cdp

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/chromedp/chromedp/kb"

	"github.com/aether-rpa/aether/browser"
)

// Mouse implements browser.Tab: the events are sent at once and their answers awaited.
func (t *tab) Mouse(ctx context.Context, events ...browser.Mouse) error {
	var sent []pending
	for _, e := range events {
		if e.Type == "drag" || e.Type == "up" && t.dragging() != nil {
			if err := t.drag(ctx, e); err != nil {
				return err
			}
			continue
		}
		sent = append(sent, t.s.send("Input.dispatchMouseEvent", mouse(e)))
	}
	for _, p := range sent {
		if err := p.wait(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

func mouse(e browser.Mouse) map[string]any {
	p := map[string]any{"x": e.X, "y": e.Y, "modifiers": e.Mods, "pointerType": "mouse"}
	buttons := map[string]int{"left": 1, "right": 2, "middle": 4}
	switch e.Type {
	case "down":
		p["type"], p["button"], p["buttons"], p["clickCount"] = "mousePressed", e.Button, buttons[e.Button], e.Clicks
	case "up":
		p["type"], p["button"], p["clickCount"] = "mouseReleased", e.Button, e.Clicks
	case "wheel":
		p["type"], p["deltaX"], p["deltaY"] = "mouseWheel", e.DX, e.DY
	case "drag":
		p["type"], p["button"], p["buttons"] = "mouseMoved", e.Button, buttons[e.Button]
	default:
		p["type"] = "mouseMoved"
	}
	return p
}

func (t *tab) dragging() json.RawMessage {
	t.Lock()
	defer t.Unlock()
	return t.dragged
}

// drag moves with the button held. Where the page drags by the browser's own means, the browser hands over what is
// dragged, and it is carried and dropped by events of their own.
func (t *tab) drag(ctx context.Context, e browser.Mouse) error {
	data := t.dragging()
	if data == nil && e.Type == "drag" {
		if err := t.call(ctx, t.s, "Input.setInterceptDrags", map[string]any{"enabled": true}, nil); err != nil {
			return err
		}
		if err := t.call(ctx, t.s, "Input.dispatchMouseEvent", mouse(e), nil); err != nil {
			return err
		}
		// Whether the page drags is known a moment after the move.
		until := time.After(30 * time.Millisecond)
		for data == nil {
			t.Lock()
			data = t.dragged
			changed := t.Change()
			t.Unlock()
			if data != nil {
				break
			}
			select {
			case <-changed:
				continue
			case <-until:
			case <-ctx.Done():
				return ctx.Err()
			}
			break
		}
		if data == nil {
			return nil
		}
		return t.carry(ctx, "dragEnter", e, data)
	}
	if e.Type == "drag" {
		return t.carry(ctx, "dragOver", e, data)
	}
	err := t.carry(ctx, "drop", e, data)
	t.Update(func() { t.dragged = nil })
	if err == nil {
		err = t.call(ctx, t.s, "Input.dispatchMouseEvent", mouse(e), nil)
	}
	if err == nil {
		err = t.call(ctx, t.s, "Input.setInterceptDrags", map[string]any{"enabled": false}, nil)
	}
	return err
}

func (t *tab) carry(ctx context.Context, kind string, e browser.Mouse, data json.RawMessage) error {
	return t.call(ctx, t.s, "Input.dispatchDragEvent", map[string]any{"type": kind, "x": e.X, "y": e.Y, "data": data, "modifiers": e.Mods}, nil)
}

// named are the keys that have a name, like Enter.
var named = func() map[string]rune {
	m := map[string]rune{}
	for r, k := range kb.Keys {
		if utf8.RuneCountInString(k.Key) > 1 {
			if old, ok := m[k.Key]; !ok || r < old {
				m[k.Key] = r
			}
		}
	}
	return m
}()

// commands are what keys with Control or Meta do in a field, which the browser wants said.
var commands = map[string]string{"a": "selectAll", "c": "copy", "v": "paste", "x": "cut", "z": "undo", "y": "redo"}

// Keys implements browser.Tab.
func (t *tab) Keys(ctx context.Context, keys ...browser.Key) error {
	var sent []pending
	for _, k := range keys {
		events, err := encode(k)
		if err != nil {
			return err
		}
		for _, e := range events {
			sent = append(sent, t.s.send("Input.dispatchKeyEvent", e))
		}
	}
	for _, p := range sent {
		if err := p.wait(ctx, nil); err != nil {
			return err
		}
	}
	return nil
}

func encode(k browser.Key) ([]map[string]any, error) {
	r, ok := named[k.Name]
	if !ok {
		var size int
		if r, size = utf8.DecodeRuneInString(k.Name); size != len(k.Name) || size == 0 {
			return nil, fmt.Errorf("no key is called %q; names are those of the web, like Enter, Tab, Escape, ArrowDown, F5 or a single character", k.Name)
		}
	}
	if r == '\n' {
		r = '\r'
	}
	key, known := kb.Keys[r]
	if !known { // a character that no key types
		return []map[string]any{{"type": "char", "text": string(r), "unmodifiedText": string(r)}}, nil
	}
	mods := k.Mods
	if key.Shift {
		mods |= 8
	}
	p := func(kind string) map[string]any {
		return map[string]any{"type": kind, "key": key.Key, "code": key.Code, "windowsVirtualKeyCode": key.Windows, "nativeVirtualKeyCode": key.Native, "modifiers": mods}
	}
	down, up := p("rawKeyDown"), p("keyUp")
	if k.Mods&(1|2|4) == 0 && key.Print {
		down["type"], down["text"], down["unmodifiedText"] = "keyDown", key.Text, key.Unmodified
	}
	if c, ok := commands[k.Name]; ok && k.Mods&(2|4) != 0 {
		down["commands"] = []string{c}
	}
	switch k.Only {
	case "down":
		return []map[string]any{down}, nil
	case "up":
		return []map[string]any{up}, nil
	}
	return []map[string]any{down, up}, nil
}

// InsertText implements browser.Tab.
func (t *tab) InsertText(ctx context.Context, text string) error {
	return t.call(ctx, t.s, "Input.insertText", map[string]any{"text": text}, nil)
}
