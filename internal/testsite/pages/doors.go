package pages

import (
	"crypto/md5" //nolint:gosec // what the older half of digest authentication is made of
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"net/http"
	"regexp"
	"strconv"
	"time"
)

// Who may enter the pages that ask.
const (
	user     = "robot"
	password = "practice"
	realm    = "practice site"
)

// doors are the pages that do not let everybody in, or not at once.
func (s *shelf) doors(handle func(method, path string, h http.HandlerFunc)) {
	handle("GET", "/basic", s.basic)
	handle("GET", "/digest", s.digest)
	handle("GET", "/storage/cookie", s.cookie)
	handle("GET", "/limit", s.limited)
}

func (s *shelf) basic(w http.ResponseWriter, r *http.Request) {
	name, pass, sent := r.BasicAuth()
	if !sent || name != user || pass != password {
		if sent {
			s.wrote("basic", "refused", map[string]string{"user": name})
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="`+realm+`", charset="UTF-8"`)
		http.Error(w, "This page wants a user and a password.", http.StatusUnauthorized)
		return
	}
	s.wrote("basic", "in", map[string]string{"user": name})
	s.show(w, r, "basic", "basic", nil)
}

// part is one name="value" of a header.
var part = regexp.MustCompile(`(\w+)=(?:"([^"]*)"|([^",\s]+))`)

func (s *shelf) digest(w http.ResponseWriter, r *http.Request) {
	algorithm, sum := "SHA-256", sha256.New
	if r.URL.Query().Get("algorithm") == "MD5" {
		algorithm, sum = "MD5", md5.New
	}
	header := r.Header.Get("Authorization")
	got := map[string]string{}
	for _, m := range part.FindAllStringSubmatch(header, -1) {
		got[m[1]] = m[2] + m[3]
	}
	if s.answered(got, r, sum) {
		s.wrote("digest", "in", map[string]string{"user": got["username"], "algorithm": algorithm})
		s.show(w, r, "digest", "basic", nil)
		return
	}
	if header != "" {
		s.wrote("digest", "refused", map[string]string{"user": got["username"]})
	}
	w.Header().Set("WWW-Authenticate", `Digest realm="`+realm+`", qop="auth", algorithm=`+algorithm+`, nonce="`+s.nonce()+`"`)
	http.Error(w, "This page wants a user and a password.", http.StatusUnauthorized)
}

// nonce gives out a number that may be used once.
func (s *shelf) nonce() string {
	var b [12]byte
	_, _ = rand.Read(b[:]) // it never fails
	n := hex.EncodeToString(b[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.nonces) > 10_000 {
		clear(s.nonces)
	}
	s.nonces[n] = true
	return n
}

// answered reports whether the response to a nonce of ours is that of the user.
func (s *shelf) answered(got map[string]string, r *http.Request, sum func() hash.Hash) bool {
	of := func(text string) string {
		h := sum()
		_, _ = h.Write([]byte(text)) // a hash takes everything
		return hex.EncodeToString(h.Sum(nil))
	}
	if got["username"] != user || got["realm"] != realm || got["uri"] != r.URL.RequestURI() || got["qop"] != "auth" {
		return false
	}
	want := of(of(user+":"+realm+":"+password) + ":" + got["nonce"] + ":" + got["nc"] + ":" + got["cnonce"] + ":auth:" + of(r.Method+":"+got["uri"]))
	if got["response"] != want {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	known := s.nonces[got["nonce"]]
	delete(s.nonces, got["nonce"])
	return known
}

// cookie sets a cookie that scripts cannot read.
func (s *shelf) cookie(w http.ResponseWriter, r *http.Request) {
	http.SetCookie(w, &http.Cookie{Name: "server", Value: "set-by-the-server", Path: s.cfg.Prefix + "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	s.wrote("storage", "cookie", nil)
	http.Redirect(w, r, s.cfg.Prefix+"/storage", http.StatusSeeOther)
}

// limit is how often one case was asked for.
type limit struct {
	refused int
	until   time.Time // that a visitor who keeps to Retry-After waits
}

// limited refuses the first requests of a case, and those that come too early.
func (s *shelf) limited(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	n, after, name := number(q.Get("n"), 2, 1000), number(q.Get("after"), 1, 3600), q.Get("case")
	now := s.cfg.Now()
	s.mu.Lock()
	l := s.limits[name]
	if l == nil {
		if len(s.limits) > 10_000 {
			clear(s.limits)
		}
		l = &limit{}
		s.limits[name] = l
	}
	early := now.Before(l.until)
	refuse := early || l.refused < n
	if refuse {
		l.until = now.Add(time.Duration(after) * time.Second)
		if !early {
			l.refused++
		}
	} else {
		delete(s.limits, name)
	}
	s.mu.Unlock()
	if refuse {
		s.wrote("limit", "refused", map[string]string{"case": name, "early": strconv.FormatBool(early)})
		w.Header().Set("Retry-After", strconv.Itoa(after))
		http.Error(w, "Too many requests: come back in "+strconv.Itoa(after)+" s.", http.StatusTooManyRequests)
		return
	}
	s.wrote("limit", "served", map[string]string{"case": name})
	s.show(w, r, "limit", "limit", nil)
}
