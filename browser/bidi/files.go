package bidi

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/aether-rpa/aether/browser"
)

type chooserEvent struct {
	Context  string
	Element  *remoteValue
	Multiple bool
}

func (e chooserEvent) context() string { return e.Context }

func (t *tab) chooserOpened(e chooserEvent) {
	t.Chooses(func(ctx context.Context) (browser.Chosen, error) { return t.chosen(ctx, e) })
}

// SetFiles implements browser.Tab.
func (t *tab) SetFiles(ctx context.Context, frame string, handle int, paths []string) error {
	id, err := t.object(ctx, frame, handle)
	if err != nil {
		return err
	}
	err = t.call(ctx, "input.setFiles", params{"context": frame, "element": node(id), "files": paths}, nil)
	if isRefused(err, "unable to set file input") {
		return errors.New("files can be given to a field of type file only, as many as it takes, and they must be there")
	}
	if err != nil {
		return t.vanished(err)
	}
	return nil
}

// Choosers implements browser.Tab. Firefox shows no file chooser in a session of this driver at all.
func (t *tab) Choosers(context.Context) (func(context.Context) (browser.Chosen, error), func(context.Context) error, error) {
	next, done := t.AwaitChooser()
	return next, func(context.Context) error { done(); return nil }, nil
}

// chosen makes the field of a file chooser known to the library.
func (t *tab) chosen(ctx context.Context, e chooserEvent) (browser.Chosen, error) {
	c := browser.Chosen{Frame: e.Context, Several: e.Multiple}
	if e.Element == nil || e.Element.SharedID == "" {
		return c, errors.New("the page asked for files without a field that takes them")
	}
	r, err := t.function(ctx, e.Context, true, "e => JSON.stringify(__aether.keep(e))", node(e.Element.SharedID))
	if err != nil {
		return c, err
	}
	raw, err := r.json()
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(raw, &c.Handle)
}

// Carry implements browser.Tab.
func (t *tab) Carry(context.Context, string, float64, float64, []string) error {
	return cannot("drop files on a page; give them to the page's file field with web.upload")
}

// FilePath implements browser.Tab.
func (t *tab) FilePath(context.Context, string, int) (string, error) {
	return "", cannot("tell where a file of a field lies")
}

// SaveDocuments implements browser.Tab.
func (t *tab) SaveDocuments(ctx context.Context) error {
	t.saving.Store(true)
	return t.c.b.intercepting(ctx)
}
