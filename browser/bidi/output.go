package bidi

import (
	"regexp"
	"strings"
	"sync"
)

// listening is the line by which Firefox says where it can be spoken to.
var listening = regexp.MustCompile(`WebDriver BiDi listening on (ws://\S+)`)

// output keeps the last of what a program writes, and finds its address in it.
type output struct {
	mu    sync.Mutex
	text  string
	at    string
	found chan struct{} // closed when the address is there
}

func newOutput() *output { return &output{found: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text += string(p)
	if m := listening.FindStringSubmatchIndex(o.text); o.at == "" && m != nil && strings.Contains(o.text[m[1]:], "\n") {
		o.at = o.text[m[2]:m[3]]
		close(o.found)
	}
	if len(o.text) > 8192 {
		o.text = o.text[len(o.text)-4096:]
	}
	return len(p), nil
}

func (o *output) address() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.at
}

// words returns the lines that say why a browser did not start.
func (o *output) words() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var keep []string
	for line := range strings.SplitSeq(o.text, "\n") {
		if line = strings.TrimSpace(line); line != "" && !strings.Contains(line, "dbus") && len(keep) < 4 {
			keep = append(keep, line)
		}
	}
	if len(keep) == 0 {
		return ""
	}
	return " (it says: " + strings.Join(keep, "; ") + ")"
}
