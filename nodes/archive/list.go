package archive

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
)

func init() {
	node.Register(node.Spec[listIn, listOut]{
		Type: "archive.list", Title: "List archive", Effect: node.Read,
		Doc: "Lists what is in an archive without unpacking it. A single compressed file is listed as one entry, whose size is known only when it is unpacked.",
		Examples: []node.Example[listIn, listOut]{{
			Title: "What is in a zip", Files: map[string]string{"a.zip": sampleZip},
			In:    listIn{Path: "a.zip"},
			Check: listed("zip", "dir/a.txt", "b.txt"),
		}, {
			Title: "Only some entries of a compressed tar", Files: map[string]string{"a.tgz": sampleTgz},
			In:    listIn{Path: "a.tgz", Pattern: []string{"b*"}},
			Check: listed("tar.gz", "b.txt"),
		}},
		Run: list,
	})
}

func listed(format string, names ...string) func(listOut) error {
	return func(o listOut) error {
		var got []string
		for item, err := range o.Items.All(context.Background()) {
			if err != nil {
				return err
			}
			got = append(got, item.(map[string]any)["name"].(string))
		}
		if fmt.Sprint(got) != fmt.Sprint(names) || o.Count != len(names) || o.Format != format {
			return fmt.Errorf("got %v in %+v, want %v", got, o, names)
		}
		return nil
	}
}

type listIn struct {
	Path    string   `json:"path" is:"required" widget:"file" doc:"Archive to look into."`
	Pattern []string `json:"pattern" doc:"Patterns of the entries to list, such as *.pdf; with a slash they are compared with the whole path. None means all."`
	readOptions
}

type listOut struct {
	Items     value.Rows `json:"items" doc:"The entries in the order of the archive: name (path in the archive, with slashes), kind (file, folder, link or other), size and packed (bytes; null if unknown), modified (time in UTC, or null), encrypted and unsafe (the path leads outside any folder it is unpacked to)."`
	Count     int        `json:"count" doc:"How many entries are returned."`
	Files     int        `json:"files" doc:"How many of them are files."`
	Size      int        `json:"size" doc:"Sum of their sizes, as far as they are known."`
	Encrypted bool       `json:"encrypted" doc:"Whether one of them is encrypted. Of 7z it cannot be told without opening one."`
	Format    string     `json:"format" doc:"What kind of archive it is: zip, tar, tar.gz, 7z, rar, gzip and so on."`
}

// value describes an entry.
func (e *entry) value() map[string]any {
	known := func(n int64) any {
		if n < 0 {
			return nil
		}
		return int(n)
	}
	_, err := safeName(e.name)
	v := map[string]any{"name": e.slashed(), "kind": e.kind, "size": known(e.size), "packed": known(e.packed), "modified": nil, "encrypted": e.encrypted, "unsafe": err != nil}
	if !e.modified.IsZero() && e.modified.Year() > 0 && e.modified.Year() < 10_000 {
		v["modified"] = e.modified.UTC().Format(time.RFC3339Nano)
	}
	return v
}

// slashed returns the name with slashes.
func (e *entry) slashed() string {
	name := strings.ReplaceAll(e.name, `\`, "/")
	return strings.TrimPrefix(strings.ToValidUTF8(name, "_"), "./")
}

func list(ctx context.Context, env *node.Env, in listIn) (out listOut, err error) {
	if err := patterns(in.Pattern).check(); err != nil {
		return out, err
	}
	src, err := openArchive(ctx, env, in.Path, in.readOptions)
	if err != nil {
		return out, err
	}
	defer src.Close()
	out.Format = src.format
	out.Items, err = env.Rows(ctx, func(yield func(any) bool) error {
		err := src.each(func(e *entry) error {
			if len(in.Pattern) > 0 && !patterns(in.Pattern).match(strings.TrimSuffix(e.slashed(), "/")) {
				return nil
			}
			out.Count++
			if e.kind == "file" {
				out.Files++
				out.Size += int(max(0, e.size))
			}
			out.Encrypted = out.Encrypted || e.encrypted
			if !yield(e.value()) {
				return errEnough
			}
			return nil
		})
		if err == errEnough { //nolint:errorlint // each passes it on as it is
			return nil
		}
		return err
	})
	if err != nil {
		return listOut{}, err
	}
	return out, nil
}
