package file

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/workspace"
)

func TestCopy(t *testing.T) {
	env, dir := folder(t, map[string]string{"a": "A", "b": "B", "d/x": "X", "d/sub/y": "Y", "e/x": "old", "e/z": "Z"})
	old := time.Date(2020, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(dir, "a"), old, old); err != nil {
		t.Fatal(err)
	}
	run(t, env, "file.copy", map[string]any{"from": "a", "to": "new/c"})
	if info, err := os.Stat(filepath.Join(dir, "new/c")); err != nil || !info.ModTime().Equal(old) {
		t.Errorf("the time was not kept: %v, %v", info, err)
	}
	run(t, env, "file.copy", map[string]any{"from": "a", "to": "new/d", "preserve_times": false})
	if info, err := os.Stat(filepath.Join(dir, "new/d")); err != nil || info.ModTime().Equal(old) {
		t.Errorf("the time was kept: %v, %v", info, err)
	}
	fails(t, env, "file.copy", map[string]any{"from": "a", "to": "b"}, node.KindInput, "exists already")
	fails(t, env, "file.copy", map[string]any{"from": "a", "to": "./a", "if_exists": "overwrite"}, node.KindInput, "the same")
	fails(t, env, "file.copy", map[string]any{"from": "d", "to": "d/sub/in"}, node.KindInput, "into itself")
	fails(t, env, "file.copy", map[string]any{"from": "d", "to": "b", "if_exists": "overwrite"}, node.KindInput, "same kind")
	fails(t, env, "file.copy", map[string]any{"from": "nope", "to": "x"}, node.KindNotFound, "nope")
	if out := run(t, env, "file.copy", map[string]any{"from": "a", "to": "b", "if_exists": "skip"}); out["action"] != "skipped" {
		t.Errorf("got %v", out)
	}
	run(t, env, "file.copy", map[string]any{"from": "a", "to": "a", "if_exists": "rename"})
	run(t, env, "file.copy", map[string]any{"from": "a", "to": "a", "if_exists": "rename"})
	if out := run(t, env, "file.copy", map[string]any{"from": "d", "to": "e", "if_exists": "overwrite"}); out["files"] != 2 {
		t.Errorf("got %v", out)
	}
	run(t, env, "file.copy", map[string]any{"from": "d", "to": "in/"})
	run(t, env, "file.copy", map[string]any{"from": "d", "to": "d", "if_exists": "rename"})
	wantTree(t, dir, map[string]string{
		"a": "A", "a (2)": "A", "a (3)": "A", "b": "B", "d/x": "X", "d/sub/y": "Y", "e/x": "X", "e/z": "Z", "e/sub/y": "Y",
		"new/c": "A", "new/d": "A", "in/d/x": "X", "in/d/sub/y": "Y", "d (2)/x": "X", "d (2)/sub/y": "Y",
	})
}

func TestCopyLeavesLinksToFoldersOut(t *testing.T) {
	env, dir := folder(t, map[string]string{"d/x": "X", "other/y": "Y"})
	for to, at := range map[string]string{"../d": "d/loop", "x": "d/file", "/etc": "d/out", "/etc/hostname": "d/outfile"} {
		if err := os.Symlink(to, filepath.Join(dir, at)); err != nil {
			t.Skip(err)
		}
	}
	out := run(t, env, "file.copy", map[string]any{"from": "d", "to": "c"})
	if out["files"] != 2 || out["skipped"] != 3 {
		t.Errorf("got %v", out)
	}
	wantTree(t, filepath.Join(dir, "c"), map[string]string{"x": "X", "file": "X"})
}

func TestMove(t *testing.T) {
	env, dir := folder(t, map[string]string{"a": "A", "b": "B", "c": "C", "d/x": "X", "e/z": "Z"})
	fails(t, env, "file.move", map[string]any{"from": "a", "to": "b"}, node.KindInput, "exists already")
	fails(t, env, "file.move", map[string]any{"from": "d", "to": "e", "if_exists": "overwrite"}, node.KindInput, "there already")
	fails(t, env, "file.move", map[string]any{"from": ".", "to": "e/x"}, node.KindDenied, "works in")
	run(t, env, "file.move", map[string]any{"from": "a", "to": "b", "if_exists": "overwrite"})
	run(t, env, "file.move", map[string]any{"from": "b", "to": "e"})
	run(t, env, "file.move", map[string]any{"from": "d", "to": "deep/er/d"})
	run(t, env, "file.move", map[string]any{"from": "c", "to": "e/z", "if_exists": "rename"})
	wantTree(t, dir, map[string]string{"e/b": "A", "e/z": "Z", "e/z (2)": "C", "deep/er/d/x": "X"})
}

func TestMoveBetweenRoots(t *testing.T) {
	env, dir := folder(t, map[string]string{"a": "A", "d/x": "X", "d/s/y": "Y"})
	other := t.TempDir()
	var err error
	if env.Files, err = workspace.New(dir, other); err != nil {
		t.Fatal(err)
	}
	run(t, env, "file.move", map[string]any{"from": "a", "to": other})
	run(t, env, "file.move", map[string]any{"from": "d", "to": other + "/"})
	wantTree(t, dir, map[string]string{})
	wantTree(t, other, map[string]string{"a": "A", "d/x": "X", "d/s/y": "Y"})
	if err := os.Mkdir(filepath.Join(dir, "l"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("..", filepath.Join(dir, "l", "up")); err == nil {
		fails(t, env, "file.move", map[string]any{"from": "l", "to": other + "/l"}, node.KindInput, "not removed")
	}
}

func TestRename(t *testing.T) {
	env, dir := folder(t, map[string]string{"d/a.txt": "A", "d/b.txt": "B"})
	for _, name := range []string{"../x", "x/y", `x\y`, "..", ".", ""} {
		fails(t, env, "file.rename", map[string]any{"path": "d/a.txt", "name": name}, node.KindInput, "plain file name")
	}
	fails(t, env, "file.rename", map[string]any{"path": "d/a.txt", "name": "b.txt"}, node.KindInput, "exists")
	run(t, env, "file.rename", map[string]any{"path": "d/a.txt", "name": "b", "keep_extension": true, "if_exists": "rename"})
	run(t, env, "file.rename", map[string]any{"path": "d", "name": "e.f"})
	run(t, env, "file.rename", map[string]any{"path": "e.f/b.txt", "name": "B.txt"})
	want := map[string]string{"e.f/B.txt": "B", "e.f/b (2).txt": "A"}
	wantTree(t, dir, want)
}

func TestDelete(t *testing.T) {
	env, dir := folder(t, map[string]string{"a": "A", "d/x": "X", "keep": "K"})
	fails(t, env, "file.delete", map[string]any{"path": "d"}, node.KindInput, "delete_folder")
	fails(t, env, "file.delete", map[string]any{"path": "nope", "must_exist": true}, node.KindNotFound, "nope")
	fails(t, env, "file.delete_folder", map[string]any{"path": "a", "contents": true}, node.KindInput, "not a folder")
	fails(t, env, "file.delete_folder", map[string]any{"path": "d"}, node.KindInput, "not empty")
	fails(t, env, "file.delete_folder", map[string]any{"path": "nope", "must_exist": true}, node.KindNotFound, "nope")
	fails(t, env, "file.delete_folder", map[string]any{"path": ".", "contents": true}, node.KindDenied, "works in")
	if err := os.Symlink("keep", filepath.Join(dir, "link")); err == nil {
		run(t, env, "file.delete", map[string]any{"path": "link"})
	}
	run(t, env, "file.delete", map[string]any{"path": "a"})
	run(t, env, "file.delete_folder", map[string]any{"path": "d", "contents": true})
	run(t, env, "file.make_folder", map[string]any{"path": "d"})
	run(t, env, "file.delete_folder", map[string]any{"path": "d"})
	wantTree(t, dir, map[string]string{"keep": "K"})
	if _, err := os.Stat(filepath.Join(dir, "d")); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
}

func TestFolderNodes(t *testing.T) {
	env, _ := folder(t, map[string]string{"f": "x", "long": "abc"})
	fails(t, env, "file.make_folder", map[string]any{"path": "f"}, node.KindInput, "is a file")
	a := run(t, env, "file.temp_file", map[string]any{"suffix": ".x"})["path"].(string)
	if info, err := os.Stat(a); err != nil || info.Size() != 0 || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("got %v, %v", info, err)
	}
	b := run(t, env, "file.temp_folder", map[string]any{"folder": "w"})["path"]
	if again := run(t, env, "file.temp_folder", map[string]any{"folder": "w"})["path"]; again != b {
		t.Errorf("the second try took another place: %v and %v", b, again)
	}
	env.Token = "another execution"
	if other := run(t, env, "file.temp_folder", map[string]any{"folder": "w"})["path"]; other == b {
		t.Error("two executions share a place")
	}
	fails(t, env, "file.temp_file", map[string]any{"prefix": "../"}, node.KindInput, "prefix")
	fails(t, env, "file.set_times", map[string]any{"path": "f", "modified": "yesterday"}, node.KindInput, "not a time")
	if out := run(t, env, "file.info", map[string]any{"path": "long"}); out["kind"] != "file" || out["mime"] != "text/plain" {
		t.Errorf("got %v", out)
	}
}

func TestCompareLarge(t *testing.T) {
	big := make([]byte, 300_000)
	other := append([]byte(nil), big...)
	other[200_001] = 1
	env, _ := folder(t, map[string]string{"a": string(big), "b": string(other), "c": string(big[:150_000]), "e": "", "e2": ""})
	for _, tt := range []struct {
		first, second string
		offset        int
	}{{"a", "b", 200_001}, {"a", "c", 150_000}, {"c", "a", 150_000}, {"a", "a", -1}, {"e", "e2", -1}, {"e", "a", 0}} {
		out, err := nodetest.Run(t, env, "file.compare", map[string]any{"first": tt.first, "second": tt.second})
		if err != nil || out["offset"] != tt.offset || out["equal"] != (tt.offset < 0) {
			t.Errorf("%s and %s gave %v, %v", tt.first, tt.second, out, err)
		}
	}
}
