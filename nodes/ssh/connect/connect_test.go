package connect_test

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
	"github.com/aether-rpa/aether/nodes/ssh/connect"
	"github.com/aether-rpa/aether/nodes/ssh/sshtest"
	"github.com/aether-rpa/aether/vault"
)

// of returns the connection to a server with what every test needs.
func of(s *sshtest.Server) connect.Connection {
	return connect.Connection{Host: s.Host, Port: s.Port, User: "robot", Password: vault.New(sshtest.Password), Trust: "none", Timeout: 5 * time.Second}
}

func dial(t *testing.T, env *node.Env, c connect.Connection) (*connect.Client, error) {
	t.Helper()
	s, err := c.Resolve(env)
	if err != nil {
		return nil, err
	}
	client, err := s.Dial(t.Context(), env)
	if err == nil {
		t.Cleanup(client.Cut)
	}
	return client, err
}

func fails(t *testing.T, err error, kind, part string) {
	t.Helper()
	if err == nil || node.AsFailure(err).Kind != kind || !strings.Contains(err.Error(), part) {
		t.Errorf("got %v, want a failure of kind %s with %q", err, kind, part)
	}
	for _, secret := range []string{sshtest.Password, sshtest.Passphrase, "BEGIN OPENSSH"} {
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("a secret is in the error: %v", err)
		}
	}
}

func TestLogin(t *testing.T) {
	s := sshtest.New(t)
	asks := sshtest.New(t)
	asks.Set(func(b *sshtest.Behaviour) { b.OnlyQuestions = true })
	oneLine := strings.ReplaceAll(string(s.Key), "\n", `\n`)
	tests := []struct {
		name       string
		server     *sshtest.Server
		set        func(*connect.Connection)
		kind, part string // of the failure, "" for none
	}{
		{"password", s, func(*connect.Connection) {}, "", ""},
		{"wrong password", s, func(c *connect.Connection) { c.Password = vault.New("x") }, node.KindDenied, "does not let robot in (tried"},
		{"questions", asks, func(*connect.Connection) {}, "", ""},
		{"wrong answer", asks, func(c *connect.Connection) { c.Password = vault.New("x") }, node.KindDenied, "does not let"},
		{"key", s, func(c *connect.Connection) { c.Password, c.PrivateKey = vault.Secret{}, vault.New(string(s.Key)) }, "", ""},
		{"key in one line", s, func(c *connect.Connection) { c.Password, c.PrivateKey = vault.Secret{}, vault.New(oneLine) }, "", ""},
		{"key of another", s, func(c *connect.Connection) { c.Password, c.PrivateKey = vault.Secret{}, vault.New(string(asks.Key)) }, node.KindDenied, "tried publickey"},
		{"key file", s, func(c *connect.Connection) { c.Password, c.KeyFile = vault.Secret{}, "key" }, "", ""},
		{"no key file", s, func(c *connect.Connection) { c.KeyFile = "none" }, node.KindNotFound, "none"},
		{"key file outside", s, func(c *connect.Connection) { c.KeyFile = "/etc/passwd" }, node.KindDenied, "outside"},
		{"both", s, func(c *connect.Connection) { c.KeyFile, c.PrivateKey = "key", vault.New(string(s.Key)) }, node.KindInput, "both"},
		{"encrypted", s, func(c *connect.Connection) {
			c.Password, c.PrivateKey, c.Passphrase = vault.Secret{}, vault.New(string(s.EncryptedKey)), vault.New(sshtest.Passphrase)
		}, "", ""},
		{"no passphrase", s, func(c *connect.Connection) { c.PrivateKey = vault.New(string(s.EncryptedKey)) }, node.KindInput, "is encrypted"},
		{"wrong passphrase", s, func(c *connect.Connection) {
			c.PrivateKey, c.Passphrase = vault.New(string(s.EncryptedKey)), vault.New("x")
		}, node.KindInput, "cannot be decrypted"},
		{"no key", s, func(c *connect.Connection) { c.PrivateKey = vault.New("hello") }, node.KindInput, "cannot be read"},
		{"cut key", s, func(c *connect.Connection) { c.PrivateKey = vault.New(string(s.Key[:200])) }, node.KindInput, "cannot be read"},
		{"PuTTY", s, func(c *connect.Connection) { c.PrivateKey = vault.New("PuTTY-User-Key-File-3: ssh-ed25519\n") }, node.KindInput, "puttygen"},
		{"nothing", s, func(c *connect.Connection) { c.Password = vault.Secret{} }, node.KindDenied, "give a password"},
		{"no agent", s, func(c *connect.Connection) { c.Agent = true }, node.KindInput, "SSH_AUTH_SOCK"},
		{"no user", s, func(c *connect.Connection) { c.User = "" }, node.KindInput, "user"},
		{"host with user", s, func(c *connect.Connection) { c.Host = "me@host" }, node.KindInput, "host"},
		{"nobody there", s, func(c *connect.Connection) { c.Port = 1 }, node.KindNetwork, "connecting to"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			env := nodetest.Env(t)
			if err := os.WriteFile(filepath.Join(env.Files.Dirs()[0], "key"), s.Key, 0o600); err != nil {
				t.Fatal(err)
			}
			c := of(tt.server)
			tt.set(&c)
			client, err := dial(t, env, c)
			if tt.kind != "" {
				fails(t, err, tt.kind, tt.part)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if client.Banner != "authorised only\n" || !client.Alive(t.Context()) {
				t.Errorf("banner %q", client.Banner)
			}
		})
	}
}

func TestAgent(t *testing.T) {
	s := sshtest.New(t)
	raw, err := gossh.ParseRawPrivateKey(s.Key)
	if err != nil {
		t.Fatal(err)
	}
	keys := agent.NewKeyring()
	if err := keys.Add(agent.AddedKey{PrivateKey: raw}); err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "agent") //nolint:usetesting // names of sockets must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() { _ = agent.ServeAgent(keys, c) }()
		}
	}()
	env := nodetest.Env(t)
	env.Environ = append(env.Environ, "SSH_AUTH_SOCK="+l.Addr().String())
	c := of(s)
	c.Password = vault.Secret{}
	if _, err := dial(t, env, c); err != nil {
		t.Error(err)
	}
	c.Agent = true
	if _, err := dial(t, env, c); err != nil {
		t.Error(err)
	}
}

func TestHostKeys(t *testing.T) {
	s, other := sshtest.New(t), sshtest.New(t)
	env := nodetest.Env(t)
	dir := env.Files.Dirs()[0]
	fp := func(s *sshtest.Server, i int) string { return gossh.FingerprintSHA256(s.PublicKey(i)) }
	wrongKey := strings.Replace(other.KnownHosts(0), "]:", "]:", 1)
	wrongKey = strings.Fields(s.KnownHosts(0))[0] + " " + strings.Join(strings.Fields(wrongKey)[1:], " ") + "\n"
	for name, text := range map[string]string{
		"first": s.KnownHosts(0), "second": "# comment\n\nold ssh-dss AAAA\n" + s.KnownHosts(1), "wrong": wrongKey, "empty": "",
		"revoked": "@revoked * " + strings.Join(strings.Fields(s.KnownHosts(0))[1:], " ") + "\n" + s.KnownHosts(0),
		"others":  other.KnownHosts(0), "marker": "@what * ssh-rsa AAAA\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	tests := []struct {
		trust, known, pin string
		kind, part        string
	}{
		{"strict", "", "", node.KindDenied, "is not known: it shows "},
		{"strict", "first", "", "", ""},
		{"strict", "second", "", "", ""},
		{"strict", "empty", "", node.KindDenied, "is not known"},
		{"strict", "others", "", node.KindDenied, "is not known"},
		{"strict", "wrong", "", node.KindDenied, "is not the server that it was"},
		{"strict", "none", "", node.KindNotFound, "known_hosts"},
		{"strict", "marker", "", node.KindInput, "is not a known_hosts file"},
		{"strict", "revoked", "", node.KindDenied, "revoked"},
		{"on_first_use", "wrong", "", node.KindDenied, "is not the server that it was"},
		{"on_first_use", "", "", node.KindInput, "needs known_hosts"},
		{"none", "wrong", "", "", ""},
		{"strict", "", fp(s, 0), "", ""},
		{"strict", "", fp(s, 1), "", ""},
		{"strict", "wrong", fp(other, 0) + ", " + fp(s, 1) + "=", "", ""},
		{"none", "", fp(other, 0), node.KindDenied, fp(s, 1)},
		{"strict", "first", fp(other, 0), node.KindDenied, "none has the fingerprint"},
		{"strict", "", "md5:aa", node.KindInput, "is not the fingerprint"},
	}
	for _, tt := range tests {
		c := of(s)
		c.Trust, c.KnownHosts, c.Pin = tt.trust, tt.known, tt.pin
		_, err := dial(t, env, c)
		if tt.kind == "" && err != nil {
			t.Errorf("%+v: %v", tt, err)
		}
		if tt.kind != "" {
			fails(t, err, tt.kind, tt.part)
		}
	}
	keys, err := of(s).HostKeys(t.Context(), env)
	if err != nil || len(keys) != 2 {
		t.Fatalf("got %v, %v", keys, err)
	}
	found := map[string]bool{}
	for _, k := range keys {
		found[k.Fingerprint+" "+k.Line+"\n"] = true
	}
	want := map[string]bool{fp(s, 0) + " " + s.KnownHosts(0): true, fp(s, 1) + " " + s.KnownHosts(1): true}
	if !maps.Equal(found, want) {
		t.Errorf("got %v, want %v", found, want)
	}
}

func TestFirstUse(t *testing.T) {
	s, other := sshtest.New(t), sshtest.New(t)
	env := nodetest.Env(t)
	c := of(s)
	c.Trust, c.KnownHosts = "on_first_use", "ssh/known"
	wrong := c
	wrong.Password = vault.New("x")
	if _, err := dial(t, env, wrong); err == nil {
		t.Error("no error")
	}
	file := filepath.Join(env.Files.Dirs()[0], "ssh/known")
	if _, err := os.Stat(file); err == nil {
		t.Error("the key was stored although the login failed")
	}
	for range 2 {
		if _, err := dial(t, env, c); err != nil {
			t.Fatal(err)
		}
	}
	o := of(other)
	o.Trust, o.KnownHosts = "on_first_use", "ssh/known"
	if _, err := dial(t, env, o); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(file)
	if err != nil || strings.Count(string(data), "\n") != 2 {
		t.Errorf("got %q, %v", data, err)
	}
	var keys []gossh.Signer
	other.Set(func(b *sshtest.Behaviour) { keys = b.Keys })
	s.Set(func(b *sshtest.Behaviour) { b.Keys = keys }) // another server at the same address
	_, err = dial(t, env, c)
	fails(t, err, node.KindDenied, "is not the server that it was")
	c.Trust = "strict"
	_, err = dial(t, env, c)
	fails(t, err, node.KindDenied, "is not the server that it was")
	// It has lost the kind of key that is known.
	s.Set(func(b *sshtest.Behaviour) { b.Keys = keys[1:] })
	if err := os.WriteFile(file, []byte(strings.Replace(other.KnownHosts(0), fmt.Sprint(other.Port), fmt.Sprint(s.Port), 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = dial(t, env, c)
	fails(t, err, node.KindDenied, "no key of the kinds")
}

func TestStrangers(t *testing.T) {
	env := nodetest.Env(t)
	for _, tt := range []struct{ says, kind, part string }{
		{"", node.KindNetwork, "closed the connection"},
		{"HTTP/1.1 400 Bad Request\r\n\r\n", node.KindNetwork, ""},
		{"SSH-2.0-x\r\n" + strings.Repeat("\xff", 100), node.KindNetwork, ""},
		{"SSH-2.0-x\r\nwait", node.KindTimeout, "took longer than 300ms"},
		{strings.Repeat("x", 1<<20), node.KindNetwork, ""},
	} {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Write([]byte(tt.says))
			if strings.HasSuffix(tt.says, "wait") {
				_, _ = c.Read(make([]byte, 1))
				<-t.Context().Done()
			}
			_ = c.Close()
		}()
		c := connect.Connection{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, User: "u", Password: vault.New("x"), Trust: "none", Timeout: 300 * time.Millisecond}
		_, err = dial(t, env, c)
		fails(t, err, tt.kind, tt.part)
		var f *node.Failure
		if !errors.As(err, &f) {
			t.Errorf("%q: got %T", tt.says, err)
		}
		_ = l.Close()
	}
}

func FuzzKnownHosts(f *testing.F) {
	f.Add("host ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==\n")
	f.Add("@revoked * ssh-rsa AAAA\n|1|a|b ssh-rsa x\n!,[::1]:22 x y\n")
	env := nodetest.Env(f)
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(filepath.Join(env.Files.Dirs()[0], "k"), []byte(text), 0o600); err != nil {
			t.Skip(err)
		}
		env.TempDir = func() (string, error) { return env.Files.Dirs()[0], nil }
		s, err := connect.Connection{Host: "h", Port: 22, User: "u", Trust: "strict", KnownHosts: "k", Timeout: time.Second}.Resolve(env)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := connect.CheckKnown(s, env); err != nil && node.AsFailure(err).Kind != node.KindInput {
			t.Errorf("got %v", err)
		}
	})
}
