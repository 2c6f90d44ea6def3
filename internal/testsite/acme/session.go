package acme

import (
	"crypto/rand"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const cookieName = "acme_session"

// maxSessions is from how many sessions on those that have ended are forgotten.
const maxSessions = 10_000

// session is a visitor with a cookie. user is empty until the login is complete.
type session struct {
	id       string
	user     string
	pending  string // whose password was right while the code is awaited
	next     string // where the login leads back to
	left     int    // pages until the login ends; below zero for no limit
	idle     time.Duration
	deadline time.Time
	said     string
	order    map[string]string // of the wizard, until it is placed
}

// session returns the visitor's session, or nil. It does not ask whether the login has ended.
func (o *office) session(r *http.Request) *session {
	if at, ok := r.Context().Value(seatKey{}).(*seat); ok && at.session != nil {
		return at.session
	}
	c, err := r.Cookie(cookieName)
	if err != nil {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.sessions[c.Value]
}

// seat keeps the session of a request that was let in, should it end while the request is answered.
type seat struct{ session *session }

type seatKey struct{}

// start gives the visitor a new session with a cookie.
func (o *office) start(w http.ResponseWriter) *session {
	s := &session{id: rand.Text(), left: -1}
	now := o.cfg.Now()
	o.mu.Lock()
	if len(o.sessions) >= maxSessions {
		maps.DeleteFunc(o.sessions, func(_ string, s *session) bool { return !now.Before(s.deadline) })
	}
	o.sessions[s.id] = s
	o.mu.Unlock()
	http.SetCookie(w, &http.Cookie{
		Name: cookieName, Value: s.id, Path: o.cfg.Prefix + "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	return s
}

// in wraps a page that wants a login, counts it against the session's limits, and sends whoever is not logged in
// to the login page, which leads back.
func (o *office) in(page http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, ended := o.enter(r)
		if s != nil {
			if at, ok := r.Context().Value(seatKey{}).(*seat); ok {
				at.session = s
			}
			page(w, r)
			return
		}
		if wantsJSON(r) {
			writeJSON(w, http.StatusUnauthorized, map[string]any{"ok": false, "error": "Your session has ended.", "login": o.cfg.Prefix + "/login"})
			return
		}
		back := r.URL.Path
		if r.Method == http.MethodGet {
			back = r.URL.RequestURI()
		} else if from, err := url.Parse(r.Referer()); err == nil && strings.HasPrefix(from.Path, o.cfg.Prefix+"/") {
			// What was posted is lost, as it is in most back offices: the login leads to the page with the form.
			back = strings.TrimPrefix(from.RequestURI(), o.cfg.Prefix)
		}
		q := url.Values{"next": {back}}
		if ended {
			q.Set("ended", "1")
		}
		http.Redirect(w, r, o.cfg.Prefix+"/login?"+q.Encode(), http.StatusSeeOther)
	}
}

// enter returns the session of a visitor who is logged in, and counts the page; or whether a login has ended.
func (o *office) enter(r *http.Request) (s *session, ended bool) {
	s = o.session(r)
	o.mu.Lock()
	defer o.mu.Unlock()
	if s == nil || s.user == "" {
		return nil, false
	}
	now := o.cfg.Now()
	if q := r.URL.Query(); q.Has("session_requests") || q.Has("session_minutes") {
		s.limit(q.Get("session_requests"), q.Get("session_minutes"), now)
	}
	if s.left == 0 || !now.Before(s.deadline) {
		o.cfg.Ledger.Add("session.end", s.user, nil)
		delete(o.sessions, s.id)
		s.user = ""
		return nil, true
	}
	if s.left > 0 {
		s.left--
	}
	s.deadline = now.Add(s.idle)
	return s, false
}

// limit sets after how many pages, and after how many minutes without a page, the login ends.
func (s *session) limit(requests, minutes string, now time.Time) {
	if n, err := strconv.Atoi(requests); err == nil && n > 0 {
		s.left = n
	}
	if n, err := strconv.ParseFloat(minutes, 64); err == nil && n > 0 && n <= 24*60 {
		s.idle = time.Duration(n * float64(time.Minute))
		s.deadline = now.Add(s.idle)
	}
}

func (o *office) sessionPage(w http.ResponseWriter, r *http.Request) {
	s := o.session(r)
	o.mu.Lock()
	data := map[string]any{"Left": s.left, "Idle": s.idle.String(), "Unlimited": s.left < 0}
	o.mu.Unlock()
	o.show(w, r, http.StatusOK, "session", view{Title: "Your session", Section: "session", Data: data})
}

func (o *office) limitSession(w http.ResponseWriter, r *http.Request) {
	if !o.form(w, r) {
		return
	}
	s, now := o.session(r), o.cfg.Now()
	o.mu.Lock()
	s.limit(r.PostFormValue("requests"), r.PostFormValue("minutes"), now)
	o.mu.Unlock()
	o.leave(w, r, "/session", "Limits are set")
}
