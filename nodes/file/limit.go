package file

import (
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/aether-rpa/aether/node"
)

// unpackLimits bound what an archive may grow to, as params have them.
type unpackLimits struct {
	MaxSize    int `json:"max_size" default:"4294967296" min:"1" group:"Limits" is:"advanced" doc:"Most bytes that may come out in all."`
	MaxRatio   int `json:"max_ratio" default:"1000" min:"1" group:"Limits" is:"advanced" doc:"How many times larger than its packed form the content may be. A few bytes that unpack to a full disk are an attack; a little slack is given to small files."`
	MaxEntries int `json:"max_entries" default:"100000" min:"1" group:"Limits" is:"advanced" doc:"Most files and folders in the archive."`
}

// ratioSlack is what may come out whatever the ratio.
const ratioSlack = 1 << 20

// bounded is a reader of unpacked bytes that stops at the limits. Total is
// shared by all entries; packed tells how many packed bytes there were so far.
type bounded struct {
	r      io.Reader
	lim    unpackLimits
	total  *int64
	packed func() int64
	own    int64
	name   string
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.own += int64(n)
	*b.total += int64(n)
	switch {
	case *b.total > int64(b.lim.MaxSize):
		return n, input("raise max_size if the archive can be trusted", "unpacking stopped at %s: more than %d bytes come out", b.name, b.lim.MaxSize)
	case b.own > ratioSlack && b.own/int64(b.lim.MaxRatio) > b.packed():
		return n, input("raise max_ratio if the archive can be trusted", "unpacking stopped at %s: it is more than %d times larger than its packed form", b.name, b.lim.MaxRatio)
	}
	return n, err
}

// safeName returns the path of an archive entry below the target folder, with
// slashes, or a failure for one that would leave it.
func safeName(name string) (string, error) {
	clean := strings.ReplaceAll(name, `\`, "/")
	folder := strings.HasSuffix(clean, "/")
	bad := clean == "" || strings.HasPrefix(clean, "/") || strings.ContainsRune(clean, 0) || len(clean) > 1 && clean[1] == ':'
	for _, part := range strings.Split(clean, "/") {
		bad = bad || part == ".."
	}
	clean = path.Clean(clean)
	if bad || !filepath.IsLocal(filepath.FromSlash(clean)) {
		return "", input("do not unpack archives from people you do not know", "the archive holds %q, a path that leads outside the target folder", name)
	}
	if folder && clean != "." {
		clean += "/"
	}
	return clean, nil
}

// stripped removes leading folders from an entry's path; "" means nothing is
// left.
func stripped(name string, n int) string {
	for range n {
		_, rest, ok := strings.Cut(name, "/")
		if !ok {
			return ""
		}
		name = rest
	}
	return name
}

// unpacker writes the entries of an archive below a folder.
type unpacker struct {
	env      *node.Env
	to       string
	pattern  []string
	strip    int
	ifExists string
	lim      unpackLimits
	total    int64
	out      unpackOut
	entries  int
}

type unpackOut struct {
	Folder  string   `json:"folder" doc:"Absolute path of the folder unpacked into."`
	Files   int      `json:"files" doc:"How many files were written."`
	Size    int      `json:"size" doc:"How many bytes were written."`
	Skipped int      `json:"skipped" doc:"How many entries were left out: links, devices, files that were there already."`
	Names   []string `json:"names" doc:"Paths of the files written, below the folder with slashes; the first 1000."`
}

// want judges an entry and returns its path below the folder, or "" for one to
// leave out.
func (u *unpacker) want(name string) (string, error) {
	if u.entries++; u.entries > u.lim.MaxEntries {
		return "", input("raise max_entries if the archive can be trusted", "the archive holds more than %d entries", u.lim.MaxEntries)
	}
	rel, err := safeName(name)
	if err != nil {
		return "", err
	}
	rel = stripped(rel, u.strip)
	if rel == "" || rel == "." || len(u.pattern) > 0 && !(filter{}).match(u.pattern, strings.TrimSuffix(rel, "/")) {
		return "", nil
	}
	return rel, nil
}

func (u *unpacker) folder(rel string) error {
	p := filepath.Join(u.to, filepath.FromSlash(rel))
	return tell(u.env.Files.MkdirAll(p), "making the folder "+p, p)
}

func (u *unpacker) file(rel string, mode fs.FileMode, modified time.Time, content io.Reader, copyTo func(io.Writer, io.Reader) (int64, error)) error {
	p := filepath.Join(u.to, filepath.FromSlash(rel))
	if u.ifExists != "overwrite" {
		if _, err := u.env.Files.Lstat(p); err == nil {
			if u.ifExists == "skip" {
				u.out.Skipped++
				return nil
			}
			return exists(p)
		}
	}
	perm := mode.Perm() & 0o755 // never writable by others, never setuid
	if perm == 0 {
		perm = 0o644
	}
	var n int64
	err := u.env.Files.WriteAtomic(p, perm|0o600, func(w io.Writer) (err error) {
		n, err = copyTo(w, content)
		return err
	})
	if err != nil {
		return tell(err, "unpacking "+rel, p)
	}
	if !modified.IsZero() && modified.Year() > 1979 {
		_ = u.env.Files.Chtimes(p, time.Time{}, modified) // a nicety
	}
	u.out.Files++
	u.out.Size += int(n)
	if len(u.out.Names) < 1000 {
		u.out.Names = append(u.out.Names, rel)
	}
	u.env.Progress(rel, u.out.Files, 0)
	return nil
}
