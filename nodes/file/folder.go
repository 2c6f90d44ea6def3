package file

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/shirou/gopsutil/v4/disk"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/workspace"
)

func init() {
	node.Register(node.Spec[makeFolderIn, makeFolderOut]{
		Type:   "file.make_folder",
		Title:  "Make folder",
		Doc:    "Makes a folder and those above it that are missing. A folder that is there already is no error.",
		Effect: node.Idempotent,
		Examples: []node.Example[makeFolderIn, makeFolderOut]{{
			Title: "Make a folder for a month",
			In:    makeFolderIn{Path: "reports/2026/01"},
			Check: func(o makeFolderOut) error {
				if !o.Created || filepath.Base(o.Path) != "01" {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}, {
			Title: "It is there already",
			Files: map[string]string{"dir/a": ""},
			In:    makeFolderIn{Path: "dir"},
			Check: func(o makeFolderOut) error {
				if o.Created {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}},
		Run: func(_ context.Context, env *node.Env, in makeFolderIn) (makeFolderOut, error) {
			info, err := env.Files.Stat(in.Path)
			if err == nil && !info.IsDir() {
				return makeFolderOut{}, input("choose another name", "%s is there already and is a file", in.Path)
			}
			there := err == nil
			if err := env.Files.MkdirAll(in.Path); err != nil {
				return makeFolderOut{}, tell(err, "making the folder "+in.Path, in.Path)
			}
			return makeFolderOut{Path: absolute(env, in.Path), Created: !there}, nil
		},
	})
	node.Register(node.Spec[folderSizeIn, folderSizeOut]{
		Type:   "file.folder_size",
		Title:  "Get size of folder",
		Doc:    "Adds up the sizes of all files in a folder and below it, hidden ones included. Links are not followed.",
		Effect: node.Read,
		Examples: []node.Example[folderSizeIn, folderSizeOut]{{
			Title: "Size of a folder",
			Files: map[string]string{"d/a": "123", "d/sub/b": "45"},
			In:    folderSizeIn{Path: "d"},
			Out:   folderSizeOut{Size: 5, Files: 2, Folders: 1},
		}},
		Run: folderSize,
	})
	node.Register(node.Spec[diskSpaceIn, diskSpaceOut]{
		Type:   "file.disk_space",
		Title:  "Get disk space",
		Doc:    "Tells how much room there is on the disk that a folder is on.",
		Effect: node.Read,
		Examples: []node.Example[diskSpaceIn, diskSpaceOut]{{
			Title: "Room in the working folder",
			In:    diskSpaceIn{Path: "."},
			Check: func(o diskSpaceOut) error {
				if o.Total <= 0 || o.Free < 0 || o.UsedPercent < 0 || o.UsedPercent > 100 {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}},
		Run: diskSpace,
	})
	node.Register(node.Spec[tempIn, tempOut]{
		Type:     "file.temp_file",
		Title:    "Make temporary file",
		Doc:      "Makes an empty file of its own for this step. Without a folder it is put in the temporary folder of the run and goes when the run ends; in a folder given it stays.",
		Effect:   node.Idempotent,
		Examples: tempExamples(".csv"),
		Run: func(_ context.Context, env *node.Env, in tempIn) (tempOut, error) {
			roots, path, err := in.place(env)
			if err != nil {
				return tempOut{}, err
			}
			err = roots.WriteAtomic(path, 0o600, func(io.Writer) error { return nil })
			return tempOut{Path: path}, tell(err, "making a temporary file", path)
		},
	})
	node.Register(node.Spec[tempIn, tempOut]{
		Type:     "file.temp_folder",
		Title:    "Make temporary folder",
		Doc:      "Makes a folder of its own for this step. Without a folder it is put in the temporary folder of the run and goes when the run ends; in a folder given it stays.",
		Effect:   node.Idempotent,
		Examples: tempExamples(""),
		Run: func(_ context.Context, env *node.Env, in tempIn) (tempOut, error) {
			roots, path, err := in.place(env)
			if err != nil {
				return tempOut{}, err
			}
			return tempOut{Path: path}, tell(roots.MkdirAll(path), "making a temporary folder", path)
		},
	})
}

type makeFolderIn struct {
	Path string `json:"path" is:"required" widget:"folder" doc:"Folder to make."`
}

type makeFolderOut struct {
	Path    string `json:"path" doc:"Absolute path of the folder."`
	Created bool   `json:"created" doc:"False if it was there already."`
}

type folderSizeIn struct {
	Path string `json:"path" default:"." widget:"folder" doc:"Folder to measure."`
}

type folderSizeOut struct {
	Size    int `json:"size" doc:"Sum of the sizes in bytes."`
	Files   int `json:"files" doc:"How many files there are."`
	Folders int `json:"folders" doc:"How many folders there are below it."`
}

func folderSize(ctx context.Context, env *node.Env, in folderSizeIn) (folderSizeOut, error) {
	var out folderSizeOut
	err := walk(ctx, env, in.Path, func(rel string, d fs.DirEntry) error {
		switch {
		case rel == "." && !d.IsDir():
			return input("give the path of a folder", "%s is not a folder", in.Path)
		case rel == ".":
		case d.IsDir():
			out.Folders++
		case d.Type().IsRegular():
			out.Files++
			if info, err := d.Info(); err == nil {
				out.Size += int(info.Size())
			}
		}
		return nil
	})
	return out, err
}

type diskSpaceIn struct {
	Path string `json:"path" default:"." widget:"folder" doc:"A folder on the disk."`
}

type diskSpaceOut struct {
	Total       int     `json:"total" doc:"Size of the disk in bytes."`
	Free        int     `json:"free" doc:"Bytes that the flow may still use."`
	Used        int     `json:"used" doc:"Bytes in use."`
	UsedPercent float64 `json:"used_percent" doc:"Share in use, from 0 to 100."`
}

func diskSpace(ctx context.Context, env *node.Env, in diskSpaceIn) (diskSpaceOut, error) {
	if _, err := env.Files.Stat(in.Path); err != nil {
		return diskSpaceOut{}, tell(err, "measuring the disk of "+in.Path, in.Path)
	}
	u, err := disk.UsageWithContext(ctx, absolute(env, in.Path))
	if err != nil {
		return diskSpaceOut{}, tell(err, "measuring the disk of "+in.Path, in.Path)
	}
	return diskSpaceOut{Total: int(u.Total), Free: int(u.Free), Used: int(u.Used), UsedPercent: min(max(u.UsedPercent, 0), 100)}, nil
}

type tempIn struct {
	Prefix string `json:"prefix" default:"tmp-" doc:"What the name begins with."`
	Suffix string `json:"suffix" doc:"What the name ends with, for instance .csv."`
	Folder string `json:"folder" widget:"folder" is:"advanced" doc:"Folder to make it in, instead of the temporary folder of the run."`
}

type tempOut struct {
	Path string `json:"path" doc:"Absolute path."`
}

// place returns where to make the thing. The name comes from the token of the
// execution, so that a second try after a crash takes the same place.
func (in tempIn) place(env *node.Env) (*workspace.Roots, string, error) {
	if strings.ContainsAny(in.Prefix+in.Suffix, "/\\\x00") {
		return nil, "", input("leave folders out of them", "prefix and suffix are parts of a name")
	}
	sum := sha256.Sum256([]byte(env.Token + "\x00" + env.Run.ID + "\x00" + env.Run.Path))
	name := in.Prefix + hex.EncodeToString(sum[:8]) + in.Suffix
	if in.Folder != "" {
		if err := env.Files.MkdirAll(in.Folder); err != nil {
			return nil, "", tell(err, "making the folder "+in.Folder, in.Folder)
		}
		return env.Files, filepath.Join(absolute(env, in.Folder), name), nil
	}
	dir, err := env.TempDir()
	if err != nil {
		return nil, "", tell(err, "making the temporary folder of the run", "")
	}
	roots, err := workspace.New(dir)
	if err != nil {
		return nil, "", err
	}
	return roots, filepath.Join(roots.Dirs()[0], name), nil
}

func tempExamples(suffix string) []node.Example[tempIn, tempOut] {
	check := func(o tempOut) error {
		if !filepath.IsAbs(o.Path) || !strings.HasSuffix(o.Path, suffix) {
			return fmt.Errorf("got %+v", o)
		}
		return nil
	}
	return []node.Example[tempIn, tempOut]{
		{Title: "For this run", In: tempIn{Suffix: suffix}, Check: check},
		{Title: "In a folder of one's own", In: tempIn{Folder: "work", Prefix: "job-", Suffix: suffix}, Check: check},
	}
}
