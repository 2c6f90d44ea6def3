package acme

import (
	"net/http"
	"strings"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// TOTPSecret is the secret of the practice account "robot", for codes of six digits, SHA-1, 30 seconds (RFC 6238).
const TOTPSecret = "PRACTICESITEACMEPRACTICESITEACME"

// account is somebody who may log in. The passwords are documented: this is a place to practise.
type account struct {
	name, password string
	secret         string // of TOTP codes; "" for a login without
	locked         bool
}

var accounts = map[string]account{
	"robot":  {name: "Robin Botley", password: "practice-1", secret: TOTPSecret},
	"clerk":  {name: "Clara Kirk", password: "practice-2"},
	"locked": {name: "Lou Locke", password: "practice-3", locked: true},
}

func (o *office) loginPage(w http.ResponseWriter, r *http.Request) {
	o.showLogin(w, r, http.StatusOK, "", "")
}

func (o *office) showLogin(w http.ResponseWriter, r *http.Request, status int, user, wrong string) {
	q := r.URL.Query()
	o.show(w, r, status, "login", view{Title: "Sign in", Bare: true, Data: map[string]any{
		"Next": q.Get("next"), "Ended": q.Get("ended") != "", "User": user, "Wrong": wrong,
		"Requests": q.Get("session_requests"), "Minutes": q.Get("session_minutes"),
	}})
}

func (o *office) login(w http.ResponseWriter, r *http.Request) {
	if !o.form(w, r) {
		return
	}
	user := strings.TrimSpace(r.PostFormValue("user"))
	a, known := accounts[user]
	if !known || a.password != r.PostFormValue("password") || a.locked {
		why := "User or password is wrong."
		if known && a.locked {
			why = "This account is locked. Ask your administrator."
		}
		o.cfg.Ledger.Add("session.refuse", user, map[string]string{"why": why})
		o.showLogin(w, r, http.StatusUnauthorized, user, why)
		return
	}
	s := o.start(w)
	q, now := r.URL.Query(), o.cfg.Now()
	o.mu.Lock()
	s.pending, s.next, s.idle, s.deadline = user, safeNext(q.Get("next")), o.cfg.SessionFor, now.Add(o.cfg.SessionFor)
	if o.cfg.SessionRequests > 0 {
		s.left = o.cfg.SessionRequests
	}
	s.limit(q.Get("session_requests"), q.Get("session_minutes"), now)
	o.mu.Unlock()
	if a.secret != "" {
		http.Redirect(w, r, o.cfg.Prefix+"/login/code", http.StatusSeeOther)
		return
	}
	o.welcome(w, r, s)
}

// safeNext returns a path of the office to lead back to. What leads elsewhere is the front page.
func safeNext(next string) string {
	if !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.Contains(next, "\\") {
		return "/"
	}
	return next
}

func (o *office) codePage(w http.ResponseWriter, r *http.Request) {
	o.showCode(w, r, http.StatusOK, "")
}

func (o *office) showCode(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	user := o.awaited(r)
	if user == "" {
		http.Redirect(w, r, o.cfg.Prefix+"/login", http.StatusSeeOther)
		return
	}
	o.show(w, r, status, "code", view{Title: "Two-step sign in", Bare: true, Data: map[string]any{"Wrong": wrong, "User": user}})
}

func (o *office) code(w http.ResponseWriter, r *http.Request) {
	user := o.awaited(r)
	if user == "" {
		o.showCode(w, r, http.StatusUnauthorized, "")
		return
	}
	if !o.form(w, r) {
		return
	}
	code := strings.ReplaceAll(r.PostFormValue("code"), " ", "")
	ok, err := totp.ValidateCustom(code, accounts[user].secret, o.cfg.Now(), totp.ValidateOpts{
		Period: 30, Skew: 1, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1,
	})
	if err != nil || !ok {
		o.cfg.Ledger.Add("session.refuse", user, map[string]string{"why": "wrong code"})
		o.showCode(w, r, http.StatusUnauthorized, "This code is wrong or too old. Enter the current one.")
		return
	}
	o.welcome(w, r, o.session(r))
}

// awaited returns who has given a password and not yet a code, or "".
func (o *office) awaited(r *http.Request) string {
	s := o.session(r)
	if s == nil {
		return ""
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return s.pending
}

// welcome completes a login.
func (o *office) welcome(w http.ResponseWriter, r *http.Request, s *session) {
	o.mu.Lock()
	s.user, s.pending = s.pending, ""
	user, next := s.user, s.next
	s.said = "Welcome, " + accounts[user].name
	o.mu.Unlock()
	o.cfg.Ledger.Add("session.begin", user, nil)
	http.Redirect(w, r, o.cfg.Prefix+next, http.StatusSeeOther)
}

func (o *office) logout(w http.ResponseWriter, r *http.Request) {
	if s := o.session(r); s != nil {
		o.mu.Lock()
		user := s.user
		delete(o.sessions, s.id)
		o.mu.Unlock()
		if user != "" {
			o.cfg.Ledger.Add("session.leave", user, nil)
		}
	}
	http.Redirect(w, r, o.cfg.Prefix+"/login", http.StatusSeeOther)
}
