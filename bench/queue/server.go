package main

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
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// server is the PostgreSQL that is measured on.
type server struct {
	url   string
	about string
	stop  func()
	pid   int // of the postmaster; 0 if it was there before
}

// startServer connects to a server, or starts one that is gone afterwards.
func startServer(ctx context.Context, dir, target string) (*server, error) {
	s := &server{url: target, stop: func() {}}
	if target == "" {
		if err := s.start(ctx, dir); err != nil {
			return nil, err
		}
	}
	c, err := pgx.Connect(ctx, s.url)
	if err != nil {
		s.stop()
		return nil, fmt.Errorf("connecting to PostgreSQL: %w", err)
	}
	defer func() { _ = c.Close(ctx) }()
	var fsync, commit, version string
	if err := c.QueryRow(ctx, `SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('server_version')`).Scan(&fsync, &commit, &version); err != nil {
		s.stop()
		return nil, err
	}
	if fsync != "on" || commit != "on" {
		s.stop()
		return nil, fmt.Errorf("the server runs with fsync=%s and synchronous_commit=%s: both must be on, or the figures mean nothing", fsync, commit)
	}
	v, _, _ := strings.Cut(version, " ")
	s.about = "PostgreSQL " + v + " with fsync and synchronous_commit on, on the same machine"
	return s, nil
}

// start sets up a PostgreSQL with its default settings on a free loopback port.
func (s *server) start(ctx context.Context, dir string) error {
	bin, err := programs()
	if err != nil {
		return err
	}
	home := filepath.Join(dir, "pg")
	if err := os.MkdirAll(home, 0o700); err != nil {
		return err
	}
	as := &syscall.SysProcAttr{}
	if os.Getuid() == 0 { // PostgreSQL refuses to run as root
		u, err := user.Lookup("postgres")
		if err != nil {
			return errors.New("PostgreSQL does not run as root, and there is no user postgres: give a server with -postgres URL")
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		as.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}             //nolint:gosec // ids are small
		if err := errors.Join(os.Chmod(dir, 0o711), os.Chown(home, uid, gid)); err != nil { //nolint:gosec // the user postgres must get through
			return err
		}
	}
	command := func(name string, args ...string) *exec.Cmd {
		c := exec.CommandContext(ctx, filepath.Join(bin, name), args...) //nolint:gosec // of the PostgreSQL found above
		c.Dir, c.SysProcAttr, c.Env = home, as, append(os.Environ(), "HOME="+home)
		return c
	}
	data := filepath.Join(home, "data")
	if out, err := command("initdb", "-D", data, "-U", "aether", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8").CombinedOutput(); err != nil {
		return fmt.Errorf("setting up PostgreSQL: %w\n%s", err, out)
	}
	port, err := freePort(ctx)
	if err != nil {
		return err
	}
	options := fmt.Sprintf("-c listen_addresses=127.0.0.1 -p %d -k %s -c max_connections=300 -c fsync=on -c synchronous_commit=on", port, home)
	if out, err := command("pg_ctl", "-D", data, "-w", "-t", "60", "-l", filepath.Join(home, "log"), "-o", options, "start").CombinedOutput(); err != nil {
		return fmt.Errorf("starting PostgreSQL: %w\n%s", err, out)
	}
	s.stop = func() {
		c := command("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
		c = &exec.Cmd{Path: c.Path, Args: c.Args, Dir: c.Dir, Env: c.Env, SysProcAttr: as} // also after an interrupt
		if out, err := c.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "stopping PostgreSQL: %v\n%s", err, out)
		}
	}
	if b, err := os.ReadFile(filepath.Join(data, "postmaster.pid")); err == nil { //nolint:gosec // written by the server just started
		first, _, _ := strings.Cut(string(b), "\n")
		s.pid, _ = strconv.Atoi(first)
	}
	s.url = fmt.Sprintf("postgres://aether@127.0.0.1:%d/postgres?sslmode=disable", port)
	return nil
}

// programs finds the folder of PostgreSQL's programs, the newest first.
func programs() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		slices.SortFunc(found, func(a, b string) int { return len(a) - len(b) + strings.Compare(a, b) })
		return filepath.Dir(found[len(found)-1]), nil
	}
	p, err := exec.LookPath("initdb")
	if err != nil {
		return "", errors.New("PostgreSQL is not installed here: install it, or give a server with -postgres URL")
	}
	return filepath.Dir(p), nil
}

func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// database makes an empty database on the server, or empties the one there is.
func (s *server) database(ctx context.Context, name string) (string, error) {
	c, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close(ctx) }()
	for _, q := range []string{"DROP DATABASE IF EXISTS " + name + " WITH (FORCE)", "CREATE DATABASE " + name} {
		if _, err := c.Exec(ctx, q); err != nil {
			return "", fmt.Errorf("making the database %s: %w", name, err)
		}
	}
	u, err := url.Parse(s.url)
	if err != nil {
		return "", fmt.Errorf("-postgres must be a URL: %w", err)
	}
	u.Path = "/" + name
	return u.String(), nil
}

// settle writes what is dirty to disk, so that no round pays for the one before.
func (s *server) settle(ctx context.Context) error {
	c, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close(ctx) }()
	_, err = c.Exec(ctx, "CHECKPOINT")
	return err
}
