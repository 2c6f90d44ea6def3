package html

import (
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// plain returns a value as a form would send it.
func plain(v any, name string) (string, error) {
	switch x := v.(type) {
	case nil:
		return "", nil
	case string:
		return x, nil
	case bool:
		return strconv.FormatBool(x), nil
	case int:
		return strconv.Itoa(x), nil
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64), nil
	}
	return "", wrong("give a text, number, boolean or nil", "%.80q takes no list or map", name)
}

// setField gives a field of a form a value.
func setField(n *html.Node, v any, name string) error {
	switch kindOf(n) {
	case "checkbox":
		on, err := checks(n, v, name)
		setFlag(n, "checked", on)
		return err
	case "radio":
		s, err := plain(v, name)
		setFlag(n, "checked", v != nil && s == valueOf(n))
		return err
	case "select":
		return choose(n, v, name)
	case "textarea":
		s, err := plain(v, name)
		for n.FirstChild != nil {
			n.RemoveChild(n.FirstChild)
		}
		n.AppendChild(&html.Node{Type: html.TextNode, Data: s})
		return err
	case "submit", "reset", "button", "image", "file":
		return nil
	}
	s, err := plain(v, name)
	setAttr(n, "value", s)
	return err
}

func checks(n *html.Node, v any, name string) (bool, error) {
	switch x := v.(type) {
	case bool:
		return x, nil
	case []any:
		for _, e := range x {
			if s, err := plain(e, name); err == nil && s == valueOf(n) {
				return true, nil
			}
		}
		return false, nil
	}
	s, err := plain(v, name)
	return v != nil && s == valueOf(n), err
}

func choose(n *html.Node, v any, name string) error {
	list, isList := v.([]any)
	if !isList {
		list = []any{v}
	}
	var want []string
	for _, e := range list {
		s, err := plain(e, name)
		if err != nil {
			return err
		}
		want = append(want, s)
	}
	all := options(n)
	matches := func(o option) bool { return slices.Contains(want, o.Value) }
	if !slices.ContainsFunc(all, matches) {
		matches = func(o option) bool { return slices.Contains(want, o.Text) }
		if v != nil && !slices.ContainsFunc(all, matches) {
			return wrong("take one of the options that html.forms lists", "the field %.80q has no choice %.80q", name, strings.Join(want, ", "))
		}
	}
	i := 0
	walk(n, func(e *html.Node) bool {
		if e.DataAtom == atom.Option {
			setFlag(e, "selected", matches(all[i]))
			i++
		}
		return true
	})
	return nil
}

func setFlag(n *html.Node, name string, on bool) {
	if on {
		if !has(n, name) {
			setAttr(n, name, "")
		}
		return
	}
	removeAttr(n, name)
}

func setAttr(n *html.Node, name, v string) {
	for i := range n.Attr {
		if n.Attr[i].Key == name {
			n.Attr[i].Val = v
			return
		}
	}
	n.Attr = append(n.Attr, html.Attribute{Key: name, Val: v})
}

func removeAttr(n *html.Node, name string) {
	n.Attr = slices.DeleteFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}
