package table

import (
	"context"
	"fmt"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/table"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[joinIn, result]{
		Type:   "table.join",
		Title:  "Join tables",
		Doc:    "Puts the rows of two tables together where their key columns are equal. Every pair of matching rows gives a row, in the order of the left table and then of the right; right rows without a match come last. Columns that both tables have get a suffix, key columns of the same name are merged. Numbers and texts differ as keys: 1 does not match \"1\". Tables larger than memory are joined with temporary files.",
		Effect: node.Pure,
		Examples: []node.Example[joinIn, result]{{
			Title: "Add the customer to each order",
			In: joinIn{Left: listed([]row{{"order": 1, "customer": 7}, {"order": 2, "customer": 9}}), Right: listed([]row{{"customer": 7, "name": "Ada"}}),
				On: []string{"customer"}, How: "left"},
			Out: give(row{"order": 1, "customer": 7, "name": "Ada"}, row{"order": 2, "customer": 9, "name": nil}),
		}, {
			Title: "Orders of unknown customers, keys named differently",
			In: joinIn{Left: listed([]row{{"order": 1, "customer": 7}, {"order": 2, "customer": 9}}), Right: listed([]row{{"id": 7}}),
				LeftOn: []string{"customer"}, RightOn: []string{"id"}, How: "anti"},
			Out: give(row{"order": 2, "customer": 9}),
		}},
		Check: func(in joinIn) error {
			_, _, err := in.keys()
			return err
		},
		Run: join,
	})
}

type joinIn struct {
	Left  value.Rows `json:"left" is:"required" doc:"Left table."`
	Right value.Rows `json:"right" is:"required" doc:"Right table."`
	How   string     `json:"how" default:"inner" enum:"inner,left,right,full,cross,semi,anti" doc:"Which rows to keep: inner, only pairs; left, right, full, also those of that side or both that match nothing; cross, every left row with every right row; semi, left rows that match; anti, left rows that do not."`
	On    []string   `json:"on" doc:"Key columns, when they have the same names in both tables."`
	// LeftOn and RightOn are the general form of On.
	LeftOn      []string `json:"left_on" doc:"Key columns of the left table, instead of on."`
	RightOn     []string `json:"right_on" doc:"Key columns of the right table, in the same order."`
	LeftSuffix  string   `json:"left_suffix" doc:"Added to names of left columns that the right table has too." is:"advanced"`
	RightSuffix string   `json:"right_suffix" default:"_right" doc:"Added to names of right columns that the left table has too." is:"advanced"`
	MatchNulls  bool     `json:"match_nulls" doc:"Let nil match nil. Off, a row with a nil key matches nothing, as in SQL." is:"advanced"`
}

func (in joinIn) keys() (left, right []string, err error) {
	left, right = in.On, in.On
	if len(in.LeftOn)+len(in.RightOn) > 0 {
		if len(in.On) > 0 {
			return nil, nil, node.Fail(node.KindInput, "on is given together with left_on or right_on", "use on, or both of the others")
		}
		left, right = in.LeftOn, in.RightOn
	}
	switch {
	case in.How == "cross" && len(left)+len(right) > 0:
		return nil, nil, node.Fail(node.KindInput, "a cross join has no key columns", "remove on, or choose another kind of join")
	case in.How != "cross" && len(left) == 0:
		return nil, nil, node.Fail(node.KindInput, "the join has no key columns", "name them in on")
	case len(left) != len(right):
		return nil, nil, node.Failf(node.KindInput, "left_on names %d columns and right_on %d", len(left), len(right))
	}
	return left, right, nil
}

func join(ctx context.Context, env *node.Env, in joinIn) (result, error) {
	leftOn, rightOn, err := in.keys()
	if err != nil {
		return result{}, err
	}
	if err := needColumns(ctx, in.Left, leftOn...); err != nil {
		return result{}, fmt.Errorf("left: %w", err)
	}
	if err := needColumns(ctx, in.Right, rightOn...); err != nil {
		return result{}, fmt.Errorf("right: %w", err)
	}
	plan := table.Join{
		LeftKey: joinKey(leftOn, in.MatchNulls), RightKey: joinKey(rightOn, in.MatchNulls),
		Left: in.How == "left" || in.How == "full", Right: in.How == "right" || in.How == "full",
		Exists: in.How == "semi", Unmatched: in.How == "anti",
		Emit: func(l, _ any) (any, error) { return l, nil },
	}
	if !plan.Exists && !plan.Unmatched {
		shape, err := in.shape(ctx, leftOn, rightOn)
		if err != nil {
			return result{}, err
		}
		plan.Emit = func(l, r any) (any, error) { return shape.row(l, r), nil }
	}
	return gather(ctx, env, space(ctx, env).Join(ctx, stream(ctx, in.Left), stream(ctx, in.Right), plan))
}

func joinKey(columns []string, nulls bool) func(v any) (string, bool, error) {
	key := keyOf(columns)
	return func(v any) (string, bool, error) {
		r, err := asRow(v, 0)
		if err != nil {
			return "", false, node.Failf(node.KindInput, "the table holds a %s where a map of columns should be", value.Kind(v))
		}
		for _, c := range columns {
			if r[c] == nil && !nulls {
				return "", false, nil
			}
		}
		return key(r), true, nil
	}
}

// joined says which column of which side goes where.
type joined struct {
	left, right []renamed
	// shared are key columns of one name: the row that is there gives the cell.
	shared []string
}

type renamed struct{ from, to string }

func (in joinIn) shape(ctx context.Context, leftOn, rightOn []string) (*joined, error) {
	l, err := allColumns(ctx, in.Left)
	if err != nil {
		return nil, err
	}
	r, err := allColumns(ctx, in.Right)
	if err != nil {
		return nil, err
	}
	s := &joined{}
	for i, c := range leftOn {
		if rightOn[i] == c {
			s.shared = append(s.shared, c)
		}
	}
	all := slices.Clone(s.shared)
	add := func(mine, other []string, suffix string) []renamed {
		var out []renamed
		for _, c := range mine {
			if slices.Contains(s.shared, c) {
				continue
			}
			to := c
			if slices.Contains(other, c) {
				to += suffix
			}
			all = append(all, to)
			out = append(out, renamed{c, to})
		}
		return out
	}
	s.left = add(l, r, in.LeftSuffix)
	s.right = add(r, l, in.RightSuffix)
	if err := unique(all); err != nil {
		return nil, node.Fail(node.KindInput, "two columns of the joined table would have the same name: "+node.AsFailure(err).Message, "choose other suffixes, or rename the columns before")
	}
	return s, nil
}

func (s *joined) row(l, r any) row {
	out := make(row, len(s.left)+len(s.right)+len(s.shared))
	lr, _ := l.(row)
	rr, _ := r.(row)
	for _, c := range s.left {
		out[c.to] = lr[c.from]
	}
	for _, c := range s.right {
		out[c.to] = rr[c.from]
	}
	from := lr
	if from == nil {
		from = rr
	}
	for _, c := range s.shared {
		out[c] = from[c]
	}
	return out
}
