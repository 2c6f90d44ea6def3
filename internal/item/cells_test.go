package item_test

import (
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/item"
)

// Cells become what the schema wants, so that it lets them in; what it does not name,
// or lets be text, stays as it stands in the file.
func TestCellsByTheSchema(t *testing.T) {
	schema := `{"properties":{"n":{"type":"integer"},"x":{"type":"number"},"b":{"type":"boolean"},"s":{"type":["string","integer"]},"list":{"type":"array"},"odd":{"type":5},"none":{}}}`
	for cells, want := range map[string]map[string]any{
		"7,1.5,true,7,[1],5,6,7":      {"n": 7, "x": 1.5, "b": true, "s": "7", "list": "[1]", "odd": "5", "none": "6", "more": "7"},
		"1.5,2,no,,,,,":               {"n": "1.5", "x": 2, "b": "no", "s": "", "odd": "", "none": "", "more": ""},
		"0x1F,Inf,True,x,y,z,a,b":     {"n": "0x1F", "x": "Inf", "b": "True", "s": "x", "list": "y", "odd": "z", "none": "a", "more": "b"},
		"99999999999999999999,,,,,,,": {"n": "99999999999999999999", "s": "", "odd": "", "none": "", "more": ""},
	} {
		open := func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("n,x,b,s,list,odd,none,more\n" + cells + "\n")), nil
		}
		for spec, err := range item.ReadCSV(open, item.CSV{Columns: item.ColumnsOf(json.RawMessage(schema))}) {
			if err != nil || spec.Bad != nil || !reflect.DeepEqual(spec.Content, want) {
				t.Errorf("%s is read as %#v, %v %v", cells, spec.Content, err, spec.Bad)
			}
		}
	}
	for _, none := range []string{"", "5", "{", `{"properties":5}`} {
		if c := item.ColumnsOf(json.RawMessage(none)); len(c) != 0 {
			t.Errorf("the schema %q gives %v", none, c)
		}
	}
}
