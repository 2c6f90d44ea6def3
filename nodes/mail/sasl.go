package mail

import (
	"crypto/hmac"
	"crypto/md5" //nolint:gosec // CRAM-MD5 is made of it
	"encoding/hex"
	"strings"

	"github.com/emersion/go-sasl"

	"github.com/aether-rpa/aether/node"
)

// mechanism chooses how to sign in among what the server offers; nil means
// not at all.
func (c connection) mechanism(offers func(name string) bool) (sasl.Client, error) {
	auth := c.Auth
	if auth == "auto" || auth == "" {
		switch {
		case !c.Token.Empty():
			auth = "xoauth2"
		case c.User == "":
			auth = "none"
		case offers("PLAIN"):
			auth = "plain"
		case offers("LOGIN"):
			auth = "login"
		case offers("CRAM-MD5"):
			auth = "cram_md5"
		default:
			return nil, node.Fail(node.KindDenied, c.addr()+" offers no way to sign in with a password", "the provider may want a token (xoauth2); or set security to tls or starttls, without which many servers take no password")
		}
	}
	name := map[string]string{"plain": "PLAIN", "login": "LOGIN", "cram_md5": "CRAM-MD5", "xoauth2": "XOAUTH2"}[auth]
	if name != "" && !offers(name) {
		return nil, node.Fail(node.KindDenied, c.addr()+" does not offer to sign in with "+name, "set auth to auto, and check security: many servers offer it only on an encrypted connection")
	}
	switch auth {
	case "plain":
		return sasl.NewPlainClient("", c.User, c.Password.Reveal()), nil
	case "login":
		return &loginAuth{user: c.User, password: c.Password.Reveal()}, nil
	case "cram_md5":
		return &cramAuth{user: c.User, password: c.Password.Reveal()}, nil
	case "xoauth2":
		return &tokenAuth{user: c.User, token: c.Token.Reveal()}, nil
	}
	return nil, nil
}

// loginAuth waits to be asked for each of name and password; servers differ in
// how they word it, so only the order counts.
type loginAuth struct {
	user, password string
	asked          int
}

func (a *loginAuth) Start() (string, []byte, error) { return "LOGIN", nil, nil }

func (a *loginAuth) Next(challenge []byte) ([]byte, error) {
	a.asked++
	switch {
	case a.asked == 1 && !strings.Contains(strings.ToLower(string(challenge)), "pass"):
		return []byte(a.user), nil
	case a.asked <= 2:
		return []byte(a.password), nil
	}
	return nil, sasl.ErrUnexpectedServerChallenge
}

type cramAuth struct{ user, password string }

func (a *cramAuth) Start() (string, []byte, error) { return "CRAM-MD5", nil, nil }

func (a *cramAuth) Next(challenge []byte) ([]byte, error) {
	m := hmac.New(md5.New, []byte(a.password))
	m.Write(challenge)
	return []byte(a.user + " " + hex.EncodeToString(m.Sum(nil))), nil
}

type tokenAuth struct{ user, token string }

func (a *tokenAuth) Start() (string, []byte, error) {
	return "XOAUTH2", []byte("user=" + a.user + "\x01auth=Bearer " + a.token + "\x01\x01"), nil
}

// Next answers the reason for a refusal, which the server sends as a question,
// with nothing, so that it says no properly.
func (a *tokenAuth) Next([]byte) ([]byte, error) { return []byte{}, nil }
