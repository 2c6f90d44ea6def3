package remote

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"path/filepath"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/workspace"
)

// UploadFolder are the params of sending a folder.
type UploadFolder struct {
	From string `json:"from" is:"required" widget:"folder" doc:"Local folder."`
	To   string `json:"to" is:"required" doc:"Folder on the server that receives what is in it. It is made if it is not there."`
	Mirroring
	Sending
	Text bool         `json:"-"`
	Mode *fs.FileMode `json:"-"`
}

// Do sends the folder.
func (u UploadFolder) Do(ctx context.Context, env *node.Env, open Opener) (Mirrored, error) {
	if err := errors.Join(u.Filter.Check(), u.Sending.Check()); err != nil {
		return Mirrored{}, err
	}
	fsys, closer, err := env.Files.FS(u.From)
	if err != nil {
		return Mirrored{}, local(err, "opening the folder "+u.From)
	}
	defer closer.Close()
	if info, err := fs.Stat(fsys, "."); err != nil || !info.IsDir() {
		return Mirrored{}, input("send files with upload", "%s is not a folder", u.From)
	}
	return Use(ctx, open, func(s Server) (out Mirrored, err error) {
		out.Path = s.Abs(u.To)
		if _, err := makeAll(s, out.Path); err != nil {
			return out, err
		}
		up := &upFolder{UploadFolder: u, fsys: fsys, mirror: &mirror{rules: u.Mirroring, ctx: ctx, env: env, s: s, out: &out}}
		up.list = &walk{ctx: ctx, s: s, most: u.MaxEntries}
		err = up.run(func() error { return up.folder("", 1) })
		return out, err
	})
}

type upFolder struct {
	UploadFolder
	*mirror
	fsys fs.FS
	list *walk
}

func (u *upFolder) folder(rel string, level int) error {
	if level > deepest {
		return tooDeep(rel)
	}
	inner := rel
	if inner == "" {
		inner = "."
	}
	list, err := fs.ReadDir(u.fsys, inner)
	if err != nil {
		return local(err, "listing "+filepath.Join(u.From, filepath.FromSlash(rel)))
	}
	to := path.Join(u.out.Path, rel)
	remote, err := u.remote(to)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, e := range list {
		at := path.Join(rel, e.Name())
		if err := u.enter(); err != nil {
			return err
		}
		if workspace.IsTemp(e.Name()) {
			continue
		}
		there[e.Name()] = true
		if u.Filter.leavesOut(at) {
			continue
		}
		mode := e.Type()
		if mode&fs.ModeSymlink != 0 && u.Links == "follow" {
			info, err := fs.Stat(u.fsys, at)
			if err != nil {
				if err := u.mirror.fail(at, local(err, "following the link "+at)); err != nil {
					return err
				}
				continue
			}
			mode = info.Mode().Type()
		}
		switch {
		case mode.IsDir():
			err = u.subfolder(at, remote[e.Name()], level)
		case mode.IsRegular():
			err = u.file(at, remote[e.Name()])
		default:
			u.out.Skipped++
		}
		if err != nil {
			return err
		}
	}
	if u.DeleteExtra {
		return u.clear(rel, remote, there)
	}
	return nil
}

// remote returns what the folder on the server holds, nothing if it is not
// there yet.
func (u *upFolder) remote(dir string) (map[string]*Entry, error) {
	if u.Filter.Pattern != nil {
		if e, err := stat(u.s, dir); err != nil || e == nil {
			return nil, err
		}
	}
	list, err := u.list.entries(dir)
	if NotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out := map[string]*Entry{}
	for _, e := range list {
		out[e.Name] = &e
	}
	return out, nil
}

func (u *upFolder) subfolder(rel string, old *Entry, level int) error {
	if !u.Recursive {
		return nil
	}
	dir := path.Join(u.out.Path, rel)
	// With patterns only those folders are made that get a file.
	if len(u.Filter.Pattern) == 0 && (old == nil || !old.IsFolder()) {
		if _, err := makeAll(u.s, dir); err != nil {
			return err
		}
	}
	return u.folder(rel, level+1)
}

func (u *upFolder) file(rel string, old *Entry) error {
	if !u.Filter.wants(rel) {
		return nil
	}
	from := filepath.Join(u.From, filepath.FromSlash(rel))
	src, err := openLocal(u.env, from)
	if err != nil {
		return u.mirror.fail(rel, err)
	}
	defer src.Close()
	to := path.Join(u.out.Path, rel)
	if old != nil && (old.Kind == Link || u.IfExists == ifNewer && !old.Exact) {
		if old, err = stat(u.s, to); err != nil {
			return u.mirror.fail(rel, err)
		}
	}
	one := Upload{From: from, Sending: u.Sending, Text: u.Text, Mode: u.Mode}
	// The folder is there already unless it waits for its first file.
	one.MakeFolders = len(u.Filter.Pattern) > 0
	out, err := one.send(u.ctx, u.env, u.s, src, to, old)
	if err != nil {
		return u.mirror.fail(rel, err)
	}
	return u.done(rel, out.Path, out.Action, out.Size)
}

// clear deletes what the folder on the server has and the local one has not.
func (u *upFolder) clear(rel string, remote map[string]*Entry, there map[string]bool) error {
	for _, name := range sortedNames(remote) {
		e := remote[name]
		at := path.Join(rel, name)
		if there[name] || workspace.IsTemp(name) || u.Filter.leavesOut(at) || !u.Filter.wants(at) {
			continue
		}
		if !e.IsFolder() {
			if err := u.s.Remove(e.Path); err != nil && !NotFound(err) {
				return err
			}
			u.out.Deleted++
			continue
		}
		if !u.Recursive || len(u.Filter.Pattern) > 0 {
			continue
		}
		c := &clearing{walk: &walk{ctx: u.ctx, s: u.s, filter: Filter{Hidden: true}, most: u.MaxEntries}, env: u.env}
		if err := c.folder(e.Path, 1); err != nil {
			return err
		}
		u.out.Deleted += c.files + c.folders
	}
	return nil
}
