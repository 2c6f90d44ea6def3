// Package item works with work items: it puts them into queues, takes them out
// one by one and says what became of them. To work through a queue,
// flow.for_each_item does the taking and ending by itself.
package item

import (
	"time"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.RegisterFamily(node.Family{Name: "item", Title: "Work items", Doc: "Put work into named queues, take it out one item at a time, and say what became of each."})
}

// items returns what reaches the queues.
func items(env *node.Env) (node.Items, error) {
	if env.Items == nil {
		return nil, node.Fail(node.KindNotFound, "there are no work items here", "run the flow with `aether run`, or give it to a robot")
	}
	return env.Items, nil
}

// mask takes known secrets out of what goes to a queue, where others see it.
func mask[T any](env *node.Env, v T) T {
	if env.Mask == nil {
		return v
	}
	if m, ok := env.Mask(v).(T); ok {
		return m
	}
	return v
}

// held is the param of nodes that do something with an item the run has.
type held struct {
	Item map[string]any `json:"item" is:"required" doc:"The item, whole: '{{ loop.item }}' in flow.for_each_item, or the output item of item.next."`
}

// when are the times of an item that is added.
type when struct {
	Priority int    `json:"priority" default:"5" min:"0" max:"20" doc:"Higher goes first. A step is worth five minutes of waiting, so nothing waits for ever."`
	Defer    string `json:"defer" doc:"Not to be taken before this time, ISO 8601." group:"Times"`
	Due      string `json:"due" doc:"When it should have ended, ISO 8601; what the queue says if empty." group:"Times"`
	Risk     string `json:"risk" doc:"From this time on it goes before all others, ISO 8601; what the queue says if empty." group:"Times"`
}

func (w when) spec() (node.ItemSpec, error) {
	s := node.ItemSpec{Priority: &w.Priority}
	for _, t := range []struct {
		name, text string
		to         *time.Time
	}{{"defer", w.Defer, &s.Defer}, {"due", w.Due, &s.Due}, {"risk", w.Risk, &s.Risk}} {
		if t.text == "" {
			continue
		}
		var err error
		if *t.to, err = moment(t.text); err != nil {
			return s, node.Fail(node.KindInput, t.name+" is "+t.text+", which is no point in time", "write it like 2026-11-30T08:00:00Z; date.* nodes give that form")
		}
	}
	return s, nil
}

func moment(text string) (t time.Time, err error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err = time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return t, err
}
