package screen

import (
	"context"
	"unicode/utf8"

	"github.com/aether-rpa/aether/browser"
)

// Hand does in pages what a person does with mouse and keyboard. It remembers what is held down, and is used by one
// goroutine at a time.
type Hand struct {
	held string // the button of the mouse that is down
}

// Do does one thing in a tab: all kinds but tab, open, close, answer and choose, which are not about one page.
func (h *Hand) Do(ctx context.Context, t browser.Tab, e Gesture) error {
	switch e.Kind {
	case "move":
		m := browser.Mouse{Type: "move", X: e.X, Y: e.Y, Mods: e.Mods}
		if h.held != "" {
			m.Type, m.Button = "drag", h.held
		}
		return t.Mouse(ctx, m)
	case "down":
		h.held = e.Button
		return t.Mouse(ctx, browser.Mouse{Type: "down", X: e.X, Y: e.Y, Button: e.Button, Clicks: max(e.Clicks, 1), Mods: e.Mods})
	case "up":
		h.held = ""
		return t.Mouse(ctx, browser.Mouse{Type: "up", X: e.X, Y: e.Y, Button: e.Button, Clicks: max(e.Clicks, 1), Mods: e.Mods})
	case "wheel":
		return t.Mouse(ctx, browser.Mouse{Type: "wheel", X: e.X, Y: e.Y, DX: e.DX, DY: e.DY, Mods: e.Mods})
	case "keydown", "keyup":
		return key(ctx, t, e)
	case "text":
		if e.Text == "" {
			return nil
		}
		return t.InsertText(ctx, e.Text)
	case "goto":
		to, err := Address(e.Text)
		if err != nil {
			return err
		}
		_, _ = t.Navigate(ctx, to) // where nothing answers, the page says so
		return nil
	case "back", "forward":
		_, _, err := t.History(ctx, map[string]int{"back": -1, "forward": 1}[e.Kind])
		return err
	case "reload":
		_, err := t.Reload(ctx)
		return err
	}
	return nil
}

// key presses a key or lets it go. A character that no key of the browser's own keyboard types is entered when its key
// goes down.
func key(ctx context.Context, t browser.Tab, e Gesture) error {
	r, n := utf8.DecodeRuneInString(e.Key)
	if n == len(e.Key) && r > 0x7e {
		if e.Kind == "keydown" && e.Mods&^8 == 0 {
			return t.InsertText(ctx, e.Key)
		}
		return nil
	}
	k := browser.Key{Name: e.Key, Mods: e.Mods, Only: map[string]string{"keydown": "down", "keyup": "up"}[e.Kind]}
	return t.Keys(ctx, k)
}
