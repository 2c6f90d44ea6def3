// Package imports runs the workflows of internal/casare/testdata with the
// program itself, as a user would, and compares what they give.
package imports

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

const workflows = "../../internal/casare/testdata"

var program string

func TestMain(m *testing.M) {
	if program = os.Getenv("AETHER_TEST_PROGRAM"); program != "" {
		os.Exit(m.Run())
	}
	dir, err := os.MkdirTemp("", "aether-imports-")
	if err != nil {
		panic(err)
	}
	program = filepath.Join(dir, "aether")
	if out, err := exec.Command("go", "build", "-o", program, "../../cmd/aether").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// want is what a workflow must give.
type want struct {
	Outputs map[string]any    `json:"outputs"`
	Files   map[string]string `json:"files"`
	Log     []string          `json:"log"`
	// Answers are given one after the other when the run waits for one.
	Answers []string `json:"answers"`
}

// called returns the workflows that others call: those without a want file.
func called(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(workflows, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range files {
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		if _, err := os.Stat(filepath.Join(workflows, name+".want.json")); err != nil && !strings.HasSuffix(name, ".want") {
			out = append(out, name)
		}
	}
	return out
}

func aether(t *testing.T, dir string, args ...string) ([]byte, []byte, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	return stdout.Bytes(), stderr.Bytes(), err
}

// TestWorkflows runs each file as it is, and again after it was imported.
func TestWorkflows(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(serve))
	t.Cleanup(web.Close)
	files, err := filepath.Glob(filepath.Join(workflows, "*.want.json"))
	if err != nil || len(files) < 30 {
		t.Fatalf("%d workflows, %v", len(files), err)
	}
	for _, wantFile := range files {
		name := strings.TrimSuffix(filepath.Base(wantFile), ".want.json")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var w want
			read(t, wantFile, &w)
			for _, how := range []string{"as it is", "imported"} {
				dir := t.TempDir()
				for _, f := range append(called(t), name) {
					src, err := os.ReadFile(filepath.Join(workflows, f+".json"))
					if err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(dir, f+".json"), src, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				flow := name + ".json"
				if how == "imported" {
					if out, stderr, err := aether(t, dir, "import", "."); err != nil {
						t.Fatalf("import: %v\n%s%s", err, out, stderr)
					}
					flow = name + ".flow.yaml"
				}
				args := []string{"run", flow, "--json", "--data-dir", t.TempDir()}
				switch {
				case strings.Contains(name, "web"):
					args = append(args, "-i", "base="+web.URL)
				case strings.Contains(name, "mail"):
					out, in := mailServers(t)
					args = append(args, "-i", fmt.Sprintf("smtp=%d", out), "-i", fmt.Sprintf("imap=%d", in))
				case strings.Contains(name, "callback"):
					free := listener(t)
					_ = free.Close()
					args = append(args, "-i", fmt.Sprintf("port=%d", portOf(free)))
				case strings.Contains(name, "ftp"):
					args = append(args, "-i", fmt.Sprintf("ftp=%d", ftpServer(t)))
				}
				out, stderr, err := aether(t, dir, args...)
				for _, answer := range w.Answers {
					var last struct{ Run, Status string }
					lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
					if e := json.Unmarshal(lines[len(lines)-1], &last); e != nil || err == nil {
						t.Fatalf("%s: the run does not wait for %q: %v\n%s\n%s", how, answer, e, out, stderr)
					}
					out, stderr, err = aether(t, dir, "runs", "resume", last.Run, "--json", "--answer", answer, "--data-dir", args[4])
				}
				if err != nil {
					t.Fatalf("%s: %v\n%s\n%s", how, err, out, stderr)
				}
				check(t, how, dir, w, out)
			}
		})
	}
}

func check(t *testing.T, how, dir string, w want, out []byte) {
	t.Helper()
	var outputs map[string]any
	var log []string
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e struct {
			Event, Text string
			Output      map[string]any
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Errorf("%s: %v: %s", how, err, lines.Bytes())
		}
		if e.Output != nil {
			outputs = e.Output
		}
		if e.Event == "log" {
			log = append(log, e.Text)
		}
	}
	for k, v := range w.Outputs {
		if !reflect.DeepEqual(outputs[k], v) {
			t.Errorf("%s: %s is %#v, want %#v", how, k, outputs[k], v)
		}
	}
	for path, content := range w.Files {
		got, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil || string(got) != content {
			t.Errorf("%s: %s is %q, want %q (%v)", how, path, got, content, err)
		}
	}
	if w.Log != nil && !reflect.DeepEqual(log, w.Log) {
		t.Errorf("%s: the log says %q, want %q", how, log, w.Log)
	}
}

func read(t *testing.T, path string, into any) {
	t.Helper()
	src, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(src, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// page is what the workflow works on that uses a browser.
const page = `<!doctype html><title>Page</title><form action=/sent><input id=name name=name><input id=town><input type=checkbox id=yes name=yes><select name=c><option value=ee>Estonia</option><option value=lv>Latvia</option></select><button>Send</button></form>
	<button id=show onclick="out.hidden = false; out.textContent = document.getElementById('name').value + ' ' + town.value + ' ' + document.querySelector('select').value">Show</button><p id=out hidden></p>
	<button id=ask onclick="document.title = String(confirm('Sure?'))">Ask</button><a href="/next">Next</a>
	<table id=t><thead><tr><th>Name</th><th>Price</th></tr></thead><tbody><tr><td>Lamp, red</td><td>9</td></tr><tr><td>Chair</td><td>20</td></tr></tbody></table>
	<img width=40 height=40 src="data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7">`

// serve is the service that the web workflow talks to.
func serve(w http.ResponseWriter, r *http.Request) {
	var body bytes.Buffer
	_, _ = body.ReadFrom(r.Body)
	w.Header().Set("Content-Type", "application/json")
	switch r.URL.Path {
	case "/echo":
		var v any
		_ = json.Unmarshal(body.Bytes(), &v) // not every request has JSON
		_ = json.NewEncoder(w).Encode(map[string]any{"method": r.Method, "header": r.Header.Get("X-Test"), "query": r.URL.Query().Get("q"), "json": v})
	case "/file":
		_, _ = w.Write([]byte("abc"))
	case "/upload":
		w.Header().Set("Content-Type", "text/plain")
		if strings.Contains(body.String(), "abc") {
			_, _ = w.Write([]byte("uploaded"))
		}
	case "/token":
		_, _ = w.Write([]byte(`{"access_token": "tok", "active": true}`))
	case "/page":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(page))
	case "/sent":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, "<title>Sent</title><h1>%s %s</h1>", r.URL.Query().Get("name"), r.URL.Query().Get("yes"))
	case "/small":
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte("small"))
	case "/hook":
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte("ok"))
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// TestImportCommand holds what the command promises: it says what became of
// every node, and writes nothing by halves.
func TestImportCommand(t *testing.T) {
	dir := t.TempDir()
	put := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put("w.json", `{"metadata": {"name": "w"}, "nodes": {"a": {"node_type": "WarpNode", "config": {"speed": 9}}, "b": {"node_type": "SetVariableNode", "config": {"variable_name": "x", "value": 1}}, "t": {"node_type": "ScheduleTriggerNode", "config": {"frequency": "weekly", "time_hour": 7}}}, "connections": []}`)
	put("project.json", `{"name": "no workflow"}`)
	put("broken.json", `{"nodes": {`)
	out, _, err := aether(t, dir, "import", "w.json", "--json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Target string
		Report struct {
			Nodes []struct{ ID, Status string }
		}
	}
	if err := json.Unmarshal(out, &list); err != nil || len(list) != 1 || len(list[0].Report.Nodes) != 3 {
		t.Fatalf("%v\n%s", err, out)
	}
	status := map[string]string{}
	for _, n := range list[0].Report.Nodes {
		status[n.ID] = n.Status
	}
	if status["a"] != "missing" || status["b"] != "exact" || status["t"] != "adapted" {
		t.Errorf("status %v", status)
	}
	flow, err := os.ReadFile(filepath.Join(dir, "w.flow.yaml"))
	if err != nil || !strings.Contains(string(flow), "speed: 9") || !strings.Contains(string(flow), "0 7 * * mon") {
		t.Errorf("%v\n%s", err, flow)
	}
	if out, _, err := aether(t, dir, "validate", "w.flow.yaml"); err != nil || !strings.Contains(string(out), "missing-node") && !strings.Contains(string(out), "stands for one") {
		t.Errorf("validate: %v\n%s", err, out)
	}
	if out, stderr, err := aether(t, dir, "run", "w.flow.yaml", "--data-dir", t.TempDir()); err == nil || !strings.Contains(string(out)+string(stderr), "WarpNode") {
		t.Errorf("running into a missing node: %v\n%s%s", err, out, stderr)
	}
	if _, stderr, err := aether(t, dir, "import", "w.json"); err == nil || !strings.Contains(string(stderr), "is there already") {
		t.Errorf("importing twice: %v %s", err, stderr)
	}
	for _, c := range []struct{ file, why string }{{"broken.json", "not JSON"}, {"project.json", "not a CasareRPA workflow"}, {"nothing.json", "no such file"}} {
		_, stderr, err := aether(t, dir, "import", c.file)
		if err == nil || !strings.Contains(string(stderr), c.why) {
			t.Errorf("%s: %v %s", c.file, err, stderr)
		}
	}
	// A folder: what can be imported is, and the rest is told.
	out, _, err = aether(t, dir, "import", ".", "-o", "out")
	if err == nil || !strings.Contains(string(out), "broken.json: not imported") {
		t.Errorf("a folder with a broken file: %v\n%s", err, out)
	}
	if _, err := os.Stat(filepath.Join(dir, "out", "w.flow.yaml")); err != nil {
		t.Error(err)
	}
}

// TestImportTakesCalledAlong holds that a workflow imported by itself runs: what
// it calls comes along, what was imported before stays as it is, and nothing is
// written outside of its folder.
func TestImportTakesCalledAlong(t *testing.T) {
	dir := t.TempDir()
	inner := filepath.Join(dir, "in")
	if err := os.MkdirAll(filepath.Join(inner, "parts"), 0o700); err != nil {
		t.Fatal(err)
	}
	caller := func(path string) string {
		return `{"nodes": {"c": {"node_type": "CallSubworkflowNode", "config": {"subworkflow_path": "` + path + `"}}, "s": {"node_type": "SetVariableNode", "config": {"variable_name": "x", "value": "after"}}}, "connections": [{"source_node": "c", "source_port": "exec_out", "target_node": "s", "target_port": "exec_in"}]}`
	}
	for name, text := range map[string]string{"in/a.json": caller("parts/b.json"), "in/parts/b.json": caller("../c.json"), "in/c.json": `{"nodes": {"w": {"node_type": "WriteFileNode", "config": {"file_path": "c.txt", "content": "deep"}}}}`, "in/far.json": caller("../out.json"), "out.json": `{"nodes": {"w": {"node_type": "CommentNode"}}}`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, stderr, err := aether(t, inner, "import", "a.json"); err != nil || !strings.Contains(string(out), "3 workflows") {
		t.Fatalf("import: %v\n%s%s", err, out, stderr)
	}
	if out, stderr, err := aether(t, inner, "run", "a.flow.yaml", "--json", "--data-dir", t.TempDir()); err != nil {
		t.Fatalf("run: %v\n%s%s", err, out, stderr)
	}
	if got, err := os.ReadFile(filepath.Join(inner, "c.txt")); err != nil || string(got) != "deep" {
		t.Errorf("%q, %v", got, err)
	}
	edited := filepath.Join(inner, "c.flow.yaml")
	if err := os.WriteFile(edited, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(inner, "a.flow.yaml")); err != nil {
		t.Fatal(err)
	}
	if out, stderr, err := aether(t, inner, "import", "a.json"); err != nil {
		t.Fatalf("import again: %v\n%s%s", err, out, stderr)
	}
	if got, err := os.ReadFile(edited); err != nil || string(got) != "mine" {
		t.Errorf("the called flow was replaced: %q, %v", got, err)
	}
	if _, _, err := aether(t, inner, "import", "far.json"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "out.flow.yaml")); err == nil {
		t.Error("a flow was written outside of the folder")
	}
}
