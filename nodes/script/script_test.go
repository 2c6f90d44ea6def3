package script_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/aether-rpa/aether/internal/worker"
	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	_ "github.com/aether-rpa/aether/nodes/script"
	"github.com/aether-rpa/aether/value"
)

// pythonDir is the folder of the interpreter itself: what PATH names may be a
// slow script that chooses one.
var pythonDir = sync.OnceValue(func() string {
	out, err := exec.Command("python3", "-c", "import sys; print(sys.executable)").Output()
	if err != nil {
		return "/usr/bin"
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
})

// TestMain lets the test binary be the worker.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "script-worker" {
		os.Exit(worker.Main(os.Stdin, os.Stdout))
	}
	os.Exit(m.Run())
}

func newEnv(t *testing.T) *node.Env {
	t.Helper()
	env := nodetest.Env(t)
	env.Environ = append(env.Environ, "PATH="+pythonDir()+string(filepath.ListSeparator)+os.Getenv("PATH"))
	env.Worker = worker.NewRunner(worker.Config{Path: os.Args[0], Args: []string{"script-worker"}, Env: []string{"GORACE=atexit_sleep_ms=0"}})
	return env
}

func TestExamples(t *testing.T) { nodetest.Examples(t, "script") }

// TestWorkerExamples runs the examples that need a worker.
func TestWorkerExamples(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"script.javascript", "script.jq"} {
		d := node.Default.Get(typ)
		for _, e := range d.Examples {
			in := map[string]any{}
			v := reflect.ValueOf(e.In)
			for _, f := range d.In.Fields {
				if x := f.In(v); !x.IsZero() {
					in[f.Name] = x.Interface()
				}
			}
			got, err := nodetest.Run(t, newEnv(t), typ, in)
			if err != nil {
				t.Errorf("%s/%s: %v", typ, e.Title, err)
				continue
			}
			want, err := d.Out.Values(reflect.ValueOf(e.Out))
			if err != nil {
				t.Fatal(err)
			}
			if !value.Equal(got, want) {
				t.Errorf("%s/%s: got %v, want %v", typ, e.Title, got, want)
			}
		}
	}
}

func runErr(t *testing.T, typ string, params map[string]any, kind, text string) *node.Failure {
	t.Helper()
	_, err := nodetest.Run(t, newEnv(t), typ, params)
	if err == nil {
		t.Fatalf("%s %v: got no error", typ, params)
	}
	f := node.AsFailure(err)
	if f.Kind != kind || !strings.Contains(err.Error(), text) {
		t.Errorf("%s %v: got %s %v, want %s %q", typ, params, f.Kind, err, kind, text)
	}
	return f
}

func TestJavaScript(t *testing.T) {
	t.Parallel()
	runErr(t, "script.javascript", map[string]any{"code": "\n nope()"}, node.KindError, "line 2, column 6: ReferenceError")
	runErr(t, "script.javascript", map[string]any{"code": "for(;;){}", "timeout": "100ms"}, node.KindTimeout, "within 100ms")
	runErr(t, "script.javascript", map[string]any{"code": "1", "memory": "lots"}, node.KindInput, "memory")
	f := runErr(t, "script.javascript", map[string]any{"code": "'x'.repeat(2**30)", "memory": "64MiB"}, node.KindError, "64 MiB")
	if f.Code != "memory" || !f.Permanent {
		t.Errorf("got %+v", f)
	}
	runErr(t, "script.jq", map[string]any{"code": ".", "variables": map[string]any{"input": 1}}, node.KindInput, "cannot be named input")
	if _, err := nodetest.Run(t, nodetest.Env(t), "script.javascript", map[string]any{"code": "1"}); err == nil || !strings.Contains(err.Error(), "no worker") {
		t.Errorf("got %v", err)
	}
}

// plainWorker has no logs to tell.
type plainWorker struct{}

func (plainWorker) Do(_ context.Context, j node.WorkerJob) (any, error) { return j.Language, nil }

func TestJavaScriptOfPlainWorker(t *testing.T) {
	t.Parallel()
	env := nodetest.Env(t)
	env.Worker = plainWorker{}
	out, err := nodetest.Run(t, env, "script.javascript", map[string]any{"code": "1"})
	if err != nil || !value.Equal(out, map[string]any{"result": "javascript", "logs": []any{}}) {
		t.Errorf("got %v, %v", out, err)
	}
}

func TestInputThatIsLarge(t *testing.T) {
	t.Parallel()
	env := newEnv(t)
	rows, err := env.Rows(t.Context(), func(yield func(any) bool) error {
		for i := range 20_000 {
			if !yield(map[string]any{"n": i}) {
				break
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, isRef := rows.Value().(*value.Ref); !isRef {
		t.Fatal("the rows are not large")
	}
	for typ, params := range map[string]map[string]any{
		"script.javascript": {"code": "rows.length", "input": map[string]any{"rows": rows.Value()}},
		"script.jq":         {"code": "length", "input": rows.Value()},
		"script.shell":      {"shell": "sh", "code": "tr -cd '{' | wc -c", "input": rows.Value(), "output": "json"},
		"script.python":     {"code": "result = len(input)", "input": rows.Value()},
	} {
		if typ == "script.python" {
			needs(t, "python3")
		}
		out, err := nodetest.Run(t, env, typ, params)
		if err != nil || out["result"] != 20_000 {
			t.Errorf("%s: got %v, %v", typ, out["result"], err)
		}
	}
}

func needs(t *testing.T, program string) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		t.Skip(program + " is not installed")
	}
}

func TestShell(t *testing.T) {
	t.Parallel()
	tests := []struct {
		shell, code string
		strict      bool
		want        any // the result, or
		wantErr     string
	}{
		{"sh", "echo a | tr a b", true, "b", ""},
		{"sh", "false\necho on", false, "on", ""},
		{"sh", "false\necho on", true, nil, "exit code 1"},
		{"bash", "a=(1 2 3); echo ${#a[@]}", true, "3", ""},
		{"bash", "false | cat\necho on", true, nil, "exit code 1"},
		{"bash", "false | cat\necho on", false, "on", ""},
		{"bash", "echo '{{ not evaluated }}'", true, "{{ not evaluated }}", ""},
		{"bash", "nope-command", true, nil, "script.sh"},
		{"bash", "echo (", true, nil, "line 1"},
	}
	for _, tt := range tests {
		t.Run(tt.shell+" "+tt.code, func(t *testing.T) {
			t.Parallel()
			needs(t, tt.shell)
			params := map[string]any{"shell": tt.shell, "code": tt.code, "strict": tt.strict}
			if tt.wantErr != "" {
				runErr(t, "script.shell", params, node.KindError, tt.wantErr)
				return
			}
			out, err := nodetest.Run(t, newEnv(t), "script.shell", params)
			if err != nil || out["result"] != tt.want {
				t.Errorf("got %v, %v, want %v", out, err, tt.want)
			}
		})
	}
	runErr(t, "script.shell", map[string]any{"shell": "cmd", "code": "echo 1"}, node.KindNotFound, "cmd.exe")
	runErr(t, "script.shell", map[string]any{"shell": "sh", "code": "sleep 60 & sleep 60", "timeout": "50ms"}, node.KindTimeout, "The sh script did not end within 50ms")
}

func TestEffects(t *testing.T) {
	t.Parallel()
	for _, typ := range []string{"script.shell", "script.python"} {
		d := node.Default.Get(typ)
		in := d.In.New()
		if got := d.EffectOf(in.Interface()); got != node.Once {
			t.Errorf("%s: got %s", typ, got)
		}
		if err := d.In.Field("effect").Set(in.Elem(), "read"); err != nil {
			t.Fatal(err)
		}
		if got := d.EffectOf(in.Interface()); got != node.Read {
			t.Errorf("%s: got %s", typ, got)
		}
	}
}
