// Package connect opens SSH connections for the nodes that need one: whom to
// trust, how to prove who one is, and failures that say what to do. All
// connections go through node.Env.Dial and so keep to the egress policy.
package connect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	gossh "golang.org/x/crypto/ssh"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

// Connection says which server and as whom. It is the same in every node that
// uses SSH.
type Connection struct {
	Host       string        `json:"host" is:"required" doc:"Name or address of the server."`
	Port       int           `json:"port" default:"22" min:"1" max:"65535" doc:"Port."`
	User       string        `json:"user" is:"required" doc:"Name of the user."`
	Password   vault.Secret  `json:"password" doc:"Password; it answers keyboard-interactive questions too."`
	PrivateKey vault.Secret  `json:"private_key" doc:"Private key as text, in the format of OpenSSH or PEM."`
	KeyFile    string        `json:"key_file" widget:"file" doc:"File with the private key, in place of private_key."`
	Passphrase vault.Secret  `json:"passphrase" doc:"What the private key is encrypted with."`
	Agent      bool          `json:"agent" doc:"Use the keys of the SSH agent that the variable SSH_AUTH_SOCK names. Without password and key it is tried anyway, if there is one."`
	Trust      string        `json:"trust" default:"strict" enum:"strict,on_first_use,none" group:"Host key" doc:"Which servers to trust. strict: those whose key is in known_hosts or has the fingerprint. on_first_use: also a server that known_hosts does not know yet; its key is stored there and must be the same from then on. none: anybody who answers, which is dangerous: whoever is on the way can then read the password and everything else."`
	KnownHosts string        `json:"known_hosts" widget:"file" group:"Host key" doc:"File with the keys of servers, as OpenSSH has it in ~/.ssh/known_hosts."`
	Pin        string        `json:"fingerprint" group:"Host key" doc:"Fingerprint that the server's key must have, such as SHA256:AbC…; several are separated by spaces. It is checked in place of known_hosts. ssh.host_keys tells those of a server."`
	Legacy     bool          `json:"legacy_algorithms" is:"advanced" group:"Host key" doc:"Allow old algorithms that are no longer safe, such as those with SHA-1, for old devices."`
	Timeout    time.Duration `json:"timeout" default:"30s" min:"1ms" doc:"How long connecting and logging in may take, and how long the server may be silent when it is asked something."`
}

// Addr returns host and port as they are dialled.
func (c Connection) Addr() string {
	return net.JoinHostPort(strings.Trim(strings.TrimSpace(c.Host), "[]"), strconv.Itoa(c.Port))
}

func input(hint, format string, args ...any) *node.Failure {
	return fail(node.KindInput, hint, format, args...)
}

func fail(kind, hint, format string, args ...any) *node.Failure {
	return node.Fail(kind, fmt.Sprintf(format, args...), hint)
}

// Settings are a Connection with its files read.
type Settings struct {
	Connection
	keys []byte // private key, if there is one
	pins []string
}

// Resolve reads what the connection refers to.
func (c Connection) Resolve(env *node.Env) (*Settings, error) {
	s := &Settings{Connection: c}
	host := strings.Trim(strings.TrimSpace(c.Host), "[]")
	if host == "" || strings.ContainsAny(host, "/\r\n\x00 @") {
		return nil, input("write it without ssh:// and without a user", "the host is not the name or address of a server")
	}
	if c.User == "" {
		return nil, input("give the user in the connection", "SSH needs a user")
	}
	s.keys = []byte(normalKey(c.PrivateKey.Reveal()))
	if c.KeyFile != "" {
		if len(s.keys) > 0 {
			return nil, input("give one of them", "both private_key and key_file are given")
		}
		data, err := readFile(env, c.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("reading the private key: %w", err)
		}
		s.keys = data
	}
	for _, p := range strings.FieldsFunc(c.Pin, func(r rune) bool { return r == ' ' || r == ',' || r == '\n' || r == '\t' }) {
		p = strings.TrimRight(p, "=")
		if !strings.HasPrefix(p, "SHA256:") || len(p) != len("SHA256:")+43 {
			return nil, input("write it like ssh-keygen -lf shows it: SHA256: and 43 characters", "%.80q is not the fingerprint of a key", p)
		}
		s.pins = append(s.pins, p)
	}
	if c.Trust == "on_first_use" && c.KnownHosts == "" && len(s.pins) == 0 {
		return nil, input("name a file, which is made if it is not there", "trust on_first_use needs known_hosts, where the key of the server is stored")
	}
	return s, nil
}

// Key returns all that distinguishes connections, secrets among it, for a key
// of a pool.
func (s *Settings) Key(env *node.Env) []any {
	known := s.KnownHosts
	if known != "" {
		if abs, err := env.Files.Abs(known); err == nil {
			known = abs
		}
	}
	return []any{s.Addr(), s.User, s.Password.Reveal(), string(s.keys), s.Passphrase.Reveal(), s.Agent, s.Trust, known, s.pins, s.Legacy}
}

// normalKey repairs keys that were pasted into one line with \n for the ends
// of lines.
func normalKey(s string) string {
	if !strings.Contains(s, "\n") {
		s = strings.ReplaceAll(s, `\n`, "\n")
	}
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	if s != "" {
		s += "\n"
	}
	return s
}

func readFile(env *node.Env, name string) ([]byte, error) {
	f, err := env.Files.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 4<<20))
}

// Client is an open connection.
type Client struct {
	*gossh.Client
	// HostKey is the fingerprint of the server's key.
	HostKey string
	// Banner is what the server showed before the login.
	Banner string
	socket net.Conn
}

// Cut closes the connection at once, so that whoever waits for the server
// stops waiting.
func (c *Client) Cut() {
	_ = c.socket.Close()
	_ = c.Client.Close()
}

// Alive asks whether the server still answers.
func (c *Client) Alive(ctx context.Context) bool {
	answered := make(chan bool, 1)
	go func() {
		_, _, err := c.SendRequest("keepalive@openssh.com", true, nil)
		answered <- err == nil
	}()
	select {
	case ok := <-answered:
		return ok
	case <-ctx.Done():
		c.Cut() // which ends the question too
		<-answered
		return false
	}
}

// Dial connects and logs in.
func (s *Settings) Dial(ctx context.Context, env *node.Env) (*Client, error) {
	auth, done, err := s.auth(ctx, env)
	if err != nil {
		return nil, err
	}
	defer done()
	check, err := s.hostKeys(env)
	if err != nil {
		return nil, err
	}
	algorithms := check.algorithms
	var wrong error
	for {
		c, err := s.dial(ctx, env, auth, check, algorithms)
		if err == nil {
			if err := check.remember(env); err != nil {
				c.Cut()
				return nil, err
			}
			return c, nil
		}
		// A server has keys of several kinds, and the fingerprint may be that
		// of another one. When it has no more, the last key was the answer.
		var f *node.Failure
		if wrong != nil && errors.As(err, &f) && f.Code == noAlgorithm {
			return nil, wrong
		}
		wrong = err
		if algorithms = check.others(algorithms); len(algorithms) == 0 {
			return nil, err
		}
	}
}

// noAlgorithm is the code of the failure for a server with which nothing can be
// agreed on.
const noAlgorithm = "no_algorithm"

// mostBanner is how much of a server's banner is kept.
const mostBanner = 8 << 10

func (s *Settings) dial(ctx context.Context, env *node.Env, auth []gossh.AuthMethod, check *hostCheck, algorithms []string) (*Client, error) {
	conn, stop, err := s.socket(ctx, env)
	if err != nil {
		return nil, err
	}
	c := &Client{socket: conn}
	check.refused = nil
	cfg := &gossh.ClientConfig{
		User: s.User, Auth: auth, HostKeyAlgorithms: algorithms,
		HostKeyCallback: func(host string, addr net.Addr, key gossh.PublicKey) error {
			c.HostKey = gossh.FingerprintSHA256(key)
			return check.key(host, addr, key)
		},
		BannerCallback: func(text string) error {
			if len(c.Banner) < mostBanner {
				c.Banner += strings.ToValidUTF8(text[:min(len(text), mostBanner)], "")
			}
			return nil
		},
	}
	s.allow(cfg)
	if len(algorithms) == 0 {
		cfg.HostKeyAlgorithms = s.hostAlgorithms()
	}
	inner, chans, reqs, err := gossh.NewClientConn(conn, s.Addr(), cfg)
	if late := !stop(); late || err != nil {
		_ = conn.Close()
		return nil, s.refusal(ctx, err, late, check)
	}
	if err := conn.SetDeadline(time.Time{}); err != nil {
		_ = conn.Close()
		return nil, s.refusal(ctx, err, false, check)
	}
	c.Client = gossh.NewClient(inner, chans, reqs)
	return c, nil
}

// socket dials, with a deadline for the handshake. Stop ends the watch over
// ctx and reports false when it has closed the connection.
func (s *Settings) socket(ctx context.Context, env *node.Env) (conn net.Conn, stop func() bool, err error) {
	inner, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	conn, err = env.Dial(inner, "tcp", s.Addr())
	if err != nil {
		var denied interface{ Denied() bool }
		switch {
		case ctx.Err() != nil:
			return nil, nil, ctx.Err()
		case errors.As(err, &denied) && denied.Denied():
			return nil, nil, node.Fail(node.KindDenied, err.Error(), "ask the administrator to allow the address in the egress policy if flows may use it")
		case inner.Err() != nil:
			return nil, nil, fail(node.KindTimeout, "check host and port; raise timeout if the server is slow", "connecting to %s took longer than %s", s.Addr(), s.Timeout)
		}
		return nil, nil, fail(node.KindNetwork, "check host and port, and that the server runs", "connecting to %s: %v", s.Addr(), err)
	}
	if err := conn.SetDeadline(time.Now().Add(s.Timeout)); err != nil {
		_ = conn.Close()
		return nil, nil, fail(node.KindNetwork, "try again", "connecting to %s: %v", s.Addr(), err)
	}
	return conn, context.AfterFunc(ctx, func() { _ = conn.Close() }), nil
}

// allow adds old algorithms behind the safe ones, if the flow asks for them.
func (s *Settings) allow(cfg *gossh.ClientConfig) {
	if !s.Legacy {
		return
	}
	safe, old := gossh.SupportedAlgorithms(), gossh.InsecureAlgorithms()
	cfg.KeyExchanges = append(safe.KeyExchanges, old.KeyExchanges...)
	cfg.Ciphers = append(safe.Ciphers, old.Ciphers...)
	cfg.MACs = append(safe.MACs, old.MACs...)
}

// hostAlgorithms are the kinds of host keys that are understood.
func (s *Settings) hostAlgorithms() []string {
	list := gossh.SupportedAlgorithms().HostKeys
	if s.Legacy {
		list = append(list, gossh.InsecureAlgorithms().HostKeys...)
	}
	return list
}

// refusal turns an error of the handshake into a failure.
func (s *Settings) refusal(ctx context.Context, err error, late bool, check *hostCheck) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	var ne net.Error
	var algorithms *gossh.AlgorithmNegotiationError
	text := ""
	if err != nil {
		text = err.Error()
	}
	switch {
	case check.refused != nil:
		return check.refused
	case late:
		return fail(node.KindNetwork, "try again", "logging in to %s: the connection was closed", s.Addr())
	case strings.Contains(text, "unable to authenticate"):
		hint := "check user, password and key, and that the server allows this way of logging in"
		if s.Password.Empty() && len(s.keys) == 0 {
			hint = "give a password, private_key or key_file, or start an SSH agent"
		}
		return fail(node.KindDenied, hint, "%s does not let %s in (%s)", s.Addr(), s.User, tried(text))
	case errors.As(err, &algorithms) && strings.Contains(algorithms.What, "host key") && len(check.algorithms) > 0:
		return fail(node.KindDenied, "if the server was really set up anew, remove its old keys from the file", "%s is not the server that it was: it has no key of the kinds that %s lists for it", s.Addr(), s.KnownHosts)
	case errors.As(err, &algorithms):
		f := fail(node.KindNetwork, "the server may be old: set legacy_algorithms, or have it updated", "%s and Aether have no algorithm in common: %v", s.Addr(), algorithms)
		f.Code, f.Permanent = noAlgorithm, true
		return f
	case errors.As(err, &ne) && ne.Timeout():
		return fail(node.KindTimeout, "raise timeout if the server is slow", "logging in to %s took longer than %s", s.Addr(), s.Timeout)
	case strings.Contains(text, "EOF"), strings.Contains(text, "reset by peer"):
		return fail(node.KindNetwork, "check that the port is that of an SSH server; it may also limit how often one may connect", "%s closed the connection", s.Addr())
	}
	return fail(node.KindNetwork, "check host and port", "logging in to %s: %s", s.Addr(), text)
}

// tried is what an error of the library says of the ways of logging in that
// were tried.
func tried(text string) string {
	_, after, ok := strings.Cut(text, "attempted methods [")
	if !ok {
		return "no way of logging in was accepted"
	}
	methods, _, _ := strings.Cut(after, "]")
	methods = strings.TrimSpace(strings.TrimPrefix(methods, "none"))
	if methods == "" {
		return "it accepts none of the ways of logging in that were given"
	}
	return "tried " + methods
}
