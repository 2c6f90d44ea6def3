package book

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"path"
	"strings"
)

// Kinds of files by their content.
const (
	KindXLSX      = "xlsx"
	KindODS       = "ods"
	KindFODS      = "fods"
	KindCSV       = "csv"
	KindXLS       = "xls"       // the old binary format, or another OLE file
	KindEncrypted = "encrypted" // an xlsx file in an encrypted envelope
	KindXLSB      = "xlsb"
	KindHTML      = "html"
	KindXML       = "xml" // XML of another kind
	KindPDF       = "pdf"
	KindZip       = "zip" // an archive of another kind
	KindBinary    = "binary"
)

const maxParts = 20_000

// Sniff tells what kind of file it is, by its content alone.
func Sniff(f io.ReaderAt, size int64) (string, error) {
	head := make([]byte, min(size, 4096))
	if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return sniffZip(f, size)
	case bytes.HasPrefix(head, []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")):
		return sniffOLE(f, size)
	case bytes.HasPrefix(head, []byte("%PDF-")):
		return KindPDF, nil
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n")
	low := bytes.ToLower(text)
	utf16 := bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff"))
	switch {
	case bytes.HasPrefix(low, []byte("<?xml")), bytes.HasPrefix(low, []byte("<office:document")):
		if bytes.Contains(low, []byte("opendocument:xmlns:office")) {
			return KindFODS, nil
		}
		return KindXML, nil
	case bytes.HasPrefix(low, []byte("<!doctype html")), bytes.HasPrefix(low, []byte("<html")), bytes.HasPrefix(low, []byte("<table")):
		return KindHTML, nil
	case !utf16 && bytes.IndexByte(head, 0) >= 0:
		return KindBinary, nil
	}
	return KindCSV, nil
}

// sniffOLE tells an encrypted xlsx file from an old workbook: names in the
// directory of an OLE file are UTF-16.
func sniffOLE(f io.ReaderAt, size int64) (string, error) {
	want := []byte("E\x00n\x00c\x00r\x00y\x00p\x00t\x00e\x00d\x00P\x00a\x00c\x00k\x00a\x00g\x00e\x00")
	buf := make([]byte, 1<<20)
	for at := int64(0); at < size; at += int64(len(buf) - len(want)) {
		n, err := f.ReadAt(buf, at)
		if bytes.Contains(buf[:n], want) {
			return KindEncrypted, nil
		}
		if err != nil {
			break
		}
	}
	return KindXLS, nil
}

func sniffZip(f io.ReaderAt, size int64) (string, error) {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return "", bad("it is damaged or was cut off: %v", err)
	}
	kind := KindZip
	for _, p := range z.File {
		switch strings.ToLower(strings.ReplaceAll(p.Name, `\`, "/")) {
		case "xl/workbook.bin":
			return KindXLSB, nil
		case "xl/workbook.xml", "[content_types].xml":
			kind = KindXLSX
		case "mimetype":
			if t := mimeOf(p); strings.HasPrefix(t, "application/vnd.oasis.opendocument.spreadsheet") {
				return KindODS, nil
			} else if t != "" {
				return KindZip, nil
			}
		}
	}
	return kind, nil
}

func mimeOf(p *zip.File) string {
	r, err := p.Open()
	if err != nil {
		return ""
	}
	defer r.Close()
	b, _ := io.ReadAll(io.LimitReader(r, 200))
	return string(b)
}

// archive is a zip file whose parts are found whatever their case.
type archive struct {
	parts  map[string]*zip.File
	limits Limits
}

func openArchive(f io.ReaderAt, size int64, l Limits) (*archive, error) {
	z, err := zip.NewReader(f, size)
	if err != nil {
		return nil, bad("it is damaged or was cut off: %v", err)
	}
	if len(z.File) > maxParts {
		return nil, tooLarge("it has %d parts, more than %d", len(z.File), maxParts)
	}
	a := &archive{parts: map[string]*zip.File{}, limits: l}
	for _, p := range z.File {
		name := partName(p.Name)
		if _, twice := a.parts[name]; twice {
			return nil, bad("it has the part %.60q twice", p.Name)
		}
		a.parts[name] = p
	}
	return a, nil
}

func partName(s string) string {
	return strings.ToLower(strings.TrimPrefix(path.Clean("/"+strings.ReplaceAll(s, `\`, "/")), "/"))
}

func (a *archive) has(name string) bool { return a.parts[partName(name)] != nil }

// open opens a part. What it unpacks to is bounded, whatever its header says.
func (a *archive) open(name string) (io.ReadCloser, error) {
	p := a.parts[partName(name)]
	if p == nil {
		return nil, bad("it lacks the part %.60s", name)
	}
	if p.Flags&1 != 0 {
		return nil, bad("its part %.60s is encrypted", name)
	}
	if p.UncompressedSize64 > uint64(a.limits.Unpacked) {
		return nil, tooLarge("its part %.60s unpacks to %d bytes, more than %d", name, p.UncompressedSize64, a.limits.Unpacked)
	}
	r, err := p.Open()
	if err != nil {
		return nil, bad("its part %.60s cannot be unpacked: %v", name, err)
	}
	return &bounded{r: r, left: a.limits.Unpacked, name: name}, nil
}

type bounded struct {
	r    io.ReadCloser
	left int64
	name string
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, tooLarge("its part %.60s unpacks to more bytes than allowed", b.name)
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return n, bad("its part %.60s is damaged: %v", b.name, err)
	}
	return n, err
}

func (b *bounded) Close() error { return b.r.Close() }

// scan calls do for each opening tag of a part.
func (a *archive) scan(name string, do func(s *scanner) error) error {
	r, err := a.open(name)
	if err != nil {
		return err
	}
	defer r.Close()
	s, err := newScanner(r)
	if err != nil {
		return err
	}
	for {
		t, err := s.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && t == tokenStart {
			err = do(s)
		}
		if errors.Is(err, ErrStop) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
