package imports

import (
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// post is a mail server with one user, ada: what is sent to anybody comes into
// her inbox.
type post struct{ user *imapmemserver.User }

type sending struct{ p *post }

func (s *sending) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *sending) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "ada" || password != "s3cret" {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func (s *sending) Mail(string, *smtp.MailOptions) error { return nil }
func (s *sending) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (s *sending) Reset()                               {}
func (s *sending) Logout() error                        { return nil }

func (s *sending) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	_, err = s.p.user.Append("INBOX", sized{strings.NewReader(string(text))}, &imap.AppendOptions{Time: time.Now()})
	return err
}

type sized struct{ *strings.Reader }

func (s sized) Size() int64 { return s.Reader.Size() }

// mailServers starts both servers of the post and returns their ports.
func mailServers(t *testing.T) (smtpPort, imapPort int) {
	t.Helper()
	p := &post{user: imapmemserver.NewUser("ada", "s3cret")}
	for _, f := range []string{"INBOX", "Done", "Trash"} {
		if err := p.user.Create(f, nil); err != nil {
			t.Fatal(err)
		}
	}
	store := imapmemserver.New()
	store.AddUser(p.user)
	in := imapserver.New(&imapserver.Options{
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}, imap.CapMove: {}}, InsecureAuth: true, Logger: log.New(io.Discard, "", 0),
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return store.NewSession(), nil, nil
		},
	})
	out := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &sending{p}, nil }))
	out.AllowInsecureAuth = true
	out.ErrorLog = log.New(io.Discard, "", 0)
	inAt, outAt := listener(t), listener(t)
	go func() { _ = in.Serve(inAt) }()
	go func() { _ = out.Serve(outAt) }()
	t.Cleanup(func() {
		_ = in.Close()
		_ = out.Close()
	})
	return portOf(outAt), portOf(inAt)
}

func listener(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func portOf(l net.Listener) int {
	a, _ := l.Addr().(*net.TCPAddr)
	return a.Port
}

// ftpServer starts the FTP server of Debian, with an anonymous user who may do
// everything in the folder pub, and returns its port.
func ftpServer(t *testing.T) int {
	t.Helper()
	program, err := exec.LookPath("vsftpd")
	if err != nil {
		program = "/usr/sbin/vsftpd"
	}
	if _, err := os.Stat(program); err != nil || os.Getuid() != 0 {
		t.Skip("vsftpd is not installed, or root does not run this test")
	}
	dir, err := os.MkdirTemp("/tmp", "aether-imports-ftp") //nolint:usetesting // below t.TempDir the user ftp may not look
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	root, empty := filepath.Join(dir, "root"), filepath.Join(dir, "empty")
	for _, d := range []struct {
		path string
		mode os.FileMode
	}{{dir, 0o755}, {root, 0o755}, {empty, 0o755}, {filepath.Join(root, "pub"), 0o777}} {
		if err := os.MkdirAll(d.path, d.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(d.path, d.mode); err != nil {
			t.Fatal(err)
		}
	}
	l := listener(t)
	port := portOf(l)
	_ = l.Close()
	file := filepath.Join(dir, "vsftpd.conf")
	conf := fmt.Sprintf("listen=YES\nlisten_address=127.0.0.1\nlisten_port=%d\nbackground=NO\nanonymous_enable=YES\nanon_root=%s\nno_anon_password=YES\nanon_upload_enable=YES\nanon_mkdir_write_enable=YES\nanon_other_write_enable=YES\nanon_world_readable_only=NO\nanon_umask=022\nwrite_enable=YES\nlocal_enable=NO\nsecure_chroot_dir=%s\nseccomp_sandbox=NO\npasv_enable=YES\nxferlog_enable=NO\n", port, root, empty)
	if err := os.WriteFile(file, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, file)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for end := time.Now().Add(10 * time.Second); ; {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if err == nil {
			_ = c.Close()
			return port
		}
		if time.Now().After(end) {
			t.Fatalf("vsftpd does not answer: %v", err)
		}
	}
}
