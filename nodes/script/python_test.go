package script_test

import (
	"os"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/value"
)

func TestPython(t *testing.T) {
	t.Parallel()
	needs(t, "python3")
	input := map[string]any{"a": 1, "b": []any{2.5, "ü✓"}}
	tests := []struct {
		name, code string
		want       any
	}{
		{"variable", "result = input['b'][1] * 2", "ü✓ü✓"},
		{"main with the input", "def main(input):\n  return input['a']", 1},
		{"main with another name", "def main(data):\n  return data['a']", 1},
		{"main with keys", "def main(a, b, c=7):\n  return [a, b, c]", []any{1, []any{2.5, "ü✓"}, 7}},
		{"main with one key", "def main(a):\n  return a + 1", 2},
		{"main with any keys", "def main(**keys):\n  return sorted(keys)", []any{"a", "b"}},
		{"main without parameters", "def main():\n  return None", nil},
		{"async main", "import asyncio\nasync def main(a):\n  await asyncio.sleep(0)\n  return a", 1},
		{"main is called once", "n = []\ndef main():\n  n.append(1)\n  return len(n)\nif __name__ == '__main__':\n  main()", 1},
		{"guard without main", "if __name__ == '__main__':\n  print(3)", 3},
		{"printed JSON", "print('{\"x\": [1.0]}')", map[string]any{"x": []any{1}}},
		{"JSON in the last line", "print('working')\nprint(5)", 5},
		{"printed text", "print('just text')", nil},
		{"nothing", "", nil},
		{"exit", "result = 4\nimport sys\nsys.exit(0)", 4},
		{"values", "import datetime, decimal, pathlib\nresult = [datetime.date(2026, 1, 2), decimal.Decimal('1.5'), {3, 1}, b'hi', pathlib.PurePosixPath('a/b'), (1, 2), float('nan'), {5: 1}, range(2)]",
			[]any{"2026-01-02", 1.5, []any{1, 3}, "aGk=", "a/b", []any{1, 2}, nil, map[string]any{"5": 1}, []any{0, 1}}},
		{"dataclass", "import dataclasses\n@dataclasses.dataclass\nclass P:\n  x: int\nresult = P(1)", map[string]any{"x": 1}},
		{"not evaluated", "result = '{{ x }}'", "{{ x }}"},
		{"no site of the folder", "import sys, os\nresult = [p for p in sys.path if p in ('', os.getcwd())]", []any{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := nodetest.Run(t, newEnv(t), "script.python", map[string]any{"code": tt.code, "input": input})
			if err != nil || !value.Equal(out["result"], tt.want) {
				t.Errorf("got %#v, %v, want %#v", out["result"], err, tt.want)
			}
		})
	}
}

func TestPythonFailures(t *testing.T) {
	t.Parallel()
	needs(t, "python3")
	tests := []struct {
		name, code           string
		kind, want, wantCode string
	}{
		{"thrown", "x = 1\ndef f():\n  raise ValueError('too far')\nf()", node.KindError, "line 3: ValueError: too far", "ValueError"},
		{"syntax", "x = 1\ny = = 2", node.KindInput, "line 2: SyntaxError", "SyntaxError"},
		{"missing module", "import no_such_module_x", node.KindError, "line 1: ModuleNotFoundError", "ModuleNotFoundError"},
		{"exit code", "import sys\nsys.exit(3)", node.KindError, "SystemExit: 3", "SystemExit"},
		{"hard exit", "import os, sys\nprint('bye', file=sys.stderr, flush=True)\nos._exit(5)", node.KindError, "exit code 5: bye", "5"},
		{"result", "result = object()", node.KindError, "TypeError: the result holds a object", "TypeError"},
		{"missing parameter", "def main(x, y): pass", node.KindError, "TypeError", "TypeError"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := runErr(t, "script.python", map[string]any{"code": tt.code, "input": map[string]any{}}, tt.kind, tt.want)
			if f.Code != tt.wantCode {
				t.Errorf("got code %s, want %s", f.Code, tt.wantCode)
			}
			if d := f.Details.(map[string]any); strings.Contains(tt.name, "thrown") && (!strings.Contains(d["trace"].(string), "raise ValueError('too far')") || d["line"] != 3) {
				t.Errorf("got %v", d)
			}
		})
	}
}

func TestPythonLimits(t *testing.T) {
	t.Parallel()
	needs(t, "python3")
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		f := runErr(t, "script.python", map[string]any{"code": "x = bytearray(1 << 30)", "memory": "200MiB"}, node.KindError, "")
		if f.Code != "memory" || !f.Permanent {
			t.Errorf("got %+v", f)
		}
	})
	t.Run("time", func(t *testing.T) {
		t.Parallel()
		runErr(t, "script.python", map[string]any{"code": "while True: pass", "timeout": "300ms"}, node.KindTimeout, "The Python code did not end")
	})
	t.Run("secrets", func(t *testing.T) {
		t.Parallel()
		secret := map[string]any{"T": "planted-secret"}
		out, err := nodetest.Run(t, newEnv(t), "script.python", map[string]any{"code": "import os\nprint(os.environ['T'])\nresult = {os.environ['T']: os.environ['T']}", "secret_env": secret})
		if b, _ := value.JSON(out); err != nil || strings.Contains(string(b), "planted") || !value.Equal(out["result"], map[string]any{"***": "***"}) {
			t.Errorf("got %s, %v", b, err)
		}
		f := runErr(t, "script.python", map[string]any{"code": "import os\nraise Exception(os.environ['T'])", "secret_env": secret}, node.KindError, "***")
		if b, _ := value.JSON(f.Value()); strings.Contains(string(b), "planted") {
			t.Errorf("got %s", b)
		}
		out, err = nodetest.Run(t, newEnv(t), "script.python", map[string]any{"code": "import os, json\nprint(json.dumps(os.environ['T']))", "secret_env": secret})
		if err != nil || out["result"] != "***" {
			t.Errorf("got %v, %v", out, err)
		}
	})
	t.Run("files are removed", func(t *testing.T) {
		t.Parallel()
		env := newEnv(t)
		dir := t.TempDir()
		env.TempDir = func() (string, error) { return dir, nil }
		if _, err := nodetest.Run(t, env, "script.python", map[string]any{"code": "1/0"}); err == nil {
			t.Error("got no error")
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left %v, %v", left, err)
		}
	})
	t.Run("interpreter", func(t *testing.T) {
		t.Parallel()
		runErr(t, "script.python", map[string]any{"code": "1", "interpreter": "no-such-python"}, node.KindNotFound, "no-such-python")
		env := newEnv(t)
		env.Environ = nil
		if _, err := nodetest.Run(t, env, "script.python", map[string]any{"code": "1"}); node.AsFailure(err).Kind != node.KindNotFound || !strings.Contains(err.Error(), "looked for python3") {
			t.Errorf("got %v", err)
		}
	})
}
