package expr

import "sync"

// cache keeps the most recently used values in two generations: when the young
// one is full it becomes the old one. That bounds memory without a list to
// relink on every hit.
type cache[V any] struct {
	mu         sync.RWMutex
	young, old map[string]V
	bytes      int
	maxEntries int // of one generation
	maxBytes   int // of the keys of one generation
}

var compiled = cache[*Template]{maxEntries: 2048, maxBytes: 4 << 20}

// get gives the zero value when key is not there.
func (c *cache[V]) get(key string) V {
	c.mu.RLock()
	v, ok := c.young[key]
	if ok {
		c.mu.RUnlock()
		return v
	}
	v, ok = c.old[key]
	c.mu.RUnlock()
	if ok {
		c.put(key, v)
	}
	return v
}

func (c *cache[V]) put(key string, v V) {
	if len(key) > c.maxBytes/16 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.young[key]; ok {
		return
	}
	if c.young == nil || len(c.young) >= c.maxEntries || c.bytes+len(key) > c.maxBytes {
		c.old, c.young, c.bytes = c.young, make(map[string]V), 0
	}
	c.young[key] = v
	c.bytes += len(key)
}
