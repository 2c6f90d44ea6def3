package check_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/flow"
	"github.com/aether-rpa/aether/internal/check"
	"github.com/aether-rpa/aether/node"
	_ "github.com/aether-rpa/aether/nodes/flowctl"
	_ "github.com/aether-rpa/aether/nodes/variable"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

var update = flag.Bool("update", false, "rewrite the expected problems")

type readIn struct {
	Path    string         `json:"path" is:"required" doc:"File to read."`
	Mode    string         `json:"mode" default:"text" enum:"text,lines,bytes" doc:"How to read it."`
	Limit   int            `json:"limit" default:"10" min:"1" max:"100" doc:"How much to read."`
	Pause   time.Duration  `json:"pause" min:"0" doc:"How long to wait."`
	Rate    float64        `json:"rate" doc:"A rate."`
	Strict  bool           `json:"strict" doc:"Whether to be strict."`
	Parts   []string       `json:"parts" enum:"head,body" doc:"What to read."`
	Rows    value.Rows     `json:"rows" doc:"Rows to go with it."`
	Options map[string]int `json:"options" doc:"Numbers by name."`
	Columns []column       `json:"columns" doc:"Columns to read."`
	Extra   any            `json:"extra" doc:"Anything."`
	Code    string         `json:"code" is:"raw" doc:"Source text."`
}

type column struct {
	Name  string `json:"name" is:"required" doc:"Name of the column."`
	Width int    `json:"width" default:"8" min:"1" doc:"Its width."`
}

type readOut struct {
	Text string           `json:"text" doc:"What was read."`
	Size int              `json:"size" doc:"How much it was."`
	Rows []any            `json:"rows" doc:"Rows."`
	Info column           `json:"info" doc:"About it."`
	All  []column         `json:"all" doc:"About all."`
	By   map[string]any   `json:"by" doc:"By name."`
	Any  any              `json:"any" doc:"Anything."`
	More map[string][]any `json:"more" doc:"Lists by name."`
}

type sendIn struct {
	To       string       `json:"to" is:"required" doc:"Who gets it."`
	Password vault.Secret `json:"password" doc:"Password of the account."`
	Key      string       `json:"idempotency_key" doc:"What tells repetitions apart."`
	Method   string       `json:"method" default:"POST" doc:"GET reads, POST sends."`
}

type whereIn struct {
	List  []any     `json:"list" is:"required" doc:"What to go through."`
	Where node.Lazy `json:"where" locals:"item,index" doc:"Which items."`
}

type none struct{}

func registry(t testing.TB) *node.Registry {
	t.Helper()
	var defs []*node.Def
	add := func(d *node.Def, err error) {
		if err != nil {
			t.Fatal(err)
		}
		defs = append(defs, d)
	}
	add(node.DefOf(node.Spec[readIn, readOut]{
		Type: "test.read", Title: "Read", Doc: "Reads.", Effect: node.Read, Aliases: []string{"test.load"},
		Check: func(in readIn) error {
			if in.Mode == "bytes" && in.Strict {
				return errors.New("strict does not go with mode bytes")
			}
			return nil
		},
		Run: func(context.Context, *node.Env, readIn) (readOut, error) { return readOut{}, nil },
	}))
	add(node.DefOf(node.Spec[sendIn, none]{
		Type: "test.send", Title: "Send", Doc: "Sends.", Effect: node.Once,
		EffectOf: func(in sendIn) node.Effect {
			if in.Method == "GET" {
				return node.Read
			}
			return node.Once
		},
		Run: func(context.Context, *node.Env, sendIn) (none, error) { return none{}, nil },
	}))
	add(node.DefOf(node.Spec[whereIn, readOut]{
		Type: "test.where", Title: "Where", Doc: "Computes.", Effect: node.Pure,
		Run: func(context.Context, *node.Env, whereIn) (readOut, error) { return readOut{}, nil },
	}))
	return node.Default.With(defs...)
}

func TestRules(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	reg := registry(t)
	seen := map[string]bool{}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			parts := split(string(text))
			src := parts["flow.yaml"]
			if src == nil {
				src = parts["flow.json"]
			}
			f, err := flow.Decode(src)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, p := range check.Flow(f, reg, check.Options{Lookup: lookup(parts)}) {
				seen[p.Rule] = true
				fmt.Fprintf(&got, "[%s] %s\n", p.Rule, p)
			}
			if *update {
				head, _, _ := strings.Cut(string(text), "-- problems --\n")
				if err := os.WriteFile(file, []byte(head+"-- problems --\n"+got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := string(parts["problems"]); got.String() != want {
				t.Errorf("got\n%s\nwant\n%s", got.String(), want)
			}
		})
	}
	known := map[string]bool{}
	for _, r := range check.Rules {
		known[r.Name] = true
		if !seen[r.Name] && r.Name != check.DuplicateID && r.Name != check.TooDeep {
			t.Errorf("no file in testdata shows the rule %s", r.Name)
		}
	}
	for name := range seen {
		if !known[name] {
			t.Errorf("the rule %s is not in Rules", name)
		}
	}
}

// split reads the txtar format: files after lines such as -- name --.
func split(text string) map[string][]byte {
	parts := map[string][]byte{}
	name := ""
	for line := range strings.Lines(text) {
		if n, ok := strings.CutPrefix(line, "-- "); ok && strings.HasSuffix(n, " --\n") {
			name = strings.TrimSuffix(n, " --\n")
			continue
		}
		parts[name] = append(parts[name], line...)
	}
	return parts
}

func lookup(parts map[string][]byte) func(string) (*flow.Flow, error) {
	return func(ref string) (*flow.Flow, error) {
		src, ok := parts[ref]
		if !ok {
			return nil, fmt.Errorf("there is no file %s", ref)
		}
		return flow.Decode(src)
	}
}
