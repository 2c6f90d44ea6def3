package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[compressIn, streamOut]{
		Type: "archive.compress", Title: "Compress file", Effect: node.Idempotent, Aliases: []string{"file.gzip"},
		Doc: "Compresses one file with gzip, bzip2, xz, Zstandard or LZ4. The result has no time in it, so that the same file always gives the same result. To pack several files, use archive.create.",
		Examples: []node.Example[compressIn, streamOut]{{
			Title: "Compress a log", Files: map[string]string{"a.log": strings.Repeat("hello ", 100)},
			In:    compressIn{Path: "a.log"},
			Check: written("a.log.gz"),
		}, {
			Title: "With Zstandard", Files: map[string]string{"a.log": strings.Repeat("hello ", 100)},
			In:    compressIn{Path: "a.log", Format: "zstd"},
			Check: written("a.log.zst"),
		}},
		Run: compress,
	})
	node.Register(node.Spec[decompressIn, streamOut]{
		Type: "archive.decompress", Title: "Decompress file", Effect: node.Idempotent, Aliases: []string{"file.gunzip"},
		Doc: "Unpacks one file compressed with gzip, bzip2, xz, Zstandard or LZ4; its content tells which. What comes out is limited in size and ratio. A compressed tar comes out as tar: archive.extract unpacks it in one go.",
		Examples: []node.Example[decompressIn, streamOut]{{
			Title: "Unpack a log", Files: map[string]string{"a.log.gz": sampleGz},
			In:    decompressIn{Path: "a.log.gz"},
			Check: written("a.log"),
		}},
		Run: decompress,
	})
}

func written(name string) func(streamOut) error {
	return func(o streamOut) error {
		if filepath.Base(o.Path) != name || o.Size <= 0 {
			return fmt.Errorf("got %+v", o)
		}
		return nil
	}
}

type compressIn struct {
	Path   string `json:"path" is:"required" widget:"file" doc:"File to compress. It stays."`
	To     string `json:"to" widget:"file" doc:"File to write; the name with .gz, .bz2, .xz, .zst or .lz4 added when empty."`
	Format string `json:"format" default:"gzip" enum:"gzip,bzip2,xz,zstd,lz4" doc:"How to compress: gzip is read everywhere, zstd is fastest, xz is smallest."`
	Level  int    `json:"level" default:"6" min:"1" max:"9" is:"advanced" doc:"How hard to pack: 9 takes longest. Xz and LZ4 have one level."`
}

type streamOut struct {
	Path string `json:"path" doc:"Absolute path of the file written."`
	Size int    `json:"size" doc:"Its size in bytes."`
}

func compress(ctx context.Context, env *node.Env, in compressIn) (streamOut, error) {
	c := codecNamed(in.Format)
	if c == nil {
		c = codecNamed("gzip")
	}
	f, err := openFile(ctx, env, in.Path)
	if err != nil {
		return streamOut{}, err
	}
	defer f.Close()
	if in.To == "" {
		in.To = in.Path + c.suffix[0]
	}
	if absolute(env, in.To) == absolute(env, in.Path) {
		return streamOut{}, input("choose another name for to", "%s would replace itself", in.Path)
	}
	n, err := writeFile(env, in.To, func(w io.Writer) error {
		z, err := c.create(w, in.Level)
		if err != nil {
			return err
		}
		_, err = copyAll(ctx, z, f)
		return errors.Join(err, z.Close())
	})
	if err != nil {
		return streamOut{}, err
	}
	return streamOut{Path: absolute(env, in.To), Size: n}, nil
}

type decompressIn struct {
	Path     string `json:"path" is:"required" widget:"file" doc:"File to unpack. It stays."`
	To       string `json:"to" widget:"file" doc:"File to write; the name without .gz, .bz2, .xz, .zst or .lz4 when empty."`
	MaxSize  int    `json:"max_size" default:"4294967296" min:"1" is:"advanced" doc:"Most bytes that may come out."`
	MaxRatio int    `json:"max_ratio" default:"1100" min:"1" is:"advanced" doc:"How many times larger than its packed form the content may be. Gzip cannot pack better than 1:1032; the others can pack long runs of the same far better."`
}

func decompress(ctx context.Context, env *node.Env, in decompressIn) (streamOut, error) {
	if in.To == "" {
		to, c := cutCodec(in.Path)
		if c == nil || to == "" || strings.HasSuffix(to, "/") {
			return streamOut{}, input("set to", "the name of the file to write cannot be told from %s", in.Path)
		}
		in.To = to
	}
	f, err := openFile(ctx, env, in.Path)
	if err != nil {
		return streamOut{}, err
	}
	defer f.Close()
	raw := &tally{r: f}
	br := buffered(raw)
	head, err := br.Peek(8)
	if err != nil && !errors.Is(err, io.EOF) {
		return streamOut{}, tell(err, "reading "+in.Path)
	}
	c := codecOf(head)
	if c == nil {
		return streamOut{}, input("check that the file is complete; archive.extract unpacks zip, 7z and rar", "%s is not packed with gzip, bzip2, xz, zstd or lz4", in.Path)
	}
	explain := func(err error) error {
		if final(err) {
			return err
		}
		return input("check that the file is complete", "%s is damaged, or not packed with %s: %v", in.Path, c.name, err)
	}
	var z io.Reader
	if err := guard(func() (err error) { z, err = c.open(br); return err }); err != nil {
		return streamOut{}, explain(err)
	}
	m := &meter{lim: limits{MaxSize: in.MaxSize, MaxRatio: in.MaxRatio}, archive: func() int64 { return f.size }}
	n, err := writeFile(env, in.To, func(w io.Writer) error {
		_, err := copyAll(ctx, w, m.reader(&checked{z, explain}, in.Path, func() int64 { return raw.n }))
		return err
	})
	if err != nil {
		return streamOut{}, err
	}
	return streamOut{Path: absolute(env, in.To), Size: n}, nil
}
