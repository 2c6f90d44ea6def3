// Package pdf holds the nodes that read, take apart, put together, change and
// make PDF files.
//
// Reading text and drawing pages is done by PDFium in a sandbox (see package
// pdfium), changing documents by pdfcpu. Both are given files that people were
// sent by strangers: sizes, times and what streams unpack to are bounded, and a
// document that breaks a parser ends in a failure of the node.
//
// Pages count from 1. Positions are in points, 72 to the inch, from the top
// left corner of the page as a viewer shows it.
package pdf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/pdfcpu/pdfcpu/pkg/api"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu"
	"github.com/pdfcpu/pdfcpu/pkg/pdfcpu/model"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/pdf/pdfium"
	"github.com/aether-rpa/aether/vault"
	"github.com/aether-rpa/aether/workspace"
)

func init() {
	node.RegisterFamily(node.Family{Name: "pdf", Title: "PDF", Doc: "Read text and tables from PDF files, merge, split, stamp, encrypt, fill and make them, turn them into pictures and back."})
	// Else pdfcpu would keep settings and fonts in the home folder.
	api.DisableConfigDir()
}

// source is the document that a node reads.
type source struct {
	File     string       `json:"file" is:"required" widget:"file" doc:"PDF file to read."`
	Password vault.Secret `json:"password" doc:"Password of the file, the user's or the owner's, if it is encrypted."`
	limits
}

type limits struct {
	Timeout time.Duration `json:"timeout" default:"5m" min:"0.001" group:"Limits" is:"advanced" doc:"How long the work on the file may take."`
	MaxSize int           `json:"max_size" default:"268435456" min:"1" group:"Limits" is:"advanced" doc:"Size in bytes of the largest file to accept, and of the largest stream inside it once unpacked. The default is 256 MiB."`
}

// target is where a node that changes a document writes it.
type target struct {
	To string `json:"to" widget:"file" doc:"File to write; one that is there is replaced. Empty changes the file itself."`
}

// effect is that of a change which, made twice in place, gives another file.
func (t target) effect(file string) node.Effect {
	if t.To == "" || t.To == file {
		return node.Once
	}
	return node.Idempotent
}

func (t target) path(file string) string {
	if t.To == "" {
		return file
	}
	return t.To
}

func input(hint, format string, args ...any) error {
	return node.Fail(node.KindInput, fmt.Sprintf(format, args...), hint)
}

// open opens the file and looks at its size and first bytes.
func (s source) open(env *node.Env) (fs.File, io.ReadSeeker, int64, error) {
	f, err := env.Files.Open(s.File)
	if err != nil {
		return nil, nil, 0, tell(err, s.File)
	}
	info, err := f.Stat()
	switch {
	case err != nil:
	case info.IsDir():
		err = input("give the path of a PDF file", "%s is a folder", s.File)
	case info.Size() > int64(s.MaxSize):
		err = input("raise max_size if the file can be trusted", "%s has %d bytes, more than max_size allows", s.File, info.Size())
	case info.Size() == 0:
		err = input("check where the file comes from", "%s is empty", s.File)
	default:
		err = looksLikePDF(f, s.File)
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, 0, tell(err, s.File)
	}
	return f, f, info.Size(), nil
}

// looksLikePDF refuses what is no PDF before an engine is started for it. A
// little rubbish before the header is usual.
func looksLikePDF(f io.ReadSeeker, path string) error {
	head := make([]byte, 1024)
	n, err := io.ReadFull(f, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
		return err
	}
	if !strings.Contains(string(head[:n]), "%PDF-") {
		return input("check that the file is a PDF; use doc.to_pdf for office documents", "%s is not a PDF file", path)
	}
	_, err = f.Seek(0, io.SeekStart)
	return err
}

// read opens the document for reading text or drawing, and calls use with it.
func (s source) read(ctx context.Context, env *node.Env, use func(ctx context.Context, d *pdfium.Doc) error) error {
	f, rs, size, err := s.open(env)
	if err != nil {
		return err
	}
	defer f.Close()
	inner, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	d, err := pdfium.Open(inner, rs, size, s.Password.Reveal())
	if err == nil {
		defer d.Close()
		err = use(inner, d)
	}
	return s.tell(ctx, err)
}

// with runs an operation of pdfcpu on the document. The operation has no way to
// be told of the end of ctx, so that is noticed when it next reads; an
// operation that only computes is left behind, without access to anything.
func (s source) with(ctx context.Context, env *node.Env, op func(rs io.ReadSeeker, conf *model.Configuration) error) error {
	f, rs, _, err := s.open(env)
	if err != nil {
		return err
	}
	inner, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	err = guarded(inner, func(g *gate) error {
		defer f.Close()
		return op(&gatedReader{g, rs}, s.conf())
	})
	return s.tell(ctx, err)
}

// conf returns the settings of pdfcpu for this document.
func (s source) conf() *model.Configuration {
	c := model.NewDefaultConfiguration()
	c.Offline = true
	c.CheckFileNameExt = false
	c.UserPW, c.OwnerPW = s.Password.Reveal(), s.Password.Reveal()
	size := int64(s.MaxSize)
	c.Limits.MaxStreamBytes, c.Limits.MaxDecodeBytes, c.Limits.MaxImageBytes = size, size, size
	c.Limits.MaxObjectCount, c.Limits.MaxXRefEntries = 1_000_000, 1_000_000
	return c
}

// gate is what an operation goes through; it shuts when nobody waits for the
// operation any more.
type gate struct {
	mu   sync.Mutex
	shut error
	ctx  context.Context
}

func (g *gate) enter() error {
	g.mu.Lock()
	if g.shut == nil {
		g.shut = g.ctx.Err()
	}
	if g.shut != nil {
		g.mu.Unlock()
		return g.shut
	}
	return nil
}

type gatedReader struct {
	g *gate
	r io.ReadSeeker
}

// maxFrames is how many calls deep a document may be read.
const maxFrames = 1000

// deep notices that a file has pdfcpu read it deeper and deeper: a stack that
// grows too large ends the whole program.
func deep() error {
	var caller [1]uintptr
	if runtime.Callers(maxFrames, caller[:]) > 0 {
		return errors.New("its objects refer to each other without end")
	}
	return nil
}

func (r *gatedReader) Read(p []byte) (int, error) {
	if err := r.g.enter(); err != nil {
		return 0, err
	}
	defer r.g.mu.Unlock()
	return r.r.Read(p)
}

func (r *gatedReader) Seek(offset int64, whence int) (int64, error) {
	if err := r.g.enter(); err != nil {
		return 0, err
	}
	defer r.g.mu.Unlock()
	if whence == io.SeekStart && offset < 0 {
		return 0, errors.New("it refers to a place before its start")
	}
	if r.g.shut = deep(); r.g.shut != nil {
		return 0, r.g.shut
	}
	return r.r.Seek(offset, whence)
}

// panicError is what a parser died of.
type panicError struct{ what any }

func (p *panicError) Error() string { return fmt.Sprintf("the parser broke on it: %v", p.what) }

// guarded runs op in a goroutine, turns a panic into an error, and stops
// waiting when ctx ends.
func guarded(ctx context.Context, op func(*gate) error) error {
	g := &gate{ctx: ctx}
	done := make(chan error, 1)
	go func() {
		var err error
		defer func() {
			if p := recover(); p != nil {
				err = &panicError{p}
			}
			done <- err
		}()
		err = op(g)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		g.mu.Lock()
		g.shut = ctx.Err()
		g.mu.Unlock()
		return ctx.Err()
	}
}

// tell says what is wrong with the document in words a person understands.
func (s source) tell(ctx context.Context, err error) error {
	var bad *pdfium.BadError
	var large *pdfium.TooLargeError
	var f *node.Failure
	var outside *workspace.OutsideError
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &f), errors.As(err, &outside):
		return err
	case errors.Is(err, context.DeadlineExceeded):
		return node.Fail(node.KindTimeout, fmt.Sprintf("the work on %s took longer than %s", s.File, s.Timeout), "raise timeout if the file can be trusted, or work on fewer pages")
	case errors.Is(err, pdfium.ErrPassword), errors.Is(err, pdfcpu.ErrWrongPassword):
		if s.Password.Empty() {
			return node.Fail(node.KindDenied, s.File+" is encrypted and needs a password", "give its password")
		}
		return node.Fail(node.KindDenied, "the password does not open "+s.File, "check the password; to change a file you may need the owner's")
	case errors.As(err, &large):
		return input("lower dpi, or raise max_pixels", "page %d of %s would become a picture of %.0f pixels, more than max_pixels allows", large.Page, s.File, large.Pixels)
	case errors.As(err, &bad):
		return input("open the file in a viewer and save it again, or ask for a new copy", "%s cannot be read: %v", s.File, bad)
	case isFileError(err):
		return tell(err, s.File)
	}
	msg := firstLine(strings.TrimPrefix(err.Error(), "prepare PDF context: "))
	if low := strings.ToLower(msg); strings.Contains(low, "permission") || strings.Contains(low, "operation restricted") {
		return node.Fail(node.KindDenied, s.File+" does not permit this: "+msg, "give the owner's password")
	}
	return input("if a viewer opens the file, save it again there or run pdf.flatten on it, and try once more", "%s cannot be processed: %s", s.File, msg)
}

func isFileError(err error) bool {
	var pe *fs.PathError
	return errors.As(err, &pe)
}

// firstLine keeps an error message to one sentence of bounded length.
func firstLine(s string) string {
	s, _, _ = strings.Cut(strings.TrimSpace(s), "\n")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return s
}

// tell turns errors of the file system into failures.
func tell(err error, path string) error {
	var f *node.Failure
	var outside *workspace.OutsideError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &f), errors.As(err, &outside), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, fs.ErrNotExist):
		return node.Fail(node.KindNotFound, path+" does not exist", "check the path; relative paths start in the flow's working folder")
	case errors.Is(err, fs.ErrPermission):
		return node.Fail(node.KindDenied, err.Error(), "check the rights of the file and of its folder")
	}
	return node.Fail(node.KindError, firstLine(err.Error()), "")
}
