package item

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// compiled is a JSON Schema ready to check values with; nil takes anything.
type compiled struct{ schema *jsonschema.Schema }

// noLoader refuses schemas from outside: what a queue takes must not depend on
// a file or a web address.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("%s is outside of the schema, and outside schemas are not loaded (put it under $defs)", url)
}

const schemaURL = "schema:///schema.json"

// compile reads a schema; compiled schemas are remembered by their text.
func (s *Store) compile(text string) (*compiled, error) {
	if text == "" {
		return nil, nil
	}
	if c, ok := s.schemas.Load(text); ok {
		return c.(*compiled), nil
	}
	doc, err := decode([]byte(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.UseLoader(noLoader{})
	c.AssertFormat()
	if err := c.AddResource(schemaURL, doc); err != nil {
		return nil, err
	}
	sch, err := c.Compile(schemaURL)
	if err != nil {
		return nil, errors.New(strings.ReplaceAll(err.Error(), schemaURL, ""))
	}
	out := &compiled{sch}
	s.schemas.Store(text, out)
	return out, nil
}

// decode reads JSON with its numbers as they are written, for jsonschema.
func decode(b []byte) (any, error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var out any
	if err := dec.Decode(&out); err != nil {
		return nil, fmt.Errorf("it is no JSON: %w", err)
	}
	return out, nil
}

// maxProblems bounds what is said of one value.
const maxProblems = 5

// check says what is wrong with a value in JSON, in one sentence.
func (c *compiled) check(what string, b []byte) error {
	if c == nil {
		return nil
	}
	doc, err := decode(b)
	if err != nil {
		return err
	}
	err = c.schema.Validate(doc)
	var invalid *jsonschema.ValidationError
	if err == nil || !errors.As(err, &invalid) {
		return err
	}
	var found []string
	leaves(invalid, message.NewPrinter(language.English), &found)
	slices.Sort(found)
	more := ""
	if len(found) > maxProblems {
		more = fmt.Sprintf(", and %d more", len(found)-maxProblems)
		found = found[:maxProblems]
	}
	return refuse("the %s does not fit the schema of the queue: %s%s", what, strings.Join(found, "; "), more)
}

// leaves lists the rules that failed themselves, with the place.
func leaves(e *jsonschema.ValidationError, p *message.Printer, out *[]string) {
	if len(e.Causes) == 0 {
		text := e.ErrorKind.LocalizedString(p)
		if len(e.InstanceLocation) > 0 {
			text = strings.Join(e.InstanceLocation, ".") + ": " + text
		}
		*out = append(*out, text)
		return
	}
	for _, c := range e.Causes {
		leaves(c, p, out)
	}
}
