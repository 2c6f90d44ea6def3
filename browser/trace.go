package browser

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"fmt"
	"html"
	"math"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"
)

//go:embed snapshot.js
var snapshotScript string

// How much of a page a snapshot takes, and how long it may hold up the page.
const (
	snapshotTime  = 1500 * time.Millisecond // in all, for the files of pages too
	serializeTime = 500 * time.Millisecond  // in one frame
	snapshotDepth = 5                       // frames in frames
	snapshotHTML  = 16 << 20
	maxFile       = 2 << 20
	maxFiles      = 32 << 20 // that a page remembers
)

// Request is a request of a page.
type Request struct {
	N      int // counted from 1 in each tab
	Method string
	URL    string
	Kind   string // see ResourceTypes
	Status int    // of HTTP; 0 without an answer
	Type   string // of media
	Bytes  int64  // as they came over the network
	Cached bool
	At     time.Time
	Took   time.Duration
	Error  string // why there was no answer
	Open   bool   // the answer has not come to its end
}

// Snapshot is a page as a document that needs nothing else: without scripts, with its frames and shadow roots, and
// without what fields for passwords hold and fields that were filled with secrets.
type Snapshot struct {
	URL, Title string
	// HTML names pictures and style sheets as artifact:DIGEST; they are in Files by the sha256 of their content. The
	// element that was marked has the attribute data-aether-target.
	HTML  string
	Files map[string]File
	// Width and Height are the size of the window, X and Y how far it is scrolled, Length the height of the whole page.
	Width, Height, X, Y, Length int
	// Cut says that the page was too large and its end is missing.
	Cut bool
}

// File is a picture or style sheet of a page.
type File struct {
	Type string
	Data []byte
}

// Mark is an element of a page as an action found it.
type Mark struct {
	frame  string
	handle int
}

type serialized struct {
	Parts []string `json:"parts"`
	Slots []struct {
		File  string `json:"file"`
		Frame int    `json:"frame"`
	} `json:"slots"`
	Cut    bool   `json:"cut"`
	URL    string `json:"url"`
	Title  string `json:"title"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	X      int    `json:"x"`
	Y      int    `json:"y"`
	Length int    `json:"length"`
}

// knownFiles are the files of a page by address, so that they are asked for once.
type knownFiles struct {
	byURL map[string]string // to digests, "" for one that cannot be had
	files map[string]File
	size  int
}

// OnReady calls f each time when an action has found its element and is about to use it, until it is set to nil. f may
// look at the page and must not act on it.
func (p *Page) OnReady(f func(ctx context.Context, m Mark)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onReady = f
}

// Snapshot takes down the page as it is. It waits for nothing and takes at most a moment, so that what cannot be had in
// it is missing. It may be called from a function of OnReady.
func (p *Page) Snapshot(ctx context.Context, m Mark) (*Snapshot, error) {
	ctx, cancel := context.WithTimeout(ctx, snapshotTime)
	defer cancel()
	p.files.Lock()
	defer p.files.Unlock()
	if p.known == nil || p.known.size > maxFiles {
		p.known = &knownFiles{byURL: map[string]string{}, files: map[string]File{}}
	}
	s := &Snapshot{Files: map[string]File{}}
	text, doc, err := p.serialize(ctx, p.main(), m, s, 0)
	if err != nil {
		return nil, err
	}
	s.HTML, s.URL, s.Title = text, doc.URL, doc.Title
	s.Width, s.Height, s.X, s.Y, s.Length = doc.Width, doc.Height, doc.X, doc.Y, doc.Length
	return s, nil
}

// serialize returns the document of a frame, with those of the frames in it.
func (p *Page) serialize(ctx context.Context, frame string, m Mark, s *Snapshot, depth int) (string, serialized, error) {
	handle := 0
	if m.frame == frame {
		handle = m.handle
	}
	var doc serialized
	if err := p.Eval(ctx, frame, fmt.Sprintf("(%s)(%d,%d)", snapshotScript, handle, serializeTime.Milliseconds()), &doc); err != nil {
		return "", doc, err
	}
	s.Cut = s.Cut || doc.Cut
	var b strings.Builder
	for i, part := range doc.Parts {
		if b.Len()+len(part) > snapshotHTML {
			s.Cut = true
			break
		}
		b.WriteString(part)
		if i >= len(doc.Slots) {
			break
		}
		switch slot := doc.Slots[i]; {
		case slot.File != "":
			if digest := p.file(ctx, frame, slot.File, s); digest != "" {
				b.WriteString("artifact:" + digest)
			}
		case slot.Frame != 0 && depth < snapshotDepth:
			// A frame that cannot be read stays empty.
			if in, err := p.Inside(ctx, frame, slot.Frame); err == nil && in != "" {
				if text, _, err := p.serialize(ctx, in, m, s, depth+1); err == nil {
					b.WriteString(html.EscapeString(text))
				}
			}
		}
	}
	return b.String(), doc, nil
}

// file returns the digest of a file of a frame, "" if it cannot be had in time or is too large.
func (p *Page) file(ctx context.Context, frame, address string, s *Snapshot) string {
	digest, known := p.known.byURL[address]
	if !known {
		data, err := p.Resource(ctx, frame, address)
		if ctx.Err() != nil {
			return "" // it may be had the next time
		}
		if err == nil && len(data) > 0 && len(data) <= maxFile {
			sum := sha256.Sum256(data)
			digest = hex.EncodeToString(sum[:])
			p.known.files[digest] = File{Type: mediaType(address, data), Data: data}
			p.known.size += len(data)
		}
		p.known.byURL[address] = digest
	}
	if digest != "" {
		s.Files[digest] = p.known.files[digest]
	}
	return digest
}

// mediaType tells of what kind a picture or a style sheet is.
func mediaType(address string, data []byte) string {
	t, _, _ := strings.Cut(http.DetectContentType(data), ";")
	if strings.HasPrefix(t, "image/") || strings.HasPrefix(t, "font/") {
		return t
	}
	head := strings.ToLower(string(data[:min(len(data), 512)]))
	if u, err := url.Parse(address); strings.Contains(head, "<svg") || err == nil && strings.EqualFold(path.Ext(u.Path), ".svg") {
		return "image/svg+xml"
	}
	return "text/css"
}

// Sought is the element that the last action looked for, if it can be found at once.
func (p *Page) Sought(ctx context.Context) Mark {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.sought.Given() {
		return Mark{}
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	path := p.sought.Frame
	if len(path) == 0 {
		path = p.scope
	}
	s, err := p.lookEverywhere(ctx, path, lookFor{Target: bare(p.sought), Action: "read"}, 0)
	if err != nil || s.Kind != "" {
		return Mark{}
	}
	return Mark{s.frame, s.Handle}
}

// Box is where an element is in the page's window; ok is false if it is no more, or cannot be seen.
func (p *Page) Box(ctx context.Context, m Mark) (x, y, width, height float64, ok bool) {
	if m.handle == 0 {
		return 0, 0, 0, 0, false
	}
	var box struct {
		Value *struct{ X, Y, Width, Height float64 } `json:"value"`
	}
	if err := p.Eval(ctx, m.frame, fmt.Sprintf("__aether.read(%d,'box')", m.handle), &box); err != nil || box.Value == nil || box.Value.Width == 0 && box.Value.Height == 0 {
		return 0, 0, 0, 0, false
	}
	v := box.Value
	if m.frame != p.main() {
		left, top, err := p.Locate(ctx, m.frame, v.X, v.Y)
		right, bottom, err2 := p.Locate(ctx, m.frame, v.X+v.Width, v.Y+v.Height)
		if err != nil || err2 != nil {
			return 0, 0, 0, 0, false
		}
		return min(left, right), min(top, bottom), math.Abs(right - left), math.Abs(bottom - top), true
	}
	return v.X, v.Y, v.Width, v.Height, true
}

// Window is the size of the page's window in CSS pixels.
func (p *Page) Window(ctx context.Context) (width, height int, err error) {
	var w [2]int
	err = p.Eval(ctx, p.main(), "[innerWidth,innerHeight]", &w)
	return w[0], w[1], err
}

// Glimpse takes a picture of the window, as Picture does, without waiting for an action that is under way.
func (p *Page) Glimpse(ctx context.Context, quality int) ([]byte, error) {
	return p.veiled(ctx, func() ([]byte, error) { return p.Screenshot(ctx, Shot{JPEG: quality}) })
}

// forSecrets are names of parameters whose values open something.
var forSecrets = regexp.MustCompile(`(?i)pass|pwd|secret|token|key|auth|session|sid$|sig|code|nonce|csrf|xsrf|jwt|otp|ticket|credential`)

// CleanURL takes out of an address what opens something: user and password, and the values of parameters that are
// named so.
func CleanURL(address string) string {
	if strings.HasPrefix(address, "data:") {
		head, _, _ := strings.Cut(address, ",")
		return head + ",…"
	}
	if scheme, rest, ok := strings.Cut(address, "://"); ok {
		host, tail, slash := strings.Cut(rest, "/")
		if _, bare, has := strings.Cut(host, "@"); has {
			address = scheme + "://" + bare
			if slash {
				address += "/" + tail
			}
		}
	}
	way, query, ok := strings.Cut(address, "?")
	if !ok {
		way, query, ok = strings.Cut(address, "#")
		if !ok {
			return address
		}
		return way + "#" + cleanQuery(query)
	}
	return way + "?" + cleanQuery(query)
}

func cleanQuery(query string) string {
	parts := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == ';' })
	for i, p := range parts {
		if name, _, ok := strings.Cut(p, "="); ok && forSecrets.MatchString(name) {
			parts[i] = name + "=***"
		}
	}
	return strings.Join(parts, "&")
}
