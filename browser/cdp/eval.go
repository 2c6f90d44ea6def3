package cdp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/chromedp/cdproto"

	"github.com/aether-rpa/aether/browser"
)

type remoteObject struct {
	ObjectID            string
	Value               json.RawMessage
	UnserializableValue string
	Type, Subtype       string
}

type evaluated struct {
	Result           remoteObject
	ExceptionDetails *struct {
		Text       string
		LineNumber int
		Exception  *struct {
			Description string
			Value       json.RawMessage
		}
	}
}

// value returns what an evaluation gave, or the script's error.
func (e evaluated) value() (json.RawMessage, error) {
	if x := e.ExceptionDetails; x != nil {
		s := x.Text
		if x.Exception != nil {
			if s = x.Exception.Description; s == "" {
				s = string(x.Exception.Value)
			}
		}
		if i := strings.IndexByte(s, '\n'); i > 0 {
			s = s[:i]
		}
		return nil, &browser.ScriptError{Message: s, Line: x.LineNumber + 1}
	}
	if v := e.Result.UnserializableValue; v != "" {
		return json.Marshal(strings.TrimSuffix(v, "n"))
	}
	return e.Result.Value, nil
}

// vanished reports whether an error says that the document went away.
func (t *tab) vanished(err error) error {
	var e *cdproto.Error
	if t.IsGone() {
		return browser.ErrGone
	}
	if errors.As(err, &e) {
		m := e.Message
		for _, s := range []string{"Cannot find context", "context was destroyed", "navigated or closed", "Cannot find default execution context", "uniqueContextId not found", "Could not find object", "No frame", "Frame with the given id", "not attached"} {
			if strings.Contains(m, s) {
				return browser.ErrNavigated
			}
		}
	}
	if errors.Is(err, errGone) && !t.IsGone() {
		return browser.ErrNavigated // a frame's own process has ended
	}
	return err
}

// context returns the execution context of a frame, waiting for it while a document begins.
func (t *tab) context(ctx context.Context, id string, ours bool) (*session, int64, error) {
	var made time.Time
	for {
		t.Lock()
		f, changed := t.Frame(id), t.Change()
		if f == nil {
			t.Unlock()
			return nil, 0, browser.ErrNavigated
		}
		s, n := f.Driver.s, f.Driver.theirs
		if ours {
			n = f.Driver.ours
		}
		t.Unlock()
		if n != 0 {
			return s, n, nil
		}
		if t.IsGone() {
			return nil, 0, browser.ErrGone
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, 0, ctx.Err()
		case <-t.Gone():
		case <-time.After(50 * time.Millisecond):
			// A document that comes at the same moment takes the world with it; so it is made again.
			if ours && time.Since(made) > 250*time.Millisecond {
				made = time.Now()
				t.makeWorld(ctx, s, id)
			}
		}
	}
}

// makeWorld makes the library's world in a document that has none, as one that was open before the tab was joined. Its
// event tells the tab of it: this answer could come when the document has gone.
func (t *tab) makeWorld(ctx context.Context, s *session, id string) {
	var r struct{ ExecutionContextID int64 }
	if err := s.Call(ctx, "Page.createIsolatedWorld", map[string]any{"frameId": id, "worldName": world}, &r); err != nil {
		return
	}
	_ = s.Call(ctx, "Runtime.evaluate", map[string]any{"expression": t.c.library(), "contextId": r.ExecutionContextID}, nil)
}

// evaluate are the params of the call that is made most.
type evaluate struct {
	Expression    string `json:"expression"`
	ContextID     int64  `json:"contextId"`
	ReturnByValue bool   `json:"returnByValue"`
	AwaitPromise  bool   `json:"awaitPromise"`
	UserGesture   bool   `json:"userGesture,omitempty"` // a person's doing; the browser notes it, which takes a while
}

// Eval implements browser.Tab.
func (t *tab) Eval(ctx context.Context, frame, expression string, result any) error {
	return t.eval(ctx, frame, expression, false, result)
}

// Act implements browser.Tab.
func (t *tab) Act(ctx context.Context, frame, expression string, result any) error {
	return t.eval(ctx, frame, expression, true, result)
}

func (t *tab) eval(ctx context.Context, frame, expression string, gesture bool, result any) error {
	for try := 0; ; try++ {
		s, n, err := t.context(ctx, frame, true)
		if err != nil {
			return err
		}
		var e evaluated
		err = t.call(ctx, s, "Runtime.evaluate", evaluate{expression, n, true, true, gesture}, &e)
		if err != nil {
			return t.vanished(err)
		}
		raw, err := e.value()
		if err != nil && strings.Contains(err.Error(), "__aether is not defined") && try == 0 {
			// The library's world is there before its script in documents that begin empty.
			_ = t.call(ctx, s, "Runtime.evaluate", map[string]any{"expression": t.c.library(), "contextId": n}, nil)
			continue
		}
		if err != nil {
			return err
		}
		if result == nil || len(raw) == 0 {
			return nil
		}
		return json.Unmarshal(raw, result)
	}
}

// object returns a handle's element as an object of the library's world.
func (t *tab) object(ctx context.Context, frame string, handle int) (*session, string, error) {
	s, n, err := t.context(ctx, frame, true)
	if err != nil {
		return nil, "", err
	}
	var e evaluated
	if err := t.call(ctx, s, "Runtime.evaluate", map[string]any{"expression": fmt.Sprintf("__aether.element(%d)", handle), "contextId": n}, &e); err != nil {
		return nil, "", t.vanished(err)
	}
	if e.Result.ObjectID == "" {
		return nil, "", browser.ErrNavigated
	}
	return s, e.Result.ObjectID, nil
}

func (t *tab) release(s *session, id string) {
	s.send("Runtime.releaseObject", map[string]any{"objectId": id})
}

// backend returns the number by which the browser knows an element in every world.
func (t *tab) backend(ctx context.Context, s *session, object string) (id int64, frame string, err error) {
	var d struct {
		Node struct {
			BackendNodeID int64
			FrameID       string
		}
	}
	err = t.call(ctx, s, "DOM.describeNode", map[string]any{"objectId": object}, &d)
	return d.Node.BackendNodeID, d.Node.FrameID, err
}

// EvalPage implements browser.Tab.
func (t *tab) EvalPage(ctx context.Context, frame, function string, handle int, arg any) (json.RawMessage, error) {
	s, n, err := t.context(ctx, frame, false)
	if err != nil {
		return nil, err
	}
	args := []map[string]any{}
	if handle != 0 {
		ws, o, err := t.object(ctx, frame, handle)
		if err != nil {
			return nil, err
		}
		defer t.release(ws, o)
		id, _, err := t.backend(ctx, ws, o)
		if err != nil {
			return nil, t.vanished(err)
		}
		var r struct{ Object remoteObject }
		if err := t.call(ctx, s, "DOM.resolveNode", map[string]any{"backendNodeId": id, "executionContextId": n}, &r); err != nil {
			return nil, t.vanished(err)
		}
		defer t.release(s, r.Object.ObjectID)
		args = append(args, map[string]any{"objectId": r.Object.ObjectID})
	}
	args = append(args, map[string]any{"value": arg})
	var e evaluated
	err = t.call(ctx, s, "Runtime.callFunctionOn", map[string]any{"functionDeclaration": function, "executionContextId": n, "arguments": args, "returnByValue": true, "awaitPromise": true, "userGesture": true}, &e)
	if err != nil {
		return nil, t.vanished(err)
	}
	return e.value()
}

// Inside implements browser.Tab.
func (t *tab) Inside(ctx context.Context, frame string, handle int) (string, error) {
	s, o, err := t.object(ctx, frame, handle)
	if err != nil {
		return "", err
	}
	defer t.release(s, o)
	_, id, err := t.backend(ctx, s, o)
	if err != nil {
		return "", t.vanished(err)
	}
	if id == frame {
		return "", nil
	}
	return id, nil
}

// Locate implements browser.Tab. The frame's element may be scaled, turned and zoomed.
func (t *tab) Locate(ctx context.Context, frame string, x, y float64) (float64, float64, error) {
	for frame != t.ID() {
		t.Lock()
		f := t.Frame(frame)
		if f == nil {
			t.Unlock()
			return 0, 0, browser.ErrNavigated
		}
		// The frame's element is known to the process that shows the frame's parent.
		parent := t.Frame(f.Parent)
		if parent == nil {
			parent = t.Own()
		}
		s := parent.Driver.s
		up := parent.ID
		for p := parent; p != nil && p.Driver.s == s; p = t.Frame(p.Parent) {
			up = p.ID // positions count from the outermost frame of the process
		}
		t.Unlock()
		var size [2]float64
		if err := t.Eval(ctx, frame, "[innerWidth, innerHeight]", &size); err != nil {
			return 0, 0, err
		}
		var owner struct{ BackendNodeID int64 }
		if err := t.call(ctx, s, "DOM.getFrameOwner", map[string]any{"frameId": frame}, &owner); err != nil {
			return 0, 0, t.vanished(err)
		}
		var box struct{ Model struct{ Content []float64 } }
		if err := t.call(ctx, s, "DOM.getBoxModel", map[string]any{"backendNodeId": owner.BackendNodeID}, &box); err != nil {
			return 0, 0, t.vanished(err)
		}
		if q := box.Model.Content; len(q) == 8 && size[0] > 0 && size[1] > 0 {
			u, v := x/size[0], y/size[1]
			x = q[0] + u*(q[2]-q[0]) + v*(q[6]-q[0])
			y = q[1] + u*(q[3]-q[1]) + v*(q[7]-q[1])
		}
		frame = up
	}
	return x, y, nil
}

type domNode struct {
	BackendNodeID   int64
	ShadowRootType  string
	ShadowRoots     []domNode
	Children        []domNode
	ContentDocument *domNode
}

// Closed implements browser.Tab.
func (t *tab) Closed(ctx context.Context, frame string) (int, error) {
	s, n, err := t.context(ctx, frame, true)
	if err != nil {
		return 0, err
	}
	var root evaluated
	if err := t.call(ctx, s, "Runtime.evaluate", map[string]any{"expression": "document", "contextId": n}, &root); err != nil {
		return 0, t.vanished(err)
	}
	defer t.release(s, root.Result.ObjectID)
	var d struct{ Node domNode }
	if err := t.call(ctx, s, "DOM.describeNode", map[string]any{"objectId": root.Result.ObjectID, "depth": -1, "pierce": true}, &d); err != nil {
		return 0, t.vanished(err)
	}
	type pair struct{ host, root int64 }
	var found []pair
	var walk func(domNode)
	walk = func(n domNode) {
		for _, r := range n.ShadowRoots {
			if r.ShadowRootType == "closed" {
				found = append(found, pair{n.BackendNodeID, r.BackendNodeID})
			}
			walk(r)
		}
		for _, c := range n.Children {
			walk(c)
		}
	}
	walk(d.Node)
	for _, p := range found {
		var host, root struct{ Object remoteObject }
		if err := t.call(ctx, s, "DOM.resolveNode", map[string]any{"backendNodeId": p.host, "executionContextId": n}, &host); err != nil {
			return 0, t.vanished(err)
		}
		if err := t.call(ctx, s, "DOM.resolveNode", map[string]any{"backendNodeId": p.root, "executionContextId": n}, &root); err != nil {
			return 0, t.vanished(err)
		}
		args := []map[string]any{{"objectId": host.Object.ObjectID}, {"objectId": root.Object.ObjectID}}
		if err := t.call(ctx, s, "Runtime.callFunctionOn", map[string]any{"functionDeclaration": "(h, r) => __aether.closed(h, r)", "executionContextId": n, "arguments": args}, nil); err != nil {
			return 0, t.vanished(err)
		}
	}
	return len(found), nil
}

// SetFiles implements browser.Tab.
func (t *tab) SetFiles(ctx context.Context, frame string, handle int, paths []string) error {
	s, o, err := t.object(ctx, frame, handle)
	if err != nil {
		return err
	}
	defer t.release(s, o)
	if err := t.call(ctx, s, "DOM.setFileInputFiles", map[string]any{"objectId": o, "files": paths}, nil); err != nil {
		var e *cdproto.Error
		if errors.As(err, &e) {
			return errors.New("files can be given to a field of type file only")
		}
		return t.vanished(err)
	}
	return nil
}

// Screenshot implements browser.Tab.
func (t *tab) Screenshot(ctx context.Context, o browser.Shot) ([]byte, error) {
	p := map[string]any{"format": "png"}
	if o.JPEG > 0 {
		p["format"], p["quality"] = "jpeg", o.JPEG
	}
	switch {
	case o.Full:
		var m struct {
			CSSContentSize struct{ Width, Height float64 }
		}
		if err := t.call(ctx, t.s, "Page.getLayoutMetrics", nil, &m); err != nil {
			return nil, err
		}
		p["captureBeyondViewport"] = true
		p["clip"] = map[string]any{"x": 0, "y": 0, "width": m.CSSContentSize.Width, "height": m.CSSContentSize.Height, "scale": 1}
	case o.Width > 0:
		var m struct {
			CSSVisualViewport struct{ PageX, PageY, ClientWidth, ClientHeight float64 }
		}
		if err := t.call(ctx, t.s, "Page.getLayoutMetrics", nil, &m); err != nil {
			return nil, err
		}
		// What is in sight is taken as it is: the page is not laid out anew for it.
		v := m.CSSVisualViewport
		p["captureBeyondViewport"] = o.X < 0 || o.Y < 0 || o.X+o.Width > v.ClientWidth || o.Y+o.Height > v.ClientHeight
		p["clip"] = map[string]any{"x": o.X + m.CSSVisualViewport.PageX, "y": o.Y + m.CSSVisualViewport.PageY, "width": o.Width, "height": o.Height, "scale": 1}
	}
	var r struct{ Data []byte }
	err := t.call(ctx, t.s, "Page.captureScreenshot", p, &r)
	return r.Data, err
}

// PDF implements browser.Tab.
func (t *tab) PDF(ctx context.Context, o browser.PDF) ([]byte, error) {
	p := map[string]any{"landscape": o.Landscape, "printBackground": o.Background}
	for n, v := range map[string]float64{"paperWidth": o.Width, "paperHeight": o.Height, "scale": o.Scale} {
		if v > 0 {
			p[n] = v
		}
	}
	if o.Margin > 0 {
		for _, n := range []string{"marginTop", "marginBottom", "marginLeft", "marginRight"} {
			p[n] = o.Margin
		}
	}
	if o.Ranges != "" {
		p["pageRanges"] = o.Ranges
	}
	var r struct{ Data []byte }
	err := t.call(ctx, t.s, "Page.printToPDF", p, &r)
	return r.Data, err
}

// OnNewDocument implements browser.Tab.
func (t *tab) OnNewDocument(ctx context.Context, script string) (func(context.Context) error, error) {
	var r struct{ Identifier string }
	if err := t.call(ctx, t.s, "Page.addScriptToEvaluateOnNewDocument", map[string]any{"source": script}, &r); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		return t.call(ctx, t.s, "Page.removeScriptToEvaluateOnNewDocument", map[string]any{"identifier": r.Identifier}, nil)
	}, nil
}
