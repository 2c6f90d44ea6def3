package file

import (
	"archive/zip"
	"compress/flate"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[zipIn, packOut]{
		Type:   "file.zip",
		Title:  "Zip files",
		Doc:    "Packs files and folders into a zip archive, replacing one that is there. A file is packed under its name, a folder with all in it under its name. Links to files are packed as files, links to folders left out. Encryption is not offered: the old kind is broken, and programs differ on the new one.",
		Effect: node.Idempotent,
		Examples: []node.Example[zipIn, packOut]{{
			Title: "Zip a folder",
			Files: map[string]string{"out/a.txt": "1", "out/sub/b.txt": "2"},
			In:    zipIn{packIn: packIn{Paths: []string{"out"}, To: "out.zip"}},
			Check: packed("out.zip", 2),
		}, {
			Title: "Only spreadsheets, without the folder's own name, the same bytes every time",
			Files: map[string]string{"out/a.xlsx": "1", "out/b.txt": "2"},
			In:    zipIn{packIn: packIn{Paths: []string{"out/"}, To: "out.zip", Pattern: []string{"*.xlsx"}, Flat: true, Deterministic: true}},
			Check: packed("out.zip", 1),
		}},
		Run: zipFiles,
	})
	node.Register(node.Spec[unzipIn, unpackOut]{
		Type:     "file.unzip",
		Title:    "Unzip archive",
		Doc:      "Unpacks a zip archive into a folder. Entries that would land outside the folder fail the node before anything of them is written, links are left out, and what comes out is limited in size, number and ratio. Encrypted archives cannot be read. What was unpacked before a failure stays.",
		Effect:   node.Once,
		EffectOf: func(in unzipIn) node.Effect { return wholeFile(in.IfExists) },
		Examples: []node.Example[unzipIn, unpackOut]{{
			Title: "Unpack an archive",
			Files: map[string]string{"a.zip": sampleZip()},
			In:    unzipIn{Path: "a.zip", unpackIn: unpackIn{To: "out"}},
			Check: unpacked("dir/a.txt", "b.txt"),
		}, {
			Title: "Only one file, without its folder",
			Files: map[string]string{"a.zip": sampleZip()},
			In:    unzipIn{Path: "a.zip", unpackIn: unpackIn{To: "out", Pattern: []string{"a.*"}, Strip: 1}},
			Check: unpacked("a.txt"),
		}},
		Run: unzip,
	})
}

func packed(name string, files int) func(packOut) error {
	return func(o packOut) error {
		if filepath.Base(o.Path) != name || o.Files != files || o.Size <= 0 {
			return fmt.Errorf("got %+v", o)
		}
		return nil
	}
}

func unpacked(names ...string) func(unpackOut) error {
	return func(o unpackOut) error {
		if !slices.Equal(o.Names, names) || o.Files != len(names) {
			return fmt.Errorf("got %+v", o)
		}
		return nil
	}
}

func sampleZip() string {
	var b strings.Builder
	w := zip.NewWriter(&b)
	for _, name := range []string{"dir/a.txt", "b.txt"} {
		if f, err := w.Create(name); err == nil {
			_, _ = io.WriteString(f, name)
		}
	}
	_ = w.Close()
	return b.String()
}

type packIn struct {
	Paths         []string `json:"paths" is:"required" doc:"Files and folders to pack."`
	To            string   `json:"to" is:"required" widget:"file" doc:"Archive to write."`
	Pattern       []string `json:"pattern" doc:"Patterns of the files to take from folders, such as *.pdf; with a slash they are compared with the path below the folder. None means all."`
	Exclude       []string `json:"exclude" doc:"Patterns of files and folders to leave out."`
	Flat          bool     `json:"flat" doc:"Pack what is in a folder without the folder's own name."`
	Level         int      `json:"level" default:"6" min:"0" max:"9" doc:"How hard to pack: 0 stores, 9 takes longest."`
	Deterministic bool     `json:"deterministic" is:"advanced" doc:"Leave times and rights out, so that the same files always give the same archive."`
}

type zipIn struct {
	packIn
	Comment string `json:"comment" is:"advanced" doc:"Comment of the archive."`
}

type packOut struct {
	Path  string `json:"path" doc:"Absolute path of the archive."`
	Size  int    `json:"size" doc:"Size of the archive in bytes."`
	Files int    `json:"files" doc:"How many files are in it."`
}

// member is a file or folder to pack: its name in the archive and its path.
type member struct {
	name, path string
	info       fs.FileInfo
}

// members lists what to pack in order of names; the same name twice is an
// error. The archive itself is left out.
func (in packIn) members(ctx context.Context, env *node.Env) ([]member, error) {
	if len(in.Paths) == 0 {
		return nil, input("name at least one file or folder", "there is nothing to pack")
	}
	f := filter{Pattern: in.Pattern, Exclude: in.Exclude}
	if err := f.check(); err != nil {
		return nil, err
	}
	self := absolute(env, in.To)
	var all []member
	for _, p := range in.Paths {
		info, err := env.Files.Stat(p)
		if err != nil {
			return nil, tell(err, "packing "+p, p)
		}
		abs := absolute(env, p)
		if !info.IsDir() {
			all = append(all, member{filepath.Base(abs), abs, info})
			continue
		}
		err = walk(ctx, env, p, func(rel string, d fs.DirEntry) error {
			full := filepath.Join(abs, filepath.FromSlash(rel))
			if leftOut(d.Name()) || full == self {
				return nil
			}
			if rel != "." && f.match(f.Exclude, rel) {
				if d.IsDir() {
					return fs.SkipDir
				}
				return nil
			}
			info, err := env.Files.Stat(full)
			if err != nil || info.IsDir() && !d.IsDir() || !info.IsDir() && !info.Mode().IsRegular() {
				return nil // a link that leads nowhere or to a folder, or a device
			}
			if !info.IsDir() && len(f.Pattern) > 0 && !f.match(f.Pattern, rel) {
				return nil
			}
			name := path.Join(filepath.Base(abs), rel)
			if in.Flat {
				name = rel
			}
			if name != "." && (!info.IsDir() || len(f.Pattern) == 0) {
				all = append(all, member{name, full, info})
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(all, func(a, b member) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(all); i++ {
		if all[i].name == all[i-1].name && !all[i].info.IsDir() {
			return nil, input("rename one, or pack them in two archives", "%s and %s would have the same name in the archive", all[i-1].path, all[i].path)
		}
	}
	return slices.CompactFunc(all, func(a, b member) bool { return a.name == b.name }), nil
}

// fixedTime is the earliest that a zip can hold.
var fixedTime = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

func zipFiles(ctx context.Context, env *node.Env, in zipIn) (packOut, error) {
	all, err := in.members(ctx, env)
	if err != nil {
		return packOut{}, err
	}
	files := 0
	out, err := writeWhole(env, in.To, "overwrite", func(w io.Writer) error {
		z := zip.NewWriter(w)
		z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, in.Level) })
		for _, m := range all {
			if err := zipMember(ctx, env, z, m, in.packIn); err != nil {
				return err
			}
			if !m.info.IsDir() {
				files++
				env.Progress(m.name, files, len(all))
			}
		}
		return errors.Join(z.SetComment(in.Comment), z.Close())
	})
	return packOut{Path: out.Path, Size: out.Size, Files: files}, err
}

func zipMember(ctx context.Context, env *node.Env, z *zip.Writer, m member, in packIn) error {
	h := &zip.FileHeader{Name: m.name, Method: zip.Deflate, Modified: fixedTime}
	if !in.Deterministic {
		h.Modified = m.info.ModTime().UTC().Truncate(time.Second)
		h.SetMode(m.info.Mode().Perm() | m.info.Mode()&fs.ModeDir)
	}
	if in.Level == 0 {
		h.Method = zip.Store
	}
	if m.info.IsDir() {
		h.Name, h.Method = m.name+"/", zip.Store
		_, err := z.CreateHeader(h)
		return err
	}
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	f, _, err := openFile(env, m.path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = copyAll(ctx, w, f)
	return tell(err, "packing "+m.name, m.path)
}

type unpackIn struct {
	To       string   `json:"to" is:"required" widget:"folder" doc:"Folder to unpack into; made if missing."`
	Pattern  []string `json:"pattern" doc:"Patterns of the entries to unpack, such as *.pdf; with a slash they are compared with the whole path. None means all."`
	Strip    int      `json:"strip" min:"0" doc:"How many leading folders to cut off each path."`
	IfExists string   `json:"if_exists" default:"overwrite" enum:"overwrite,skip,error" doc:"What to do with a file that is there already."`
	unpackLimits
}

func (in unpackIn) unpacker(env *node.Env) (*unpacker, error) {
	if err := (filter{Pattern: in.Pattern}).check(); err != nil {
		return nil, err
	}
	if err := env.Files.MkdirAll(in.To); err != nil {
		return nil, tell(err, "making the folder "+in.To, in.To)
	}
	return &unpacker{env: env, to: in.To, pattern: in.Pattern, strip: in.Strip, ifExists: in.IfExists, lim: in.unpackLimits, out: unpackOut{Folder: absolute(env, in.To)}}, nil
}

type unzipIn struct {
	Path string `json:"path" is:"required" widget:"file" doc:"Archive to unpack."`
	unpackIn
}

func unzip(ctx context.Context, env *node.Env, in unzipIn) (unpackOut, error) {
	f, info, err := openFile(env, in.Path)
	if err != nil {
		return unpackOut{}, err
	}
	defer f.Close()
	z, err := zip.NewReader(f.(io.ReaderAt), info.Size())
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) { // such paths are refused below
		return unpackOut{}, input("check that the file is complete and a zip archive", "%s cannot be read as a zip archive: %v", in.Path, err)
	}
	u, err := in.unpacker(env)
	if err != nil {
		return unpackOut{}, err
	}
	// All names are judged first: a hostile archive is refused whole.
	for _, e := range z.File {
		if _, err := u.want(e.Name); err != nil {
			return unpackOut{}, err
		}
	}
	u.entries = 0
	for _, e := range z.File {
		if err := u.zipEntry(ctx, e); err != nil {
			return unpackOut{}, err
		}
	}
	return u.out, nil
}

func (u *unpacker) zipEntry(ctx context.Context, e *zip.File) error {
	rel, err := u.want(zipName(e))
	if err != nil || rel == "" {
		return err
	}
	mode := e.Mode()
	switch {
	case strings.HasSuffix(rel, "/"):
		return u.folder(rel)
	case !mode.IsRegular():
		u.out.Skipped++
		return nil
	case e.Flags&1 != 0:
		return input("ask for an archive without a password, or unpack it with another program", "%s in the archive is encrypted", rel)
	}
	r, err := e.Open()
	if err != nil {
		return input("check that the archive is complete", "%s in the archive cannot be read: %v", rel, err)
	}
	defer r.Close()
	limited := &bounded{r: r, lim: u.lim, total: &u.total, packed: func() int64 { return int64(e.CompressedSize64) }, name: rel}
	return u.file(rel, mode, e.Modified, limited, func(w io.Writer, r io.Reader) (int64, error) {
		n, err := copyAll(ctx, w, r)
		if errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrFormat) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = input("check that the archive is complete", "%s in the archive is damaged: %v", rel, err)
		}
		return n, err
	})
}

// zipName returns the name of an entry; one that is not UTF-8 is from an old
// DOS or Windows program.
func zipName(e *zip.File) string {
	if !e.NonUTF8 {
		return e.Name
	}
	s, err := charsets["cp437"].NewDecoder().String(e.Name)
	if err != nil {
		return strings.ToValidUTF8(e.Name, "_")
	}
	return s
}
