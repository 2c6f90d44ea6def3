package mail

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
)

// draft is what a flow says of a message to be made.
type draft struct {
	From     string   `json:"from" is:"required" doc:"Sender: ada@example.com, or Ada <ada@example.com>."`
	FromName string   `json:"from_name" is:"advanced" doc:"Name of the sender, if from is only an address."`
	To       []string `json:"to" doc:"Recipients, each an address or Name <address>; several in one text are separated by commas or semicolons."`
	Cc       []string `json:"cc" doc:"Recipients of a copy."`
	Bcc      []string `json:"bcc" doc:"Recipients whom the others do not see."`
	ReplyTo  []string `json:"reply_to" doc:"Where answers go, if not to the sender."`
	Subject  string   `json:"subject" doc:"Subject, one line."`
	content
	Headers     map[string]string `json:"headers" is:"advanced" doc:"More headers, for instance X-Ticket or List-Unsubscribe. Those that other params make are refused here."`
	InReplyTo   string            `json:"in_reply_to" is:"advanced" doc:"Message-ID of the message this one answers; mail.reply fills it in."`
	References  []string          `json:"references" is:"advanced" doc:"Message-IDs of the conversation so far."`
	Priority    string            `json:"priority" default:"normal" enum:"high,normal,low" doc:"Importance that mail programs show."`
	ReadReceipt bool              `json:"read_receipt" is:"advanced" doc:"Ask the recipient's program to tell the sender when the message was read. Most people decline."`
}

// content is the inside of a message.
type content struct {
	Text        string       `json:"text" widget:"multiline" doc:"Body as plain text. With html too, readers see the one their program prefers."`
	HTML        string       `json:"html" widget:"code" doc:"Body as HTML. Show inline images with <img src=\"cid:NAME\">."`
	Files       []string     `json:"files" widget:"file" doc:"Files to attach under their own names."`
	Attachments []enclosure  `json:"attachments" doc:"Attachments with a name or type of their own, or made of text."`
	Inline      []inlinePart `json:"inline" doc:"Images shown in the HTML."`
}

type enclosure struct {
	File   string  `json:"file" widget:"file" doc:"Path of the file."`
	Text   *string `json:"text" doc:"Content as text, instead of a file."`
	Base64 *string `json:"base64" doc:"Content as base64, instead of a file."`
	Name   string  `json:"name" doc:"Name the recipient sees; the file's own if empty."`
	Type   string  `json:"type" doc:"Media type; found by the name if empty."`
}

type inlinePart struct {
	File string `json:"file" is:"required" widget:"file" doc:"Path of the image."`
	CID  string `json:"cid" doc:"Name by which the HTML refers to it: <img src=\"cid:NAME\">; the file's name if empty."`
}

// outgoing is a message that is ready to be written, any number of times.
type outgoing struct {
	from  string
	rcpts []string
	id    string
	size  int64
	utf8  bool // an address needs SMTPUTF8
	write func(ctx context.Context, w io.Writer) error
}

func (d draft) check() error {
	if _, err := d.headers("<x@example.com>", time.Unix(0, 0), true); err != nil {
		return err
	}
	return d.content.check()
}

func (c content) check() error {
	for i, a := range c.Attachments {
		n := 0
		for _, given := range []bool{a.File != "", a.Text != nil, a.Base64 != nil} {
			if given {
				n++
			}
		}
		if n != 1 {
			return input("give one of file, text and base64", "attachments[%d] has %d contents", i, n)
		}
		if a.Type != "" {
			if _, _, err := mime.ParseMediaType(a.Type); err != nil || !ascii(a.Type) || oneLine("type", a.Type) != nil {
				return input("write it like application/pdf", "the type of attachments[%d] is no media type", i)
			}
		}
		if err := oneLine(fmt.Sprintf("the name of attachments[%d]", i), a.Name); err != nil {
			return err
		}
	}
	if len(c.Inline) > 0 && c.HTML == "" {
		return input("give html, or use files", "inline images need HTML to be shown in")
	}
	for i, p := range c.Inline {
		if !ascii(p.CID) || strings.ContainsAny(p.CID, "<> \t\r\n\"") {
			return input("use letters, digits, dots and dashes", "the cid of inline[%d] is not valid", i)
		}
	}
	return nil
}

// compose makes the message. The same step makes the same Message-ID again
// when it is retried.
func (d draft) compose(ctx context.Context, env *node.Env, keepBcc bool) (*outgoing, error) {
	from, err := recipients("from", []string{d.From})
	if err != nil {
		return nil, err
	}
	if len(from) != 1 {
		return nil, input("give one address", "a message has one sender, not %d", len(from))
	}
	m := &outgoing{from: from[0].Address, rcpts: []string{}, utf8: !ascii(from[0].Address)}
	seen := map[string]bool{}
	for _, l := range []struct {
		what string
		list []string
	}{{"to", d.To}, {"cc", d.Cc}, {"bcc", d.Bcc}} {
		list, err := recipients(l.what, l.list)
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			m.utf8 = m.utf8 || !ascii(a.Address)
			if k := strings.ToLower(a.Address); !seen[k] {
				seen[k] = true
				m.rcpts = append(m.rcpts, a.Address)
			}
		}
	}
	sum := sha256.Sum256([]byte("mail\x00" + env.Token))
	seed := hex.EncodeToString(sum[:16])
	m.id = "<" + seed + "@" + m.from[strings.LastIndexByte(m.from, '@')+1:] + ">"
	h, err := d.headers(m.id, env.Now(), keepBcc)
	if err != nil {
		return nil, err
	}
	top, err := d.content.parts(env, seed)
	if err != nil {
		return nil, err
	}
	m.write = func(ctx context.Context, w io.Writer) error { return top.write(ctx, w, h) }
	size := &sizing{}
	if err := m.write(ctx, size); err != nil {
		return nil, err
	}
	m.size = size.n
	return m, nil
}

// own are the headers that params make.
var own = []string{"From", "To", "Cc", "Bcc", "Reply-To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version", "Return-Path", "Received"}

// headers returns those of the whole message, encoded.
func (d draft) headers(id string, now time.Time, keepBcc bool) (header, error) {
	var h header
	sender := d.From
	if d.FromName != "" {
		if err := oneLine("from_name", d.FromName); err != nil {
			return nil, err
		}
	}
	from, err := recipients("from", []string{sender})
	if err != nil {
		return nil, err
	}
	if len(from) > 0 && from[0].Name == "" {
		from[0].Name = d.FromName
	}
	add := func(name, value string) { h = append(h, headerLine{name, value}) }
	add("Date", now.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	add("From", encodeAddresses(from))
	lists := []struct {
		what, name string
		list       []string
	}{{"to", "To", d.To}, {"cc", "Cc", d.Cc}, {"bcc", "Bcc", d.Bcc}, {"reply_to", "Reply-To", d.ReplyTo}}
	for _, l := range lists {
		a, err := recipients(l.what, l.list)
		if err != nil {
			return nil, err
		}
		if len(a) > 0 && (l.name != "Bcc" || keepBcc) {
			add(l.name, encodeAddresses(a))
		}
	}
	if err := oneLine("subject", d.Subject); err != nil {
		return nil, err
	}
	add("Subject", encodeText(d.Subject))
	add("Message-ID", id)
	if strings.TrimSpace(d.InReplyTo) != "" {
		id, err := wireID(d.InReplyTo)
		if err != nil {
			return nil, err
		}
		add("In-Reply-To", id)
	}
	var refs []string
	for _, x := range d.References {
		id, err := wireID(x)
		if err != nil {
			return nil, err
		}
		refs = append(refs, id)
	}
	if len(refs) > 0 {
		add("References", strings.Join(refs, " "))
	}
	switch d.Priority {
	case "high":
		add("X-Priority", "1 (Highest)")
		add("Importance", "High")
	case "low":
		add("X-Priority", "5 (Lowest)")
		add("Importance", "Low")
	}
	if d.ReadReceipt {
		add("Disposition-Notification-To", encodeAddresses(from))
	}
	return d.extra(h)
}

// wireID is a Message-ID in its brackets.
func wireID(s string) (string, error) {
	x := strings.TrimSpace(s)
	if !strings.HasPrefix(x, "<") {
		x = "<" + x + ">"
	}
	if len(x) < 3 || len(x) > 900 || !strings.HasSuffix(x, ">") || !ascii(x) || strings.ContainsFunc(x, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return "", input("take it from message_id of the message", "%s is no Message-ID", short(s))
	}
	return x, nil
}

// extra adds the headers the flow gives itself, in the order of their names.
func (d draft) extra(h header) (header, error) {
	names := make([]string, 0, len(d.Headers))
	for k := range d.Headers {
		names = append(names, k)
	}
	slices.Sort(names)
	for _, k := range names {
		v := d.Headers[k]
		if !validName(k) {
			return nil, input("use letters, digits and dashes", "%s is no name of a header", short(k))
		}
		if strings.HasPrefix(strings.ToLower(k), "content-") || slices.ContainsFunc(own, func(o string) bool { return strings.EqualFold(o, k) }) {
			return nil, input("use the param for it", "the header %s cannot be given here", k)
		}
		if err := oneLine("the header "+k, v); err != nil {
			return nil, err
		}
		h = append(h, headerLine{k, encodeText(v)})
	}
	return h, nil
}

// sizing counts what is written to it.
type sizing struct{ n int64 }

func (s *sizing) Write(p []byte) (int, error) {
	s.n += int64(len(p))
	return len(p), nil
}

// open returns the content of an attachment and its name.
func (a enclosure) open(env *node.Env) (func() (io.ReadCloser, error), string, error) {
	name := a.Name
	switch {
	case a.Text != nil || a.Base64 != nil:
		data := ""
		if a.Text != nil {
			data = *a.Text
		} else {
			b, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(*a.Base64), ""))
			if err != nil {
				return nil, "", input("encode the content as base64", "the content of attachment %s is no base64", short(a.Name))
			}
			data = string(b)
		}
		if name == "" {
			name = "attachment.bin"
			if a.Text != nil {
				name = "attachment.txt"
			}
		}
		return func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(data)), nil }, name, nil
	}
	if name == "" {
		name = path.Base(filepath.ToSlash(a.File))
	}
	if err := oneLine("the name of the file "+short(a.File), name); err != nil {
		return nil, "", err
	}
	info, err := env.Files.Stat(a.File)
	if err != nil {
		return nil, "", err
	}
	if info.IsDir() {
		return nil, "", input("pack it into a zip file first", "%s is a folder and cannot be attached", a.File)
	}
	if info.Mode()&fs.ModeType != 0 {
		return nil, "", input("attach regular files only", "%s is no regular file", a.File)
	}
	return func() (io.ReadCloser, error) { return env.Files.Open(a.File) }, name, nil
}
