package bidi

import (
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/aether-rpa/aether/browser"
)

// Screenshot implements browser.Tab.
func (t *tab) Screenshot(ctx context.Context, o browser.Shot) ([]byte, error) {
	p := params{"context": t.ID(), "origin": "viewport"}
	if o.JPEG > 0 {
		p["format"] = params{"type": "image/jpeg", "quality": float64(o.JPEG) / 100}
	}
	switch {
	case o.Full:
		p["origin"] = "document"
	case o.Width > 0: // what is beyond the window is there only in the document
		var at [2]float64
		if err := t.Eval(ctx, t.ID(), "[scrollX, scrollY]", &at); err != nil {
			return nil, err
		}
		p["origin"], p["clip"] = "document", params{"type": "box", "x": o.X + at[0], "y": o.Y + at[1], "width": o.Width, "height": o.Height}
	}
	return t.data(ctx, "browsingContext.captureScreenshot", p)
}

func (t *tab) data(ctx context.Context, method string, p params) ([]byte, error) {
	var r struct{ Data []byte }
	if err := t.call(ctx, method, p, &r); err != nil {
		return nil, t.vanished(err)
	}
	return r.Data, nil
}

// PDF implements browser.Tab.
func (t *tab) PDF(ctx context.Context, o browser.PDF) ([]byte, error) {
	const inch = 2.54 // centimetres
	p := params{"context": t.ID(), "background": o.Background}
	if o.Landscape {
		p["orientation"] = "landscape"
	}
	size := params{}
	if o.Width > 0 {
		size["width"] = o.Width * inch
	}
	if o.Height > 0 {
		size["height"] = o.Height * inch
	}
	p["page"] = size
	if m := o.Margin * inch; m > 0 {
		p["margin"] = params{"top": m, "bottom": m, "left": m, "right": m}
	}
	if o.Scale > 0 {
		p["scale"], p["shrinkToFit"] = o.Scale, false
	}
	if o.Ranges != "" {
		var pages []string
		for r := range strings.SplitSeq(o.Ranges, ",") {
			pages = append(pages, strings.TrimSpace(r))
		}
		p["pageRanges"] = pages
	}
	return t.data(ctx, "browsingContext.print", p)
}

// OnNewDocument implements browser.Tab.
func (t *tab) OnNewDocument(ctx context.Context, script string) (func(context.Context) error, error) {
	var r struct{ Script string }
	if err := t.call(ctx, "script.addPreloadScript", params{"functionDeclaration": "() => {" + script + "\n}", "contexts": []string{t.ID()}}, &r); err != nil {
		return nil, t.vanished(err)
	}
	return func(ctx context.Context) error {
		return t.call(ctx, "script.removePreloadScript", params{"script": r.Script}, nil)
	}, nil
}

// keepsIt reads what the browser has of an address, without the network.
const keepsIt = `(async url => {
	const r = await fetch(url, url.startsWith('data:') || url.startsWith('blob:') ? {} : {mode: 'same-origin', cache: 'only-if-cached'});
	const b = new Uint8Array(await r.arrayBuffer());
	let s = '';
	for (let i = 0; i < b.length; i += 8192) s += String.fromCharCode(...b.subarray(i, i + 8192));
	return btoa(s);
})`

// Resource implements browser.Tab. Of another site Firefox gives nothing.
func (t *tab) Resource(ctx context.Context, frame, url string) ([]byte, error) {
	var s string
	if err := t.Eval(ctx, frame, keepsIt+"("+quoted(url)+")", &s); err != nil {
		if bad := (*browser.ScriptError)(nil); errors.As(err, &bad) {
			return nil, errors.New("there is nothing of it that the page may read")
		}
		return nil, err
	}
	return base64.StdEncoding.DecodeString(s)
}
