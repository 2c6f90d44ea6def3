package ftp

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	goftp "github.com/jlaffaye/ftp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/pool"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
	"github.com/aether-rpa/aether/vault"
)

// Connection says which server and as whom. It is the same in every node of
// the family.
type Connection struct {
	Host     string        `json:"host" is:"required" doc:"Name or address of the server."`
	Port     int           `json:"port" min:"0" max:"65535" doc:"Port; 0 takes 21, or 990 for implicit TLS."`
	User     string        `json:"user" default:"anonymous" doc:"Name of the user."`
	Password vault.Secret  `json:"password" doc:"Password. Not needed for anonymous."`
	Security string        `json:"security" default:"explicit" enum:"explicit,implicit,none" doc:"How to encrypt. explicit: TLS begins after the connection is made (FTPES, usual). implicit: TLS from the first byte (FTPS, port 990). none: password and files travel readable for everybody on the way."`
	TLS      TLS           `json:"tls" group:"TLS" is:"advanced" doc:"Certificates."`
	Timeout  time.Duration `json:"timeout" default:"30s" min:"1ms" doc:"How long the server may be silent, while connecting, answering and in the middle of a file."`
	EPSV     bool          `json:"epsv" default:"true" is:"advanced" doc:"Ask with EPSV where to connect for data, and with PASV only if the server does not know it. Turn it off for firewalls that stumble over EPSV."`
	Listing  string        `json:"listing" default:"auto" enum:"auto,mlsd,list,list_all" is:"advanced" doc:"How to ask for listings. auto: MLSD if the server offers it, else LIST -a, else LIST. list leaves hidden files to the server."`
	Timezone string        `json:"timezone" default:"UTC" is:"advanced" doc:"Time zone of the times in listings of servers without MLSD, such as Europe/Berlin."`
	Encoding string        `json:"encoding" default:"utf-8" is:"advanced" doc:"How the server encodes names of files, such as utf-8 or windows-1252."`
}

// TLS are the certificates of a connection.
type TLS struct {
	CAFile     string `json:"ca_file" widget:"file" doc:"File with certificates (PEM) to trust besides those of the system."`
	CertFile   string `json:"cert_file" widget:"file" doc:"File with the client's certificate (PEM)."`
	KeyFile    string `json:"key_file" widget:"file" doc:"File with the client's private key (PEM)."`
	ServerName string `json:"server_name" doc:"Name that the server's certificate must have, when it is not the host."`
	Insecure   bool   `json:"insecure" doc:"Do not check the server's certificate. Anybody on the way can then read and change everything: for tests only."`
}

// settings are a Connection with its files read.
type settings struct {
	Connection
	addr  string
	tls   *tls.Config // nil without encryption
	zone  *time.Location
	names encoding.Encoding // nil for UTF-8
	key   pool.Key
}

func (c Connection) resolve(env *node.Env) (*settings, error) {
	c.Host = strings.Trim(strings.TrimSpace(c.Host), "[]")
	if c.Host == "" || strings.ContainsAny(c.Host, "/\r\n\x00 ") {
		return nil, node.Fail(node.KindInput, "the host is not the name or address of a server", "write it without ftp:// and without a path")
	}
	if strings.ContainsAny(c.User+c.Password.Reveal(), "\r\n\x00") {
		return nil, node.Fail(node.KindInput, "user and password must be one line", "look for a line end in the secret")
	}
	s := &settings{Connection: c}
	port := c.Port
	if port == 0 {
		port = 21
		if c.Security == "implicit" {
			port = 990
		}
	}
	s.addr = net.JoinHostPort(c.Host, strconv.Itoa(port))
	var err error
	if s.zone, err = time.LoadLocation(c.Timezone); err != nil || c.Timezone == "Local" {
		return nil, remote.Fail(node.KindInput, "write it like Europe/Berlin", "%.50q is not a time zone", c.Timezone)
	}
	if name := strings.ToLower(strings.TrimSpace(c.Encoding)); name != "" && name != "utf-8" && name != "utf8" {
		if s.names, err = htmlindex.Get(name); err != nil || s.names == encoding.Replacement {
			return nil, remote.Fail(node.KindInput, "use a name like utf-8 or windows-1252", "%.50q is not a known encoding", c.Encoding)
		}
	}
	var files [][]byte
	if c.Security != "none" {
		if s.tls, files, err = c.TLS.config(env, c.Host); err != nil {
			return nil, err
		}
	}
	s.key = pool.KeyOf(s.addr, c.User, c.Password.Reveal(), c.Security, c.TLS, c.EPSV, c.Listing, c.Timezone, c.Encoding, digests(files))
	return s, nil
}

func digests(files [][]byte) [][32]byte {
	out := make([][32]byte, len(files))
	for i, f := range files {
		out[i] = sha256.Sum256(f)
	}
	return out
}

// config returns the TLS settings and the content of the files they came from.
func (t TLS) config(env *node.Env, host string) (*tls.Config, [][]byte, error) {
	name := t.ServerName
	if name == "" {
		name = host
	}
	// Servers want data connections to resume the session of the control
	// connection, as proof that both are of the same client.
	cfg := &tls.Config{
		ServerName: name, MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(8),
		InsecureSkipVerify: t.Insecure, //nolint:gosec // the flow asks for it
	}
	var files [][]byte
	if t.CAFile != "" {
		pem, err := readSmall(env, t.CAFile)
		if err != nil {
			return nil, nil, err
		}
		files = append(files, pem)
		roots, err := x509.SystemCertPool()
		if err != nil {
			roots = x509.NewCertPool()
		}
		if !roots.AppendCertsFromPEM(pem) {
			return nil, nil, remote.Fail(node.KindInput, "give a file in PEM format", "%s holds no certificate", t.CAFile)
		}
		cfg.RootCAs = roots
	}
	if t.CertFile == "" && t.KeyFile == "" {
		return cfg, files, nil
	}
	if t.CertFile == "" || t.KeyFile == "" {
		return nil, nil, node.Fail(node.KindInput, "a client certificate needs its key", "give both cert_file and key_file")
	}
	cert, err := readSmall(env, t.CertFile)
	if err != nil {
		return nil, nil, err
	}
	key, err := readSmall(env, t.KeyFile)
	if err != nil {
		return nil, nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return nil, nil, remote.Fail(node.KindInput, "give files in PEM format that belong together", "%s and %s are no client certificate", t.CertFile, t.KeyFile)
	}
	cfg.Certificates = []tls.Certificate{pair}
	return cfg, append(files, cert, key), nil
}

func readSmall(env *node.Env, path string) ([]byte, error) {
	f, err := env.Files.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, 1<<20))
}

// dial connects and logs in.
func (s *settings) dial(ctx context.Context, env *node.Env) (_ *session, err error) {
	n := &session{settings: s}
	n.bind(ctx, env, s.Timeout)
	defer n.unbind()
	defer func() {
		// The library trusts the shape of some answers.
		if p := recover(); p != nil {
			err = n.fail("connecting to "+s.addr, remote.Fail(node.KindError, "", "the server's answer could not be understood: %v", p))
		}
		if err != nil {
			n.close()
		}
	}()
	options := []goftp.DialOption{
		goftp.DialWithDialFunc(n.dial),
		goftp.DialWithDisabledEPSV(!s.EPSV),
		goftp.DialWithDisabledMLSD(s.Listing == "list" || s.Listing == "list_all"),
		goftp.DialWithDisabledUTF8(s.names != nil),
		goftp.DialWithWritingMDTM(true),
	}
	switch s.Security {
	case "explicit":
		options = append(options, goftp.DialWithExplicitTLS(s.tls))
	case "implicit":
		options = append(options, goftp.DialWithTLS(s.tls))
	}
	if n.c, err = goftp.Dial(s.addr, options...); err != nil {
		return nil, n.refusal(err)
	}
	n.welcome = remote.Said(n.control.greeting())
	password := s.Password.Reveal()
	if password == "" && (s.User == "anonymous" || s.User == "ftp") {
		password = "anonymous@"
	}
	if err := n.c.Login(s.User, password); err != nil {
		return nil, n.refusal(err)
	}
	n.mlsd = n.c.IsTimePreciseInList()
	n.home = "/"
	if dir, err := n.c.CurrentDir(); err == nil && strings.HasPrefix(n.name(dir), "/") {
		n.home = n.name(dir)
	} else if n.lost(err) {
		return nil, n.fail("logging in to "+s.addr, err)
	}
	return n, nil
}
