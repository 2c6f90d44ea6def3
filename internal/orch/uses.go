package orch

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
)

// SecretUse is a flow that names a secret.
type SecretUse struct {
	Flow       string `json:"flow"`
	Draft      bool   `json:"draft"`
	Production bool   `json:"production"`
}

// SecretUses tells which flows name which secrets of the store, in their drafts and in production, with the flows that
// they call. Names that a run gets as an input are not in it.
func (o *Orch) SecretUses(ctx context.Context) (map[string][]SecretUse, error) {
	out := map[string][]SecretUse{}
	for after := ""; ; {
		page, err := o.Runs.Flows(ctx, after, 500)
		if err != nil {
			return nil, err
		}
		for _, f := range page {
			draft, err := o.namedIn(ctx, f.Draft)
			if err != nil {
				return nil, err
			}
			production, err := o.namedIn(ctx, f.Production)
			if err != nil {
				return nil, err
			}
			all := slices.Compact(slices.Sorted(slices.Values(slices.Concat(draft, production))))
			for _, name := range all {
				out[name] = append(out[name], SecretUse{f.Name, slices.Contains(draft, name), slices.Contains(production, name)})
			}
		}
		if len(page) < 500 {
			return out, nil
		}
		after = page[len(page)-1].Name
	}
}

// namedIn returns the names of secrets in a version of a flow and in those that are pinned with it.
func (o *Orch) namedIn(ctx context.Context, digest string) ([]string, error) {
	if digest == "" {
		return nil, nil
	}
	if known, ok := o.named.Load(digest); ok {
		names, _ := known.([]string)
		return names, nil
	}
	pins, err := o.Runs.Pins(ctx, digest)
	if err != nil {
		return nil, err
	}
	var names []string
	read := map[string]bool{}
	for _, d := range append([]string{digest}, pinned(pins)...) {
		if read[d] {
			continue
		}
		read[d] = true
		body, err := o.Runs.Flow(ctx, d)
		if err != nil {
			return nil, err
		}
		var doc any
		if err := json.Unmarshal([]byte(body), &doc); err != nil {
			continue // another version of the program wrote it
		}
		names = secretsIn(doc, names)
	}
	names = slices.Compact(slices.Sorted(slices.Values(names)))
	o.named.Store(digest, names) // a version never changes
	return names, nil
}

func pinned(pins map[string]string) []string {
	var out []string
	for _, d := range pins {
		out = append(out, d)
	}
	return out
}

// secretsIn adds the names in all {secret: NAME} of a document that may be in the store.
func secretsIn(v any, names []string) []string {
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			names = secretsIn(e, names)
		}
	case map[string]any:
		if name, ok := x["secret"].(string); ok && len(x) == 1 {
			source, rest, named := strings.Cut(name, ":")
			switch {
			case !named:
				return append(names, name)
			case source == "store":
				return append(names, rest)
			}
			return names
		}
		for _, e := range x {
			names = secretsIn(e, names)
		}
	}
	return names
}
