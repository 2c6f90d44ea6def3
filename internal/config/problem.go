package config

import (
	"regexp"
	"strconv"
	"strings"
)

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	// Source is where the wrong value is, such as ".env line 3".
	Source string `json:"source"`
	// Key is the setting it is about; empty if the source itself is broken.
	Key string `json:"key,omitempty"`
	// Message says what is wrong, without the value of a secret.
	Message string `json:"message"`
	// Remedy says what to do.
	Remedy string `json:"remedy"`
}

// String returns the problem as a sentence or two.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.Source + ": ")
	if p.Key != "" {
		b.WriteString(p.Key + " ")
	}
	b.WriteString(p.Message + ".")
	if p.Remedy != "" {
		b.WriteString(" " + p.Remedy + ".")
	}
	return b.String()
}

// Error holds every problem that Load found, in the order of the sources and keys.
type Error struct {
	Problems []Problem
}

// Error returns the problems, one a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// badValue is what a parser returns: it knows what is wrong, but not the source and the key.
type badValue struct {
	message, remedy string
}

func (b *badValue) Error() string { return b.message + "; " + b.remedy }

func bad(message, remedy string) error { return &badValue{message, remedy} }

var quotable = regexp.MustCompile(`^[A-Za-z0-9 _.,/\\${}+*-]{1,60}$`)

// quote returns a value fit for an error. It is given the text as it was written, before ${NAME} was
// replaced, and repeats only simple ones: a connection string may stand in the wrong place.
func quote(written string) string {
	if !quotable.MatchString(written) {
		return "a value with other characters than it may have"
	}
	return strconv.Quote(written)
}
