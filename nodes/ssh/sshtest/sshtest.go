// Package sshtest gives tests SSH servers: one inside the test, which can be
// made to misbehave, and the sshd of the system. Each has its own keys and
// ends with the test.
package sshtest

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/pem"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	gosftp "github.com/pkg/sftp"
	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Password is what the server inside the test lets in, and Passphrase what Key
// is encrypted with in EncryptedKey.
const (
	Password   = "pass-word-1"
	Passphrase = "pass-phrase-1"
)

// Server is an SSH server inside the test.
type Server struct {
	Host string
	Port int
	// Key logs a user in; it is OpenSSH text.
	Key []byte
	// EncryptedKey is Key, encrypted with Passphrase.
	EncryptedKey []byte
	// Root is the folder in which the file transfer begins.
	Root string

	public gossh.PublicKey
	t      testing.TB
	mu     sync.Mutex
	now    Behaviour
	conns  []net.Conn
	logins int
	wg     sync.WaitGroup
}

// Behaviour is what a test may change of a server.
type Behaviour struct {
	// Keys are those of the server.
	Keys []gossh.Signer
	// Handlers replaces the files of Root.
	Handlers *gosftp.Handlers
	// Exec runs a command in place of sh and returns its exit code; less than 0
	// ends the session without one.
	Exec func(cmd string, ch gossh.Channel) int
	// Cut ends the connection when so many bytes were sent to the client over a
	// channel, Cuts times.
	Cut  int
	Cuts int
	// Silent lets requests go unanswered.
	Silent bool
	// OnlyQuestions refuses passwords and asks for them (keyboard-interactive).
	OnlyQuestions bool
}

// Set changes how the server behaves from now on.
func (s *Server) Set(change func(*Behaviour)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.now)
}

func (s *Server) behaviour() Behaviour {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// PublicKey returns the public half of one of the server's keys.
func (s *Server) PublicKey(i int) gossh.PublicKey { return s.behaviour().Keys[i].PublicKey() }

// signers returns a key of each of two kinds.
func signers(t testing.TB) []gossh.Signer {
	t.Helper()
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var out []gossh.Signer
	for _, k := range []any{ed, ec} {
		s, err := gossh.NewSignerFromKey(k)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, s)
	}
	return out
}

// UserKey returns a new private key, plain and encrypted, and its public half.
func UserKey(t testing.TB) (key, encrypted []byte, public gossh.PublicKey) {
	t.Helper()
	pub, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := gossh.MarshalPrivateKey(private, "test")
	if err != nil {
		t.Fatal(err)
	}
	secret, err := gossh.MarshalPrivateKeyWithPassphrase(private, "test", []byte(Passphrase))
	if err != nil {
		t.Fatal(err)
	}
	if public, err = gossh.NewPublicKey(pub); err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(plain), pem.EncodeToMemory(secret), public
}

// New starts a server.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, now: Behaviour{Keys: signers(t)}, Root: t.TempDir()}
	s.Key, s.EncryptedKey, s.public = UserKey(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.Host, s.Port = "127.0.0.1", l.Addr().(*net.TCPAddr).Port
	s.wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			s.conns = append(s.conns, c)
			s.mu.Unlock()
			s.wg.Go(func() { s.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		s.HangUp()
		s.wg.Wait()
	})
	return s
}

// HangUp closes all connections.
func (s *Server) HangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.conns {
		_ = c.Close()
	}
}

// Logins returns how many times a user was let in.
func (s *Server) Logins() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.logins
}

// Connection returns the params of a connection with the password, the first
// of the server's keys pinned.
func (s *Server) Connection() map[string]any {
	return map[string]any{"host": s.Host, "port": s.Port, "user": "robot", "password": Password, "fingerprint": gossh.FingerprintSHA256(s.PublicKey(0)), "timeout": "5s"}
}

// KnownHosts returns the line of a known_hosts file for one of the keys.
func (s *Server) KnownHosts(key int) string {
	return knownhosts.Line([]string{net.JoinHostPort(s.Host, strconv.Itoa(s.Port))}, s.PublicKey(key)) + "\n"
}

func (s *Server) config() *gossh.ServerConfig {
	wrong, b := io.ErrUnexpectedEOF, s.behaviour()
	cfg := &gossh.ServerConfig{
		BannerCallback: func(gossh.ConnMetadata) string { return "authorised only\n" },
		PublicKeyCallback: func(_ gossh.ConnMetadata, key gossh.PublicKey) (*gossh.Permissions, error) {
			if string(key.Marshal()) != string(s.public.Marshal()) {
				return nil, wrong
			}
			return nil, nil
		},
		KeyboardInteractiveCallback: func(_ gossh.ConnMetadata, ask gossh.KeyboardInteractiveChallenge) (*gossh.Permissions, error) {
			a, err := ask("", "", []string{"Name: ", "Password: "}, []bool{true, false})
			if err != nil || len(a) != 2 || a[0] != "" || a[1] != Password {
				return nil, wrong
			}
			return nil, nil
		},
	}
	if !b.OnlyQuestions {
		cfg.PasswordCallback = func(_ gossh.ConnMetadata, p []byte) (*gossh.Permissions, error) {
			if string(p) != Password {
				return nil, wrong
			}
			return nil, nil
		}
	}
	for _, k := range b.Keys {
		cfg.AddHostKey(k)
	}
	return cfg
}

func (s *Server) serve(c net.Conn) {
	defer c.Close()
	conn, chans, reqs, err := gossh.NewServerConn(c, s.config())
	if err != nil {
		return
	}
	s.mu.Lock()
	s.logins++
	s.mu.Unlock()
	s.wg.Go(func() {
		for r := range reqs {
			if r.WantReply && !s.behaviour().Silent {
				_ = r.Reply(false, nil)
			}
		}
	})
	for n := range chans {
		if s.behaviour().Silent {
			continue
		}
		ch, reqs, err := n.Accept()
		if err != nil {
			return
		}
		s.wg.Go(func() { s.session(c, ch, reqs) })
	}
	_ = conn.Close()
}

func (s *Server) session(c net.Conn, ch gossh.Channel, reqs <-chan *gossh.Request) {
	defer ch.Close()
	for r := range reqs {
		switch r.Type {
		case "subsystem":
			_ = r.Reply(true, nil)
			s.wg.Go(func() {
				for range reqs { // nobody asks for more
				}
			})
			s.files(c, ch)
			return
		case "exec":
			_ = r.Reply(true, nil)
			cmd := string(r.Payload[4:])
			s.wg.Go(func() {
				for r := range reqs {
					_ = r.Reply(false, nil)
				}
			})
			if code := s.exec(cmd, ch); code >= 0 {
				_, _ = ch.SendRequest("exit-status", false, gossh.Marshal(struct{ Code uint32 }{uint32(code)}))
			}
			return
		default:
			_ = r.Reply(r.Type == "pty-req", nil)
		}
	}
}

func (s *Server) exec(cmd string, ch gossh.Channel) int {
	if run := s.behaviour().Exec; run != nil {
		return run(cmd, ch)
	}
	p := exec.CommandContext(s.t.Context(), "sh", "-c", cmd) //nolint:gosec // that is what it is for
	p.Dir, p.Stdin, p.Stdout, p.Stderr = s.Root, ch, ch, ch.Stderr()
	if err := p.Start(); err != nil {
		return 127
	}
	_ = p.Wait() // the exit code tells
	return p.ProcessState.ExitCode()
}

// cutting ends the connection after so many bytes.
type cutting struct {
	gossh.Channel
	s    *Server
	c    net.Conn
	sent int
}

func (w *cutting) Write(p []byte) (int, error) {
	w.s.mu.Lock()
	cut := w.s.now.Cuts > 0 && w.sent+len(p) > w.s.now.Cut
	if cut {
		w.s.now.Cuts--
	}
	w.s.mu.Unlock()
	if cut {
		_ = w.c.Close()
		return 0, io.ErrClosedPipe
	}
	w.sent += len(p)
	return w.Channel.Write(p)
}

func (s *Server) files(c net.Conn, ch gossh.Channel) {
	rw := &cutting{Channel: ch, s: s, c: c}
	if h := s.behaviour().Handlers; h != nil {
		_ = gosftp.NewRequestServer(rw, *h).Serve() // the client has ended it
		return
	}
	srv, err := gosftp.NewServer(rw, gosftp.WithServerWorkingDirectory(s.Root))
	if err == nil {
		_ = srv.Serve() // the client has ended it
	}
}

// SSHD starts the sshd of the system for the user of the test, and returns the
// params of a connection and the line for known_hosts. Without sshd the test
// is skipped.
func SSHD(t testing.TB, user string) (connection map[string]any, known string) {
	t.Helper()
	program := "/usr/sbin/sshd"
	if _, err := os.Stat(program); err != nil {
		t.Skip("sshd is not installed (apt install openssh-server)")
	}
	if os.Getuid() == 0 {
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	_, host, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block, err := gossh.MarshalPrivateKey(host, "")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := gossh.NewSignerFromKey(host)
	if err != nil {
		t.Fatal(err)
	}
	key, _, public := UserKey(t)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	_, port, _ := net.SplitHostPort(addr)
	files := map[string]string{
		"host_key":        string(pem.EncodeToMemory(block)),
		"authorized_keys": string(gossh.MarshalAuthorizedKey(public)),
		"sshd_config": strings.Join([]string{
			"ListenAddress " + addr, "HostKey " + filepath.Join(dir, "host_key"), "AuthorizedKeysFile " + filepath.Join(dir, "authorized_keys"),
			"StrictModes no", "UsePAM no", "PidFile none", "PasswordAuthentication no", "PermitRootLogin yes", "Subsystem sftp internal-sftp", "",
		}, "\n"),
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.CommandContext(t.Context(), program, "-D", "-e", "-f", filepath.Join(dir, "sshd_config"))
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan bool, 1)
	read := make(chan struct{})
	go func() {
		defer close(read)
		listening(stderr, ready)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = stderr.Close() // the processes of open connections hold it too
		<-read
		_ = cmd.Wait() // it was killed
	})
	if !<-ready {
		t.Fatal("sshd did not start")
	}
	n, _ := strconv.Atoi(port)
	return map[string]any{"host": "127.0.0.1", "port": n, "user": user, "private_key": string(key), "known_hosts": "known_hosts", "timeout": "10s"},
		knownhosts.Line([]string{addr}, signer.PublicKey()) + "\n"
}

// listening waits for sshd to say that it listens, and reads on so that it is
// not held up.
func listening(r io.Reader, ready chan<- bool) {
	var said strings.Builder
	buf := make([]byte, 4096)
	done := false
	for {
		n, err := r.Read(buf)
		if !done {
			said.Write(buf[:n])
			if done = strings.Contains(said.String(), "listening on"); done {
				ready <- true
			}
		}
		if err != nil {
			if !done {
				ready <- false
			}
			return
		}
	}
}
