package cdp

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"

	"github.com/chromedp/cdproto"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// pipe carries messages over the two pipes of a browser, each ended by a zero byte. A click is a handful of short
// messages, so that what a message costs here is what an action costs: the parts of a message are found in one pass
// and taken apart by whoever wants them.
type pipe struct {
	r  io.ReadCloser
	br *bufio.Reader

	mu  sync.Mutex // held while a message is written
	w   io.WriteCloser
	buf []byte

	once sync.Once
	err  error
}

var _ chromedp.Transport = (*pipe)(nil)

func newPipe(r io.ReadCloser, w io.WriteCloser) *pipe {
	return &pipe{r: r, br: bufio.NewReaderSize(r, 64<<10), w: w}
}

// Read implements chromedp.Transport.
func (p *pipe) Read(_ context.Context, m *cdproto.Message) error {
	for {
		b, err := p.br.ReadBytes(0)
		if errors.Is(err, io.EOF) && len(b) > 0 {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
		if b = b[:len(b)-1]; len(b) > 0 {
			return envelope(b, m)
		}
	}
}

// Write implements chromedp.Transport.
func (p *pipe) Write(_ context.Context, m *cdproto.Message) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := strconv.AppendInt(append(p.buf[:0], `{"id":`...), m.ID, 10)
	if m.SessionID != "" { // ids and methods are plain ASCII, quoted alike in Go and JSON
		b = strconv.AppendQuote(append(b, `,"sessionId":`...), string(m.SessionID))
	}
	b = strconv.AppendQuote(append(b, `,"method":`...), string(m.Method))
	if len(m.Params) > 0 {
		b = append(append(b, `,"params":`...), m.Params...)
	}
	p.buf = append(b, '}', 0)
	if cap(p.buf) > 1<<20 {
		defer func() { p.buf = nil }()
	}
	if _, err := p.w.Write(p.buf); err != nil { // in one piece, so that no other stands in between
		return fmt.Errorf("writing to the browser: %w", err)
	}
	return nil
}

// Close implements chromedp.Transport; a browser ends when its pipes close.
func (p *pipe) Close() error {
	p.once.Do(func() { p.err = errors.Join(p.r.Close(), p.w.Close()) })
	return p.err
}

// envelope finds the parts of a message. What they hold is not looked into, and m keeps b.
func envelope(b []byte, m *cdproto.Message) error {
	bad := func() error { return fmt.Errorf("the browser sent what is no message: %.80q", b) }
	i := space(b, 0)
	if i >= len(b) || b[i] != '{' {
		return bad()
	}
	i = space(b, i+1)
	for i < len(b) && b[i] == '"' {
		k := i + 1
		i = past(b, i)
		if i > len(b) || i < k+1 {
			return bad()
		}
		name := b[k : i-1]
		i = space(b, i)
		if i >= len(b) || b[i] != ':' {
			return bad()
		}
		v := space(b, i+1)
		if i = past(b, v); i > len(b) || i == v {
			return bad()
		}
		value := b[v:i]
		var err error
		switch string(name) {
		case "id":
			m.ID, err = strconv.ParseInt(string(value), 10, 64)
		case "method":
			err = text(value, func(s string) { m.Method = cdproto.MethodType(s) })
		case "sessionId":
			err = text(value, func(s string) { m.SessionID = target.SessionID(s) })
		case "params":
			m.Params = value
		case "result":
			m.Result = value
		case "error":
			m.Error = &cdproto.Error{}
			err = json.Unmarshal(value, m.Error)
		}
		if err != nil {
			return bad()
		}
		if i = space(b, i); i < len(b) && b[i] == ',' {
			i = space(b, i+1)
			continue
		}
		if i < len(b) && b[i] == '}' {
			return nil
		}
	}
	if i < len(b) && b[i] == '}' {
		return nil
	}
	return bad()
}

func text(value []byte, set func(string)) error {
	if len(value) < 2 || value[0] != '"' {
		return errors.New("no text")
	}
	s := string(value[1 : len(value)-1])
	for _, c := range value {
		if c == '\\' {
			if err := json.Unmarshal(value, &s); err != nil {
				return err
			}
			break
		}
	}
	set(s)
	return nil
}

func space(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// past returns where the value that begins at i ends; more than len(b) if it does not.
func past(b []byte, i int) int {
	depth, in := 0, false
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case in && c == '\\':
			i++
		case in && c == '"':
			if in = false; depth == 0 {
				return i + 1
			}
		case in:
		case c == '"':
			in = true
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			if depth--; depth < 0 {
				return i // of what is around a bare value
			}
			if depth == 0 {
				return i + 1
			}
		case depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t'):
			return i
		}
	}
	return len(b) + 1
}
