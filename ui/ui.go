// Package ui holds the pages that people use in a browser, built from the TypeScript below src and embedded, and serves
// them. What they show and do goes through the API like everybody else's requests.
package ui

import (
	"bytes"
	"crypto/rand"
	"embed"
	"encoding/base64"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

// dist is what npm run build makes. It is committed, so that building the program needs only Go.
//
//go:embed all:dist
var dist embed.FS

// What stands in index.html where the nonce of each answer goes, and whether the cookie of a sign-in was sent.
const (
	place       = "@@NONCE@@"
	cookiePlace = "@@COOKIE@@"
)

// policy is what the pages may do: use what this server serves, and nothing else. Styles that are made at run time carry
// the nonce; scripts come only from files.
const policy = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'nonce-" + place + "'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-src 'self' blob:; frame-ancestors 'none'"

// Handler serves the pages: a file where there is one, and otherwise the app to browsers that ask for a page, which finds
// out by the address what to show. Everything else is left to next. cookie is the name of the cookie of who is signed in.
func Handler(next http.Handler, cookie string) http.Handler {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // the name is that of the directive above
	}
	index, err := fs.ReadFile(files, "index.html")
	if err != nil {
		panic(err)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead || strings.HasPrefix(r.URL.Path, "/api/") {
			next.ServeHTTP(w, r)
			return
		}
		name := strings.TrimPrefix(r.URL.Path, "/")
		if name != "" && name != "index.html" && fs.ValidPath(name) {
			if b, err := fs.ReadFile(files, name); err == nil {
				file(w, r, name, b)
				return
			}
		}
		if path.Ext(name) != "" && strings.HasPrefix(name, "assets/") || !strings.Contains(r.Header.Get("Accept"), "text/html") {
			next.ServeHTTP(w, r)
			return
		}
		sent := "none"
		if _, err := r.Cookie(cookie); err == nil {
			sent = "sent"
		}
		page(w, r, bytes.ReplaceAll(index, []byte(cookiePlace), []byte(sent)))
	})
}

// file serves a part of the build. Files below assets have a hash of their content in their name.
func file(w http.ResponseWriter, r *http.Request, name string, b []byte) {
	h := w.Header()
	if t := mime.TypeByExtension(path.Ext(name)); t != "" {
		h.Set("Content-Type", t)
	} else {
		h.Set("Content-Type", "application/octet-stream")
	}
	if strings.HasPrefix(name, "assets/") {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache")
	}
	send(w, r, b)
}

// page serves the app with a nonce that is used once.
func page(w http.ResponseWriter, r *http.Request, index []byte) {
	var b [18]byte
	if _, err := rand.Read(b[:]); err != nil {
		http.Error(w, "no random numbers can be had", http.StatusInternalServerError)
		return
	}
	nonce := base64.StdEncoding.EncodeToString(b[:])
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", strings.ReplaceAll(policy, place, nonce))
	h.Set("Cache-Control", "no-store")
	send(w, r, bytes.ReplaceAll(index, []byte(place), []byte(nonce)))
}

func send(w http.ResponseWriter, r *http.Request, b []byte) {
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(b) // a browser that has gone wants no answer
	}
}
