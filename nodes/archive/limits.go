package archive

import (
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
)

// limits bound what an archive may grow to, as params have them.
type limits struct {
	MaxSize    int `json:"max_size" default:"4294967296" min:"1" group:"Limits" is:"advanced" doc:"Most bytes that may come out in all."`
	MaxRatio   int `json:"max_ratio" default:"1000" min:"1" group:"Limits" is:"advanced" doc:"How many times larger than its packed form the content may be. A few bytes that unpack to a full disk are an attack; a little slack is given to small files."`
	MaxEntries int `json:"max_entries" default:"100000" min:"1" group:"Limits" is:"advanced" doc:"Most files and folders in the archive."`
}

// ratioSlack is what may come out whatever the ratio.
const ratioSlack = 1 << 20

// meter counts what comes out of an archive and stops at the limits.
type meter struct {
	lim     limits
	entries int
	total   int64
	archive func() int64 // packed bytes of the whole archive
}

// entry counts an entry.
func (m *meter) entry() error {
	if m.entries++; m.entries > m.lim.MaxEntries {
		return input("raise max_entries if the archive can be trusted", "the archive holds more than %d entries", m.lim.MaxEntries)
	}
	return nil
}

// declared judges a size that the archive states, before it is unpacked.
func (m *meter) declared(size int64, name string) error {
	switch {
	case size < 0 || size > int64(m.lim.MaxSize):
		return input("raise max_size if the archive can be trusted", "unpacking stopped at %s: more than %d bytes come out", name, m.lim.MaxSize)
	case size > ratioSlack && size/int64(m.lim.MaxRatio) > m.archive():
		return input("raise max_ratio if the archive can be trusted", "unpacking stopped at %s: it is more than %d times larger than its packed form", name, m.lim.MaxRatio)
	}
	return nil
}

// reader returns r with the limits put on it. Packed tells how many packed
// bytes of this entry there were so far; the whole is measured too, since
// entries may share their packed bytes.
func (m *meter) reader(r io.Reader, name string, packed func() int64) io.Reader {
	return &bounded{r: r, m: m, name: name, packed: packed}
}

type bounded struct {
	r      io.Reader
	m      *meter
	name   string
	packed func() int64
	own    int64
}

// Read implements io.Reader.
func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	b.own += int64(n)
	b.m.total += int64(n)
	if b.own > ratioSlack && b.own/int64(b.m.lim.MaxRatio) > b.packed() {
		return n, input("raise max_ratio if the archive can be trusted", "unpacking stopped at %s: it is more than %d times larger than its packed form", b.name, b.m.lim.MaxRatio)
	}
	if over := b.m.declared(b.m.total, b.name); over != nil {
		return n, over
	}
	return n, err
}

// checked turns what a decoder says, or dies of, into a failure that names the
// entry. Decoders of others panic on some hostile inputs.
type checked struct {
	r       io.Reader
	explain func(error) error
}

// Read implements io.Reader.
func (c *checked) Read(p []byte) (n int, err error) {
	defer func() {
		if r := recover(); r != nil {
			n, err = 0, c.explain(fmt.Errorf("%v", r))
		}
	}()
	n, err = c.r.Read(p)
	if err != nil && err != io.EOF && !final(err) { //nolint:errorlint // io.EOF is never wrapped by a reader
		err = c.explain(err)
	}
	return n, err
}

// guard calls fn and turns a panic of a decoder into an error.
func guard(fn func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%v", r)
		}
	}()
	return fn()
}

// safeName returns the path of an archive entry below the target folder, with
// slashes, or a failure for one that would leave it. Backslashes part folders,
// whatever the system: old Windows programs write them.
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
