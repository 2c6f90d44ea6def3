package ftp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/textproto"
	"strings"

	goftp "github.com/jlaffaye/ftp"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/nodes/ftp/remote"
)

// dialled turns an error of connecting into a failure.
func (s *session) dialled(ctx context.Context, err error, addr string) error {
	if s.ctx.Err() != nil {
		return s.ctx.Err()
	}
	if ctx.Err() != nil {
		return remote.Fail(node.KindTimeout, "check host and port; raise timeout if the server is slow", "connecting to %s took longer than %s", addr, s.limit)
	}
	return remote.Denied(err, addr)
}

// refusal turns an error of connecting and logging in into a failure.
func (s *session) refusal(err error) error {
	var te *textproto.Error
	if !errors.As(err, &te) {
		return s.fail("logging in to "+s.addr, err)
	}
	said := s.said(te)
	switch {
	case s.Security == "explicit" && s.c == nil && te.Code >= 500 && s.control != nil && s.control.greeting() != "":
		// It has greeted, and all that was asked of it since is to encrypt. Some
		// answer that with the number for a login that is missing.
		return remote.Fail(node.KindError, "set security to implicit if the server expects TLS at once, or to none if readable passwords and files are acceptable", "%s refuses to encrypt: %s", s.addr, said)
	case te.Code == 530 || te.Code == 331 || te.Code == 332 || te.Code == 430:
		if s.Security == "none" && strings.Contains(strings.ToLower(te.Msg), "encrypt") {
			break
		}
		return remote.Fail(node.KindDenied, "check user and password", "%s does not let %s in: %s", s.addr, s.User, said)
	}
	if s.Security == "none" && te.Code >= 500 {
		return remote.Fail(node.KindDenied, "set security to explicit", "%s refuses the login: %s", s.addr, said)
	}
	return s.fail("logging in to "+s.addr, err)
}

// said is what the server said, without the password.
func (s *session) said(te *textproto.Error) string {
	msg := s.name(te.Msg)
	if p := s.Password.Reveal(); len(p) >= 3 {
		msg = strings.ReplaceAll(msg, p, "***")
	}
	return strings.TrimSpace(te.Error()[:min(3, len(te.Error()))] + " " + remote.Said(msg))
}

// lost reports whether an error is one of the connection rather than an answer
// of the server.
func (s *session) lost(err error) bool {
	if err == nil {
		return false
	}
	var te *textproto.Error
	return !errors.As(err, &te) && !errors.Is(err, goftp.ErrInvalidCommand)
}

// fail turns an error into a failure; doing says what was tried.
func (s *session) fail(doing string, err error) error {
	var f *node.Failure
	var te *textproto.Error
	switch {
	case err == nil:
		return nil
	case s.ctx.Err() != nil:
		s.broken = true
		return s.ctx.Err()
	case errors.Is(err, goftp.ErrInvalidCommand):
		return remote.Fail(node.KindInput, "give a path of one line", "%s: FTP cannot carry names with line ends", doing)
	case errors.As(err, &te):
		return s.answered(doing, te)
	case errors.As(err, &f):
		// It came up through the library, which may stand anywhere.
		s.broken = true
		return f
	}
	s.broken = true
	var ne net.Error
	var unknown x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, errTooMuch):
		return remote.Fail(node.KindError, "list a smaller folder; the server may be faulty or hostile", "%s: %v", doing, err)
	case errors.As(err, &ne) && ne.Timeout():
		return remote.Fail(node.KindTimeout, "raise timeout if the server is slow", "%s: the server was silent for longer than %s", doing, s.limit)
	case errors.As(err, &unknown), errors.As(err, &host), errors.As(err, &invalid), errors.As(err, &cert):
		return remote.Fail(node.KindNetwork, "check the host; for a server of your own give its CA in tls.ca_file", "%s: %v", doing, err)
	case errors.As(err, &record):
		return remote.Fail(node.KindNetwork, "check port and security: the server does not speak TLS here", "%s: %v", doing, err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return remote.Fail(node.KindNetwork, "try again; if it repeats, look at the server's log", "%s: the connection was cut", doing)
	}
	return remote.Fail(node.KindNetwork, "try again; if it repeats, look at the server's log", "%s: %v", doing, err)
}

// answered is the failure for an answer of the server that is a no.
func (s *session) answered(doing string, te *textproto.Error) error {
	text := strings.ToLower(te.Msg)
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(text, w) {
				return true
			}
		}
		return false
	}
	kind, hint, code := node.KindError, "", ""
	switch te.Code {
	case 421, 425, 426:
		kind, hint = node.KindNetwork, "try again later; the server may allow fewer connections, or a firewall may block data connections"
		s.broken = true
	case 452, 552:
		hint = "make room on the server"
	case 450, 451:
		hint = "try again later"
	case 500, 501, 502, 504:
		hint, code = "the server does not know this command", remote.CodeUnsupported
	case 530, 532, 533, 534, 535, 536, 553:
		kind, hint = node.KindDenied, "check the rights of the user, and whether the server wants encryption"
	case 550:
		switch {
		case has("no such", "not found", "doesn't exist", "does not exist", "cannot find", "not exist", "no file"):
			kind, hint = node.KindNotFound, "check the path"
		case has("denied", "not permitted", "permission", "not allowed", "forbidden", "access"):
			kind, hint = node.KindDenied, "check the rights of the user"
		}
	default:
		if te.Code < 400 {
			s.broken = true
			kind, hint = node.KindNetwork, "try again"
		}
	}
	f := remote.Fail(kind, hint, "%s: the server says %s", doing, s.said(te))
	f.Code = code
	return f
}
