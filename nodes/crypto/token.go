package crypto

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/aether-rpa/aether/node"
)

func init() {
	node.Register(node.Spec[tokenIn, tokenOut]{
		Type: "crypto.random_token", Title: "Random token", Effect: node.Read,
		EffectOf: func(in tokenIn) node.Effect {
			if in.To != "" {
				return node.Once
			}
			return node.Read
		},
		Doc: "Makes a token that nobody can guess, from random bytes, for instance a shared secret or a link that works once. As an output it is recorded like any other; with to it goes to a file that only its owner may read, and nowhere else.",
		Examples: []node.Example[tokenIn, tokenOut]{{
			Title: "For an address", In: tokenIn{Bytes: 32},
			Check: func(o tokenOut) error {
				if b, err := base64.RawURLEncoding.DecodeString(o.Token); err != nil || len(b) != 32 || o.Path != "" {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}, {
			Title: "A shared secret in a file", In: tokenIn{Bytes: 64, As: "hex", To: "shared.key"},
			Check: func(o tokenOut) error {
				if o.Token != "" || o.Path == "" {
					return fmt.Errorf("got %+v", o)
				}
				return nil
			},
		}},
		Run: token,
	})
}

type tokenIn struct {
	Bytes int    `json:"bytes" default:"32" min:"16" max:"1024" doc:"How many random bytes; 16 cannot be guessed, 32 is usual for keys."`
	As    string `json:"as" default:"base64url" enum:"base64url,base64,hex" doc:"How they are written; base64url has no signs that mean something in addresses."`
	To    string `json:"to" widget:"file" doc:"File to write the token to instead of returning it; there must be none yet."`
}

type tokenOut struct {
	Token string `json:"token" doc:"The token; empty if it was written to a file."`
	Path  string `json:"path" doc:"Absolute path of the file with the token, or empty."`
}

func token(_ context.Context, env *node.Env, in tokenIn) (out tokenOut, err error) {
	b := make([]byte, max(16, in.Bytes))
	if _, err := io.ReadFull(env.Rand, b); err != nil {
		return out, tell(err, "making a token")
	}
	text := base64.RawURLEncoding.EncodeToString(b)
	switch in.As {
	case "hex":
		text = hex.EncodeToString(b)
	case "base64":
		text = base64.StdEncoding.EncodeToString(b)
	}
	if in.To == "" {
		return tokenOut{Token: text}, nil
	}
	if err := writeNew(env, in.To, text); err != nil {
		return out, err
	}
	out.Path, err = env.Files.Abs(in.To)
	return out, err
}
