package remote

import (
	"context"
	"path"

	"github.com/aether-rpa/aether/node"
)

// Delete are the params of deleting a file.
type Delete struct {
	Path      string `json:"path" is:"required" doc:"File on the server."`
	MustExist bool   `json:"must_exist" doc:"Fail if there is no such file."`
}

// Effect is once if a second time would fail.
func (d Delete) Effect() node.Effect { return removing(d.MustExist) }

func removing(mustExist bool) node.Effect {
	if mustExist {
		return node.Once
	}
	return node.Idempotent
}

// Deleted are the outputs of deleting.
type Deleted struct {
	Deleted bool `json:"deleted" doc:"True if it was there and is deleted now."`
}

// Do deletes the file.
func (d Delete) Do(ctx context.Context, _ *node.Env, open Opener) (Deleted, error) {
	return Use(ctx, open, func(s Server) (Deleted, error) {
		at := s.Abs(d.Path)
		if err := notRoot(at); err != nil {
			return Deleted{}, err
		}
		err := s.Remove(at)
		switch {
		case err == nil:
			return Deleted{true}, nil
		case NotFound(err) && !d.MustExist:
			return Deleted{}, nil
		case refused(err) && !NotFound(err):
			// Many servers say no more than that it failed.
			e, serr := stat(s, at)
			switch {
			case serr == nil && e == nil && !d.MustExist:
				return Deleted{}, nil
			case serr == nil && e == nil:
				return Deleted{}, Fail(node.KindNotFound, "check the path", "there is no %s on the server", at)
			case serr == nil && e.IsFolder():
				return Deleted{}, input("remove folders with remove_folder", "%s is a folder on the server", at)
			}
		}
		return Deleted{}, err
	})
}

// MakeFolder are the params of making a folder.
type MakeFolder struct {
	Path    string `json:"path" is:"required" doc:"Folder on the server."`
	Parents bool   `json:"parents" default:"true" doc:"Make the folders above it too if they are missing."`
}

// Made are the outputs of making a folder.
type Made struct {
	Path    string `json:"path" doc:"Absolute path of the folder on the server."`
	Created bool   `json:"created" doc:"False if the folder was there already."`
}

// Do makes the folder.
func (m MakeFolder) Do(ctx context.Context, _ *node.Env, open Opener) (Made, error) {
	return Use(ctx, open, func(s Server) (out Made, err error) {
		out.Path = s.Abs(m.Path)
		if !m.Parents && out.Path != "/" {
			up, err := stat(s, path.Dir(out.Path))
			if err != nil {
				return out, err
			}
			if up == nil {
				return out, Fail(node.KindNotFound, "set parents to make the folders above it too", "the folder %s is not on the server", path.Dir(out.Path))
			}
		}
		out.Created, err = makeAll(s, out.Path)
		return out, err
	})
}

// RemoveFolder are the params of removing a folder.
type RemoveFolder struct {
	Path       string `json:"path" is:"required" doc:"Folder on the server."`
	Recursive  bool   `json:"recursive" doc:"Delete all that is in it too. Links are deleted, not what they lead to. Without it only an empty folder is removed."`
	MustExist  bool   `json:"must_exist" doc:"Fail if there is no such folder."`
	MaxEntries int    `json:"max_entries" default:"100000" min:"1" is:"advanced" doc:"Fail, part of the work done, when there are more files and folders in it than this."`
}

// Effect is once if a second time would fail.
func (r RemoveFolder) Effect() node.Effect { return removing(r.MustExist) }

// Removed are the outputs of removing a folder.
type Removed struct {
	Removed bool `json:"removed" doc:"True if the folder was there and is removed now."`
	Files   int  `json:"files" doc:"How many files and links in it were deleted."`
	Folders int  `json:"folders" doc:"How many folders were removed, itself among them."`
}

// Do removes the folder.
func (r RemoveFolder) Do(ctx context.Context, env *node.Env, open Opener) (Removed, error) {
	return Use(ctx, open, func(s Server) (out Removed, err error) {
		at := s.Abs(r.Path)
		if err := notRoot(at); err != nil {
			return out, err
		}
		e, err := stat(s, at)
		if err != nil {
			return out, err
		}
		if e == nil {
			if r.MustExist {
				return out, Fail(node.KindNotFound, "check the path", "there is no folder %s on the server", at)
			}
			return out, nil
		}
		if !e.IsFolder() {
			return out, input("delete files with delete", "%s is not a folder", at)
		}
		w := &walk{ctx: ctx, s: s, filter: Filter{Hidden: true}, most: r.MaxEntries}
		if !r.Recursive {
			err := s.RemoveFolder(at)
			if refused(err) {
				if list, lerr := w.entries(at); lerr == nil && len(list) > 0 {
					return out, input("set recursive to delete what is in it", "the folder %s is not empty", at)
				}
			}
			out.Removed, out.Folders = err == nil, 1
			return out, err
		}
		c := &clearing{walk: w, env: env}
		err = c.folder(at, 1)
		out.Files, out.Folders, out.Removed = c.files, c.folders, err == nil
		return out, err
	})
}

// clearing removes a folder with all in it.
type clearing struct {
	*walk
	env            *node.Env
	files, folders int
}

func (c *clearing) folder(dir string, level int) error {
	if level > deepest {
		return Fail(node.KindError, "remove the folders inside it first", "%s lies more than %d folders deep", dir, deepest)
	}
	list, err := c.entries(dir)
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		if e.IsFolder() {
			err = c.folder(e.Path, level+1)
		} else {
			err = c.s.Remove(e.Path)
			c.files++
		}
		if err != nil && !NotFound(err) { // somebody else may be clearing up too
			return err
		}
		c.env.Progress("deleting in "+dir, c.files+c.folders, 0)
	}
	err = c.s.RemoveFolder(dir)
	if err == nil {
		c.folders++
	}
	return err
}

// Move are the params of moving or renaming.
type Move struct {
	From        string `json:"from" is:"required" doc:"File or folder on the server."`
	To          string `json:"to" is:"required" doc:"New path on the server. A folder that exists, or a path with / at its end, receives it under its name."`
	IfExists    string `json:"if_exists" default:"error" enum:"error,overwrite,skip" doc:"What to do when a file is there already: fail, replace it, or do nothing. A folder is never replaced."`
	MakeFolders bool   `json:"make_folders" default:"true" doc:"Make folders that are missing on the server."`
}

// Moved are the outputs of moving.
type Moved struct {
	Path   string `json:"path" doc:"Absolute path of the target on the server."`
	Action string `json:"action" doc:"What was done: created, overwritten or skipped."`
}

// Do moves.
func (m Move) Do(ctx context.Context, _ *node.Env, open Opener) (Moved, error) {
	return Use(ctx, open, func(s Server) (out Moved, err error) {
		from := s.Abs(m.From)
		if err := notRoot(from); err != nil {
			return out, err
		}
		out = Moved{Path: s.Abs(m.To), Action: created}
		old, err := stat(s, out.Path)
		if err != nil {
			return out, err
		}
		if out.Path != from && (old != nil && old.IsFolder() || len(m.To) > 1 && m.To[len(m.To)-1] == '/') {
			out.Path = join(out.Path, path.Base(from))
			if old, err = stat(s, out.Path); err != nil {
				return out, err
			}
		}
		if out.Path == from {
			out.Action = skipped
			_, err := s.Stat(from)
			return out, err
		}
		switch {
		case old != nil && old.IsFolder():
			return out, input("choose another name", "the folder %s is there already", out.Path)
		case old != nil && m.IfExists == ifSkip:
			out.Action = skipped
			return out, nil
		case old != nil && m.IfExists != ifOverwrite:
			return out, input("choose another name, or set if_exists", "%s exists already", out.Path)
		case old != nil:
			out.Action = overwritten
			// A server that does not replace would lose the target before it
			// says that there is no source.
			if _, err := s.Stat(from); err != nil {
				return out, err
			}
			return out, replace(s, from, out.Path, true)
		case m.MakeFolders:
			if _, err := makeAll(s, path.Dir(out.Path)); err != nil {
				return out, err
			}
		}
		err = s.Rename(from, out.Path)
		if refused(err) && !NotFound(err) {
			if e, serr := stat(s, from); serr == nil && e == nil {
				return out, Fail(node.KindNotFound, "check the path", "there is no %s on the server", from)
			}
		}
		return out, err
	})
}
