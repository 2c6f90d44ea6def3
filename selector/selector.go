// Package selector holds an element of a page as data: a target with several ranked ways to find it, as flow
// files write it, the recorder makes it and healing repairs it. It knows no browser.
package selector

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/schema"
)

// The ways to find an element.
const (
	ByTestID      = "testid"      // the attribute data-testid, data-test-id, data-test, data-cy or data-qa
	ByRole        = "role"        // the ARIA role, and Name the accessible name
	ByLabel       = "label"       // the label of a field: <label>, aria-label or the words beside it
	ByText        = "text"        // the text a person reads
	ByPlaceholder = "placeholder" // the hint in an empty field
	ByAlt         = "alt"         // the alternative text of a picture
	ByTitle       = "title"       // the attribute title
	ByID          = "id"          // the attribute id
	ByName        = "name"        // the attribute name
	ByCSS         = "css"         // a CSS selector; it sees into shadow roots as into the page
	ByXPath       = "xpath"       // an XPath 1.0 expression, in the document and in each shadow root
)

// Kinds are the ways to find an element, the most stable first.
var Kinds = []string{ByTestID, ByRole, ByLabel, ByText, ByPlaceholder, ByAlt, ByTitle, ByID, ByName, ByCSS, ByXPath}

// Query is one way to find an element.
type Query struct {
	// By is one of Kinds.
	By string `json:"by"`
	// Value is what is looked for: a text, a role, a selector.
	Value string `json:"value"`
	// Name is the accessible name wanted beside a role; "" takes any.
	Name string `json:"name,omitempty"`
	// Nth picks one of several matches, counted from 1 in the order of the document, from -1 at the end; 0 wants
	// exactly one.
	Nth int `json:"nth,omitempty"`
}

// String writes the query as flow files may: css=#total, role=button[name="Save"], with >> nth=2 behind it.
func (q Query) String() string {
	s := q.By + "=" + q.Value
	if q.Name != "" {
		s += fmt.Sprintf("[name=%q]", q.Name)
	}
	if q.Nth != 0 {
		s += fmt.Sprintf(" >> nth=%d", q.Nth)
	}
	return s
}

// Target names one element. A zero Target names none.
type Target struct {
	// Queries are tried in order; the first that finds a usable element decides.
	Queries []Query `json:"queries"`
	// Frame is the way through frames, outermost first, each a query for the frame's element. Without it the page
	// is searched first and then each frame of it.
	Frame []Query `json:"frame,omitempty"`
	// Within narrows the search to what stands inside another element.
	Within []Query `json:"within,omitempty"`
	// Print is what the element looked like when it was picked or recorded; nil is unknown.
	Print *Print `json:"print,omitempty"`
}

// Given reports whether the target names an element.
func (t Target) Given() bool { return len(t.Queries) > 0 }

// String writes the target as a person reads it in an error.
func (t Target) String() string {
	words := make([]string, len(t.Queries))
	for i, q := range t.Queries {
		words[i] = q.String()
	}
	s := strings.Join(words, " or ")
	for _, q := range t.Within {
		s += " within " + q.String()
	}
	for _, q := range slices.Backward(t.Frame) {
		s += " in the frame " + q.String()
	}
	return s
}

// Of returns the target of the texts, each one way to find the same element; see Parse.
func Of(texts ...string) (Target, error) {
	var t Target
	for _, s := range texts {
		q, err := Parse(s)
		if err != nil {
			return Target{}, err
		}
		t.Queries = append(t.Queries, q)
	}
	return t, nil
}

// Must is Of for targets that the program itself holds; it panics on a text that is none.
func Must(texts ...string) Target {
	t, err := Of(texts...)
	if err != nil {
		panic(err)
	}
	return t
}

var (
	prefix = regexp.MustCompile(`^([a-z_]+)\s*=\s*`)
	nth    = regexp.MustCompile(`\s*>>\s*nth=(-?\d+)$`)
	named  = regexp.MustCompile(`^([a-z]+)\s*\[name=(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\]]*))\]$`)
)

// Parse reads one way to find an element: "css=#total", "text=Sign in", "label=First Name",
// `role=button[name="Save"]`, "testid=total", "xpath=//td[2]". Without such a beginning, what starts with / or ( is
// an XPath and all else a CSS selector. " >> nth=2" behind it picks the second match, nth=-1 the last.
func Parse(text string) (Query, error) {
	s := strings.TrimSpace(text)
	if s == "" {
		return Query{}, fmt.Errorf("an empty text names no element; write for instance css=#total or text=Sign in")
	}
	var q Query
	if m := nth.FindStringSubmatch(s); m != nil {
		if _, err := fmt.Sscan(m[1], &q.Nth); err != nil || q.Nth == 0 {
			return q, fmt.Errorf("%q: matches are counted from 1, or from -1 at the end", text)
		}
		s = strings.TrimSuffix(s, m[0])
	}
	m := prefix.FindStringSubmatch(s)
	switch {
	case m != nil && slices.Contains(Kinds, m[1]):
		q.By, q.Value = m[1], s[len(m[0]):]
	case strings.HasPrefix(s, "/") || strings.HasPrefix(s, "("):
		q.By, q.Value = ByXPath, s
	case m != nil && !strings.ContainsAny(m[1], "[.#"):
		return q, fmt.Errorf("%q: nothing is found by %q; write one of %s before the =", text, m[1], strings.Join(Kinds, ", "))
	default:
		q.By, q.Value = ByCSS, s
	}
	if q.By == ByRole {
		if m := named.FindStringSubmatch(q.Value); m != nil {
			q.Value, q.Name = m[1], m[2]+m[3]+m[4]
			if m[2] != "" {
				q.Name = strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(m[2])
			}
		} else if strings.ContainsAny(q.Value, "[] ") {
			return q, fmt.Errorf(`%q: write a role like role=button or role=button[name="Save"]`, text)
		}
	}
	if q.Value == "" {
		return q, fmt.Errorf("%q says how to find the element but not what to look for", text)
	}
	if q.By != ByCSS && q.By != ByXPath && len(q.Value) >= 2 && q.Value[0] == '"' && q.Value[len(q.Value)-1] == '"' {
		q.Value = q.Value[1 : len(q.Value)-1]
	}
	return q, nil
}

// SchemaKind implements schema.Custom.
func (*Target) SchemaKind() schema.Kind { return schema.Target }

// FromValue implements schema.Custom: a text (see Parse), a list of them, or a map with queries and, as texts or
// lists, frame and within, and with what the element looked like as print.
func (t *Target) FromValue(v any) error {
	*t = Target{}
	var err error
	switch v := v.(type) {
	case nil:
		return nil
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			var into *[]Query
			switch k {
			case "queries":
				into = &t.Queries
			case "frame":
				into = &t.Frame
			case "within":
				into = &t.Within
			case "print":
				if t.Print, err = printOf(v[k]); err != nil {
					return fmt.Errorf("print: %w", err)
				}
				continue
			default:
				return fmt.Errorf("a target has no %q; it has queries, frame, within and print", k)
			}
			if *into, err = queries(v[k]); err != nil {
				return fmt.Errorf("%s: %w", k, err)
			}
		}
		if len(t.Queries) == 0 {
			return fmt.Errorf("a target needs queries: one or more ways to find the element, like css=#total")
		}
	default:
		t.Queries, err = queries(v)
	}
	return err
}

func queries(v any) ([]Query, error) {
	switch v := v.(type) {
	case string:
		q, err := Parse(v)
		return []Query{q}, err
	case []any:
		all := make([]Query, 0, len(v))
		for _, e := range v {
			q, err := query(e)
			if err != nil {
				return nil, err
			}
			all = append(all, q)
		}
		return all, nil
	case map[string]any:
		q, err := query(v)
		return []Query{q}, err
	}
	return nil, fmt.Errorf("an element is named by a text like css=#total, or a list of such texts, not by %T", v)
}

func query(v any) (Query, error) {
	var q Query
	switch v := v.(type) {
	case string:
		return Parse(v)
	case map[string]any:
		b, err := json.Marshal(v)
		if err == nil {
			err = json.Unmarshal(b, &q)
		}
		if err != nil {
			return q, fmt.Errorf("a query has by and value, and may have name and nth: %w", err)
		}
		if !slices.Contains(Kinds, q.By) || q.Value == "" {
			return q, fmt.Errorf("a query needs by, one of %s, and value", strings.Join(Kinds, ", "))
		}
		return q, nil
	}
	return q, fmt.Errorf("an element is named by a text like css=#total, not by %T", v)
}

// ToValue implements schema.Custom: a text where one says all, else a map.
func (t *Target) ToValue() any {
	list := func(qs []Query) any {
		out := make([]any, len(qs))
		for i, q := range qs {
			out[i] = q.String()
		}
		if len(out) == 1 {
			return out[0]
		}
		return out
	}
	if len(t.Frame) == 0 && len(t.Within) == 0 && t.Print == nil {
		if len(t.Queries) == 0 {
			return nil
		}
		return list(t.Queries)
	}
	m := map[string]any{"queries": list(t.Queries)}
	if len(t.Frame) > 0 {
		m["frame"] = list(t.Frame)
	}
	if len(t.Within) > 0 {
		m["within"] = list(t.Within)
	}
	if t.Print != nil {
		m["print"] = t.Print.value()
	}
	return m
}
