package list

import (
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

func TestSimilar(t *testing.T) {
	env := nodetest.Env(t)
	run := func(typ string, in params) params {
		t.Helper()
		out, err := nodetest.Run(t, env, typ, in)
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		return out
	}
	names := []any{"apple", "maple", nil, 42, "Apple", []any{}}
	out := run("list.match_similar", params{"list": names, "text": "Apple", "ignore_case": false, "threshold": 0.5})
	if out["match"] != "Apple" || out["index"] != 4 || out["score"] != 1 || len(out["matches"].([]any)) != 3 || len(out["scores"].([]any)) != 4 {
		t.Errorf("case matters: %v", out)
	}
	if out := run("list.match_similar", params{"list": names, "text": "APPLE"}); out["index"] != 0 {
		t.Errorf("of equal ones the first: %v", out["index"])
	}
	if out := run("list.match_similar", params{"list": names, "text": "pear", "threshold": 0.9}); out["found"] != false || out["match"] != nil || out["index"] != -1 || out["best_index"] == -1 {
		t.Errorf("nothing alike: %v", out)
	}
	if out := run("list.match_similar", params{"list": []any{}, "text": "x"}); out["found"] != false || out["best_index"] != -1 {
		t.Errorf("empty list: %v", out)
	}
	if out := run("list.match_similar", params{"list": []any{"a", "a", "a", "a"}, "text": "a", "limit": 2}); len(out["matches"].([]any)) != 2 || out["matches"].([]any)[1].(params)["index"] != 1 {
		t.Errorf("limit: %v", out["matches"])
	}
	if out := run("list.filter_similar", params{"list": names, "text": "apple", "others": "keep"}); !value.Equal(out["list"], []any{"apple", "maple", nil, "Apple", []any{}}) || out["count"] != 5 {
		t.Errorf("filter: %v", out)
	}
	long := strings.Repeat("x", 10_001)
	for _, typ := range []string{"list.match_similar", "list.filter_similar"} {
		if _, err := nodetest.Run(t, env, typ, params{"list": []any{long}, "text": "x"}); err == nil || !strings.Contains(err.Error(), "too long") {
			t.Errorf("%s: error %v", typ, err)
		}
	}
}
