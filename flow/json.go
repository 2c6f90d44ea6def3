package flow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/aether-rpa/aether/value"
)

func parseJSON(src []byte) (*item, Problems) {
	c := &jsonConv{src: src, dec: json.NewDecoder(bytes.NewReader(src)), pos: Pos{1, 1}}
	c.dec.UseNumber()
	it, err := c.next(0)
	if err == nil {
		if _, e := c.dec.Token(); !errors.Is(e, io.EOF) {
			err = errors.New("there is more after the end of the flow")
		}
	}
	if err != nil {
		var p Problems
		if errors.As(err, &p) {
			return nil, p
		}
		at := c.place(int(c.dec.InputOffset()))
		var syn *json.SyntaxError
		if errors.As(err, &syn) {
			at = c.place(int(syn.Offset) - 1)
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the file ends in the middle of a value")
		}
		return nil, fileError(at.Line, at.Col, "this is not valid JSON: "+err.Error(), "")
	}
	return it, nil
}

type jsonConv struct {
	src   []byte
	dec   *json.Decoder
	count int
	off   int // pos is the place of this offset
	pos   Pos
}

// place returns the line and column of an offset. It counts on from the last
// one asked for: a file may be one long line.
func (c *jsonConv) place(offset int) Pos {
	offset = max(0, min(offset, len(c.src)))
	if offset < c.off {
		c.off, c.pos = 0, Pos{1, 1}
	}
	c.pos = advance(c.pos, c.src[c.off:offset])
	c.off = offset
	return c.pos
}

// advance returns the place after text that begins at p.
func advance(p Pos, text []byte) Pos {
	if n := bytes.Count(text, []byte("\n")); n > 0 {
		p.Line, p.Col = p.Line+n, 1
		text = text[bytes.LastIndexByte(text, '\n')+1:]
	}
	p.Col += utf8.RuneCount(text)
	return p
}

// here returns where the next token starts.
func (c *jsonConv) here() Pos {
	at := int(c.dec.InputOffset())
	for at < len(c.src) && strings.IndexByte(" \t\r\n:,", c.src[at]) >= 0 {
		at++
	}
	return c.place(at)
}

func (c *jsonConv) next(depth int) (*item, error) {
	at := c.here()
	if c.count++; c.count > maxItems {
		return nil, fileError(at.Line, at.Col, fmt.Sprintf("the file holds more than %d values", maxItems), "")
	}
	if depth > maxNesting {
		return nil, fileError(at.Line, at.Col, fmt.Sprintf("values are nested deeper than %d levels", maxNesting), "")
	}
	tok, err := c.dec.Token()
	if err != nil {
		return nil, err
	}
	it := &item{pos: at}
	switch x := tok.(type) {
	case json.Delim:
		if x == '[' {
			list := []*item{}
			for c.dec.More() {
				e, err := c.next(depth + 1)
				if err != nil {
					return nil, err
				}
				list = append(list, e)
			}
			it.val = list
		} else {
			it.kids = map[string]*item{}
			for c.dec.More() {
				kp := c.here()
				kt, err := c.dec.Token()
				if err != nil {
					return nil, err
				}
				k := kt.(string)
				if it.kids[k] != nil {
					return nil, fileError(kp.Line, kp.Col, fmt.Sprintf("the key %s is given twice", quote(k)), fmt.Sprintf("the first one is on line %d", it.keyPos(k).Line))
				}
				e, err := c.next(depth + 1)
				if err != nil {
					return nil, err
				}
				it.keys, it.kpos, it.kids[k] = append(it.keys, k), append(it.kpos, kp), e
			}
		}
		_, err = c.dec.Token()
		return it, err
	case json.Number:
		it.val, err = value.Parse([]byte(x))
		return it, err
	}
	it.val = tok
	return it, nil
}
