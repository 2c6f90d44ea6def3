package mutate

import (
	"regexp"
	"strconv"
	"strings"
)

// literal is a string in a script without escapes or holes.
const literal = `(?:"[^"\\\n]*"|'[^'\\\n]*'|` + "`[^`\\\\$]*`)"

// uses are the places of a script whose literals name something of the page. The first group is kept; in the last
// one, every literal is renamed.
var uses = []struct {
	what   *regexp.Regexp
	rename func(change, string) string
}{
	{regexp.MustCompile(`(\bgetElementById\(\s*|\bgetElementsByName\(\s*|\bnamedItem\(\s*|\.elements\[\s*|\.(?:id|htmlFor)\s*[!=]?==?\s*)(` + literal + `)`), change.oneName},
	{regexp.MustCompile(`(\bquerySelector(?:All)?\(\s*|\.closest\(\s*|\.matches\(\s*)(` + literal + `)`), change.selector},
	{regexp.MustCompile(`(\bgetElementsByClassName\(\s*|\bclassName\s*(?::|\+?=|[!=]==?)\s*|\bsetAttribute\(\s*["']class["']\s*,\s*)(` + literal + `)`), change.someClasses},
	{regexp.MustCompile(`(\bclassList\s*\.\s*(?:add|remove|toggle|contains|replace)\()([^()]*)`), change.someClasses},
	{regexp.MustCompile(`(\b(?:set|toggle)Attribute\(\s*["'](?:id|name|for|form|list|aria-labelledby|aria-describedby|aria-controls|aria-owns|aria-activedescendant)["']\s*,\s*)(` + literal + `)`), change.someNames},
}

// field is a form's field that a script names.
var field = regexp.MustCompile(`(\.elements\.)([A-Za-z_][\w]*)(\s*[^\w\s(]|$)`)

var literals = regexp.MustCompile(literal)

func (c change) oneName(s string) string   { return c.name(s) }
func (c change) someNames(s string) string { return c.names(s) }

func (c change) someClasses(s string) string {
	if c.level < 2 {
		return s
	}
	return c.classes(s)
}

// script renames what a script says of the page: see the package comment for the places.
func (c change) script(code string) string {
	for _, u := range uses {
		code = u.what.ReplaceAllStringFunc(code, func(found string) string {
			at := u.what.FindStringSubmatchIndex(found)
			return found[:at[4]] + literals.ReplaceAllStringFunc(found[at[4]:], func(quoted string) string {
				q := quoted[:1]
				return q + u.rename(c, quoted[1:len(quoted)-1]) + q
			})
		})
	}
	return field.ReplaceAllStringFunc(code, func(found string) string {
		m := field.FindStringSubmatch(found)
		if m[2] == "length" {
			return found
		}
		return m[1] + c.name(m[2]) + m[3]
	})
}

var refs = regexp.MustCompile(`\bref\(\s*(` + literal + `)\s*\)`)

// handles returns the names that a script asks for with ref, each once.
func handles(code string) []string {
	var names []string
	seen := map[string]bool{}
	for _, m := range refs.FindAllStringSubmatch(code, -1) {
		if name := m[1][1 : len(m[1])-1]; !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// resolve replaces each ref of an inline script by a place in a list that the script begins with. The list is read
// once, before the script changes anything, so the places may be counted.
func (c change) resolve(code, number string, places map[string]string) string {
	names := handles(code)
	if len(names) == 0 {
		return code
	}
	list := "_" + c.class("script "+number)
	at := map[string]string{}
	var paths []string
	for i, name := range names {
		at[name] = list + "[" + strconv.Itoa(i) + "]"
		place := "null"
		if p := places[name]; p != "" {
			place = `"` + p + `"`
		}
		paths = append(paths, place)
	}
	code = refs.ReplaceAllStringFunc(code, func(found string) string {
		m := refs.FindStringSubmatch(found)
		return at[m[1][1:len(m[1])-1]]
	})
	// var, and nothing before it but a directive that the script may begin with.
	head := ""
	if trimmed := strings.TrimSpace(code); strings.HasPrefix(trimmed, "'use strict'") || strings.HasPrefix(trimmed, `"use strict"`) {
		head = "'use strict';"
	}
	return head + "const " + list + "=[" + strings.Join(paths, ",") + "].map(p=>p&&document.querySelector(p));" + code
}
