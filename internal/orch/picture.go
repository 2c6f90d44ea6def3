package orch

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"

	"github.com/aether-rpa/aether/artifact"
	"github.com/aether-rpa/aether/internal/trace"
)

// maxPicture bounds a picture that is shown beside a question.
const maxPicture = 16 << 20

// AskingPicture returns the picture that belongs to a question, and its kind: the one among its details, else what
// those who watch the run see of its browser, else the last one that was kept of its pages.
func (o *Orch) AskingPicture(ctx context.Context, a *Asking) (data []byte, kind string, err error) {
	if digest := a.screenshot(); digest != "" {
		// What stands in a question may name anything: only what the run kept is its own.
		if ok, err := o.Runs.Uses(ctx, a.Run, digest); err != nil || ok {
			if err == nil {
				data, err = trace.Read(ctx, o.Artifacts, digest)
			}
			return pictureOf(data, err)
		}
	}
	f, err := o.Runs.Shown(ctx, a.Run, 0)
	if err != nil {
		return nil, "", err
	}
	if f != nil {
		data, err := base64.StdEncoding.DecodeString(f.JPEG)
		return pictureOf(data, err)
	}
	list, err := trace.List(ctx, o.Runs, a.Run)
	if err != nil {
		return nil, "", err
	}
	for i := len(list) - 1; i >= 0 && i >= len(list)-20; i-- {
		step, err := trace.Open(ctx, o.Artifacts, list[i])
		if err != nil {
			return nil, "", err
		}
		data, err := o.TraceShot(ctx, step)
		if errors.Is(err, artifact.ErrNotFound) {
			continue
		}
		return pictureOf(data, err)
	}
	return nil, "", fmt.Errorf("%w: no picture was kept of the run %s", artifact.ErrNotFound, a.Run)
}

// pictureOf says what kind of picture bytes are; what is none is not shown.
func pictureOf(data []byte, err error) ([]byte, string, error) {
	if err != nil {
		return nil, "", err
	}
	switch kind := http.DetectContentType(data); kind {
	case "image/png", "image/jpeg", "image/webp":
		if len(data) <= maxPicture {
			return data, kind, nil
		}
	}
	return nil, "", fmt.Errorf("%w: what was kept is no picture", artifact.ErrNotFound)
}
