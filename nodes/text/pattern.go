package text

import (
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/aether-rpa/aether/node"
)

// maxPattern bounds the source of a pattern, in bytes; RE2 bounds what it is
// compiled to.
const maxPattern = 8 << 10

// flags are the usual options of regular expressions.
type flags struct {
	IgnoreCase bool `json:"ignore_case" doc:"Treat upper and lower case as equal."`
	Multiline  bool `json:"multiline" is:"advanced" doc:"Let ^ and $ also match at the start and end of each line."`
	DotAll     bool `json:"dot_all" is:"advanced" doc:"Let . also match line ends."`
}

// compile returns the pattern, compiled once for all runs.
func (f flags) compile(pattern string) (*regexp.Regexp, error) {
	if len(pattern) > maxPattern {
		return nil, node.Failf(node.KindInput, "the pattern is longer than %d bytes", maxPattern)
	}
	letters := ""
	if f.IgnoreCase {
		letters += "i"
	}
	if f.Multiline {
		letters += "m"
	}
	if f.DotAll {
		letters += "s"
	}
	source := pattern
	if letters != "" {
		source = "(?" + letters + ")" + pattern
	}
	re, err := compiled.get(source)
	if err != nil {
		hint := "patterns are RE2; escape signs that are meant literally with \\, or use text.escape for regex"
		if strings.Contains(pattern, "(?=") || strings.Contains(pattern, "(?!") || strings.Contains(pattern, "(?<=") || strings.Contains(pattern, "(?<!") {
			hint = "RE2 has no look-ahead and look-behind; match more and take a group"
		}
		return nil, node.Fail(node.KindInput, fmt.Sprintf("%.80q is not a pattern: %s", pattern, strings.TrimPrefix(err.Error(), "error parsing regexp: ")), hint)
	}
	return re, nil
}

// finder compiles what to look for: plain text or a pattern.
func (f flags) finder(find, mode string) (*regexp.Regexp, error) {
	if mode == "regex" {
		return f.compile(find)
	}
	if len(find) > maxPattern/2 {
		return nil, node.Failf(node.KindInput, "the text to find is longer than %d bytes", maxPattern/2)
	}
	quoted := flags{IgnoreCase: f.IgnoreCase}
	re, err := quoted.compile(regexp.QuoteMeta(find))
	return re, err
}

// cache keeps compiled patterns. When it is full half of it is dropped, in no
// order: patterns in use come back at the cost of one compilation.
type cache struct {
	mu  sync.RWMutex
	all map[string]*regexp.Regexp
}

const maxCached = 512

var compiled = &cache{all: map[string]*regexp.Regexp{}}

func (c *cache) get(source string) (*regexp.Regexp, error) {
	c.mu.RLock()
	re := c.all[source]
	c.mu.RUnlock()
	if re != nil {
		return re, nil
	}
	re, err := regexp.Compile(source)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.all) >= maxCached {
		for k := range c.all {
			if delete(c.all, k); len(c.all) <= maxCached/2 {
				break
			}
		}
	}
	c.all[source] = re
	return re, nil
}
