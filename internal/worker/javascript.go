package worker

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"

	"github.com/dop251/goja"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// maxCalls bounds the depth of calls. Leaving a deep recursion through built-in
// functions takes goja time by the square of it: some tenths of a second here.
const maxCalls = 2500

// prelude runs before the script and holds on to the functions that it needs,
// so that a script that replaces them harms itself alone.
const prelude = `(function() {
	const {parse, stringify} = JSON, {from, isArray} = Array, {fromEntries} = Object, text = String
	const M = Map, S = Set, E = Error, R = RegExp, isView = ArrayBuffer.isView, B = ArrayBuffer, U = Uint8Array
	const plain = (k, x) => {
		switch (typeof x) {
		case 'bigint': return x >= -9007199254740991n && x <= 9007199254740991n ? Number(x) : text(x)
		case 'object':
			if (x === null || isArray(x)) return x
			if (x instanceof M) return fromEntries(x)
			if (x instanceof S || isView(x)) return from(x)
			if (x instanceof B) return from(new U(x))
			if (x instanceof R) return text(x)
			if (x instanceof E) return {name: x.name, message: x.message}
		}
		return x
	}
	const show = x => {
		switch (typeof x) {
		case 'string': return x
		case 'function': return '[function ' + x.name + ']'
		case 'object':
			if (x instanceof E) return x.stack || text(x)
			try { return stringify(x, plain) } catch (e) { return '[' + e.message + ']' }
		}
		return text(x)
	}
	return {
		parse,
		encode: x => stringify(x, plain),
		describe: x => x instanceof E ? {name: text(x.name), message: text(x.message), stack: text(x.stack)} : {name: '', message: show(x), stack: ''},
		show: (...args) => args.map(show).join(' '),
	}
})()`

// script is one run of JavaScript.
type script struct {
	vm      *goja.Runtime
	program *program
	logs    console
	timers  timers
	helpers map[string]goja.Callable
}

func runJavaScript(ctx context.Context, h header, j job) (a answer) {
	p, err := compile(j.Code)
	if err != nil {
		f := fail(node.KindInput, CodeSyntax, "The script cannot be read: "+err.Error()+".", "")
		var at *syntaxError
		if errors.As(err, &at) {
			f.Details = map[string]any{"line": at.line, "column": at.column}
		}
		return answer{Failure: f}
	}
	s := &script{vm: goja.New(), program: p}
	defer func() { a.Logs = s.logs.lines }()
	input, _ := j.Input.(map[string]any)
	if err := s.prepare(input); err != nil {
		return answer{Failure: fail(node.KindError, CodeCrash, "The script could not be prepared: "+err.Error()+".", "")}
	}
	defer context.AfterFunc(ctx, func() { s.vm.Interrupt(context.DeadlineExceeded) })()
	result, err := s.run(ctx, p)
	if err != nil {
		return answer{Failure: s.failure(h, err)}
	}
	v, err := s.export(result)
	if err != nil {
		f := s.failure(h, err)
		if f.Code == CodeScript {
			f.Code, f.Kind, f.Message = CodeResult, node.KindInput, "The result of the script cannot be used: "+f.Message
		}
		return answer{Failure: f}
	}
	return answer{Value: v}
}

// prepare makes the globals.
func (s *script) prepare(input map[string]any) error {
	s.vm.SetMaxCallStackSize(maxCalls)
	s.vm.SetParserOptions(noSourceMaps) // for eval
	v, err := s.vm.RunString(prelude)
	if err != nil {
		return err
	}
	s.helpers = map[string]goja.Callable{}
	for _, name := range []string{"parse", "encode", "describe", "show"} {
		s.helpers[name], _ = goja.AssertFunction(v.ToObject(s.vm).Get(name))
	}
	text, err := value.JSON(orEmpty(input))
	if err != nil {
		return err
	}
	in, err := s.helpers["parse"](goja.Undefined(), s.vm.ToValue(string(text)))
	if err != nil {
		return err
	}
	global := s.vm.GlobalObject()
	obj := in.ToObject(s.vm)
	for _, k := range obj.Keys() {
		// Not a const: a script may well declare the name itself.
		if identifier.MatchString(k) && global.Get(k) == nil {
			if err := global.Set(k, obj.Get(k)); err != nil {
				return err
			}
		}
	}
	if err := errors.Join(global.Set("input", in), s.timers.install(s.vm)); err != nil {
		return err
	}
	return global.Set("console", s.console())
}

var identifier = regexp.MustCompile(`^[\p{L}_$][\p{L}\p{N}_$]*$`)

func orEmpty(m map[string]any) map[string]any {
	if m == nil {
		return map[string]any{}
	}
	return m
}

func (s *script) console() *goja.Object {
	obj := s.vm.NewObject()
	print := func(call goja.FunctionCall) goja.Value {
		if s.logs.full {
			return goja.Undefined()
		}
		v, err := s.helpers["show"](goja.Undefined(), call.Arguments...)
		if err != nil {
			panic(err)
		}
		s.logs.print(v.String())
		return goja.Undefined()
	}
	for _, name := range []string{"log", "info", "warn", "error", "debug", "trace"} {
		_ = obj.Set(name, print)
	}
	return obj
}

// run returns the script's value, waiting for it when it is a promise.
func (s *script) run(ctx context.Context, p *program) (goja.Value, error) {
	v, err := s.vm.RunProgram(p.Program)
	for err == nil {
		promise, ok := asPromise(v)
		if !ok {
			return v, nil
		}
		switch promise.State() {
		case goja.PromiseStateFulfilled:
			v = promise.Result()
			if v == nil {
				v = goja.Undefined()
			}
		case goja.PromiseStateRejected:
			return nil, &rejection{promise.Result()}
		default:
			err = s.timers.next(ctx)
		}
	}
	return nil, err
}

var promiseType = reflect.TypeFor[*goja.Promise]()

func asPromise(v goja.Value) (*goja.Promise, bool) {
	if v == nil || v.ExportType() != promiseType {
		return nil, false
	}
	p, ok := v.Export().(*goja.Promise)
	return p, ok
}

// rejection is the error of a promise.
type rejection struct{ reason goja.Value }

func (r *rejection) Error() string { return "the promise was rejected" }

func (s *script) export(v goja.Value) (any, error) {
	text, err := s.helpers["encode"](goja.Undefined(), v)
	if err != nil {
		return nil, err
	}
	if goja.IsUndefined(text) {
		return nil, nil
	}
	return value.Parse([]byte(text.String()))
}

// failure turns what ended the script into a failure with its place.
func (s *script) failure(h header, err error) *node.Failure {
	var interrupted *goja.InterruptedError
	var overflow *goja.StackOverflowError
	var thrown *goja.Exception
	var rejected *rejection
	switch {
	case errors.As(err, &interrupted):
		return failTimeout(h.timeout(), s.at(interrupted.Stack()))
	case errors.As(err, &overflow):
		return failRecursion(s.at(overflow.Stack()))
	case errors.As(err, &rejected):
		return s.thrown(h, rejected.reason, nil)
	case errors.As(err, &thrown):
		return s.thrown(h, thrown.Value(), thrown.Stack())
	case errors.Is(err, context.DeadlineExceeded):
		return failTimeout(h.timeout(), "")
	}
	return fail(node.KindError, CodeScript, "The script failed: "+err.Error()+".", "")
}

func (s *script) thrown(h header, v goja.Value, stack []goja.StackFrame) *node.Failure {
	name, message, trace := "", "an error that cannot be shown", ""
	if v != nil {
		// The error's own properties may be functions of the script that throw.
		d, err := s.helpers["describe"](goja.Undefined(), v)
		var interrupted *goja.InterruptedError
		if errors.As(err, &interrupted) {
			return s.failure(h, err)
		}
		if err == nil {
			o := d.ToObject(s.vm)
			name, message, trace = o.Get("name").String(), o.Get("message").String(), o.Get("stack").String()
		}
	}
	line, column := s.placeOf(stack, trace)
	text := shorten(message)
	if name != "" && name != "Error" {
		text = name + ": " + text
	}
	details := map[string]any{"name": name, "message": shorten(message)}
	if line > 0 {
		text = fmt.Sprintf("line %d, column %d: %s", line, column, text)
		details["line"], details["column"] = line, column
	}
	f := fail(node.KindError, CodeScript, text, "")
	f.Details = details
	return f
}

var inTrace = regexp.MustCompile(`\b` + scriptName + `:(\d+):(\d+)`)

// placeOf returns the innermost place in the user's code, 0 when unknown.
func (s *script) placeOf(stack []goja.StackFrame, trace string) (line, column int) {
	// The trace of an Error says where it was made, the stack where it was
	// thrown.
	if m := inTrace.FindStringSubmatch(trace); m != nil {
		line, _ = strconv.Atoi(m[1])
		column, _ = strconv.Atoi(m[2])
		return s.program.place(line, column)
	}
	for _, f := range stack {
		if p := f.Position(); f.SrcName() == scriptName && p.Line > 0 {
			return s.program.place(p.Line, p.Column)
		}
	}
	return 0, 0
}

func (s *script) at(stack []goja.StackFrame) string {
	if line, column := s.placeOf(stack, ""); line > 0 {
		return fmt.Sprintf(", at line %d, column %d", line, column)
	}
	return ""
}
