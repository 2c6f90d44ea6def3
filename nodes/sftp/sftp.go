// Package sftp holds the nodes that work with the files of an SSH server. They
// have the same verbs and params as those of the family ftp. Connections are
// kept for a minute for the nodes that come next.
package sftp

import (
	"context"
	"io"
	"sync"
	"time"

	gosftp "github.com/pkg/sftp"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/pool"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
	"github.com/aether-rpa/aether/nodes/ssh/connect"
)

func init() {
	node.RegisterFamily(node.Family{Name: "sftp", Title: "SFTP", Doc: "Send, fetch and manage files on SSH servers."})
}

// connections are the idle ones. A session that does not answer is closed and
// replaced before anything is done with it.
var connections = &pool.Pool[*session]{
	Alive: func(ctx context.Context, s *session) bool { return s.client.Alive(ctx) },
	Close: func(s *session) { s.close() },
}

// opener connects with the settings of a node.
func opener(c connect.Connection, env *node.Env) remote.Opener {
	return func(ctx context.Context) (remote.Server, func(bool), error) {
		settings, err := c.Resolve(env)
		if err != nil {
			return nil, nil, err
		}
		key := pool.KeyOf(settings.Key(env)...)
		s, err := connections.Take(ctx, key, func(ctx context.Context) (*session, error) { return dial(ctx, env, settings) })
		if err != nil {
			return nil, nil, err
		}
		s.ctx, s.limit = ctx, c.Timeout
		stop := context.AfterFunc(ctx, s.client.Cut)
		return s, func(broken bool) {
			if !stop() || broken || s.broken {
				connections.Close(s)
				return
			}
			connections.Put(key, s)
		}, nil
	}
}

// mostListing bounds what the server may say in answer to one question, such
// as for the listing of a folder, which the library holds in memory.
const mostListing = 64 << 20

// dial connects, logs in and starts the file transfer.
func dial(ctx context.Context, env *node.Env, settings *connect.Settings) (_ *session, err error) {
	client, err := settings.Dial(ctx, env)
	if err != nil {
		return nil, err
	}
	s := &session{client: client, ctx: ctx, limit: settings.Timeout, addr: settings.Addr()}
	stop := context.AfterFunc(ctx, client.Cut)
	defer stop()
	defer func() {
		if p := recover(); p != nil {
			err = remote.Fail(node.KindError, "", "the server's answer could not be understood: %v", p)
		}
		if err != nil {
			client.Cut()
		}
	}()
	defer s.watch()()
	channel, err := client.NewSession()
	if err != nil {
		return nil, s.fail("opening a session on "+s.addr, err)
	}
	in, err := channel.StdinPipe()
	if err != nil {
		return nil, s.fail("opening a session on "+s.addr, err)
	}
	out, err := channel.StdoutPipe()
	if err != nil {
		return nil, s.fail("opening a session on "+s.addr, err)
	}
	if err := channel.RequestSubsystem("sftp"); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, remote.Fail(node.KindDenied, "have the administrator enable the subsystem sftp, or use ssh.run", "%s offers no file transfer: %v", s.addr, err)
	}
	s.heard = &limited{r: out}
	// Writing at several places at a time would leave holes when a transfer is
	// cut short, which resuming could not see: it is asked for where it is safe.
	if s.c, err = gosftp.NewClientPipe(s.heard, in, gosftp.UseConcurrentWrites(false)); err != nil {
		return nil, s.fail("beginning the file transfer with "+s.addr, err)
	}
	if s.home, err = s.c.Getwd(); err != nil {
		return nil, s.fail("asking for the working folder", err)
	}
	_, s.posixRename = s.c.HasExtension("posix-rename@openssh.com")
	_, s.fsync = s.c.HasExtension("fsync@openssh.com")
	return s, nil
}

// limited passes on what the server says, as much as is allowed.
type limited struct {
	r  io.Reader
	mu sync.Mutex
	n  int64 // in all
	at int64 // n may not pass this, if above 0
}

func (l *limited) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.n += int64(n)
	if l.at > 0 && l.n > l.at {
		return 0, errTooMuch
	}
	return n, err
}

// allow sets how much may come from now on; 0 is no limit.
func (l *limited) allow(most int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at = 0; most > 0 {
		l.at = l.n + most
	}
}

func (l *limited) count() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// watch cuts the connection when the server is silent for too long while an
// operation waits for it; the function returned ends the watch.
func (s *session) watch() func() {
	var mu sync.Mutex
	ended := false
	seen := s.progress()
	var timer *time.Timer
	mu.Lock()
	defer mu.Unlock()
	timer = time.AfterFunc(s.limit, func() {
		mu.Lock()
		defer mu.Unlock()
		if ended {
			return
		}
		if now := s.progress(); now != seen {
			seen = now
			timer.Reset(s.limit)
			return
		}
		s.silent.Store(true)
		s.client.Cut()
	})
	return func() {
		mu.Lock()
		defer mu.Unlock()
		ended = true
		timer.Stop()
	}
}

func (s *session) progress() int64 {
	if s.heard == nil {
		return 0
	}
	return s.heard.count()
}
