package mail

import (
	"strings"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/node/nodetest"
)

func parsed(t *testing.T, raw string) *message {
	t.Helper()
	m, err := newParser(t.Context(), 1<<20).parse(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestSend(t *testing.T) {
	s, port := startSMTP(t, "starttls", nil)
	env := nodetest.Env(t)
	c := with(conn(port, "starttls"), "ca_file", trust(t, env))
	writeFile(t, env, "Übersicht 2026.pdf", "%PDF content")
	writeFile(t, env, "logo.png", "\x89PNG\x00\xff")
	out, err := nodetest.Run(t, env, "mail.send", map[string]any{
		"connection": c, "from": "ada@example.com", "from_name": "Ada Lövelace", "to": "Bob <bob@example.com>; eve@example.com", "cc": []any{"\"Doe, John\" <john@bücher.example>"},
		"bcc": []any{"hidden@example.com", ""}, "reply_to": []any{"desk@example.com"}, "subject": "Bericht für Mai – " + strings.Repeat("sehr langer Text ", 12),
		"text": "Grüße\n.\nFrom here\n" + strings.Repeat("x", 2000), "html": "<p>Grüße <img src=\"cid:logo\"></p>",
		"files": []any{"Übersicht 2026.pdf"}, "inline": []any{map[string]any{"file": "logo.png", "cid": "logo"}},
		"attachments": []any{map[string]any{"text": "a;b\n", "name": "a.csv"}, map[string]any{"base64": "AAEC", "name": "b.bin", "type": "application/x-b"}},
		"headers":     map[string]any{"X-Ticket": "17"}, "priority": "high", "read_receipt": true,
	})
	if err != nil {
		t.Fatal(err)
	}
	mail := s.got(t, 1)[0]
	if got := strings.Join(mail.to, " "); got != "bob@example.com eve@example.com john@xn--bcher-kva.example hidden@example.com" || mail.from != "ada@example.com" {
		t.Errorf("envelope: %s from %s", got, mail.from)
	}
	for l := range strings.SplitSeq(mail.data, "\r\n") {
		if len(l) > 998 || strings.ContainsRune(l, '\n') {
			t.Errorf("a line of %d bytes", len(l))
		}
	}
	if !ascii(mail.data) || strings.Contains(mail.data, "hidden") {
		t.Errorf("not ASCII, or it shows the hidden recipient:\n%s", mail.data)
	}
	m := parsed(t, mail.data)
	if m.MessageID != out["message_id"] || m.From != (address{"Ada Lövelace", "ada@example.com"}) || m.Cc[0] != (address{"Doe, John", "john@xn--bcher-kva.example"}) ||
		m.Subject != strings.TrimSpace("Bericht für Mai – "+strings.Repeat("sehr langer Text ", 12)) || m.Priority != "high" || m.ReplyTo[0].Address != "desk@example.com" || m.Headers["x-ticket"] != "17" || m.Headers["disposition-notification-to"] == "" {
		t.Errorf("headers: %+v", m)
	}
	if m.Text != "Grüße\n.\nFrom here\n"+strings.Repeat("x", 2000) || !strings.Contains(m.HTML, "Grüße") {
		t.Errorf("text %q, html %q", m.Text, m.HTML)
	}
	var names []string
	for _, a := range m.Attachments {
		names = append(names, a.Name)
	}
	if got := strings.Join(names, "|"); got != "logo.png|Übersicht 2026.pdf|a.csv|b.bin" || !m.Attachments[0].Inline || m.Attachments[0].ContentID != "logo" || m.Attachments[0].Size != 6 || m.Attachments[3].Type != "application/x-b" {
		t.Errorf("attachments: %s %+v", got, m.Attachments)
	}
	if out["size"] != len(mail.data) {
		t.Errorf("size %v, the server got %d", out["size"], len(mail.data))
	}
	// The same step again is recognisable, another is not.
	again, err := nodetest.Run(t, env, "mail.send", map[string]any{"connection": c, "from": "ada@example.com", "to": "bob@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	env.Token = "another"
	other, err := nodetest.Run(t, env, "mail.send", map[string]any{"connection": c, "from": "ada@example.com", "to": "bob@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if again["message_id"] != out["message_id"] || other["message_id"] == out["message_id"] {
		t.Errorf("ids %v %v %v", out["message_id"], again["message_id"], other["message_id"])
	}
	if s.sessions != 2 { // go-smtp makes a new session after STARTTLS
		t.Errorf("%d sessions, want one connection for all", s.sessions)
	}
}

func TestSendSecurityAndAuth(t *testing.T) {
	for _, security := range []string{"tls", "starttls", "none"} {
		for _, auth := range []string{"auto", "plain", "login", "cram_md5", "xoauth2"} {
			t.Run(security+"/"+auth, func(t *testing.T) {
				s, port := startSMTP(t, security, nil)
				env := nodetest.Env(t)
				c := with(conn(port, security), "ca_file", trust(t, env), "auth", auth)
				if auth == "xoauth2" {
					c = with(c, "token", "t0ken")
				}
				p := map[string]any{"connection": c, "from": "ada@example.com", "to": "bob@example.com", "subject": "x"}
				if _, err := nodetest.Run(t, env, "mail.send", p); err != nil {
					t.Fatal(err)
				}
				s.got(t, 1)
				bad := with(c, "password", "wr0ng", "token", "")
				if auth == "xoauth2" {
					bad = with(c, "token", "wr0ng")
				}
				_, err := nodetest.Run(t, env, "mail.send", with(p, "connection", bad))
				if f := failure(t, err); f.Kind != node.KindDenied || !f.Permanent || strings.Contains(err.Error(), "wr0ng") {
					t.Errorf("got %+v", f)
				}
			})
		}
	}
}

func TestSendFails(t *testing.T) {
	s, port := startSMTP(t, "none", nil)
	env := nodetest.Env(t)
	base := map[string]any{"connection": conn(port, "none"), "from": "ada@example.com", "to": "bob@example.com", "subject": "x"}
	writeFile(t, env, "a.txt", "x")
	tests := []struct {
		name, kind, want string
		change           []any
	}{
		{"injected subject", node.KindInput, "subject holds a line break", []any{"subject", "x\r\nBcc: eve@example.com"}},
		{"injected name", node.KindInput, "from_name", []any{"from_name", "x\nBcc: eve@example.com"}},
		{"injected recipient", node.KindInput, "to holds a line break", []any{"to", "bob@example.com\r\nRCPT TO:<eve@example.com>"}},
		{"injected header", node.KindInput, "the header X-A", []any{"headers", map[string]any{"X-A": "1\nBcc: e@example.com"}}},
		{"header name", node.KindInput, "is no name of a header", []any{"headers", map[string]any{"X-A: b\n": "1"}}},
		{"own header", node.KindInput, "cannot be given here", []any{"headers", map[string]any{"bcc": "e@example.com"}}},
		{"injected file name", node.KindInput, "name of attachments[0]", []any{"attachments", []any{map[string]any{"text": "", "name": "a\r\nX: y"}}}},
		{"injected id", node.KindInput, "Message-ID", []any{"in_reply_to", "<a\r\nb>"}},
		{"no address", node.KindInput, "is no mail address", []any{"to", "bob"}},
		{"no recipient", node.KindInput, "no recipient", []any{"to", ""}},
		{"two senders", node.KindInput, "one sender", []any{"from", "a@example.com, b@example.com"}},
		{"no file", node.KindNotFound, "", []any{"files", []any{"missing.pdf"}}},
		{"outside", node.KindDenied, "", []any{"files", []any{"/etc/passwd"}}},
		{"two contents", node.KindInput, "2 contents", []any{"attachments", []any{map[string]any{"text": "", "file": "a.txt"}}}},
		{"base64", node.KindInput, "no base64", []any{"attachments", []any{map[string]any{"base64": "?"}}}},
		{"all refused", node.KindError, "550 no such user", []any{"to", "nobody@example.com"}},
		{"one refused", node.KindError, "nothing was sent", []any{"to", "bob@example.com, nobody@example.com", "on_rejected", "fail"}},
		{"no tls", node.KindNetwork, "STARTTLS", []any{"connection", conn(port, "starttls")}},
		{"not tls", node.KindNetwork, "does not speak TLS", []any{"connection", conn(port, "tls")}},
		{"nobody there", node.KindNetwork, "refused", []any{"connection", conn(1, "none")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := nodetest.Run(t, env, "mail.send", with(base, tt.change...))
			if f := failure(t, err); f.Kind != tt.kind || !strings.Contains(f.Message, tt.want) {
				t.Errorf("got %s %q, want %s %q", f.Kind, f.Message, tt.kind, tt.want)
			}
		})
	}
	s.got(t, 0)
	out, err := nodetest.Run(t, env, "mail.send", with(base, "to", "bob@example.com, nobody@example.com"))
	if err != nil {
		t.Fatal(err)
	}
	rejected := out["rejected"].([]any)[0].(map[string]any)
	if rejected["address"] != "nobody@example.com" || rejected["code"] != 550 || len(out["accepted"].([]any)) != 1 {
		t.Errorf("got %v", out)
	}
}

func TestSendAnswers(t *testing.T) {
	s, port := startSMTP(t, "none", func(s *smtpServer) {
		s.mechs = nil
		s.server.MaxMessageBytes = 5000
		s.failData = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "greylisted"}
	})
	env := nodetest.Env(t)
	c := with(conn(port, "none"), "user", "", "password", "")
	p := map[string]any{"connection": c, "from": "ada@example.com", "to": "bob@example.com"}
	_, err := nodetest.Run(t, env, "mail.send", p)
	if f := failure(t, err); f.Code != "451" || f.Permanent {
		t.Errorf("a temporary refusal: %+v", f)
	}
	_, err = nodetest.Run(t, env, "mail.send", with(p, "text", strings.Repeat("long ", 2000)))
	if f := failure(t, err); f.Kind != node.KindInput || !strings.Contains(f.Message, "at most 5000") {
		t.Errorf("too large: %+v", f)
	}
	// A stale connection in the pool is noticed before anything is sent.
	s.mu.Lock()
	s.failData = nil
	s.mu.Unlock()
	if _, err = nodetest.Run(t, env, "mail.send", p); err != nil {
		t.Fatal(err)
	}
	s.mu.Lock()
	for _, c := range s.conns {
		_ = c.Conn().Close()
	}
	s.mu.Unlock()
	if _, err = nodetest.Run(t, env, "mail.send", p); err != nil {
		t.Fatal(err)
	}
	s.got(t, 2)
	// A cut at the very end must not be tried again by itself.
	s.mu.Lock()
	s.hangUp = true
	s.mu.Unlock()
	_, err = nodetest.Run(t, env, "mail.send", p)
	if f := failure(t, err); f.Kind != node.KindInterrupted || !f.Permanent {
		t.Errorf("cut at the end: %+v", f)
	}
}

func TestReplyAndForward(t *testing.T) {
	s, port := startSMTP(t, "none", nil)
	env := nodetest.Env(t)
	writeFile(t, env, "saved.pdf", "pdf")
	original := map[string]any{"subject": "AW: Re: Angebot", "message_id": "<3@example.com>", "references": []any{"<1@example.com>", "<2@example.com>"},
		"from": map[string]any{"name": "Bob", "address": "bob@example.com"}, "reply_to": []any{map[string]any{"name": "", "address": "desk@example.com"}},
		"to": []any{map[string]any{"name": "Ada", "address": "ADA@example.com"}, map[string]any{"name": "Eve", "address": "eve@example.com"}}, "cc": []any{},
		"date": "2026-05-04T09:00:00Z", "text": "Fertig?\n> alt\n", "html": "<html><body><p>Fertig?</p><script>x</script></body></html>", "uid": 7, "folder": "INBOX",
		"attachments": []any{map[string]any{"name": "a.pdf", "path": "saved.pdf", "size": 3}, map[string]any{"name": "b.pdf", "path": ""}}}
	base := map[string]any{"connection": conn(port, "none"), "from": "Ada <ada@example.com>", "message": original}
	if _, err := nodetest.Run(t, env, "mail.reply", with(base, "text", "Ja.", "reply_all", true, "intro", "Am {date} schrieb {name}:")); err != nil {
		t.Fatal(err)
	}
	r := s.got(t, 1)[0]
	m := parsed(t, r.data)
	if m.Subject != "Re: Angebot" || m.InReplyTo != "<3@example.com>" || strings.Join(m.References, "") != "<1@example.com><2@example.com><3@example.com>" {
		t.Errorf("threading: %+v", m)
	}
	if strings.Join(r.to, " ") != "desk@example.com eve@example.com" || m.Text != "Ja.\n\nAm 2026-05-04 09:00 schrieb Bob:\n> Fertig?\n>> alt\n" {
		t.Errorf("to %v, text %q", r.to, m.Text)
	}
	if _, err := nodetest.Run(t, env, "mail.reply", with(base, "html", "<p>Ja</p>")); err != nil {
		t.Fatal(err)
	}
	if m = parsed(t, s.got(t, 2)[1].data); !strings.Contains(m.HTML, "<p>Ja</p>") || !strings.Contains(m.HTML, "<blockquote") || strings.Contains(m.HTML, "script") {
		t.Errorf("html %q", m.HTML)
	}
	out, err := nodetest.Run(t, env, "mail.forward", with(base, "text", "zur Info", "to", []any{"eve@example.com"}))
	if err != nil {
		t.Fatal(err)
	}
	m = parsed(t, s.got(t, 3)[2].data)
	if m.Subject != "Fwd: Angebot" || len(m.Attachments) != 1 || m.Attachments[0].Name != "a.pdf" || out["left_out"].([]any)[0] != "b.pdf" || !strings.Contains(m.HTML, "zur Info") || !strings.Contains(m.Text, "From: Bob <bob@example.com>") {
		t.Errorf("forwarded %+v\nout %v", m, out)
	}
	if _, err = nodetest.Run(t, env, "mail.reply", with(base, "message", map[string]any{"x": 1})); failure(t, err).Kind != node.KindInput {
		t.Errorf("no message: %v", err)
	}
}

func TestMakeAndSendFile(t *testing.T) {
	s, port := startSMTP(t, "none", nil)
	env := nodetest.Env(t)
	writeFile(t, env, "inner.eml", "From: x@example.com\nSubject: inner\n\nhello\n")
	made, err := nodetest.Run(t, env, "mail.make", map[string]any{"file": "out/m.eml", "from": "ada@example.com", "to": []any{"bob@example.com"}, "bcc": []any{"Eve <eve@example.com>"}, "subject": "Ü", "text": "hi", "files": []any{"inner.eml"}})
	if err != nil {
		t.Fatal(err)
	}
	if raw := readFile(t, env, "out/m.eml"); !strings.Contains(raw, "Bcc: \"Eve\"") || len(raw) != made["size"] {
		t.Errorf("file:\n%s", raw)
	}
	out, err := nodetest.Run(t, env, "mail.send_file", map[string]any{"connection": conn(port, "none"), "file": "out/m.eml"})
	if err != nil {
		t.Fatal(err)
	}
	r := s.got(t, 1)[0]
	m := parsed(t, r.data)
	if strings.Join(r.to, " ") != "bob@example.com eve@example.com" || len(m.Bcc) != 0 || strings.Contains(r.data, "eve") || m.MessageID != made["message_id"] || out["message_id"] != made["message_id"] {
		t.Errorf("sent to %v:\n%s", r.to, r.data)
	}
	if len(m.Attachments) != 1 || m.Attachments[0].Message["subject"] != "inner" || m.Attachments[0].Name != "inner.eml" {
		t.Errorf("attached message: %+v", m.Attachments)
	}
	if _, err = nodetest.Run(t, env, "mail.send_file", map[string]any{"connection": conn(port, "none"), "file": "inner.eml"}); failure(t, err).Kind != node.KindInput {
		t.Errorf("no recipients: %v", err)
	}
	writeFile(t, env, "evil.eml", "From: x@example.com\nTo: <a@example.com\x00RCPT>\n\nhello\n")
	if _, err = nodetest.Run(t, env, "mail.send_file", map[string]any{"connection": conn(port, "none"), "file": "evil.eml"}); err != nil {
		failure(t, err)
	}
	for _, mail := range s.mails {
		for _, to := range mail.to {
			if strings.ContainsAny(to, "\x00 <>") {
				t.Errorf("recipient %q", to)
			}
		}
	}
}
