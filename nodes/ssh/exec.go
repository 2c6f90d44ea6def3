package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/text/encoding/htmlindex"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ssh/connect"
	"github.com/aether-rpa/aether/nodes/sys/command"
)

// call is a command to run.
type call struct {
	surroundings
	name     string // how messages call it
	line     string
	stdin    string
	pty      bool
	encoding string
}

// kept is a stream of which the beginning is kept.
type kept struct {
	mu      sync.Mutex
	b       bytes.Buffer
	most    int64
	dropped bool
}

func (k *kept) Write(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	take := p
	if left := k.most - int64(k.b.Len()); int64(len(p)) > left {
		take, k.dropped = p[:max(left, 0)], true
	}
	_, _ = k.b.Write(take) // never fails
	return len(p), nil
}

func (k *kept) bytes() ([]byte, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return bytes.Clone(k.b.Bytes()), k.dropped
}

// keepAlive is how often the server is asked whether it is still there while a
// command is silent.
const keepAlive = 20 * time.Second

// run runs a command and returns what it printed, whatever its exit code.
func (c call) run(ctx context.Context, env *node.Env, conn connect.Connection) (ran command.Ran, err error) {
	if err := c.check(); err != nil {
		return ran, err
	}
	if c.pty && len(c.SecretEnv) > 0 {
		return ran, node.Fail(node.KindInput, "a terminal would show the values of secret_env", "do without pty")
	}
	most, err := command.ParseSize(c.MaxOutput)
	if err != nil {
		return ran, node.Fail(node.KindInput, "max_output: "+err.Error(), "")
	}
	if most == 0 {
		most = 10 << 20
	}
	ran = command.Ran{Name: c.name, ExitCode: -1}
	began := env.Now()
	err = use(ctx, env, conn, func(client *connect.Client) (bool, error) {
		stdout, stderr := &kept{most: most}, &kept{most: most}
		ok, err := c.session(ctx, client, conn, stdout, stderr, &ran)
		hide := command.Options{SecretEnv: c.SecretEnv}
		text := func(k *kept) string {
			b, dropped := k.bytes()
			ran.Truncated = ran.Truncated || dropped
			return hide.HideText(c.decode(b))
		}
		ran.Stdout, ran.Stderr = text(stdout), text(stderr)
		ran.Elapsed = env.Now().Sub(began)
		var f *node.Failure
		if errors.As(err, &f) && f.Details == nil {
			f.Details = map[string]any{"stdout": command.Tail(ran.Stdout), "stderr": command.Tail(ran.Stderr)}
		}
		return ok, err
	})
	return ran, err
}

// decode returns the text of what was printed; bytes that are none become
// U+FFFD.
func (c call) decode(b []byte) string {
	if e, err := htmlindex.Get(c.encoding); err == nil && c.encoding != "utf-8" {
		if d, err := e.NewDecoder().Bytes(b); err == nil {
			b = d
		}
	}
	return strings.ToValidUTF8(strings.TrimPrefix(string(b), "\ufeff"), "\ufffd")
}

// session runs the command in a session of the connection.
func (c call) session(ctx context.Context, client *connect.Client, conn connect.Connection, stdout, stderr io.Writer, ran *command.Ran) (bool, error) {
	s, err := open(ctx, client, conn.Timeout)
	if err != nil {
		return false, err
	}
	defer func() { _ = s.Close() }() // it is over
	line, before := c.wrap(c.line)
	s.Stdout, s.Stderr = stdout, stderr
	s.Stdin = strings.NewReader(before + c.stdin)
	if c.pty {
		if err := s.RequestPty("xterm", 50, 200, gossh.TerminalModes{gossh.ECHO: 0}); err != nil {
			return false, c.lost("the server gives no terminal", err)
		}
	}
	if err := s.Start(line); err != nil {
		return false, c.lost("the server does not start the command", err)
	}
	ended := make(chan error, 1)
	over := make(chan struct{})
	go func() {
		ended <- s.Wait()
		close(over)
	}()
	timer := time.NewTimer(c.Timeout)
	defer timer.Stop()
	ask := time.NewTicker(keepAlive)
	defer ask.Stop()
	for {
		select {
		case err := <-ended:
			return c.ended(ctx, err, ran)
		case <-timer.C:
			// What of it is obeyed depends on the server.
			_ = s.Signal(gossh.SIGKILL)
			_ = s.Close()
			client.Cut()
			<-over // the timeout is what is told
			return false, node.Fail(node.KindTimeout, fmt.Sprintf("%s did not end within %s.", c.name, c.Timeout), "raise timeout, or see in the details what it printed last; it may still run on the server")
		case <-ask.C:
			inner, cancel := context.WithTimeout(ctx, conn.Timeout)
			alive := client.Alive(inner) // cuts the connection if not, so that ended comes
			cancel()
			if !alive && ctx.Err() == nil {
				<-over // the timeout is what is told
				return false, c.lost("the server does not answer any more", errors.New("it was silent for longer than "+conn.Timeout.String()))
			}
		}
	}
}

// open begins a session, which a server may leave unanswered.
func open(ctx context.Context, client *connect.Client, limit time.Duration) (*gossh.Session, error) {
	timer := time.AfterFunc(limit, client.Cut)
	s, err := client.NewSession()
	if !timer.Stop() && err != nil {
		return nil, node.Fail(node.KindTimeout, "the server did not open a session within "+limit.String(), "raise connection.timeout if the server is slow")
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, node.Fail(node.KindNetwork, "the server opens no session: "+said(err), "the server may allow no commands, or fewer sessions")
	}
	return s, nil
}

// ended turns the end of a command into a result.
func (c call) ended(ctx context.Context, err error, ran *command.Ran) (bool, error) {
	var exit *gossh.ExitError
	switch {
	case ctx.Err() != nil:
		return false, ctx.Err()
	case err == nil:
		ran.ExitCode = 0
		return true, nil
	case errors.As(err, &exit):
		ran.ExitCode = exit.ExitStatus()
		if sig := exit.Signal(); sig != "" {
			ran.Signal = "SIG" + clip(sig)
		}
		return true, nil
	}
	return false, c.lost("the connection was lost before it ended", err)
}

func (c call) lost(what string, err error) error {
	var missing *gossh.ExitMissingError
	why := ": " + said(err)
	if errors.As(err, &missing) || errors.Is(err, io.EOF) {
		why = ""
	}
	return node.Fail(node.KindNetwork, c.name+": "+what+why+".", "see on the server whether it ran, and whether it still runs, before it is run again")
}

func said(err error) string { return clip(err.Error()) }

func clip(s string) string {
	s = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, s), "")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}
