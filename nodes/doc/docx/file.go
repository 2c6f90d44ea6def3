package docx

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// Limits bound what a document may hold.
type Limits struct {
	Part  int64 // bytes of one part, unpacked
	Total int64 // bytes of all parts that are unpacked
}

// maxEntries bounds the parts of a document.
const maxEntries = 20_000

// ErrNotDocx says that a file is no Word document of the new kind.
var ErrNotDocx = errors.New("it is not a Word document (.docx)")

// ErrEncrypted says that a file is an encrypted document or one of the old
// kind, which look alike from outside.
var ErrEncrypted = errors.New("it is encrypted with a password, or an old .doc file")

// LimitError says that a document is larger than the limits allow.
type LimitError struct{ What string }

// Error implements error.
func (e *LimitError) Error() string { return e.What }

// File is an open document. It is not safe for concurrent use.
type File struct {
	zip     *zip.Reader
	entries map[string]*zip.File // by name in lower case
	lim     Limits
	read    int64
	trees   map[string]*Node
	changed map[string]bool
	data    map[string][]byte // new content of parts
	added   []string
	main    string
}

// Open opens a document; ra is read until the document is no longer used.
func Open(ra io.ReaderAt, size int64, lim Limits) (*File, error) {
	head := make([]byte, 8)
	if n, err := ra.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	} else if bytes.HasPrefix(head[:n], []byte("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")) {
		return nil, ErrEncrypted
	}
	z, err := zip.NewReader(ra, size)
	if err != nil {
		return nil, ErrNotDocx
	}
	f := &File{zip: z, entries: map[string]*zip.File{}, lim: lim, trees: map[string]*Node{}, changed: map[string]bool{}, data: map[string][]byte{}}
	if len(z.File) > maxEntries {
		return nil, &LimitError{fmt.Sprintf("it has more than %d parts", maxEntries)}
	}
	for _, e := range z.File {
		name := strings.ToLower(e.Name)
		if f.entries[name] != nil {
			return nil, fmt.Errorf("it holds the part %s twice", short(e.Name))
		}
		f.entries[name] = e
	}
	rels, err := f.Relationships("")
	if err != nil {
		return nil, ErrNotDocx
	}
	for _, r := range rels {
		if r.Kind == "officeDocument" {
			f.main = r.Target
		}
	}
	if f.main == "" || f.entries[strings.ToLower(f.main)] == nil {
		return nil, ErrNotDocx
	}
	root, err := f.Tree(f.main)
	if err != nil {
		return nil, err
	}
	if root.Element().Name != "w:document" || root.Element().Kid("w:body") == nil {
		return nil, ErrNotDocx
	}
	return f, nil
}

// Main returns the name of the part with the text.
func (f *File) Main() string { return f.main }

// Body returns the element that holds the text.
func (f *File) Body() *Node { return f.trees[f.main].Element().Kid("w:body") }

// Has reports whether there is such a part.
func (f *File) Has(part string) bool {
	return f.data[part] != nil || f.trees[part] != nil || f.entries[strings.ToLower(part)] != nil
}

// Part returns the content of a part.
func (f *File) Part(part string) ([]byte, error) {
	if t := f.trees[part]; t != nil {
		return t.Bytes(), nil
	}
	if b := f.data[part]; b != nil {
		return b, nil
	}
	e := f.entries[strings.ToLower(part)]
	if e == nil {
		return nil, fmt.Errorf("the part %s is missing", short(part))
	}
	r, err := e.Open()
	if err != nil {
		return nil, fmt.Errorf("the part %s is damaged: %w", short(part), err)
	}
	defer r.Close()
	most := min(f.lim.Part, f.lim.Total-f.read)
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	f.read += int64(len(b))
	if err != nil {
		return nil, fmt.Errorf("the part %s is damaged: %w", short(part), err)
	}
	if int64(len(b)) > most {
		return nil, &LimitError{fmt.Sprintf("the part %s unpacks to more than %d bytes", short(part), most)}
	}
	return b, nil
}

// Tree returns a part as a tree, the same each time. Who changes it says so
// with Touch.
func (f *File) Tree(part string) (*Node, error) {
	if t := f.trees[part]; t != nil {
		return t, nil
	}
	b, err := f.Part(part)
	if err != nil {
		return nil, err
	}
	t, err := Parse(b)
	if err != nil {
		return nil, fmt.Errorf("the part %s cannot be read: %w", short(part), err)
	}
	f.trees[part] = t
	delete(f.data, part)
	return t, nil
}

// Touch says that the tree of a part was changed.
func (f *File) Touch(part string) { f.changed[part] = true }

// Set gives a part new content, or adds it.
func (f *File) Set(part string, b []byte) {
	if !f.Has(part) {
		f.added = append(f.added, part)
	}
	delete(f.trees, part)
	f.data[part] = b
	f.changed[part] = true
}

// Write writes the document. Parts that were not changed are copied as they
// are, packed.
func (f *File) Write(w io.Writer) error {
	out := zip.NewWriter(w)
	put := func(h *zip.FileHeader, part string) error {
		b, err := f.Part(part)
		if err != nil {
			return err
		}
		pw, err := out.CreateHeader(h)
		if err != nil {
			return err
		}
		_, err = pw.Write(b)
		return err
	}
	touched := map[string]string{}
	for part := range f.changed {
		touched[strings.ToLower(part)] = part
	}
	for _, e := range f.zip.File {
		if part, ok := touched[strings.ToLower(e.Name)]; ok {
			if err := put(&zip.FileHeader{Name: e.Name, Method: zip.Deflate, Modified: e.Modified}, part); err != nil {
				return err
			}
			continue
		}
		if err := out.Copy(e); err != nil {
			return fmt.Errorf("copying the part %s: %w", short(e.Name), err)
		}
	}
	for _, part := range f.added {
		if err := put(&zip.FileHeader{Name: part, Method: zip.Deflate}, part); err != nil {
			return err
		}
	}
	return out.Close()
}

// Relationship is a link of a part to another.
type Relationship struct {
	ID       string
	Kind     string // last part of its type: image, header
	Target   string // name of the part, or an address if External
	External bool
}

func relsName(part string) string {
	return path.Join(path.Dir(part), "_rels", path.Base(part)+".rels")
}

// Relationships lists the links of a part, or of the document for "".
func (f *File) Relationships(part string) ([]Relationship, error) {
	name := "_rels/.rels"
	if part != "" {
		name = relsName(part)
	}
	if !f.Has(name) {
		if part == "" {
			return nil, ErrNotDocx
		}
		return nil, nil
	}
	t, err := f.Tree(name)
	if err != nil {
		return nil, err
	}
	var out []Relationship
	for _, r := range t.All("rel:Relationship") {
		rel := Relationship{ID: r.Attr("Id"), Kind: path.Base(r.Attr("Type")), Target: r.Attr("Target"), External: r.Attr("TargetMode") == "External"}
		if !rel.External {
			rel.Target = strings.ReplaceAll(rel.Target, `\`, "/")
			if !strings.HasPrefix(rel.Target, "/") {
				rel.Target = path.Join(path.Dir(part), rel.Target)
			}
			rel.Target = strings.TrimPrefix(path.Clean(rel.Target), "/")
		}
		out = append(out, rel)
	}
	return out, nil
}

// Related returns the parts that the main part links to by one of the kinds:
// header, footer, footnotes, endnotes, comments, styles, numbering.
func (f *File) Related(kinds ...string) ([]string, error) {
	rels, err := f.Relationships(f.main)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, kind := range kinds {
		for _, r := range rels {
			if r.Kind == kind && !r.External && f.Has(r.Target) && !slices.Contains(out, r.Target) {
				out = append(out, r.Target)
			}
		}
	}
	return out, nil
}

const relSpace = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

// Link adds a relationship to a part and returns its id.
func (f *File) Link(part, kind, target string) (string, error) {
	name := relsName(part)
	if !f.Has(name) {
		f.Set(name, []byte(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`+"\n"+`<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"></Relationships>`))
	}
	t, err := f.Tree(name)
	if err != nil {
		return "", err
	}
	used := map[string]bool{}
	for _, r := range t.All("rel:Relationship") {
		used[r.Attr("Id")] = true
	}
	id := ""
	for n := len(used) + 1; id == "" || used[id]; n++ {
		id = fmt.Sprintf("rId%d", n)
	}
	root := t.Element()
	tag := root.rawName() // of the prefix of the list itself
	prefix := strings.TrimSuffix(tag, "Relationships")
	nodes, err := root.Fragment(fmt.Sprintf(`<%sRelationship Id="%s" Type="%s" Target="/%s"/>`, prefix, id, relSpace+kind, Escape(target)))
	if err != nil {
		return "", err
	}
	root.Append(nodes...)
	f.Touch(name)
	return id, nil
}

// Declare says which type a part, or all parts with an ending, has.
func (f *File) Declare(part, ext, contentType string) error {
	const name = "[Content_Types].xml"
	t, err := f.Tree(name)
	if err != nil {
		return err
	}
	root := t.Element()
	prefix := strings.TrimSuffix(root.rawName(), "Types")
	xml := fmt.Sprintf(`<%sOverride PartName="/%s" ContentType="%s"/>`, prefix, Escape(part), contentType)
	if ext != "" {
		for _, d := range t.All("ct:Default") {
			if strings.EqualFold(d.Attr("Extension"), ext) {
				return nil
			}
		}
		xml = fmt.Sprintf(`<%sDefault Extension="%s" ContentType="%s"/>`, prefix, ext, contentType)
	}
	nodes, err := root.Fragment(xml)
	if err != nil {
		return err
	}
	root.Insert(0, nodes...)
	f.Touch(name)
	return nil
}

func zipped(parts [][2]string) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, p := range parts {
		f, err := w.Create(p[0])
		if err != nil {
			return nil, err
		}
		if _, err := io.WriteString(f, p[1]); err != nil {
			return nil, err
		}
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
