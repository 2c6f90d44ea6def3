//go:build unix

package crashtest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// database makes a database on the server of a URL and returns its URL.
func database(t *testing.T, server, name string) string {
	t.Helper()
	ctx := context.Background()
	do := func(query string) {
		t.Helper()
		conn, err := pgx.Connect(ctx, server)
		if err != nil {
			t.Fatalf("connecting to the PostgreSQL server of the tests: %v", err)
		}
		defer func() { _ = conn.Close(ctx) }()
		if _, err := conn.Exec(ctx, query); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
	}
	quoted := pgx.Identifier{name}.Sanitize()
	do("CREATE DATABASE " + quoted)
	t.Cleanup(func() { do("DROP DATABASE IF EXISTS " + quoted + " WITH (FORCE)") })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// server is a PostgreSQL server of this test alone.
type server struct {
	bin, dir string
	port     int
	url      string
	as       *syscall.SysProcAttr
}

// newServer starts a server, or skips the test where there is none to start.
func newServer(t *testing.T) *server {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if path, err := exec.LookPath("initdb"); err == nil {
		found = append(found, path)
	}
	if len(found) == 0 {
		t.Skip("there is no PostgreSQL server to start")
	}
	dir, err := os.MkdirTemp("", "aether-pg-") //nolint:usetesting // a socket path must be short, and another user reads it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &server{bin: filepath.Dir(found[len(found)-1]), dir: dir, as: &syscall.SysProcAttr{}}
	if os.Getuid() == 0 { // the server does not run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Skip("the server does not run as root, and there is no user postgres")
		}
		uid, err1 := strconv.Atoi(u.Uid)
		gid, err2 := strconv.Atoi(u.Gid)
		if err := errors.Join(err1, err2, os.Chown(dir, uid, gid)); err != nil {
			t.Fatal(err)
		}
		s.as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	s.url = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", s.port)
	s.do(t, "initdb", "-D", filepath.Join(dir, "data"), "-U", "postgres", "-A", "trust", "-N")
	t.Cleanup(func() { _ = s.command("pg_ctl", "-D", filepath.Join(s.dir, "data"), "-m", "immediate", "stop").Run() })
	s.start(t)
	return s
}

func (s *server) command(name string, args ...string) *exec.Cmd {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	_ = cancel
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	cmd.SysProcAttr, cmd.Dir = s.as, s.dir
	return cmd
}

func (s *server) do(t *testing.T, name string, args ...string) {
	t.Helper()
	// A file takes the output: the server keeps it open after pg_ctl has ended.
	out, err := os.CreateTemp(t.TempDir(), "aether-pg-out-")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = out.Close(); _ = os.Remove(out.Name()) }()
	cmd := s.command(name, args...)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(out.Name())
		t.Fatalf("%s: %v\n%s", name, err, text)
	}
}

func (s *server) start(t *testing.T) {
	t.Helper()
	s.do(t, "pg_ctl", "-D", filepath.Join(s.dir, "data"), "-w", "-t", strconv.Itoa(int(patience/time.Second)),
		"-o", fmt.Sprintf("-p %d -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off", s.port), "start")
}

// stop takes the server away without a word to its clients.
func (s *server) stop(t *testing.T) {
	t.Helper()
	s.do(t, "pg_ctl", "-D", filepath.Join(s.dir, "data"), "-w", "-m", "immediate", "stop")
}
