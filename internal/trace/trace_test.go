package trace_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/artifact/disk"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/run"
	"github.com/aether-rpa/aether/internal/trace"
)

func put(t *testing.T, s artifact.Store, text string) string {
	t.Helper()
	digest, _, err := s.Put(t.Context(), func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	if err != nil {
		t.Fatal(err)
	}
	return digest
}

// What is kept of a run is listed in the order of its steps; of a node that was done again, as it went the last time.
func TestList(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, target dbtest.Target) {
		s := run.NewStore(dbtest.Open(t, target), nil)
		var events []run.Event
		for i, e := range []struct {
			kind, path string
			data       trace.Entry
		}{
			{"node_started", "a", trace.Entry{}}, {trace.Kind, "a", trace.Entry{Node: "a", Step: "1"}}, {trace.Kind, "b", trace.Entry{Node: "b", Step: "2"}},
			{trace.Kind, "b", trace.Entry{Node: "b", Step: "3", Try: 2}}, {trace.Kind, "a", trace.Entry{Node: "a", Step: "4", Before: "x", Files: []string{"y"}}},
		} {
			data, err := json.Marshal(e.data)
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, run.Event{Run: "r", Seq: int64(i + 1), Kind: e.kind, Path: e.path, At: time.UnixMilli(int64(i)), Data: data})
		}
		if err := s.AddEvents(t.Context(), events); err != nil {
			t.Fatal(err)
		}
		list, err := trace.List(t.Context(), s, "r")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range list {
			got = append(got, e.Path+":"+e.Step)
		}
		if want := "a:4 b:2 b:3"; strings.Join(got, " ") != want {
			t.Errorf("the list is %v, want %s", got, want)
		}
		if d := strings.Join(list[0].Digests(), " "); d != "4 x y" {
			t.Errorf("its artifacts are %s", d)
		}
	})
}

// A page is one document with all that it needs, and lets a browser load nothing else.
func TestDocument(t *testing.T) {
	s := disk.Open(t.TempDir())
	css, dot := put(t, s, "h1 { color: red }"), put(t, s, "GIF89a")
	gone := strings.Repeat("0", 64)
	html := put(t, s, `<!doctype html><html lang="en"><head><link rel="stylesheet" href="artifact:`+css+`"></head><body><img src="artifact:`+dot+`"><img src="artifact:`+gone+`"><iframe srcdoc="&lt;img src=&#34;artifact:`+dot+`&#34;&gt;"></iframe></body></html>`)
	step := &trace.Step{Files: map[string]string{css: "text/css", dot: "image/gif"}, After: &trace.Page{HTML: html}}
	doc, err := trace.Document(t.Context(), s, step, step.After)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`<!doctype html><html lang="en"><head><meta http-equiv="Content-Security-Policy" content="default-src 'none';`,
		`<link rel="stylesheet" href="data:text/css;charset=utf-8;base64,aDEgeyBjb2xvcjogcmVkIH0=">`, `<img src="data:image/gif;base64,R0lGODlh">`, `srcdoc="&lt;img src=&#34;data:image/gif;base64,R0lGODlh&#34;&gt;"`,
	} {
		if !strings.Contains(doc, want) {
			t.Errorf("the document lacks %s:\n%s", want, doc)
		}
	}
	if strings.Contains(doc, "artifact:") {
		t.Errorf("the document names files outside of it:\n%s", doc)
	}
}
