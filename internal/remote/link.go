package remote

import (
	"context"
	"time"

	"github.com/aether-rpa/aether/internal/answerlink"
	"github.com/aether-rpa/aether/node"
)

// answerLink makes a link to what the run asks.
func (t *task) answerLink(_ context.Context, run, topic, person string, valid time.Duration) (string, error) {
	if len(t.linkKey) == 0 {
		return "", node.Fail(node.KindInput, "the server gave this robot nothing to make links to questions with", "set server.public_url there, and see that its secret store is open (`aether doctor`)")
	}
	token, err := answerlink.Sign(t.linkKey, answerlink.Link{Run: run, Topic: topic, For: person, Valid: int64(valid / time.Second)})
	return answerlink.URL(t.public, token), err
}
