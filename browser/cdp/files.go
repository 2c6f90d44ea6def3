package cdp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/aether-rpa/aether/browser"
	"github.com/aether-rpa/aether/browser/follow"
)

type chooserEvent struct {
	FrameID, Mode string
	BackendNodeID int64
}

func (t *tab) chooserOpened(e chooserEvent) {
	t.Chooses(func(ctx context.Context) (browser.Chosen, error) { return t.chosen(ctx, e) })
}

// sessions are those of the tab's documents.
func (t *tab) sessions() []*session {
	t.Lock()
	defer t.Unlock()
	var all []*session
	for _, f := range t.All() {
		if !slices.Contains(all, f.Driver.s) {
			all = append(all, f.Driver.s)
		}
	}
	return all
}

// Choosers implements browser.Tab.
func (t *tab) Choosers(ctx context.Context) (func(context.Context) (browser.Chosen, error), func(context.Context) error, error) {
	next, done := t.AwaitChooser()
	set := func(ctx context.Context, on bool) error {
		for _, s := range t.sessions() {
			err := t.call(ctx, s, "Page.setInterceptFileChooserDialog", map[string]any{"enabled": on}, nil)
			if err != nil && s == t.s {
				return t.vanished(err)
			}
		}
		return nil
	}
	stop := func(ctx context.Context) error {
		done()
		return set(ctx, false)
	}
	return next, stop, set(ctx, true)
}

// chosen makes the field of a file chooser known to the library.
func (t *tab) chosen(ctx context.Context, e chooserEvent) (browser.Chosen, error) {
	c := browser.Chosen{Frame: e.FrameID, Several: e.Mode == "selectMultiple"}
	if e.BackendNodeID == 0 {
		return c, errors.New("the page asked for files without a field that takes them")
	}
	s, n, err := t.context(ctx, e.FrameID, true)
	if err != nil {
		return c, err
	}
	var field struct{ Object remoteObject }
	if err := t.call(ctx, s, "DOM.resolveNode", map[string]any{"backendNodeId": e.BackendNodeID, "executionContextId": n}, &field); err != nil {
		return c, t.vanished(err)
	}
	defer t.release(s, field.Object.ObjectID)
	var r evaluated
	err = t.call(ctx, s, "Runtime.callFunctionOn", map[string]any{"functionDeclaration": "e => __aether.keep(e)", "executionContextId": n,
		"arguments": []map[string]any{{"objectId": field.Object.ObjectID}}, "returnByValue": true}, &r)
	if err != nil {
		return c, t.vanished(err)
	}
	raw, err := r.value()
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(raw, &c.Handle)
}

// Carry implements browser.Tab.
func (t *tab) Carry(ctx context.Context, step string, x, y float64, paths []string) error {
	kind, ok := map[string]string{"enter": "dragEnter", "over": "dragOver", "drop": "drop", "leave": "dragCancel"}[step]
	if !ok {
		return fmt.Errorf("files are not carried by %q", step)
	}
	data := map[string]any{"items": []any{}, "files": paths, "dragOperationsMask": 1}
	err := t.call(ctx, t.s, "Input.dispatchDragEvent", map[string]any{"type": kind, "x": x, "y": y, "data": data}, nil)
	if err != nil {
		return t.vanished(err)
	}
	return nil
}

// SaveDocuments implements browser.Tab.
func (t *tab) SaveDocuments(ctx context.Context) error {
	t.Update(func() { t.saving = true })
	if err := t.call(ctx, t.s, "Fetch.enable", fetchParams(t.c.Options(), true), nil); err != nil {
		return t.vanished(err)
	}
	return nil
}

// saves makes an answer one to save, if the tab is there to save documents, and reports whether it did.
func (t *tab) saves(s *session, e pausedEvent) bool {
	t.Lock()
	saving := t.saving
	t.Unlock()
	if !saving || e.ResourceType != "Document" || e.ResponseStatusCode/100 != 2 {
		return false
	}
	h := follow.Attached(e.ResponseHeaders)
	if h == nil {
		return false
	}
	s.send("Fetch.continueResponse", map[string]any{"requestId": e.RequestID, "responseCode": e.ResponseStatusCode, "responseHeaders": h})
	return true
}
