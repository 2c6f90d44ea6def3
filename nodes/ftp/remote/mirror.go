package remote

import (
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

// Mirroring are the params that both directions of mirroring share.
type Mirroring struct {
	Filter
	Recursive   bool   `json:"recursive" default:"true" doc:"Take the folders below too."`
	DeleteExtra bool   `json:"delete_extra" doc:"Delete files and folders in the target that are not in the source, so that both are the same. What the patterns leave out is left alone."`
	Links       string `json:"links" default:"skip" enum:"skip,follow" doc:"What to do with links: leave them out, or take what they lead to."`
	OnError     string `json:"on_error" default:"fail" enum:"fail,continue" doc:"What to do when a file cannot be transferred: fail at once, or go on and list it in failed. A lost connection fails in any case."`
	MaxEntries  int    `json:"max_entries" default:"1000000" min:"1" is:"advanced" doc:"Fail, part of the work done, when there are more files and folders than this."`
}

// Mirrored are the outputs of mirroring a folder.
type Mirrored struct {
	Path    string     `json:"path" doc:"Absolute path of the target folder."`
	Items   value.Rows `json:"items" doc:"The files, in order of paths: relative (path below the folder), path (of the target), action (created, overwritten or skipped) and size (bytes)."`
	Files   int        `json:"files" doc:"How many files were transferred."`
	Skipped int        `json:"skipped" doc:"How many files, links and special files were left as they are."`
	Deleted int        `json:"deleted" doc:"How many files and folders of the target were deleted."`
	Size    int        `json:"size" doc:"How many bytes the files transferred have."`
	Failed  value.Rows `json:"failed" doc:"Files that could not be transferred: relative and error. Empty unless on_error is continue."`
}

// MirrorDoc describes what both directions do.
const MirrorDoc = "With if_exists newer only what has changed is transferred, and with delete_extra the target becomes the same as the source. " +
	"When the node fails, the files that were complete stay."

// mirror is one run of mirroring.
type mirror struct {
	rules  Mirroring
	ctx    context.Context
	env    *node.Env
	s      Server
	out    *Mirrored
	yield  func(any) bool
	failed []any
	seen   int
}

// mostFailed bounds the list of failed files, which is held in memory.
const mostFailed = 10_000

// run collects the rows that work yields.
func (m *mirror) run(work func() error) error {
	var err error
	m.out.Items, err = m.env.Rows(m.ctx, func(yield func(any) bool) error {
		m.yield = yield
		err := work()
		if errors.Is(err, errEnough) {
			return nil // the store failed, and Rows knows why
		}
		return err
	})
	if err != nil {
		return err
	}
	if m.failed == nil {
		m.failed = []any{}
	}
	m.out.Failed = value.RowsOf(m.failed)
	return nil
}

// done notes a file.
func (m *mirror) done(rel, target, action string, size int) error {
	if action == skipped {
		m.out.Skipped++
	} else {
		m.out.Files++
		m.out.Size += size
	}
	m.env.Progress(rel, m.out.Files+m.out.Skipped, 0)
	if !m.yield(map[string]any{"relative": rel, "path": target, "action": action, "size": size}) {
		return errEnough
	}
	return nil
}

// fail notes a file that could not be transferred, or ends the run.
func (m *mirror) fail(rel string, err error) error {
	if m.rules.OnError != "continue" || Lost(err) || m.ctx.Err() != nil {
		return err
	}
	if len(m.failed) >= mostFailed {
		return Fail(node.KindError, "look at what they have in common", "more than %d files could not be transferred, the last because: %v", mostFailed, err)
	}
	m.failed = append(m.failed, map[string]any{"relative": rel, "error": node.AsFailure(err).Message})
	return nil
}

// enter counts an entry.
func (m *mirror) enter() error {
	if m.seen++; m.seen > m.rules.MaxEntries {
		return Fail(node.KindError, "raise max_entries", "there are more than %d files and folders", m.rules.MaxEntries)
	}
	return m.ctx.Err()
}

func tooDeep(dir string) error {
	return Fail(node.KindError, "links may lead in a circle: set links to skip, or exclude the folder", "%s lies more than %d folders deep", dir, deepest)
}

func sortedNames(m map[string]*Entry) []string { return slices.Sorted(maps.Keys(m)) }
