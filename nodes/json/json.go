// Package json holds the nodes that read, write, query, change, compare and
// check JSON documents. Values are flow values already: text is only met by
// parse and format.
package json

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/map/dotted"
)

func init() {
	node.RegisterFamily(node.Family{Name: "json", Title: "JSON", Doc: "Read, write, query, change, compare and check JSON documents."})
}

// parsePointer reads a JSON Pointer (RFC 6901): "" is the whole document,
// "/a/0" the first item of a.
func parsePointer(p string) ([]dotted.Step, error) {
	if p == "" {
		return nil, nil
	}
	if p[0] != '/' {
		return nil, fmt.Errorf("the JSON Pointer %.60q does not begin with a slash", p)
	}
	parts := strings.Split(p[1:], "/")
	if len(parts) > 500 {
		return nil, fmt.Errorf("the JSON Pointer has more than 500 parts")
	}
	steps := make([]dotted.Step, len(parts))
	for i, s := range parts {
		for j := 0; j < len(s); j++ {
			if s[j] == '~' && (j+1 == len(s) || s[j+1] != '0' && s[j+1] != '1') {
				return nil, fmt.Errorf("the JSON Pointer %.60q has a ~ that is neither ~0 nor ~1", p)
			}
		}
		steps[i].Key = strings.ReplaceAll(strings.ReplaceAll(s, "~1", "/"), "~0", "~")
	}
	return steps, nil
}

// pointerTo writes one more part onto a JSON Pointer.
func pointerTo(base, key string) string {
	return base + "/" + strings.ReplaceAll(strings.ReplaceAll(key, "~", "~0"), "/", "~1")
}

// arrayIndex reads an index as RFC 6901 writes it: no sign, no leading zero.
func arrayIndex(key string, n int) (int, bool) {
	i, err := strconv.Atoi(key)
	if err != nil || i < 0 || i >= n || strconv.Itoa(i) != key {
		return 0, false
	}
	return i, true
}

// parsePath reads a JSON Pointer, when it begins with a slash, or a dotted
// path.
func parsePath(p string) ([]dotted.Step, error) {
	var steps []dotted.Step
	var err error
	if p == "" || p[0] == '/' {
		steps, err = parsePointer(p)
	} else {
		steps, err = dotted.Parse(strings.TrimPrefix(strings.TrimPrefix(p, "$."), "$"))
	}
	if err != nil {
		return nil, node.Fail(node.KindInput, err.Error(), "write a JSON Pointer such as /items/0/name, or a path such as items[0].name")
	}
	return steps, nil
}
