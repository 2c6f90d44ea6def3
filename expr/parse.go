package expr

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"
)

// wordOperators are operators of the language that people also write as
// functions. The parser would refuse contains(a, b), so the first letter is
// masked with _ before it sees the text; that keeps every position as it is.
var wordOperators = map[string]string{
	"contains":   "_ontains",
	"matches":    "_atches",
	"startsWith": "_tartsWith",
	"endsWith":   "_ndsWith",
}

// parse gives the syntax tree of one expression. Positions in its errors are
// rune offsets in src.
func parse(src string) (ast.Node, error) {
	tokens, err := lexer.Lex(file.NewSource(src))
	if err != nil {
		return nil, syntaxError(err)
	}
	if err := checkTokens(tokens); err != nil {
		return nil, err
	}
	tree, err := parser.Parse(maskWordCalls(src, tokens))
	if err != nil {
		return nil, syntaxError(err)
	}
	return tree.Node, nil
}

// checkTokens refuses what would send the recursive parser too deep.
func checkTokens(tokens []lexer.Token) error {
	if len(tokens) > maxTokens {
		return tooComplex(0)
	}
	brackets, rightward, prefixes := 0, 0, 0
	for _, t := range tokens {
		if t.Is(lexer.Bracket, "(", "[", "{") {
			brackets++
		} else if t.Kind == lexer.Bracket {
			brackets--
		}
		if t.Is(lexer.Operator, "-", "+", "!", "not") {
			prefixes++
		} else if !t.Is(lexer.Bracket, "(") {
			prefixes = 0
		}
		if t.Is(lexer.Operator, "?", "**", "^", "let", "if", "?:") {
			rightward++
		}
		if brackets > maxNesting || prefixes > maxNesting || rightward > 2*maxNesting {
			return tooComplex(t.From)
		}
	}
	return nil
}

func tooComplex(pos int) error {
	e := fail("the expression is too long or nested too deeply").hint("split it over several steps")
	e.Offset = pos
	return e
}

// maskWordCalls masks word operators that stand where a value is expected and
// are followed by a bracket.
func maskWordCalls(src string, tokens []lexer.Token) string {
	var masked []rune
	for i, t := range tokens {
		if t.Kind != lexer.Operator || wordOperators[t.Value] == "" {
			continue
		}
		if i+1 >= len(tokens) || !tokens[i+1].Is(lexer.Bracket, "(") {
			continue
		}
		prev := i - 1
		if prev >= 0 && tokens[prev].Is(lexer.Operator, "not") {
			prev--
		}
		if prev >= 0 && endsOperand(tokens[prev]) {
			continue
		}
		if masked == nil {
			masked = []rune(src)
		}
		masked[t.From] = '_'
	}
	if masked == nil {
		return src
	}
	return string(masked)
}

func endsOperand(t lexer.Token) bool {
	switch t.Kind {
	case lexer.Identifier, lexer.Number, lexer.String, lexer.Bytes:
		return true
	case lexer.Bracket:
		return strings.Contains(")]}", t.Value)
	}
	return t.Is(lexer.Operator, "#", ".", "?.")
}

func unmask(name string) string {
	for plain, masked := range wordOperators {
		if name == masked {
			return plain
		}
	}
	return name
}

var tokenName = regexp.MustCompile(`(?:Identifier|Number|String|Bytes|Operator|Bracket)\(("(?:[^"\\]|\\.)*")\)`)

// syntaxError rewords the parser's errors for people who do not know its tokens.
func syntaxError(err error) error {
	var fe *file.Error
	if !errors.As(err, &fe) {
		return fail("the expression cannot be read")
	}
	msg := tokenName.ReplaceAllStringFunc(fe.Message, func(s string) string {
		q := tokenName.FindStringSubmatch(s)[1]
		if plain, err := strconv.Unquote(q); err == nil {
			return unmask(plain)
		}
		return q
	})
	e := &Error{Offset: fe.From, Msg: msg}
	switch {
	case strings.Contains(msg, "maximum allowed nodes"):
		return tooComplex(fe.From)
	case strings.Contains(msg, "EOF"), strings.Contains(msg, "unexpected end"):
		e.Msg, e.Hint = "the expression ends too early", "something is missing at the end"
	case strings.Contains(msg, "literal not terminated"):
		e.Msg, e.Hint = "a quote is not closed", "quotes end on the line they start on"
	case strings.Contains(msg, "literal:"), strings.Contains(msg, "too large"), strings.Contains(msg, "bad number"):
		e.Msg, e.Hint = "this number cannot be read", "numbers look like 12, 1.5 or 1e6"
	case strings.Contains(msg, "unexpected token #"), strings.Contains(msg, "unexpected token ."):
		e.Msg, e.Hint = "# stands for the current item and works only inside filter, map and the like", "write for example filter(vars.rows, #.total > 100)"
	case strings.HasPrefix(msg, "unexpected token ="):
		e.Msg, e.Hint = "a single = does not compare", "write =="
	case strings.HasPrefix(msg, "unexpected token "):
		what := strings.TrimPrefix(msg, "unexpected token ")
		e.Msg = "unexpected " + excerpt(what, 40)
	case strings.Contains(msg, "unrecognized character"):
		e.Msg = "this character has no meaning here"
	case strings.Contains(msg, "invalid char escape"), strings.Contains(msg, "unescape"):
		e.Msg, e.Hint = "this backslash sequence is not known", `write \\ for a backslash, or use backquotes`
	default:
		e.Msg = excerpt(msg, 200)
	}
	return e
}
