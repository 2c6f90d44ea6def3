package browser

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
