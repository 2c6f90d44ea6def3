package cli

import (
	"encoding/json"
	"testing"
)

func TestAdviceText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ evidence, want string }{
		{`{"candidates": []}`, ""},
		{`not JSON`, ""},
		{``, ""},
		{`{"advice": {"model": "small", "choice": 2, "reason": "the same\n purpose", "candidates": [{"tag": "a", "text": "x"}, {"tag": "button", "name": "Sign out"}]}}`, "small chose <button> Sign out: the same purpose"},
		{`{"advice": {"model": "small", "choice": 0, "reason": "", "candidates": [{"tag": "a"}]}}`, "small chose none of 1 element"},
		{`{"advice": {"model": "small", "choice": 0, "error": "it took longer than 1s"}}`, "no advice: it took longer than 1s"},
		{`{"advice": {"model": "small", "choice": 7, "reason": "why", "candidates": []}}`, "small chose none of 0 elements: why"},
	} {
		if got := adviceText(json.RawMessage(c.evidence)); got != c.want {
			t.Errorf("%s: got %q, want %q", c.evidence, got, c.want)
		}
	}
}
