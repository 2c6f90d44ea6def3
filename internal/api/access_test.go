package api_test

import (
	"strings"
	"testing"

	"github.com/aether-rpa/aether/internal/auth"
)

// TestSignIn signs in with a link and with a token, as the pages do.
func TestSignIn(t *testing.T) {
	each(t, func(s *site) {
		link, _, err := s.srv.Auth.Link(t.Context(), auth.Viewer)
		if err != nil {
			s.Fatal(err)
		}
		cookie := func(h interface{ Get(string) string }) string {
			c, _, _ := strings.Cut(h.Get("Set-Cookie"), ";")
			return c
		}
		byLink := cookie(s.want(200, "", "POST", "/login", map[string]any{"link": link}, nil))
		var me auth.Principal
		s.want(200, "", "GET", "/me", nil, &me, "Cookie", byLink)
		if me.Role != auth.Viewer || !me.SignedIn {
			s.Errorf("by link: %+v", me)
		}
		s.want(401, "", "POST", "/login", map[string]any{"link": link}, nil)
		s.want(401, "", "GET", "/me", nil, nil, "Authorization", "Bearer "+link)
		s.want(204, "", "POST", "/logout", nil, nil, "Cookie", byLink, "Origin", s.url)
		s.want(401, "", "GET", "/me", nil, nil, "Cookie", byLink)

		s.want(401, "", "POST", "/login", map[string]any{"token": "aeth_wrong"}, nil)
		s.want(401, "", "POST", "/login", map[string]any{}, nil)
		token := s.tokens[auth.Operator]
		byToken := cookie(s.want(200, "", "POST", "/login", map[string]any{"token": token}, nil))
		me = auth.Principal{}
		s.want(200, "", "GET", "/me", nil, &me, "Cookie", byToken)
		if me.Role != auth.Operator || me.SignedIn {
			s.Errorf("by token: %+v", me)
		}
		h := s.want(204, "", "POST", "/logout", nil, nil, "Cookie", byToken, "Origin", s.url)
		if !strings.Contains(h.Get("Set-Cookie"), "Max-Age=0") {
			s.Errorf("signing out leaves the cookie: %q", h.Get("Set-Cookie"))
		}
		s.want(200, "", "GET", "/me", nil, nil, "Authorization", "Bearer "+token)
		if _, acts, _ := s.ask(auth.Admin, "GET", "/api/v1/audit", nil); strings.Contains(string(acts)+s.log.String(), link) || strings.Contains(string(acts)+s.log.String(), token) {
			s.Error("a secret is in the audit log or the log")
		}
	})
}
