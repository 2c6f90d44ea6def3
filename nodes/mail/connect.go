package mail

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

// connection says how to reach a mail server, SMTP or IMAP.
type connection struct {
	Host       string        `json:"host" is:"required" doc:"Host name of the server, for instance smtp.example.com or imap.example.com."`
	Port       int           `json:"port" min:"0" max:"65535" doc:"Port; 0 means the usual one: 587 for SMTP (465 with tls, 25 with none), 993 for IMAP (143 with starttls and none)."`
	Security   string        `json:"security" default:"auto" enum:"auto,tls,starttls,none" doc:"tls encrypts from the start, starttls after a greeting and never goes on without, none not at all: passwords and mail can then be read on the way. Auto goes by the port: tls for 465 and 993, else starttls; with port 0 starttls for SMTP and tls for IMAP."`
	User       string        `json:"user" doc:"User name, mostly the whole address. Empty signs in as nobody, which some servers inside a company allow for sending."`
	Password   vault.Secret  `json:"password" doc:"Password. Providers with two-factor sign-in want an app password here, or a token."`
	Token      vault.Secret  `json:"token" doc:"OAuth 2 access token for XOAUTH2, instead of a password (Google, Microsoft 365). Get a fresh one before; nodes do not renew it."`
	Auth       string        `json:"auth" default:"auto" enum:"auto,plain,login,cram_md5,xoauth2,none" is:"advanced" doc:"How to sign in. Auto takes xoauth2 with a token, else the best way the server offers."`
	CAFile     string        `json:"ca_file" widget:"file" is:"advanced" doc:"File with certificates (PEM) to trust besides those of the system."`
	ServerName string        `json:"server_name" is:"advanced" doc:"Name that the server's certificate must have, when it is not the host."`
	Insecure   bool          `json:"insecure" is:"advanced" doc:"Do not check the server's certificate. Anybody on the way can then read and change everything: for tests only."`
	Timeout    time.Duration `json:"timeout" default:"30s" min:"1s" max:"1h" is:"advanced" doc:"Fail when the server says nothing for so long."`
}

func (c connection) check() error {
	switch {
	case strings.ContainsAny(c.Host, " \t\r\n/"):
		return input("write only the name, without a scheme and port", "the host %s is no host name", short(c.Host))
	case c.Auth == "xoauth2" && c.Token.Empty():
		return input("give token", "xoauth2 needs an access token")
	case c.Auth == "plain" || c.Auth == "login" || c.Auth == "cram_md5":
		if c.User == "" {
			return input("give user and password", "%s needs a user", c.Auth)
		}
	}
	if !c.Token.Empty() && c.User == "" {
		return input("give user: the address of the mailbox", "a token needs the user it belongs to")
	}
	return nil
}

// resolve fills in port and security for a protocol, smtp or imap.
func (c connection) resolve(protocol string) connection {
	usual := map[string]map[string]int{
		"smtp": {"tls": 465, "starttls": 587, "none": 25},
		"imap": {"tls": 993, "starttls": 143, "none": 143},
	}[protocol]
	if c.Security == "auto" || c.Security == "" {
		switch {
		case c.Port == 465, c.Port == 993, c.Port == 0 && protocol == "imap":
			c.Security = "tls"
		default:
			c.Security = "starttls"
		}
	}
	if c.Port == 0 {
		c.Port = usual[c.Security]
	}
	if c.Timeout <= 0 {
		c.Timeout = 30 * time.Second
	}
	return c
}

func (c connection) addr() string { return net.JoinHostPort(c.Host, strconv.Itoa(c.Port)) }

// key names the settings, secrets and all, without showing them.
func (c connection) key(protocol string, env *node.Env) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q", []string{protocol, c.addr(), c.Security, c.User, c.Password.Reveal(), c.Token.Reveal(), c.Auth,
		c.CAFile, c.ServerName, strconv.FormatBool(c.Insecure), c.Timeout.String(), strings.Join(env.Files.Dirs(), "\x00")})
	return string(h.Sum(nil))
}

func (c connection) tls(env *node.Env) (*tls.Config, error) {
	cfg := &tls.Config{ServerName: c.ServerName, InsecureSkipVerify: c.Insecure, MinVersion: tls.VersionTLS12} //nolint:gosec // the flow asks for it
	if cfg.ServerName == "" {
		cfg.ServerName = c.Host
	}
	if c.CAFile == "" {
		return cfg, nil
	}
	f, err := env.Files.Open(c.CAFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	pem, err := io.ReadAll(io.LimitReader(f, 4<<20))
	if err != nil {
		return nil, err
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, input("give a file in PEM format", "%s holds no certificate", c.CAFile)
	}
	cfg.RootCAs = pool
	return cfg, nil
}

// dial connects, and encrypts if that comes first. The guard is armed.
func (c connection) dial(ctx context.Context, env *node.Env) (*guard, net.Conn, *tls.Config, error) {
	cfg, err := c.tls(env)
	if err != nil {
		return nil, nil, nil, err
	}
	dialCtx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	raw, err := env.Dial(dialCtx, "tcp", c.addr())
	if err != nil {
		return nil, nil, nil, c.tell(ctx, nil, err)
	}
	g := &guard{Conn: raw, timeout: c.Timeout}
	g.arm(ctx)
	if c.Security != "tls" {
		return g, g, cfg, nil
	}
	enc := tls.Client(g, cfg)
	if err := enc.HandshakeContext(dialCtx); err != nil {
		err = c.tell(ctx, g, err)
		g.disarm()
		_ = raw.Close() // the handshake's error says more
		return nil, nil, nil, err
	}
	return g, enc, cfg, nil
}

// tell turns an error of the network into a failure.
func (c connection) tell(ctx context.Context, g *guard, err error) error {
	var f *node.Failure
	if err == nil || errors.As(err, &f) {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var denied interface{ Denied() bool }
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	what := "talking to " + c.addr()
	switch text := err.Error(); {
	case errors.As(err, &denied) && denied.Denied():
		return node.Fail(node.KindDenied, what+": "+text, "ask the administrator to allow the address in the egress policy if flows may use it")
	case g != nil && g.stalled.Load(), errors.Is(err, context.DeadlineExceeded):
		return node.Fail(node.KindTimeout, fmt.Sprintf("%s: the server said nothing for %s", what, c.Timeout), "check host, port and security, or raise timeout if the server is slow")
	case errors.As(err, &cert):
		return node.Fail(node.KindNetwork, what+": "+text, "check the host; for a server of your own give its CA in ca_file")
	case errors.As(err, &record), strings.Contains(text, "first record does not look like a TLS handshake"):
		return node.Fail(node.KindNetwork, what+": the server does not speak TLS on this port", "check port and security: 465 and 993 take tls, 587 and 143 starttls")
	case strings.Contains(text, "support STARTTLS"), strings.Contains(text, "STARTTLS not"):
		return node.Fail(node.KindNetwork, what+": the server does not offer STARTTLS", "set security to tls and check the port; none sends everything readable")
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.Errno(10061)): // the latter on Windows
		return node.Fail(node.KindNetwork, what+": the connection was refused", "check host and port, and that the service runs")
	case errors.As(err, &dns):
		return node.Fail(node.KindNetwork, what+": "+text, "check the spelling of the host and the network")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, net.ErrClosed), strings.Contains(text, "EOF"):
		return node.Fail(node.KindNetwork, what+": the connection was cut", "try again; if it repeats, check port and security")
	default:
		return node.Fail(node.KindNetwork, what+": "+text, "")
	}
}

// guard closes a connection that stands still while somebody waits for it, or
// whose context ends. It replaces the deadlines that the protocol libraries
// set, which are fixed and partly missing.
type guard struct {
	net.Conn
	timeout time.Duration
	stalled atomic.Bool

	mu    sync.Mutex
	timer *time.Timer
	stop  func() bool
}

// arm starts to watch; disarm ends it.
func (g *guard) arm(ctx context.Context) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.timer = time.AfterFunc(g.timeout, func() {
		g.stalled.Store(true)
		_ = g.Conn.Close() // whoever waits sees it
	})
	g.stop = context.AfterFunc(ctx, func() { _ = g.Conn.Close() })
}

func (g *guard) disarm() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.timer != nil {
		g.timer.Stop()
		g.stop()
		g.timer = nil
	}
}

// patience changes how long the other side may be silent.
func (g *guard) patience(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.timeout = d
	if g.timer != nil {
		g.timer.Reset(d)
	}
}

func (g *guard) touch() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.timer != nil && !g.stalled.Load() {
		g.timer.Reset(g.timeout)
	}
}

// Read implements net.Conn.
func (g *guard) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	g.touch()
	return n, err
}

// Write implements net.Conn.
func (g *guard) Write(p []byte) (int, error) {
	n, err := g.Conn.Write(p)
	g.touch()
	return n, err
}

// SetDeadline implements net.Conn; the guard keeps the time.
func (g *guard) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn; the guard keeps the time.
func (g *guard) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn; the guard keeps the time.
func (g *guard) SetWriteDeadline(time.Time) error { return nil }
