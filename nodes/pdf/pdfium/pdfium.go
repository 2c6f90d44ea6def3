// Package pdfium reads and draws PDF pages with PDFium, the engine of Chromium,
// compiled to WebAssembly.
//
// A document is opened in a sandbox of its own: it sees no files and no
// network, its memory is bounded, and it is stopped when the context of Open
// ends, whatever the document makes it do. The engine is compiled on first use
// (some seconds), kept while it is used, and given back after a while of
// silence. All positions are in points (1/72 inch) from the top left corner of
// the page as a viewer shows it, rotation and crop box applied.
package pdfium

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime/debug"
	"sync"
	"time"

	"github.com/klippa-app/go-pdfium"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

const (
	// sandboxes is how many documents are open at a time; others wait.
	sandboxes = 2
	// memoryPages of 64 KiB are what one document may use: 1 GiB.
	memoryPages = 16384
	// idleAfter is how long the compiled engine is kept without use.
	idleAfter = 2 * time.Minute
)

// ErrPassword is returned by Open for a document whose password was not given
// or is wrong.
var ErrPassword = errors.New("the document is encrypted and the password does not open it")

// BadError says that PDFium could not make sense of a document or a page.
type BadError struct{ Err error }

// Error implements error.
func (e *BadError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *BadError) Unwrap() error { return e.Err }

// engine is the compiled module, shared by all documents.
type engine struct {
	lock  chan struct{} // holds one token while nobody uses the fields
	pool  pdfium.Pool
	users int
	timer *time.Timer
}

var shared = func() *engine {
	e := &engine{lock: make(chan struct{}, 1)}
	e.lock <- struct{}{}
	return e
}()

// acquire returns the pool, compiling the engine when it is not there.
func (e *engine) acquire(ctx context.Context) (pdfium.Pool, error) {
	select {
	case <-e.lock:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer func() { e.lock <- struct{}{} }()
	if e.timer != nil {
		e.timer.Stop()
		e.timer = nil
	}
	if e.pool == nil {
		features := api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling
		pool, err := webassembly.Init(webassembly.Config{
			MaxIdle: 0, MaxTotal: sandboxes,
			FSConfig:      wazero.NewFSConfig(),
			RuntimeConfig: wazero.NewRuntimeConfig().WithCoreFeatures(features).WithCloseOnContextDone(true).WithMemoryLimitPages(memoryPages),
			Stdout:        io.Discard, Stderr: io.Discard,
		})
		if err != nil {
			return nil, fmt.Errorf("starting the PDF engine: %w", err)
		}
		e.pool = pool
		debug.FreeOSMemory() // compiling leaves much behind
	}
	e.users++
	return e.pool, nil
}

func (e *engine) release() {
	<-e.lock
	defer func() { e.lock <- struct{}{} }()
	if e.users--; e.users > 0 {
		return
	}
	e.timer = time.AfterFunc(idleAfter, e.rest)
}

// rest gives the engine back unless it is used again.
func (e *engine) rest() {
	<-e.lock
	defer func() { e.lock <- struct{}{} }()
	if e.users == 0 && e.pool != nil {
		_ = e.pool.Close() // nothing is open in it
		e.pool = nil
		debug.FreeOSMemory()
	}
}

// Doc is an open document. It is used by one goroutine at a time and must be
// closed.
type Doc struct {
	ctx   context.Context
	inst  pdfium.Pdfium
	doc   references.FPDF_DOCUMENT
	pages int
	stop  func() bool
	once  sync.Once
}

// Open opens a document of the given size; r is read until Close. When ctx
// ends, whatever is under way in the document fails.
func Open(ctx context.Context, r io.ReadSeeker, size int64, password string) (*Doc, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	pool, err := shared.acquire(ctx)
	if err != nil {
		return nil, err
	}
	inst, err := pool.GetInstanceWithContext(ctx)
	if err != nil {
		shared.release()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, fmt.Errorf("starting the PDF engine: %w", err)
	}
	d := &Doc{ctx: ctx, inst: inst}
	if m := module(inst); m != nil {
		d.stop = context.AfterFunc(ctx, func() { _ = m.CloseWithExitCode(context.Background(), 1) })
	} else {
		d.stop = func() bool { return true }
	}
	req := &requests.OpenDocument{FileReader: r, FileReaderSize: size}
	if password != "" {
		req.Password = &password
	}
	opened, err := inst.OpenDocument(req)
	if err != nil {
		d.Close()
		return nil, d.failure(err)
	}
	d.doc = opened.Document
	count, err := inst.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: d.doc})
	if err != nil {
		d.Close()
		return nil, d.failure(err)
	}
	d.pages = count.PageCount
	return d, nil
}

// module returns the WebAssembly module of an instance, which can be closed
// from another goroutine while it works. The library has no door to it.
func module(inst pdfium.Pdfium) api.Module {
	v := reflect.Indirect(reflect.ValueOf(inst.GetImplementation()))
	if v.Kind() != reflect.Struct {
		return nil
	}
	f := v.FieldByName("Module")
	if !f.IsValid() {
		return nil
	}
	m, _ := f.Interface().(api.Module)
	return m
}

// Close gives the sandbox back. It may be called more than once.
func (d *Doc) Close() {
	d.once.Do(func() {
		d.stop()
		_ = d.inst.Close() // the whole sandbox goes away, in whatever state it is
		shared.release()
	})
}

// Pages returns the number of pages.
func (d *Doc) Pages() int { return d.pages }

func (d *Doc) page(n int) requests.Page {
	return requests.Page{ByIndex: &requests.PageByIndex{Document: d.doc, Index: n - 1}}
}

// failure tells apart what stopped the engine.
func (d *Doc) failure(err error) error {
	switch {
	case err == nil:
		return nil
	case d.ctx.Err() != nil:
		return d.ctx.Err()
	case errors.Is(err, pdfiumerrors.ErrPassword):
		return ErrPassword
	case errors.Is(err, pdfiumerrors.ErrSecurity):
		return &BadError{errors.New("it is encrypted in a way that is not known")}
	case errors.Is(err, pdfiumerrors.ErrFormat), errors.Is(err, pdfiumerrors.ErrFile):
		return &BadError{errors.New("it is not a PDF, or is damaged beyond reading")}
	case errors.Is(err, pdfiumerrors.ErrPage):
		return &BadError{errors.New("the page is damaged")}
	}
	return &BadError{err}
}
