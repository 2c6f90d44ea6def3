package robot

import (
	"context"
	"time"

	"github.com/aether-rpa/aether/node"
)

// AnswerLink implements engine.Linker.
func (h *host) AnswerLink(ctx context.Context, topic, person string, valid time.Duration) (string, error) {
	if h.robot.AnswerLink == nil {
		return "", node.Fail(node.KindInput, "there are no links to answers in this process", "run the flow with a server or a robot")
	}
	url, err := h.robot.AnswerLink(ctx, h.run.ID, topic, person, valid)
	if err == nil {
		h.mask.Add(url)
		h.mask.Add(afterHash(url))
	}
	return url, err
}

// afterHash is the part of a link that lets people in.
func afterHash(url string) string {
	for i := range url {
		if url[i] == '#' {
			return url[i+1:]
		}
	}
	return url
}
