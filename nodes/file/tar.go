package file

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[tarIn, packOut]{
		Type:   "file.tar",
		Title:  "Tar files",
		Doc:    "Packs files and folders into a tar archive, replacing one that is there. An archive named .tar.gz or .tgz is also compressed. Links to files are packed as files, links to folders left out.",
		Effect: node.Idempotent,
		Examples: []node.Example[tarIn, packOut]{{
			Title: "Pack a folder",
			Files: map[string]string{"out/a.txt": "1", "out/sub/b.txt": "2"},
			In:    tarIn{packIn: packIn{Paths: []string{"out"}, To: "out.tar.gz"}},
			Check: packed("out.tar.gz", 2),
		}, {
			Title: "Without compression",
			Files: map[string]string{"a.txt": "1"},
			In:    tarIn{packIn: packIn{Paths: []string{"a.txt"}, To: "a.tar"}},
			Check: packed("a.tar", 1),
		}},
		Run: tarFiles,
	})
	node.Register(node.Spec[untarIn, unpackOut]{
		Type:     "file.untar",
		Title:    "Untar archive",
		Doc:      "Unpacks a tar archive, compressed with gzip or not, into a folder. Entries that would land outside the folder fail the node, links and devices are left out, and what comes out is limited in size, number and ratio. What was unpacked before a failure stays.",
		Effect:   node.Once,
		EffectOf: func(in untarIn) node.Effect { return wholeFile(in.IfExists) },
		Examples: []node.Example[untarIn, unpackOut]{{
			Title: "Unpack an archive",
			Files: map[string]string{"a.tgz": sampleTar(true)},
			In:    untarIn{Path: "a.tgz", unpackIn: unpackIn{To: "out"}},
			Check: unpacked("dir/a.txt", "b.txt"),
		}, {
			Title: "An archive that is not compressed",
			Files: map[string]string{"a.tar": sampleTar(false)},
			In:    untarIn{Path: "a.tar", unpackIn: unpackIn{To: "out", Pattern: []string{"b*"}}},
			Check: unpacked("b.txt"),
		}},
		Run: untar,
	})
	node.Register(node.Spec[gzipIn, gzipOut]{
		Type:   "file.gzip",
		Title:  "Gzip file",
		Doc:    "Compresses one file with gzip. The result has no time in it, so that the same file always gives the same result.",
		Effect: node.Idempotent,
		Examples: []node.Example[gzipIn, gzipOut]{{
			Title: "Compress a log",
			Files: map[string]string{"a.log": strings.Repeat("hello ", 100)},
			In:    gzipIn{Path: "a.log"},
			Check: gzipped("a.log.gz"),
		}},
		Run: gzipFile,
	})
	node.Register(node.Spec[gunzipIn, gzipOut]{
		Type:   "file.gunzip",
		Title:  "Gunzip file",
		Doc:    "Unpacks one file compressed with gzip. What comes out is limited in size and ratio.",
		Effect: node.Idempotent,
		Examples: []node.Example[gunzipIn, gzipOut]{{
			Title: "Unpack a log",
			Files: map[string]string{"a.log.gz": gzipText("hello")},
			In:    gunzipIn{Path: "a.log.gz"},
			Check: gzipped("a.log"),
		}},
		Run: gunzipFile,
	})
}

func gzipped(name string) func(gzipOut) error {
	return func(o gzipOut) error {
		if filepath.Base(o.Path) != name || o.Size <= 0 {
			return fmt.Errorf("got %+v", o)
		}
		return nil
	}
}

func gzipText(s string) string {
	var b strings.Builder
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

func sampleTar(compressed bool) string {
	var b strings.Builder
	w := tar.NewWriter(&b)
	for _, name := range []string{"dir/a.txt", "b.txt"} {
		_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(name))})
		_, _ = io.WriteString(w, name)
	}
	_ = w.Close()
	if compressed {
		return gzipText(b.String())
	}
	return b.String()
}

type tarIn struct {
	packIn
}

func tarFiles(ctx context.Context, env *node.Env, in tarIn) (packOut, error) {
	all, err := in.members(ctx, env)
	if err != nil {
		return packOut{}, err
	}
	low := strings.ToLower(in.To)
	files := 0
	out, err := writeWhole(env, in.To, "overwrite", func(w io.Writer) error {
		var z *gzip.Writer
		if strings.HasSuffix(low, ".gz") || strings.HasSuffix(low, ".tgz") {
			if z, err = gzip.NewWriterLevel(w, in.Level); err != nil {
				return err
			}
			w = z
		}
		t := tar.NewWriter(w)
		for _, m := range all {
			if err := tarMember(ctx, env, t, m, in.Deterministic); err != nil {
				return err
			}
			if !m.info.IsDir() {
				files++
				env.Progress(m.name, files, len(all))
			}
		}
		if z == nil {
			return t.Close()
		}
		return errors.Join(t.Close(), z.Close())
	})
	return packOut{Path: out.Path, Size: out.Size, Files: files}, err
}

func tarMember(ctx context.Context, env *node.Env, t *tar.Writer, m member, deterministic bool) error {
	h := &tar.Header{Typeflag: tar.TypeReg, Name: m.name, Mode: 0o644, ModTime: fixedTime}
	if !deterministic {
		h.Mode, h.ModTime = int64(m.info.Mode().Perm()), m.info.ModTime()
	}
	if m.info.IsDir() {
		h.Typeflag, h.Name, h.Mode = tar.TypeDir, m.name+"/", h.Mode|0o111
		return t.WriteHeader(h)
	}
	f, info, err := openFile(env, m.path)
	if err != nil {
		return err
	}
	defer f.Close()
	h.Size = info.Size()
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	// The size is in the header: what is added meanwhile is left out.
	n, err := copyAll(ctx, t, io.LimitReader(f, h.Size))
	if err == nil && n < h.Size {
		err = input("pack it when nobody writes to it", "%s became shorter while it was packed", m.path)
	}
	return tell(err, "packing "+m.name, m.path)
}

type untarIn struct {
	Path string `json:"path" is:"required" widget:"file" doc:"Archive to unpack."`
	unpackIn
}

// counted counts the bytes read from the packed file.
type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

func untar(ctx context.Context, env *node.Env, in untarIn) (unpackOut, error) {
	f, _, err := openFile(env, in.Path)
	if err != nil {
		return unpackOut{}, err
	}
	defer f.Close()
	u, err := in.unpacker(env)
	if err != nil {
		return unpackOut{}, err
	}
	damaged := func(err error) error {
		var fail *node.Failure
		if errors.As(err, &fail) || ctx.Err() != nil {
			return err
		}
		return input("check that the file is complete and a tar archive", "%s cannot be read as a tar archive: %v", in.Path, err)
	}
	raw := &counted{r: reader{ctx, f}}
	src := bufio.NewReader(raw)
	stream := io.Reader(src)
	if head, _ := src.Peek(2); len(head) == 2 && head[0] == 0x1f && head[1] == 0x8b {
		z, err := gzip.NewReader(src)
		if err != nil {
			return unpackOut{}, damaged(err)
		}
		// Limits count the whole stream, so that entries left out cost too.
		stream = &bounded{r: z, lim: in.unpackLimits, total: new(int64), packed: func() int64 { return raw.n }, name: in.Path}
	}
	t := tar.NewReader(stream)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return u.out, nil
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return unpackOut{}, damaged(err)
		}
		rel, err := u.want(h.Name)
		if err != nil {
			return unpackOut{}, err
		}
		switch {
		case rel == "":
			continue
		case h.Typeflag == tar.TypeDir:
			err = u.folder(rel)
		case h.Typeflag != tar.TypeReg && h.Typeflag != tar.TypeGNUSparse:
			u.out.Skipped++
		default:
			// A sparse file comes out larger than it lies in the archive.
			limited := &bounded{r: t, lim: in.unpackLimits, total: &u.total, packed: func() int64 { return raw.n }, name: rel}
			err = u.file(strings.TrimSuffix(rel, "/"), h.FileInfo().Mode(), h.ModTime, limited, func(w io.Writer, r io.Reader) (int64, error) {
				n, err := copyAll(ctx, w, r)
				if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, tar.ErrHeader) {
					err = damaged(err)
				}
				return n, err
			})
		}
		if err != nil {
			return unpackOut{}, err
		}
	}
}

type gzipIn struct {
	Path  string `json:"path" is:"required" widget:"file" doc:"File to compress. It stays."`
	To    string `json:"to" widget:"file" doc:"File to write; the name with .gz added when empty."`
	Level int    `json:"level" default:"6" min:"1" max:"9" is:"advanced" doc:"How hard to pack: 9 takes longest."`
}

type gzipOut struct {
	Path string `json:"path" doc:"Absolute path of the file written."`
	Size int    `json:"size" doc:"Its size in bytes."`
}

func gzipFile(ctx context.Context, env *node.Env, in gzipIn) (gzipOut, error) {
	f, _, err := openFile(env, in.Path)
	if err != nil {
		return gzipOut{}, err
	}
	defer f.Close()
	if in.To == "" {
		in.To = in.Path + ".gz"
	}
	out, err := writeWhole(env, in.To, "overwrite", func(w io.Writer) error {
		z, err := gzip.NewWriterLevel(w, in.Level)
		if err != nil {
			return err
		}
		if _, err := copyAll(ctx, z, f); err != nil {
			return err
		}
		return z.Close()
	})
	return gzipOut{Path: out.Path, Size: out.Size}, err
}

type gunzipIn struct {
	Path     string `json:"path" is:"required" widget:"file" doc:"File to unpack. It stays."`
	To       string `json:"to" widget:"file" doc:"File to write; the name without .gz when empty."`
	MaxSize  int    `json:"max_size" default:"4294967296" min:"1" is:"advanced" doc:"Most bytes that may come out."`
	MaxRatio int    `json:"max_ratio" default:"1100" min:"1" is:"advanced" doc:"How many times larger than its packed form the content may be. Gzip cannot pack better than 1:1032."`
}

func gunzipFile(ctx context.Context, env *node.Env, in gunzipIn) (gzipOut, error) {
	if in.To == "" {
		to, ok := strings.CutSuffix(in.Path, ".gz")
		if !ok || strings.HasSuffix(to, "/") {
			return gzipOut{}, input("set to", "the name of the file to write cannot be told from %s", in.Path)
		}
		in.To = to
	}
	f, _, err := openFile(env, in.Path)
	if err != nil {
		return gzipOut{}, err
	}
	defer f.Close()
	raw := &counted{r: reader{ctx, f}}
	z, err := gzip.NewReader(raw)
	if err != nil {
		return gzipOut{}, input("check that the file is complete and packed with gzip", "%s cannot be read as gzip: %v", in.Path, err)
	}
	limits := unpackLimits{MaxSize: in.MaxSize, MaxRatio: in.MaxRatio}
	out, err := writeWhole(env, in.To, "overwrite", func(w io.Writer) error {
		_, err := copyAll(ctx, w, &bounded{r: z, lim: limits, total: new(int64), packed: func() int64 { return raw.n }, name: in.Path})
		if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrHeader) {
			err = input("check that the file is complete", "%s is damaged: %v", in.Path, err)
		}
		return err
	})
	return gzipOut{Path: out.Path, Size: out.Size}, err
}
