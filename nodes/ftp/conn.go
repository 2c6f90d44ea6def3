package ftp

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/aether-rpa/aether/node"
)

const (
	// mostReply bounds what the server may say in answer to one command.
	mostReply = 1 << 20
	// mostListing bounds the listing of one folder, which the library holds in
	// memory: some 300,000 files.
	mostListing = 32 << 20
	// keptGreeting is how much of the server's first words is kept.
	keptGreeting = 2 << 10
)

var errTooMuch = errors.New("the server says more than can be meant")

// patient gives every read and write the same time, however long the whole
// takes.
type patient struct {
	net.Conn
	limit func() time.Duration
}

func (p *patient) Read(b []byte) (int, error) {
	if err := p.SetReadDeadline(time.Now().Add(p.limit())); err != nil {
		return 0, err
	}
	return p.Conn.Read(b)
}

func (p *patient) Write(b []byte) (int, error) {
	if err := p.SetWriteDeadline(time.Now().Add(p.limit())); err != nil {
		return 0, err
	}
	return p.Conn.Write(b)
}

// controlConn is the connection of commands and answers.
type controlConn struct {
	net.Conn
	heard int // bytes since the last command
	first []byte
}

func (c *controlConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if len(c.first) < keptGreeting {
		c.first = append(c.first, b[:min(n, keptGreeting-len(c.first))]...)
	}
	if c.heard += n; c.heard > mostReply {
		return 0, errTooMuch
	}
	return n, err
}

func (c *controlConn) Write(b []byte) (int, error) {
	c.heard = 0
	return c.Conn.Write(b)
}

// RemoteAddr is an address of TCP, which the library takes for granted.
func (c *controlConn) RemoteAddr() net.Addr {
	if a, ok := c.Conn.RemoteAddr().(*net.TCPAddr); ok {
		return a
	}
	return &net.TCPAddr{}
}

// greeting returns the server's first words, without their codes.
func (c *controlConn) greeting() string {
	var out []byte
	for line := range bytes.Lines(c.first) {
		if len(line) < 4 || !bytes.HasPrefix(line, []byte("220")) {
			break
		}
		out = append(append(out, bytes.TrimSpace(line[4:])...), '\n')
	}
	return string(out)
}

// dataConn is the connection of one file or listing.
type dataConn struct {
	net.Conn
	// listing receives a copy of what is read; nil for files.
	listing  *bytes.Buffer
	socket   net.Conn // below TLS
	patience *patient
	sent     bool // something was written
	once     sync.Once
	closed   func()
}

func (d *dataConn) Read(b []byte) (int, error) {
	n, err := d.Conn.Read(b)
	if d.listing != nil {
		if d.listing.Len()+n > mostListing {
			return 0, errTooMuch
		}
		_, _ = d.listing.Write(b[:n]) // never fails
	}
	return n, err
}

func (d *dataConn) Write(b []byte) (int, error) {
	d.sent = true
	return d.Conn.Write(b)
}

// lastWords bounds how long the server may take to close a connection on which
// it has been sent all.
const lastWords = 5 * time.Second

// Close ends the connection. After sending with TLS it waits for the server to
// close first: what the server says on its own (session tickets) would else
// lie unread, and closing then resets the connection, on which the server
// drops the end of the file.
func (d *dataConn) Close() error {
	d.once.Do(d.closed)
	if t, ok := d.Conn.(*tls.Conn); ok && d.sent && t.CloseWrite() == nil {
		if half, ok := d.socket.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
		d.patience.limit = func() time.Duration { return lastWords }
		_, _ = io.Copy(io.Discard, io.LimitReader(t, 64<<10)) // whatever it is, all was sent
	}
	return d.Conn.Close()
}

// Handshake lets the library begin TLS for an empty file.
func (d *dataConn) Handshake() error {
	d.sent = true
	if t, ok := d.Conn.(*tls.Conn); ok {
		return t.Handshake() //nolint:noctx // the connection has a deadline
	}
	return nil
}

// dial is what the library connects with: first for commands, later for data.
func (s *session) dial(network, addr string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.limit)
	defer cancel()
	if s.control == nil {
		conn, err := s.env.Dial(ctx, network, addr)
		if err != nil {
			return nil, s.dialled(ctx, err, addr)
		}
		var c net.Conn = &patient{Conn: conn, limit: func() time.Duration { return s.limit }}
		if s.Security == "implicit" {
			c = tls.Client(c, s.tls)
		}
		s.setControl(conn)
		s.control = &controlConn{Conn: c}
		return s.control, nil
	}
	conn, err := s.dialData(ctx, network, addr)
	if err != nil {
		return nil, s.dialled(ctx, err, addr)
	}
	p := &patient{Conn: conn, limit: func() time.Duration { return s.limit }}
	var c net.Conn = p
	if s.tls != nil {
		c = tls.Client(p, s.tls)
	}
	d := &dataConn{Conn: c, socket: conn, patience: p, listing: s.listing, closed: func() { s.setData(nil) }}
	s.setData(conn)
	return d, nil
}

// dialData connects to the address of the control connection. A policy that
// allows the server by its name only does not know the address; then the name
// is tried, which must lead to the same place.
func (s *session) dialData(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := s.env.Dial(ctx, network, addr)
	var denied interface{ Denied() bool }
	if err == nil || !errors.As(err, &denied) || !denied.Denied() {
		return conn, err
	}
	ip, port, serr := net.SplitHostPort(addr)
	if serr != nil || ip == s.Host {
		return nil, err
	}
	conn, nerr := s.env.Dial(ctx, network, net.JoinHostPort(s.Host, port))
	if nerr != nil {
		return nil, err
	}
	if a, ok := conn.RemoteAddr().(*net.TCPAddr); !ok || a.IP.String() != ip {
		_ = conn.Close()
		return nil, err
	}
	return conn, nil
}

// bind lends the session to one node execution.
func (s *session) bind(ctx context.Context, env *node.Env, limit time.Duration) {
	s.ctx, s.env, s.limit = ctx, env, limit
	s.stop = context.AfterFunc(ctx, s.cut)
}

func (s *session) unbind() {
	if s.stop != nil && !s.stop() {
		s.broken = true
	}
	s.stop, s.ctx = nil, context.Background()
}

func (s *session) setControl(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.socket = c
}

func (s *session) setData(c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data = c
}

// cut closes the connections at once, so that whoever waits for the server
// stops waiting.
func (s *session) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.data != nil {
		_ = s.data.Close()
	}
	if s.socket != nil {
		_ = s.socket.Close()
	}
}

// close says goodbye if it can be said without waiting, and closes.
func (s *session) close() {
	if s.c != nil && !s.broken && s.ctx.Err() == nil {
		s.limit = time.Second
		_ = s.c.Quit() // closes too; the server may be gone already
	}
	s.cut()
}
