package file

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[copyIn, copyOut]{
		Type:     "file.copy",
		Title:    "Copy file or folder",
		Doc:      "Copies a file, or a folder with all in it. A target that ends with / or is an existing folder receives a file under its name; a folder becomes the target itself unless the target ends with /. Files are written in one step each. Overwriting a folder merges: files that only the target has stay. Links to folders are left out.",
		Effect:   node.Once,
		EffectOf: func(in copyIn) node.Effect { return in.effect() },
		Examples: []node.Example[copyIn, copyOut]{{
			Title: "Copy a file into a folder",
			Files: map[string]string{"a.txt": "hello", "archive/x": ""},
			In:    copyIn{From: "a.txt", To: "archive"},
			Check: did(created, "a.txt"),
		}, {
			Title: "Keep both when the name is taken",
			Files: map[string]string{"a.txt": "new", "b.txt": "old"},
			In:    copyIn{From: "a.txt", To: "b.txt", existing: existing{IfExists: "rename"}},
			Check: did(renamed, "b (2).txt"),
		}},
		Run: copyNode,
	})
	node.Register(node.Spec[moveIn, copyOut]{
		Type:   "file.move",
		Title:  "Move file or folder",
		Doc:    "Moves a file or folder to another place or name. A target that ends with / or is an existing folder receives a file under its name. Between disks the content is copied, synced and then removed at the old place. A folder can take the place of another only if that one does not exist.",
		Effect: node.Once,
		Examples: []node.Example[moveIn, copyOut]{{
			Title: "Put a file away",
			Files: map[string]string{"in/a.pdf": "x"},
			In:    moveIn{From: "in/a.pdf", To: "done/"},
			Check: did(created, "a.pdf"),
		}, {
			Title: "Replace a file",
			Files: map[string]string{"a.txt": "new", "b.txt": "old"},
			In:    moveIn{From: "a.txt", To: "b.txt", existing: existing{IfExists: "overwrite"}},
			Check: did(overwritten, "b.txt"),
		}},
		Run: move,
	})
	node.Register(node.Spec[renameIn, copyOut]{
		Type:   "file.rename",
		Title:  "Rename file or folder",
		Doc:    "Gives a file or folder another name in the same folder.",
		Effect: node.Once,
		Examples: []node.Example[renameIn, copyOut]{{
			Title: "Rename a file",
			Files: map[string]string{"in/a.txt": "x"},
			In:    renameIn{Path: "in/a.txt", Name: "b.txt"},
			Check: did(created, "b.txt"),
		}, {
			Title: "Change the name only, keep the extension",
			Files: map[string]string{"in/a.txt": "x"},
			In:    renameIn{Path: "in/a.txt", Name: "b", KeepExtension: true},
			Check: did(created, "b.txt"),
		}},
		Check: func(in renameIn) error { return plainName(in.Name) },
		Run:   rename,
	})
}

func did(action, name string) func(copyOut) error {
	return func(o copyOut) error {
		if o.Action != action || filepath.Base(o.Path) != name || o.Files != 1 {
			return fmt.Errorf("got %+v", o)
		}
		return nil
	}
}

type copyIn struct {
	From string `json:"from" is:"required" widget:"file" doc:"File or folder to copy."`
	To   string `json:"to" is:"required" widget:"file" doc:"Where to copy it. Folders that are missing are made."`
	existing
	PreserveTimes bool `json:"preserve_times" default:"true" is:"advanced" doc:"Give copies the time of change of the originals."`
}

type copyOut struct {
	Path    string `json:"path" doc:"Absolute path of the target."`
	Action  string `json:"action" doc:"What was done: created, overwritten, skipped or renamed (another name was taken)."`
	Files   int    `json:"files" doc:"How many files were copied or moved. A folder moved in one step counts as one."`
	Size    int    `json:"size" doc:"How many bytes were copied; 0 if the move needed no copy."`
	Skipped int    `json:"skipped" doc:"How many links and special files inside a folder were left out."`
}

func copyNode(ctx context.Context, env *node.Env, in copyIn) (copyOut, error) {
	info, err := env.Files.Stat(in.From)
	if err != nil {
		return copyOut{}, tell(err, "copying "+in.From, in.From)
	}
	to, action, err := in.target(env, in.From, in.To, info.IsDir())
	if err != nil {
		return copyOut{}, err
	}
	out := copyOut{Path: absolute(env, to), Action: action}
	if action == skipped {
		return out, nil
	}
	if !info.IsDir() {
		size, err := copyFile(ctx, env, in.From, to, in.PreserveTimes)
		out.Files, out.Size = 1, int(size)
		return out, err
	}
	n, err := copyTree(ctx, env, in.From, to, in.PreserveTimes)
	out.Files, out.Size, out.Skipped = n.files, int(n.size), n.links
	return out, err
}

type moveIn struct {
	From string `json:"from" is:"required" widget:"file" doc:"File or folder to move."`
	To   string `json:"to" is:"required" widget:"file" doc:"Where to move it. Folders that are missing are made."`
	existing
}

func move(ctx context.Context, env *node.Env, in moveIn) (copyOut, error) {
	info, err := env.Files.Stat(in.From)
	if err != nil {
		return copyOut{}, tell(err, "moving "+in.From, in.From)
	}
	to, action, err := in.target(env, in.From, in.To, info.IsDir())
	if err != nil {
		return copyOut{}, err
	}
	if info.IsDir() && action == overwritten {
		return copyOut{}, input("copy it with file.copy, which merges, or delete the target first", "the folder %s is there already", to)
	}
	out := copyOut{Path: absolute(env, to), Action: action}
	if action == skipped {
		return out, nil
	}
	if err := env.Files.MkdirAll(filepath.Dir(to)); err != nil {
		return copyOut{}, tell(err, "moving "+in.From, to)
	}
	err = env.Files.Rename(in.From, to)
	if !errors.Is(err, errors.ErrUnsupported) {
		out.Files = 1
		out.Path = absolute(env, to)
		return out, tell(err, "moving "+in.From+" to "+to, in.From)
	}
	if !info.IsDir() {
		size, err := copyFile(ctx, env, in.From, to, true)
		if err != nil {
			return copyOut{}, err
		}
		out.Files, out.Size = 1, int(size)
		return out, tell(env.Files.Remove(in.From), "removing "+in.From+" after copying it", in.From)
	}
	n, err := copyTree(ctx, env, in.From, to, true)
	if err != nil {
		return copyOut{}, err
	}
	if n.links > 0 {
		return copyOut{}, input("copy what is needed with file.copy and delete the folder", "%s was copied but not removed: it holds %d links or special files that cannot be copied to another disk", in.From, n.links)
	}
	out.Files, out.Size = n.files, int(n.size)
	return out, tell(env.Files.RemoveAll(in.From), "removing "+in.From+" after copying it", in.From)
}

type renameIn struct {
	Path          string `json:"path" is:"required" widget:"file" doc:"File or folder to rename."`
	Name          string `json:"name" is:"required" doc:"New name, without a folder."`
	KeepExtension bool   `json:"keep_extension" doc:"Keep the extension of a file: name is the part before it."`
	existing
}

func plainName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\\x00") {
		return input("use file.move to move to another folder", "%q is not a plain file name", name)
	}
	return nil
}

func rename(ctx context.Context, env *node.Env, in renameIn) (copyOut, error) {
	if err := plainName(in.Name); err != nil {
		return copyOut{}, err
	}
	info, err := env.Files.Stat(in.Path)
	if err != nil {
		return copyOut{}, tell(err, "renaming "+in.Path, in.Path)
	}
	name := in.Name
	if in.KeepExtension && !info.IsDir() {
		_, ext := splitName(filepath.Base(in.Path))
		name += ext
	}
	to := filepath.Join(filepath.Dir(in.Path), name)
	if other, err := env.Files.Stat(to); err == nil && other.IsDir() && !info.IsDir() {
		return copyOut{}, input("choose another name", "%s is a folder", to)
	}
	return move(ctx, env, moveIn{From: in.Path, To: to, existing: in.existing})
}
