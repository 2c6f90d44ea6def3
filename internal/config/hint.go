package config

import (
	"strings"

	"github.com/aether-rpa/aether/spelling"
)

// nearest returns the key that a mistyped name most likely stands for, or "".
func nearest(name string, keys []Key) string {
	squeeze := func(s string) string {
		return strings.NewReplacer(".", "", "_", "", "-", "").Replace(strings.ToLower(s))
	}
	typed := squeeze(name)
	best, bestName := max(1, len(typed)/3)+1, ""
	for _, k := range keys {
		section, last, nested := strings.Cut(k.Name, ".")
		forms := []string{k.Name}
		if nested {
			forms = append(forms, last, section)
		}
		for i, form := range forms {
			d := spelling.Distance(typed, squeeze(form))
			if d >= best {
				continue
			}
			best, bestName = d, k.Name
			if i == 2 {
				bestName = section
			}
		}
	}
	return bestName
}
