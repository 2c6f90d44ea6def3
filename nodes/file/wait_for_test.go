package file

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
)

// waiting starts a wait and returns its result when act was carried out. The
// wait's first look is over when look is called twice.
func waiting(t *testing.T, env *node.Env, in waitIn, act func()) (waitOut, error) {
	t.Helper()
	looks := make(chan struct{}, 1000)
	now := env.Now
	env.Now = func() time.Time {
		select {
		case looks <- struct{}{}:
		default:
		}
		return now()
	}
	type result struct {
		out waitOut
		err error
	}
	done := make(chan result, 1)
	go func() {
		out, err := waitFor(t.Context(), env, in)
		done <- result{out, err}
	}()
	<-looks
	if in.Pattern != "" {
		<-looks // the first one is part of the look at the start
	}
	act()
	r := <-done
	return r.out, r.err
}

func TestWaitFor(t *testing.T) {
	base := waitIn{State: "exists", Timeout: 10 * time.Second, PollInterval: 10 * time.Millisecond, OnTimeout: "fail"}
	tests := []struct {
		name  string
		files map[string]string
		in    func(waitIn) waitIn
		act   func(dir string)
		want  string
	}{
		{"it comes", nil, func(w waitIn) waitIn { w.Path = "f"; return w }, func(d string) { _ = os.WriteFile(filepath.Join(d, "f"), []byte("x"), 0o644) }, "f"},
		{"with its folder", nil, func(w waitIn) waitIn { w.Path = "d/f"; return w }, func(d string) {
			_ = os.Mkdir(filepath.Join(d, "d"), 0o755)
			_ = os.WriteFile(filepath.Join(d, "d/f"), []byte("x"), 0o644)
		}, "d/f"},
		{"by the watcher alone", nil, func(w waitIn) waitIn { w.Path, w.PollInterval = "f", time.Hour; return w }, func(d string) { _ = os.WriteFile(filepath.Join(d, "f"), []byte("x"), 0o644) }, "f"},
		{"it changes", map[string]string{"f": "x"}, func(w waitIn) waitIn { w.Path, w.State = "f", "changed"; return w }, func(d string) { _ = os.WriteFile(filepath.Join(d, "f"), []byte("longer"), 0o644) }, "f"},
		{"it goes", map[string]string{"f": "x"}, func(w waitIn) waitIn { w.Path, w.State = "f", "gone"; return w }, func(d string) { _ = os.Remove(filepath.Join(d, "f")) }, ""},
		{"a new one of a pattern", map[string]string{"a.pdf": "x"}, func(w waitIn) waitIn { w.Path, w.Pattern, w.IgnoreOld = ".", "*.pdf", true; return w }, func(d string) { _ = os.WriteFile(filepath.Join(d, "b.pdf"), []byte("x"), 0o644) }, "b.pdf"},
		{"it has content", map[string]string{"f": ""}, func(w waitIn) waitIn { w.Path, w.MinSize = "f", 1; return w }, func(d string) { _ = os.WriteFile(filepath.Join(d, "f"), []byte("x"), 0o644) }, "f"},
		{"it is stable", nil, func(w waitIn) waitIn {
			w.Path, w.State, w.StableFor = "f", "stable", 30*time.Millisecond
			return w
		}, func(d string) { _ = os.WriteFile(filepath.Join(d, "f"), []byte("x"), 0o644) }, "f"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			env, dir := folder(t, tt.files)
			out, err := waiting(t, env, tt.in(base), func() { tt.act(dir) })
			want := ""
			if tt.want != "" {
				want = filepath.Join(dir, tt.want)
			}
			if err != nil || !out.Reached || out.Path != want {
				t.Errorf("got %+v, %v", out, err)
			}
		})
	}
}

func TestWaitForGivesUp(t *testing.T) {
	env, _ := folder(t, map[string]string{"f": "x"})
	fails(t, env, "file.wait_for", map[string]any{"path": "g", "timeout": "20ms"}, node.KindTimeout, "for g to appear")
	fails(t, env, "file.wait_for", map[string]any{"path": "f", "state": "stable", "timeout": "20ms"}, node.KindTimeout, "stop changing")
	fails(t, env, "file.wait_for", map[string]any{"path": ".", "pattern": "["}, node.KindInput, "pattern")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := waitFor(ctx, env, waitIn{Path: "g", State: "exists", PollInterval: time.Second}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A file that keeps growing is not stable.
func TestStableCountsFromTheLastChange(t *testing.T) {
	env, dir := folder(t, map[string]string{"f": "x"})
	now := time.Unix(1000, 0)
	env.Now = func() time.Time { return now }
	w := &waiter{env: env, in: waitIn{Path: "f", State: "stable", StableFor: 2 * time.Second, PollInterval: time.Second}, since: map[string]time.Time{}}
	step := func(after time.Duration, content string, want bool) {
		t.Helper()
		now = now.Add(after)
		if content != "" {
			if err := os.WriteFile(filepath.Join(dir, "f"), []byte(content), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		out, _, err := w.check(t.Context())
		if err != nil || out.Reached != want {
			t.Errorf("at %v: got %+v, %v", now, out, err)
		}
	}
	step(0, "", false)
	step(time.Second, "xx", false)
	step(1500*time.Millisecond, "xxx", false)
	step(1500*time.Millisecond, "", false)
	step(500*time.Millisecond, "", true)
}
