package archive

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/workspace"
)

func init() {
	node.Register(node.Spec[extractIn, extractOut]{
		Type: "archive.extract", Title: "Extract archive", Effect: node.Once, Aliases: []string{"file.unzip", "file.untar"},
		Doc:      "Unpacks an archive into a folder: zip, tar (also compressed), 7z, rar with its volumes, and single files packed with gzip, bzip2, xz, zstd or lz4. The content decides what it is, not the name. Entries that would land outside the folder fail the node, links and devices are left out, and what comes out is limited in size, number and ratio. All is unpacked to a hidden folder in the target first, and moved only when the whole archive was found sound: a failure leaves no file behind and replaces none.",
		EffectOf: func(in extractIn) node.Effect { return effect(in.IfExists) },
		Examples: []node.Example[extractIn, extractOut]{{
			Title: "Unpack an archive", Files: map[string]string{"a.zip": sampleZip},
			In:    extractIn{Path: "a.zip", To: "out"},
			Check: unpacked("dir/a.txt", "b.txt"),
		}, {
			Title: "Only one file, without its folder", Files: map[string]string{"a.tgz": sampleTgz},
			In:    extractIn{Path: "a.tgz", To: "out", Pattern: []string{"a.*"}, Strip: 1},
			Check: unpacked("a.txt"),
		}, {
			Title: "A single compressed file", Files: map[string]string{"report.csv.gz": sampleCSV},
			In:    extractIn{Path: "report.csv.gz", To: "out"},
			Check: unpacked("report.csv"),
		}},
		Run: extract,
	})
}

// effect of writing files: a second try after a crash would meet its own
// results as an error.
func effect(ifExists string) node.Effect {
	if ifExists == "error" {
		return node.Once
	}
	return node.Idempotent
}

func unpacked(names ...string) func(extractOut) error {
	return func(o extractOut) error {
		if !slices.Equal(o.Names, names) || o.Files != len(names) {
			return fmt.Errorf("got %+v", o)
		}
		return nil
	}
}

type extractIn struct {
	Path       string   `json:"path" is:"required" widget:"file" doc:"Archive to unpack."`
	To         string   `json:"to" is:"required" widget:"folder" doc:"Folder to unpack into; made if missing."`
	Pattern    []string `json:"pattern" doc:"Patterns of the entries to unpack, such as *.pdf; with a slash they are compared with the whole path. None means all."`
	Strip      int      `json:"strip" min:"0" doc:"How many leading folders to cut off each path."`
	IfExists   string   `json:"if_exists" default:"overwrite" enum:"overwrite,skip,error" doc:"What to do with a file that is there already."`
	Duplicates string   `json:"duplicates" default:"last" enum:"last,error" is:"advanced" doc:"What to do with a path that is in the archive twice: take the last, or fail. With error, paths that differ only in upper and lower case fail too; where the disk cannot tell them apart they always do."`
	readOptions
}

type extractOut struct {
	Folder  string   `json:"folder" doc:"Absolute path of the folder unpacked into."`
	Files   int      `json:"files" doc:"How many files were written."`
	Size    int      `json:"size" doc:"How many bytes were written."`
	Skipped int      `json:"skipped" doc:"How many entries were left out: links, devices, files that were there already."`
	Names   []string `json:"names" doc:"Paths of the files written, below the folder with slashes; the first 1000."`
	Format  string   `json:"format" doc:"What kind of archive it is: zip, tar, tar.gz, 7z, rar, gzip and so on."`
}

func extract(ctx context.Context, env *node.Env, in extractIn) (out extractOut, err error) {
	if err := patterns(in.Pattern).check(); err != nil {
		return extractOut{}, err
	}
	src, err := openArchive(ctx, env, in.Path, in.readOptions)
	if err != nil {
		return extractOut{}, err
	}
	defer src.Close()
	st, err := newStage(env, in.To, in.Path, in.IfExists, in.Duplicates == "error")
	if err != nil {
		return extractOut{}, err
	}
	defer st.clean()
	err = src.each(func(e *entry) error {
		rel, err := safeName(e.name)
		if err != nil {
			return err
		}
		rel = stripped(rel, in.Strip)
		switch plain := strings.TrimSuffix(rel, "/"); {
		case plain == "" || plain == ".":
			return nil
		case len(in.Pattern) > 0 && !patterns(in.Pattern).match(plain):
			return nil
		case e.kind == "folder" && !ours(plain):
			return st.folder(plain)
		case e.kind != "file", ours(plain):
			out.Skipped++
			return nil
		default:
			return st.file(ctx, plain, e)
		}
	})
	if err != nil {
		return extractOut{}, err
	}
	if err := st.move(ctx); err != nil {
		return extractOut{}, err
	}
	out.Folder, out.Format, out.Skipped = absolute(env, in.To), src.format, out.Skipped+st.skipped
	for _, f := range st.files {
		if f.dropped {
			continue
		}
		out.Files++
		out.Size += int(f.size)
		if len(out.Names) < 1000 {
			out.Names = append(out.Names, f.rel)
		}
	}
	return out, nil
}

// ours reports whether a path goes through the name of an unfinished write,
// such as the stage itself.
func ours(rel string) bool { return slices.ContainsFunc(strings.Split(rel, "/"), workspace.IsTemp) }
