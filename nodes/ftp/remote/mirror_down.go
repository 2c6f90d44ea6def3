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

// DownloadFolder are the params of fetching a folder.
type DownloadFolder struct {
	From string `json:"from" is:"required" doc:"Folder on the server."`
	To   string `json:"to" is:"required" widget:"folder" doc:"Local folder that receives what is in it. Missing folders are made."`
	Mirroring
	Receiving
	Text bool `json:"-"`
}

// Do fetches the folder.
func (d DownloadFolder) Do(ctx context.Context, env *node.Env, open Opener) (Mirrored, error) {
	if err := d.Filter.Check(); err != nil {
		return Mirrored{}, err
	}
	return Use(ctx, open, func(s Server) (out Mirrored, err error) {
		from := s.Abs(d.From)
		e, err := s.Stat(from)
		if err != nil && !Unsupported(err) {
			return out, err
		}
		if err == nil && !e.IsFolder() {
			return out, input("fetch files with download", "%s is not a folder on the server", from)
		}
		if err := env.Files.MkdirAll(d.To); err != nil {
			return out, local(err, "making the folder "+d.To)
		}
		if out.Path, err = env.Files.Abs(d.To); err != nil {
			return out, err
		}
		down := &downFolder{DownloadFolder: d, mirror: &mirror{rules: d.Mirroring, ctx: ctx, env: env, s: s, out: &out}}
		down.list = &walk{ctx: ctx, s: s, most: d.MaxEntries}
		err = down.run(func() error { return down.folder(from, "", 1) })
		return out, err
	})
}

type downFolder struct {
	DownloadFolder
	*mirror
	list *walk
}

func (d *downFolder) folder(from, rel string, level int) error {
	if level > deepest {
		return tooDeep(from)
	}
	entries, err := d.list.entries(from)
	if err != nil {
		return err
	}
	to := filepath.Join(d.To, filepath.FromSlash(rel))
	there := map[string]bool{}
	for _, e := range entries {
		there[e.Name] = true
		if err := d.enter(); err != nil {
			return err
		}
		at := path.Join(rel, e.Name)
		if d.Filter.leavesOut(at) || workspace.IsTemp(e.Name) {
			continue
		}
		if e.Kind == Link && d.Links == "follow" {
			target, err := d.s.Stat(e.Path)
			if err != nil {
				if err := d.mirror.fail(at, err); err != nil {
					return err
				}
				continue
			}
			target.Name, target.Path = e.Name, e.Path
			e = target
		}
		switch e.Kind {
		case Folder:
			err = d.subfolder(e, at, level)
		case File:
			err = d.file(e, at)
		default:
			d.out.Skipped++
		}
		if err != nil {
			return err
		}
	}
	if d.DeleteExtra {
		return d.clear(to, rel, there)
	}
	return nil
}

func (d *downFolder) subfolder(e Entry, rel string, level int) error {
	if !d.Recursive {
		return nil
	}
	// With patterns only those folders are made that get a file.
	if len(d.Filter.Pattern) == 0 {
		if err := d.env.Files.MkdirAll(filepath.Join(d.To, filepath.FromSlash(rel))); err != nil {
			return local(err, "making the folder "+rel)
		}
	}
	return d.folder(e.Path, rel, level+1)
}

func (d *downFolder) file(e Entry, rel string) error {
	if !d.Filter.wants(rel) {
		return nil
	}
	one := Download{From: e.Path, Receiving: d.Receiving, Text: d.Text}
	to := filepath.Join(d.To, filepath.FromSlash(rel))
	out, err := one.receive(d.ctx, d.env, d.s, e, to)
	if err != nil {
		return d.mirror.fail(rel, err)
	}
	return d.done(rel, out.Path, out.Action, out.Size)
}

// clear deletes what the local folder has and the one on the server has not.
func (d *downFolder) clear(dir, rel string, there map[string]bool) error {
	fsys, closer, err := d.env.Files.FS(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return local(err, "listing "+dir)
	}
	list, err := fs.ReadDir(fsys, ".")
	_ = closer.Close() // only read from
	if err != nil {
		return local(err, "listing "+dir)
	}
	for _, e := range list {
		at := path.Join(rel, e.Name())
		if there[e.Name()] || workspace.IsTemp(e.Name()) || d.Filter.leavesOut(at) || !d.Filter.wants(at) {
			continue
		}
		if e.IsDir() && (!d.Recursive || len(d.Filter.Pattern) > 0) {
			continue
		}
		if err := d.env.Files.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return local(err, "deleting "+at)
		}
		d.out.Deleted++
	}
	return nil
}
