package browser

import (
	"fmt"
	"strings"
)

// Modifiers are the keys that can be held, with their bits in Key.Mods and Mouse.Mods.
var Modifiers = map[string]int{"Alt": 1, "Control": 2, "Ctrl": 2, "Meta": 4, "Command": 4, "Shift": 8}

// ParseKey reads a key with those held before it, like Control+Shift+A.
func ParseKey(s string) (Key, error) {
	parts := strings.Split(s, "+")
	if strings.HasSuffix(s, "+") && len(s) > 0 { // the key + itself
		parts = append(strings.Split(strings.TrimSuffix(strings.TrimSuffix(s, "+"), "+"), "+"), "+")
		if s == "+" {
			parts = []string{"+"}
		}
	}
	var k Key
	for i, part := range parts {
		part = strings.TrimSpace(part)
		if i < len(parts)-1 {
			bit, ok := Modifiers[part]
			if !ok {
				return k, fmt.Errorf("%q: %q cannot be held; hold Alt, Control, Meta or Shift", s, part)
			}
			k.Mods |= bit
			continue
		}
		if part == "" {
			return k, fmt.Errorf("%q names no key; write for instance Enter or Control+A", s)
		}
		k.Name = part
	}
	if k.Mods&(1|2|4) != 0 && len(k.Name) == 1 {
		k.Name = strings.ToLower(k.Name)
	}
	return k, nil
}
