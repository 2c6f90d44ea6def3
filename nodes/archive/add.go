package archive

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	node.Register(node.Spec[addIn, addOut]{
		Type: "archive.add", Title: "Add to zip", Effect: node.Idempotent,
		EffectOf: func(in addIn) node.Effect { return effect(in.IfExists) },
		Doc:      "Adds files and folders to a zip archive, or replaces those that are in it, and makes the archive if there is none. It is written anew beside the old one and takes its place in one step; what stays is copied without being unpacked.",
		Examples: []node.Example[addIn, addOut]{{
			Title: "Add a file, replace another", Files: map[string]string{"a.zip": sampleZip, "b.txt": "new", "c.txt": "c"},
			In: addIn{choice: choice{Paths: []string{"b.txt", "c.txt"}, To: "a.zip"}},
			Check: func(o addOut) error {
				if o.Added != 1 || o.Replaced != 1 || o.Files != 3 {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}, {
			Title: "Into a folder of the archive", Files: map[string]string{"a.zip": sampleZip, "b.txt": "new"},
			In: addIn{choice: choice{Paths: []string{"b.txt"}, To: "a.zip"}, Folder: "2026/01"},
			Check: func(o addOut) error {
				if o.Added != 1 || o.Replaced != 0 {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}},
		Run: add,
	})
}

type addIn struct {
	choice
	Folder     string       `json:"folder" doc:"Folder in the archive to put them into; its top when empty."`
	IfExists   string       `json:"if_exists" default:"replace" enum:"replace,skip,error" doc:"What to do with a file that is in the archive already."`
	Password   vault.Secret `json:"password" doc:"Password for what is added, as a secret: it is encrypted with AES-256. What is in the archive stays as it is."`
	Encoding   string       `json:"encoding" default:"auto" is:"advanced" doc:"How names in the archive that are not marked as Unicode are written; see archive.list."`
	MaxEntries int          `json:"max_entries" default:"100000" min:"1" group:"Limits" is:"advanced" doc:"Most files and folders in the archive."`
}

type addOut struct {
	Path     string `json:"path" doc:"Absolute path of the archive."`
	Size     int    `json:"size" doc:"Size of the archive in bytes."`
	Added    int    `json:"added" doc:"How many files are new in it."`
	Replaced int    `json:"replaced" doc:"How many files were replaced."`
	Skipped  int    `json:"skipped" doc:"How many files were there already and stayed."`
	Files    int    `json:"files" doc:"How many files are in it now."`
}

func add(ctx context.Context, env *node.Env, in addIn) (out addOut, err error) {
	all, err := in.members(ctx, env)
	if err != nil {
		return out, err
	}
	if in.Folder != "" {
		folder, err := safeName(strings.TrimSuffix(in.Folder, "/"))
		if err != nil {
			return out, input("give a path like reports/2026", "%q cannot be a folder in an archive", in.Folder)
		}
		for i := range all {
			all[i].name = path.Join(folder, all[i].name)
		}
	}
	var old []*zip.File
	var comment string
	var src *source
	if _, err := env.Files.Stat(in.To); !errors.Is(err, fs.ErrNotExist) {
		if src, err = openZipFile(ctx, env, in); err != nil {
			return out, err
		}
		defer src.Close()
		z, err := src.readZip()
		if err != nil {
			return out, err
		}
		old, comment = z.File, z.Comment
	}
	fresh := map[string]*member{}
	for i := range all {
		fresh[all[i].name] = &all[i]
	}
	keep, err := in.sort(src, old, fresh, &out)
	if err != nil {
		return addOut{}, err
	}
	out.Size, err = writeFile(env, in.To, func(w io.Writer) error {
		z := zip.NewWriter(w)
		deflater(z, in.Level)
		for _, f := range keep {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := z.Copy(f); err != nil {
				return damaged(f.Name)(err)
			}
			if !strings.HasSuffix(f.Name, "/") {
				out.Files++
			}
		}
		for _, m := range all {
			if fresh[m.name] == nil {
				continue
			}
			if err := zipMember(ctx, env, z, m, in.choice, in.Password); err != nil {
				return err
			}
			if !m.info.IsDir() {
				out.Files++
				env.Progress(m.name, out.Files, 0)
			}
		}
		return errors.Join(z.SetComment(comment), z.Close())
	})
	if err != nil {
		return addOut{}, err
	}
	out.Added = -out.Replaced
	for _, m := range fresh {
		if !m.info.IsDir() {
			out.Added++
		}
	}
	out.Path = absolute(env, in.To)
	return out, nil
}

// openZipFile opens the archive to add to, which must be a zip.
func openZipFile(ctx context.Context, env *node.Env, in addIn) (*source, error) {
	src, err := openArchive(ctx, env, in.To, readOptions{names: names{Encoding: in.Encoding}, limits: limits{MaxSize: 1, MaxRatio: 1, MaxEntries: in.MaxEntries}})
	if err != nil {
		return nil, err
	}
	if src.format != "zip" {
		_ = src.Close()
		return nil, input("unpack it, and pack it anew with archive.create", "%s is %s: files can be added to zip archives only", in.To, src.format)
	}
	return src, nil
}

// sort tells what stays of the old entries, and takes what is not to be written
// out of fresh.
func (in addIn) sort(src *source, old []*zip.File, fresh map[string]*member, out *addOut) (keep []*zip.File, err error) {
	seen := map[string]bool{}
	for _, f := range old {
		if err := src.meter.entry(); err != nil {
			return nil, err
		}
		name := strings.ReplaceAll(src.zipName(f), `\`, "/")
		m := fresh[strings.TrimSuffix(name, "/")]
		folder := strings.HasSuffix(name, "/")
		switch {
		case m == nil:
			keep = append(keep, f)
		case m.info.IsDir() != folder:
			return nil, input("rename it", "%s is a file on one side and a folder on the other", m.name)
		case folder || in.IfExists == "skip":
			keep = append(keep, f)
			delete(fresh, m.name)
			if !folder {
				out.Skipped++
			}
		case in.IfExists == "error":
			return nil, input("set if_exists", "%s is in the archive already", m.name)
		case !seen[m.name]:
			seen[m.name] = true
			out.Replaced++
		}
	}
	return keep, nil
}
