package config

import "strings"

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
			d := distance(typed, squeeze(form))
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

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
