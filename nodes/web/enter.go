package web

import (
	"context"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.RegisterControl(node.Control[enterIn, nothing]{
		Type: "web.enter", Title: "Way in",
		Doc: "Walks enter, which brings a page, such as a login and the way to a form, and then body, which works there. " +
			"When the browser's session is lost in the body and cannot be built again as it was, as when a login has expired, the chain at enter is walked again and the body goes on where it was, " +
			"provided that the page then is the one that was lost: its address and its landmarks are compared, and what had been filled in is put back. " +
			"Of several around each other the outer ones are walked first. What enter does may therefore happen again: let it look and sign in, and not book. If the page does not come back, the run needs attention and asks.",
		Ports: []node.Port{
			{Name: "enter", Doc: "Brings the page; walked at first, and again when the session is lost.", Scope: true},
			{Name: "body", Doc: "Works there.", Scope: true},
			{Name: "done", Doc: "Followed at the end."},
		},
		Route: func(_ context.Context, in enterIn) (node.Move, error) {
			return node.Way{Kind: kind, Name: in.Session}, nil
		},
		YAML: "- {id: desk, type: web.enter}\n# desk.enter -> open, open -> login, desk.body -> work, desk.done -> report",
	})
}

type enterIn struct {
	Session string `json:"session" default:"browser" is:"advanced" doc:"Name of the browser session that it brings back."`
}
