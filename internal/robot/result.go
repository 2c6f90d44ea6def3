package robot

import (
	"encoding/json"
	"fmt"

	"github.com/aether-rpa/aether/internal/engine"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

type wireResult struct {
	Output  json.RawMessage `json:"output,omitempty"`
	Failure *node.Failure   `json:"failure,omitempty"`
}

func encodeResult(res *engine.Result) ([]byte, error) {
	w := wireResult{Failure: res.Failure}
	if res.Output != nil {
		b, err := value.Encode(nil, res.Output)
		if err != nil {
			return nil, fmt.Errorf("encoding the outputs: %w", err)
		}
		w.Output = b
	}
	return json.Marshal(w)
}

func decodeResult(b []byte, from value.Opener) (*engine.Result, error) {
	var w wireResult
	if err := json.Unmarshal(b, &w); err != nil {
		return nil, fmt.Errorf("reading the result: %w", err)
	}
	res := &engine.Result{Failure: w.Failure}
	if w.Output != nil {
		v, err := value.Decode(w.Output, from)
		if err != nil {
			return nil, fmt.Errorf("reading the outputs: %w", err)
		}
		res.Output, _ = v.(map[string]any)
	}
	return res, nil
}
