package file

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[waitIn, waitOut]{
		Type:   "file.wait_for",
		Title:  "Wait for file",
		Doc:    "Waits until a file is there, stops growing, changes or goes away. With a pattern, path is a folder and any file in it that matches counts, for instance a download of unknown name. The folder is watched, and looked at every poll_interval in case the system reports nothing, as on network drives. If Aether restarts, the wait begins anew.",
		Effect: node.Read,
		Examples: []node.Example[waitIn, waitOut]{{
			Title: "Wait for a download to be complete",
			Files: map[string]string{"downloads/report.pdf": "x"},
			In:    waitIn{Path: "downloads", Pattern: "*.pdf", State: "stable", StableFor: time.Millisecond},
			Check: func(o waitOut) error {
				if !o.Reached || filepath.Base(o.Path) != "report.pdf" || o.Size != 1 {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}, {
			Title: "Go on without the file if it does not come",
			In:    waitIn{Path: "never.txt", Timeout: 5 * time.Millisecond, OnTimeout: "continue"},
			Out:   waitOut{},
		}},
		Check: func(in waitIn) error {
			if in.Pattern == "" {
				return nil
			}
			return filter{Pattern: []string{in.Pattern}}.check()
		},
		Run: waitFor,
	})
}

type waitIn struct {
	Path         string        `json:"path" is:"required" widget:"file" doc:"File to wait for, or the folder when a pattern is given."`
	Pattern      string        `json:"pattern" doc:"Pattern of the file's name, such as report-*.pdf."`
	State        string        `json:"state" default:"exists" enum:"exists,stable,changed,gone" doc:"What to wait for: exists (it is there), stable (it is there and no longer changes), changed (its size or time is not what it was at the start, or it has come), gone (it is not there)."`
	IgnoreOld    bool          `json:"ignore_old" doc:"With a pattern: do not count files that are there already at the start and do not change."`
	StableFor    time.Duration `json:"stable_for" default:"2s" when:"state=stable" doc:"How long size and time must stay the same."`
	MinSize      int           `json:"min_size" min:"0" is:"advanced" doc:"Do not count files smaller than this, in bytes."`
	Timeout      time.Duration `json:"timeout" default:"1m" doc:"How long to wait; 0 means until the step's own limit."`
	OnTimeout    string        `json:"on_timeout" default:"fail" enum:"fail,continue" doc:"What to do when the time is up."`
	PollInterval time.Duration `json:"poll_interval" default:"1s" min:"10ms" is:"advanced" doc:"How often to look when the system reports nothing."`
}

type waitOut struct {
	Reached  bool   `json:"reached" doc:"False if the time was up first."`
	Path     string `json:"path" doc:"Absolute path of the file; empty if there is none."`
	Size     int    `json:"size" doc:"Its size in bytes."`
	Modified string `json:"modified" doc:"Time of its last change in UTC."`
}

var verbs = map[string]string{"exists": "appear", "stable": "appear and stop changing", "changed": "change", "gone": "go away"}

// sight is what a look at a file showed.
type sight struct {
	size     int64
	modified time.Time
}

func waitFor(ctx context.Context, env *node.Env, in waitIn) (waitOut, error) {
	w := &waiter{env: env, in: in, since: map[string]time.Time{}}
	var err error
	if w.before, err = w.look(ctx); err != nil {
		return waitOut{}, err
	}
	w.last = w.before
	events, stop := watch(env, in)
	defer stop()
	var timeout <-chan time.Time
	if in.Timeout > 0 {
		t := time.NewTimer(in.Timeout)
		defer t.Stop()
		timeout = t.C
	}
	for {
		out, next, err := w.check(ctx)
		if err != nil || out.Reached {
			return out, err
		}
		poll := time.NewTimer(min(next, in.PollInterval))
		select {
		case <-poll.C:
		case <-events:
		case <-ctx.Done():
			poll.Stop()
			return waitOut{}, ctx.Err()
		case <-timeout:
			poll.Stop()
			if in.OnTimeout == "continue" {
				return waitOut{}, nil
			}
			what := in.Path
			if in.Pattern != "" {
				what = "a file " + in.Pattern + " in " + in.Path
			}
			return waitOut{}, node.Fail(node.KindTimeout, fmt.Sprintf("waited %s for %s to %s", in.Timeout, what, verbs[in.State]), "raise timeout, or set on_timeout to continue")
		}
		poll.Stop()
	}
}

type waiter struct {
	env          *node.Env
	in           waitIn
	before, last map[string]sight     // by absolute path
	since        map[string]time.Time // when a file was first seen as it is now
}

// look returns the files that match now.
func (w *waiter) look(ctx context.Context) (map[string]sight, error) {
	seen := map[string]sight{}
	add := func(path string, size int64, modified time.Time) {
		if size >= int64(w.in.MinSize) {
			seen[path] = sight{size, modified}
		}
	}
	if w.in.Pattern == "" {
		info, err := w.env.Files.Stat(w.in.Path)
		switch {
		case err == nil:
			add(absolute(w.env, w.in.Path), info.Size(), info.ModTime())
		case !errors.Is(err, fs.ErrNotExist):
			return nil, tell(err, "waiting for "+w.in.Path, w.in.Path)
		}
		return seen, nil
	}
	f := filter{Pattern: []string{w.in.Pattern}, Hidden: true}
	err := f.find(ctx, w.env, w.in.Path, "file", func(e entry) error {
		add(e.path, e.size, e.modified)
		return nil
	})
	var fail *node.Failure
	if errors.As(err, &fail) && fail.Kind == node.KindNotFound {
		return seen, nil // the folder may still come
	}
	return seen, err
}

// check looks once. It tells when to look again at the latest.
func (w *waiter) check(ctx context.Context) (out waitOut, next time.Duration, err error) {
	now := w.env.Now()
	seen, err := w.look(ctx)
	if err != nil {
		return out, 0, err
	}
	next = w.in.PollInterval
	if w.in.State == "gone" {
		return waitOut{Reached: len(seen) == 0}, next, nil
	}
	best := ""
	for path, s := range seen {
		if last, ok := w.last[path]; !ok || last != s || w.since[path].IsZero() {
			w.since[path] = now
		}
		old, was := w.before[path]
		if (w.in.State == "changed" || w.in.IgnoreOld) && was && old == s {
			continue
		}
		if w.in.State == "stable" {
			if left := w.in.StableFor - now.Sub(w.since[path]); left > 0 {
				next = min(next, left)
				continue
			}
		}
		// Of several, the one changed last; then by name, so that it is certain.
		if best == "" || s.modified.After(seen[best].modified) || s.modified.Equal(seen[best].modified) && path > best {
			best = path
		}
	}
	w.last = seen
	if best == "" {
		return waitOut{}, max(next, time.Millisecond), nil
	}
	return waitOut{Reached: true, Path: best, Size: int(seen[best].size), Modified: stamp(seen[best].modified)}, 0, nil
}

// watch reports changes near the path. Where the system cannot watch, or the
// folder does not exist yet, it reports nothing and polling does the work.
func watch(env *node.Env, in waitIn) (events <-chan struct{}, stop func()) {
	folder := in.Path
	if in.Pattern == "" {
		folder = filepath.Dir(absolute(env, in.Path))
	}
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, func() {}
	}
	if err := w.Add(absolute(env, folder)); err != nil {
		_ = w.Close()
		return nil, func() {}
	}
	ch, done := make(chan struct{}, 1), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case _, ok := <-w.Events:
				if !ok {
					return
				}
			case _, ok := <-w.Errors:
				if !ok {
					return
				}
			}
			select {
			case ch <- struct{}{}:
			default: // one is waiting already
			}
		}
	}()
	return ch, func() {
		_ = w.Close()
		<-done
	}
}
