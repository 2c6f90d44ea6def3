package file

import (
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/workspace"
)

// entry is one file or folder of a listing.
type entry struct {
	path, rel string // absolute; relative to the folder listed, with slashes
	kind      string // file, folder, link (that leads nowhere) or other
	size      int64
	modified  time.Time
}

func (e entry) name() string { return path.Base(e.rel) }

func (e entry) value() map[string]any {
	stem, ext := splitName(e.name())
	return map[string]any{
		"path": e.path, "relative": e.rel, "name": e.name(), "stem": stem, "extension": strings.ToLower(ext),
		"kind": e.kind, "size": int(e.size), "modified": stamp(e.modified),
	}
}

func kindOf(mode fs.FileMode) string {
	switch {
	case mode.IsRegular():
		return "file"
	case mode.IsDir():
		return "folder"
	case mode&fs.ModeSymlink != 0:
		return "link"
	}
	return "other"
}

// entryOf describes what a walk came across. Links are described as what they
// lead to, if the flow may see that.
func entryOf(env *node.Env, folder, rel string, d fs.DirEntry) (entry, error) {
	e := entry{rel: rel, path: filepath.Join(folder, filepath.FromSlash(rel))}
	info, err := d.Info()
	if err != nil {
		return e, err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		if to, err := env.Files.Stat(e.path); err == nil {
			info = to
		}
	}
	e.kind, e.size, e.modified = kindOf(info.Mode()), info.Size(), info.ModTime()
	if e.kind != "file" {
		e.size = 0
	}
	return e, nil
}

// hidden reports whether a name is one that listings usually leave out.
func hidden(name string) bool { return strings.HasPrefix(name, ".") && name != "." }

// leftOut reports whether a name is never listed: unfinished writes of ours.
func leftOut(name string) bool { return workspace.IsTemp(name) }
