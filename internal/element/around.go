package element

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aether-rpa/aether/selector"
)

// Around is what is known of the page of a heal beside its element: the flow's other targets, and what people have said.
type Around struct {
	Others   []Other          `json:"others"`
	Rejected []selector.Print `json:"rejected"`
	Agreed   []selector.Print `json:"agreed"`
}

// Other is another target of the flow, with what its element looked like.
type Other struct {
	Node   string         `json:"node"`
	Target string         `json:"target"`
	Print  selector.Print `json:"print"`
}

// maxOthers is how many other targets of a flow are looked at, the last seen.
const maxOthers = 200

// Around returns what is known beside the element of a heal, now.
func (s *Store) Around(ctx context.Context, h *Heal) (*Around, error) {
	k, err := s.Known(ctx, Place{h.Flow, h.Node})
	if err != nil {
		return nil, err
	}
	out := &Around{Others: []Other{}, Rejected: append([]selector.Print{}, k.Rejected[h.Target]...), Agreed: append([]selector.Print{}, k.Agreed[h.Target]...)}
	repaired := ""
	if t, err := TargetOf(h.Repaired); h.Repaired != nil && err == nil {
		repaired = t.String()
	}
	err = s.each(ctx, fmt.Sprintf(`SELECT node, target, print FROM {s}element WHERE flow = $1 ORDER BY seen DESC, node, hash LIMIT %d`, maxOthers), func(scan func(...any) error) error {
		var o Other
		var text string
		if err := scan(&o.Node, &o.Target, &text); err != nil {
			return err
		}
		if json.Unmarshal([]byte(text), &o.Print) != nil || o.Print.V < 1 || o.Print.V > selector.PrintVersion {
			return nil
		}
		if o.Node != h.Node || o.Target != h.Target && o.Target != repaired {
			out.Others = append(out.Others, o)
		}
		return nil
	}, h.Flow)
	if err != nil {
		return nil, fmt.Errorf("reading the other targets of %s: %w", h.Flow, err)
	}
	return out, nil
}
