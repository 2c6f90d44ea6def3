package yaml

import (
	"bytes"
	"context"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[formatIn, formatOut]{
		Type: "yaml.format", Title: "Write YAML", Effect: node.Pure,
		Doc: "Writes a value as YAML text. Text that another program could take for something else (yes, 007, 2026-01-31) is put in quotes. Keys come in alphabetical order, because maps have no order of their own; name in `order` those that shall come first.",
		Examples: []node.Example[formatIn, formatOut]{{
			Title: "Settings",
			In: formatIn{Value: map[string]any{"name": "Report", "to": []any{"a@x.org"}, "note": "line 1\nline 2\n", "on": "yes", "since": "2026-01-31", "none": nil},
				layout: layout{Order: []string{"name", "since"}}},
			Out: formatOut{Text: "name: Report\nsince: '2026-01-31'\nnone: null\nnote: |\n  line 1\n  line 2\n'on': 'yes'\nto:\n  - a@x.org\n"},
		}, {
			Title: "Several documents",
			In:    formatIn{Value: []any{map[string]any{"a": 1}, "x"}, layout: layout{Documents: true}},
			Out:   formatOut{Text: "a: 1\n---\nx\n"},
		}},
		Run: func(_ context.Context, _ *node.Env, in formatIn) (formatOut, error) {
			text, err := in.write(in.Value)
			return formatOut{Text: text}, err
		},
	})
	node.Register(node.Spec[writeIn, writeOut]{
		Type: "yaml.write", Title: "Write YAML file", Effect: node.Idempotent,
		Doc: "Writes a value to a YAML file in UTF-8, in one step: a reader sees the old file or the new one. See yaml.format. Comments of a file that is replaced are lost.",
		Examples: []node.Example[writeIn, writeOut]{{
			Title: "A list",
			In:    writeIn{File: "out/a.yaml", Value: []any{1, "two"}},
			Out:   writeOut{File: "out/a.yaml", Size: 10},
		}},
		Run: func(_ context.Context, env *node.Env, in writeIn) (writeOut, error) {
			text, err := in.write(in.Value)
			if err != nil {
				return writeOut{}, err
			}
			err = env.Files.WriteAtomic(in.File, 0o644, func(w io.Writer) error {
				_, err := io.WriteString(w, text)
				return err
			})
			return writeOut{File: in.File, Size: len(text)}, err
		},
	})
}

// layout says how a value is written.
type layout struct {
	Documents bool     `json:"documents" doc:"The value is a list of documents, written with --- between them."`
	Order     []string `json:"order" doc:"Keys in the order in which they are written, at all levels; the others follow in alphabetical order."`
	Indent    int      `json:"indent" default:"2" min:"2" max:"9" doc:"Blanks for each level."`
	Flow      int      `json:"inline_from" min:"0" is:"advanced" doc:"Level from which lists and maps are written on one line as [a, b] and {a: b}: 1 for everything, 2 for what is inside of the value, and so on; 0 never."`
	Start     bool     `json:"explicit_start" is:"advanced" doc:"Begin with ---."`
	Quote     bool     `json:"quote_all" is:"advanced" doc:"Put every text in double quotes."`
}

type formatIn struct {
	Value any `json:"value" doc:"Value to write."`
	layout
}

type formatOut struct {
	Text string `json:"text" doc:"YAML text, with a line end."`
}

type writeIn struct {
	File  string `json:"file" is:"required" widget:"file" doc:"Path of the file. Missing folders are made; a file that is there is replaced."`
	Value any    `json:"value" doc:"Value to write."`
	layout
}

type writeOut struct {
	File string `json:"file" doc:"Path of the file."`
	Size int    `json:"size" doc:"Size of the file in bytes."`
}

func (l layout) write(v any) (text string, err error) {
	docs := []any{v}
	if l.Documents {
		list, ok := v.([]any)
		if !ok {
			return "", wrong("give a list of documents", "documents is set, but the value is no list")
		}
		docs = list
	}
	defer func() {
		if p := recover(); p != nil {
			text, err = "", wrong("", "the YAML library cannot write this value: %v", p)
		}
	}()
	var b bytes.Buffer
	for i, d := range docs {
		n, err := l.node(d, 1)
		if err != nil {
			return "", err
		}
		if i > 0 || l.Start {
			b.WriteString("---\n")
		}
		dump, err := yaml.Dump(n, yaml.WithIndent(l.Indent), yaml.WithLineWidth(-1), yaml.WithCompactSeqIndent(false))
		if err != nil {
			return "", wrong("", "the value cannot be written: %v", err)
		}
		b.Write(dump)
		if b.Len() > maxExpand {
			return "", wrong("write it in parts", "the text would be larger than %d MB", maxExpand>>20)
		}
	}
	return b.String(), nil
}

func (l layout) node(v any, depth int) (*yaml.Node, error) {
	if depth > maxNesting {
		return nil, wrong("", "the value is nested deeper than %d levels", maxNesting)
	}
	var style yaml.Style
	if l.Flow > 0 && depth >= l.Flow {
		style = yaml.FlowStyle
	}
	switch x := v.(type) {
	case nil:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null", Value: "null"}, nil
	case bool:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: strconv.FormatBool(x)}, nil
	case int:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: strconv.Itoa(x)}, nil
	case float64:
		s := strconv.FormatFloat(x, 'g', -1, 64)
		if !strings.ContainsAny(s, ".e") {
			s += ".0" // too large to be exact: it stays a number with decimals
		}
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!float", Value: s}, nil
	case string:
		return l.text(x), nil
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: style}
		if len(x) == 0 {
			n.Style = yaml.FlowStyle
		}
		for _, e := range x {
			c, err := l.node(e, depth+1)
			if err != nil {
				return nil, err
			}
			n.Content = append(n.Content, c)
		}
		return n, nil
	case map[string]any:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: style}
		if len(x) == 0 {
			n.Style = yaml.FlowStyle
		}
		for _, k := range l.keys(x) {
			c, err := l.node(x[k], depth+1)
			if err != nil {
				return nil, err
			}
			key := l.text(k)
			if key.Style == yaml.LiteralStyle {
				key.Style = yaml.DoubleQuotedStyle
			}
			n.Content = append(n.Content, key, c)
		}
		return n, nil
	}
	return nil, wrong("", "a %T cannot be written", v)
}

func (l layout) keys(m map[string]any) []string {
	rank := func(k string) int {
		if i := slices.Index(l.Order, k); i >= 0 {
			return i
		}
		return len(l.Order)
	}
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
}

// plain are texts that no YAML of any version takes for something else and
// that have nothing to escape.
var plain = regexp.MustCompile(`^[\pL_/][\pL\pN_./@+-]*( [\pL\pN_./@+()-]+)*$`)

// likeOther are texts that some version of YAML takes for a value.
var likeOther = regexp.MustCompile(`(?i)^(~|null|true|false|yes|no|on|off|y|n|[-+]?\.?(inf|nan)|<<|=)$`)

func (l layout) text(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: strings.ToValidUTF8(s, "\uFFFD")}
	switch {
	case l.Quote:
		n.Style = yaml.DoubleQuotedStyle
	case plain.MatchString(s) && !likeOther.MatchString(s):
	case literal(s):
		n.Style = yaml.LiteralStyle
	case strings.IndexFunc(s, func(r rune) bool {
		return r < 0x20 || r == 0x7F || r == 0x85 || r == 0xA0 || r == 0x2028 || r == 0x2029 || r == 0xFEFF
	}) >= 0:
		n.Style = yaml.DoubleQuotedStyle
	default:
		n.Style = yaml.SingleQuotedStyle
	}
	return n
}

// literal reports whether a text of several lines can stand as a block.
func literal(s string) bool {
	if !strings.Contains(s, "\n") || strings.HasPrefix(s, " ") || strings.HasPrefix(s, "\n") || strings.HasPrefix(s, "\t") {
		return false
	}
	for _, r := range s {
		if r != '\n' && (r < 0x20 || r == 0x7F || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xFEFF || r == 0xFFFD) {
			return false
		}
	}
	for line := range strings.SplitSeq(s, "\n") {
		if strings.HasSuffix(line, " ") {
			return false
		}
	}
	return true
}
