package crypto

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/value"
	"github.com/aether-rpa/aether/vault"
)

func init() {
	node.Register(node.Spec[makeJWTIn, makeJWTOut]{
		Type: "crypto.make_jwt", Title: "Make JSON web token", Effect: node.Read,
		Doc: "Makes a signed JSON web token (JWT) from claims, as APIs take it for signing in. With expires_in the claims iat and exp are set, unless they are given. The content of a token is signed, not secret, and the token is an output like any other: keep it short-lived.",
		Examples: []node.Example[makeJWTIn, makeJWTOut]{{
			Title: "A token for an API", In: makeJWTIn{Claims: map[string]any{"sub": "robot"}, Algorithm: "HS256", Secret: vault.New("0123456789abcdef0123456789abcdef"), ExpiresIn: time.Hour},
			Check: func(o makeJWTOut) error {
				if strings.Count(o.Token, ".") != 2 {
					return fmt.Errorf("got %q", o.Token)
				}
				return nil
			},
		}},
		Run: makeJWT,
	})
	node.Register(node.Spec[readJWTIn, readJWTOut]{
		Type: "crypto.read_jwt", Title: "Read JSON web token", Effect: node.Read,
		Doc: "Checks the signature of a JSON web token and its times, issuer and audience, and returns its claims. Only the algorithm that is named is accepted. A token that does not hold is an answer, not a failure; its claims are returned only with unverified set, and then nothing about them is sure.",
		Examples: []node.Example[readJWTIn, readJWTOut]{{
			Title: "The token of RFC 7515, without its signature", In: readJWTIn{Token: "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLCJleHAiOjEzMDA4MTkzODB9.", Unverified: true, Algorithm: "HS256"}, //nolint:gosec // of the RFC
			Out: readJWTOut{Reason: "not checked", Claims: map[string]any{"iss": "joe", "exp": 1300819380}, Header: map[string]any{"alg": "none"}},
		}},
		Run: readJWT,
	})
}

type makeJWTIn struct {
	Claims    map[string]any `json:"claims" is:"required" doc:"What the token says, such as sub, iss, aud; times are seconds since 1970."`
	Algorithm string         `json:"algorithm" default:"HS256" enum:"HS256,HS384,HS512,RS256,RS384,RS512,PS256,ES256,ES384,ES512,EdDSA" doc:"How to sign: HS with a shared secret, RS and PS with an RSA key, ES with an ECDSA key (P-256, P-384, P-521), EdDSA with an Ed25519 key."`
	Secret    vault.Secret   `json:"secret" doc:"For HS the shared secret, of 32 bytes or more (48 for HS384, 64 for HS512); else the secret key as PEM."`
	KeyFile   string         `json:"secret_file" widget:"file" doc:"File with the secret key instead, as crypto.make_key writes it."`
	ExpiresIn time.Duration  `json:"expires_in" default:"1h" doc:"How long the token holds; 0 sets no times."`
	KeyID     string         `json:"key_id" is:"advanced" doc:"Name of the key for the header (kid)."`
}

type makeJWTOut struct {
	Token string `json:"token" doc:"The token."`
}

type readJWTIn struct {
	Token      string        `json:"token" is:"required" doc:"The token; a prefix Bearer is taken off."`
	Unverified bool          `json:"unverified" is:"advanced" doc:"Read the token without checking it: anybody may have written it."`
	Algorithm  string        `json:"algorithm" default:"HS256" enum:"HS256,HS384,HS512,RS256,RS384,RS512,PS256,ES256,ES384,ES512,EdDSA" doc:"The algorithm it must be signed with."`
	Secret     vault.Secret  `json:"secret" doc:"For HS the shared secret."`
	PublicKey  string        `json:"public_key" widget:"multiline" doc:"For the others the public key or certificate as PEM."`
	Issuer     string        `json:"issuer" doc:"Issuer (iss) it must have."`
	Audience   string        `json:"audience" doc:"Audience (aud) it must be for."`
	NeedExpiry bool          `json:"need_expiry" doc:"Refuse a token that never expires."`
	Leeway     time.Duration `json:"leeway" default:"0s" is:"advanced" doc:"How far clocks may differ."`
}

type readJWTOut struct {
	Valid  bool           `json:"valid" doc:"Whether signature, times, issuer and audience hold."`
	Reason string         `json:"reason" doc:"Why it is not valid; empty if it is."`
	Claims map[string]any `json:"claims" doc:"What the token says; null if it is not valid, unless unverified is set."`
	Header map[string]any `json:"header" doc:"Header of the token."`
}

func makeJWT(_ context.Context, env *node.Env, in makeJWTIn) (makeJWTOut, error) {
	claims := jwt.MapClaims{}
	for k, v := range in.Claims {
		claims[k] = v
	}
	if in.ExpiresIn > 0 {
		now := env.Now()
		for name, at := range map[string]time.Time{"iat": now, "exp": now.Add(in.ExpiresIn)} {
			if _, given := claims[name]; !given {
				claims[name] = at.Unix()
			}
		}
	}
	secret, err := secretOrFile(env, in.Secret, in.KeyFile, "secret")
	if err != nil {
		return makeJWTOut{}, err
	}
	t := jwt.NewWithClaims(jwt.GetSigningMethod(in.Algorithm), claims)
	var key any = []byte(secret.Reveal())
	if shared(in.Algorithm) {
		if least := leastSecret(in.Algorithm); len(secret.Reveal()) < least {
			return makeJWTOut{}, input("take random bytes, as crypto.random_token makes them", "the shared secret has less than the %d bytes that %s needs", least, in.Algorithm)
		}
	} else if key, err = secretKey(secret); err != nil {
		return makeJWTOut{}, err
	}
	if in.KeyID != "" {
		t.Header["kid"] = in.KeyID
	}
	s, err := t.SignedString(key)
	if err != nil {
		return makeJWTOut{}, input("check the claims and the key", "the token cannot be signed with %s", in.Algorithm)
	}
	return makeJWTOut{Token: s}, nil
}

func readJWT(_ context.Context, env *node.Env, in readJWTIn) (out readJWTOut, err error) {
	token := strings.TrimSpace(in.Token)
	if len(token) > 7 && strings.EqualFold(token[:7], "bearer ") {
		token = strings.TrimSpace(token[7:])
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return out, input("a token has three parts with dots between", "the token has %d parts", len(parts))
	}
	if out.Header, err = part(parts[0], "header"); err != nil {
		return readJWTOut{}, err
	}
	claims, err := part(parts[1], "claims")
	if err != nil {
		return readJWTOut{}, err
	}
	if in.Unverified {
		out.Claims, out.Reason = claims, "not checked"
		return out, nil
	}
	var key any = []byte(in.Secret.Reveal())
	if !shared(in.Algorithm) {
		if key, err = publicKey(in.PublicKey); err != nil {
			return readJWTOut{}, err
		}
	} else if in.Secret.Empty() {
		return readJWTOut{}, input("give secret, or set unverified", "there is no secret to check the token with")
	}
	opts := []jwt.ParserOption{jwt.WithValidMethods([]string{in.Algorithm}), jwt.WithTimeFunc(env.Now), jwt.WithLeeway(in.Leeway), jwt.WithJSONNumber()}
	if in.Issuer != "" {
		opts = append(opts, jwt.WithIssuer(in.Issuer))
	}
	if in.NeedExpiry {
		opts = append(opts, jwt.WithExpirationRequired())
	}
	if in.Audience != "" {
		opts = append(opts, jwt.WithAudience(in.Audience))
	}
	if _, err := jwt.Parse(token, func(*jwt.Token) (any, error) { return key, nil }, opts...); err != nil {
		out.Reason = reason(err)
		return out, nil
	}
	out.Valid, out.Claims = true, claims
	return out, nil
}

// shared reports whether both sides of an algorithm hold the same secret.
func shared(algorithm string) bool { return strings.HasPrefix(algorithm, "HS") }

// leastSecret is the size of the digest, as RFC 7518 has it.
func leastSecret(algorithm string) int {
	switch algorithm {
	case "HS384":
		return 48
	case "HS512":
		return 64
	}
	return 32
}

func reason(err error) string {
	for _, r := range []struct {
		err  error
		text string
	}{
		{jwt.ErrTokenSignatureInvalid, "the signature is wrong, or made with another algorithm"}, {jwt.ErrTokenExpired, "it has expired"}, {jwt.ErrTokenNotValidYet, "it does not hold yet"},
		{jwt.ErrTokenRequiredClaimMissing, "a claim that it must have is missing"}, {jwt.ErrInvalidKeyType, "the signature is of another kind than the key"},
		{jwt.ErrTokenInvalidIssuer, "it has another issuer"}, {jwt.ErrTokenInvalidAudience, "it is for another audience"},
	} {
		if errors.Is(err, r.err) {
			return r.text
		}
	}
	return err.Error()
}

// part decodes a part of a token to a canonical map.
func part(s, name string) (map[string]any, error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		var v any
		if v, err = value.Parse(b); err == nil {
			if m, ok := v.(map[string]any); ok {
				return m, nil
			}
		}
	}
	return nil, input("check that the token is complete", "the %s of the token cannot be read", name)
}
