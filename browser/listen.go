package browser

import "context"

// Listen is told what happens in the pages of a context, as a recorder is. Its functions are called in the order of
// what happened, on the goroutine that hears the browser: they must return at once and must not call the browser.
type Listen struct {
	// Script runs in each document beside the library, in the library's world and before the page's own scripts. It
	// tells what it sees by __aetherTell(text).
	Script string
	// Heard is told each of those texts, with the tab and the frame that it comes from.
	Heard func(t Tab, frame, text string)
	// Went is told of each document of a tab's own that has come, and of each step in its history within one.
	Went func(t Tab, w Went)
	// Answered is told of each message of a page that a person has answered.
	Answered func(t Tab, d Dialog)
}

// Went says how a tab came to what it shows.
type Went struct {
	URL string
	// Kind is as the protocol names it: differentDocument, historyDifferentDocument, reload and the like; "" is unknown.
	Kind string
	// Asked says that the page asked for it, as by a link, a form or a script.
	Asked bool
	// Same says that the document stayed.
	Same bool
}

// Visit is an entry in a tab's history.
type Visit struct {
	ID  int
	URL string
	// Typed says that a person gave the address, rather than that a page led there.
	Typed bool
}

// Caster is a Tab that tells how its page looks whenever that changes.
type Caster interface {
	// Cast calls show with the picture of the window, now and each time it changes, until stop is called. show is called
	// on the goroutine that hears the browser: it must return at once and must not call the browser. There is one who
	// watches; a later call takes the place of an earlier one.
	Cast(ctx context.Context, quality int, show func(Picture)) (stop func(context.Context) error, err error)
}

// Picture is how a window looks. Width and Height are its size in CSS pixels.
type Picture struct {
	JPEG          []byte
	Width, Height int
}

// Asker is a Tab that tells of the message of its page that was left to a person and waits for the answer.
type Asker interface {
	Asks() (d Dialog, ok bool)
}
