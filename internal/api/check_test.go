package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/run"
)

type checkedText struct {
	Digest   string
	Flow     json.RawMessage
	SameAs   []string `json:"same_as"`
	Valid    bool
	Problems []struct {
		Severity, Rule, Node, Path, Message, Remedy, File string
		Line, Column, At                                  int
		Fix                                               *struct {
			Title string
			Edits []struct {
				From, To int
				Text     string
			}
		}
	}
}

func (s *site) check(body map[string]any) (c checkedText) {
	s.Helper()
	s.want(200, auth.Viewer, "POST", "/flows/check", body, &c)
	return c
}

func TestCheckFlow(t *testing.T) {
	each(t, func(s *site) {
		digest := s.push()
		c := s.check(map[string]any{"text": greet + "# a comment\nview: {x: 1}\n", "name": "greet"})
		if c.Digest != digest || !c.Valid || len(c.Problems) != 0 || fmt.Sprint(c.SameAs) != "[draft "+digest+"]" || !strings.Contains(string(c.Flow), "flow.log") {
			s.Errorf("the same flow: %+v", c)
		}
		if c = s.check(map[string]any{"text": strings.Replace(greet, "Hello", "Bye", 1), "name": "greet"}); c.Digest == digest || len(c.SameAs) != 0 {
			s.Errorf("another: %+v", c)
		}
		// Places and fixes count as JavaScript does.
		text := strings.Replace(greet, "flow.log", "flow.lgo", 1)
		text = strings.Replace(text, "- {id: say,", "- {title: 🙂é, id: say,", 1)
		c = s.check(map[string]any{"text": text})
		if len(c.Problems) != 1 || c.Problems[0].Fix == nil || c.Valid || c.Problems[0].Node != "say" {
			s.Fatalf("a wrong type: %+v", c)
		}
		p, chars := c.Problems[0], utf16.Encode([]rune(text))
		e := p.Fix.Edits[0]
		if got := string(utf16.Decode(chars[e.From:e.To])); got != "flow.lgo" || e.Text != "flow.log" || p.At != e.From || p.Line != 5 {
			s.Errorf("the fix replaces %q: %+v", got, p)
		}
		// It keeps nothing.
		var list struct{ Items []run.Version }
		s.want(200, auth.Viewer, "GET", "/flows/greet/versions", nil, &list)
		if len(list.Items) != 1 {
			s.Errorf("%d versions", len(list.Items))
		}
	})
}

func TestCheckHostileText(t *testing.T) {
	each(t, func(s *site) {
		for _, text := range []string{
			"", " ", "{", "{}", "[]", "null", "- a", "aether: 1", "aether: 1\nname: x\nnodes: [{", "%YAML 1.2\n---\n", "a: &a [*a]", "a: *b",
			strings.Repeat("[", 5000), strings.Repeat("- ", 5000), "a: &a [1,1]\nb: &b [*a,*a]\nc: [*b,*b]", "aether: 2\nname: x\n", "\ufeff", "\ufeffaether: 1\nnmae: x\n",
			"aether: 1\nname: <script>alert(1)</script>\nnodes:\n- {id: a, type: '<img src=x onerror=alert(1)>'}\n",
			"aether: 1\nname: x\nnodes:\n- {id: a, type: flow.call, params: {flow: /etc/passwd}}\n",
			"aether: 1\nname: x\nnodes:\n- {id: a, type: flow.call, params: {flow: ../../../../../../etc/passwd}}\n",
			"aether: 1\nname: x\nnodes:\n- {id: a, type: flow.call, params: {flow: 'version:none'}}\n",
			`{"aether": 1, "name": "x", "nodes": [{"id": "a", "type": "flow.log", "params": {"message": "{{ 1 + "}}]}`,
		} {
			c := s.check(map[string]any{"text": text})
			if len(c.Problems) == 0 || c.Valid {
				s.Errorf("%.80q is valid", text)
			}
			for _, p := range c.Problems {
				if p.Message == "" || strings.Contains(p.Message, "root:") || strings.Contains(p.Message, "/tmp/") {
					s.Errorf("%.80q: %+v", text, p)
				}
			}
		}
		for _, body := range []map[string]any{{}, {"text": 1}, {"text": "x\x00"}, {"text": greet, "bogus": 1}, {"text": greet, "file": "../x.yaml"}, {"text": greet, "files": map[string]string{"/etc/x": greet}}} {
			s.want(422, auth.Viewer, "POST", "/flows/check", body, nil)
		}
	})
}

// What a version called is called by the text that was made from it, and a flow
// may be called by its name.
func TestCalledVersions(t *testing.T) {
	each(t, func(s *site) {
		main := "aether: 1\nname: main\nnodes:\n- {id: sub, type: flow.call, params: {flow: lib/greet.yaml, inputs: {who: Ada}}}\n"
		push := func(status int, body map[string]any) (info run.FlowInfo) {
			s.Helper()
			s.want(status, auth.Developer, "POST", "/flows", body, &info)
			return info
		}
		first := push(200, map[string]any{"files": map[string]string{"main.yaml": main, "lib/greet.yaml": greet}, "main": "main.yaml"})
		edited := strings.Replace(main, "Ada", "Eve", 1)
		if c := s.check(map[string]any{"text": edited, "name": "main"}); c.Valid {
			s.Errorf("called from nowhere: %+v", c)
		}
		if c := s.check(map[string]any{"text": edited, "name": "main", "base": first.Draft}); !c.Valid {
			s.Errorf("called as before: %+v", c)
		}
		second := push(200, map[string]any{"files": map[string]string{"main.yaml": edited}, "main": "main.yaml", "base": first.Draft})
		before, err := s.runs.Pins(s.Context(), first.Draft)
		if err != nil {
			s.Fatal(err)
		}
		after, err := s.runs.Pins(s.Context(), second.Draft)
		if err != nil || len(after) != 1 || after[second.Draft+":lib/greet.yaml"] != before[first.Draft+":lib/greet.yaml"] {
			s.Errorf("%v: pins %v, before %v", err, after, before)
		}
		greeting := s.push()
		byName := strings.Replace(main, "lib/greet.yaml", "greet", 1)
		third := push(200, map[string]any{"files": map[string]string{"main.yaml": byName}, "main": "main.yaml"})
		if pins, err := s.runs.Pins(s.Context(), third.Draft); err != nil || pins[third.Draft+":greet"] != greeting {
			s.Errorf("%v: pins %v", err, pins)
		}
		// What is wrong with how it is called is told.
		if c := s.check(map[string]any{"text": strings.Replace(byName, "who: Ada", "whom: Ada", 1)}); c.Valid || len(c.Problems) != 1 {
			s.Errorf("called wrongly: %+v", c)
		}
	})
}

func TestPushes(t *testing.T) {
	each(t, func(s *site) {
		push := func(status int, text, message string, headers ...string) (info run.FlowInfo) {
			s.Helper()
			s.want(status, auth.Developer, "POST", "/flows", map[string]any{"files": map[string]string{"greet.flow.yaml": text}, "main": "greet.flow.yaml", "message": message}, &info, headers...)
			return info
		}
		one := "# why it is there\n" + greet
		first := push(200, one, "The beginning")
		push(200, one, "Once more") // the same text is no new push
		var text struct{ Text, File, Author, Message, Tag, Digest string }
		s.want(200, auth.Viewer, "GET", "/flows/greet/versions/draft", nil, &text)
		if text.Text != one || text.File != "greet.flow.yaml" || text.Author != "developer" || text.Message != "The beginning" || text.Tag != fmt.Sprintf("%s.%d", first.Draft, first.Revision) {
			s.Errorf("text: %+v", text)
		}
		// Another layout of the same version is another push, and who has not seen it
		// does not write over it.
		laid := push(200, "# moved\n"+one, "", "If-Match", `"`+text.Tag+`"`)
		if laid.Draft != first.Draft || laid.Revision <= first.Revision {
			s.Errorf("another layout: %+v", laid)
		}
		push(412, greet, "", "If-Match", `"`+text.Tag+`"`)
		two := strings.Replace(one, "Hello", "Bye", 1)
		second := push(200, two, "Says bye", "If-Match", `"`+laid.Draft+`"`)
		push(412, one, "", "If-Match", `"`+first.Draft+`"`)
		restored := push(200, one, "Back to hello", "If-Match", fmt.Sprintf(`"%s.%d"`, second.Draft, second.Revision))
		if restored.Draft != first.Draft {
			s.Errorf("restored: %+v", restored)
		}
		var list struct {
			Items []run.Push
			Next  string
		}
		s.want(200, auth.Viewer, "GET", "/flows/greet/pushes?limit=3", nil, &list)
		if len(list.Items) != 3 || list.Items[0].Message != "Back to hello" || list.Items[0].Author != "developer" || list.Items[1].Digest != second.Draft || list.Next == "" {
			s.Errorf("pushes: %+v", list)
		}
		oldest := list
		s.want(200, auth.Viewer, "GET", "/flows/greet/pushes?cursor="+list.Next, nil, &oldest)
		if len(oldest.Items) != 1 || oldest.Items[0].Message != "The beginning" {
			s.Errorf("the page behind: %+v", oldest)
		}
		text.Message = ""
		s.want(200, auth.Viewer, "GET", fmt.Sprintf("/flows/greet/pushes/%d", laid.Revision), nil, &text)
		if text.Text != "# moved\n"+one || text.Message != "" {
			s.Errorf("the second push: %+v", text)
		}
		var versions struct{ Items []run.Version }
		s.want(200, auth.Viewer, "GET", "/flows/greet/versions", nil, &versions)
		if len(versions.Items) != 2 || versions.Items[0].Author == "" {
			s.Errorf("versions: %+v", versions)
		}
		s.want(404, auth.Viewer, "GET", "/flows/none/pushes", nil, nil)
		s.want(404, auth.Viewer, "GET", "/flows/greet/pushes/99999", nil, nil)
		s.want(422, auth.Viewer, "GET", "/flows/greet/pushes/x", nil, nil)
		push(422, two, strings.Repeat("x", 2001))
	})
}

func TestNodeCatalog(t *testing.T) {
	each(t, func(s *site) {
		code, b, h := s.ask(auth.Viewer, "GET", "/api/v1/nodes", nil)
		var c struct {
			Nodes []struct {
				Type, Title, Doc, Effect, Family string
				Ports                            []struct{ Name string }
				Input                            []struct {
					Name, Doc, Kind string
					Required        bool
				}
				Examples []struct{ Text string }
			}
			Families, Functions, Roots []struct{ Name, Doc string }
		}
		if err := json.Unmarshal(b, &c); err != nil || code != 200 || len(c.Nodes) < 600 || len(c.Families) < 30 || len(c.Functions) < 100 || len(c.Roots) < 5 {
			s.Fatalf("%d: %v, %d node types", code, err, len(c.Nodes))
		}
		for _, n := range c.Nodes {
			if n.Title == "" || n.Doc == "" || n.Effect == "" || n.Ports == nil || n.Input == nil {
				s.Errorf("%+v", n)
			}
		}
		if h.Get("ETag") == "" || strings.Contains(h.Get("Cache-Control"), "no-store") {
			s.Errorf("headers: %v", h)
		}
		if code, b, _ := s.ask(auth.Viewer, "GET", "/api/v1/nodes", nil, "If-None-Match", h.Get("ETag")); code != 304 || len(b) != 0 {
			s.Errorf("again: %d, %d bytes", code, len(b))
		}
		s.Logf("the catalog has %d KiB", len(b)>>10)
	})
}
