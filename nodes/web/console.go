package web

import (
	"context"
	"slices"
	"time"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[consoleIn, consoleOut]{
		Type: "web.console", Title: "Read console of page",
		Doc:    "Returns what the scripts of the current tab have written to the console, and the errors that ended them, since a number: give next of the last call to get what came later. The last thousand are kept.",
		Effect: node.Read,
		Examples: []node.Example[consoleIn, consoleOut]{{
			Title: "Look for errors of the page", In: consoleIn{Levels: []string{"error"}},
			Out: consoleOut{Messages: []any{map[string]any{"number": 3, "level": "error", "text": "TypeError: cart is undefined", "url": "https://shop.example.com/shop.js", "line": 17, "uncaught": true, "at": "2026-01-02T03:04:05Z"}}, Count: 1, Errors: 1, Next: 3}, DocOnly: needsBrowser,
		}},
		Run: func(ctx context.Context, env *node.Env, in consoleIn) (consoleOut, error) {
			return look(ctx, env, in.In, func(ctx context.Context, p *browser.Page) (consoleOut, error) {
				// A turn of the page, so that what its scripts have written is here.
				if err := p.Ask(ctx, "0", nil); err != nil {
					return consoleOut{}, err
				}
				out := consoleOut{Messages: []any{}, Next: in.After}
				for _, m := range p.Console() {
					if m.Number <= in.After {
						continue
					}
					out.Next = m.Number
					if len(in.Levels) > 0 && !slices.Contains(in.Levels, m.Level) {
						continue
					}
					out.Count++
					if m.Uncaught {
						out.Errors++
					}
					out.Messages = append(out.Messages, map[string]any{"number": m.Number, "level": m.Level, "text": m.Text, "url": m.URL, "line": m.Line, "uncaught": m.Uncaught, "at": m.At.UTC().Format(time.RFC3339)})
				}
				return out, nil
			})
		},
	})
}

type consoleIn struct {
	In
	Levels []string `json:"levels" doc:"Which messages: debug, info, warning, error; none means all."`
	After  int      `json:"after" min:"0" doc:"Number of the message behind which to begin, as next of the last call says."`
}

type consoleOut struct {
	Messages []any `json:"messages" doc:"The messages, oldest first: number, level, text, url and line of the script, uncaught (whether it is an error that ended a script) and at."`
	Count    int   `json:"count" doc:"How many there are."`
	Errors   int   `json:"errors" doc:"How many of them are errors that ended a script."`
	Next     int   `json:"next" doc:"Number of the newest message, to go on from."`
}
