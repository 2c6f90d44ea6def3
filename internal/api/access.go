package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/aether-rpa/aether/internal/auth"
)

// loginIn is one of the three ways to sign in.
type loginIn struct {
	Name     string `json:"name,omitempty" maxLength:"100"`
	Password string `json:"password,omitempty" maxLength:"1000"`
	Link     string `json:"link,omitempty" maxLength:"200" doc:"Secret of a link as aether server link prints it; it is good once."`
	Token    string `json:"token,omitempty" maxLength:"200" doc:"A token; the browser then sends it as a cookie."`
}

// signIn makes a token for who signs in with a password or a link.
func (s *Server) signIn(ctx context.Context, in loginIn) (secret string, t *auth.Token, err error) {
	if in.Link != "" {
		return s.Auth.Redeem(ctx, in.Link)
	}
	return s.Auth.Login(ctx, in.Name, in.Password)
}

type loginOut struct {
	Cookie http.Cookie `header:"Set-Cookie"`
	Body   struct {
		Token   string    `json:"token" doc:"Send it as Authorization: Bearer. It is shown only now."`
		Expires time.Time `json:"expires,omitzero" doc:"Absent for a token that does not expire."`
		Role    auth.Role `json:"role"`
	}
}

type meBody struct {
	*auth.Principal
	Rights []auth.Right `json:"rights" doc:"What the role may do: pages show nothing else."`
}

type tokenMade struct {
	Secret string `json:"secret" doc:"The token. It is shown only now, and kept nowhere."`
	*auth.Token
}

func (s *Server) access(a huma.API) {
	handle(s, a, op{right: Open, method: http.MethodPost, path: "/login", id: "login", summary: "Sign in: with a name and a password, with the secret of a link, or with a token", tag: "access", body: 4096, errors: []int{http.StatusUnauthorized}},
		func(ctx context.Context, in *struct{ Body loginIn }) (*loginOut, error) {
			var out loginOut
			name, id := in.Body.Name, ""
			switch {
			case in.Body.Token != "":
				p, err := s.Auth.Authenticate(ctx, in.Body.Token)
				if err != nil {
					return nil, err
				}
				name, id, out.Body.Token, out.Body.Role = p.Name, p.Token, in.Body.Token, p.Role
			default:
				secret, t, err := s.signIn(ctx, in.Body)
				if err != nil {
					return nil, err
				}
				if name == "" {
					name = t.Name
				}
				id, out.Body.Token, out.Body.Expires, out.Body.Role = t.ID, secret, t.Expires, t.Role
			}
			out.Cookie = http.Cookie{Name: cookieName, Value: out.Body.Token, Path: "/", Expires: out.Body.Expires, HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteStrictMode}
			return &out, s.Auth.Note(ctx, name, "login", id, "")
		})
	handle(s, a, op{right: auth.ReadSelf, method: http.MethodGet, path: "/me", id: "me", summary: "Tell who is signed in", tag: "access"},
		func(ctx context.Context, _ *struct{}) (*answer[meBody], error) {
			return &answer[meBody]{meBody{who(ctx), who(ctx).Role.Given()}}, nil
		})
	handle(s, a, op{right: auth.WriteSelf, method: http.MethodPost, path: "/logout", id: "logout", summary: "Sign out: the token that signing in made ends; one that was made for a program stays", tag: "access", status: http.StatusNoContent},
		func(ctx context.Context, _ *struct{}) (*struct {
			Cookie http.Cookie `header:"Set-Cookie"`
		}, error) {
			out := &struct {
				Cookie http.Cookie `header:"Set-Cookie"`
			}{http.Cookie{Name: cookieName, Path: "/", MaxAge: -1, HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteStrictMode}}
			if !who(ctx).SignedIn { // a program's token stays good for the program
				return out, nil
			}
			return out, s.Auth.Revoke(ctx, who(ctx).Token)
		})
	s.tokens(a)
	s.accounts(a)
	handle(s, a, op{right: auth.ReadAudit, method: http.MethodGet, path: "/audit", id: "list-audit", summary: "List who did what, newest first", tag: "access"},
		func(ctx context.Context, in *struct {
			Paging
			Who    string    `query:"who" doc:"Only of this account or token."`
			Action string    `query:"action" doc:"Only this operation, such as set-secret."`
			Object string    `query:"object" doc:"Only about this."`
			From   time.Time `query:"from" doc:"Not before."`
			To     time.Time `query:"to" doc:"Before."`
		}) (*page[*auth.Act], error) {
			f := auth.ActFilter{Who: in.Who, Action: in.Action, Object: in.Object, From: in.From, To: in.To, Limit: in.Limit + 1}
			if _, err := decodeCursor(in.Cursor, &f.Before); err != nil {
				return nil, err
			}
			list, err := s.Auth.Acts(ctx, f)
			return paged(list, in.Limit, func(x *auth.Act) any { return x.ID }), err
		})
}

func (s *Server) tokens(a huma.API) {
	handle(s, a, op{right: auth.ReadAccess, method: http.MethodGet, path: "/tokens", id: "list-tokens", summary: "List the tokens of programs; their secrets are not kept", tag: "access"},
		func(ctx context.Context, _ *struct{}) (*page[*auth.Token], error) {
			list, err := s.Auth.Tokens(ctx, "")
			return paged(list, len(list), func(*auth.Token) any { return nil }), err
		})
	handle(s, a, op{right: auth.WriteAccess, method: http.MethodPost, path: "/tokens", id: "create-token", summary: "Make a token for a program", tag: "access", status: http.StatusCreated},
		func(ctx context.Context, in *struct {
			Body struct {
				Name    string     `json:"name" minLength:"1" maxLength:"100" doc:"What it is for."`
				Role    auth.Role  `json:"role" enum:"viewer,operator,developer,admin,robot"`
				Expires *time.Time `json:"expires,omitempty" doc:"Never if left out."`
			}
		}) (*answer[tokenMade], error) {
			var until time.Time
			if in.Body.Expires != nil {
				until = *in.Body.Expires
			}
			secret, t, err := s.Auth.CreateToken(ctx, in.Body.Name, in.Body.Role, until)
			return &answer[tokenMade]{tokenMade{secret, t}}, err
		})
	handle(s, a, op{right: auth.WriteAccess, method: http.MethodDelete, path: "/tokens/{id}", id: "revoke-token", summary: "Revoke a token at once", tag: "access", status: http.StatusNoContent, errors: []int{http.StatusNotFound}},
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*struct{}, error) {
			return nil, s.Auth.Revoke(ctx, in.ID)
		})
}

func (s *Server) accounts(a huma.API) {
	handle(s, a, op{right: auth.ReadAccess, method: http.MethodGet, path: "/accounts", id: "list-accounts", summary: "List the accounts of people", tag: "access"},
		func(ctx context.Context, _ *struct{}) (*page[*auth.Account], error) {
			list, err := s.Auth.Accounts(ctx)
			return paged(list, len(list), func(*auth.Account) any { return nil }), err
		})
	handle(s, a, op{right: auth.WriteAccess, method: http.MethodPut, path: "/accounts/{name}", id: "set-account", summary: "Make an account, or change its role or password", tag: "access", status: http.StatusNoContent},
		func(ctx context.Context, in *struct {
			Name string `path:"name"`
			Body struct {
				Role     auth.Role `json:"role" enum:"viewer,operator,developer,admin"`
				Password string    `json:"password,omitempty" maxLength:"1000" doc:"Left out: it stays. A new one signs its owner out everywhere."`
				Disabled bool      `json:"disabled,omitempty" doc:"Nobody can sign in with it."`
			}
		}) (*struct{}, error) {
			return nil, s.Auth.SetAccount(ctx, in.Name, auth.AccountChange{Role: in.Body.Role, Password: in.Body.Password, Disabled: &in.Body.Disabled})
		})
}
