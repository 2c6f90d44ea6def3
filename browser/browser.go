// Package browser is what Aether asks of a web browser. A Driver (browser/cdp for Chromium) knows the protocol and
// offers a few plain abilities; Page makes of them actions that wait until a person could do them, and that fail
// when the page did not do what was asked.
package browser

import (
	"context"
	"encoding/json"
	"time"
)

// Driver starts browsers of one make.
type Driver interface {
	// Launch starts a browser of its own, which ends with Close or with this process.
	Launch(ctx context.Context, o Launch) (Browser, error)
	// Attach joins a browser that is running already, at the address of its debugging port. Close then leaves it
	// running.
	Attach(ctx context.Context, url string) (Browser, error)
}

// Launch says which browser to start and how.
type Launch struct {
	// Make is chromium or firefox; "" is that of Path, or what is there.
	Make string
	// Path is the program; "" looks for one.
	Path string
	// Profile is an empty folder for the browser's files. The caller removes it after Close.
	Profile string
	// Headless starts without a window.
	Headless bool
	// NoSandbox starts without Chromium's sandbox, as root must.
	NoSandbox bool
	// Refuse are hosts that the browser may not reach, with * for any characters.
	Refuse []string
	// Args are further arguments of the program.
	Args []string
	// Env is the environment of the program.
	Env []string
}

// Browser is a running browser. It is safe for concurrent use.
type Browser interface {
	// Open makes a context that shares no cookies and no storage with others.
	Open(ctx context.Context, o Options) (Context, error)
	// Shared is the browser's own context: the profile of a person who is attached to.
	Shared(ctx context.Context, o Options) (Context, error)
	// Product names the browser with its version.
	Product() string
	// Done is closed when the browser has ended.
	Done() <-chan struct{}
	// Close ends the browser, and returns when its processes are gone. It may be called twice.
	Close() error
}

// Options shape a context.
type Options struct {
	// Downloads is the folder where downloads are written, each under a name of its own; "" refuses them.
	Downloads string
	// Viewport is the size of the page in CSS pixels; zero leaves the browser's own.
	Width, Height int
	Scale         float64 // device pixels for each CSS pixel; 0 means 1
	Mobile        bool    // emulate a touch screen
	Locale        string  // like de-DE
	Timezone      string  // like Europe/Berlin
	UserAgent     string
	Geolocation   *Geolocation
	// Headers are sent with every request.
	Headers map[string]string
	// User and Password answer requests for basic and digest authentication.
	User, Password string
	// IgnoreCertificates accepts certificates that cannot be verified.
	IgnoreCertificates bool
	// Proxy is a server like http://proxy:3128 for everything the context loads.
	Proxy string
	// ProxyLoopback says that this machine's own addresses are loaded through Proxy, too.
	ProxyLoopback bool
	// Network is how well the context is connected.
	Network Network
	// Colors is the colour scheme that pages are told a person prefers: light, dark or "" for the browser's own.
	Colors string
	// Rules block, answer or change what pages load; the first that matches decides.
	Rules []Rule
	// Listen is told what happens in the pages; nil for nobody. It is given when the context is opened.
	Listen *Listen `json:"-"`
}

// Geolocation is a place in degrees, with the accuracy in metres.
type Geolocation struct{ Latitude, Longitude, Accuracy float64 }

// Context is an isolated session of a browser: tabs that share cookies and storage.
type Context interface {
	// NewTab opens an empty tab.
	NewTab(ctx context.Context) (Tab, error)
	// Tabs returns the open tabs in the order of opening; pages that a page opened are among them.
	Tabs() []Tab
	// Changed is closed when a tab opens or closes after the call.
	Changed() <-chan struct{}
	Cookies(ctx context.Context) ([]Cookie, error)
	SetCookies(ctx context.Context, cookies []Cookie) error
	ClearCookies(ctx context.Context) error
	// Shape changes what the options say of the pages that are open and of those to come: all but Downloads, Proxy,
	// IgnoreCertificates and Listen.
	Shape(ctx context.Context, o Options) error
	// Matched is how many requests the rules have decided since they were set.
	Matched() int
	// Downloads returns what was downloaded since the context began, finished or not.
	Downloads() []Download
	// Close closes the tabs and forgets cookies and storage.
	Close() error
}

// Cookie is one cookie.
type Cookie struct {
	Name     string  `json:"name"`
	Value    string  `json:"value"`
	Domain   string  `json:"domain,omitempty"`
	Path     string  `json:"path,omitempty"`
	URL      string  `json:"url,omitempty"`     // sets domain and path where they are missing
	Expires  float64 `json:"expires,omitempty"` // seconds since 1970; 0 ends with the session
	Secure   bool    `json:"secure,omitempty"`
	HTTPOnly bool    `json:"http_only,omitempty"`
	SameSite string  `json:"same_site,omitempty"` // Strict, Lax or None
}

// Download is a file that the browser writes.
type Download struct {
	ID       string
	URL      string
	Name     string // as the server or the page suggests
	Path     string // where the browser writes it
	State    string // running, done or canceled
	Received int64  // bytes
	Changed  time.Time
}

// Frame is a document of a tab.
type Frame struct {
	ID     string
	Parent string // "" for the page itself
	URL    string
	Name   string
}

// Load is how far a document has come.
type Load int

// The steps of loading a document.
const (
	Committed Load = iota // the answer has begun to arrive
	Parsed                // DOMContentLoaded
	Loaded                // load: pictures and scripts too
	Idle                  // no request for half a second
)

// Loads names the steps as flows write them.
var Loads = map[string]Load{"commit": Committed, "dom": Parsed, "load": Loaded, "idle": Idle}

// Tab is a page as a driver shows it: plain abilities, without waiting for elements. A Page makes actions of them.
type Tab interface {
	ID() string
	// Opener is the tab that opened this one, "" for none.
	Opener() string
	// Gone is closed when the tab has closed or crashed; Crashed tells which.
	Gone() <-chan struct{}
	Crashed() bool
	// Frames returns the documents, the page's own first.
	Frames() []Frame
	// Eval evaluates an expression in Aether's own world of a frame, where the library is; a promise is
	// awaited. It answers ErrNavigated when the document went away meanwhile.
	Eval(ctx context.Context, frame, expression string, result any) error
	// Act is Eval for an expression that does what a person does, as entering a value: the page may then do what pages
	// may only because a person did something, as open a window. It takes the browser longer.
	Act(ctx context.Context, frame, expression string, result any) error
	// EvalPage calls a function in the page's own world, with the element of a handle (0 for none) as its first
	// argument and arg as its next, and returns what it gives.
	EvalPage(ctx context.Context, frame, function string, handle int, arg any) (json.RawMessage, error)
	// Inside returns the frame whose document an element shows, "" if it shows none.
	Inside(ctx context.Context, frame string, handle int) (string, error)
	// Locate is where a point of a frame's window lies in the page's window.
	Locate(ctx context.Context, frame string, x, y float64) (float64, float64, error)
	// Closed makes the closed shadow roots of a frame known to the library, and returns how many were new.
	Closed(ctx context.Context, frame string) (int, error)
	Mouse(ctx context.Context, events ...Mouse) error
	Keys(ctx context.Context, keys ...Key) error
	InsertText(ctx context.Context, text string) error
	// Along sends input together with an expression as of Eval, which waits in the page for what the input does: one
	// way there and back instead of two. When the input was taken and the expression goes on for long all the same,
	// late is evaluated, which ends its waiting. sent says that the input may not have been taken.
	Along(ctx context.Context, in Input, frame, expression, late string, result any) (sent, evaluated error)
	// SetFiles gives files to a file field.
	SetFiles(ctx context.Context, frame string, handle int, paths []string) error
	// Choosers keeps file choosers from showing a window until stop is called; next waits for the page to open one.
	Choosers(ctx context.Context) (next func(context.Context) (Chosen, error), stop func(context.Context) error, err error)
	// Carry moves files of this machine over the page as if dragged there from outside: enter, over, drop or leave.
	Carry(ctx context.Context, step string, x, y float64, paths []string) error
	// SaveDocuments makes the tab download what it would show, but for HTML, from now on.
	SaveDocuments(ctx context.Context) error
	// Heard counts what came from the network for the page and its frames: if it is the same, nothing has.
	Heard() int64
	// Responses are the latest answers to the page's requests, oldest first.
	Responses() []Response
	Navigate(ctx context.Context, url string) (Going, error)
	Reload(ctx context.Context) (Going, error)
	// History goes back (-1) or forward (1); ok is false where there is nothing to go to.
	History(ctx context.Context, by int) (g Going, ok bool, err error)
	// Visits are the entries of the tab's history, and which of them is shown.
	Visits(ctx context.Context) (list []Visit, current int, err error)
	// FilePath is where the file of a handle, one that a file field holds, lies on this machine.
	FilePath(ctx context.Context, frame string, handle int) (string, error)
	// Underway returns the navigation of the page's own document that has begun, if one has, and also one that has
	// begun and ended since a time.
	Underway(since time.Time) (Going, bool)
	// Settled waits until a navigation has come as far as wanted.
	Settled(ctx context.Context, g Going, l Load) (Arrival, error)
	// Quiet waits until no request has been under way for the time.
	Quiet(ctx context.Context, d time.Duration) error
	// Dialogs are the messages that the page has shown with alert, confirm and the like, oldest first, and how they
	// were answered.
	Dialogs() []Dialog
	// Answer says how the dialogs from now on are answered, and answers one that was left to a person.
	Answer(p DialogPolicy)
	// Console are the messages that scripts have written and the errors they ended with, oldest first; the last of
	// many.
	Console() []Message
	// Requests are the page's requests after a number, oldest first; of many, the last ones are kept.
	Requests(after int) []Request
	// Numbers are those of the latest message and the latest request.
	Numbers() (message, request int)
	// Resource is what the browser has of a picture or style sheet that a frame has loaded.
	Resource(ctx context.Context, frame, url string) ([]byte, error)
	Screenshot(ctx context.Context, s Shot) ([]byte, error)
	PDF(ctx context.Context, o PDF) ([]byte, error)
	// OnNewDocument runs a script in each new document of the page's own world before the page's scripts, until
	// remove is called.
	OnNewDocument(ctx context.Context, script string) (remove func(context.Context) error, err error)
	// Front makes it the tab in front.
	Front(ctx context.Context) error
	Close(ctx context.Context) error
}

// Going is a navigation that has begun.
type Going struct {
	Frame  string
	Loader string // the document to come; "" if the document stays, as for #part
	From   string // the document that was there when the page asked to go; "" is unknown
	URL    string
	Same   bool // the document stays
}

// Arrival is where a navigation has led.
type Arrival struct {
	URL      string `json:"url"`
	Status   int    `json:"status"` // of HTTP; 0 where there is none
	Download bool   `json:"download,omitempty"`
}

// Chosen is a file field for which the page has opened a chooser.
type Chosen struct {
	Frame   string
	Handle  int
	Several bool // it takes more than one file
}

// Response is an answer to a request of a page.
type Response struct {
	N      int // counted from 1 in each tab
	URL    string
	Status int
}

// Mouse is one event of the mouse, in CSS pixels of the page's window.
type Mouse struct {
	Type   string // move, down, up or wheel
	X, Y   float64
	Button string // left, right, middle; "" for moves
	Clicks int    // which click of a row: 2 makes a double click
	DX, DY float64
	Mods   int // see Key
}

// Input are events of the mouse, or without any a text that is entered where the focus is.
type Input struct {
	Mouse []Mouse
	Text  string
}

// Key is a key press, with what it types.
type Key struct {
	Name string // as DOM has it: a, Enter, ArrowDown
	// Mods is a sum of 1 Alt, 2 Control, 4 Meta, 8 Shift.
	Mods int
	// Only says that the key goes down or up only: "down", "up", or "" for both.
	Only string
}

// Dialog is a message that a page has shown.
type Dialog struct {
	Kind    string    `json:"kind"` // alert, confirm, prompt or beforeunload
	Message string    `json:"message"`
	Default string    `json:"default,omitempty"`
	Answer  string    `json:"answer"`         // accepted or dismissed
	Text    string    `json:"text,omitempty"` // what a person entered in a prompt
	At      time.Time `json:"at"`
}

// DialogPolicy says how a page's dialogs are answered. The zero policy accepts alerts and leaving a page, and
// dismisses questions: nothing is agreed to that the flow did not agree to.
type DialogPolicy struct {
	Accept bool   `json:"accept"`
	Text   string `json:"text,omitempty"` // the answer of a prompt
	// Dismiss dismisses everything.
	Dismiss bool `json:"dismiss"`
	// Leave leaves the answer to the person in front of the browser.
	Leave bool `json:"leave,omitempty"`
}

// Shot says what to take a picture of.
type Shot struct {
	Full                bool // the whole page, not what is in sight
	X, Y, Width, Height float64
	JPEG                int // quality from 1 to 100; 0 makes a PNG
}

// PDF says how a page is printed; sizes are inches.
type PDF struct {
	Landscape, Background bool
	Width, Height, Margin float64
	Scale                 float64
	Ranges                string
}
