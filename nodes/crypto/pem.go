package crypto

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"strings"

	"github.com/aether-rpa/aether/vault"
)

// minRSA is the fewest bits of a key that signs. Older keys still verify.
const minRSA = 2048

// secretKey reads a key that signs: PEM (PKCS #8, and the older forms of RSA and
// EC), or the 32 bytes of an Ed25519 key in base64. No error says more of the
// text than what it is not.
func secretKey(s vault.Secret) (crypto.Signer, error) {
	text := strings.TrimSpace(s.Reveal())
	if seed, err := base64.StdEncoding.DecodeString(text); err == nil && len(seed) == ed25519.SeedSize {
		return ed25519.NewKeyFromSeed(seed), nil
	}
	rest := []byte(text)
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, input("check the secret; crypto.make_key and openssl make such keys", "the key is no secret key in PEM")
		}
		if strings.Contains(block.Type, "ENCRYPTED") || strings.Contains(block.Headers["Proc-Type"], "ENCRYPTED") {
			return nil, input("take the passphrase off with openssl pkey, and keep the key as a secret", "the key is encrypted with a passphrase, which cannot be read")
		}
		key, err := parseSecret(block)
		if err != nil || key == nil {
			continue // parameters of a curve, a certificate beside the key
		}
		if r, ok := key.(*rsa.PrivateKey); ok && r.N.BitLen() < minRSA {
			return nil, input("make a new key", "the RSA key has %d bits, fewer than the %d that are safe", r.N.BitLen(), minRSA)
		}
		return key, nil
	}
}

func parseSecret(block *pem.Block) (crypto.Signer, error) {
	switch block.Type {
	case "RSA PRIVATE KEY":
		return x509.ParsePKCS1PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		return x509.ParseECPrivateKey(block.Bytes)
	case "PRIVATE KEY":
		key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
		signer, _ := key.(crypto.Signer)
		return signer, err
	}
	return nil, nil
}

// publicKey reads a key that verifies: PEM of a key or a certificate, or the
// 32 bytes of an Ed25519 key in base64.
func publicKey(text string) (crypto.PublicKey, error) {
	text = strings.TrimSpace(text)
	if raw, err := base64.StdEncoding.DecodeString(text); err == nil && len(raw) == ed25519.PublicKeySize {
		return ed25519.PublicKey(raw), nil
	}
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, input("give the public key that crypto.make_key or openssl wrote", "the key is no public key in PEM")
	}
	var key crypto.PublicKey
	var err error
	switch block.Type {
	case "CERTIFICATE":
		var cert *x509.Certificate
		if cert, err = x509.ParseCertificate(block.Bytes); err == nil {
			key = cert.PublicKey
		}
	case "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	default:
		if strings.Contains(block.Type, "PRIVATE") {
			return nil, input("give the public key; the secret key belongs in a secret", "the key is a secret key")
		}
	}
	switch key.(type) {
	case *rsa.PublicKey, *ecdsa.PublicKey, ed25519.PublicKey:
		if err == nil {
			return key, nil
		}
	}
	return nil, input("RSA, ECDSA and Ed25519 keys can be read", "the key is no public key that can be read")
}
