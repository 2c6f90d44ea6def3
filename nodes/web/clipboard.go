package web

import (
	"context"
	"errors"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[In, clipOut]{
		Type: "web.clipboard_get", Title: "Get clipboard",
		Doc:      "Reads the text in the browser's clipboard, as after a press on a button that copies. Nothing of it is to be seen or heard in the page. A browser without a window has a clipboard of its own.",
		Effect:   node.Read,
		Examples: []node.Example[In, clipOut]{{Title: "Take what Copy link has copied", Out: clipOut{Text: "https://shop.example.com/s/4711"}, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in In) (clipOut, error) {
			return look(ctx, env, in, func(ctx context.Context, p *browser.Page) (clipOut, error) {
				text, err := p.Pasted(ctx)
				return clipOut{Text: text}, err
			})
		},
	})
	node.Register(node.Spec[clipIn, clipOut]{
		Type: "web.clipboard_set", Title: "Set clipboard",
		Doc:      "Puts a text into the browser's clipboard, for web.press with Control+V. Secrets do not belong there: every page and program may see it.",
		Effect:   node.Idempotent,
		Examples: []node.Example[clipIn, clipOut]{{Title: "Have a table ready to be pasted", In: clipIn{Text: "a\tb\n1\t2"}, Out: clipOut{Text: "a\tb\n1\t2"}, DocOnly: needsBrowser}},
		Check: func(in clipIn) error {
			if in.Text == "" {
				return errors.New("text is empty, and a browser cannot copy nothing")
			}
			return nil
		},
		Run: func(ctx context.Context, env *node.Env, in clipIn) (clipOut, error) {
			return look(ctx, env, in.In, func(ctx context.Context, p *browser.Page) (clipOut, error) {
				return clipOut{Text: in.Text}, p.Copied(ctx, in.Text)
			})
		},
	})
}

type clipIn struct {
	In
	Text string `json:"text" is:"required" doc:"Text to put into the clipboard."`
}

type clipOut struct {
	Text string `json:"text" doc:"The text in the clipboard."`
}
