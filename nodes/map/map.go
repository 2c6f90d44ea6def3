// Package maps holds the nodes that work on maps: values by key. Keys that
// reach into nested values are dotted paths, such as customer.address.city or
// items[0]["odd.key"]. No node changes the map it is given.
package maps

import (
	"fmt"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/map/dotted"
)

func init() {
	node.RegisterFamily(node.Family{Name: "map", Title: "Maps", Doc: "Read, build, merge, compare and reshape maps of values by key."})
}

type mapIn struct {
	Map map[string]any `json:"map" is:"required" doc:"Map to work on."`
}

type mapOut struct {
	Map map[string]any `json:"map" doc:"The new map."`
}

// steps reads a path and explains what a path is when it is none.
func steps(path string) ([]dotted.Step, error) {
	s, err := dotted.Parse(path)
	if err == nil && len(s) == 0 {
		err = fmt.Errorf("the path is empty")
	}
	if err != nil {
		return nil, node.Fail(node.KindInput, err.Error(), `write a path such as customer.name, items[0] or ["odd.name"]`)
	}
	return s, nil
}

// atKey says at which key a failure happened. A failed expression counts as
// wrong input: trying again cannot help.
func atKey(key string, err error) error {
	f := node.AsFailure(err)
	c := *f
	c.Message = fmt.Sprintf("key %.60q: %s", key, f.Message)
	if c.Kind == node.KindError {
		c.Kind, c.Permanent = node.KindInput, true
	}
	return &c
}
