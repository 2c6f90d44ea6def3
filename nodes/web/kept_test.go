package web_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/workspace"
)

// What frames and shadow roots hold is put back; what cannot be, such as files, edited text, and a window that another
// page waits for, is said to be lost rather than left out.
func TestWhatIsKept(t *testing.T) {
	url := serve(t, map[string]string{
		"/frame":  `<h1>Frame</h1><iframe src="/inner" name=left></iframe><iframe src="/inner" name=right></iframe>`,
		"/inner":  `<label>Name <input></label>`,
		"/shadow": `<h1>Shadow</h1><div id=h></div><script>h.attachShadow({mode:'closed'}).innerHTML='<label>Name <input></label>'</script>`,
		"/file":   `<h1>File</h1><label>Paper <input type=file></label>`,
		"/editor": `<h1>Editor</h1><div contenteditable role=textbox aria-label=Text>old</div>`,
		"/opener": `<h1>Opener</h1><button onclick="window.open('/window')">Choose</button>`,
		"/window": `<h1>Window</h1><button>Take</button>`,
		"/link":   `<h1>Link</h1><a href="/window" target=_blank>More</a>`,
	})
	dir := t.TempDir()
	paper := filepath.Join(dir, "paper.txt")
	if err := os.WriteFile(paper, []byte("words"), 0o600); err != nil {
		t.Fatal(err)
	}
	roots, err := workspace.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	inner := map[string]any{"queries": "label=Name", "frame": []any{"css=iframe[name=right]"}}
	for page, c := range map[string]struct {
		act    string
		params map[string]any
		read   string // of what is kept, "" if it is lost
		target any
		want   string
	}{
		"frame":  {"web.fill", map[string]any{"target": inner, "value": "Ada"}, "web.get_value", inner, "Ada"},
		"shadow": {"web.fill", map[string]any{"target": "label=Name", "value": "Ada"}, "web.get_value", "label=Name", "Ada"},
		"link":   {"web.click", map[string]any{"target": "text=More", "new_tab": true}, "web.get_text", "h1", "Window"},
		"file":   {"web.upload", map[string]any{"target": "label=Paper", "files": []any{paper}}, "", "", ""},
		"editor": {"web.fill", map[string]any{"target": "label=Text", "value": "new"}, "", "", ""},
		"opener": {"web.click", map[string]any{"target": "text=Choose", "new_tab": true}, "", "", ""},
	} {
		t.Run(page, func(t *testing.T) {
			first := resumed(t, env(t), nil)
			first.Files = roots
			run(t, first, "web.goto", map[string]any{"url": url + "/" + page})
			run(t, first, c.act, c.params)
			states, err := first.Sessions.Changed(t.Context())
			if err != nil || len(states) != 1 {
				t.Fatalf("%d states, %v", len(states), err)
			}
			e := resumed(t, first, states)
			if c.read == "" {
				if f := fails(t, e, "web.get_text", map[string]any{"target": "h1"}); f.Kind != node.KindSession {
					t.Errorf("it goes on: %+v", f)
				}
				return
			}
			out := run(t, e, c.read, map[string]any{"target": c.target})
			if got := out[map[string]string{"web.get_value": "value", "web.get_text": "text"}[c.read]]; got != c.want {
				t.Errorf("it holds %v", got)
			}
		})
	}
}
