package mail

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Bounds of what one message may make the parser do.
const (
	maxHeader = 1 << 20 // bytes of one header block
	maxLines  = 5000    // headers of one block
	maxParts  = 2000    // parts of one message
	maxDepth  = 30      // parts inside of parts, messages inside of messages
	chunkSize = 64 << 10
)

// source reads a message line by line and stops at the boundaries of the
// multiparts that are open. It never holds more than one chunk.
type source struct {
	br     *bufio.Reader
	bounds []string // innermost last
	start  bool     // at the beginning of a line
	hit    int      // index of the boundary that was met, or -1
	last   bool     // the boundary met was a closing one
	eof    bool
}

func newSource(r io.Reader) *source {
	return &source{br: bufio.NewReaderSize(r, chunkSize), start: true, hit: -1}
}

// next returns the next line with its ending, or a piece of a long one. It is
// valid until the next call. The error is io.EOF at a boundary and at the end.
func (s *source) next() ([]byte, error) {
	if s.hit >= 0 || s.eof {
		return nil, io.EOF
	}
	chunk, err := s.br.ReadSlice('\n')
	full := errors.Is(err, bufio.ErrBufferFull)
	if err != nil && !full {
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return nil, err
		}
		s.eof = true
		if len(chunk) == 0 {
			return nil, io.EOF
		}
	}
	if s.start && s.boundary(chunk) {
		return nil, io.EOF
	}
	s.start = !full
	return chunk, nil
}

func (s *source) boundary(line []byte) bool {
	if len(s.bounds) == 0 || !bytes.HasPrefix(line, []byte("--")) {
		return false
	}
	text := string(bytes.TrimRight(line[2:], " \t\r\n"))
	for i := len(s.bounds) - 1; i >= 0; i-- {
		b := s.bounds[i]
		if text == b || text == b+"--" {
			s.hit, s.last = i, text != b
			return true
		}
	}
	return false
}

// body reads up to the next boundary. The line ending before it belongs to it.
type body struct {
	src  *source
	buf  []byte // what out is a window of
	out  []byte
	held []byte
}

func (b *body) Read(p []byte) (int, error) {
	for len(b.out) == 0 {
		chunk, err := b.src.next()
		if err != nil {
			if errors.Is(err, io.EOF) && b.src.hit < 0 && len(b.held) > 0 {
				b.out, b.held = b.held, nil // the end of the text, no boundary
				break
			}
			return 0, err
		}
		n := len(chunk)
		if n > 0 && chunk[n-1] == '\n' {
			n--
		}
		if n > 0 && chunk[n-1] == '\r' {
			n--
		}
		b.buf = append(append(b.buf[:0], b.held...), chunk[:n]...)
		b.out = b.buf
		b.held = append(b.held[:0], chunk[n:]...)
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	return n, nil
}

// headerLine is one header as it stands in the message, unfolded.
type headerLine struct{ name, value string }

// header is a block of headers in their order.
type header []headerLine

// get returns the first header of that name, undecoded.
func (h header) get(name string) string {
	for _, l := range h {
		if strings.EqualFold(l.name, name) {
			return l.value
		}
	}
	return ""
}

// text returns the first header of that name, decoded.
func (h header) text(name string) string { return cleanText(decodeWords(h.get(name))) }

// all returns every header of that name, joined by commas, undecoded: two To
// lines are one list.
func (h header) all(name string) string {
	var v []string
	for _, l := range h {
		if strings.EqualFold(l.name, name) {
			v = append(v, l.value)
		}
	}
	return strings.Join(v, ", ")
}

// texts returns all headers decoded, by name in lower case. Those that come
// several times are joined by line breaks.
func (h header) texts() map[string]string {
	all := make(map[string][]string, len(h))
	for _, l := range h {
		k := strings.ToLower(l.name)
		all[k] = append(all[k], cleanText(decodeWords(l.value)))
	}
	out := make(map[string]string, len(all))
	for k, v := range all {
		out[k] = strings.Join(v, "\n")
	}
	return out
}

// readHeader reads headers up to the empty line, a boundary or the end.
func readHeader(s *source, issue func(string)) (header, error) {
	var h header
	var line []byte
	total, first, strange, many := 0, true, false, false
	finish := func() {
		if len(line) == 0 {
			return
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		name = bytes.TrimRight(name, " \t")
		switch {
		case ok && len(h) >= maxLines:
			many = true
		case ok && validName(string(name)):
			h = append(h, headerLine{string(name), strings.TrimSpace(string(value))})
		case first && bytes.HasPrefix(line, []byte("From ")), first && bytes.HasPrefix(line, []byte(">From ")):
		default:
			strange = true
		}
		first, line = false, line[:0]
	}
	for {
		fresh := s.start
		chunk, err := s.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		text := bytes.TrimRight(chunk, "\r\n")
		if total == 0 {
			text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
		}
		total += len(chunk)
		if fresh && len(text) == 0 {
			break
		}
		if total > maxHeader {
			continue // skip to the empty line
		}
		switch {
		case !fresh:
			line = append(line, text...)
		case (text[0] == ' ' || text[0] == '\t') && len(line) > 0:
			line = append(append(line, ' '), bytes.TrimLeft(text, " \t")...)
		default:
			finish()
			line = append(line, text...)
		}
	}
	finish()
	if total > maxHeader {
		issue("the headers are longer than 1 MiB; the rest of them is left out")
	}
	if many {
		issue(fmt.Sprintf("there are more than %d headers; the rest of them is left out", maxLines))
	}
	if strange {
		issue("there are lines among the headers that are no headers; they are left out")
	}
	return h, nil
}

func validName(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || s[i] == ':' {
			return false
		}
	}
	return s != ""
}
