package sftp

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	gosftp "github.com/pkg/sftp"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/nodes/ssh/sshtest"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "sftp") }

type params = map[string]any

func write(t testing.TB, name, data string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		return "(none)"
	}
	return string(b)
}

func fails(t testing.TB, err error, kind, part string) {
	t.Helper()
	if err == nil || node.AsFailure(err).Kind != kind || !strings.Contains(err.Error(), part) {
		t.Errorf("got %v, want a failure of kind %s with %q", err, kind, part)
	}
	if err != nil && strings.Contains(err.Error(), sshtest.Password) {
		t.Errorf("the password is in the error: %v", err)
	}
}

// client runs nodes against a server.
type client struct {
	t    testing.TB
	env  *node.Env
	conn params
}

func (c *client) local(name string) string { return filepath.Join(c.env.Files.Dirs()[0], name) }

func (c *client) try(typ string, p params) (params, error) {
	c.t.Helper()
	q := params{"connection": c.conn}
	maps.Copy(q, p)
	return nodetest.Run(c.t, c.env, typ, q)
}

func (c *client) run(typ string, p params) params {
	c.t.Helper()
	out, err := c.try(typ, p)
	if err != nil {
		c.t.Fatalf("%s: %v", typ, err)
	}
	return out
}

func (c *client) wrong(typ string, p params, kind, part string) {
	c.t.Helper()
	_, err := c.try(typ, p)
	fails(c.t, err, kind, part)
}

func TestServerInside(t *testing.T) {
	s := sshtest.New(t)
	c := &client{t, nodetest.Env(t), s.Connection()}
	exercise(t, c, s.Root)
	if s.Logins() != 1 {
		t.Errorf("logged in %d times", s.Logins())
	}
}

func TestOpenSSH(t *testing.T) {
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	conn, known := sshtest.SSHD(t, u.Username)
	c := &client{t, nodetest.Env(t), conn}
	write(t, c.local("known_hosts"), known)
	t.Cleanup(func() { c.run("sftp.disconnect", nil) })
	exercise(t, c, t.TempDir())
}

var large = strings.Repeat("x\r\ny\n\x00\xff.", 400_000)

// exercise does all that can be done in the folder root of the server.
func exercise(t *testing.T, c *client, root string) {
	at := func(name string) string { return filepath.ToSlash(filepath.Join(root, name)) }
	out := c.run("sftp.check_connection", nil)
	if out["connected"] != true || !strings.HasPrefix(out["fingerprint"].(string), "SHA256:") || !strings.HasPrefix(out["server"].(string), "SSH-2.0-") {
		t.Errorf("check: %v", out)
	}
	write(t, c.local("up/a.txt"), "hello")
	write(t, c.local("up/sub/b ü\n.txt"), "b")
	write(t, c.local("up/.hidden"), "h")
	write(t, c.local("up/empty"), "")
	write(t, c.local("up/large.bin"), large)
	old := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	if err := os.Chtimes(c.local("up/a.txt"), old, old); err != nil {
		t.Fatal(err)
	}
	out = c.run("sftp.upload", params{"from": "up/a.txt", "to": at("x/y") + "/", "permissions": "0640"})
	info, err := os.Stat(at("x/y/a.txt"))
	if err != nil || out["atomic"] != true || out["verified"] != true || !info.ModTime().Equal(old) || info.Mode().Perm() != 0o640 {
		t.Errorf("upload: %v %v %v", out, info, err)
	}
	write(t, c.local("other.txt"), "other")
	if out = c.run("sftp.upload", params{"from": "other.txt", "to": at("x/y/a.txt")}); out["action"] != "overwritten" || out["atomic"] != true || read(t, at("x/y/a.txt")) != "other" {
		t.Errorf("upload: %v", out)
	}
	if info, _ := os.Stat(at("x/y/a.txt")); info.Mode().Perm() != 0o640 {
		t.Errorf("the rights became %v", info.Mode())
	}
	for rule, want := range map[string]string{"skip": "skipped", "newer": "skipped"} {
		if out := c.run("sftp.upload", params{"from": "other.txt", "to": at("x/y/a.txt"), "if_exists": rule}); out["action"] != want {
			t.Errorf("%s: %v", rule, out)
		}
	}
	c.wrong("sftp.upload", params{"from": "other.txt", "to": at("x/y/a.txt"), "if_exists": "error"}, node.KindInput, "exists already")
	c.wrong("sftp.upload", params{"from": "none.txt", "to": at("n")}, node.KindNotFound, "none.txt")
	out = c.run("sftp.upload_folder", params{"from": "up", "to": at("site")})
	if out["files"] != 5 || read(t, at("site/large.bin")) != large {
		t.Errorf("upload_folder: %v", out)
	}
	if err := os.Symlink("a.txt", at("site/link")); err != nil {
		t.Fatal(err)
	}
	out = c.run("sftp.list", params{"path": at("site"), "recursive": true})
	var rels []string
	for _, i := range out["items"].([]any) {
		m := i.(params)
		rels = append(rels, m["relative"].(string)+":"+m["kind"].(string))
		if m["name"] == "link" && m["target"] != "a.txt" || m["name"] == "a.txt" && m["modified"] != "2024-05-06T07:08:09Z" {
			t.Errorf("got %v", m)
		}
	}
	// A name with a line end is none that can be used.
	if got := strings.Join(rels, " "); got != ".hidden:file a.txt:file empty:file large.bin:file link:link sub:folder" || out["unreadable"] != 1 {
		t.Errorf("list: %s %v", got, out["unreadable"])
	}
	if err := os.Rename(at("site/sub/b ü\n.txt"), at("site/sub/b ü.txt")); err != nil {
		t.Fatal(err)
	}
	if out = c.run("sftp.info", params{"path": at("site/link"), "follow_links": false}); out["kind"] != "link" || out["target"] != "a.txt" {
		t.Errorf("info: %v", out)
	}
	if out = c.run("sftp.info", params{"path": at("site/link")}); out["kind"] != "file" || out["size"] != 5 || out["permissions"] != "0644" {
		t.Errorf("info: %v", out)
	}
	out = c.run("sftp.download_folder", params{"from": at("site"), "to": "down"})
	if out["files"] != 5 || out["skipped"] != 1 || read(t, c.local("down/large.bin")) != large || read(t, c.local("down/sub/b ü.txt")) != "b" {
		t.Errorf("download_folder: %v", out)
	}
	write(t, c.local("down/extra/x"), "x")
	out = c.run("sftp.download_folder", params{"from": at("site"), "to": "down", "if_exists": "newer", "delete_extra": true, "links": "follow"})
	if out["files"] != 1 || out["skipped"] != 5 || out["deleted"] != 1 || read(t, c.local("down/link")) != "hello" {
		t.Errorf("mirror down: %v", out)
	}
	if err := os.Remove(c.local("down/empty")); err != nil {
		t.Fatal(err)
	}
	out = c.run("sftp.upload_folder", params{"from": "down", "to": at("site"), "if_exists": "newer", "delete_extra": true})
	if out["deleted"] != 1 || out["files"] != 0 {
		t.Errorf("mirror up: %v", out)
	}
	c.run("sftp.write_text", params{"path": at("t/x.txt"), "text": "grüße", "encoding": "windows-1252"})
	c.wrong("sftp.read_text", params{"path": at("t/x.txt")}, node.KindInput, "UTF-8")
	if out = c.run("sftp.read_text", params{"path": at("t/x.txt"), "encoding": "windows-1252"}); out["text"] != "grüße" {
		t.Errorf("read_text: %v", out)
	}
	c.run("sftp.append", params{"path": at("log"), "text": "one\n"})
	if out = c.run("sftp.append", params{"path": at("log"), "from": "up/a.txt"}); out["size"] != 9 || read(t, at("log")) != "one\nhello" {
		t.Errorf("append: %v", out)
	}
	if out = c.run("sftp.size", params{"path": at("nothing"), "must_exist": false}); out["found"] != false {
		t.Errorf("size: %v", out)
	}
	for p, want := range map[string]bool{at("log"): true, at("site"): true, at("no/such"): false} {
		if out = c.run("sftp.exists", params{"path": p}); out["exists"] != want {
			t.Errorf("exists %s: %v", p, out)
		}
	}
	c.run("sftp.move", params{"from": at("log"), "to": at("old/log.1")})
	c.wrong("sftp.move", params{"from": at("site/a.txt"), "to": at("old/log.1")}, node.KindInput, "exists already")
	if out = c.run("sftp.rename", params{"from": at("site/a.txt"), "to": at("old/log.1"), "if_exists": "overwrite"}); read(t, at("old/log.1")) != "hello" {
		t.Errorf("move: %v", out)
	}
	c.wrong("sftp.move", params{"from": at("nothing"), "to": at("x.txt")}, node.KindNotFound, "nothing")
	if out = c.run("sftp.delete", params{"path": at("old/log.1")}); out["deleted"] != true {
		t.Errorf("delete: %v", out)
	}
	if out = c.run("sftp.delete", params{"path": at("old/log.1")}); out["deleted"] != false {
		t.Errorf("delete: %v", out)
	}
	c.wrong("sftp.delete", params{"path": at("old"), "must_exist": true}, node.KindInput, "is a folder")
	c.wrong("sftp.delete", params{"path": at("nothing"), "must_exist": true}, node.KindNotFound, "nothing")
	if out = c.run("sftp.make_link", params{"path": at("cur"), "target": "old"}); out["action"] != "created" {
		t.Errorf("make_link: %v", out)
	}
	c.wrong("sftp.make_link", params{"path": at("cur"), "target": "site"}, node.KindInput, "exists already")
	if out = c.run("sftp.make_link", params{"path": at("cur"), "target": "site", "if_exists": "overwrite"}); out["action"] != "overwritten" {
		t.Errorf("make_link: %v", out)
	}
	if out = c.run("sftp.read_link", params{"path": at("cur")}); out["path"] != at("site") {
		t.Errorf("read_link: %v", out)
	}
	c.wrong("sftp.read_link", params{"path": at("site")}, node.KindInput, "is a folder")
	if out = c.run("sftp.chmod", params{"path": at("site"), "permissions": "600", "folder_permissions": "0700", "recursive": true}); out["changed"] != 5 {
		t.Errorf("chmod: %v", out)
	}
	if info, _ := os.Stat(at("site/sub")); info.Mode().Perm() != 0o700 {
		t.Errorf("chmod: %v", info.Mode())
	}
	c.wrong("sftp.chmod", params{"path": at("site"), "permissions": "rwx"}, node.KindInput, "no permissions")
	c.run("sftp.make_folder", params{"path": at("m/n")})
	c.wrong("sftp.make_folder", params{"path": at("q/r"), "parents": false}, node.KindNotFound, "q")
	c.wrong("sftp.remove_folder", params{"path": at("site")}, node.KindInput, "not empty")
	write(t, at("keep/k"), "k")
	if err := os.Symlink("../keep", at("site/sub/link")); err != nil {
		t.Fatal(err)
	}
	out = c.run("sftp.remove_folder", params{"path": at("site"), "recursive": true})
	if out["removed"] != true || read(t, at("keep/k")) != "k" {
		t.Errorf("remove_folder: %v", out)
	}
	c.wrong("sftp.download", params{"from": at("nothing"), "to": "x"}, node.KindNotFound, "nothing")
	c.wrong("sftp.download", params{"from": at("keep"), "to": "x"}, node.KindInput, "download_folder")
	left, _ := filepath.Glob(at("*/.aether-*"))
	if len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

func TestCutAndResume(t *testing.T) {
	s := sshtest.New(t)
	c := &client{t, nodetest.Env(t), s.Connection()}
	at := 0
	cut := func(n int) {
		if n > 0 {
			at = n
		}
		s.Set(func(b *sshtest.Behaviour) { b.Cut, b.Cuts = at, 1 })
	}
	write(t, filepath.Join(s.Root, "a.bin"), large)
	write(t, c.local("a.bin"), "old")
	cut(3_150_000) // late, for parts arrive in any order
	c.wrong("sftp.download", params{"from": "a.bin", "to": "a.bin"}, node.KindNetwork, "cut")
	if read(t, c.local("a.bin")) != "old" {
		t.Error("the old file was touched")
	}
	cut(0)
	out := c.run("sftp.download", params{"from": "a.bin", "to": "a.bin", "resume": true})
	if read(t, c.local("a.bin")) != large || out["received"].(int) >= len(large) {
		t.Errorf("got %v", out)
	}
	// The answers to writing are short, so that the cut comes late.
	cut(1500)
	c.wrong("sftp.upload", params{"from": "a.bin", "to": "b.bin"}, node.KindNetwork, "cut")
	if read(t, filepath.Join(s.Root, "b.bin")) != "(none)" {
		t.Error("a part of the file is there under its name")
	}
	cut(0)
	out = c.run("sftp.upload", params{"from": "a.bin", "to": "c.bin", "resume": true})
	if read(t, filepath.Join(s.Root, "c.bin")) != large || out["sent"].(int) >= len(large) {
		t.Errorf("got %v", out)
	}
	s.HangUp()
	n := s.Logins()
	c.run("sftp.list", nil)
	if s.Logins() != n+1 {
		t.Errorf("%d logins after %d", s.Logins(), n)
	}
	if out := c.run("sftp.disconnect", nil); out["closed"] != 1 {
		t.Errorf("got %v", out)
	}
}

// odd is a folder with names, and without end if there are none.
type odd struct {
	names []string
	size  int64
}

func (o odd) ListAt(list []os.FileInfo, offset int64) (int, error) {
	n := 0
	for i := range list {
		at := int(offset) + i
		if o.names != nil && at >= len(o.names) {
			return n, io.EOF
		}
		name := strings.Repeat("x", 200)
		if o.names != nil {
			name = o.names[at]
		}
		list[i] = oddFile{name, o.size, 0o644}
		n++
	}
	return n, nil
}

func (o odd) Filelist(r *gosftp.Request) (gosftp.ListerAt, error) {
	if r.Method == "List" {
		return o, nil
	}
	mode := fs.FileMode(0o644)
	if r.Filepath == "/" {
		mode = fs.ModeDir | 0o755
	}
	return one{oddFile{r.Filepath, o.size, mode}}, nil
}

func (o odd) Fileread(*gosftp.Request) (io.ReaderAt, error) { return strings.NewReader("12345"), nil }

type one [1]os.FileInfo

func (l one) ListAt(list []os.FileInfo, offset int64) (int, error) {
	if offset > 0 {
		return 0, io.EOF
	}
	return copy(list, l[:]), io.EOF
}

type oddFile struct {
	name string
	size int64
	mode fs.FileMode
}

func (f oddFile) Name() string       { return f.name }
func (f oddFile) Size() int64        { return f.size }
func (f oddFile) Mode() fs.FileMode  { return f.mode }
func (f oddFile) ModTime() time.Time { return time.Unix(1_700_000_000, 0) }
func (f oddFile) IsDir() bool        { return f.mode.IsDir() }
func (f oddFile) Sys() any           { return nil }

func TestHostileServer(t *testing.T) {
	s := sshtest.New(t)
	c := &client{t, nodetest.Env(t), s.Connection()}
	hostile := func(o odd) {
		s.Set(func(b *sshtest.Behaviour) { b.Handlers = &gosftp.Handlers{FileGet: o, FileList: o} })
		c.run("sftp.disconnect", nil)
	}
	hostile(odd{size: 4})
	c.wrong("sftp.download", params{"from": "/a", "to": "a"}, node.KindNetwork, "5 bytes of /a arrived, not the 4")
	hostile(odd{size: -5})
	c.wrong("sftp.download", params{"from": "/a", "to": "a", "max_size": 3}, node.KindInput, "larger than the limit of 3")
	c.wrong("sftp.list", params{"path": "/", "max_entries": 100}, node.KindError, "more than")
	for _, name := range []string{"x/..", "a\nb", "a\x00b", `..\evil`} {
		hostile(odd{names: []string{"good", name}, size: 5})
		c.wrong("sftp.download_folder", params{"from": "/", "to": "out"}, node.KindDenied, "not a plain file name")
		if out := c.run("sftp.list", params{"path": "/"}); out["count"] != 1 || out["unreadable"] != 1 {
			t.Errorf("%q: got %v", name, out)
		}
	}
	hostile(odd{names: []string{"../../../../tmp/evil", "/etc/passwd"}, size: 5})
	c.run("sftp.download_folder", params{"from": "/", "to": "out2"})
	list, err := os.ReadDir(c.local("out2"))
	if err != nil || len(list) != 2 || !slices.ContainsFunc(list, func(e fs.DirEntry) bool { return e.Name() == "passwd" }) {
		t.Errorf("got %v, %v", list, err)
	}
}

func TestSilence(t *testing.T) {
	s := sshtest.New(t)
	c := &client{t, nodetest.Env(t), s.Connection()}
	c.conn["timeout"] = "200ms"
	s.Set(func(b *sshtest.Behaviour) { b.Silent = true })
	c.wrong("sftp.list", nil, node.KindTimeout, "silent for longer than 200ms")
	ctx, cancel := context.WithCancel(t.Context())
	c.conn["timeout"] = "1m"
	d := node.Default.Get("sftp.exists")
	in := d.In.New()
	if err := d.In.Field("connection").Set(in.Elem(), c.conn); err != nil {
		t.Fatal(err)
	}
	if err := d.In.Field("path").Set(in.Elem(), "x"); err != nil {
		t.Fatal(err)
	}
	n := s.Logins()
	done := make(chan error)
	go func() {
		_, err := d.Run(ctx, c.env, in.Interface())
		done <- err
	}()
	for s.Logins() == n {
		<-time.After(time.Millisecond)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
