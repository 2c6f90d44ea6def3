package browser

import (
	"context"
	"strings"
	"time"

	"github.com/aether-rpa/aether/glob"
)

// Network is how well a context is connected; the zero Network is the machine's own.
type Network struct {
	Offline  bool          `json:"offline,omitempty"`
	Latency  time.Duration `json:"latency,omitempty"`
	Download float64       `json:"download,omitempty"` // bytes a second; 0 is without limit
	Upload   float64       `json:"upload,omitempty"`
}

// Networks are connections by name.
var Networks = map[string]Network{
	"normal":  {},
	"offline": {Offline: true},
	"slow_3g": {Latency: 400 * time.Millisecond, Download: 50_000, Upload: 50_000},
	"3g":      {Latency: 150 * time.Millisecond, Download: 200_000, Upload: 90_000},
	"4g":      {Latency: 40 * time.Millisecond, Download: 1_100_000, Upload: 600_000},
}

// What a Rule does.
const (
	RuleBlock  = "block"  // the request fails
	RuleAnswer = "answer" // the request is answered without the server
	RuleChange = "change" // the server's answer is changed
	RulePass   = "pass"   // the request goes on, whatever later rules say
)

// Rule says what becomes of the requests that it matches.
type Rule struct {
	URL     string            `json:"url,omitempty"`   // * stands for any characters; "" matches all
	Types   []string          `json:"types,omitempty"` // see ResourceTypes; none matches all
	Method  string            `json:"method,omitempty"`
	Do      string            `json:"do"`
	Status  int               `json:"status,omitempty"`  // of an answer; 0 is 200, or the server's own
	Headers map[string]string `json:"headers,omitempty"` // of an answer; those of the server are replaced, "" removes one
	Body    string            `json:"body,omitempty"`
	Replace map[string]string `json:"replace,omitempty"` // texts of the server's answer
}

// ResourceTypes are the kinds of what pages load, as flows write them.
var ResourceTypes = []string{"document", "style", "image", "media", "font", "script", "xhr", "websocket", "other"}

// Match reports whether a rule means a request.
func (r Rule) Match(url, kind, method string) bool {
	if r.URL != "" && !Glob(r.URL, url) || r.Method != "" && !strings.EqualFold(r.Method, method) {
		return false
	}
	for _, t := range r.Types {
		if t == kind {
			return true
		}
	}
	return len(r.Types) == 0
}

// Glob reports whether a text matches a pattern in which * stands for any characters.
func Glob(pattern, s string) bool {
	return glob.Match(pattern, s)
}

// Message is what a script of a page has written to its console, or the error that it ended with.
type Message struct {
	Number int       `json:"number"` // counted from 1 in the tab
	Level  string    `json:"level"`  // debug, info, warning or error
	Text   string    `json:"text"`
	URL    string    `json:"url"`
	Line   int       `json:"line"`
	At     time.Time `json:"at"`
	// Uncaught says that no script wrote it: an error ended one.
	Uncaught bool `json:"uncaught"`
}

// Shape changes how the session's pages are shown, connected and answered, those to come as well; a session that is
// built again is shaped alike.
func (s *Session) Shape(ctx context.Context, change func(o *Options)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.want.Options
	change(&o)
	if err := s.ctx.Shape(ctx, o); err != nil {
		return err
	}
	s.want.Options, s.dirty = o, true
	return nil
}

// Shaped returns how the session's pages are shown, connected and answered.
func (s *Session) Shaped() Options {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.want.Options
}
