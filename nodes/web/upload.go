package web

import (
	"context"
	"errors"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/selector"
)

func init() {
	out := uploadOut{Used: Used{Element: `<input type="file"> "Invoice"`, Query: "label=Invoice"}, Files: []string{"invoice.pdf"}}
	node.Register(node.Spec[uploadIn, uploadOut]{
		Type: "web.upload", Title: "Upload files",
		Doc: "Gives files to a page: to a file field, its label or the part of the page that holds it (the field itself may be hidden); to a button that opens a file chooser; or by dropping them on an element. " +
			"It has succeeded when the page has the files; what the page then does with them, wait for with web.wait. Set repeatable if giving them twice does no harm.",
		Effect: node.Once,
		EffectOf: func(in uploadIn) node.Effect {
			if in.Repeatable {
				return node.Idempotent
			}
			return node.Once
		},
		Examples: []node.Example[uploadIn, uploadOut]{
			{Title: "An invoice into a file field", In: uploadIn{At: At{Target: selector.Must("label=Invoice")}, Files: []string{"invoice.pdf"}}, Out: out, DocOnly: needsBrowser},
			{Title: "Two pictures onto an area", In: uploadIn{At: At{Target: selector.Must("css=.dropzone")}, Files: []string{"a.png", "b.png"}, By: "drop"}, Out: uploadOut{Used: Used{Element: `<div class="dropzone">`, Query: "css=.dropzone"}, Files: []string{"a.png", "b.png"}}, DocOnly: needsBrowser},
		},
		Check: func(in uploadIn) error {
			if len(in.Files) == 0 {
				return errors.New("name at least one of the files")
			}
			return nil
		},
		Run: upload,
	})
}

type uploadIn struct {
	At
	Files      []string `json:"files" is:"required" widget:"file" doc:"Files to give, one or several."`
	By         string   `json:"by" default:"auto" enum:"auto,field,button,drop" doc:"How: to a file field (field), by pressing an element that opens a file chooser (button), by dropping them on an element (drop), or to a field if there is one and else by pressing (auto)."`
	Repeatable bool     `json:"repeatable" is:"advanced" doc:"Whether giving them twice does no harm."`
}

type uploadOut struct {
	Used
	Files []string `json:"files" doc:"Names of the files as the page has them."`
	URL   string   `json:"url" doc:"Address of the page that it led to, none if the page stayed."`
}

func upload(ctx context.Context, env *node.Env, in uploadIn) (uploadOut, error) {
	paths, err := given(env, in.Files)
	if err != nil {
		return uploadOut{}, err
	}
	return do(ctx, env, in.healing(), in.Repeatable, func(ctx context.Context, _ *browser.Session, p *browser.Page) (uploadOut, error) {
		var g browser.Given
		other := in.By == "button"
		var err error
		switch in.By {
		case "drop":
			g, err = p.DropFiles(ctx, in.Target, paths...)
		case "auto", "field":
			g, other, err = p.Upload(ctx, in.Target, paths...)
			if other && in.By == "field" {
				err = &browser.Failure{Kind: browser.WrongKind, Action: "upload", Target: in.Target, Element: g.Element, Detail: "it is no file field and holds none; say by: button or by: drop"}
			}
		}
		if err == nil && other {
			g, err = p.UploadBy(ctx, in.Target, paths...)
		}
		out := uploadOut{Used: used(g.Done), Files: g.Names}
		if g.Arrival != nil {
			out.URL = g.Arrival.URL
		}
		return out, err
	})
}
