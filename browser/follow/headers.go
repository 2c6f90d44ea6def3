package follow

import (
	"maps"
	"slices"
	"strings"
)

// Header is a header of an answer.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Headers are those of an answer with what a rule wants of them; a header that is to be empty is left out.
func Headers(have []Header, want map[string]string) []Header {
	out := []Header{}
	for _, h := range have {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(want)), func(n string) bool { return strings.EqualFold(n, h.Name) }) {
			out = append(out, h)
		}
	}
	for _, n := range slices.Sorted(maps.Keys(want)) {
		if want[n] != "" {
			out = append(out, Header{n, want[n]})
		}
	}
	return out
}

// Attached are the headers of an answer made one to save; nil if it is so already, or is HTML.
func Attached(headers []Header) []Header {
	out := []Header{}
	disposition := "attachment"
	for _, h := range headers {
		switch strings.ToLower(h.Name) {
		case "content-type":
			if v := strings.ToLower(h.Value); strings.HasPrefix(v, "text/html") || strings.HasPrefix(v, "application/xhtml") {
				return nil
			}
		case "content-disposition":
			kind, rest, named := strings.Cut(h.Value, ";")
			if strings.EqualFold(strings.TrimSpace(kind), "attachment") {
				return nil
			}
			if named {
				disposition += ";" + rest
			}
			continue
		}
		out = append(out, h)
	}
	return append(out, Header{"Content-Disposition", disposition})
}
