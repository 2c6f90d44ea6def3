package ftp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "ftp") }

type params = map[string]any

func write(t testing.TB, env *node.Env, name, data string) {
	t.Helper()
	p := filepath.Join(env.Files.Dirs()[0], name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, env *node.Env, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(env.Files.Dirs()[0], name))
	if err != nil {
		return "(none)"
	}
	return string(b)
}

func fails(t testing.TB, err error, kind, part string) {
	t.Helper()
	var f *node.Failure
	if !errors.As(err, &f) || f.Kind != kind || !strings.Contains(f.Error(), part) {
		t.Errorf("got %v, want a failure of kind %s with %q", err, kind, part)
	}
	if err != nil && strings.Contains(err.Error(), "pass-word") {
		t.Errorf("the password is in the error: %v", err)
	}
}

// large is larger than what is fetched again after an interruption.
var large = strings.Repeat("0123456789abcdef", 3<<20/16)

func TestDownloadCutShort(t *testing.T) {
	env, f := nodetest.Env(t), newFake(t)
	f.put("/a.bin", large)
	write(t, env, "a.bin", "old")
	// The server says that all is well, and sends less than it has.
	f.set(func() { f.cut, f.cuts = 1000, 1 })
	_, err := f.run(env, "ftp.download", params{"from": "a.bin", "to": "a.bin"})
	fails(t, err, node.KindNetwork, "1000 bytes of /a.bin arrived, not the 3145728")
	// The connections are cut.
	f.set(func() { f.cut, f.cuts, f.drop = 100_000, 1, true })
	_, err = f.run(env, "ftp.download", params{"from": "a.bin", "to": "a.bin"})
	fails(t, err, node.KindNetwork, "cut")
	if read(t, env, "a.bin") != "old" {
		t.Error("the old file was touched")
	}
	if out := f.must(env, "ftp.download", params{"from": "a.bin", "to": "a.bin"}); out["verified"] != true || out["action"] != "overwritten" || read(t, env, "a.bin") != large {
		t.Errorf("got %v", out)
	}
}

func TestResumeDownload(t *testing.T) {
	env, f := nodetest.Env(t), newFake(t)
	f.put("/a.bin", large)
	f.set(func() { f.cut, f.cuts, f.drop = 2<<20, 1, true })
	out := f.must(env, "ftp.download", params{"from": "/a.bin", "to": "in/", "resume": true})
	if read(t, env, "in/a.bin") != large || out["size"] != len(large) || out["received"] != 2<<20 {
		t.Errorf("got %v", out)
	}
	if f.said("REST 1048576") != 1 {
		t.Errorf("the rest was not asked for: %q", f.log)
	}
	// Over several executions, as an engine retries.
	f.set(func() { f.cut, f.cuts = 2<<20, 1 })
	env.Dial = once(env.Dial, 2)
	if _, err := f.run(env, "ftp.download", params{"from": "/a.bin", "to": "b.bin", "resume": true}); err == nil {
		t.Fatal("the download went on without a connection")
	}
	env.Dial = nodetest.Env(t).Dial
	f.must(env, "ftp.download", params{"from": "/a.bin", "to": "b.bin", "resume": true})
	if read(t, env, "b.bin") != large || f.said("REST 1048576") != 2 {
		t.Error("the second try did not go on")
	}
	list, _ := filepath.Glob(filepath.Join(env.Files.Dirs()[0], ".*"))
	if len(list) > 0 {
		t.Errorf("left over: %v", list)
	}
}

// once lets n connections be made, for one more transfer, and refuses others.
func once(dial func(context.Context, string, string) (net.Conn, error), n int) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if n--; n < 0 {
			return nil, errors.New("no route")
		}
		return dial(ctx, network, addr)
	}
}

func TestResumeAnotherVersion(t *testing.T) {
	env, f := nodetest.Env(t), newFake(t)
	f.put("/a.bin", large)
	f.set(func() { f.cut, f.cuts, f.drop = 2<<20, 1, true })
	dial := env.Dial
	env.Dial = once(dial, 2)
	if _, err := f.run(env, "ftp.download", params{"from": "/a.bin", "to": "a.bin", "resume": true}); err == nil {
		t.Fatal("no error")
	}
	env.Dial = dial
	other := strings.ToUpper(large)
	f.put("/a.bin", other)
	f.set(func() { f.files["/a.bin"].time = time.Date(2026, 2, 2, 0, 0, 0, 0, time.UTC) })
	f.must(env, "ftp.download", params{"from": "/a.bin", "to": "a.bin", "resume": true})
	if read(t, env, "a.bin") != other || f.said("REST") != 0 {
		t.Error("two versions were mixed")
	}
}

func TestUpload(t *testing.T) {
	env, f := nodetest.Env(t), newFake(t)
	write(t, env, "a.bin", large)
	out := f.must(env, "ftp.upload", params{"from": "a.bin", "to": "/x/y/"})
	if f.get("/x/y/a.bin") != large || out["atomic"] != true || out["verified"] != true || out["action"] != "created" {
		t.Errorf("got %v", out)
	}
	if f.said("RNFR /x/y/.aether-") != 1 {
		t.Error("the file was not sent under another name")
	}
	info, _ := os.Stat(filepath.Join(env.Files.Dirs()[0], "a.bin"))
	if got := f.files["/x/y/a.bin"].time; !got.Equal(info.ModTime().UTC().Truncate(time.Second)) {
		t.Errorf("the time is %v", got)
	}
	for rule, want := range map[string]string{"skip": "skipped", "newer": "skipped", "overwrite": "overwritten"} {
		if out := f.must(env, "ftp.upload", params{"from": "a.bin", "to": "/x/y", "if_exists": rule}); out["action"] != want {
			t.Errorf("%s: %v", rule, out)
		}
	}
	_, err := f.run(env, "ftp.upload", params{"from": "a.bin", "to": "/x/y/a.bin", "if_exists": "error"})
	fails(t, err, node.KindInput, "exists already")
	_, err = f.run(env, "ftp.upload", params{"from": "a.bin", "to": "/z/a.bin", "make_folders": false, "atomic": false})
	if err != nil {
		t.Log(err) // this server makes them by itself
	}
	// The server drops the connection; nothing is left under the name.
	f.set(func() { f.cut, f.cuts = 1000, 1 })
	_, err = f.run(env, "ftp.upload", params{"from": "a.bin", "to": "/new.bin"})
	fails(t, err, node.KindNetwork, "sending")
	if f.get("/new.bin") != "(none)" {
		t.Error("a part of the file is there under its name")
	}
	f.set(func() { f.cut, f.cuts = 2<<20, 1 })
	if out := f.must(env, "ftp.upload", params{"from": "a.bin", "to": "/r.bin", "resume": true}); f.get("/r.bin") != large || out["sent"] != 1<<20 {
		t.Errorf("got %v", out)
	}
	_, err = f.run(env, "ftp.upload", params{"from": "a.bin", "to": "/r.bin", "resume": true, "atomic": false})
	fails(t, err, node.KindInput, "resume needs atomic")
}

func TestUploadToSimpleServers(t *testing.T) {
	env, f := nodetest.Env(t), newFake(t)
	write(t, env, "a.txt", "new")
	f.put("/a.txt", "old")
	f.set(func() { f.noReplace = true })
	if out := f.must(env, "ftp.upload", params{"from": "a.txt", "to": "/a.txt"}); f.get("/a.txt") != "new" || out["atomic"] != true {
		t.Errorf("got %v", out)
	}
	f.answer("RNFR", "550 Permission denied.")
	write(t, env, "a.txt", "newer")
	if out := f.must(env, "ftp.upload", params{"from": "a.txt", "to": "/a.txt"}); f.get("/a.txt") != "newer" || out["atomic"] != false {
		t.Errorf("got %v", out)
	}
	if got := f.names(); !slices.Equal(got, []string{"/", "/a.txt"}) {
		t.Errorf("left over: %v", got)
	}
	// A server that knows next to nothing.
	f2 := newFake(t)
	f2.set(func() { f2.mlsd = false })
	for _, cmd := range []string{"SIZE", "MDTM", "MFMT", "RNFR", "FEAT", "EPSV"} {
		f2.answer(cmd, "502 not implemented")
	}
	f2.answer("EPSV", "")
	out := f2.must(env, "ftp.upload", params{"from": "a.txt", "to": "/dir/b.txt"})
	if f2.get("/dir/b.txt") != "newer" || out["verified"] != true {
		t.Errorf("got %v", out)
	}
	f2.must(env, "ftp.download", params{"from": "/dir/b.txt", "to": "b.txt"})
	if read(t, env, "b.txt") != "newer" {
		t.Error("download")
	}
	if out := f2.must(env, "ftp.exists", params{"path": "/nothing"}); out["exists"] != false {
		t.Errorf("got %v", out)
	}
}

func TestLyingServer(t *testing.T) {
	env, f := nodetest.Env(t), newFake(t)
	f.put("/a", "12345")
	f.answer("SIZE /a", "213 4")
	_, err := f.run(env, "ftp.download", params{"from": "/a", "to": "a"})
	fails(t, err, node.KindNetwork, "5 bytes of /a arrived, not the 4")
	f.answer("SIZE /a", "213 99999999999999999999")
	f.must(env, "ftp.download", params{"from": "/a", "to": "a"})
	f.answer("SIZE /a", "213 9000000000000000000")
	_, err = f.run(env, "ftp.download", params{"from": "/a", "to": "a2"})
	fails(t, err, node.KindInput, "more than the limit")
	f.answer("SIZE /a", "213 1")
	f.put("/a", large)
	_, err = f.run(env, "ftp.download", params{"from": "/a", "to": "a3", "max_size": 1 << 20})
	fails(t, err, node.KindInput, "larger than the limit of 1048576")
	_, err = f.run(env, "ftp.read_text", params{"path": "/a", "max_size": 1000})
	fails(t, err, node.KindInput, "larger than the limit of 1000")
	for _, answer := range []string{"EPSV", "229 (|||x|)"} {
		f.answer("EPSV", answer)
		f.answer("PASV", "227 (1,2,3)")
		if _, err = f.run(env, "ftp.download", params{"from": "/a", "to": "a3"}); err == nil {
			t.Error("no error")
		}
	}
	if read(t, env, "a2") != "(none)" || read(t, env, "a3") != "(none)" {
		t.Error("something was written")
	}
}

// A server that names another computer for data would have this one knock at
// doors that only it can reach.
func TestDataComeFromTheServerOnly(t *testing.T) {
	env, f := nodetest.Env(t), newFake(t)
	f.put("/a", "12345")
	dial := env.Dial
	env.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if !strings.HasPrefix(addr, "127.0.0.1:") {
			t.Errorf("it connects to %s", addr)
		}
		return dial(ctx, network, addr)
	}
	for i, answer := range []string{"500 what?", "229 (|1|203.0.113.9|21|)", "229 (|2|::1|21|)"} {
		f.answer("EPSV", answer)
		to := fmt.Sprint("a", i)
		if _, err := f.run(env, "ftp.download", params{"from": "/a", "to": to}); err != nil || read(t, env, to) != "12345" {
			t.Errorf("%s: %v", answer, err)
		}
		f.hangUp()
	}
}

var hostile = []string{"../evil", "..", "/etc/passwd", "a/b", `..\evil`, "x\x00y", "evil\x0dRMD /"}

func TestHostileNames(t *testing.T) {
	for _, name := range hostile {
		env, f := nodetest.Env(t), newFake(t)
		f.put("/d/good", "1")
		f.set(func() { f.listing = []string{"type=file;size=1;modify=20260101000000; " + name} })
		_, err := f.run(env, "ftp.download_folder", params{"from": "/d", "to": "out"})
		if name == ".." {
			if err != nil {
				t.Errorf("%q: %v", name, err)
			}
			continue
		}
		fails(t, err, node.KindDenied, "not a plain file name")
		_, err = f.run(env, "ftp.remove_folder", params{"path": "/d", "recursive": true})
		fails(t, err, node.KindDenied, "not a plain file name")
		_, err = f.run(env, "ftp.upload_folder", params{"from": "out", "to": "/d", "delete_extra": true})
		fails(t, err, node.KindDenied, "not a plain file name")
		if out := f.must(env, "ftp.list", params{"path": "/d", "recursive": true}); out["count"] != 1 || out["unreadable"] != 1 {
			t.Errorf("%q: %v", name, out)
		}
		if n := f.said("DELE") + f.said("RMD"); n > 0 {
			t.Errorf("%q: something was deleted: %q", name, f.log)
		}
	}
}

func TestEndlessFolders(t *testing.T) {
	env, f := nodetest.Env(t), newFake(t)
	f.set(func() { f.listing = []string{"type=dir;modify=20260101000000; again"} })
	_, err := f.run(env, "ftp.list", params{"recursive": true})
	fails(t, err, node.KindError, "100 folders deep")
	_, err = f.run(env, "ftp.list", params{"recursive": true, "max_entries": 5})
	fails(t, err, node.KindError, "more than 5 entries")
	_, err = f.run(env, "ftp.download_folder", params{"from": "/", "to": "x"})
	fails(t, err, node.KindError, "deep")
	f.set(func() {
		f.listing = []string{strings.Repeat("type=file;size=1;modify=20260101000000; "+strings.Repeat("x", 200)+"\r\n", 200_000)}
	})
	_, err = f.run(env, "ftp.list", nil)
	fails(t, err, node.KindError, "more than can be meant")
	f.set(func() { f.listing = []string{"garbage", "type=file"} })
	_, err = f.run(env, "ftp.download_folder", params{"from": "/", "to": "x"})
	fails(t, err, node.KindError, "2 lines of the server's listing")
	if out := f.must(env, "ftp.list", nil); out["unreadable"] != 2 {
		t.Errorf("got %v", out)
	}
}

func TestConnecting(t *testing.T) {
	env, f := nodetest.Env(t), newFake(t)
	out := f.must(env, "ftp.check_connection", nil)
	if out["message"] != "Hello fake" && out["message"] != "Hello  fake" || out["folder"] != "/" || out["encrypted"] != false {
		t.Errorf("got %v", out)
	}
	c := f.connection()
	c["password"] = "pass-word-wrong"
	_, err := f.run(env, "ftp.list", params{"connection": c})
	fails(t, err, node.KindDenied, "530 no entry with ***")
	c = f.connection()
	c["security"] = "explicit"
	_, err = f.run(env, "ftp.list", params{"connection": c})
	fails(t, err, node.KindError, "refuses to encrypt")
	f.answer("AUTH", "530 Please login with USER and PASS.") // as vsftpd does
	_, err = f.run(env, "ftp.list", params{"connection": c})
	fails(t, err, node.KindError, "refuses to encrypt")
	c["security"], c["timeout"] = "implicit", "300ms"
	_, err = f.run(env, "ftp.list", params{"connection": c})
	fails(t, err, node.KindNetwork, "TLS")
	c = f.connection()
	c["timeout"], c["listing"] = "100ms", "mlsd" // other settings, so a new connection
	f.answer("PWD", "hang")
	_, err = f.run(env, "ftp.list", params{"connection": c})
	fails(t, err, node.KindTimeout, "silent for longer than 100ms")
	f.answer("PWD", "257 "+strings.Repeat("x", 2<<20))
	_, err = f.run(env, "ftp.list", params{"connection": c})
	fails(t, err, node.KindError, "more than can be meant")
	f.answer("PWD", "")
	for _, host := range []string{"", "a b", "ftp://x/"} {
		c["host"] = host
		_, err = f.run(env, "ftp.list", params{"connection": c})
		fails(t, err, node.KindInput, "host")
	}
	c["host"], c["user"] = "127.0.0.1", "a\r\nDELE x"
	_, err = f.run(env, "ftp.list", params{"connection": c})
	fails(t, err, node.KindInput, "one line")
	_, err = f.run(env, "ftp.delete", params{"path": "a\r\nDELE b"})
	fails(t, err, node.KindInput, "line ends")
}

func TestPool(t *testing.T) {
	env, f := nodetest.Env(t), newFake(t)
	for range 3 {
		f.must(env, "ftp.list", nil)
	}
	if f.logins != 1 {
		t.Errorf("logged in %d times", f.logins)
	}
	f.hangUp()
	f.must(env, "ftp.make_folder", params{"path": "/x"})
	if f.logins != 2 || f.said("MKD") != 1 {
		t.Errorf("logged in %d times, made %d folders", f.logins, f.said("MKD"))
	}
	if out := f.must(env, "ftp.disconnect", nil); out["closed"] != 1 {
		t.Errorf("got %v", out)
	}
	if out := f.must(env, "ftp.disconnect", nil); out["closed"] != 0 {
		t.Errorf("got %v", out)
	}
	// An effect whose answer is lost is not repeated.
	f.answer("MKD", "hang")
	c := f.connection()
	c["timeout"] = "100ms"
	f.must(env, "ftp.list", params{"connection": c})
	_, err := f.run(env, "ftp.make_folder", params{"connection": c, "path": "/y"})
	fails(t, err, node.KindTimeout, "")
	if f.said("MKD /y") != 1 {
		t.Errorf("sent %d times", f.said("MKD /y"))
	}
}

func TestCancel(t *testing.T) {
	env, f := nodetest.Env(t), newFake(t)
	f.put("/a", large)
	f.answer("RETR", "hang")
	ctx, cancel := context.WithCancel(t.Context())
	c := Connection{Host: "127.0.0.1", User: "u", Security: "none", Timeout: time.Minute, Timezone: "UTC", EPSV: true, Listing: "auto"}
	c.Password = secret("pass-word")
	c.Port = f.connection()["port"].(int)
	var in downloadIn
	in.Connection, in.From, in.To, in.MaxSize = c, "/a", "a", 1<<30
	done := make(chan error)
	go func() {
		_, err := node.Default.Get("ftp.download").Run(ctx, env, &in)
		done <- err
	}()
	for f.said("RETR") == 0 {
		select {
		case err := <-done:
			t.Fatal(err)
		case <-time.After(time.Millisecond):
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

type denied struct{ error }

func (denied) Denied() bool { return true }

func TestEgress(t *testing.T) {
	env, f := nodetest.Env(t), newFake(t)
	real := env.Dial
	env.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
		if strings.HasPrefix(addr, "127.0.0.1:") {
			return nil, denied{errors.New("connecting to " + addr + " is not allowed")}
		}
		return real(ctx, "tcp4", addr)
	}
	_, err := f.run(env, "ftp.list", nil)
	fails(t, err, node.KindDenied, "not allowed")
	// Allowed by name: data connections go to the name too.
	c := f.connection()
	c["host"] = "localhost"
	f.put("/a", "text")
	if out := f.must(env, "ftp.read_text", params{"connection": c, "path": "a"}); out["text"] != "text" {
		t.Errorf("got %v", out)
	}
}

func TestTextMode(t *testing.T) {
	env, f := nodetest.Env(t), newFake(t)
	write(t, env, "a.txt", "one\ntwo\r\n\nthree\r")
	f.must(env, "ftp.upload", params{"from": "a.txt", "to": "/a.txt", "mode": "text"})
	if got := f.get("/a.txt"); got != "one\r\ntwo\r\n\r\nthree\r" {
		t.Errorf("got %q", got)
	}
	f.must(env, "ftp.download", params{"from": "/a.txt", "to": "b.txt", "mode": "text"})
	if got := read(t, env, "b.txt"); got != "one\ntwo\n\nthree\r" {
		t.Errorf("got %q", got)
	}
	if f.said("TYPE A") != 2 || f.log[len(f.log)-1] == "TYPE A" {
		t.Errorf("got %q", f.log)
	}
	long := bytes.Repeat([]byte("\n"), 100_001)
	write(t, env, "long.txt", string(long))
	f.must(env, "ftp.upload", params{"from": "long.txt", "to": "/long.txt", "mode": "text"})
	if got := f.get("/long.txt"); got != strings.Repeat("\r\n", len(long)) {
		t.Errorf("got %d bytes", len(got))
	}
}
