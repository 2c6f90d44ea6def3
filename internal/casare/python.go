package casare

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Conditions of CasareRPA are Python expressions in which {{name}} is replaced
// as text before they are evaluated, and an evaluation that fails counts as
// false. The parser below reads the expressions of Python that have no
// statements, comprehensions or lambdas in them (The Python Language
// Reference, chapter 6) and writes them in Aether's language.

// term is a translated piece.
type term struct {
	code string
	typ  string // as in val
	atom bool   // may stand beside any operator
	safe bool   // cannot fail
	ref  bool   // a {{ }} reference, which CasareRPA read as the text of a literal
	cond string // the same as a condition, where and and or give one of their sides
}

func (t term) operand() string {
	if t.atom {
		return t.code
	}
	return "(" + t.code + ")"
}

// truth returns the term as a condition.
func (t term) truth() term {
	switch t.typ {
	case "bool":
		return t
	}
	if t.cond != "" {
		return term{code: t.cond, typ: "bool", safe: t.safe}
	}
	return term{code: "truthy(" + t.code + ")", typ: "bool", atom: true, safe: t.safe}
}

// number returns a term that is to be compared with a number.
func (t term) number() term {
	if t.ref && t.typ != "int" && t.typ != "float" {
		return term{code: "read_value(" + t.code + ")", atom: true, safe: t.safe}
	}
	return t
}

// condition translates a Python condition.
func (c *converter) condition(text string, at *step) val {
	t, err := c.python(text, at)
	if err != nil {
		c.report.attention(at, fmt.Sprintf("the condition %s cannot be translated: %v; it counts as false, as in CasareRPA when a condition cannot be evaluated", quote(excerpt(text)), err), "write it anew in the language of Aether")
		return literal(false)
	}
	t = t.truth()
	if !t.safe {
		t.code = "if_error(" + t.code + ", false)"
	}
	if v, ok := fold(t.code); ok {
		return v
	}
	return code(t.code, "bool")
}

// python translates a Python expression.
func (c *converter) python(text string, at *step) (t term, err error) {
	return (&pyParser{c: c, at: at, names: map[string]term{}, count: new(int)}).parse(text)
}

func (p *pyParser) parse(text string) (t term, err error) {
	if p.toks, err = p.scan(text); err != nil {
		return term{}, err
	}
	if len(p.toks) == 1 {
		return term{}, fmt.Errorf("it is empty")
	}
	if t, err = p.ternary(0); err != nil {
		return term{}, err
	}
	if end := p.peek(); end.kind != 0 {
		return term{}, fmt.Errorf("it goes on with %s", end.text)
	}
	return t, nil
}

// A token's kind: n number, s text, f text with {} in it, i name, o operator,
// r reference; 0 at the end.
type pyToken struct {
	kind rune
	text string
	term term // of texts and references
}

type pyParser struct {
	c    *converter
	at   *step
	toks []pyToken
	pos  int
	// names are those that comprehensions around bind; count makes theirs unique.
	names map[string]term
	count *int
}

var pyOps = []string{"===", "!==", "&&", "||", "**", "//", "==", "!=", "<=", ">=", "<<", ">>", "<>", "(", ")", "[", "]", "{", "}", ",", ":", ".", "+", "-", "*", "/", "%", "<", ">", "=", "!"}

// pySame are operators of other languages that authors write.
var pySame = map[string]string{"===": "==", "!==": "!=", "&&": "and", "||": "or", "!": "not", "<>": "!="}

var pyPrefix = regexp.MustCompile(`^[fFrRbBuU]{1,2}["']`)

var pyNumber = regexp.MustCompile(`^(?:\d[\d_]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?`)

func (p *pyParser) scan(s string) ([]pyToken, error) {
	var out []pyToken
	for s = strings.TrimSpace(s); s != ""; s = strings.TrimLeftFunc(s, unicode.IsSpace) {
		if m := reference.FindStringSubmatchIndex(s); m != nil && m[0] == 0 {
			v := p.c.text(s[:m[1]], p.at)
			if v.code == "" { // not known: CasareRPA could not evaluate it
				return nil, fmt.Errorf("%s is not known", s[:m[1]])
			}
			out = append(out, pyToken{'r', s[:m[1]], term{code: v.code, typ: v.typ, atom: atom.MatchString(v.code), safe: true, ref: true}})
			s = s[m[1]:]
			continue
		}
		r, _ := utf8.DecodeRuneInString(s)
		filled, raw, skip := false, false, 0
		if m := pyPrefix.FindString(s); m != "" {
			skip = len(m) - 1
			filled, raw = strings.ContainsAny(m, "fF"), strings.ContainsAny(m, "rR")
			r = rune(m[skip])
		}
		switch {
		case r == '"' || r == '\'':
			lit, n, err := pyString(s[skip:], raw)
			if err != nil {
				return nil, err
			}
			n += skip
			if filled {
				out = append(out, pyToken{kind: 'f', text: lit})
				s = s[n:]
				continue
			}
			v := p.c.text(lit, p.at)
			t := term{code: v.expr(), typ: "string", safe: true, atom: v.code == "" && v.parts == nil}
			if v.code != "" && v.typ != "string" {
				t.code, t.atom = textOfTerm(term{code: v.code, typ: v.typ}), true
			}
			out = append(out, pyToken{'s', lit, t})
			s = s[n:]
			continue
		case unicode.IsLetter(r) || r == '_' || r == '$':
			n := strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '$' })
			if n < 0 {
				n = len(s)
			}
			out = append(out, pyToken{kind: 'i', text: s[:n]})
			s = s[n:]
			continue
		}
		if n := pyNumber.FindString(s); n != "" {
			out = append(out, pyToken{kind: 'n', text: strings.ReplaceAll(n, "_", "")})
			s = s[len(n):]
			continue
		}
		op := ""
		for _, o := range pyOps {
			if strings.HasPrefix(s, o) {
				op = o
				break
			}
		}
		if op == "" {
			return nil, fmt.Errorf("%q means nothing there", string(r))
		}
		s = s[len(op):]
		if same := pySame[op]; same != "" {
			op = same
		}
		out = append(out, pyToken{kind: 'o', text: op})
	}
	return append(out, pyToken{}), nil
}

// pyString reads a string literal and returns how long it is.
func pyString(s string, raw bool) (lit string, n int, err error) {
	q := s[:1]
	if strings.HasPrefix(s, strings.Repeat(q, 3)) {
		q = strings.Repeat(q, 3)
	}
	b := &strings.Builder{}
	for i := len(q); i < len(s); {
		switch {
		case strings.HasPrefix(s[i:], q):
			return b.String(), i + len(q), nil
		case raw && s[i] == '\\' && i+1 < len(s):
			b.WriteString(s[i : i+2])
			i += 2
		case s[i] == '\\' && i+1 < len(s):
			esc := map[byte]string{'n': "\n", 't': "\t", 'r': "\r", '\\': "\\", '\'': "'", '"': "\"", '0': "\x00"}
			if e, ok := esc[s[i+1]]; ok {
				b.WriteString(e)
			} else {
				b.WriteString(s[i : i+2])
			}
			i += 2
		default:
			b.WriteByte(s[i])
			i++
		}
	}
	return "", 0, fmt.Errorf("a text is not closed")
}

func (p *pyParser) peek() pyToken { return p.toks[p.pos] }

// is reports whether the next token is one of these words or operators.
func (p *pyParser) is(texts ...string) bool {
	t := p.peek()
	if t.kind != 'i' && t.kind != 'o' {
		return false
	}
	for _, x := range texts {
		if t.text == x {
			return true
		}
	}
	return false
}

func (p *pyParser) take(text string) bool {
	if p.is(text) {
		p.pos++
		return true
	}
	return false
}

func (p *pyParser) want(text string) error {
	if !p.take(text) {
		if t := p.peek(); t.kind != 0 {
			return fmt.Errorf("%s is expected, not %s", text, t.text)
		}
		return fmt.Errorf("%s is missing at the end", text)
	}
	return nil
}

// maxPython bounds the nesting of an expression.
const maxPython = 60

func (p *pyParser) ternary(depth int) (term, error) {
	if depth > maxPython {
		return term{}, errDepth
	}
	yes, err := p.or(depth + 1)
	if err != nil || !p.take("if") {
		return yes, err
	}
	cond, err := p.or(depth + 1)
	if err != nil {
		return term{}, err
	}
	if err := p.want("else"); err != nil {
		return term{}, err
	}
	no, err := p.ternary(depth + 1)
	if err != nil {
		return term{}, err
	}
	t := term{code: cond.truth().operand() + " ? " + yes.operand() + " : " + no.operand(), safe: cond.safe && yes.safe && no.safe}
	if yes.typ == no.typ {
		t.typ = yes.typ
	}
	return t, nil
}

func (p *pyParser) or(depth int) (term, error) {
	return p.logic(depth, "or", p.and)
}

func (p *pyParser) and(depth int) (term, error) {
	return p.logic(depth, "and", p.not)
}

func (p *pyParser) logic(depth int, op string, next func(int) (term, error)) (term, error) {
	a, err := next(depth)
	if err != nil || !p.is(op) {
		return a, err
	}
	all := []term{a}
	for p.take(op) {
		b, err := next(depth)
		if err != nil {
			return term{}, err
		}
		all = append(all, b)
	}
	out := term{typ: "bool", safe: true}
	parts := make([]string, len(all))
	for i, t := range all {
		parts[i] = t.truth().logical()
		out.safe = out.safe && t.safe
		if t.typ != "bool" {
			out.typ = ""
		}
	}
	out.code = strings.Join(parts, " "+op+" ")
	if out.typ == "bool" {
		return out, nil
	}
	// One of the sides is the value.
	out.cond = out.code
	out.code = all[len(all)-1].code
	for _, t := range slices.Backward(all[:len(all)-1]) {
		v := p.fresh("side")
		yes, no := v, "("+out.code+")"
		if op == "and" {
			yes, no = no, yes
		}
		out.code = "(let " + v + " = " + t.code + "; truthy(" + v + ") ? " + yes + " : " + no + ")"
	}
	out.atom = true
	return out, nil
}

// fresh makes a name that stands nowhere else in the expression.
func (p *pyParser) fresh(like string) string {
	*p.count++
	return fmt.Sprintf("%s_%d", notID.ReplaceAllString(like, "_"), *p.count)
}

func (t term) logical() string {
	if t.atom || strings.Contains(" == != > < >= <= ", " "+middle(t.code)+" ") {
		return t.code
	}
	return "(" + t.code + ")"
}

// middle returns the operator of a simple comparison.
func middle(s string) string {
	if f := strings.Fields(s); len(f) == 3 {
		return f[1]
	}
	return "?"
}

func (p *pyParser) not(depth int) (term, error) {
	if depth > maxPython {
		return term{}, errDepth
	}
	if !p.take("not") {
		return p.comparison(depth + 1)
	}
	x, err := p.not(depth + 1)
	if err != nil {
		return term{}, err
	}
	return term{code: "not " + x.truth().operand(), typ: "bool", safe: x.safe}, nil
}

func (p *pyParser) comparison(depth int) (term, error) {
	a, err := p.sum(depth)
	if err != nil {
		return term{}, err
	}
	var all []term
	for {
		op := ""
		switch {
		case p.is("==", "!=", "<", ">", "<=", ">="):
			op = p.peek().text
			p.pos++
		case p.take("="):
			op = "=="
		case p.take("in"):
			op = "in"
		case p.take("not"):
			if err := p.want("in"); err != nil {
				return term{}, err
			}
			op = "not in"
		case p.take("is"):
			op = "=="
			if p.take("not") {
				op = "!="
			}
		}
		if op == "" {
			break
		}
		b, bare := p.bareWord(a, op)
		if !bare {
			if b, err = p.sum(depth); err != nil {
				return term{}, err
			}
		}
		all = append(all, compare(a, op, b))
		a = b
	}
	switch len(all) {
	case 0:
		return a, nil
	case 1:
		return all[0], nil
	}
	out := term{typ: "bool", safe: true}
	parts := make([]string, len(all))
	for i, t := range all {
		parts[i], out.safe = t.logical(), out.safe && t.safe
	}
	out.code = strings.Join(parts, " and ")
	return out, nil
}

// bareWord takes a word that nothing has as its name, compared with a reference,
// as the text that was meant: {{status}} == open.
func (p *pyParser) bareWord(a term, op string) (term, bool) {
	t := p.peek()
	if !a.ref || op != "==" && op != "!=" || t.kind != 'i' || pyWords[t.text] || pyTypes[t.text] != "" || p.pos+1 < len(p.toks) && !slices.Contains([]string{"", ")", "and", "or", "if", "else"}, p.toks[p.pos+1].text) {
		return term{}, false
	}
	if _, known := p.names[t.text]; known {
		return term{}, false
	}
	if _, known := p.c.reference(t.text, p.at, true); known {
		return term{}, false
	}
	p.pos++
	p.c.report.adapted(p.at, "the word %s, which nothing has as its name, is taken as text", t.text)
	return term{code: quote(t.text), typ: "string", atom: true, safe: true}, true
}

// pyWords are words that are no names.
var pyWords = map[string]bool{"True": true, "False": true, "None": true, "true": true, "false": true, "null": true, "not": true, "and": true, "or": true, "in": true, "is": true, "if": true, "else": true, "for": true, "lambda": true, "yield": true, "await": true}

func compare(a term, op string, b term) term {
	isNumber := func(t term) bool { return t.typ == "int" || t.typ == "float" }
	switch op {
	case "in", "not in":
		t := term{code: "contains(" + b.code + ", " + a.code + ")", typ: "bool", atom: true}
		if a.ref && (a.typ == "" || a.typ == "string") && b.typ == "list" { // it may hold a number as text
			t = term{code: "(contains(" + b.code + ", " + a.code + ") or contains(" + b.code + ", read_value(" + a.code + ")))", typ: "bool", atom: true}
		}
		if op == "not in" {
			t = term{code: "not " + t.code, typ: "bool"}
		}
		return t
	case "==", "!=":
		if isNumber(a) || a.typ == "bool" {
			b = b.number()
		}
		if isNumber(b) || b.typ == "bool" {
			a = a.number()
		}
		return term{code: a.operand() + " " + op + " " + b.operand(), typ: "bool", safe: a.safe && b.safe}
	}
	isText := func(t term) bool { return t.typ == "string" && !t.ref }
	if !isText(a) && !isText(b) {
		a, b = a.number(), b.number()
	}
	return term{code: a.operand() + " " + op + " " + b.operand(), typ: "bool"}
}

func (p *pyParser) sum(depth int) (term, error) {
	return p.chain(depth, []string{"+", "-"}, p.product)
}

func (p *pyParser) product(depth int) (term, error) {
	return p.chain(depth, []string{"*", "/", "//", "%"}, p.unary)
}

func (p *pyParser) chain(depth int, ops []string, next func(int) (term, error)) (term, error) {
	a, err := next(depth)
	for err == nil && p.is(ops...) {
		op := p.peek().text
		p.pos++
		var b term
		if b, err = next(depth); err != nil {
			break
		}
		if op == "%" && a.typ == "string" {
			a, err = p.percent(a, b)
			continue
		}
		a = arithmetic(a, op, b)
	}
	return a, err
}

func arithmetic(a term, op string, b term) term {
	typ := ""
	for _, t := range []*term{&a, &b} {
		if t.ref && t.typ == "string" { // its text was put there, and may be a number
			*t = term{code: t.number().code, atom: true, safe: t.safe}
		}
	}
	switch {
	case a.typ == "string" && op == "+":
		typ = "string"
	case a.typ == "list" && op == "+", b.typ == "list" && op == "+":
		return term{code: "concat(" + a.code + ", " + b.code + ")", typ: "list", atom: true}
	case op == "*" && (a.typ == "list" || b.typ == "list"):
		if b.typ == "list" {
			a, b = b, a
		}
		return term{code: "flatten(map(range(0, " + b.code + "), " + a.code + "), 1)", typ: "list", atom: true}
	default:
		if op != "+" || a.typ != "" || b.typ != "" {
			a, b = a.number(), b.number()
		}
		if a.typ == "int" && b.typ == "int" && op != "/" {
			typ = "int"
		} else if op != "+" {
			typ = "float"
		}
	}
	switch op {
	case "//":
		return term{code: "floor(" + a.operand() + " / " + b.operand() + ")", typ: "int", atom: true}
	case "%":
		return term{code: "mod(" + a.code + ", " + b.code + ")", typ: typ, atom: true}
	case "*":
		if b.typ == "string" {
			a, b = b, a
		}
		if a.typ == "string" {
			return term{code: "repeat(" + a.code + ", " + b.code + ")", typ: "string", atom: true}
		}
	}
	return term{code: a.operand() + " " + op + " " + b.operand(), typ: typ}
}

func (p *pyParser) unary(depth int) (term, error) {
	if depth > maxPython {
		return term{}, errDepth
	}
	switch {
	case p.take("-"):
		x, err := p.unary(depth + 1)
		x = x.number()
		return term{code: "-" + x.operand(), typ: x.typ, safe: x.safe && x.typ != ""}, err
	case p.take("+"):
		return p.unary(depth + 1)
	}
	a, err := p.postfix(depth + 1)
	if err == nil && p.take("**") {
		var b term
		b, err = p.unary(depth + 1)
		a = term{code: a.number().operand() + " ** " + b.number().operand(), typ: "float"}
	}
	return a, err
}
