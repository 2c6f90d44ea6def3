package mail

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

func TestWaitFor(t *testing.T) {
	m, port := startIMAP(t, "none", fullCaps)
	env := nodetest.Env(t)
	m.add("INBOX", simple("bank@example.com", "code 1", "old"), may)
	waiting := make(chan struct{}, 10)
	env.Progress = func(string, int, int) { waiting <- struct{}{} }
	p := map[string]any{"connection": conn(port, "none"), "subject": "code", "max_wait": "20s", "poll_interval": "10s"}
	go func() {
		<-waiting
		m.add("INBOX", simple("x@example.com", "noise", "n"), time.Now())
		<-waiting
		m.cut() // it connects again
		<-waiting
		m.add("INBOX", simple("bank@example.com", "code 2", "new"), time.Now())
	}()
	type result struct {
		out map[string]any
		err error
	}
	done := make(chan result, 1)
	go func() {
		out, err := nodetest.Run(t, env, "mail.wait_for", with(p, "poll_interval", "8s"))
		done <- result{out, err}
	}()
	r := <-done
	if r.err != nil || r.out["found"] != true || r.out["message"].(map[string]any)["text"] != "new\n" {
		t.Fatalf("got %v %v", r.out, r.err)
	}
	env.Progress = func(string, int, int) {}
	out, err := nodetest.Run(t, env, "mail.wait_for", with(p, "arrived", "any", "mark_read", true))
	if err != nil || out["message"].(map[string]any)["subject"] != "code 2" {
		t.Errorf("any: %v %v", out, err)
	}
	env.Run.Started = time.Now().Add(-time.Minute)
	out, err = nodetest.Run(t, env, "mail.wait_for", with(p, "arrived", "during_run"))
	if err != nil || out["message"].(map[string]any)["subject"] != "code 2" {
		t.Errorf("during the run: %v %v", out, err)
	}
	env.Run.Started = time.Now().Add(time.Hour)
	_, err = nodetest.Run(t, env, "mail.wait_for", with(p, "arrived", "during_run", "max_wait", "50ms"))
	if f := failure(t, err); f.Kind != node.KindTimeout {
		t.Errorf("time up: %v", err)
	}
	out, err = nodetest.Run(t, env, "mail.wait_for", with(p, "max_wait", "50ms", "on_timeout", "continue"))
	if err != nil || out["found"] != false || out["message"] != nil {
		t.Errorf("time up, go on: %v %v", out, err)
	}
	_, err = nodetest.Run(t, env, "mail.wait_for", with(p, "connection", with(conn(port, "none"), "password", "wrong")))
	if f := failure(t, err); f.Kind != node.KindDenied {
		t.Errorf("wrong password must not wait: %v", err)
	}
}

func TestPoolNoticesStaleConnections(t *testing.T) {
	m, port := startIMAP(t, "none", fullCaps)
	env := nodetest.Env(t)
	p := map[string]any{"connection": conn(port, "none")}
	for range 3 {
		if _, err := nodetest.Run(t, env, "mail.list_folders", p); err != nil {
			t.Fatal(err)
		}
		m.cut()
	}
	if _, err := nodetest.Run(t, env, "mail.list_folders", with(p, "connection", with(conn(port, "none"), "password", "wrong"))); failure(t, err).Kind != node.KindDenied {
		t.Error("another password must not use the same connection")
	}
}

// script is a server that answers each line with the next answer.
func script(t *testing.T, greeting string, answers ...string) int {
	t.Helper()
	l, port := listen(t, "none")
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.WriteString(c, greeting)
				b := make([]byte, 64<<10)
				for _, a := range answers {
					n, err := c.Read(b)
					if err != nil {
						return
					}
					tag, _, _ := strings.Cut(string(b[:n]), " ")
					_, _ = io.WriteString(c, strings.ReplaceAll(a, "TAG", tag))
				}
				_, _ = io.Copy(io.Discard, c)
			}()
		}
	}()
	return port
}

const hello = "* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR] hi\r\n"

func TestHostileServers(t *testing.T) {
	in := "TAG OK [CAPABILITY IMAP4rev1] in\r\n"
	opened := "* 3 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT 9] x\r\nTAG OK x\r\n"
	tests := []struct {
		name, kind string
		greeting   string
		answers    []string
	}{
		{"silent", node.KindTimeout, "", nil},
		{"silent later", node.KindTimeout, hello, []string{in}},
		{"garbage", node.KindNetwork, "\x00\xff\x80garbage\r\n", nil},
		{"http", node.KindNetwork, "HTTP/1.1 400 Bad Request\r\n\r\n", nil},
		{"bye", node.KindNetwork, "* BYE too many\r\n", nil},
		{"endless search", node.KindNetwork, hello, []string{in, opened, "* ESEARCH UID ALL 1:4294967295\r\nTAG OK x\r\n"}},
		{"endless literal", node.KindTimeout, hello, []string{in, opened, "* SEARCH 1\r\nTAG OK x\r\n", "* 1 FETCH (UID 1 BODY[] {99999999999}\r\n"}},
		{"broken fetch", node.KindNetwork, hello, []string{in, opened, "* SEARCH 1\r\nTAG OK x\r\n", "* 1 FETCH (UID )(((\r\nTAG OK x\r\n"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			port := script(t, tt.greeting, tt.answers...)
			env := nodetest.Env(t)
			c := with(conn(port, "none"), "timeout", "1s")
			_, err := nodetest.Run(t, env, "mail.search", map[string]any{"connection": c})
			if f := failure(t, err); f.Kind != tt.kind && f.Kind != node.KindError {
				t.Errorf("got %s: %v", f.Kind, err)
			}
		})
	}
}

// Who is on the way may answer before the encryption begins, or leave it out.
func TestEncryptionIsNotTalkedAway(t *testing.T) {
	for name, tt := range map[string]struct {
		typ, greeting string
		answers       []string
	}{
		"IMAP, signed in at once":  {"mail.list_folders", "* PREAUTH [CAPABILITY IMAP4rev1 STARTTLS] hi\r\n", []string{"TAG NO no\r\n"}},
		"IMAP, answers before TLS": {"mail.list_folders", hello, []string{"TAG OK go on\r\n* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\nTAG OK in\r\n"}},
		"SMTP, not offered":        {"mail.send", "220 hi\r\n", []string{"250-hi\r\n250 AUTH PLAIN\r\n"}},
		"SMTP, refused":            {"mail.send", "220 hi\r\n", []string{"250-hi\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n", "454 not now\r\n"}},
		"SMTP, answers before TLS": {"mail.send", "220 hi\r\n", []string{"250-hi\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n", "220 go on\r\n250-hi\r\n250 AUTH PLAIN\r\n235 in\r\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var heard bytes.Buffer
			port := script(t, tt.greeting, tt.answers...)
			env := nodetest.Env(t)
			dial := env.Dial
			env.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
				c, err := dial(ctx, network, addr)
				return &tap{c, &heard}, err
			}
			p := map[string]any{"connection": with(conn(port, "starttls"), "timeout", "1s")}
			if tt.typ == "mail.send" {
				p = with(p, "from", "a@example.com", "to", "b@example.com", "text", "private")
			}
			if _, err := nodetest.Run(t, env, tt.typ, p); err == nil {
				t.Error("it went on without encryption")
			}
			for _, s := range []string{"s3cret", "private", "AUTH", "LOGIN", base64.StdEncoding.EncodeToString([]byte("\x00ada\x00s3cret"))} {
				if strings.Contains(heard.String(), s) {
					t.Errorf("%s was sent in the clear: %q", s, heard.String())
				}
			}
		})
	}
}

// tap keeps what is sent.
type tap struct {
	net.Conn
	heard *bytes.Buffer
}

func (c *tap) Write(p []byte) (int, error) {
	c.heard.Write(p)
	return c.Conn.Write(p)
}

// A server whose list of parts cannot be read is asked again without it.
func TestBrokenStructure(t *testing.T) {
	in := "TAG OK [CAPABILITY IMAP4rev1] in\r\n"
	opened := "* 1 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT 9] x\r\nTAG OK x\r\n"
	found := "* SEARCH 1\r\nTAG OK x\r\n"
	l, port := listen(t, "none")
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.WriteString(c, hello)
				b := make([]byte, 64<<10)
				for _, a := range []string{in, opened, found, ""} {
					n, err := c.Read(b)
					if err != nil {
						return
					}
					tag, _, _ := strings.Cut(string(b[:n]), " ")
					switch {
					case a != "":
					case strings.Contains(string(b[:n]), "BODYSTRUCTURE"):
						a = "* 1 FETCH (UID 1 BODYSTRUCTURE (((nonsense\r\nTAG OK x\r\n"
					default:
						a = "* 1 FETCH (UID 1 FLAGS () RFC822.SIZE 5 INTERNALDATE \"04-May-2026 09:00:00 +0000\" BODY[HEADER] {12}\r\nSubject: x\r\n)\r\nTAG OK x\r\n"
					}
					_, _ = io.WriteString(c, strings.ReplaceAll(a, "TAG", tag))
				}
				_, _ = io.Copy(io.Discard, c)
			}()
		}
	}()
	env := nodetest.Env(t)
	out, err := nodetest.Run(t, env, "mail.search", map[string]any{"connection": conn(port, "none"), "bodies": false})
	if err != nil || subjects(t, out) != "x" {
		t.Errorf("got %v %v", out, err)
	}
}

type denied struct{}

func (denied) Error() string { return "not allowed" }
func (denied) Denied() bool  { return true }

func TestEgressAndCancel(t *testing.T) {
	env := nodetest.Env(t)
	env.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, denied{} }
	for typ, p := range map[string]map[string]any{
		"mail.search": {}, "mail.send": {"from": "a@example.com", "to": "b@example.com"},
	} {
		_, err := nodetest.Run(t, env, typ, with(p, "connection", conn(25, "none")))
		if f := failure(t, err); f.Kind != node.KindDenied {
			t.Errorf("%s: %v", typ, err)
		}
	}
	_, port := startIMAP(t, "none", imap.CapSet{imap.CapIMAP4rev1: {}})
	env = nodetest.Env(t)
	ctx, cancel := context.WithCancel(t.Context())
	env.Progress = func(string, int, int) { cancel() }
	d := node.Default.Get("mail.wait_for")
	in := d.In.New().Interface().(*waitIn)
	in.Connection = connection{Host: "127.0.0.1", Port: port, Security: "none", User: "ada", Auth: "login", Timeout: 10 * time.Second}
	if err := d.In.Field("connection").Set(d.In.New().Elem(), conn(port, "none")); err != nil {
		t.Fatal(err)
	}
	if err := in.Connection.Password.FromValue("s3cret"); err != nil {
		t.Fatal(err)
	}
	_, err := d.Run(ctx, env, in)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
