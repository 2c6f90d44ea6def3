package worker

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/dop251/goja"
	"github.com/dop251/goja/ast"
	"github.com/dop251/goja/parser"
)

const (
	scriptName = "script"
	// before and after make a function of the script, in which return and await
	// are allowed. There is no line end in before, so that lines keep their
	// numbers.
	before = "(async()=>{"
	after  = "\n})()"
)

// noSourceMaps keeps the parser from opening the file that a comment in the
// script names.
var noSourceMaps = parser.Option(parser.WithDisableSourceMaps)

var usesAwait = regexp.MustCompile(`\bawait\b`)

// give is put before the last expression of a function.
const give = "return "

// program is a script ready to run.
type program struct {
	*goja.Program
	wrapped bool // it is the body of a function
	// Where give was put, in what was compiled; 0 if nowhere.
	line, column int
}

// syntaxError says where a script cannot be read.
type syntaxError struct {
	message      string
	line, column int
}

func (e *syntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.line, e.column, e.message)
}

// compile reads the code as a script, whose value is that of its last
// expression, or else as the body of an async function, which may return and
// await.
func compile(code string) (*program, error) {
	code = strings.TrimPrefix(code, "\ufeff")
	tree, errScript := parse(code)
	if errScript == nil && !usesAwait.MatchString(code) {
		return new(program).finish(tree, code)
	}
	body := &program{wrapped: true}
	inner, errBody := body.parse(code)
	switch {
	case errBody == nil:
		return body.finish(inner, code)
	case errScript == nil:
		return new(program).finish(tree, code)
	}
	// The reading that came further is the one that was meant.
	script, function := new(program).locate(errScript, code), body.locate(errBody, code)
	if function.line > script.line || function.line == script.line && function.column > script.column {
		return nil, function
	}
	return nil, script
}

func parse(src string) (*ast.Program, error) {
	return parser.ParseFile(nil, scriptName, src, 0, noSourceMaps)
}

// parse reads the code as a function that returns its last expression.
func (p *program) parse(code string) (*ast.Program, error) {
	src := before + code + after
	tree, err := parse(src)
	if err != nil {
		return nil, err
	}
	at, ok := lastExpression(tree)
	for ok && at >= len(before) {
		if with, err := parse(src[:at] + give + src[at:]); err == nil {
			p.line = 1 + strings.Count(src[:at], "\n")
			p.column = 1 + utf8.RuneCountInString(src[strings.LastIndexByte(src[:at], '\n')+1:at])
			return with, nil
		}
		// The tree leaves out parentheses: the expression may begin before it
		// says.
		at = len(strings.TrimRight(src[:at], " \t\r\n"))
		if at--; at < 0 || src[at] != '(' {
			break
		}
	}
	return tree, nil
}

// lastExpression returns where the last statement of the function begins, if it
// is an expression.
func lastExpression(tree *ast.Program) (int, bool) {
	if len(tree.Body) != 1 {
		return 0, false
	}
	stmt, _ := tree.Body[0].(*ast.ExpressionStatement)
	if stmt == nil {
		return 0, false
	}
	call, _ := stmt.Expression.(*ast.CallExpression)
	if call == nil {
		return 0, false
	}
	fn, _ := call.Callee.(*ast.ArrowFunctionLiteral)
	if fn == nil {
		return 0, false
	}
	block, _ := fn.Body.(*ast.BlockStatement)
	if block == nil || len(block.List) == 0 {
		return 0, false
	}
	last, ok := block.List[len(block.List)-1].(*ast.ExpressionStatement)
	if !ok {
		return 0, false
	}
	return int(last.Idx0()) - 1, true
}

func (p *program) finish(tree *ast.Program, code string) (*program, error) {
	var err error
	if p.Program, err = goja.CompileAST(tree, false); err != nil {
		return nil, p.locate(err, code)
	}
	return p, nil
}

// locate finds the place of a parser's or compiler's error in the user's code.
func (p *program) locate(err error, code string) *syntaxError {
	e := &syntaxError{message: err.Error(), line: 1, column: 1}
	var list parser.ErrorList
	var syntax *goja.CompilerSyntaxError
	switch {
	case errors.As(err, &list) && len(list) > 0:
		e.message = list[0].Message
		e.line, e.column = p.place(list[0].Position.Line, list[0].Position.Column)
	case errors.As(err, &syntax) && syntax.File != nil:
		e.message = syntax.Message
		at := syntax.File.Position(syntax.Offset)
		e.line, e.column = p.place(at.Line, at.Column)
	}
	// An error behind the end is one at the end.
	if lines := strings.Split(code, "\n"); e.line > len(lines) {
		e.line, e.column = len(lines), len(lines[len(lines)-1])+1
	}
	return e
}

// place maps a place in what was compiled to one in the user's code.
func (p *program) place(line, column int) (int, int) {
	if p.line == line && column > p.column {
		column -= len(give)
	}
	if p.wrapped && line == 1 {
		column -= len(before)
	}
	return line, max(column, 1)
}
