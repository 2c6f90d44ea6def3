package browser

import (
	"context"
	_ "embed"
	"fmt"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/selector"
)

//go:embed tree.js
var treeScript string

// treeDepth is how many frames in frames a tree goes into.
const treeDepth = 5

// TreeNode is a part of a page as assistive technology has it: what can be seen and has a role.
type TreeNode struct {
	Role     string      `json:"role"`
	Name     string      `json:"name,omitempty"`
	Value    string      `json:"value,omitempty"` // what a field holds; never of passwords and secrets
	States   []string    `json:"states,omitempty"`
	Level    int         `json:"level,omitempty"` // of a heading
	Children []*TreeNode `json:"children,omitempty"`

	// Handle is the element that shows a frame.
	Handle int `json:"handle,omitempty"`
}

// Tree reads the accessibility tree of the page, or of the part of it that a target names, with the frames in it. It has
// at most limit parts in each frame; cut says that there were more.
func (p *Page) Tree(ctx context.Context, t selector.Target, limit int) (nodes []*TreeNode, cut bool, err error) {
	ctx, end := p.begin(ctx)
	defer end()
	frame, err := p.inFrame(ctx, t)
	if err != nil {
		return nil, false, err
	}
	return p.tree(ctx, t, frame, limit, 0)
}

func (p *Page) tree(ctx context.Context, t selector.Target, frame string, limit, depth int) ([]*TreeNode, bool, error) {
	part := "null"
	if t.Given() {
		part = js(bare(t))
	}
	var r struct {
		Nodes   []*TreeNode `json:"nodes"`
		Cut     bool        `json:"cut"`
		Missing bool        `json:"missing"`
	}
	if _, err := p.Closed(ctx, frame); err != nil {
		return nil, false, p.ended(ctx, "read", t, nil, err)
	}
	if err := p.Eval(ctx, frame, "("+treeScript+")("+part+","+strconv.Itoa(limit)+")", &r); err != nil {
		return nil, false, p.ended(ctx, "read", t, nil, err)
	}
	if r.Missing {
		return nil, false, &Failure{Kind: NotFound, Action: "read", Target: t}
	}
	err := p.frames(ctx, r.Nodes, frame, limit, depth, &r.Cut)
	return r.Nodes, r.Cut, err
}

// frames fills in what the frames show. One that shows no document, or has gone meanwhile, stays empty.
func (p *Page) frames(ctx context.Context, nodes []*TreeNode, frame string, limit, depth int, cut *bool) error {
	for _, n := range nodes {
		if err := p.frames(ctx, n.Children, frame, limit, depth, cut); err != nil {
			return err
		}
		if n.Handle == 0 {
			continue
		}
		handle := n.Handle
		n.Handle = 0
		if depth == treeDepth {
			*cut = true
			continue
		}
		inner, err := p.Inside(ctx, frame, handle)
		if err == nil && inner != "" {
			var c bool
			n.Children, c, err = p.tree(ctx, selector.Target{}, inner, limit, depth+1)
			*cut = *cut || c
		}
		if err != nil && ctx.Err() != nil {
			return p.ended(ctx, "read", selector.Target{}, nil, err)
		}
	}
	return nil
}

// Outline writes a tree as lines, one for each part, each below what it is in.
func Outline(nodes []*TreeNode) string {
	var b strings.Builder
	outline(&b, nodes, 0)
	return b.String()
}

func outline(b *strings.Builder, nodes []*TreeNode, depth int) {
	for _, n := range nodes {
		fmt.Fprintf(b, "%s- %s", strings.Repeat("  ", depth), n.Role)
		if n.Name != "" {
			fmt.Fprintf(b, " %q", n.Name)
		}
		states := n.States
		if n.Level > 0 {
			states = append([]string{"level " + strconv.Itoa(n.Level)}, states...)
		}
		if len(states) > 0 {
			fmt.Fprintf(b, " [%s]", strings.Join(states, ", "))
		}
		if n.Value != "" {
			fmt.Fprintf(b, ": %s", strconv.Quote(n.Value))
		}
		b.WriteByte('\n')
		outline(b, n.Children, depth+1)
	}
}
