package httpnode

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[uploadIn, requestOut]{
		Type:     "http.upload",
		Title:    "Upload file",
		Doc:      "Sends a file to a service, as the whole body or as a form field. The file is streamed, so its size does not matter. A PUT gives the same result when repeated; a POST is never repeated silently unless idempotency is set.",
		Effect:   node.Once,
		EffectOf: func(in uploadIn) node.Effect { return effectOf(in.Method, in.Idempotency) },
		Examples: []node.Example[uploadIn, requestOut]{{
			Title: "Put a file",
			Files: map[string]string{"a.csv": "x;y\n"},
			In:    uploadIn{URL: "http://files.example.com/a.csv", Path: "a.csv", ContentType: "text/csv"},
			Serve: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				fmt.Fprintf(w, "%s %s %d %q", r.Method, r.Header.Get("Content-Type"), r.ContentLength, b)
			}),
			Check: answer(200, `PUT text/csv 4 "x;y\n"`),
		}, {
			Title: "Send a file as a form",
			Files: map[string]string{"scan.pdf": "%PDF"},
			In:    uploadIn{URL: "http://example.com/scans", Path: "scan.pdf", Method: "POST", As: "form", Field: "document", Fields: map[string]any{"folder": 7}},
			Serve: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				f, h, err := r.FormFile("document")
				if err != nil {
					http.Error(w, err.Error(), http.StatusBadRequest)
					return
				}
				b, _ := io.ReadAll(f)
				fmt.Fprintf(w, "%s %s %s", h.Filename, r.FormValue("folder"), b)
			}),
			Check: answer(200, "scan.pdf 7 %PDF"),
		}},
		Check: func(in uploadIn) error { return in.Auth.check() },
		Run:   upload,
	})
}

type uploadIn struct {
	URL         string         `json:"url" is:"required" doc:"Where to send the file."`
	Path        string         `json:"path" is:"required" widget:"file" doc:"File to send."`
	Method      string         `json:"method" default:"PUT" enum:"PUT,POST,PATCH" doc:"Method."`
	As          string         `json:"as" default:"body" enum:"body,form" doc:"Send the file as the whole body, or as a field of a form."`
	Field       string         `json:"field" default:"file" when:"as=form" doc:"Name of the field that holds the file."`
	Fields      map[string]any `json:"fields" when:"as=form" doc:"Other fields of the form."`
	Name        string         `json:"name" when:"as=form" doc:"File name to tell the service; that of the file when empty."`
	ContentType string         `json:"content_type" doc:"Content type of the file; judged by the extension when empty."`
	options
	Idempotency bool   `json:"idempotency" doc:"Send an Idempotency-Key that stays the same when the step is repeated. Set it only if the service honours the key."`
	Parse       string `json:"parse" default:"auto" enum:"auto,json,text,base64,none" doc:"How to read the answer."`
}

func upload(ctx context.Context, env *node.Env, in uploadIn) (requestOut, error) {
	body := bodyParams{BodyKind: "file", BodyFile: in.Path, ContentType: in.ContentType}
	if in.As == "form" {
		body = bodyParams{BodyKind: "multipart", Files: []filePart{{Field: in.Field, Path: in.Path, Name: in.Name, ContentType: in.ContentType}}}
		if in.Fields != nil {
			body.Body = in.Fields
		}
	}
	return request(ctx, env, requestIn{URL: in.URL, Method: in.Method, bodyParams: body, options: in.options, Idempotency: in.Idempotency, Parse: in.Parse, MaxSize: 64 << 20})
}
