package ftp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

// vsftpd starts the server of Debian, with an anonymous user who may do
// everything in the folder pub, and returns the connection and that folder.
func vsftpd(t *testing.T, extra map[string]string) (connection params, pub string) {
	t.Helper()
	program, err := exec.LookPath("vsftpd")
	if err != nil {
		program = "/usr/sbin/vsftpd"
	}
	if _, err := os.Stat(program); err != nil || runtime.GOOS != "linux" {
		t.Skip("vsftpd is not installed")
	}
	if os.Getuid() != 0 {
		t.Skip("vsftpd serves anonymous users only when root starts it")
	}
	dir, err := os.MkdirTemp("/tmp", "aether-vsftpd") //nolint:usetesting // below t.TempDir the user ftp may not look
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	root, empty := filepath.Join(dir, "root"), filepath.Join(dir, "empty")
	pub = filepath.Join(root, "pub")
	for d, mode := range map[string]os.FileMode{dir: 0o755, root: 0o755, empty: 0o755, pub: 0o777} {
		if err := os.MkdirAll(d, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(d, mode); err != nil {
			t.Fatal(err)
		}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	conf := map[string]string{
		"listen": "YES", "listen_address": "127.0.0.1", "listen_port": fmt.Sprint(port), "background": "NO",
		"anonymous_enable": "YES", "anon_root": root, "no_anon_password": "YES", "anon_upload_enable": "YES", "anon_mkdir_write_enable": "YES",
		"anon_other_write_enable": "YES", "anon_world_readable_only": "NO", "anon_umask": "022", "write_enable": "YES", "local_enable": "NO",
		"secure_chroot_dir": empty, "seccomp_sandbox": "NO", "ftpd_banner": "Test server", "use_localtime": "NO", "hide_ids": "NO",
		"pasv_enable": "YES", "xferlog_enable": "NO", "mdtm_write": "YES",
	}
	maps.Copy(conf, extra)
	var b strings.Builder
	for k, v := range conf {
		fmt.Fprintf(&b, "%s=%s\n", k, v)
	}
	file := filepath.Join(dir, "vsftpd.conf")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, file)
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	up := false
	for end := time.Now().Add(10 * time.Second); !up; {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if up = err == nil; up {
			_ = c.Close()
		} else if time.Now().After(end) {
			t.Fatalf("vsftpd does not answer: %s", said.String())
		} else {
			<-time.After(5 * time.Millisecond)
		}
	}
	return params{"host": "127.0.0.1", "port": port, "security": "none", "timeout": "10s"}, pub
}

func certificate(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, tpl, tpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})) + string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs}))
}

func TestVsftpd(t *testing.T) {
	pem := certificate(t)
	file := filepath.Join(t.TempDir(), "cert.pem")
	if err := os.WriteFile(file, []byte(pem), 0o600); err != nil {
		t.Fatal(err)
	}
	tls := params{
		"ssl_enable": "YES", "rsa_cert_file": file, "rsa_private_key_file": file, "allow_anon_ssl": "YES", "force_anon_data_ssl": "YES", "force_anon_logins_ssl": "YES",
		"require_ssl_reuse": "YES", "ssl_ciphers": "HIGH",
	}
	for _, security := range []string{"none", "explicit", "implicit"} {
		t.Run(security, func(t *testing.T) {
			extra := map[string]string{}
			if security != "none" {
				for k, v := range tls {
					extra[k] = v.(string)
				}
			}
			if security == "implicit" {
				extra["implicit_ssl"] = "YES"
			}
			c, pub := vsftpd(t, extra)
			c["security"] = security
			exercise(t, c, pub, pem)
		})
	}
}

func exercise(t *testing.T, c params, pub, pem string) {
	env := nodetest.Env(t)
	write(t, env, "ca.pem", pem)
	run := func(typ string, p params) params {
		t.Helper()
		q := params{"connection": c}
		maps.Copy(q, p)
		out, err := nodetest.Run(t, env, typ, q)
		if err != nil {
			t.Fatalf("%s: %v", typ, err)
		}
		return out
	}
	wrong := func(typ string, p params, kind, part string) {
		t.Helper()
		q := params{"connection": c}
		maps.Copy(q, p)
		_, err := nodetest.Run(t, env, typ, q)
		fails(t, err, kind, part)
	}
	if c["security"] != "none" {
		wrong("ftp.check_connection", nil, node.KindNetwork, "ca_file")
		c["tls"] = params{"ca_file": "ca.pem"}
	}
	out := run("ftp.check_connection", nil)
	if out["message"] != "Test server" || out["encrypted"] != (c["security"] != "none") {
		t.Errorf("check: %v", out)
	}
	write(t, env, "up/a.txt", "hello")
	write(t, env, "up/sub/b ü.txt", "b")
	write(t, env, "up/.hidden", "h")
	write(t, env, "up/empty", "")
	write(t, env, "up/big.bin", big64)
	old := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	if err := os.Chtimes(filepath.Join(env.Files.Dirs()[0], "up/a.txt"), old, old); err != nil {
		t.Fatal(err)
	}
	out = run("ftp.upload", params{"from": "up/a.txt", "to": "/pub/x/y/a.txt"})
	if out["atomic"] != true || out["verified"] != true {
		t.Errorf("upload: %v", out)
	}
	out = run("ftp.upload_folder", params{"from": "up", "to": "/pub/site"})
	if out["files"] != 5 {
		t.Errorf("upload_folder: %v", out)
	}
	b, _ := os.ReadFile(filepath.Join(pub, "site/big.bin"))
	if string(b) != big64 {
		t.Errorf("the server has %d bytes", len(b))
	}
	out = run("ftp.list", params{"path": "/pub/site", "recursive": true})
	var rels []string
	for _, i := range out["items"].([]any) {
		rels = append(rels, i.(params)["relative"].(string))
	}
	if got := strings.Join(rels, " "); got != ".hidden a.txt big.bin empty sub sub/b ü.txt" || out["unreadable"] != 0 || out["size"] != 7+len(big64) {
		t.Errorf("list: %s %v", got, out["unreadable"])
	}
	if out = run("ftp.list", params{"path": "/pub/site", "pattern": []any{"**/*.txt"}, "hidden": false}); out["count"] != 2 {
		t.Errorf("list: %v", out)
	}
	out = run("ftp.info", params{"path": "/pub/site/a.txt"})
	if out["size"] != 5 || out["kind"] != "file" || out["permissions"] != "0644" {
		t.Errorf("info: %v", out)
	}
	if out = run("ftp.info", params{"path": "/pub/site"}); out["is_folder"] != true {
		t.Errorf("info: %v", out)
	}
	out = run("ftp.download_folder", params{"from": "/pub/site", "to": "down"})
	if out["files"] != 5 || read(t, env, "down/big.bin") != big64 || read(t, env, "down/sub/b ü.txt") != "b" || read(t, env, "down/.hidden") != "h" {
		t.Errorf("download_folder: %v", out)
	}
	if out = run("ftp.download_folder", params{"from": "/pub/site", "to": "down", "if_exists": "newer"}); out["files"] != 0 || out["skipped"] != 5 {
		t.Errorf("download_folder again: %v", out)
	}
	write(t, env, "down/extra/x", "x")
	if err := os.Remove(filepath.Join(pub, "site/empty")); err != nil {
		t.Fatal(err)
	}
	if out = run("ftp.download_folder", params{"from": "/pub/site", "to": "down", "if_exists": "newer", "delete_extra": true}); out["deleted"] != 2 || read(t, env, "down/extra/x") != "(none)" || read(t, env, "down/empty") != "(none)" {
		t.Errorf("mirror down: %v", out)
	}
	if out = run("ftp.upload_folder", params{"from": "down", "to": "/pub/site2", "delete_extra": true, "exclude": []any{"big*"}}); out["files"] != 3 {
		t.Errorf("mirror up: %v", out)
	}
	run("ftp.write_text", params{"path": "/pub/site2/more/x.txt", "text": "grüße", "encoding": "windows-1252"})
	if out = run("ftp.read_text", params{"path": "/pub/site2/more/x.txt", "encoding": "windows-1252"}); out["text"] != "grüße" || out["size"] != 5 {
		t.Errorf("read_text: %v", out)
	}
	if out = run("ftp.upload_folder", params{"from": "down", "to": "/pub/site2", "delete_extra": true, "if_exists": "skip"}); out["files"] != 1 || out["deleted"] != 2 {
		t.Errorf("mirror up: %v", out)
	}
	run("ftp.append", params{"path": "/pub/log", "text": "one\n"})
	if out = run("ftp.append", params{"path": "/pub/log", "from": "up/a.txt"}); out["size"] != 9 {
		t.Errorf("append: %v", out)
	}
	if out = run("ftp.size", params{"path": "/pub/log"}); out["size"] != 9 {
		t.Errorf("size: %v", out)
	}
	if out = run("ftp.size", params{"path": "/pub/nothing", "must_exist": false}); out["found"] != false {
		t.Errorf("size: %v", out)
	}
	for p, want := range map[string]bool{"/pub/log": true, "/pub": true, "pub/nothing": false, "/no/such": false, "/pub/site/.hidden": true} {
		if out = run("ftp.exists", params{"path": p}); out["exists"] != want {
			t.Errorf("exists %s: %v", p, out)
		}
	}
	if out = run("ftp.move", params{"from": "/pub/log", "to": "/pub/old/log.1"}); out["action"] != "created" {
		t.Errorf("move: %v", out)
	}
	wrong("ftp.move", params{"from": "/pub/site/a.txt", "to": "/pub/old/log.1"}, node.KindInput, "exists already")
	if out = run("ftp.rename", params{"from": "/pub/site/a.txt", "to": "/pub/old/log.1", "if_exists": "overwrite"}); out["action"] != "overwritten" {
		t.Errorf("move: %v", out)
	}
	wrong("ftp.move", params{"from": "/pub/nothing", "to": "/pub/x.txt"}, node.KindNotFound, "/pub/nothing")
	if out = run("ftp.delete", params{"path": "/pub/old/log.1"}); out["deleted"] != true {
		t.Errorf("delete: %v", out)
	}
	if out = run("ftp.delete", params{"path": "/pub/old/log.1"}); out["deleted"] != false {
		t.Errorf("delete: %v", out)
	}
	wrong("ftp.delete", params{"path": "/pub/old/log.1", "must_exist": true}, node.KindNotFound, "log.1")
	wrong("ftp.delete", params{"path": "/pub/old"}, node.KindInput, "is a folder")
	wrong("ftp.download", params{"from": "/pub/nothing", "to": "x"}, node.KindNotFound, "/pub/nothing")
	wrong("ftp.download", params{"from": "/pub", "to": "x"}, node.KindInput, "download_folder")
	wrong("ftp.upload", params{"from": "up/a.txt", "to": "/forbidden.txt"}, node.KindDenied, "553")
	if out = run("ftp.make_folder", params{"path": "/pub/m/n"}); out["created"] != true {
		t.Errorf("make_folder: %v", out)
	}
	if out = run("ftp.make_folder", params{"path": "/pub/m/n"}); out["created"] != false {
		t.Errorf("make_folder: %v", out)
	}
	wrong("ftp.make_folder", params{"path": "/pub/q/r", "parents": false}, node.KindNotFound, "/pub/q")
	wrong("ftp.remove_folder", params{"path": "/pub/site"}, node.KindInput, "not empty")
	wrong("ftp.remove_folder", params{"path": "/"}, node.KindInput, "root")
	if out = run("ftp.remove_folder", params{"path": "/pub/m/n"}); out["removed"] != true {
		t.Errorf("remove_folder: %v", out)
	}
	// A link in the folder is removed, not what it leads to.
	if err := os.Symlink("../site2", filepath.Join(pub, "site/link")); err != nil {
		t.Fatal(err)
	}
	out = run("ftp.remove_folder", params{"path": "/pub/site", "recursive": true})
	if _, err := os.Stat(filepath.Join(pub, "site2/.hidden")); err != nil || out["removed"] != true || out["folders"] != 2 {
		t.Errorf("remove_folder: %v, %v", out, err)
	}
	if out = run("ftp.remove_folder", params{"path": "/pub/site"}); out["removed"] != false {
		t.Errorf("remove_folder: %v", out)
	}
	left, _ := filepath.Glob(filepath.Join(pub, "*/.aether-*"))
	if len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}

var big64 = strings.Repeat("x\r\ny\n\x00\xff.", 300_000)
