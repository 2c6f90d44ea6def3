package expr

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Error says what is wrong with an expression and where.
type Error struct {
	// Text is the source of the expression, without its braces, or the whole
	// text when the braces themselves are wrong.
	Text string
	// Offset counts bytes from the start of the param's text.
	Offset int
	// Line and Col count from 1; Col counts characters.
	Line, Col int
	Msg       string
	// Hint says what to write instead; it may be empty.
	Hint string

	// placed is set once Offset is final; until then Offset counts runes from
	// the start of the expression, and -1 means not known yet.
	placed bool
	cause  error
	// final errors are not taken by if_error: what ran out of a limit must not
	// go on.
	final bool
}

// Error gives one line naming the expression, the position and the reason.
func (e *Error) Error() string {
	s := fmt.Sprintf("expression {{ %s }} at line %d, column %d: %s", excerpt(e.Text, 80), e.Line, e.Col, e.Msg)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap gives the reason a Lazy could not be loaded, or nil.
func (e *Error) Unwrap() error { return e.cause }

// excerpt puts s on one line and cuts it at max characters.
func excerpt(s string, max int) string {
	if len(s) > 4*max {
		s = s[:4*max]
	}
	s = strings.ToValidUTF8(s, "?")
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) <= max {
		return s
	}
	return string([]rune(s)[:max-1]) + "…"
}

// fail makes an error whose position the calling node fills in.
func fail(format string, a ...any) *Error {
	return &Error{Offset: -1, Msg: fmt.Sprintf(format, a...)}
}

func (e *Error) hint(format string, a ...any) *Error {
	e.Hint = fmt.Sprintf(format, a...)
	return e
}

// at gives err the position pos unless a deeper node has already set one.
func at(err error, pos int) error {
	var e *Error
	if errors.As(err, &e) && !e.placed && e.Offset < 0 {
		e.Offset = pos
	}
	return err
}

// end marks an error that if_error hands on.
func (e *Error) end() *Error {
	e.final = true
	return e
}

// place turns an error of expression p into one about the whole text.
func place(err error, text string, p part) *Error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Offset: 0, Msg: excerpt(err.Error(), 200), cause: err}
	}
	if e.placed {
		return e
	}
	e.Text = strings.TrimSpace(p.src)
	e.Offset = p.off + byteOffset(p.src, e.Offset)
	e.Line, e.Col = lineCol(text, e.Offset)
	e.placed = true
	return e
}

// atByte makes a final error about the braces in text.
func atByte(text string, off int, msg, hint string) *Error {
	line, col := lineCol(text, off)
	end := min(len(text), off+60)
	return &Error{Text: strings.TrimSpace(strings.TrimPrefix(text[off:end], "{{")), Offset: off, Line: line, Col: col, Msg: msg, Hint: hint, placed: true}
}

// byteOffset converts the parser's rune offsets; those past the end give the end.
func byteOffset(s string, runes int) int {
	if runes <= 0 {
		return 0
	}
	for i := range s {
		if runes == 0 {
			return i
		}
		runes--
	}
	return len(s)
}

func lineCol(text string, off int) (line, col int) {
	off = min(max(off, 0), len(text))
	head := text[:off]
	line = strings.Count(head, "\n") + 1
	if i := strings.LastIndexByte(head, '\n'); i >= 0 {
		head = head[i+1:]
	}
	return line, utf8.RuneCountInString(head) + 1
}
