package cdp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aether-rpa/aether/browser"
)

type chooserEvent struct {
	FrameID, Mode string
	BackendNodeID int64
}

func (t *tab) chooserOpened(e chooserEvent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case t.choosers <- e:
	default: // nobody waits, or one is waiting already
	}
}

// sessions are those of the tab's documents.
func (t *tab) sessions() []*session {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []*session
	for _, f := range t.frames {
		if !slices.Contains(all, f.s) {
			all = append(all, f.s)
		}
	}
	return all
}

// Choosers implements browser.Tab.
func (t *tab) Choosers(ctx context.Context) (func(context.Context) (browser.Chosen, error), func(context.Context) error, error) {
	opened := make(chan chooserEvent, 1)
	t.mu.Lock()
	t.choosers = opened
	t.mu.Unlock()
	set := func(ctx context.Context, on bool) error {
		for _, s := range t.sessions() {
			err := t.call(ctx, s, "Page.setInterceptFileChooserDialog", map[string]any{"enabled": on}, nil)
			if err != nil && s == t.s {
				return t.vanished(err)
			}
		}
		return nil
	}
	next := func(ctx context.Context) (browser.Chosen, error) {
		select {
		case e := <-opened:
			return t.chosen(ctx, e)
		case <-ctx.Done():
			return browser.Chosen{}, ctx.Err()
		case <-t.gone:
			return browser.Chosen{}, browser.ErrGone
		}
	}
	stop := func(ctx context.Context) error {
		t.mu.Lock()
		t.choosers = nil
		t.mu.Unlock()
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
	t.update(func() { t.saving = true })
	if err := t.call(ctx, t.s, "Fetch.enable", fetchParams(t.c.options(), true), nil); err != nil {
		return t.vanished(err)
	}
	return nil
}

// saves makes an answer one to save, if the tab is there to save documents, and reports whether it did.
func (t *tab) saves(s *session, e pausedEvent) bool {
	t.mu.Lock()
	saving := t.saving
	t.mu.Unlock()
	if !saving || e.ResourceType != "Document" || e.ResponseStatusCode/100 != 2 {
		return false
	}
	h := attached(e.ResponseHeaders)
	if h == nil {
		return false
	}
	s.send("Fetch.continueResponse", map[string]any{"requestId": e.RequestID, "responseCode": e.ResponseStatusCode, "responseHeaders": h})
	return true
}

// attached are the headers of an answer made one to save; nil if it is so already, or is HTML.
func attached(headers []header) []header {
	out := []header{}
	disposition := "attachment"
	for _, h := range headers {
		switch strings.ToLower(h.Name) {
		case "content-type":
			if v := strings.ToLower(h.Value); strings.HasPrefix(v, "text/html") || strings.HasPrefix(v, "application/xhtml") {
				return nil
			}
		case "content-disposition":
			kind, rest, named := strings.Cut(h.Value, ";")
			if strings.EqualFold(strings.TrimSpace(kind), "attachment") {
				return nil
			}
			if named {
				disposition += ";" + rest
			}
			continue
		}
		out = append(out, h)
	}
	return append(out, header{"Content-Disposition", disposition})
}
