package selector

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// PrintVersion is the form of a Print that this program writes.
const PrintVersion = 1

// Print is what an element looked like when it was found: what tells it from the others of its page after the page has
// changed. It holds nothing that was typed and no secret; a field's value is never part of it. It is compact, 2 KiB at
// most as JSON, so texts are cut. Empty fields are unknown or not there.
type Print struct {
	// V is the form, see PrintVersion.
	V int `json:"v"`
	// Tag is the element's tag in lower case, Role its ARIA role, given or implied, Name its accessible name.
	Tag  string `json:"tag"`
	Role string `json:"role,omitempty"`
	Name string `json:"name,omitempty"`
	// ID, NameAttr and Type are the attributes id, name and type; TestID one of the attributes of ByTestID.
	ID       string `json:"id,omitempty"`
	NameAttr string `json:"name_attr,omitempty"`
	Type     string `json:"type,omitempty"`
	TestID   string `json:"test_id,omitempty"`
	// Classes are the attribute class in its order.
	Classes []string `json:"classes,omitempty"`
	// Href and Src are addresses as the page writes them, without user, password and fragment values that look secret.
	Href string `json:"href,omitempty"`
	Src  string `json:"src,omitempty"`
	// Text is what a person reads in the element, Own the part of it that stands in no child.
	Text string `json:"text,omitempty"`
	Own  string `json:"own,omitempty"`
	// Label, Placeholder, Alt and Title are what names a field or picture.
	Label       string `json:"label,omitempty"`
	Placeholder string `json:"placeholder,omitempty"`
	Alt         string `json:"alt,omitempty"`
	Title       string `json:"title,omitempty"`
	// Near are the words around it, within 50 CSS pixels or in its neighbours; Headings the headings above it, the
	// nearest first.
	Near     string   `json:"near,omitempty"`
	Headings []string `json:"headings,omitempty"`
	// Row and Column are what heads its row and column of a table; Form names the form that it belongs to.
	Row    string `json:"row,omitempty"`
	Column string `json:"column,omitempty"`
	Form   string `json:"form,omitempty"`
	// Box is x, y, width and height in CSS pixels of the document; all 0 is unknown.
	Box [4]int `json:"box,omitzero"`
	// Path is the absolute XPath, each step with its place: /html[1]/body[1]/div[2]. IDPath begins at the nearest
	// ancestor with an id that does not look generated: //*[@id='menu']/li[3]. Within a shadow root, Shadow holds the
	// paths of the hosts, outermost first, and Path begins at the root.
	Path   string   `json:"path,omitempty"`
	IDPath string   `json:"id_path,omitempty"`
	Shadow []string `json:"shadow,omitempty"`
	// Frame is the address of the frame's document, without its query, "" for the page itself.
	Frame string `json:"frame,omitempty"`
	// Index is its place among its siblings of the same tag, from 1; Alike is how many elements of the page had the
	// same tag, role and name, itself among them.
	Index int `json:"index,omitempty"`
	Alike int `json:"alike,omitempty"`
	// Button says that it looks like something to press.
	Button bool `json:"button,omitempty"`
	// Look is a small grey picture of it, a PNG in base64, where one may be kept: never of a field, nor of what holds one.
	Look string `json:"look,omitempty"`
}

// printOf reads a print as a flow file writes it.
func printOf(v any) (*Print, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	var p Print
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return nil, fmt.Errorf("it is not what an element looked like: %w", err)
	}
	if p.V < 1 || p.V > PrintVersion {
		return nil, fmt.Errorf("it is of version %d, and this program knows %d; use a newer Aether, or record the element again", p.V, PrintVersion)
	}
	if p.Tag == "" {
		return nil, fmt.Errorf("it has no tag")
	}
	return &p, nil
}

// value is the print as plain values.
func (p *Print) value() any {
	var v map[string]any
	if b, err := json.Marshal(p); err == nil {
		_ = json.Unmarshal(b, &v) // what was just written can be read
	}
	return v
}
