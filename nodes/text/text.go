// Package text holds the nodes that work on text. Positions and lengths count
// characters (Unicode code points) unless a node says otherwise. Patterns are
// RE2 regular expressions, whose time grows with the text only, whatever the
// pattern.
package text

import (
	"context"
	"strings"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.RegisterFamily(node.Family{Name: "text", Title: "Text", Doc: "Search, cut, change, compare, encode and hash text."})
}

// maxOutput bounds texts that a small input could blow up.
const maxOutput = 64 << 20

// textIn and textOut are the usual input and output.
type textIn struct {
	Text string `json:"text" is:"required" doc:"Text to work on." widget:"multiline"`
}

type textOut struct {
	Text string `json:"text" doc:"The new text."`
}

// register declares a node with one text in and one out.
func register[In any](typ, title, doc string, run func(In) (string, error), examples ...node.Example[In, textOut]) {
	node.Register(node.Spec[In, textOut]{
		Type: typ, Title: title, Doc: doc, Effect: node.Pure, Examples: examples, Run: textRun(run),
	})
}

// lines cuts text at line ends of any kind. A line end at the end of the text
// begins no further line; empty text has no lines.
func lines(s string) []string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	if s = strings.TrimSuffix(s, "\n"); s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

func tooLarge() error {
	return node.Failf(node.KindInput, "the result would be larger than %d MB", maxOutput>>20)
}

// textRun adapts a function of the params to the Run of a node.
func textRun[In any](f func(In) (string, error)) func(context.Context, *node.Env, In) (textOut, error) {
	return func(_ context.Context, _ *node.Env, in In) (textOut, error) {
		s, err := f(in)
		return textOut{Text: s}, err
	}
}
