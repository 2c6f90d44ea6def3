package node

import (
	"context"
	"time"
)

// Trace keeps what nodes saw of the pages that they worked on, for people who look at the run later. A node does not
// fail because its trace cannot be kept.
type Trace interface {
	// Full reports whether pages and pictures of every node execution are wanted; else only those of one that failed.
	Full() bool
	// Add keeps what one node execution saw. It owns s from then on.
	Add(ctx context.Context, s *TraceStep)
}

// TraceStep is what one node execution saw of a page. Texts are as the page has them: whoever keeps them takes known
// secrets out.
type TraceStep struct {
	URL, Title string
	Started    time.Time
	// Waited is how long it took until the element could be used, Took how long it took in all.
	Waited, Took time.Duration
	// Before is the page at the moment when the element was about to be used, with the element marked; After the page
	// when the node had ended. Either may be nil.
	Before, After *TracePage
	// Shot is a picture of the page when the node had ended; nil if there is none.
	Shot *TraceShot
	// Console and Network are what the page wrote and loaded meanwhile.
	Console []TraceMessage
	Network []TraceRequest
	// Failed says that the node failed.
	Failed bool
}

// TracePage is a page as a document that needs nothing else: without scripts, with its frames and shadow roots.
type TracePage struct {
	URL, Title string
	// HTML names its pictures and style sheets as artifact:DIGEST, see Files. The element that was used has the
	// attribute data-aether-target.
	HTML string
	// Files are those by the sha256 of their content.
	Files map[string]TraceFile
	// Width and Height are the size of the window in CSS pixels, X and Y how far it was scrolled, Length the height of
	// the whole page.
	Width, Height, X, Y, Length int
	// Cut says that the page was too large and its end is missing.
	Cut bool
}

// TraceFile is a picture or style sheet of a page.
type TraceFile struct {
	Type string // of media, as text/css
	Data []byte
}

// TraceShot is a picture of a page's window.
type TraceShot struct {
	JPEG []byte
	// Digest is that of the picture if it was stored before; JPEG is nil then.
	Digest string
	// Width and Height are the size of the window in CSS pixels.
	Width, Height int
	// Box is where the element is that was used, nil if that is not known or the page went elsewhere.
	Box *TraceBox
}

// TraceBox is a rectangle in a window, in CSS pixels.
type TraceBox struct {
	X      float64 `json:"x"`
	Y      float64 `json:"y"`
	Width  float64 `json:"width"`
	Height float64 `json:"height"`
}

// TraceMessage is what a page wrote to its console, or an error that ended one of its scripts.
type TraceMessage struct {
	At       time.Time `json:"at"`
	Level    string    `json:"level"` // debug, info, warning or error
	Text     string    `json:"text"`
	URL      string    `json:"url,omitempty"`
	Line     int       `json:"line,omitempty"`
	Uncaught bool      `json:"uncaught,omitempty"`
}

// TraceRequest is a request of a page, without headers and bodies.
type TraceRequest struct {
	At     time.Time `json:"at"`
	Method string    `json:"method"`
	URL    string    `json:"url"`
	Kind   string    `json:"kind,omitempty"`   // document, style, image, script, xhr …
	Status int       `json:"status,omitempty"` // of HTTP; 0 without an answer
	Type   string    `json:"type,omitempty"`   // of media
	Bytes  int64     `json:"bytes,omitempty"`  // as they came over the network
	Cached bool      `json:"cached,omitempty"`
	Millis float64   `json:"ms,omitempty"`
	// Error is why there was no answer; Open says that the answer had not come to its end.
	Error string `json:"error,omitempty"`
	Open  bool   `json:"open,omitempty"`
}
