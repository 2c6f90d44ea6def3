package flow_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/aether-rpa/aether/flow"
)

func TestFormat(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"order and shorthand", `
name: x
edges: [a -> b]
nodes:
- {type: t, id: a}
- type: t
  params: {z: 1, b: "two words", a: yes, c: 007, d: "007"}
  id: b
inputs: {folder: string}
aether: 1
`, `aether: 1
name: x
inputs:
  folder:
    type: string
nodes:
  - id: a
    type: t
  - id: b
    type: t
    params:
      a: "yes"
      b: two words
      c: "007"
      d: "007"
      z: 1
edges:
  - a -> b
`},
		{"comments go along", `# top of file

# about the flow
name: x # the name
aether: 1 # version
nodes: # all of them
  # first
  - type: t # its type
    id: a
    # what it gets
    params:
      q: "x # no" # yes
      code: | # source
        # not a comment
        x # neither
      # last param
    # end of a

  # between
  - {id: b, type: t} # in braces
  # end of nodes
edges: [
  # the way
  a -> b, # on
]
# foot
`, `# top of file

aether: 1 # version
# about the flow
name: x # the name
nodes: # all of them
  # first
  - id: a
    type: t # its type
    # what it gets
    params:
      code: | # source
        # not a comment
        x # neither
      # last param
      q: "x # no" # yes
    # end of a

  # between
  - id: b # in braces
    type: t
  # end of nodes
edges:
  # the way
  - a -> b # on
# foot
`},
		{"entries that are not printed", `aether: 1
name: x
# none yet
inputs: {}
nodes:
  - id: a
    type: t
    # not now
    disabled: false # really
    params: {} # nothing
`, `aether: 1
name: x
# none yet
nodes:
  # not now
  # really
  # nothing
  - id: a
    type: t
`},
		{"JSON", "{\"nodes\":[{\"type\":\"t\",\"id\":\"a\"}],\"name\":\"x\",\"aether\":1}", `{
  "aether": 1,
  "name": "x",
  "nodes": [
    {
      "id": "a",
      "type": "t"
    }
  ]
}
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := flow.Format([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			again, err := flow.Format(got)
			if err != nil || !bytes.Equal(again, got) {
				t.Errorf("the second time %v\n%s", err, again)
			}
		})
	}
}

// longKey finds a key of several lines, which YAML writes behind a question mark.
var longKey = regexp.MustCompile(`(?m)^[ -]*\? `)

// Comments anywhere stay, and formatting twice changes nothing.
func TestFormatComments(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := flows.Draw(t, "flow")
		src, err := f.YAML()
		if err != nil {
			t.Fatal(err)
		}
		if rapid.Bool().Draw(t, "in braces") {
			if src, err = f.JSON(); err != nil {
				t.Fatal(err)
			}
			src = append([]byte("# in braces\n"), src...)
		}
		var lines []string
		marks := 0
		for _, line := range strings.Split(strings.TrimSuffix(string(src), "\n"), "\n") {
			indent := line[:len(line)-len(strings.TrimLeft(line, " "))]
			marks++
			mark := fmt.Sprintf("# mark %d.", marks)
			switch rapid.IntRange(0, 9).Draw(t, "comment") {
			case 0:
				lines = append(lines, indent+mark, line)
			case 1:
				lines = append(lines, line+" "+mark)
			case 2:
				lines = append(lines, indent+"  "+mark, line)
			case 3:
				lines = append(lines, line, "", mark)
			case 4:
				lines = append(lines, indent+mark, "", line)
			default:
				lines = append(lines, line)
			}
		}
		text := strings.Join(lines, "\n")
		read, err := flow.Decode([]byte(text))
		if err != nil || read.Digest() != f.Digest() {
			return // a mark fell into a text
		}
		got, err := flow.Format([]byte(text))
		long := longKey.Match(src)
		if err != nil && long && strings.Contains(err.Error(), "where they cannot be kept") {
			return // it says so and changes nothing
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		for i := range marks {
			mark := fmt.Sprintf("# mark %d.", i+1)
			if strings.Count(text, mark) != strings.Count(string(got), mark) {
				t.Fatalf("%s is lost\n%s\ngives\n%s", mark, text, got)
			}
		}
		again, err := flow.Format(got)
		if err != nil && !long {
			t.Fatal(err)
		}
		// Comments around a key of several lines may move each time; none is lost.
		if !bytes.Equal(got, again) && !long {
			t.Fatalf("formatted\n%s\nagain\n%s", got, again)
		}
	})
}
