package remote

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// CertificateError says why the certificate of the orchestrator is not taken.
type CertificateError struct {
	what string
	err  error
}

// Error implements error.
func (e *CertificateError) Error() string { return e.what }

// Unwrap returns what the check said.
func (e *CertificateError) Unwrap() error { return e.err }

// explain says in a sentence what is wrong with the certificate of a host, if
// that is what an error is; else it returns the error.
func (c *Client) explain(err error) error {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var check *tls.CertificateVerificationError
	what := ""
	switch {
	case errors.As(err, &unknown):
		what = "is not signed by anybody whom this machine trusts: give the certificate of who signed it with --server-ca"
		if c.ownCA {
			what = "is not signed by the certificate that --server-ca names"
		}
		if unknown.Cert != nil {
			what += fmt.Sprintf(" (it says that it was signed by %q)", unknown.Cert.Issuer)
		}
	case errors.As(err, &name):
		names := slices.Clone(name.Certificate.DNSNames)
		for _, ip := range name.Certificate.IPAddresses {
			names = append(names, ip.String())
		}
		what = fmt.Sprintf("is not for the name %s", name.Host)
		if len(names) > 0 {
			what += " but for " + strings.Join(names, ", ") + ": use such a name with --server, or make a certificate for this one"
		} else {
			what += ", it has no names: make one that has it"
		}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil:
		what = fmt.Sprintf("was valid until %s only: renew it on the orchestrator", invalid.Cert.NotAfter.UTC().Format(time.RFC1123))
		if now := time.Now(); now.Before(invalid.Cert.NotBefore) {
			what = fmt.Sprintf("is not valid before %s, and the clock of this machine says %s", invalid.Cert.NotBefore.UTC().Format(time.RFC1123), now.UTC().Format(time.RFC1123))
		}
	case errors.As(err, &check):
		what = "cannot be checked: " + check.Err.Error()
	case errors.Is(err, http.ErrSchemeMismatch), strings.Contains(err.Error(), "first record does not look like a TLS handshake"):
		return &CertificateError{c.host + " does not speak HTTPS: the orchestrator needs --tls-cert and --tls-key, or a proxy that has them", err}
	default:
		return fmt.Errorf("asking the orchestrator: %w", err)
	}
	return &CertificateError{"the certificate of the orchestrator " + c.host + " " + what, err}
}
