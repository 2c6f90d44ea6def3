package conformance

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate writes NAME.pem and NAME.key of a certificate that signs itself.
func (h *home) certificate(name string, names []string, from, to time.Time) {
	h.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		h.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		h.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: serial, Subject: pkix.Name{CommonName: name + " of the test"}, NotBefore: from, NotAfter: to, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, n := range names {
		if ip := net.ParseIP(n); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, n)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		h.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		h.Fatal(err)
	}
	h.write(name+".pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	h.write(name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
}

// A robot reaches an orchestrator by HTTPS whose certificate it was given, and
// by no other.
func TestRemoteRobotByHTTPS(t *testing.T) {
	t.Parallel()
	h, l := newHome(t), newLedger(t)
	now := time.Now()
	h.certificate("good", []string{"127.0.0.1", "localhost"}, now.Add(-time.Hour), now.Add(time.Hour))
	h.certificate("old", []string{"127.0.0.1"}, now.Add(-48*time.Hour), now.Add(-24*time.Hour))
	h.certificate("early", []string{"127.0.0.1"}, now.Add(24*time.Hour), now.Add(48*time.Hour))
	h.certificate("elsewhere", []string{"robots.example"}, now.Add(-time.Hour), now.Add(time.Hour))
	servers := map[string]*served{}
	for _, name := range []string{"good", "old", "early", "elsewhere"} {
		servers[name] = h.serve("serve", "--tls-cert", name+".pem", "--tls-key", name+".key")
		if !strings.HasPrefix(servers[name].url, "https://") {
			t.Fatalf("it serves %s", servers[name].url)
		}
	}
	plainServer := h.serve("serve")
	d := h.desk(t, "desk", servers["good"].url)
	for _, name := range []string{"good", "old", "early", "elsewhere"} {
		b, err := os.ReadFile(filepath.Join(h.dir, name+".pem"))
		if err != nil {
			t.Fatal(err)
		}
		d.write(name+".pem", string(b))
	}
	d.write("nonsense.pem", "nonsense")
	for _, tt := range []struct {
		url, ca string
		says    []string
	}{
		{servers["good"].url, "", []string{"not signed by anybody whom this machine trusts", "--server-ca", "good of the test"}},
		{servers["good"].url, "elsewhere.pem", []string{"not signed by the certificate that --server-ca names"}},
		{servers["old"].url, "old.pem", []string{"was valid until", "renew it"}},
		{servers["early"].url, "early.pem", []string{"is not valid before", "clock"}},
		{servers["elsewhere"].url, "elsewhere.pem", []string{"not for the name 127.0.0.1", "robots.example"}},
		{strings.Replace(plainServer.url, "http:", "https:", 1), "good.pem", []string{"does not speak HTTPS"}},
		{servers["good"].url, "nonsense.pem", []string{"no certificate in PEM"}},
		{servers["good"].url, "missing.pem", []string{"missing.pem"}},
	} {
		args := []string{"robot", "--name", "desk", "--server", tt.url, "--token-file", "token.txt"}
		if tt.ca != "" {
			args = append(args, "--server-ca", tt.ca)
		}
		refused(t, d.want(2, args...), tt.says...)
	}

	h.flow("nodes:\n" + l.post("a", "a"))
	run, _ := h.add()
	p := d.start("robot", "--name", "desk", "--server", servers["good"].url, "--token-file", "token.txt", "--server-ca", "good.pem")
	h.settled(run, "done")
	l.want(t, "a")
	p.signal(os.Interrupt)
	if r := p.wait(30 * time.Second); r.code != 0 {
		t.Errorf("exit code %d\n%s%s", r.code, r.out, r.err)
	}
}
