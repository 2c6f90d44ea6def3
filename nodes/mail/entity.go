package mail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// parser takes one message apart as it streams by.
type parser struct {
	ctx     context.Context
	maxText int // bytes of text and of HTML that are kept
	// save stores an attachment and returns where and its size; nil only
	// counts.
	save  func(a *attachment, r io.Reader) error
	depth int
	// spent counts what the message and those inside of it cost together.
	spent *spending
}

type spending struct{ parts, text int }

func newParser(ctx context.Context, maxText int) *parser {
	return &parser{ctx: ctx, maxText: maxText, spent: &spending{}}
}

// parse reads a whole message.
func (p *parser) parse(r io.Reader) (*message, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, errTooDeep
	}
	defer func() { p.depth-- }()
	m := &message{Attachments: []attachment{}, Delivery: []delivery{}, Issues: []string{}}
	src := newSource(r)
	h, err := readHeader(src, m.issue)
	if err != nil {
		return nil, err
	}
	m.envelope(h)
	if len(h) == 0 {
		m.issue("there are no headers: this may not be a message")
	}
	w := walker{p: p, m: m, src: src}
	if err := w.entity(h, "", false); err != nil {
		return nil, err
	}
	m.HTML, m.Text = w.html.String(), w.text.String()
	if strings.TrimSpace(m.Text) == "" && m.HTML != "" {
		m.Text = htmlText(m.HTML)
	}
	return m, nil
}

var errTooDeep = errors.New("messages are nested too deeply")

func (m *message) issue(s string) {
	if !slices.Contains(m.Issues, s) && len(m.Issues) < 100 {
		m.Issues = append(m.Issues, s)
	}
}

// walker goes through the parts of one message.
type walker struct {
	p          *parser
	m          *message
	src        *source
	text, html strings.Builder
	depth      int
}

// entity reads one part whose headers were read. parent is the kind of
// multipart around it.
func (w *walker) entity(h header, parent string, digest bool) error {
	if err := w.p.ctx.Err(); err != nil {
		return err
	}
	if w.p.spent.parts++; w.p.spent.parts > maxParts {
		w.m.issue(fmt.Sprintf("it has more than %d parts; the rest is left out", maxParts))
		return w.drain()
	}
	ct := parseField(h.get("Content-Type"))
	if !strings.Contains(ct.value, "/") {
		switch {
		case digest:
			ct.value = "message/rfc822"
		case ct.value == "html":
			ct.value = "text/html"
		default:
			ct.value = "text/plain"
		}
	}
	if strings.HasPrefix(ct.value, "multipart/") {
		switch b := strings.TrimRight(ct.params["boundary"], " "); {
		case b == "":
			w.m.issue("a multipart has no boundary; it is taken as text")
			ct.value = "text/plain"
		case w.depth >= maxDepth:
			w.m.issue(fmt.Sprintf("parts are nested more than %d deep; the rest is left out", maxDepth))
			return w.drain()
		default:
			return w.multipart(ct.value, b)
		}
	}
	return w.leaf(h, ct, parent)
}

func (w *walker) multipart(kind, boundary string) error {
	w.depth++
	defer func() { w.depth-- }()
	s := w.src
	s.bounds = append(s.bounds, boundary)
	me := len(s.bounds) - 1
	if err := w.drain(); err != nil { // what stands before the first part
		return err
	}
	for s.hit == me && !s.last {
		s.hit, s.start = -1, true
		h, err := readHeader(s, w.m.issue)
		if err != nil {
			return err
		}
		if err := w.entity(h, kind, kind == "multipart/digest"); err != nil {
			return err
		}
		if err := w.drain(); err != nil {
			return err
		}
	}
	s.bounds = s.bounds[:me]
	if s.hit == me {
		s.hit, s.start = -1, true
	} else {
		w.m.issue("a multipart does not end with its boundary; the message may be cut off")
	}
	return nil
}

// drain skips to the next boundary.
func (w *walker) drain() error {
	for {
		if _, err := w.src.next(); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

func (w *walker) leaf(h header, ct field, parent string) error {
	disp := parseField(h.get("Content-Disposition"))
	raw := &body{src: w.src}
	r, known := decodedBody(h.get("Content-Transfer-Encoding"), raw)
	if !known {
		w.m.issue("a part has the unknown transfer encoding " + short(h.text("Content-Transfer-Encoding")) + "; it is left as it is")
	}
	name := disp.params["filename"]
	if name == "" {
		name = ct.params["name"]
	}
	plain, rich := ct.value == "text/plain" || ct.value == "text", ct.value == "text/html"
	if (plain || rich) && disp.value != "attachment" && name == "" {
		return w.body(r, ct, rich)
	}
	if ct.value == "message/delivery-status" && disp.value != "attachment" {
		return w.report(r)
	}
	return w.attach(h, ct, disp, name, parent, r)
}

// body adds a text part to the text or the HTML of the message.
func (w *walker) body(r io.Reader, ct field, rich bool) error {
	into := &w.text
	if rich {
		into = &w.html
	}
	// Text and HTML may be as long as asked; messages inside share as much again.
	most := max(0, min(w.p.maxText-into.Len(), 4*w.p.maxText-w.p.spent.text))
	b, err := io.ReadAll(io.LimitReader(r, int64(most)+1))
	if err != nil {
		return err
	}
	if len(b) > most {
		b = b[:most]
		w.m.issue(fmt.Sprintf("the text is longer than %d bytes; the rest is left out", w.p.maxText))
		if err := w.drain(); err != nil {
			return err
		}
	}
	w.p.spent.text += len(b)
	charset := ct.params["charset"]
	if charset == "" && rich {
		charset = metaCharset(b)
	}
	text, ok := toUTF8(b, charset)
	if !ok {
		w.m.issue("a text is not in the charset it claims, " + short(charset) + "; it was guessed")
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if m := uuencoded.FindStringSubmatch(text); m != nil && !rich {
		w.m.issue("the text holds the file " + short(m[1]) + " in uuencode, an old form of attachment; it is left in the text")
	}
	if ct.params["format"] == "flowed" && !rich {
		text = unflow(text, ct.params["delsp"] == "yes")
	}
	if into.Len() > 0 && text != "" && !strings.HasSuffix(into.String(), "\n") {
		into.WriteString("\n")
	}
	into.WriteString(text)
	return nil
}

// uuencoded finds the first line of a file in a text, with the line after it.
var uuencoded = regexp.MustCompile("(?m)^begin [0-7]{3,4} ([^\\n]{1,255})\\n[ -`]{1,61}$")

// unflow joins the lines that RFC 3676 broke softly.
func unflow(s string, delSpace bool) string {
	var out strings.Builder
	for line := range strings.SplitSeq(s, "\n") {
		line = strings.TrimPrefix(line, " ")
		if strings.HasSuffix(line, " ") && line != "-- " && !strings.HasPrefix(line, ">") {
			if delSpace {
				line = line[:len(line)-1]
			}
			out.WriteString(line)
			continue
		}
		out.WriteString(line + "\n")
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// attach takes a part that is a file.
func (w *walker) attach(h header, ct, disp field, name, parent string, r io.Reader) error {
	id := strings.Trim(cleanText(h.get("Content-ID")), "<> ")
	a := attachment{Type: ct.value, ContentID: id, Inline: disp.value == "inline" && id != "" || disp.value == "" && id != "" && parent == "multipart/related"}
	a.Name = cleanName(name)
	count := &counting{r: r}
	if ct.value == "application/ms-tnef" || ct.value == "application/vnd.ms-tnef" || strings.EqualFold(a.Name, "winmail.dat") {
		w.m.issue("winmail.dat is a wrapping that only Outlook opens; it is left as it is: ask the sender to send in HTML or plain text")
	}
	var inner *message
	if ct.value == "message/rfc822" || ct.value == "message/global" {
		var err error
		if inner, err = w.nested(&a, count); err != nil {
			return err
		}
	}
	if a.Name == "" {
		a.Name = defaultName(ct.value, len(w.m.Attachments)+1)
	}
	if inner == nil {
		if err := w.keep(&a, count); err != nil {
			return err
		}
	}
	if _, err := io.Copy(io.Discard, count); err != nil {
		return err
	}
	a.Size = count.n
	w.m.Attachments = append(w.m.Attachments, a)
	return nil
}

func (w *walker) keep(a *attachment, r io.Reader) error {
	if w.p.save == nil {
		return nil
	}
	return w.p.save(a, r)
}

// counting counts the bytes read.
type counting struct {
	r io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}
