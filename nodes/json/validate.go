package json

import (
	"context"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	schema := map[string]any{"type": "object", "required": []any{"id"}, "properties": map[string]any{"id": map[string]any{"type": "integer"}, "mail": map[string]any{"type": "string", "format": "email"}}}
	node.Register(node.Spec[validateIn, validateOut]{
		Type: "json.validate", Title: "Check against JSON Schema", Effect: node.Pure,
		Doc: "Checks a value against a JSON Schema (drafts 4 to 2020-12) and lists every problem with its place. Schemas cannot refer to files or web addresses.",
		Examples: []node.Example[validateIn, validateOut]{
			{Title: "A good record", In: validateIn{Value: map[string]any{"id": 1, "mail": "a@example.org"}, Schema: schema}, Out: validateOut{Valid: true, Errors: []problem{}}},
			{Title: "A bad one", In: validateIn{Value: map[string]any{"mail": "a@example.org", "id": "x"}, Schema: schema}, Out: validateOut{Errors: []problem{{Path: "/id", Rule: "/properties/id/type", Message: "got string, want integer"}}}},
		},
		Run: validate,
	})
}

type validateIn struct {
	Value   any  `json:"value" doc:"Value to check."`
	Schema  any  `json:"schema" is:"required" doc:"JSON Schema, as a map or as JSON text." widget:"code"`
	Formats bool `json:"formats" default:"true" doc:"Also check formats such as email, date and uri."`
	Fail    bool `json:"fail" doc:"Fail the node when the value is not valid, rather than only say so."`
}

type problem struct {
	Path    string `json:"path" doc:"JSON Pointer to the value; empty for the whole."`
	Rule    string `json:"rule" doc:"JSON Pointer to the rule in the schema."`
	Message string `json:"message" doc:"What is wrong."`
}

type validateOut struct {
	Valid  bool      `json:"valid" doc:"True when there are no problems."`
	Errors []problem `json:"errors" doc:"All problems, in the order of their places."`
}

// noLoader refuses to load schemas from outside: a pure node sees no files and
// no network.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is outside of the schema, and outside schemas are not loaded", url)
}

const schemaURL = "schema:///schema.json"

func validate(_ context.Context, _ *node.Env, in validateIn) (validateOut, error) {
	s, err := compile(in.Schema, in.Formats)
	if err != nil {
		return validateOut{}, node.Fail(node.KindInput, "the schema cannot be used: "+err.Error(), "check the schema; put what it refers to under $defs")
	}
	doc, err := plain(in.Value)
	if err != nil {
		return validateOut{}, err
	}
	out := validateOut{Errors: []problem{}}
	err = s.Validate(doc)
	var invalid *jsonschema.ValidationError
	switch {
	case err == nil:
		out.Valid = true
		return out, nil
	case !errors.As(err, &invalid):
		return out, node.Fail(node.KindInput, "the value cannot be checked: "+err.Error(), "")
	}
	collect(invalid, message.NewPrinter(language.English), &out.Errors)
	slices.SortStableFunc(out.Errors, func(a, b problem) int {
		return strings.Compare(a.Path+"\x00"+a.Rule+"\x00"+a.Message, b.Path+"\x00"+b.Rule+"\x00"+b.Message)
	})
	if in.Fail {
		f := node.Fail(node.KindInput, fmt.Sprintf("the value does not fit the schema in %d places; the first is %q: %s", len(out.Errors), out.Errors[0].Path, out.Errors[0].Message), "see details for all of them")
		f.Details = details(out.Errors)
		return validateOut{}, f
	}
	return out, nil
}

func details(errs []problem) any {
	list := make([]any, len(errs))
	for i, e := range errs {
		list[i] = map[string]any{"path": e.Path, "rule": e.Rule, "message": e.Message}
	}
	return list
}

func compile(schema any, formats bool) (s *jsonschema.Schema, err error) {
	if text, ok := schema.(string); ok {
		v, err := value.Parse([]byte(text))
		if err != nil {
			return nil, fmt.Errorf("it is not JSON: %s", explain(text, err))
		}
		schema = v
	}
	doc, err := plain(schema)
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(noLoader{})
	if formats {
		c.AssertFormat()
	}
	if err := c.AddResource(schemaURL, doc); err != nil {
		return nil, err
	}
	s, err = c.Compile(schemaURL)
	if err != nil {
		err = errors.New(strings.ReplaceAll(err.Error(), schemaURL, ""))
	}
	return s, err
}

// plain turns a flow value into the form that the schema library takes, with
// numbers as text.
func plain(v any) (any, error) {
	b, err := value.JSON(v)
	if err != nil {
		return nil, node.Fail(node.KindInput, err.Error(), "")
	}
	dec := stdjson.NewDecoder(strings.NewReader(string(b)))
	dec.UseNumber()
	var out any
	err = dec.Decode(&out)
	return out, err
}

// collect lists the leaves of the tree of errors: the rules that failed
// themselves.
func collect(e *jsonschema.ValidationError, p *message.Printer, out *[]problem) {
	if len(e.Causes) == 0 {
		at := ""
		for _, k := range e.InstanceLocation {
			at = pointerTo(at, k)
		}
		rule := strings.TrimPrefix(strings.TrimPrefix(e.SchemaURL, schemaURL), "#")
		for _, k := range e.ErrorKind.KeywordPath() {
			rule = pointerTo(rule, k)
		}
		*out = append(*out, problem{Path: at, Rule: rule, Message: e.ErrorKind.LocalizedString(p)})
		return
	}
	for _, c := range e.Causes {
		collect(c, p, out)
	}
}
