package web

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[storageGetIn, storageOut]{
		Type: "web.storage_get", Title: "Get storage of page",
		Doc:      "Reads what the site of the current page has stored in the browser: in its local storage, or in that of the tab's session.",
		Effect:   node.Read,
		Examples: []node.Example[storageGetIn, storageOut]{{Title: "Read the cart", In: storageGetIn{inStore: inStore{Store: "local"}, Key: "cart"}, Out: storageOut{Value: "[7,9]", Found: true, Items: map[string]any{"cart": "[7,9]"}, Count: 1}, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in storageGetIn) (storageOut, error) {
			return look(ctx, env, in.In, func(ctx context.Context, p *browser.Page) (storageOut, error) {
				items, err := in.items(ctx, p)
				if err != nil {
					return storageOut{}, err
				}
				out := storageOut{Items: map[string]any{}}
				for k, v := range items {
					if in.Key == "" || in.Key == k {
						out.Items[k] = v
					}
				}
				out.Value, out.Found = items[in.Key]
				out.Count = len(out.Items)
				return out, nil
			})
		},
	})
	node.Register(node.Spec[storageSetIn, howMany]{
		Type: "web.storage_set", Title: "Set storage of page",
		Doc:      "Stores texts in the browser for the site of the current page, and reads them back. A list or a map is stored as JSON. The page sees them when it looks the next time, many only when it is loaded anew.",
		Effect:   node.Idempotent,
		Examples: []node.Example[storageSetIn, howMany]{{Title: "Hide the tour", In: storageSetIn{inStore: inStore{Store: "local"}, Items: map[string]any{"tour_seen": "yes"}}, Out: howMany{Count: 1}, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in storageSetIn) (howMany, error) {
			texts := map[string]string{}
			for k, v := range in.Items {
				switch v.(type) {
				case []any, map[string]any, nil:
					b, err := json.Marshal(v)
					if err != nil {
						return howMany{}, err
					}
					texts[k] = string(b)
				default:
					texts[k] = scalar(v)
				}
			}
			return do(ctx, env, in.In, true, func(ctx context.Context, _ *browser.Session, p *browser.Page) (howMany, error) {
				b, err := json.Marshal(texts)
				if err != nil {
					return howMany{}, err
				}
				if err := in.run(ctx, p, "for (const [k, v] of Object.entries("+string(b)+")) s.setItem(k, v); return null", nil); err != nil {
					return howMany{}, err
				}
				have, err := in.items(ctx, p)
				if err != nil {
					return howMany{}, err
				}
				for _, k := range slices.Sorted(maps.Keys(texts)) {
					if have[k] != texts[k] {
						return howMany{}, &browser.Failure{Kind: browser.Reverted, Action: "store", Detail: k, Acted: true}
					}
				}
				return howMany{Count: len(texts)}, nil
			})
		},
	})
	node.Register(node.Spec[storageClearIn, howMany]{
		Type: "web.storage_clear", Title: "Clear storage of page",
		Doc:      "Deletes what the site of the current page has stored in the browser: some keys, or all.",
		Effect:   node.Idempotent,
		Examples: []node.Example[storageClearIn, howMany]{{Title: "Empty the cart", In: storageClearIn{inStore: inStore{Store: "local"}, Keys: []string{"cart"}}, Out: howMany{Count: 1}, DocOnly: needsBrowser}},
		Run: func(ctx context.Context, env *node.Env, in storageClearIn) (howMany, error) {
			return do(ctx, env, in.In, true, func(ctx context.Context, _ *browser.Session, p *browser.Page) (howMany, error) {
				keys := in.Keys
				if keys == nil {
					keys = []string{}
				}
				b, err := json.Marshal(keys)
				if err != nil {
					return howMany{}, err
				}
				var out howMany
				err = in.run(ctx, p, "const before = s.length, keys = "+string(b)+"; if (keys.length) for (const k of keys) s.removeItem(k); else s.clear(); return before - s.length", &out.Count)
				return out, err
			})
		},
	})
}

type inStore struct {
	In
	Store string `json:"store" default:"local" enum:"local,session" doc:"Which storage: local, which stays, or session, which ends with the tab."`
}

type storageGetIn struct {
	inStore
	Key string `json:"key" doc:"What to read; none reads all."`
}

type storageOut struct {
	Value string         `json:"value" doc:"What the key holds."`
	Found bool           `json:"found" doc:"Whether the key is there."`
	Items map[string]any `json:"items" doc:"The texts by key: that of the key, or all."`
	Count int            `json:"count" doc:"How many there are."`
}

type storageSetIn struct {
	inStore
	Items map[string]any `json:"items" is:"required" doc:"The texts by key."`
}

type storageClearIn struct {
	inStore
	Keys []string `json:"keys" doc:"What to delete; none deletes all."`
}

// run runs statements on the storage, which they know as s.
func (in inStore) run(ctx context.Context, p *browser.Page, statements string, result any) error {
	main := p.Frames()[0]
	var r struct {
		Value  json.RawMessage `json:"value"`
		Refuse string          `json:"refuse"`
	}
	err := p.Ask(ctx, "(() => { try { const s = "+in.Store+"Storage; const value = (() => { "+statements+" })(); return {value}; } catch (e) { return {refuse: e.message}; } })()", &r)
	switch {
	case err != nil:
		return err
	case r.Refuse != "":
		return node.Fail(node.KindInput, fmt.Sprintf("the page %s stores nothing: %s", main.URL, r.Refuse), "storage belongs to a site: open one of its pages first; each site has room for about 5 MB")
	case result == nil:
		return nil
	}
	return json.Unmarshal(r.Value, result)
}

func (in inStore) items(ctx context.Context, p *browser.Page) (map[string]string, error) {
	items := map[string]string{}
	err := in.run(ctx, p, "const o = {}; for (let i = 0; i < s.length; i++) o[s.key(i)] = s.getItem(s.key(i)); return o", &items)
	return items, err
}
