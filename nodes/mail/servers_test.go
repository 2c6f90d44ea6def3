package mail

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/aether-rpa/aether/node"
)

// certificate makes a certificate for 127.0.0.1 and its PEM form.
var certificate = sync.OnceValues(func() (*tls.Config, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	tpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	cfg := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	return cfg, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
})

// trust puts the test's CA where the flow's files are.
func trust(t *testing.T, env *node.Env) string {
	t.Helper()
	_, ca := certificate()
	writeFile(t, env, "ca.pem", string(ca))
	return "ca.pem"
}

func writeFile(t testing.TB, env *node.Env, name, content string) {
	t.Helper()
	p := filepath.Join(env.Files.Dirs()[0], name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func readFile(t testing.TB, env *node.Env, name string) string {
	t.Helper()
	if !filepath.IsAbs(name) {
		name = filepath.Join(env.Files.Dirs()[0], name)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func listen(t *testing.T, security string) (net.Listener, int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if security == "tls" {
		cfg, _ := certificate()
		l = tls.NewListener(l, cfg)
	}
	return l, port
}

// received is what the SMTP server took.
type received struct {
	from string
	to   []string
	data string
}

// smtpServer takes mail for everybody but those whose name says otherwise.
type smtpServer struct {
	mu       sync.Mutex
	mails    []received
	sessions int
	mechs    []string
	failData error
	hangUp   bool // cuts the connection instead of confirming a message
	conns    []*smtp.Conn
	server   *smtp.Server
}

type smtpSession struct {
	s      *smtpServer
	conn   *smtp.Conn
	authed bool
	cur    received
}

func startSMTP(t *testing.T, security string, setup func(*smtpServer)) (*smtpServer, int) {
	t.Helper()
	s := &smtpServer{mechs: []string{"PLAIN", "LOGIN", "CRAM-MD5", "XOAUTH2"}}
	s.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sessions++
		s.conns = append(s.conns, c)
		return &smtpSession{s: s, conn: c}, nil
	}))
	s.server.AllowInsecureAuth = security == "none"
	s.server.ErrorLog = log.New(io.Discard, "", 0)
	s.server.EnableSMTPUTF8 = true
	s.server.MaxMessageBytes = 32 << 20
	if security == "starttls" {
		s.server.TLSConfig, _ = certificate()
	}
	if setup != nil {
		setup(s)
	}
	l, port := listen(t, security)
	go func() { _ = s.server.Serve(l) }()
	t.Cleanup(func() { idlePool.drop(); s.server.Close() })
	return s, port
}

func (s *smtpServer) got(t *testing.T, n int) []received {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.mails) != n {
		t.Fatalf("the server has %d messages, want %d", len(s.mails), n)
	}
	return s.mails
}

func (s *smtpSession) AuthMechanisms() []string { return s.s.mechs }

func (s *smtpSession) Auth(mech string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != "ada" || password != "s3cret" {
			return smtp.ErrAuthFailed
		}
		s.authed = true
		return nil
	}
	switch mech {
	case "PLAIN":
		return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
	case "LOGIN":
		step, user := 0, ""
		return saslFunc(func(in []byte) ([]byte, bool, error) {
			step++
			switch step {
			case 1:
				return []byte("User Name\x00"), false, nil
			case 2:
				user = string(in)
				return []byte("Password\x00"), false, nil
			}
			return nil, true, check(user, string(in))
		}), nil
	case "CRAM-MD5":
		step := 0
		return saslFunc(func(in []byte) ([]byte, bool, error) {
			if step++; step == 1 {
				return []byte("<1@test>"), false, nil
			}
			want, _ := (&cramAuth{user: "ada", password: "s3cret"}).Next([]byte("<1@test>"))
			if !bytes.Equal(in, want) {
				return nil, true, smtp.ErrAuthFailed
			}
			s.authed = true
			return nil, true, nil
		}), nil
	case "XOAUTH2":
		return xoauth2Server(func() { s.authed = true }, smtp.ErrAuthFailed), nil
	}
	return nil, smtp.ErrAuthUnknownMechanism
}

type saslFunc func([]byte) ([]byte, bool, error)

func (f saslFunc) Next(in []byte) ([]byte, bool, error) { return f(in) }

// xoauth2Server takes the token t0ken, and answers a wrong one with a question
// first, as Google does.
func xoauth2Server(ok func(), refuse error) sasl.Server {
	asked := false
	return saslFunc(func(in []byte) ([]byte, bool, error) {
		switch {
		case asked:
			return nil, true, refuse
		case string(in) == "user=ada\x01auth=Bearer t0ken\x01\x01":
			ok()
			return nil, true, nil
		}
		asked = true
		return []byte(`{"status":"401"}`), false, nil
	})
}

func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	if !s.authed && len(s.s.mechs) > 0 {
		return smtp.ErrAuthRequired
	}
	s.cur = received{from: from}
	return nil
}

func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "nobody") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	s.cur.to = append(s.cur.to, to)
	return nil
}

func (s *smtpSession) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	if s.s.hangUp {
		_ = s.conn.Conn().Close()
		return errors.New("gone")
	}
	if s.s.failData != nil {
		return s.s.failData
	}
	s.cur.data = string(b)
	s.s.mails = append(s.s.mails, s.cur)
	return nil
}

func (s *smtpSession) Reset()        { s.cur = received{} }
func (s *smtpSession) Logout() error { return nil }

// mailbox is an IMAP server with one user, ada.
type mailbox struct {
	t        *testing.T
	user     *imapmemserver.User
	mu       sync.Mutex
	sessions []*imapserver.Conn
}

type imapSession struct {
	*imapmemserver.UserSession
	user *imapmemserver.User
}

func (s *imapSession) Login(user, password string) error {
	if err := s.user.Login(user, password); err != nil {
		return err
	}
	s.UserSession = imapmemserver.NewUserSession(s.user)
	return nil
}

func (s *imapSession) Close() error {
	if s.UserSession == nil {
		return nil
	}
	return s.UserSession.Close()
}

// saslSession also offers XOAUTH2 and PLAIN.
type saslSession struct{ imapSession }

func (s *saslSession) AuthenticateMechanisms() []string { return []string{"PLAIN", "XOAUTH2"} }

func (s *saslSession) Authenticate(mech string) (sasl.Server, error) {
	if mech == "PLAIN" {
		return sasl.NewPlainServer(func(_, user, password string) error { return s.Login(user, password) }), nil
	}
	return xoauth2Server(func() { _ = s.Login("ada", "s3cret") }, imapserver.ErrAuthFailed), nil
}

var fullCaps = imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}, imap.CapMove: {}, imap.CapSpecialUse: {}}

func startIMAP(t *testing.T, security string, caps imap.CapSet) (*mailbox, int) {
	t.Helper()
	m := &mailbox{t: t, user: imapmemserver.NewUser("ada", "s3cret")}
	m.create("INBOX")
	opts := &imapserver.Options{Caps: caps, InsecureAuth: security == "none", Logger: log.New(io.Discard, "", 0),
		NewSession: func(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.sessions = append(m.sessions, c)
			return &saslSession{imapSession{user: m.user}}, nil, nil
		}}
	if security == "starttls" {
		opts.TLSConfig, _ = certificate()
	}
	s := imapserver.New(opts)
	l, port := listen(t, security)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { idlePool.drop(); _ = s.Close() })
	return m, port
}

func (m *mailbox) create(names ...string) {
	m.t.Helper()
	for _, n := range names {
		if err := m.user.Create(n, nil); err != nil {
			m.t.Fatal(err)
		}
	}
}

type literal struct{ *strings.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// add puts a message into a folder and returns its UID.
func (m *mailbox) add(folder, text string, at time.Time, flags ...imap.Flag) int {
	m.t.Helper()
	d, err := m.user.Append(folder, literal{strings.NewReader(strings.ReplaceAll(text, "\n", "\r\n"))}, &imap.AppendOptions{Time: at, Flags: flags})
	if err != nil {
		m.t.Fatal(err)
	}
	return int(d.UID)
}

// count returns the number of messages in a folder.
func (m *mailbox) count(folder string) int {
	m.t.Helper()
	d, err := m.user.Status(folder, &imap.StatusOptions{NumMessages: true})
	if err != nil {
		m.t.Fatal(err)
	}
	return int(*d.NumMessages)
}

// cut breaks all connections.
func (m *mailbox) cut() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.sessions {
		_ = c.NetConn().Close()
	}
	m.sessions = nil
}

// connections returns how many there were.
func (m *mailbox) connections() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.sessions)
}

func conn(port int, security string) map[string]any {
	return map[string]any{"host": "127.0.0.1", "port": port, "security": security, "user": "ada", "password": "s3cret", "timeout": "10s"}
}

func with(m map[string]any, kv ...any) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[k] = v
	}
	for i := 0; i < len(kv); i += 2 {
		out[kv[i].(string)] = kv[i+1]
	}
	return out
}

func failure(t *testing.T, err error) *node.Failure {
	t.Helper()
	if err == nil {
		t.Fatal("it did not fail")
	}
	if strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "t0ken") {
		t.Errorf("the error shows a secret: %v", err)
	}
	return node.AsFailure(err)
}
