package web

import (
	"context"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[treeIn, treeOut]{
		Type: "web.tree", Title: "Read accessibility tree",
		Doc: "Reads the page, or a part of it, as assistive technology has it: roles, names, what fields hold, and states, with frames and shadow roots. Good to compare pages by, and to see how a selector like role=button[name=Save] would find something. " +
			"What passwords and fields filled with secrets hold is left out.",
		Effect: node.Read,
		Examples: []node.Example[treeIn, treeOut]{{
			Title: "See what a form has", In: treeIn{Limit: 2000},
			Out: treeOut{
				Tree:    []any{map[string]any{"role": "form", "children": []any{map[string]any{"role": "textbox", "name": "Town", "value": "Ulm"}, map[string]any{"role": "button", "name": "Save", "states": []any{"disabled"}}}}},
				Outline: "- form\n  - textbox \"Town\": \"Ulm\"\n  - button \"Save\" [disabled]\n", Count: 3,
			}, DocOnly: needsBrowser,
		}},
		Run: func(ctx context.Context, env *node.Env, in treeIn) (treeOut, error) {
			return look(ctx, env, in.In, func(ctx context.Context, p *browser.Page) (treeOut, error) {
				nodes, cut, err := p.Tree(ctx, in.Target, in.Limit)
				if err != nil {
					return treeOut{}, err
				}
				out := treeOut{Outline: browser.Outline(nodes), Cut: cut, Tree: []any{}}
				out.Tree = append(out.Tree, plainTree(nodes, &out.Count)...)
				return out, nil
			})
		},
	})
}

// plainTree makes values of a flow of a tree, and counts its parts.
func plainTree(nodes []*browser.TreeNode, count *int) []any {
	out := make([]any, 0, len(nodes))
	for _, n := range nodes {
		*count++
		m := map[string]any{"role": n.Role}
		if n.Name != "" {
			m["name"] = n.Name
		}
		if n.Value != "" {
			m["value"] = n.Value
		}
		if n.Level > 0 {
			m["level"] = n.Level
		}
		if len(n.States) > 0 {
			states := make([]any, len(n.States))
			for i, s := range n.States {
				states[i] = s
			}
			m["states"] = states
		}
		if len(n.Children) > 0 {
			m["children"] = plainTree(n.Children, count)
		}
		out = append(out, m)
	}
	return out
}

type treeIn struct {
	Part
	Limit int `json:"limit" default:"2000" min:"1" max:"50000" is:"advanced" doc:"At most how many parts of each frame to read."`
}

type treeOut struct {
	Tree    []any  `json:"tree" doc:"The parts: role, and where it has them name, value, level (of a heading), states (checked, mixed, disabled, expanded, pressed, selected, required, readonly, invalid, busy, current, focused) and children."`
	Outline string `json:"outline" doc:"The same as text, a line for each part."`
	Count   int    `json:"count" doc:"How many parts there are."`
	Cut     bool   `json:"cut" doc:"Whether there were more than limit."`
}
