package flow

// Remedy is what would mend a problem: one change of the file. A Fixer makes
// the edits of it.
type Remedy struct {
	Title string // what is to be done, in a few words: "Take out the wire"
	Do    Deed
	// Path is where, as for Flow.At: the map that Key is added to, or what is
	// taken out or written anew.
	Path string
	// Key is the key to add.
	Key string
	// Value is what to add or to write, canonical.
	Value any
}

// Deed is what a Remedy does.
type Deed int

// The deeds.
const (
	Add    Deed = iota + 1 // put Key with Value into the map at Path, which is made if it is not there
	Remove                 // take the entry at Path out
	Write                  // write Value at Path
)

// Mend says what would mend the problem that was added last.
func (ps Problems) Mend(r Remedy) {
	ps[len(ps)-1].Remedy = &r
}

// Fix is a Remedy as edits of the text that was checked.
type Fix struct {
	Title string
	Edits []TextEdit
}

// TextEdit puts Text where the bytes From up to To are.
type TextEdit struct {
	From, To int
	Text     string
}
