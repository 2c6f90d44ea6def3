package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/screen"
)

// maxFiles bounds the files that are given to a page at once, in base64.
const maxFiles = 64 << 20

// works registers what a person does in a browser of the server through its pages; find finds that of who asks.
func works(s *Server, a huma.API, path, tag, of string, find func(ctx context.Context) (*screen.Screen, error)) {
	refused := []int{http.StatusNotFound, http.StatusConflict}
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodGet, path: path + "/screen", id: "watch-" + tag, summary: "Watch the browser of " + of + " (server-sent events: frame with a JPEG picture in base64, state with tabs and messages; ends with the browser, or when somebody else watches)", tag: "recording", errors: refused},
		func(ctx context.Context, _ *struct{}) (*huma.StreamResponse, error) {
			scr, err := find(ctx)
			if err != nil {
				return nil, err
			}
			return s.streamed(func(out *sse) error { return watchScreen(out, scr) }), nil
		})
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodPost, path: path + "/input", id: "work-in-" + tag, summary: "Do something in the browser of " + of + " with mouse and keyboard", tag: "recording", status: http.StatusNoContent, errors: refused, often: true},
		func(ctx context.Context, in *struct{ Body screen.Worked }) (*struct{}, error) {
			scr, err := find(ctx)
			if err != nil {
				return nil, err
			}
			return nil, scr.Do(ctx, in.Body)
		})
	handle(s, a, op{right: auth.WriteFlows, method: http.MethodPost, path: path + "/files", id: "give-files-to-" + tag, summary: "Give files to the page that asks for them in the browser of " + of, tag: "recording", status: http.StatusNoContent, errors: refused, body: maxFiles, often: true},
		func(ctx context.Context, in *struct {
			Body struct {
				Files []givenFile `json:"files" maxItems:"100" nullable:"false" doc:"None closes the chooser of files."`
			}
		}) (*struct{}, error) {
			scr, err := find(ctx)
			if err != nil {
				return nil, err
			}
			files := make([]screen.File, len(in.Body.Files))
			for i, f := range in.Body.Files {
				files[i] = screen.File{Name: f.Name, Data: f.Data}
			}
			return nil, scr.Give(ctx, files)
		})
}

type givenFile struct {
	Name string `json:"name" minLength:"1" maxLength:"200"`
	Data []byte `json:"data" doc:"Content, in base64."`
}

// watchScreen writes how a browser looks until it is closed, or somebody else looks at it.
func watchScreen(out *sse, scr *screen.Screen) error {
	err := scr.Watch(out.Context.Context(), func(kind string, data any) error {
		if kind != "" {
			if err := out.send("", kind, data); err != nil {
				return err
			}
		}
		return out.pause()
	})
	switch {
	case errors.Is(err, screen.ErrElsewhere):
		err = out.send("", "elsewhere", struct{}{})
	case errors.Is(err, screen.ErrClosed):
		err = out.send("", "end", struct{}{})
	}
	if err == nil {
		err = out.rc.Flush()
	}
	return err
}

// pause sends what was written, with a sign of life now and then, without waiting.
func (o *sse) pause() error {
	if time.Since(o.wrote) > streamHeart {
		if err := o.write(": still here\n\n"); err != nil {
			return err
		}
	}
	if time.Since(o.looked) > streamCheck {
		if o.looked = time.Now(); !o.may(o.Context.Context()) {
			return auth.ErrDenied
		}
	}
	return o.rc.Flush()
}
