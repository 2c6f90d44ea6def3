package mail

import (
	"bufio"
	"encoding/base64"
	"errors"
	"io"
	"strings"
)

// decodedBody undoes the transfer encoding. Unlike the readers of the standard
// library these never fail on bad input: they keep what they can.
func decodedBody(encoding string, r io.Reader) (io.Reader, bool) {
	encoding, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(encoding)), ";")
	switch strings.Trim(encoding, ` "`) {
	case "base64":
		return &base64Reader{r: bufio.NewReader(r)}, true
	case "quoted-printable":
		return &quotedReader{r: bufio.NewReader(r)}, true
	case "", "7bit", "8bit", "binary":
		return r, true
	}
	return r, false
}

// base64Reader skips whatever is no letter of the alphabet. Padding may come
// in the middle, where two encodings were put together.
type base64Reader struct {
	r    *bufio.Reader
	quad [4]byte
	n    int
	out  []byte
	buf  [3]byte
	err  error
}

func (b *base64Reader) Read(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		if len(b.out) > 0 {
			n := copy(p[done:], b.out)
			done, b.out = done+n, b.out[n:]
			continue
		}
		if b.err != nil {
			break
		}
		b.fill()
	}
	if done == 0 && len(p) > 0 {
		return 0, b.err
	}
	return done, nil
}

// fill reads letters until there are bytes to give.
func (b *base64Reader) fill() {
	for b.n < 4 {
		c, err := b.r.ReadByte()
		if err != nil {
			b.err = err
			break
		}
		if c == '=' {
			if b.n > 0 {
				break
			}
			continue
		}
		if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' {
			b.quad[b.n] = c
			b.n++
		}
	}
	if b.n > 1 {
		n, err := base64.RawStdEncoding.Decode(b.buf[:], b.quad[:b.n])
		if err == nil {
			b.out = b.buf[:n]
		}
	}
	b.n = 0
}

// quotedReader decodes quoted-printable; an equals sign that begins no escape
// stands for itself.
type quotedReader struct{ r *bufio.Reader }

func (q *quotedReader) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		c, err := q.r.ReadByte()
		if err != nil {
			if n > 0 && errors.Is(err, io.EOF) {
				return n, nil
			}
			return n, err
		}
		if c == '=' {
			skip, b, escape := q.escape()
			if escape {
				_, _ = q.r.Discard(skip)
				if b < 0 {
					continue // a soft line break
				}
				c = byte(b)
			}
		}
		p[n] = c
		n++
	}
	return n, nil
}

// escape looks at what follows an equals sign: how many bytes to skip and the
// byte they mean, -1 for a soft line break.
func (q *quotedReader) escape() (skip, b int, ok bool) {
	next, _ := q.r.Peek(2)
	if len(next) == 0 {
		return 0, -1, true
	}
	if len(next) == 2 {
		hi, lo := hexDigit(next[0]), hexDigit(next[1])
		if hi >= 0 && lo >= 0 {
			return 2, hi<<4 | lo, true
		}
	}
	for i := 1; i <= 80; i++ { // spaces before the line break
		next, _ = q.r.Peek(i)
		if len(next) < i {
			return len(next), -1, true
		}
		switch next[i-1] {
		case ' ', '\t', '\r':
		case '\n':
			return i, -1, true
		default:
			return 0, 0, false
		}
	}
	return 0, 0, false
}

func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	}
	return -1
}
