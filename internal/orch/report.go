package orch

import (
	"context"
	"encoding/json"
	"io"

	"github.com/aether-rpa/aether/internal/report"
	"github.com/aether-rpa/aether/internal/trace"
)

// Report writes all that people may want to see of a run as one document of HTML that needs nothing else.
func (o *Orch) Report(ctx context.Context, id string, w io.Writer) error {
	doc, err := o.Export(ctx, id)
	if err != nil {
		return err
	}
	s := &report.Source{Run: doc.Run, Flow: doc.Flow, Events: doc.Events, Records: map[string]json.RawMessage{}, Artifacts: o.Artifacts, Made: o.Now()}
	for _, r := range doc.Records {
		s.Records[r.Name] = r.Data
	}
	for _, c := range doc.Called {
		if text, ok := c.(json.RawMessage); ok {
			s.Called = append(s.Called, text)
		}
	}
	if s.Traces, err = trace.List(ctx, o.Runs, doc.Run.ID); err != nil {
		return err
	}
	return s.Write(ctx, w)
}
