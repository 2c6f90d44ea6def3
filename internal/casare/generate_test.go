package casare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/aether-rpa/aether/flow"
)

// generate makes a workflow of n nodes: any types, wired to the nodes after
// them at any of their ports, with loops, tries and forks around parts.
func generate(r *rand.Rand, n int) []byte {
	types := slices.Sorted(maps.Keys(catalog()))
	nodes := map[string]any{"start": map[string]any{"node_type": "StartNode"}}
	ids := []string{"start"}
	kinds := map[string]*kind{"start": catalog()["StartNode"]}
	var wires []any
	link := func(a, p, b, q string) {
		wires = append(wires, map[string]any{"source_node": a, "source_port": p, "target_node": b, "target_port": q})
	}
	add := func(typ string, config map[string]any) string {
		id := fmt.Sprintf("n%d", len(ids))
		nodes[id] = map[string]any{"node_id": id, "node_type": typ, "config": config, "position": []any{len(ids) * 10, 5}}
		ids = append(ids, id)
		kinds[id] = catalog()[typ]
		return id
	}
	for len(ids) < n {
		k := catalog()[types[r.IntN(len(types))]]
		config := map[string]any{}
		for _, p := range k.Props {
			if r.IntN(3) == 0 {
				config[p.Name] = []any{"text {{n3.result}} {{v}} {item}", "{{v}}", 7, true, []any{1, "{{item}}"}, map[string]any{"a": "{{n1}}"}, "{{x} > 5 and (", nil, "$currentDate {{$currentDate}}"}[r.IntN(9)]
			}
		}
		at := ids[max(0, len(ids)-1-r.IntN(min(len(ids), 6)))]
		id := add(k.Type, config)
		ports := append([]string{"exec_out"}, kinds[at].Exec...)
		if r.IntN(8) > 0 {
			link(at, ports[r.IntN(len(ports))], id, "exec_in")
		}
		if r.IntN(4) == 0 && len(ids) > 3 { // another way to the same node
			link(ids[r.IntN(len(ids)-1)], "exec_out", id, "exec_in")
		}
		if len(k.In) > 0 && r.IntN(2) == 0 {
			from := ids[r.IntN(len(ids)-1)]
			port := "result"
			if outs := kinds[from].Out; len(outs) > 0 {
				port = outs[r.IntN(len(outs))][0]
			}
			link(from, port, id, k.In[r.IntN(len(k.In))][0])
		}
		switch k.Type {
		case "ForLoopStartNode", "WhileLoopStartNode":
			body := add("SetVariableNode", map[string]any{"variable_name": "v", "value": "{{item}}"})
			end := add(map[string]string{"ForLoopStartNode": "ForLoopEndNode", "WhileLoopStartNode": "WhileLoopEndNode"}[k.Type], map[string]any{"paired_start_id": id})
			link(id, "body", body, "exec_in")
			link(body, "exec_out", end, "exec_in")
		case "TryNode":
			c := add("CatchNode", map[string]any{"paired_try_id": id})
			link(id, "try_body", add("ThrowErrorNode", nil), "exec_in")
			link(c, "catch_body", add("LogNode", map[string]any{"message": "{{" + c + ".error_message}}"}), "exec_in")
		}
	}
	src, err := json.Marshal(map[string]any{"metadata": map[string]any{"name": "generated"}, "nodes": nodes, "connections": wires, "variables": map[string]any{"v": map[string]any{"type": "Integer", "default_value": 1}, "w": []any{1}}})
	if err != nil {
		panic(err)
	}
	return src
}

// TestGenerated converts workflows of any types and wires: each gives a valid
// flow that is the same when it is printed and read again, and the same every
// time.
func TestGenerated(t *testing.T) {
	count, size := 60, 80
	if os.Getenv("AETHER_IMPORT_SCALE") != "" {
		count, size = 1000, 500
	}
	var took []time.Duration
	for seed := range count {
		src := generate(rand.New(rand.NewPCG(uint64(seed), 7)), size)
		began := time.Now()
		f, report, err := Convert(src, Options{})
		took = append(took, time.Since(began))
		if err != nil {
			t.Fatalf("seed %d: %v\n%.3000s", seed, err, src)
		}
		text, err := f.YAML()
		if err != nil {
			t.Fatal(err)
		}
		back, err := flow.Decode(text)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		again, err := back.YAML()
		if err != nil || !bytes.Equal(text, again) || back.Digest() != f.Digest() {
			t.Fatalf("seed %d: printing it again gives another text (%v)", seed, err)
		}
		if seed%20 == 0 {
			f2, _, err := Convert(src, Options{})
			if err != nil || f2.Digest() != f.Digest() {
				t.Fatalf("seed %d: converting it again gives another flow (%v)", seed, err)
			}
		}
		for _, e := range report.Nodes {
			if e.Status == Missing && len(e.Notes) == 0 {
				t.Errorf("seed %d: %s (%s) is missing without a reason", seed, e.ID, e.Type)
			}
		}
	}
	slices.Sort(took)
	t.Logf("%d workflows of %d nodes: median %v, slowest %v", count, size, took[len(took)/2], took[len(took)-1])
}

// TestGeneratedOnceWrong converts large workflows that once gave a flow that
// was not valid.
func TestGeneratedOnceWrong(t *testing.T) {
	for _, seed := range []uint64{427, 887} {
		if _, _, err := Convert(generate(rand.New(rand.NewPCG(seed, 7)), 500), Options{}); err != nil {
			t.Errorf("seed %d: %.500v", seed, err)
		}
	}
}

func FuzzConvert(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		src, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		if len(src) < 3000 {
			f.Add(src)
		}
	}
	f.Add([]byte(`{"nodes":[{"id":1,"type":"If"},{"type":"ForLoopStart"}],"connections":[{"out":[1,"true"],"in":["node_2","exec_in"]}]}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		if len(src) > 1<<16 {
			return
		}
		_ = Is(src)
		fl, _, err := Convert(src, Options{})
		if err != nil {
			return
		}
		if _, err := fl.YAML(); err != nil {
			t.Error(err)
		}
	})
}

func FuzzPython(f *testing.F) {
	for _, s := range []string{"{{x}} > 5 and not y in ['a', \"b\"]", "a if b else c[1:2].upper()", "f(1, {'a': [2]}) ** -3 // 4 is not None", "'{{name}}' == 'bob'", "((((", "x < y <= z"} {
		f.Add(s)
	}
	w := &workflow{byID: map[string]*step{}, vars: []variable{{name: "x"}, {name: "y"}, {name: "name"}}}
	f.Fuzz(func(t *testing.T, text string) {
		c := newConverter(w, Options{}, nil)
		c.findVars()
		v := c.condition(text, nil)
		if v.code == "" {
			return
		}
		if _, ok := fold("if_error(" + v.code + ", false)"); !ok && !bytes.Contains([]byte(v.code), []byte("inputs.")) && !bytes.Contains([]byte(v.code), []byte("vars.")) && !bytes.Contains([]byte(v.code), []byte("run.")) {
			t.Errorf("%q became %q, which is no expression", text, v.code)
		}
	})
}

// BenchmarkConvert shows how the time grows with the size of a workflow.
func BenchmarkConvert(b *testing.B) {
	for _, size := range []int{125, 250, 500, 1000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			src := generate(rand.New(rand.NewPCG(3, 7)), size)
			for b.Loop() {
				if _, _, err := Convert(src, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
