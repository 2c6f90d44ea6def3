package sys_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	_ "github.com/aether-rpa/aether/nodes/sys"
	"github.com/aether-rpa/aether/value"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "sys") }

func run(t *testing.T, typ string, params map[string]any) map[string]any {
	t.Helper()
	out, err := nodetest.Run(t, nodetest.Env(t), typ, params)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func runErr(t *testing.T, env *node.Env, typ string, params map[string]any, kind, text string) {
	t.Helper()
	_, err := nodetest.Run(t, env, typ, params)
	if err == nil || node.AsFailure(err).Kind != kind || !strings.Contains(err.Error(), text) {
		t.Errorf("%s %v: got %v, want %s %q", typ, params, err, kind, text)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	out := run(t, "sys.run", map[string]any{"program": "sh", "args": []any{"-c", `cat; echo "$1"; echo note >&2`, "x", `; rm "$HOME"`}, "stdin": "in\n", "output": "lines"})
	if !value.Equal(out["result"], []any{"in", `; rm "$HOME"`}) || out["stderr"] != "note\n" || out["exit_code"] != 0 || out["truncated"] != false {
		t.Errorf("got %v", out)
	}
	out = run(t, "sys.run", map[string]any{"program": "sh", "args": []any{"-c", "exit 9"}, "exit_codes": []any{}})
	if out["exit_code"] != 9 {
		t.Errorf("got %v", out)
	}
	env := nodetest.Env(t)
	runErr(t, env, "sys.run", map[string]any{"program": "sh", "args": []any{"-c", "echo why >&2; exit 4"}}, node.KindError, "sh ended with exit code 4: why.")
	runErr(t, env, "sys.run", map[string]any{"program": "no-such-program"}, node.KindNotFound, "looked in")
	runErr(t, env, "sys.run", map[string]any{"program": "ls -l"}, node.KindNotFound, `"ls -l"`)
	runErr(t, env, "sys.run", map[string]any{"program": "sh", "cwd": "../.."}, node.KindDenied, "outside")
	runErr(t, env, "sys.run", map[string]any{"program": "sh", "args": []any{"-c", "sleep 60"}, "timeout": "50ms"}, node.KindTimeout, "within 50ms")
	runErr(t, env, "sys.run", map[string]any{"program": " "}, node.KindInput, "program must be")
}

func TestRunHidesSecrets(t *testing.T) {
	t.Parallel()
	out := run(t, "sys.run", map[string]any{"program": "sh", "args": []any{"-c", `echo "{\"t\":\"$T\"}"`}, "output": "json", "secret_env": map[string]any{"T": "planted-secret"}})
	if b, _ := value.JSON(out); strings.Contains(string(b), "planted-secret") || !value.Equal(out["result"], map[string]any{"t": "***"}) {
		t.Errorf("got %s", b)
	}
}

func TestEffects(t *testing.T) {
	t.Parallel()
	d := node.Default.Get("sys.run")
	for text, want := range map[string]node.Effect{"": node.Once, "read": node.Read, "idempotent": node.Idempotent, "once": node.Once} {
		in := d.In.New()
		if text != "" {
			if err := d.In.Field("effect").Set(in.Elem(), text); err != nil {
				t.Fatal(err)
			}
		}
		if got := d.EffectOf(in.Interface()); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestEnv(t *testing.T) {
	t.Parallel()
	env := nodetest.Env(t)
	env.Environ = []string{"A=1", "B=x=y", "A=2", "EMPTY="}
	get := func(params map[string]any) map[string]any {
		t.Helper()
		out, err := nodetest.Run(t, env, "sys.get_env", params)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	if out := get(map[string]any{"name": "A"}); out["value"] != "2" || out["found"] != true {
		t.Errorf("got %v", out)
	}
	if out := get(map[string]any{"name": "EMPTY", "default": "d"}); out["value"] != "" || out["found"] != true {
		t.Errorf("got %v", out)
	}
	if out := get(map[string]any{"name": "HOME", "default": "d"}); out["value"] != "d" || out["found"] != false {
		t.Errorf("the environment of Aether leaks: got %v", out)
	}
	runErr(t, env, "sys.get_env", map[string]any{"name": "NOPE", "required": true}, node.KindNotFound, "NOPE")
	out, err := nodetest.Run(t, env, "sys.list_env", map[string]any{})
	if want := map[string]any{"A": "2", "B": "x=y", "EMPTY": ""}; err != nil || !value.Equal(out["variables"], want) {
		t.Errorf("got %v, %v", out, err)
	}
	runErr(t, env, "sys.list_env", map[string]any{"name": "["}, node.KindInput, "pattern")
}

func TestWhich(t *testing.T) {
	t.Parallel()
	out := run(t, "sys.which", map[string]any{"program": "sh"})
	if want, _ := exec.LookPath("sh"); out["found"] != true || out["path"] != want {
		t.Errorf("got %v, want %s", out, want)
	}
	runErr(t, nodetest.Env(t), "sys.which", map[string]any{"program": "no-such-program", "required": true}, node.KindNotFound, "no-such-program")
}

// sleeper starts a process that is found by a word in its command line.
func sleeper(t *testing.T, script string) (word string, cmd *exec.Cmd) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("needs sh")
	}
	word = "aether-test-" + strconv.Itoa(os.Getpid()) + "-" + strings.ReplaceAll(t.Name(), "/", "-")
	cmd = exec.Command("sh", "-c", script, word)
	if _, err := cmd.StdinPipe(); err != nil { // reading waits until it is killed
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	if _, err := out.Read(make([]byte, 10)); err != nil { // it says when it is ready
		t.Fatal(err)
	}
	return word, cmd
}

func TestListProcesses(t *testing.T) {
	t.Parallel()
	word, cmd := sleeper(t, "echo; read x")
	out := run(t, "sys.list_processes", map[string]any{"command": word, "details": true})
	list := out["processes"].([]any)
	if len(list) != 1 || out["count"] != 1 {
		t.Fatalf("got %v", out)
	}
	p := list[0].(map[string]any)
	if p["pid"] != cmd.Process.Pid || p["parent"] != os.Getpid() || !strings.Contains(p["command"].(string), word) || p["started"] == nil {
		t.Errorf("got %v", p)
	}
	out = run(t, "sys.list_processes", map[string]any{"pid": cmd.Process.Pid})
	if _, shown := out["processes"].([]any)[0].(map[string]any)["command"]; shown {
		t.Error("the command line is shown without details")
	}
	name := p["name"].(string)
	for pattern, want := range map[string]int{strings.ToUpper(name) + ".exe": 1, "no*such": 0, name[:1] + "*": 1} {
		if out := run(t, "sys.list_processes", map[string]any{"pid": cmd.Process.Pid, "name": pattern}); out["count"] != want {
			t.Errorf("%s: got %v", pattern, out["count"])
		}
	}
	for _, by := range []string{"pid", "name", "cpu", "memory", "started"} {
		if out := run(t, "sys.list_processes", map[string]any{"sort_by": by, "limit": 2}); len(out["processes"].([]any)) != 2 || out["count"].(int) < 2 {
			t.Errorf("%s: got %v", by, out)
		}
	}
	runErr(t, nodetest.Env(t), "sys.list_processes", map[string]any{"name": "["}, node.KindInput, "pattern")
	if out := run(t, "sys.list_processes", map[string]any{"pid": 1 << 30}); out["count"] != 0 {
		t.Errorf("got %v", out)
	}
}

func TestKillProcess(t *testing.T) {
	t.Parallel()
	t.Run("asks", func(t *testing.T) {
		t.Parallel()
		word, cmd := sleeper(t, "echo; read x")
		if out := run(t, "sys.kill_process", map[string]any{"command": word}); out["count"] != 1 || out["killed"] != 0 {
			t.Errorf("got %v", out)
		}
		if err := cmd.Wait(); err == nil || err.Error() != "signal: terminated" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("kills with children", func(t *testing.T) {
		t.Parallel()
		word, cmd := sleeper(t, `trap "" TERM; sh -c 'trap "" TERM; while :; do sleep 0.1; done' child & echo; wait`)
		out := run(t, "sys.kill_process", map[string]any{"command": word, "grace": "30ms"})
		if out["count"].(int) < 2 || out["killed"].(int) < 2 {
			t.Errorf("got %v", out)
		}
		if err := cmd.Wait(); err == nil || err.Error() != "signal: killed" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("refuses", func(t *testing.T) {
		t.Parallel()
		word, cmd := sleeper(t, `sh -c 'while :; do sleep 0.1; done' "$0" & echo; wait`)
		runErr(t, nodetest.Env(t), "sys.kill_process", map[string]any{"command": word}, node.KindInput, "2 processes match command with "+word)
		runErr(t, nodetest.Env(t), "sys.kill_process", map[string]any{"pid": os.Getpid()}, node.KindDenied, "Aether itself")
		runErr(t, nodetest.Env(t), "sys.kill_process", map[string]any{"pid": os.Getppid()}, node.KindDenied, "Aether itself")
		runErr(t, nodetest.Env(t), "sys.kill_process", map[string]any{}, node.KindInput, "Name the processes")
		runErr(t, nodetest.Env(t), "sys.kill_process", map[string]any{"name": "no-such-program", "required": true}, node.KindNotFound, "name no-such-program")
		if out := run(t, "sys.kill_process", map[string]any{"command": word, "all": true, "force": true}); out["count"].(int) < 2 {
			t.Errorf("got %v", out)
		}
		_ = cmd.Wait()
	})
}

func TestWaitProcess(t *testing.T) {
	t.Parallel()
	word, cmd := sleeper(t, "echo; read x")
	out := run(t, "sys.wait_process", map[string]any{"command": word})
	if out["done"] != true || len(out["processes"].([]any)) != 1 {
		t.Errorf("got %v", out)
	}
	runErr(t, nodetest.Env(t), "sys.wait_process", map[string]any{"command": word, "until": "gone", "timeout": "30ms", "interval": "10ms"}, node.KindTimeout, "still runs after 30ms")
	out = run(t, "sys.wait_process", map[string]any{"command": word, "until": "gone", "timeout": "30ms", "fail_on_timeout": false})
	if out["done"] != false {
		t.Errorf("got %v", out)
	}
	go func() { _ = cmd.Process.Kill() }()
	if out = run(t, "sys.wait_process", map[string]any{"command": word, "until": "gone", "timeout": "20s", "interval": "10ms"}); out["done"] != true {
		t.Errorf("got %v", out)
	}
	runErr(t, nodetest.Env(t), "sys.wait_process", map[string]any{"name": "no-such-program", "timeout": "20ms"}, node.KindTimeout, "has started within 20ms")
}

func TestStart(t *testing.T) {
	t.Parallel()
	env := nodetest.Env(t)
	out, err := nodetest.Run(t, env, "sys.start", map[string]any{"program": "sh", "args": []any{"-c", "echo $V >made; exec sleep 60"}, "env": map[string]any{"V": "x"}})
	if err != nil {
		t.Fatal(err)
	}
	pid := out["pid"].(int)
	defer run(t, "sys.kill_process", map[string]any{"pid": pid, "force": true})
	if out := run(t, "sys.wait_process", map[string]any{"pid": pid, "name": "sleep", "interval": "10ms"}); out["done"] != true {
		t.Errorf("got %v", out)
	}
	b, err := os.ReadFile(env.Files.Dirs()[0] + "/made")
	if err != nil || string(b) != "x\n" {
		t.Errorf("got %q, %v", b, err)
	}
	runErr(t, env, "sys.start", map[string]any{"program": "no-such-program"}, node.KindNotFound, "no-such-program")
}

// tool makes a program that stands in for one of the desktop.
func tool(t *testing.T, env *node.Env, name, script string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("other systems have other tools")
	}
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/"+name, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	env.Environ = []string{"PATH=" + dir + ":/usr/bin:/bin", "OUT=" + dir + "/out"}
}

func TestOpenFile(t *testing.T) {
	t.Parallel()
	env := nodetest.Env(t)
	runErr(t, env, "sys.open_file", map[string]any{"target": "/etc/passwd"}, node.KindDenied, "outside")
	runErr(t, env, "sys.open_file", map[string]any{"target": "nothing.pdf"}, node.KindNotFound, "nothing.pdf")
	runErr(t, env, "sys.open_file", map[string]any{"target": "file:///etc/passwd"}, node.KindInput, "not file")
	tool(t, env, "xdg-open", `echo "$1" >"$OUT"; case $1 in *bad*) exit 3;; esac`)
	out, err := nodetest.Run(t, env, "sys.open_file", map[string]any{"target": "https://example.com/?a=1&b=2", "settle": "10s"})
	if err != nil || out["target"] != "https://example.com/?a=1&b=2" {
		t.Errorf("got %v, %v", out, err)
	}
	runErr(t, env, "sys.open_file", map[string]any{"target": "https://example.com/bad", "settle": "10s"}, node.KindError, "exit code 3")
	env.Environ = nil
	runErr(t, env, "sys.open_file", map[string]any{"target": "https://example.com/"}, node.KindNotFound, "desktop")
}

func TestNotify(t *testing.T) {
	t.Parallel()
	env := nodetest.Env(t)
	tool(t, env, "notify-send", `for a; do echo "$a"; done >"$OUT"; exit 0`)
	if _, err := nodetest.Run(t, env, "sys.notify", map[string]any{"title": "--help", "message": "$(x)"}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(strings.TrimPrefix(env.Environ[1], "OUT="))
	if want := "--app-name=Aether\n--urgency=normal\n--\n--help\n$(x)\n"; err != nil || string(b) != want {
		t.Errorf("got %q, %v", b, err)
	}
	tool(t, env, "notify-send", "echo no bus >&2; exit 1")
	runErr(t, env, "sys.notify", map[string]any{"title": "t"}, node.KindError, "no bus")
	env.Environ = nil
	runErr(t, env, "sys.notify", map[string]any{"title": "t"}, node.KindNotFound, "libnotify")
}

func TestInfo(t *testing.T) {
	t.Parallel()
	out := run(t, "sys.info", map[string]any{"cpu_percent": true, "measure": "100ms"})
	name, _ := os.Hostname()
	cpu := out["cpu"].(map[string]any)
	if out["hostname"] != name || out["user"] == "" || cpu["count"] != runtime.NumCPU() || cpu["percent"] == nil || out["uptime_seconds"].(int) <= 0 {
		t.Errorf("got %v", out)
	}
}

func TestDiskUsage(t *testing.T) {
	t.Parallel()
	runErr(t, nodetest.Env(t), "sys.disk_usage", map[string]any{"path": "/etc"}, node.KindDenied, "outside")
	runErr(t, nodetest.Env(t), "sys.disk_usage", map[string]any{"path": "not/there"}, node.KindNotFound, "no such file")
}

func TestCheckPort(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	out := run(t, "sys.check_port", map[string]any{"host": "127.0.0.1", "port": port})
	if out["open"] != true || out["ip"] != "127.0.0.1" || out["reason"] != "" {
		t.Errorf("got %v", out)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if out = run(t, "sys.check_port", map[string]any{"host": "127.0.0.1", "port": port}); out["open"] != false || out["reason"] != "refused" {
		t.Errorf("got %v", out)
	}
	runErr(t, nodetest.Env(t), "sys.check_port", map[string]any{"host": "127.0.0.1", "port": port, "required": true, "wait": "30ms", "interval": "10ms"}, node.KindNetwork, "refused")
	runErr(t, nodetest.Env(t), "sys.check_port", map[string]any{"host": "127.0.0.1", "port": 70000}, node.KindError, "at most 65535")
}

type denied struct{}

func (denied) Error() string { return "connecting is not allowed" }
func (denied) Denied() bool  { return true }

// guarded stands for a transport that lends out its rules.
type guarded struct{ http.RoundTripper }

func (guarded) DialContext(context.Context, string, string) (net.Conn, error) { return nil, denied{} }

func TestCheckPortKeepsToEgress(t *testing.T) {
	t.Parallel()
	env := nodetest.Env(t)
	env.HTTP = &http.Client{Transport: guarded{}}
	runErr(t, env, "sys.check_port", map[string]any{"host": "10.0.0.1", "port": 22}, node.KindDenied, "Connecting is not allowed")
}
