package book

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
)

// A scanner splits XML into tags and text. It is several times faster than
// encoding/xml, which counts for sheets of ten million cells, and stricter in
// what it takes from strangers: no document types, no deep nesting, no token
// larger than maxToken.
type scanner struct {
	r        io.Reader
	buf      []byte
	pos, end int
	err      error // of r

	name  []byte // local name of the tag
	attrs []attr
	text  []byte // text, references resolved

	empty   bool // the tag was <name/>: its end comes next
	names   []byte
	lengths []int // of the names of open elements
	scratch []byte
}

type attr struct{ name, value []byte }

type token int

const (
	tokenStart token = iota
	tokenEnd
	tokenText
)

const (
	maxToken = 4 << 20
	maxDepth = 256
	maxAttrs = 200
)

// newScanner returns a scanner of a text in UTF-8, UTF-16 or the encoding that
// its first line names.
func newScanner(r io.Reader) (*scanner, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	head, err := b.Peek(256)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	s := &scanner{r: b, buf: make([]byte, 64<<10)}
	switch {
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		_, _ = b.Discard(3)
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		s.r = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(b)
	case bytes.HasPrefix(head, []byte("<?xml")):
		line, _, _ := bytes.Cut(head, []byte("?>"))
		if _, rest, ok := bytes.Cut(line, []byte("encoding=")); ok && len(rest) > 1 {
			label, _, _ := bytes.Cut(rest[1:], rest[:1])
			e, err := htmlindex.Get(string(label))
			if err != nil {
				return nil, bad("its XML is in the encoding %.40q, which there is not", label)
			}
			if n, _ := htmlindex.Name(e); n != "utf-8" {
				s.r = e.NewDecoder().Reader(b)
			}
		}
	}
	return s, nil
}

// fill reads more; the bytes from s.pos on are kept.
func (s *scanner) fill() error {
	if s.err != nil {
		return s.err
	}
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.end -= s.pos
		s.pos = 0
	}
	if s.end == len(s.buf) {
		if len(s.buf) >= maxToken {
			return tooLarge("its XML holds a piece of more than %d MiB", maxToken>>20)
		}
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	for range 100 {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		if err != nil {
			s.err = err
		}
		if n > 0 {
			return nil
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// until returns the index behind the next occurrence of sep, counted from
// s.pos, filling the buffer as far as needed.
func (s *scanner) until(from int, sep string) (int, error) {
	for {
		if i := bytes.Index(s.buf[min(s.pos+from, s.end):s.end], []byte(sep)); i >= 0 {
			return from + i + len(sep), nil
		}
		from = max(from, s.end-s.pos-len(sep)+1)
		if err := s.fill(); err != nil {
			return 0, cut(err)
		}
	}
}

func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return bad("its XML ends in the middle")
	}
	return err
}

// next returns the next tag or text; io.EOF at the end of a whole document.
func (s *scanner) next() (token, error) {
	if s.empty {
		s.empty = false
		s.pop()
		return tokenEnd, nil
	}
	for {
		if s.pos == s.end {
			if err := s.fill(); err != nil {
				if errors.Is(err, io.EOF) && len(s.lengths) > 0 {
					return 0, bad("its XML ends in the middle")
				}
				return 0, err
			}
		}
		if s.buf[s.pos] != '<' {
			n, err := s.plain()
			if err != nil {
				return 0, err
			}
			if n {
				return tokenText, nil
			}
			continue
		}
		for s.end-s.pos < 2 {
			if err := s.fill(); err != nil {
				return 0, cut(err)
			}
		}
		switch s.buf[s.pos+1] {
		case '/':
			return s.endTag()
		case '?':
			n, err := s.until(2, "?>")
			if err != nil {
				return 0, err
			}
			s.pos += n
		case '!':
			ok, err := s.bang()
			if err != nil {
				return 0, err
			}
			if ok {
				return tokenText, nil
			}
		default:
			return tokenStart, s.startTag()
		}
	}
}

// plain reads text up to the next tag. Text outside of the root is skipped.
func (s *scanner) plain() (bool, error) {
	i := 0
	for {
		if k := bytes.IndexByte(s.buf[s.pos+i:s.end], '<'); k >= 0 {
			i += k
			break
		}
		i = s.end - s.pos
		if err := s.fill(); err != nil {
			if errors.Is(err, io.EOF) {
				break
			}
			return false, err
		}
	}
	raw := s.buf[s.pos : s.pos+i]
	s.pos += i
	if len(s.lengths) == 0 {
		return false, nil
	}
	var err error
	s.text, err = s.resolve(raw)
	return true, err
}

// bang handles comments and CDATA; it reports whether there is text.
func (s *scanner) bang() (bool, error) {
	for s.end-s.pos < 9 {
		if err := s.fill(); err != nil {
			break
		}
	}
	head := s.buf[s.pos:s.end]
	switch {
	case bytes.HasPrefix(head, []byte("<!--")):
		n, err := s.until(4, "-->")
		s.pos += n
		return false, err
	case bytes.HasPrefix(head, []byte("<![CDATA[")):
		n, err := s.until(9, "]]>")
		if err != nil {
			return false, err
		}
		s.text = s.buf[s.pos+9 : s.pos+n-3]
		s.pos += n
		return len(s.lengths) > 0, nil
	}
	return false, bad("its XML has a document type definition, which can be used for attacks and is not needed")
}

func (s *scanner) endTag() (token, error) {
	n, err := s.until(2, ">")
	if err != nil {
		return 0, err
	}
	name := local(bytes.TrimRight(s.buf[s.pos+2:s.pos+n-1], " \t\r\n"))
	s.pos += n
	if len(s.lengths) == 0 || !bytes.Equal(name, s.top()) {
		return 0, bad("the tags of its XML do not match")
	}
	s.pop()
	return tokenEnd, nil
}

// top returns the name of the innermost open element.
func (s *scanner) top() []byte { return s.names[len(s.names)-s.lengths[len(s.lengths)-1]:] }

// pop closes the innermost element, whose name is then in s.name.
func (s *scanner) pop() {
	n := s.lengths[len(s.lengths)-1]
	s.name = s.names[len(s.names)-n:]
	s.names = s.names[:len(s.names)-n]
	s.lengths = s.lengths[:len(s.lengths)-1]
}

// depth is the number of open elements.
func (s *scanner) depth() int { return len(s.lengths) }

func (s *scanner) startTag() error {
	// A > may stand in an attribute.
	var tag []byte
	for i, quote := 1, byte(0); ; i++ {
		for s.pos+i >= s.end {
			if err := s.fill(); err != nil {
				return cut(err)
			}
		}
		c := s.buf[s.pos+i]
		if quote == 0 && c == '>' {
			tag = s.buf[s.pos+1 : s.pos+i]
			s.pos += i + 1
			break
		}
		switch {
		case c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		}
	}
	if n := len(tag); n > 0 && tag[n-1] == '/' {
		s.empty, tag = true, tag[:n-1]
	}
	i := bytes.IndexAny(tag, " \t\r\n")
	name := tag
	if i >= 0 {
		name = tag[:i]
	} else {
		i = len(tag)
	}
	if name = local(name); len(name) == 0 || len(name) > 200 {
		return bad("its XML has a tag without a proper name")
	}
	if len(s.lengths) >= maxDepth {
		return tooLarge("its XML is nested deeper than %d levels", maxDepth)
	}
	s.names = append(s.names, name...)
	s.lengths = append(s.lengths, len(name))
	s.name = name
	return s.attributes(tag[i:])
}

func (s *scanner) attributes(b []byte) error {
	s.attrs, s.scratch = s.attrs[:0], s.scratch[:0]
	for {
		for len(b) > 0 && isSpace(b[0]) {
			b = b[1:]
		}
		if len(b) == 0 {
			return nil
		}
		eq := bytes.IndexByte(b, '=')
		if eq < 0 {
			return bad("its XML has an attribute without a value")
		}
		name := local(bytes.TrimRight(b[:eq], " \t\r\n"))
		b = bytes.TrimLeft(b[eq+1:], " \t\r\n")
		if len(b) < 2 || b[0] != '"' && b[0] != '\'' {
			return bad("its XML has an attribute without quotes")
		}
		end := bytes.IndexByte(b[1:], b[0])
		if end < 0 {
			return bad("its XML has an attribute that does not end")
		}
		value := b[1 : end+1]
		b = b[end+2:]
		if len(s.attrs) >= maxAttrs {
			return tooLarge("its XML has a tag with more than %d attributes", maxAttrs)
		}
		if bytes.IndexByte(value, '&') >= 0 {
			from := len(s.scratch)
			var err error
			if s.scratch, err = appendResolved(s.scratch, value); err != nil {
				return err
			}
			value = s.scratch[from:len(s.scratch):len(s.scratch)]
		}
		s.attrs = append(s.attrs, attr{name, value})
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// local returns a name without its prefix. The formats here have no two
// elements of the same local name that mean different things where we look.
func local(name []byte) []byte {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[i+1:]
	}
	return name
}

// attr returns an attribute of the tag; nil if there is none.
func (s *scanner) attr(name string) []byte {
	for i := range s.attrs {
		if string(s.attrs[i].name) == name {
			return s.attrs[i].value
		}
	}
	return nil
}

// is reports whether the tag has the name.
func (s *scanner) is(name string) bool { return string(s.name) == name }

// skip goes to the end of the element that was just opened.
func (s *scanner) skip() error {
	for depth := s.depth(); ; {
		t, err := s.next()
		if err != nil {
			return cut(err)
		}
		if t == tokenEnd && s.depth() < depth {
			return nil
		}
	}
}
