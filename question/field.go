package question

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/aether-rpa/aether/value"
)

// Types of fields.
const (
	Text      = "text"
	Multiline = "multiline"
	Number    = "number"
	Integer   = "integer"
	Bool      = "bool"
	Choice    = "choice"
	Choices   = "choices"
	File      = "file"
	Files     = "files"
	Folder    = "folder"
	Date      = "date"
	Clock     = "time"
	DateTime  = "datetime"
	Color     = "color"
	Secret    = "secret"
)

// Types lists the types of fields.
var Types = []string{Text, Multiline, Number, Integer, Bool, Choice, Choices, File, Files, Folder, Date, Clock, DateTime, Color, Secret}

// Field is one thing to fill in.
type Field struct {
	Name     string `json:"name"`
	Label    string `json:"label,omitempty"`
	Help     string `json:"help,omitempty"`
	Type     string `json:"type"`
	Page     int    `json:"page,omitempty"` // index in Pages
	Required bool   `json:"required,omitempty"`
	Default  any    `json:"default,omitempty"`
	// Proposed is filled in beforehand; other than Default it counts only if a person sends it.
	Proposed    any    `json:"proposed,omitempty"`
	Placeholder string `json:"placeholder,omitempty"`
	// Choices are those of choice and choices, and suggestions for text.
	Choices []Option `json:"choices,omitempty"`
	// Pattern is a regular expression that all of the text must match, and
	// PatternHint what to say if it does not.
	Pattern     string `json:"pattern,omitempty"`
	PatternHint string `json:"pattern_hint,omitempty"`
	// Min and Max bound numbers, the length of texts, the count of choices and
	// files, and (as text) dates and times.
	Min        any      `json:"min,omitempty"`
	Max        any      `json:"max,omitempty"`
	Extensions []string `json:"extensions,omitempty"` // of files, without the dot
	Folder     string   `json:"folder,omitempty"`     // where to begin to look for a file or folder
	Zone       string   `json:"zone,omitempty"`       // of a datetime without offset; UTC if not given
	Alpha      bool     `json:"alpha,omitempty"`      // a colour may be transparent
	Keep       string   `json:"keep,omitempty"`       // name under which a secret is known to the run
}

// Option is one of the choices of a field.
type Option struct {
	Value any    `json:"value"`
	Label string `json:"label,omitempty"`
}

// Text returns how the option reads.
func (o Option) Text() string {
	if o.Label != "" {
		return o.Label
	}
	return Show(o.Value)
}

// Text returns how the field is called.
func (f *Field) Text() string {
	if f.Label != "" {
		return f.Label
	}
	return f.Name
}

// Show writes a value for people.
func Show(v any) string {
	switch x := v.(type) {
	case nil:
		return ""
	case string:
		return x
	}
	b, err := value.JSON(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// Accept checks a value for the field and returns it in its canonical form: a
// text from a person becomes a number, a date gets the form of ISO 8601. Nothing
// (nil, or an empty text) is nil.
func (f *Field) Accept(v any) (any, error) {
	if s, ok := v.(string); ok && f.Type != Secret && f.Type != Text && f.Type != Multiline {
		v = strings.TrimSpace(s)
	}
	if f.empty(v) {
		switch {
		case f.Required:
			return nil, fmt.Errorf("%s is needed", f.Text())
		case f.Type == Text || f.Type == Multiline:
			return "", nil
		case f.Type == Bool:
			return false, nil
		case f.Type == Choices || f.Type == Files:
			return []any{}, nil
		}
		return nil, nil
	}
	switch f.Type {
	case Text, Multiline, Secret:
		return f.text(v)
	case Number, Integer:
		return f.number(v)
	case Bool:
		return f.boolean(v)
	case Choice:
		return f.choice(v)
	case Choices:
		return f.list(v, f.choice)
	case File, Folder:
		return f.path(v)
	case Files:
		return f.list(v, f.path)
	case Date, Clock, DateTime:
		return f.moment(v)
	case Color:
		return f.color(v)
	}
	return nil, fmt.Errorf("%s has the unknown type %q", f.Text(), f.Type)
}

func (f *Field) empty(v any) bool {
	switch x := v.(type) {
	case nil:
		return true
	case string:
		return x == "" || f.Required && strings.TrimSpace(x) == ""
	case []any:
		return len(x) == 0
	}
	return false
}

// maxText bounds what a person may answer.
const maxText = 1 << 20

func (f *Field) text(v any) (any, error) {
	s, ok := v.(string)
	if !ok {
		switch v.(type) {
		case []any, map[string]any:
			return nil, fmt.Errorf("%s is a text, not a %s", f.Text(), value.Kind(v))
		}
		s = Show(v)
	}
	if len(s) > maxText {
		return nil, fmt.Errorf("%s is longer than a million bytes", f.Text())
	}
	if !utf8.ValidString(s) {
		return nil, fmt.Errorf("%s is no text in UTF-8", f.Text())
	}
	if f.Type == Text && strings.ContainsAny(s, "\n\r") {
		return nil, fmt.Errorf("%s is one line", f.Text())
	}
	n := float64(utf8.RuneCountInString(s))
	if least, ok := float(f.Min); ok && n < least {
		return nil, fmt.Errorf("%s must have at least %v characters", f.Text(), f.Min)
	}
	if most, ok := float(f.Max); ok && n > most {
		return nil, fmt.Errorf("%s must have at most %v characters", f.Text(), f.Max)
	}
	if f.Pattern != "" {
		re, err := regexp.Compile(`^(?:` + f.Pattern + `)$`)
		if err != nil {
			return nil, fmt.Errorf("the pattern of %s is wrong: %w", f.Text(), err)
		}
		if !re.MatchString(s) {
			if f.PatternHint != "" {
				return nil, fmt.Errorf("%s: %s", f.Text(), f.PatternHint)
			}
			return nil, fmt.Errorf("%s does not have the form %s", f.Text(), f.Pattern)
		}
	}
	return s, nil
}

func (f *Field) number(v any) (any, error) {
	if s, ok := v.(string); ok {
		n, err := parseNumber(s)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is no number", f.Text(), clip(s))
		}
		v = n
	}
	n, ok := float(v)
	if !ok {
		return nil, fmt.Errorf("%s is a number, not a %s", f.Text(), value.Kind(v))
	}
	if _, whole := v.(int); f.Type == Integer && !whole {
		return nil, fmt.Errorf("%s is a whole number", f.Text())
	}
	if least, ok := float(f.Min); ok && n < least {
		return nil, fmt.Errorf("%s must be at least %v", f.Text(), f.Min)
	}
	if most, ok := float(f.Max); ok && n > most {
		return nil, fmt.Errorf("%s must be at most %v", f.Text(), f.Max)
	}
	return v, nil
}

func parseNumber(s string) (any, error) {
	if !json.Valid([]byte(s)) && !strings.HasPrefix(s, "+") {
		return nil, fmt.Errorf("no number")
	}
	v, err := value.Parse([]byte(strings.TrimPrefix(s, "+")))
	if err != nil {
		return nil, err
	}
	switch v.(type) {
	case int, float64:
		return v, nil
	}
	return nil, fmt.Errorf("no number")
}

func float(v any) (float64, bool) {
	switch x := v.(type) {
	case int:
		return float64(x), true
	case float64:
		return x, true
	}
	return 0, false
}

func (f *Field) boolean(v any) (any, error) {
	switch x := v.(type) {
	case bool:
		return x, nil
	case string:
		switch strings.ToLower(x) {
		case "y", "yes", "true", "on", "1":
			return true, nil
		case "n", "no", "false", "off", "0":
			return false, nil
		}
	}
	return nil, fmt.Errorf("%s is yes or no", f.Text())
}

func (f *Field) choice(v any) (any, error) {
	for _, o := range f.Choices {
		if value.Equal(o.Value, v) {
			return o.Value, nil
		}
	}
	if s, ok := v.(string); ok {
		for _, o := range f.Choices {
			if o.Text() == s || Show(o.Value) == s {
				return o.Value, nil
			}
		}
		for _, o := range f.Choices {
			if strings.EqualFold(o.Text(), s) {
				return o.Value, nil
			}
		}
	}
	return nil, fmt.Errorf("%s is one of %s, not %q", f.Text(), f.offered(), clip(Show(v)))
}

// offered lists the choices, the first of many.
func (f *Field) offered() string {
	const most = 12
	var words []string
	for _, o := range f.Choices[:min(len(f.Choices), most)] {
		words = append(words, o.Text())
	}
	if len(f.Choices) > most {
		words = append(words, fmt.Sprintf("and %d more", len(f.Choices)-most))
	}
	return strings.Join(words, ", ")
}

func (f *Field) list(v any, one func(any) (any, error)) (any, error) {
	var in []any
	switch x := v.(type) {
	case []any:
		in = x
	case string:
		if w, err := one(x); err == nil && f.Type == Choices { // one that has a comma in it
			in = []any{w}
			break
		}
		lines := strings.Contains(x, "\n")
		for _, w := range strings.FieldsFunc(x, func(r rune) bool { return r == '\n' || r == ',' && !lines }) {
			if w = strings.TrimSpace(w); w != "" {
				in = append(in, w)
			}
		}
	default:
		in = []any{v}
	}
	out := make([]any, 0, len(in))
	for _, e := range in {
		w, err := one(e)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(out, func(o any) bool { return value.Equal(o, w) }) {
			out = append(out, w)
		}
	}
	n := float64(len(out))
	if least, ok := float(f.Min); ok && n < least {
		return nil, fmt.Errorf("%s: choose at least %v", f.Text(), f.Min)
	}
	if most, ok := float(f.Max); ok && n > most {
		return nil, fmt.Errorf("%s: choose at most %v", f.Text(), f.Max)
	}
	return out, nil
}

func (f *Field) path(v any) (any, error) {
	s, ok := v.(string)
	if !ok || strings.ContainsRune(s, 0) || len(s) > 1<<15 {
		return nil, fmt.Errorf("%s is a path", f.Text())
	}
	if len(f.Extensions) > 0 && f.Type != Folder {
		ext := strings.TrimPrefix(path.Ext(strings.ReplaceAll(s, `\`, "/")), ".")
		if !slices.ContainsFunc(f.Extensions, func(e string) bool { return strings.EqualFold(e, ext) }) {
			return nil, fmt.Errorf("%s must be a file of the kind %s", f.Text(), strings.Join(f.Extensions, ", "))
		}
	}
	return s, nil
}

// Layouts that a person may write, the canonical one first.
var layouts = map[string][]string{
	Date:     {"2006-01-02", "2006/01/02", "02.01.2006", "2.1.2006"},
	Clock:    {"15:04:05", "15:04"},
	DateTime: {time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "02.01.2006 15:04", "2006-01-02"},
}

// Form says how a date or time is written.
func (f *Field) Form() string {
	return map[string]string{Date: "2026-11-30", Clock: "14:30", DateTime: "2026-11-30 14:30"}[f.Type]
}

func (f *Field) read(s string) (time.Time, error) {
	loc := time.UTC
	if f.Zone != "" {
		l, err := time.LoadLocation(f.Zone)
		if err != nil {
			return time.Time{}, fmt.Errorf("%s: %q is no time zone", f.Text(), f.Zone)
		}
		loc = l
	}
	for _, l := range layouts[f.Type] {
		if t, err := time.ParseInLocation(l, s, loc); err == nil {
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%s: write it like %s, not %q", f.Text(), f.Form(), clip(s))
}

func (f *Field) moment(v any) (any, error) {
	s, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("%s: write it like %s", f.Text(), f.Form())
	}
	t, err := f.read(s)
	if err != nil {
		return nil, err
	}
	if least, ok := f.Min.(string); ok && least != "" {
		if l, err := f.read(least); err == nil && t.Before(l) {
			return nil, fmt.Errorf("%s must not be before %s", f.Text(), least)
		}
	}
	if most, ok := f.Max.(string); ok && most != "" {
		if l, err := f.read(most); err == nil && t.After(l) {
			return nil, fmt.Errorf("%s must not be after %s", f.Text(), most)
		}
	}
	switch f.Type {
	case Date:
		return t.Format("2006-01-02"), nil
	case Clock:
		return t.Format("15:04:05"), nil
	}
	return t.Format(time.RFC3339Nano), nil
}

var colorRE = regexp.MustCompile(`^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})$`)

func (f *Field) color(v any) (any, error) {
	s, _ := v.(string)
	m := colorRE.FindStringSubmatch(s)
	if m == nil || len(m[1]) == 8 && !f.Alpha {
		return nil, fmt.Errorf("%s: write a colour like #1e90ff", f.Text())
	}
	hex := strings.ToLower(m[1])
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	return "#" + hex, nil
}

func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:59]) + "…"
	}
	return s
}
