// Package httpnode holds the nodes that speak HTTP. Connections are made by
// node.Env.HTTP alone, which keeps to the egress policy.
package httpnode

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/workspace"
)

func init() {
	node.RegisterFamily(node.Family{Name: "http", Title: "HTTP", Doc: "Call web services, download and upload files."})
}

func input(hint, format string, args ...any) error {
	return node.Fail(node.KindInput, fmt.Sprintf(format, args...), hint)
}

// wsaRefused is what Windows says for a refused connection.
const wsaRefused = syscall.Errno(10061)

func isRefused(err error) bool {
	return errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, wsaRefused)
}

// tell turns an error of sending into a failure. What names the request, such
// as "GET https://example.com/orders"; it holds no query, since that may hold
// secrets.
func tell(err error, what string) error {
	var f *node.Failure
	if err == nil || errors.As(err, &f) {
		return err
	}
	var outside *workspace.OutsideError
	var pe *fs.PathError
	if errors.As(err, &outside) {
		return outside
	}
	if errors.As(err, &pe) {
		return pe // about a file, not about the network
	}
	var denied interface{ Denied() bool }
	var dns *net.DNSError
	var unknown x509.UnknownAuthorityError
	var hostname x509.HostnameError
	var invalid x509.CertificateInvalidError
	var cert *tls.CertificateVerificationError
	var u *url.Error
	cause := err
	if errors.As(err, &u) {
		cause = u.Err // without the URL and its query
	}
	fail := func(kind, hint string) error {
		return node.Fail(kind, what+": "+cause.Error(), hint)
	}
	switch {
	case errors.As(err, &denied) && denied.Denied():
		return fail(node.KindDenied, "ask the administrator to allow the address in the egress policy if flows may use it")
	case errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, context.DeadlineExceeded) || u != nil && u.Timeout():
		return node.Fail(node.KindTimeout, what+": no complete answer in time", "raise timeout if the service is slow")
	case errors.As(err, &unknown), errors.As(err, &hostname), errors.As(err, &invalid), errors.As(err, &cert):
		return fail(node.KindNetwork, "check the address; for a server of your own give its CA in tls.ca_file")
	case isRefused(err):
		return fail(node.KindNetwork, "check host and port, and that the service runs")
	case errors.As(err, &dns):
		return fail(node.KindNetwork, "check the spelling of the host and the network")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF), errors.Is(err, syscall.ECONNRESET):
		return node.Fail(node.KindNetwork, what+": the connection was cut", "try again; if it repeats, look at the service's log")
	}
	return fail(node.KindNetwork, "")
}

// answered is the failure for a status that was not expected.
func answered(what string, res *response, mask func(string) string) error {
	f := node.Fail(node.KindHTTP, fmt.Sprintf("%s answered %s", what, statusText(res.status)), statusHint(res.status))
	f.Code = strconv.Itoa(res.status)
	f.Permanent = res.status/100 == 4 && !slices.Contains([]int{408, 409, 423, 425, 429}, res.status)
	headers := map[string]any{}
	for k, v := range res.headers() {
		if k != "set-cookie" {
			headers[k] = mask(v)
		}
	}
	f.Details = map[string]any{"status": res.status, "headers": headers, "body": mask(excerpt(res.body))}
	return f
}

func statusText(code int) string {
	return strings.TrimSpace(strconv.Itoa(code) + " " + http.StatusText(code))
}

// excerpt is the beginning of a body as text, at most 4 KiB.
func excerpt(b []byte) string {
	const most = 4 << 10
	cut := ""
	if len(b) > most {
		b, cut = b[:most-3], "…"
	}
	return strings.ToValidUTF8(string(b), "") + cut
}

func statusHint(code int) string {
	switch code {
	case 400, 422:
		return "look at details.body: the service says there what is wrong with the data"
	case 401:
		return "check auth: the service does not accept who you are"
	case 403:
		return "the service knows you but you lack the right; check the account's permissions"
	case 404, 410:
		return "check the URL; the thing may have been deleted"
	case 405:
		return "check the method"
	case 408, 504:
		return "the service was too slow; try again later"
	case 409:
		return "the thing was changed meanwhile or exists already"
	case 413:
		return "send less at a time"
	case 415:
		return "check content_type and body_kind"
	case 429:
		return "too many requests: set retries, or call less often"
	}
	switch code / 100 {
	case 1, 2:
		return "add the status to expect if it is fine"
	case 3:
		return "set follow_redirects, or add the status to expect"
	case 4:
		return "the request is not what the service expects; look at details.body"
	case 5:
		return "the service has a problem; try again later, or tell its operator"
	}
	return ""
}
