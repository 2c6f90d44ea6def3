package robot

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aether-rpa/aether/internal/leftover"
)

// EventLeftBehind is the kind of an event that says what a run, or a process
// that executed it and was killed, left behind, and that it was removed.
const EventLeftBehind = "left_behind"

// SharedRun begins the names, in place of a run's id, under which a process has
// work folders and programs that serve many runs. Nobody goes on with them when
// the process is gone.
const SharedRun = "_shared-"

// sweepTime bounds how long looking for what is left may hold up a robot.
const sweepTime = 30 * time.Second

// Sweep removes what runs of killed processes left on this machine and nobody
// will use again, and returns what it found. A robot calls it when it starts.
func (r *Robot) Sweep(ctx context.Context) []leftover.Leak {
	return append(r.sweepPrograms(ctx), r.SweepFolders(ctx)...)
}

// sweepPrograms is the part of Sweep that looks at programs.
func (r *Robot) sweepPrograms(ctx context.Context) []leftover.Leak {
	ctx, cancel := context.WithTimeout(ctx, sweepTime)
	defer cancel()
	list, err := r.Work.SweepPrograms(ctx)
	return r.swept(ctx, list, err)
}

// SweepFolders is the part of Sweep that looks at folders: it costs nothing
// where there is nothing.
func (r *Robot) SweepFolders(ctx context.Context) []leftover.Leak {
	ctx, cancel := context.WithTimeout(ctx, sweepTime)
	defer cancel()
	list, err := r.Work.SweepFolders(ctx, r.over(ctx))
	return r.swept(ctx, list, err)
}

// over tells which runs have ended.
func (r *Robot) over(ctx context.Context) func(id string) bool {
	return func(id string) bool {
		if strings.HasPrefix(id, SharedRun) {
			return true
		}
		rn, err := r.Runs.Get(ctx, id)
		return err == nil && rn.ID == id && rn.Status.Final()
	}
}

func (r *Robot) swept(ctx context.Context, list []leftover.Leak, err error) []leftover.Leak {
	if err != nil && ctx.Err() == nil {
		r.Log.Warn("removing what killed processes left behind", "err", err)
	}
	for _, l := range list {
		r.Log.Warn("a run had left something behind; it was removed", "run", l.Run, "what", l.What, "where", l.Where, "files", l.Files, "bytes", l.Bytes)
	}
	return list
}

// noteLeaks tells watchers of a run what was left behind of it.
func (h *host) noteLeaks(list []leftover.Leak) {
	for _, l := range list {
		h.note(EventLeftBehind, map[string]any{"text": "removed " + l.String(), "what": l.What, "where": l.Where, "files": l.Files, "bytes": l.Bytes})
	}
}

// tempDir makes the run's folder on first use, or takes the one that an earlier
// execution had here.
func (h *host) tempDir() (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.temp == nil {
		f, err := h.robot.Work.Open(h.run.ID)
		if err != nil {
			return "", err
		}
		h.temp = f
	}
	return h.temp.Path, nil
}

// endPrograms ends the programs of the execution that were not ended with the
// node that started them. Those need a folder of the run, as browsers do for
// their profile; so other runs are not held up by a look at all processes.
func (h *host) endPrograms() {
	h.mu.Lock()
	used := h.temp != nil
	h.mu.Unlock()
	if !used {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(h.ctx), sweepTime)
	defer cancel()
	left, err := h.robot.Work.EndPrograms(ctx, h.run.ID)
	if err != nil {
		h.robot.Log.Warn("ending the programs of the run", "run", h.run.ID, "err", err)
	}
	for _, l := range left {
		h.robot.Log.Warn("a run had left a program behind; it was ended", "run", l.Run, "where", l.Where)
	}
	h.noteLeaks(left)
}

// leaveFolder removes the folder of a run that has ended. Any other run goes on
// with its files.
func (h *host) leaveFolder(ended bool) {
	h.mu.Lock()
	f := h.temp
	h.temp = nil
	h.mu.Unlock()
	var err error
	switch {
	case f != nil && ended:
		err = f.Remove()
	case f != nil:
		err = f.Leave()
	}
	if ended && h.run.Resumes > 0 {
		// What an earlier execution had, and this one did not need.
		err = errors.Join(err, h.robot.Work.Forget(h.run.ID))
	}
	if err != nil {
		h.robot.Log.Warn("leaving the run's folder", "run", h.run.ID, "err", err)
	}
}
