package ssh

import (
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/nodes/ssh/sshtest"
	"github.com/aether-rpa/aether/vault"
)

func TestExamples(t *testing.T) { nodetest.Examples(t, "ssh") }

type params = map[string]any

type client struct {
	t    testing.TB
	env  *node.Env
	conn params
}

func (c *client) try(typ string, p params) (params, error) {
	c.t.Helper()
	q := params{"connection": c.conn}
	maps.Copy(q, p)
	return nodetest.Run(c.t, c.env, typ, q)
}

func (c *client) run(p params) params {
	c.t.Helper()
	out, err := c.try("ssh.run", p)
	if err != nil {
		c.t.Fatalf("%v: %v", p, err)
	}
	return out
}

func (c *client) fails(typ string, p params, kind, part string) *node.Failure {
	c.t.Helper()
	_, err := c.try(typ, p)
	if err == nil || node.AsFailure(err).Kind != kind || !strings.Contains(err.Error(), part) {
		c.t.Errorf("%v: got %v, want a failure of kind %s with %q", p, err, kind, part)
		return &node.Failure{}
	}
	return node.AsFailure(err)
}

func TestServerInside(t *testing.T) {
	s := sshtest.New(t)
	c := &client{t, nodetest.Env(t), s.Connection()}
	exercise(t, c)
	// The command that took too long ended its connection.
	if s.Logins() != 2 {
		t.Errorf("logged in %d times", s.Logins())
	}
	s.HangUp()
	c.run(params{"command": "true"})
	if s.Logins() != 3 {
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
	if err := os.WriteFile(filepath.Join(c.env.Files.Dirs()[0], "known_hosts"), []byte(known), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.try("ssh.disconnect", nil) })
	exercise(t, c)
	if out := c.run(params{"command": "test -t 1 && echo terminal; echo err >&2", "pty": true}); out["stdout"] != "terminal\r\nerr\r\n" {
		t.Errorf("got %v", out)
	}
	f := c.fails("ssh.run", params{"command": "kill -9 $$"}, node.KindError, "")
	if f.Code != "SIGKILL" && f.Code != "137" {
		t.Errorf("got %+v", f)
	}
	keys, err := nodetest.Run(t, c.env, "ssh.host_keys", params{"host": conn["host"], "port": conn["port"]})
	if err != nil || keys["count"] != 1 || keys["keys"].([]any)[0].(params)["line"].(string)+"\n" != known {
		t.Errorf("got %v, %v", keys, err)
	}
}

// exercise does all that can be done with a Unix server.
func exercise(t *testing.T, c *client) {
	env := c.env
	out := c.run(params{"command": "echo out; echo err >&2"})
	if out["stdout"] != "out\n" || out["stderr"] != "err\n" || out["result"] != "out" || out["exit_code"] != 0 {
		t.Errorf("got %v", out)
	}
	if out = c.run(params{"command": "printf '%s|'", "args": []any{"it's", "", "$HOME `x` \\ \"", "ü\n", "-n"}}); out["stdout"] != "it's||$HOME `x` \\ \"|ü\n|-n|" {
		t.Errorf("args: %q", out["stdout"])
	}
	if out = c.run(params{"command": "cat; echo $# \"$A\"; pwd", "stdin": "in\nput", "env": params{"A": "it's $HOME"}, "cwd": "/usr"}); out["stdout"] != "in\nput0 it's $HOME\n/usr\n" {
		t.Errorf("surroundings: %q", out["stdout"])
	}
	secret := vault.New("s3cr3t 'value\\")
	d := node.Default.Get("ssh.run")
	in := d.In.New()
	for k, v := range (params{"connection": c.conn, "command": "echo \"$TOKEN\"; cat; ps -ef 2>/dev/null | grep -c s3cr3[t]", "stdin": "rest", "exit_codes": []any{}}) {
		if err := d.In.Field(k).Set(in.Elem(), v); err != nil {
			t.Fatal(err)
		}
	}
	in.Interface().(*runIn).SecretEnv = map[string]vault.Secret{"TOKEN": secret}
	got, err := d.Run(t.Context(), env, in.Interface())
	if err != nil || !strings.HasPrefix(got.(runOut).Stdout, "***\nrest0") {
		t.Errorf("secret: %+v, %v", got, err)
	}
	f := c.fails("ssh.run", params{"command": "echo why >&2; exit 3"}, node.KindError, "the command ended with exit code 3: why")
	if f.Code != "3" {
		t.Errorf("got %+v", f)
	}
	if out = c.run(params{"command": "exit 3", "exit_codes": []any{0, 3}}); out["exit_code"] != 3 {
		t.Errorf("got %v", out)
	}
	c.fails("ssh.run", params{"command": "true", "cwd": "/no such folder"}, node.KindError, "no such folder")
	if out = c.run(params{"command": "echo '{\"a\": [1]}'", "output": "json"}); out["result"].(params)["a"].([]any)[0] != 1 {
		t.Errorf("got %v", out)
	}
	if out = c.run(params{"command": "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end >&2", "max_output": "1KiB"}); out["truncated"] != true || len(out["stdout"].(string)) != 1024 || out["stderr"] != "end\n" {
		t.Errorf("got %d bytes", len(out["stdout"].(string)))
	}
	f = c.fails("ssh.run", params{"command": "echo before; sleep 60 </dev/null >/dev/null 2>&1", "timeout": "200ms"}, node.KindTimeout, "did not end within 200ms")
	// The server of the system may take longer to begin at all.
	if printed := f.Details.(params)["stdout"]; printed != "before\n" && (c.conn["fingerprint"] != nil || printed != "") {
		t.Errorf("got %+v", f)
	}
	if _, err := c.try("ssh.disconnect", nil); err != nil {
		t.Error(err)
	}
	script := func(p params) params {
		t.Helper()
		out, err := c.try("ssh.run_script", p)
		if err != nil {
			t.Fatalf("%v: %v", p, err)
		}
		return out
	}
	out = script(params{"script": "#!/bin/sh\r\n# it's\ncat\necho \"$1\" '{{ x }}'\ncat <<E\nhere $2\nE\nexit 4 # end", "args": []any{"a b", "$c"}, "exit_codes": []any{4}})
	if out["stdout"] != "a b {{ x }}\nhere $c\n" || out["exit_code"] != 4 {
		t.Errorf("script: %v", out)
	}
	if err := os.WriteFile(filepath.Join(env.Files.Dirs()[0], "s.sh"), []byte("echo file; pwd"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out = script(params{"file": "s.sh", "interpreter": "bash -e", "cwd": "/usr"}); out["stdout"] != "file\n/usr\n" {
		t.Errorf("script: %v", out)
	}
	if _, err := exec.LookPath("perl"); err == nil {
		if out = script(params{"script": "print \"$ARGV[0]\\n\";", "interpreter": "perl", "args": []any{"x"}}); out["stdout"] != "x\n" {
			t.Errorf("script: %v", out)
		}
	}
	c.fails("ssh.run_script", params{"script": "echo a; } b"}, node.KindError, "the script ended")
	c.fails("ssh.run_script", params{}, node.KindInput, "either script or file")
	c.fails("ssh.run_script", params{"script": "x", "interpreter": " "}, node.KindInput, "interpreter")
	c.fails("ssh.run", params{"command": " "}, node.KindInput, "empty")
	c.fails("ssh.run", params{"command": "x", "env": params{"A-B": "1"}}, node.KindInput, "A-B")
	c.fails("ssh.run", params{"command": "x", "max_output": "lots"}, node.KindInput, "max_output")
	c.fails("ssh.run", params{"command": "x", "pty": true, "secret_env": params{"A": "secret"}}, node.KindInput, "terminal")
	c.fails("ssh.run", params{"command": "x", "secret_env": params{"A": "sec\nret"}}, node.KindInput, "more than one line")
	if out, err := c.try("ssh.check_connection", nil); err != nil || out["connected"] != true || out["fingerprint"] == "" {
		t.Errorf("check: %v, %v", out, err)
	}
}

func TestFaults(t *testing.T) {
	s := sshtest.New(t)
	c := &client{t, nodetest.Env(t), s.Connection()}
	var ran atomic.Int32
	run := func(cmd string, ch gossh.Channel) int {
		ran.Add(1)
		_, _ = ch.Write([]byte("partly\n"))
		if cmd == "drop" {
			s.HangUp()
		}
		return -1
	}
	s.Set(func(b *sshtest.Behaviour) { b.Exec = run })
	f := c.fails("ssh.run", params{"command": "silent end"}, node.KindNetwork, "connection was lost before it ended")
	if ran.Load() != 1 || f.Details.(params)["stdout"] != "partly\n" {
		t.Errorf("ran %d times, %+v", ran.Load(), f)
	}
	c.fails("ssh.run", params{"command": "drop"}, node.KindNetwork, "connection was lost before it ended")
	if ran.Load() != 2 {
		t.Errorf("ran %d times", ran.Load())
	}
	s.Set(func(b *sshtest.Behaviour) { b.Exec = func(string, gossh.Channel) int { return 300 } })
	if out := c.run(params{"command": "x", "exit_codes": []any{}}); out["exit_code"] != 300 {
		t.Errorf("got %v", out)
	}
	if _, err := c.try("ssh.disconnect", nil); err != nil {
		t.Error(err)
	}
	s.Set(func(b *sshtest.Behaviour) { b.Silent = true })
	c.conn["timeout"] = "200ms"
	c.fails("ssh.run", params{"command": "x"}, node.KindTimeout, "did not open a session")
}

func TestCancel(t *testing.T) {
	s := sshtest.New(t)
	c := &client{t, nodetest.Env(t), s.Connection()}
	started := make(chan bool)
	run := func(_ string, ch gossh.Channel) int {
		started <- true
		_, _ = ch.Read(make([]byte, 1)) // to the end of the input
		_, _ = ch.SendRequest("x", true, nil)
		return 0
	}
	s.Set(func(b *sshtest.Behaviour) { b.Exec = run })
	d := node.Default.Get("ssh.run")
	in := d.In.New()
	for k, v := range (params{"connection": c.conn, "command": "x"}) {
		if err := d.In.Field(k).Set(in.Elem(), v); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := d.Run(ctx, c.env, in.Interface())
		done <- err
	}()
	<-started
	cancel()
	select {
	case err := <-done:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("it does not end")
	}
}

func TestQuote(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("there is no sh")
	}
	rapid.Check(t, func(t *rapid.T) {
		texts := rapid.SliceOfN(rapid.StringOf(rapid.RuneFrom([]rune("ab'\"\\$`!*?~# \n;&|<>(){}[]-=%ü\t"))), 1, 5).Draw(t, "texts")
		line := "printf '%s\\0'"
		for _, x := range texts {
			line += " " + quote(x)
		}
		out, err := exec.Command("sh", "-c", "exec sh -c "+quote(line)).Output()
		if err != nil || string(out) != strings.Join(texts, "\x00")+"\x00" {
			t.Fatalf("%q became %q, %v", texts, out, err)
		}
	})
}
