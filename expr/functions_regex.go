package expr

import (
	"regexp"
	"regexp/syntax"
)

const (
	maxPattern      = 1_000  // bytes of a pattern
	maxInstructions = 10_000 // size of a compiled pattern
	maxMatches      = 1_000_000
)

var regexFunctions = []Function{
	{Name: "matches", Category: "regex", Signature: "matches(text, pattern)", Doc: "Tells whether a regular expression in RE2 syntax is found in text.", Example: "matches(\"INV-12\", `^INV-\\d+$`)", Result: `true`, min: 2, max: 2, pattern: 1, aliases: []string{"regex_test"}, call: func(a *args) any {
		if a.v[0] == nil {
			return false
		}
		re, s := a.regex(), a.text(0)
		return re != nil && a.scan(re, s) && re.MatchString(s)
	}},
	{Name: "regex_find", Category: "regex", Signature: "regex_find(text, pattern, group?)", Doc: "Gives the first match, or one of its groups by number or name; nil when there is none.", Example: "regex_find(\"no. 12, 13\", `\\d+`)", Result: `"12"`, min: 2, max: 3, pattern: 1, aliases: []string{"regex_match"}, call: regexFind},
	{Name: "regex_find_all", Category: "regex", Signature: "regex_find_all(text, pattern, group?)", Doc: "Lists all matches, or one group of each.", Example: "regex_find_all(\"no. 12, 13\", `\\d+`)", Result: `["12","13"]`, min: 2, max: 3, pattern: 1, call: regexFindAll},
	{Name: "regex_groups", Category: "regex", Signature: "regex_groups(text, pattern)", Doc: "Gives the groups of the first match as a map by name, or by number for those without; nil when there is none.", Example: "regex_groups(\"a=1\", `(?P<key>\\w+)=(\\d)`)", Result: `{"2":"1","key":"a"}`, min: 2, max: 2, pattern: 1, call: regexGroups},
	{Name: "regex_replace", Category: "regex", Signature: "regex_replace(text, pattern, new)", Doc: "Puts new in place of every match; $1 or ${name} stand for groups.", Example: "regex_replace(\"a1b2\", `(\\d)`, \"<$1>\")", Result: `"a<1>b<2>"`, min: 3, max: 3, pattern: 1, call: regexReplace},
	{Name: "regex_split", Category: "regex", Signature: "regex_split(text, pattern)", Doc: "Cuts text at every match.", Example: "regex_split(\"a, b;c\", `[,;]\\s*`)", Result: `["a","b","c"]`, min: 2, max: 2, pattern: 1, call: regexSplit},
	{Name: "regex_escape", Category: "regex", Signature: "regex_escape(text)", Doc: "Makes a pattern that finds text itself.", Example: `regex_escape("a.b")`, Result: `"a\\.b"`, min: 1, max: 1, call: func(a *args) any {
		s := a.text(0)
		if !a.room(2 * len(s)) {
			return nil
		}
		return regexp.QuoteMeta(s)
	}},
}

// pattern is a compiled regular expression and what a byte of text costs it.
type pattern struct {
	*regexp.Regexp
	cost int
}

// patterns keeps those that are computed while evaluating.
var patterns = cache[*pattern]{maxEntries: 128, maxBytes: 128 << 10}

// compilePattern refuses patterns that would be huge once their repeats are
// written out. RE2 never backtracks, so the size bounds the time as well.
func compilePattern(s string) (*pattern, error) {
	if p := patterns.get(s); p != nil {
		return p, nil
	}
	if len(s) > maxPattern {
		return nil, fail("the pattern is longer than %d characters", maxPattern)
	}
	tree, err := syntax.Parse(s, syntax.Perl)
	if err != nil {
		e := fail("the pattern is not valid: %s", excerpt(err.Error(), 120))
		return nil, e.hint("patterns have the syntax of RE2, which has no look-ahead and no back-references; backquotes spare doubling backslashes")
	}
	size := patternSize(tree)
	if size > maxInstructions {
		return nil, fail("the pattern repeats too much").hint("use smaller numbers in {}")
	}
	re, err := regexp.Compile(s)
	if err != nil {
		return nil, fail("the pattern is not valid")
	}
	p := &pattern{re, 10 + 4*size}
	patterns.put(s, p)
	return p, nil
}

// patternSize estimates the instructions of a pattern; the parser has bounded
// its depth and the product of its repeats.
func patternSize(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)/4
	for _, sub := range re.Sub {
		n += patternSize(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return n
}

// regex gives the pattern in argument 1, or nil and an error.
func (a *args) regex() *pattern {
	if a.node.re != nil {
		return a.node.re
	}
	s := a.text(1)
	a.spend(20_000)
	if a.err != nil {
		return nil
	}
	p, err := compilePattern(s)
	if err != nil {
		a.fail(err)
		return nil
	}
	return p
}

// scan counts one pass over s.
func (a *args) scan(re *pattern, s string) bool {
	if re == nil || a.err != nil {
		return false
	}
	a.err = a.st.scan(re, s)
	return a.err == nil
}

func (st *state) scan(re *pattern, s string) error {
	if len(s) > maxWork/re.cost {
		return st.spend(maxWork + 1)
	}
	return st.spend(len(s)*re.cost + 100)
}

// group gives the number of the group in argument 2.
func (a *args) group(re *pattern) int {
	if !a.has(2) || re == nil {
		return 0
	}
	var n int
	if name, ok := a.v[2].(string); ok {
		n = re.SubexpIndex(name)
	} else {
		n = a.int(2)
	}
	if n < 0 || n > re.NumSubexp() {
		a.failf("the pattern has no such group")
		return 0
	}
	return n
}

func regexFind(a *args) any {
	if a.v[0] == nil {
		return nil
	}
	re, s := a.regex(), a.text(0)
	g := a.group(re)
	if !a.scan(re, s) {
		return nil
	}
	return submatch(s, re.FindStringSubmatchIndex(s), g)
}

func submatch(s string, m []int, g int) any {
	if m == nil || m[2*g] < 0 {
		return nil
	}
	return s[m[2*g]:m[2*g+1]]
}

// all gives the places of all matches, which cost memory of their own.
func (a *args) all(re *pattern, s string) [][]int {
	if !a.scan(re, s) {
		return nil
	}
	each := 2*8*(re.NumSubexp()+1) + 48
	limit := min(maxMatches, (maxMemory-a.st.memory)/each)
	m := re.FindAllStringSubmatchIndex(s, limit+1)
	if len(m) > limit {
		a.room(maxMemory + 1)
		return nil
	}
	a.room(len(m) * each)
	return m
}

func regexFindAll(a *args) any {
	if a.v[0] == nil {
		return []any{}
	}
	re, s := a.regex(), a.text(0)
	g := a.group(re)
	m := a.all(re, s)
	out := a.fresh(len(m))
	for i := range out {
		out[i] = submatch(s, m[i], g)
	}
	return out
}

func regexGroups(a *args) any {
	if a.v[0] == nil {
		return nil
	}
	re, s := a.regex(), a.text(0)
	if !a.scan(re, s) {
		return nil
	}
	m := re.FindStringSubmatchIndex(s)
	if m == nil || !a.room(entryBytes*re.NumSubexp()) {
		return nil
	}
	out := map[string]any{}
	for i, name := range re.SubexpNames() {
		if i == 0 {
			continue
		}
		if name == "" {
			name, _ = keyText(i)
		}
		out[name] = submatch(s, m, i)
	}
	return out
}

func regexReplace(a *args) any {
	re, s, with := a.regex(), a.text(0), a.text(2)
	m := a.all(re, s)
	if a.err != nil {
		return nil
	}
	var out []byte
	last := 0
	for _, at := range m {
		before := len(out)
		out = append(out, s[last:at[0]]...)
		out = re.ExpandString(out, with, s, at)
		last = at[1]
		if !a.room(len(out) - before) {
			return nil
		}
	}
	if !a.room(len(s) - last) {
		return nil
	}
	return string(append(out, s[last:]...))
}

func regexSplit(a *args) any {
	re, s := a.regex(), a.text(0)
	m := a.all(re, s)
	if a.err != nil {
		return nil
	}
	out := []any{}
	last := 0
	for _, at := range m {
		if at[1] == 0 {
			continue // an empty match at the start cuts nothing off
		}
		out = append(out, s[last:at[0]])
		last = at[1]
	}
	a.room(2 * slotBytes * len(out))
	return append(out, s[last:])
}

// matchNode is the operator matches.
type matchNode struct {
	pair
	re *pattern
}

func (n *matchNode) eval(st *state) (any, error) {
	a, b, err := n.both(st)
	if err != nil {
		return nil, err
	}
	if a == nil || b == nil {
		return false, nil
	}
	s, ok1 := keyText(a)
	t, ok2 := b.(string)
	if !ok1 || !ok2 {
		return nil, n.mismatch(a, b, "text and a pattern", func(v any) bool { return rank(v) == 3 })
	}
	re := n.re
	if re == nil {
		if err := st.spend(20_000); err != nil {
			return nil, at(err, n.pos)
		}
		if re, err = compilePattern(t); err != nil {
			return nil, at(err, n.pos)
		}
	}
	if err := st.scan(re, s); err != nil {
		return nil, at(err, n.pos)
	}
	return re.MatchString(s), nil
}
