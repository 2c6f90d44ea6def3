package expr

import (
	"strconv"
	"strings"
)

func wantBool(n node, v any) error {
	return fail("true or false is needed here, but %s", is(n, v, "the value")).
		hint("compare it, such as %s != nil", label(n, "x"))
}

// is describes an operand within "but ...".
func is(n node, v any, side string) string {
	return label(n, side) + " is " + article(v)
}

// describe names a value by its expression where that is short, else by kind.
func describe(n node, v any) string {
	if l := label(n, ""); l != "" && v == nil {
		return l + ", which is nil"
	}
	return article(v)
}

// label gives the expression as written for chains of names, else other.
func label(n node, other string) string {
	if s := chain(n, 0); s != "" {
		return excerpt(s, 60)
	}
	return other
}

func chain(n node, depth int) string {
	if depth > 20 {
		return ""
	}
	switch n := n.(type) {
	case *pathNode:
		return strings.Join(n.keys, ".")
	case *varNode:
		return n.name
	case itemNode:
		return "#"
	case accNode:
		return "#acc"
	case *callNode:
		return n.f.Name + "(...)"
	case chainNode:
		return chain(n.x, depth+1)
	case *memberNode:
		if s := chain(n.x, depth+1); s != "" {
			return s + "." + n.key
		}
	case *indexNode:
		s := chain(n.x, depth+1)
		if s == "" {
			return ""
		}
		if c, ok := n.i.(constNode); ok {
			if i, ok := c.v.(int); ok {
				return s + "[" + strconv.Itoa(i) + "]"
			}
		}
		return s + "[...]"
	}
	return ""
}
