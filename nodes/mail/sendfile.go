package mail

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[sendFileIn, sendOut]{
		Type:  "mail.send_file",
		Title: "Send e-mail file",
		Doc: "Sends a message that is there as an .eml file, made by mail.make, saved by mail.get or written by another program. It goes out as it is, without its Bcc header; the Message-ID stays.\n\n" +
			"With `to` it goes to those addresses only, whatever its headers say: this is how mail is redirected.",
		Effect: node.Once,
		Examples: []node.Example[sendFileIn, sendOut]{{
			Title:   "Send what was prepared",
			In:      sendFileIn{Connection: connection{Host: "smtp.example.com", User: "ada@example.com"}, File: "out/offer.eml"},
			Out:     sendOut{MessageID: "<5b1f…@example.com>", Accepted: []string{"bob@example.com"}, Response: "2.0.0 OK queued"},
			DocOnly: "it needs a mail server; the tests of the package run one",
		}},
		Check: func(in sendFileIn) error { return in.Connection.check() },
		Run:   sendFile,
	})
}

type sendFileIn struct {
	Connection connection `json:"connection" is:"required" doc:"SMTP server to send through."`
	File       string     `json:"file" is:"required" widget:"file" doc:"Path of the .eml file."`
	From       string     `json:"from" doc:"Sender for the server; the From of the message if empty."`
	To         []string   `json:"to" doc:"Recipients; those of the message (To, Cc, Bcc) if empty."`
	onRejected
}

func sendFile(ctx context.Context, env *node.Env, in sendFileIn) (sendOut, error) {
	if err := in.Connection.check(); err != nil {
		return sendOut{}, err
	}
	h, err := headersOf(env, in.File)
	if err != nil {
		return sendOut{}, err
	}
	m := &outgoing{id: cleanText(h.get("Message-ID"))}
	from, err := recipients("from", []string{in.From})
	if err != nil {
		return sendOut{}, err
	}
	if len(from) == 0 {
		from = parseAddresses(h.all("From"))
	}
	if len(from) == 0 || from[0].Address == "" {
		return sendOut{}, input("give from", "%s has no sender", in.File)
	}
	to, err := recipients("to", in.To)
	if err != nil {
		return sendOut{}, err
	}
	if len(to) == 0 {
		to = parseAddresses(h.all("To") + ", " + h.all("Cc") + ", " + h.all("Bcc"))
	}
	if m.from, err = wireAddress(from[0].Address); err != nil {
		return sendOut{}, input("give from", "%s has the sender %s, which is no mail address", in.File, short(from[0].Address))
	}
	seen := map[string]bool{}
	for _, a := range to {
		w, err := wireAddress(a.Address)
		if err != nil || oneLine("to", w) != nil {
			return sendOut{}, input("give to", "%s has the recipient %s, which is no mail address", in.File, short(a.String()))
		}
		m.utf8 = m.utf8 || !ascii(w)
		if k := strings.ToLower(w); !seen[k] {
			seen[k] = true
			m.rcpts = append(m.rcpts, w)
		}
	}
	m.write = func(ctx context.Context, w io.Writer) error { return copyWithoutBcc(ctx, env, in.File, w) }
	size := &sizing{}
	if err := m.write(ctx, size); err != nil {
		return sendOut{}, err
	}
	m.size = size.n
	return m.send(ctx, env, in.Connection, in.OnRejected)
}

func headersOf(env *node.Env, file string) (header, error) {
	f, err := env.Files.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h, err := readHeader(newSource(f), func(string) {})
	if err == nil && len(h) == 0 {
		return nil, input("give an .eml file", "%s is no message: it has no headers", file)
	}
	return h, err
}

// copyWithoutBcc writes the file with lines that end in CR LF, leaving out
// the header that would show hidden recipients.
func copyWithoutBcc(ctx context.Context, env *node.Env, file string, w io.Writer) error {
	f, err := env.Files.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	out := &crlf{w: w}
	src := newSource(f)
	inHeader, dropping := true, false
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		fresh := src.start
		line, err := src.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if inHeader && fresh {
			switch {
			case len(bytes.TrimRight(line, "\r\n")) == 0:
				inHeader, dropping = false, false
			case line[0] != ' ' && line[0] != '\t':
				name, _, _ := bytes.Cut(line, []byte(":"))
				dropping = strings.EqualFold(string(bytes.TrimSpace(name)), "bcc")
			}
		}
		if dropping {
			continue
		}
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	if out.last != '\n' {
		_, err = out.Write([]byte("\n"))
	}
	return err
}
