package workspace_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/workspace"
)

// fixture is an allowed folder beside a folder that must stay untouched.
func fixture(t *testing.T) (r *workspace.Roots, in, out string) {
	t.Helper()
	base, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	in, out = filepath.Join(base, "in"), filepath.Join(base, "out")
	for _, d := range []string{in, out} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(out, "secret"), "secret")
	r, err = workspace.New(in)
	if err != nil {
		t.Fatal(err)
	}
	return r, in, out
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func link(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Skipf("this system makes no links: %v", err)
	}
}

func content(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func put(r *workspace.Roots, path, text string) error {
	return r.WriteAtomic(path, 0o644, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}

// every calls each way in with a path and returns the errors by name.
func every(r *workspace.Roots, path string) map[string]error {
	errs := map[string]error{}
	closeIt := func(c io.Closer, err error) error {
		if err == nil {
			_ = c.Close()
		}
		return err
	}
	f, err := r.Open(path)
	errs["open"] = closeIt(f, err)
	f, err = r.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	errs["open file"] = closeIt(f, err)
	_, errs["stat"] = r.Stat(path)
	_, c, err := r.FS(path)
	errs["fs"] = closeIt(c, err)
	errs["mkdir"] = r.MkdirAll(path)
	errs["write"] = put(r, path, "x")
	errs["chtimes"] = r.Chtimes(path, time.Time{}, time.Unix(0, 0))
	errs["chmod"] = r.Chmod(path, 0o600)
	_, errs["within"] = r.Within(path)
	_, errs["abs"] = r.Abs(path)
	return errs
}

func TestPathsThatLeadOutside(t *testing.T) {
	r, in, out := fixture(t)
	link(t, out, filepath.Join(in, "absolute"))
	link(t, filepath.Join("..", "out"), filepath.Join(in, "relative"))
	link(t, filepath.Join(out, "secret"), filepath.Join(in, "file"))
	link(t, filepath.Join(in, "absolute"), filepath.Join(in, "chain"))
	if err := os.MkdirAll(filepath.Join(in, "a", "b", "c"), 0o755); err != nil {
		t.Fatal(err)
	}
	link(t, filepath.Join("..", "..", "..", "..", "out"), filepath.Join(in, "a", "b", "c", "deep"))
	paths := []string{
		"..", "../out/secret", "../../../../../../etc/passwd", "a/../../out/secret", "./../out/secret",
		"a/b/c/../../../../out/secret", out, filepath.Join(out, "secret"), in + "/../out/secret", in + "x", filepath.Dir(in), "/",
		"absolute", "absolute/secret", "absolute/new", "relative/secret", "relative/new/er", "file", "chain/secret", "a/b/c/deep/secret",
	}
	for _, p := range paths {
		for call, err := range every(r, p) {
			var outside *workspace.OutsideError
			if !errors.As(err, &outside) {
				t.Errorf("%s of %s gave %v, want an OutsideError", call, p, err)
			}
		}
	}
	for _, p := range []string{"../out/secret", filepath.Join(out, "secret"), "absolute/secret", "relative/secret", "a/b/c/deep/secret"} {
		var outside *workspace.OutsideError
		if _, err := r.Lstat(p); !errors.As(err, &outside) {
			t.Errorf("lstat of %s gave %v", p, err)
		}
		if err := r.Remove(p); !errors.As(err, &outside) {
			t.Errorf("remove of %s gave %v", p, err)
		}
		if err := r.RemoveAll(p); !errors.As(err, &outside) {
			t.Errorf("remove all of %s gave %v", p, err)
		}
		write(t, filepath.Join(in, "mine"), "mine")
		if err := r.Rename("mine", p); !errors.As(err, &outside) {
			t.Errorf("rename to %s gave %v", p, err)
		}
		if err := r.Rename(p, "stolen"); !errors.As(err, &outside) {
			t.Errorf("rename of %s gave %v", p, err)
		}
	}
	if got := content(t, filepath.Join(out, "secret")); got != "secret" {
		t.Errorf("the file outside now holds %q", got)
	}
	if list, _ := os.ReadDir(out); len(list) != 1 {
		t.Errorf("the folder outside now holds %v", list)
	}
}

func TestLinksThemselvesCanBeRemovedAndMoved(t *testing.T) {
	r, in, out := fixture(t)
	link(t, out, filepath.Join(in, "l1"))
	link(t, out, filepath.Join(in, "l2"))
	link(t, out, filepath.Join(in, "l3"))
	if info, err := r.Lstat("l1"); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("lstat gave %v, %v", info, err)
	}
	if err := errors.Join(r.Remove("l1"), r.RemoveAll("l2"), r.Rename("l3", "l4")); err != nil {
		t.Error(err)
	}
	if got := content(t, filepath.Join(out, "secret")); got != "secret" {
		t.Errorf("the file outside now holds %q", got)
	}
	if got, err := os.Readlink(filepath.Join(in, "l4")); err != nil || got != out {
		t.Errorf("the moved link leads to %q, %v", got, err)
	}
}

func TestDanglingLinkOutsideMakesNothing(t *testing.T) {
	r, in, out := fixture(t)
	link(t, filepath.Join(out, "new"), filepath.Join(in, "file"))
	link(t, filepath.Join("..", "out", "newdir"), filepath.Join(in, "dir"))
	for _, p := range []string{"file", "dir", "dir/x"} {
		_ = put(r, p, "x") // replacing the link by a file is fine, writing through it is not
		_ = r.MkdirAll(p)
		if f, err := r.OpenFile(p, os.O_CREATE|os.O_WRONLY, 0o644); err == nil {
			_ = f.Close()
		}
	}
	if list, _ := os.ReadDir(out); len(list) != 1 {
		t.Errorf("the folder outside now holds %v", list)
	}
}

func TestLinksInsideAreFollowed(t *testing.T) {
	r, in, _ := fixture(t)
	write(t, filepath.Join(in, "v1", "f"), "one")
	link(t, filepath.Join(in, "v1"), filepath.Join(in, "current")) // absolute
	link(t, "v1", filepath.Join(in, "relative"))
	link(t, filepath.Join(in, "v1", "f"), filepath.Join(in, "f"))
	for _, p := range []string{"current/f", "relative/f", "f"} {
		f, err := r.Open(p)
		if err != nil {
			t.Errorf("%s: %v", p, err)
			continue
		}
		_ = f.Close()
	}
	if err := put(r, "f", "two"); err != nil {
		t.Fatal(err)
	}
	if got := content(t, filepath.Join(in, "v1", "f")); got != "two" {
		t.Errorf("writing through the link gave %q", got)
	}
	if info, err := os.Lstat(filepath.Join(in, "f")); err != nil || info.Mode()&fs.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v %v", info, err)
	}
}

func TestNamesAreLiteral(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a backslash separates folders there")
	}
	r, in, out := fixture(t)
	for _, name := range []string{
		`..\..\out\secret`, `..\secret`, "%2e%2e%2fout%2fsecret", "..%2fout", "...", "..;", "C:\\Windows", `\\server\share`,
		"NUL", "con.txt", "a:b", "~", "$HOME", "-rf", "a\nb", "ünïcode-名前", "trailing. ", " ", "%00", "．．／out",
	} {
		if err := put(r, name, name); err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if got := content(t, filepath.Join(in, name)); got != name {
			t.Errorf("%q holds %q", name, got)
		}
	}
	if list, _ := os.ReadDir(out); len(list) != 1 {
		t.Errorf("the folder outside now holds %v", list)
	}
}

func TestImpossiblePaths(t *testing.T) {
	r, _, _ := fixture(t)
	for _, p := range []string{"", "a\x00b", "\x00", "../\x00"} {
		for call, err := range every(r, p) {
			if err == nil {
				t.Errorf("%s of %q gave no error", call, p)
			}
		}
	}
	if _, err := workspace.New(); err == nil {
		t.Error("an empty set was allowed")
	}
	if _, err := workspace.New(""); err == nil {
		t.Error("the empty name was allowed as a root")
	}
}

func TestErrorsNameThePathAsWritten(t *testing.T) {
	r, _, _ := fixture(t)
	_, err := r.Open("sub/missing.txt")
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), " sub/missing.txt:") {
		t.Errorf("got %v", err)
	}
}

func TestRaceOfALinkAgainstAWriter(t *testing.T) {
	r, in, out := fixture(t)
	real, trap, at := filepath.Join(in, "real"), filepath.Join(in, "trap"), filepath.Join(in, "d")
	if err := os.Mkdir(real, 0o755); err != nil {
		t.Fatal(err)
	}
	link(t, out, trap)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() { // swaps d between a folder and a link that leads outside
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
			}
			_ = os.Rename(real, at)
			_ = os.Rename(at, real)
			_ = os.Rename(trap, at)
			_ = os.Rename(at, trap)
		}
	}()
	for range 400 {
		_ = put(r, "d/new", "x")
		_ = put(r, "d/secret", "x")
		if f, err := r.Open("d/secret"); err == nil {
			if b, _ := io.ReadAll(f); string(b) == "secret" {
				t.Error("the file outside was read")
			}
			_ = f.Close()
		}
		_ = r.RemoveAll("d/secret")
		_ = r.MkdirAll("d/folder")
	}
	close(stop)
	<-done
	if list, _ := os.ReadDir(out); len(list) != 1 || content(t, filepath.Join(out, "secret")) != "secret" {
		t.Errorf("the folder outside was changed: %v", list)
	}
}

func TestRootThatDoesNotExistYet(t *testing.T) {
	base := t.TempDir()
	dir := filepath.Join(base, "not", "yet")
	r, err := workspace.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Stat("f"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("stat gave %v", err)
	}
	if err := r.RemoveAll("f"); err != nil {
		t.Errorf("removing nothing gave %v", err)
	}
	if err := put(r, "sub/f", "x"); err != nil {
		t.Fatal(err)
	}
	if got := content(t, filepath.Join(dir, "sub", "f")); got != "x" {
		t.Errorf("got %q", got)
	}
}

func TestRootReachedThroughALink(t *testing.T) {
	_, in, out := fixture(t)
	link(t, in, filepath.Join(filepath.Dir(in), "alias"))
	alias := filepath.Join(filepath.Dir(in), "alias")
	for _, dir := range []string{alias, filepath.Join(alias, "later")} {
		r, err := workspace.New(dir)
		if err != nil {
			t.Fatal(err)
		}
		if err := put(r, filepath.Join(dir, "f"), "x"); err != nil {
			t.Error(err)
		}
		if _, err := r.Stat("f"); err != nil {
			t.Error(err)
		}
		if _, err := r.Stat(filepath.Join(out, "secret")); err == nil {
			t.Error("the folder outside was reached")
		}
	}
}

func TestWholeDiskAllowed(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r, err := workspace.New(dir, filepath.VolumeName(dir)+string(filepath.Separator))
	if err != nil {
		t.Fatal(err)
	}
	if err := put(r, "f", "x"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Stat(filepath.Dir(dir)); err != nil {
		t.Error(err)
	}
	if _, err := r.Stat(filepath.VolumeName(dir) + string(filepath.Separator)); err != nil {
		t.Error(err)
	}
	for _, p := range []string{".", filepath.Dir(dir), "/"} {
		if err := r.RemoveAll(p); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("removing %s gave %v", p, err)
		}
	}
}

func TestNestedRoots(t *testing.T) {
	_, in, _ := fixture(t)
	sub := filepath.Join(in, "sub")
	r, err := workspace.New(sub, in)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(put(r, "f", "x"), r.Rename("f", "../g")); err != nil {
		t.Fatal(err)
	}
	if got := content(t, filepath.Join(in, "g")); got != "x" {
		t.Errorf("got %q", got)
	}
	for _, p := range []string{".", "..", sub, in} {
		if err := r.RemoveAll(p); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("removing %s gave %v", p, err)
		}
		if err := r.Rename(p, filepath.Join(in, "elsewhere")); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("moving %s gave %v", p, err)
		}
	}
}

func TestWithin(t *testing.T) {
	r, in, _ := fixture(t)
	w, err := r.Within("sub")
	if err != nil {
		t.Fatal(err)
	}
	if err := put(w, "f", "x"); err != nil {
		t.Fatal(err)
	}
	if got := content(t, filepath.Join(in, "sub", "f")); got != "x" {
		t.Errorf("got %q", got)
	}
	if err := put(w, "../g", "y"); err != nil {
		t.Errorf("the allowed folder above was not reached: %v", err)
	}
	if _, err := w.Stat("../../out/secret"); err == nil {
		t.Error("the folder outside was reached")
	}
}

func TestRenameBetweenRoots(t *testing.T) {
	_, in, out := fixture(t)
	r, err := workspace.New(in, out)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(in, "f"), "x")
	if err := r.Rename("f", filepath.Join(out, "f")); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("got %v", err)
	}
}

func FuzzPathStaysInside(f *testing.F) {
	for _, s := range []string{"a", "../x", "/etc/passwd", `..\x`, "a/../../b", "./.", "//", "a\x00", "C:x", `\\?\C:\x`} {
		f.Add(s)
	}
	dir, err := filepath.EvalSymlinks(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	r, err := workspace.New(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, path string) {
		abs, err := r.Abs(path)
		if err != nil {
			return
		}
		if abs != dir && !strings.HasPrefix(abs, dir+string(filepath.Separator)) {
			t.Errorf("%q leads to %q", path, abs)
		}
	})
}
