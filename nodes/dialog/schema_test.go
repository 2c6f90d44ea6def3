package dialog

import (
	"slices"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/question"
)

// A schema makes fields, what is needed first; proposals are filled in and are no defaults.
func TestSchemaAndProposals(t *testing.T) {
	schema := params{
		"type": "object", "required": []any{"total", "supplier"},
		"properties": params{
			"due": params{"type": "string", "format": "date"}, "supplier": params{"type": "string", "title": "Supplier", "minLength": int64(1)},
			"total": params{"type": "number", "minimum": int64(0)}, "kind": params{"enum": []any{"goods", "work"}, "default": "goods"},
			"tags": params{"type": "array", "items": params{"enum": []any{"a", "b"}}}, "paid": params{"type": "boolean"},
		},
	}
	w, err := route(t, "dialog.form", params{"schema": schema, "propose": params{"supplier": "Nordwind", "total": 12.5}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range w.Ask.Fields {
		got = append(got, f.Name+" "+f.Type)
	}
	if want := []string{"supplier text", "total number", "due date", "kind choice", "paid bool", "tags choices"}; !slices.Equal(got, want) {
		t.Errorf("fields: %v, want %v", got, want)
	}
	if f := w.Ask.Field("supplier"); f.Label != "Supplier" || !f.Required || f.Proposed != "Nordwind" || f.Default != nil {
		t.Errorf("supplier: %+v", f)
	}
	if _, err := w.Ask.Accept(question.Answer{}); err == nil {
		t.Error("a proposal counts without anybody sending it")
	}
	if a, err := w.Ask.Proposing().Accept(question.Answer{}); err != nil || a.Values["supplier"] != "Nordwind" || a.Values["total"] != 12.5 {
		t.Errorf("as it is proposed: %v %v", err, a.Values)
	}
	for name, p := range map[string]params{
		"of type":      {"schema": params{"type": "object", "properties": params{"x": params{"type": "object"}}}},
		"fills in an":  {"schema": params{"type": "array"}},
		"no prop":      {"schema": params{"type": "object"}},
		"no field of":  {"schema": schema, "propose": params{"other": 1}},
		"without an e": {"schema": params{"properties": params{"x": params{"type": "array"}}}},
	} {
		if _, err := route(t, "dialog.form", p); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
