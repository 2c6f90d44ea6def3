package httpnode

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[graphqlIn, graphqlOut]{
		Type:     "http.graphql",
		Title:    "Send GraphQL query",
		Doc:      "Sends a GraphQL query or mutation and returns its data. Errors in the answer fail the step, unless partial is set and there is data. Put values into variables, never into the text of the query. A document that holds a mutation is never repeated silently unless idempotency is set.",
		Effect:   node.Once,
		EffectOf: func(in graphqlIn) node.Effect { return in.effect() },
		Examples: []node.Example[graphqlIn, graphqlOut]{{
			Title: "Ask for a customer",
			In:    graphqlIn{URL: "http://api.example.com/graphql", Document: "query($id: ID!) { customer(id: $id) { name } }", Variables: map[string]any{"id": "7"}},
			Serve: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				var in struct{ Variables map[string]string }
				_ = json.NewDecoder(r.Body).Decode(&in)
				fmt.Fprintf(w, `{"data": {"customer": {"name": "Ada %s"}}}`, in.Variables["id"])
			}),
			Out: graphqlOut{Data: map[string]any{"customer": map[string]any{"name": "Ada 7"}}, Errors: []any{}},
		}, {
			Title: "Take what there is in spite of errors",
			In:    graphqlIn{URL: "http://api.example.com/graphql", Document: "{ a b }", Partial: true},
			Serve: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				fmt.Fprint(w, `{"data": {"a": 1, "b": null}, "errors": [{"message": "b is broken"}]}`)
			}),
			Out: graphqlOut{Data: map[string]any{"a": 1, "b": nil}, Errors: []any{map[string]any{"message": "b is broken"}}},
		}},
		Check: func(in graphqlIn) error { return in.Auth.check() },
		Run:   graphql,
	})
}

type graphqlIn struct {
	URL         string         `json:"url" is:"required" doc:"Address of the service."`
	Document    string         `json:"document" is:"required,raw" widget:"code" doc:"Query or mutation. It is sent as it is, {{ }} included."`
	Variables   map[string]any `json:"variables" doc:"Values for the variables of the document."`
	Operation   string         `json:"operation" doc:"Which operation to run, when the document holds several."`
	Partial     bool           `json:"partial" doc:"Take data even if there are errors too."`
	Idempotency bool           `json:"idempotency" doc:"Send an Idempotency-Key that stays the same when the step is repeated. Set it only if the service honours the key."`
	options
}

type graphqlOut struct {
	Data       any   `json:"data" doc:"The data."`
	Errors     []any `json:"errors" doc:"Errors beside the data, when partial is set."`
	Extensions any   `json:"extensions" doc:"What the service adds, such as cost."`
}

// effect looks for a mutation in the document, leaving strings and comments
// out of account only as far as that errs on the safe side.
func (in graphqlIn) effect() node.Effect {
	for _, w := range strings.FieldsFunc(in.Document, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
	}) {
		if w == "mutation" || w == "subscription" {
			if in.Idempotency {
				return node.Idempotent
			}
			return node.Once
		}
	}
	return node.Read
}

func graphql(ctx context.Context, env *node.Env, in graphqlIn) (graphqlOut, error) {
	c, err := newCall(ctx, env, in.options, http.MethodPost, in.URL)
	if err != nil {
		return graphqlOut{}, err
	}
	defer c.done()
	if len(in.Expect) == 0 {
		// Errors come with 4xx and JSON as well.
		c.expect = statuses{{200, 299}, {400, 400}, {422, 422}}
	}
	c.token = in.Idempotency
	c.repeat = in.effect() != node.Once
	c.header = map[string]string{"Accept": "application/graphql-response+json, application/json"}
	body := map[string]any{"query": in.Document}
	if in.Variables != nil {
		body["variables"] = in.Variables
	}
	if in.Operation != "" {
		body["operationName"] = in.Operation
	}
	if c.body, err = (bodyParams{BodyKind: "json", Body: body}).payload(ctx, env); err != nil {
		return graphqlOut{}, err
	}
	res, err := c.do(ctx)
	if err != nil {
		return graphqlOut{}, err
	}
	v, err := value.Parse([]byte(decodeText(res.body, "")))
	m, ok := v.(map[string]any)
	if err != nil || !ok || m["data"] == nil && m["errors"] == nil {
		if res.status/100 != 2 {
			return graphqlOut{}, answered(c.what, res, c.mask)
		}
		return graphqlOut{}, node.Fail(node.KindHTTP, c.what+": the answer is not that of a GraphQL service", "check the URL")
	}
	out := graphqlOut{Data: m["data"], Extensions: m["extensions"]}
	out.Errors, _ = m["errors"].([]any)
	if len(out.Errors) == 0 || in.Partial && out.Data != nil {
		return out, nil
	}
	f := node.Fail(node.KindHTTP, c.mask(fmt.Sprintf("%s: %s", c.what, firstMessage(out.Errors))), "look at details.errors; values belong into variables")
	f.Code, f.Permanent = "graphql", res.status/100 == 4
	f.Details = map[string]any{"status": res.status, "errors": out.Errors, "data": out.Data}
	return graphqlOut{}, f
}

func firstMessage(errs []any) string {
	msg := "the service reports an error"
	if m, ok := errs[0].(map[string]any); ok {
		if s, ok := m["message"].(string); ok && s != "" {
			msg = excerpt([]byte(s))
		}
	}
	if len(errs) > 1 {
		msg += fmt.Sprintf(" (and %d more)", len(errs)-1)
	}
	return msg
}
