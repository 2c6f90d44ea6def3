package api_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aether-rpa/aether/internal/api"
	"github.com/aether-rpa/aether/internal/auth"
	"github.com/aether-rpa/aether/internal/db/dbtest"
	"github.com/aether-rpa/aether/internal/recording"
)

// What is recorded has its tests in package recording; here is what the door says where nothing can be.
func TestRecordingIsRefused(t *testing.T) {
	s := open(t, dbtest.SQLite(t))
	var st struct {
		Missing   string
		Recording *recording.Recording
	}
	var p api.Problem
	s.want(200, auth.Developer, "GET", "/recording", nil, &st)
	s.want(409, auth.Developer, "POST", "/recording", map[string]any{"url": "shop.example.com"}, &p)
	if st.Missing == "" || st.Missing != p.Message || st.Recording != nil {
		t.Errorf("without a display: %+v, %+v", st, p)
	}
	s.want(404, auth.Developer, "POST", "/recording/stop", nil, nil)
	s.want(404, auth.Developer, "GET", "/recording/flow", nil, nil)
	s.want(404, auth.Developer, "DELETE", "/recording", nil, nil)

	s.srv.Recordings = &recording.Room{Now: time.Now, Missing: func() error { return nil }, Open: func(context.Context, bool) (*recording.Opened, error) {
		return nil, errors.New("no window can be opened")
	}}
	st.Missing = ""
	s.want(200, auth.Developer, "GET", "/recording", nil, &st)
	if st.Missing != "" || st.Recording != nil {
		t.Errorf("with a display: %+v", st)
	}
	for _, url := range []string{"file:///etc/passwd", "javascript:alert(1)", "about:blank"} {
		s.want(422, auth.Developer, "POST", "/recording", map[string]any{"url": url}, nil)
	}
	s.want(422, auth.Developer, "POST", "/recording", map[string]any{"url": "shop.example.com"}, nil)
	for _, method := range []string{"POST", "GET", "DELETE"} {
		s.want(403, auth.Operator, method, "/recording", nil, nil)
	}
	s.want(404, auth.Developer, "POST", "/recording/stop", nil, nil)
}
