// Package answerlink signs links by which a person without an account answers one question of one run.
//
// A link says which run, which question, for whom and until when, and is signed with a key that is derived from that of
// the installation for this run alone (HKDF, HMAC-SHA256). Nothing of it is kept: it is made again, the same, whenever a
// flow is walked again, and whether it is still good is decided by the question that it leads to.
package answerlink

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"
)

// Usual is how long a link to a question that waits for ever is good.
const Usual = 7 * 24 * time.Hour

// Page is the path of the page that a link opens.
const Page = "/answer"

// maxToken bounds what is read at all.
const maxToken = 4096

// Link is what a link says.
type Link struct {
	Run   string `json:"r"`
	Topic string `json:"t"` // of the question: of this asking and of no other
	For   string `json:"f"`
	Maker string `json:"m,omitempty"` // who made it by hand; empty if the flow did
	// Until is when it ends, in unix milliseconds; 0 for Valid.
	Until int64 `json:"u,omitempty"`
	// Valid is for how many seconds it is good from when the question is asked; 0 for as long as the question waits, and
	// the usual time if that is for ever.
	Valid int64 `json:"v,omitempty"`
}

// ErrBad says that a token is none, or was changed.
var ErrBad = errors.New("the link is not one of this server's, or a part of it is missing: open it as it was sent")

// Key derives the key of a run's links from the run's own key.
func Key(ofRun []byte) ([]byte, error) {
	return hkdf.Key(sha256.New, ofRun, nil, "aether answer links", 32)
}

// Sign returns the token of a link.
func Sign(key []byte, l Link) (string, error) {
	b, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	body := base64.RawURLEncoding.EncodeToString(b)
	return body + "." + base64.RawURLEncoding.EncodeToString(mac(key, body)), nil
}

func mac(key []byte, body string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(body))
	return h.Sum(nil)
}

// Open returns what a token says, if it was signed with the key that keyOf gives for its run.
func Open(token string, keyOf func(run string) ([]byte, error)) (*Link, error) {
	body, sum, ok := strings.Cut(token, ".")
	if !ok || len(token) > maxToken {
		return nil, ErrBad
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil {
		return nil, ErrBad
	}
	given, err := base64.RawURLEncoding.Strict().DecodeString(sum)
	if err != nil {
		return nil, ErrBad
	}
	var l Link
	if json.Unmarshal(b, &l) != nil || l.Run == "" || l.Topic == "" || l.For == "" {
		return nil, ErrBad
	}
	key, err := keyOf(l.Run)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal(given, mac(key, body)) {
		return nil, ErrBad
	}
	return &l, nil
}

// Ends returns when a link ends, for a question that was asked at a time and waits until another; zero if for ever.
func (l *Link) Ends(asked, until time.Time) time.Time {
	end := until
	sooner := func(t time.Time) {
		if end.IsZero() || t.Before(end) {
			end = t
		}
	}
	switch {
	case l.Until > 0:
		sooner(time.UnixMilli(l.Until))
	case l.Valid > 0:
		sooner(asked.Add(time.Duration(l.Valid) * time.Second))
	case until.IsZero():
		sooner(asked.Add(Usual))
	}
	return end
}

// URL returns the link that a person opens. What lets them in stands behind the #, which browsers send to nobody.
func URL(public, token string) string {
	return strings.TrimRight(public, "/") + Page + "#" + token
}
