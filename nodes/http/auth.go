package httpnode

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aether-rpa/aether/node"
	"github.com/aether-rpa/aether/vault"
)

type auth struct {
	Kind         string       `json:"kind" default:"none" enum:"none,basic,bearer,header,query,digest,oauth2,aws" doc:"Kind: basic or digest (user and password), bearer (token), header or query (an API key under a name), oauth2 (client credentials), aws (Signature Version 4)."`
	User         string       `json:"user" when:"kind=basic" doc:"User name, for basic and digest."`
	Password     vault.Secret `json:"password" when:"kind=basic" doc:"Password, for basic and digest."`
	Token        vault.Secret `json:"token" when:"kind=bearer" doc:"Token or API key, for bearer, header and query."`
	Name         string       `json:"name" when:"kind=header" doc:"Name of the header or query parameter, for header and query."`
	TokenURL     string       `json:"token_url" when:"kind=oauth2" doc:"Where to get a token, for oauth2."`
	ClientID     string       `json:"client_id" when:"kind=oauth2" doc:"Id of the client, for oauth2."`
	ClientSecret vault.Secret `json:"client_secret" when:"kind=oauth2" doc:"Secret of the client, for oauth2."`
	Scope        string       `json:"scope" when:"kind=oauth2" doc:"Scopes to ask for, separated by blanks, for oauth2."`
	Audience     string       `json:"audience" when:"kind=oauth2" is:"advanced" doc:"Audience to ask for, for oauth2; some services need it."`
	SecretInBody bool         `json:"secret_in_body" when:"kind=oauth2" is:"advanced" doc:"Send id and secret of the client in the body rather than as basic authentication, for oauth2."`
	AccessKey    string       `json:"access_key" when:"kind=aws" doc:"Access key id, for aws."`
	SecretKey    vault.Secret `json:"secret_key" when:"kind=aws" doc:"Secret access key, for aws."`
	SessionToken vault.Secret `json:"session_token" when:"kind=aws" is:"advanced" doc:"Session token of temporary credentials, for aws."`
	Region       string       `json:"region" when:"kind=aws" doc:"Region, such as eu-central-1, for aws."`
	Service      string       `json:"service" when:"kind=aws" doc:"Service, such as s3 or execute-api, for aws."`
}

func (a auth) check() error {
	need := func(name string, given bool) error {
		if given {
			return nil
		}
		return input("give auth."+name, "auth of kind %s needs %s", a.Kind, name)
	}
	switch a.Kind {
	case "basic", "digest":
		return need("user", a.User != "")
	case "header", "query":
		return need("name", a.Name != "")
	case "oauth2":
		if err := need("token_url", a.TokenURL != ""); err != nil {
			return err
		}
		return need("client_id", a.ClientID != "")
	case "aws":
		for name, v := range map[string]string{"access_key": a.AccessKey, "region": a.Region, "service": a.Service} {
			if err := need(name, v != ""); err != nil {
				return err
			}
		}
	}
	return nil
}

// secrets returns what must not be shown, in the forms it is sent in.
func (a auth) secrets() []string {
	var out []string
	for _, s := range []vault.Secret{a.Password, a.Token, a.ClientSecret, a.SecretKey, a.SessionToken} {
		if v := s.Reveal(); v != "" {
			out = append(out, v, url.QueryEscape(v), url.PathEscape(v))
		}
	}
	if p := a.Password.Reveal(); p != "" {
		out = append(out, base64.StdEncoding.EncodeToString([]byte(a.User+":"+p)))
	}
	return out
}

// masker replaces secrets in text by ***.
func masker(secrets []string) func(string) string {
	var pairs []string
	for _, s := range secrets {
		if s != "" {
			pairs = append(pairs, s, "***")
		}
	}
	return strings.NewReplacer(pairs...).Replace
}

// apply puts simple credentials on a request. Digest and aws need the finished
// request and are handled where it is sent.
func (a auth) apply(req *http.Request) {
	switch a.Kind {
	case "basic":
		req.SetBasicAuth(a.User, a.Password.Reveal())
	case "bearer", "oauth2":
		req.Header.Set("Authorization", "Bearer "+a.Token.Reveal())
	case "header":
		req.Header.Set(a.Name, a.Token.Reveal())
	case "query":
		add := url.QueryEscape(a.Name) + "=" + url.QueryEscape(a.Token.Reveal())
		if req.URL.RawQuery != "" {
			add = "&" + add
		}
		req.URL.RawQuery += add
	}
}

// token asks for an access token by client credentials (RFC 6749, 4.4).
func (a auth) token(ctx context.Context, c *http.Client) (vault.Secret, error) {
	u, err := address(a.TokenURL, nil)
	if err != nil {
		return vault.Secret{}, err
	}
	form := url.Values{"grant_type": {"client_credentials"}}
	if a.Scope != "" {
		form.Set("scope", a.Scope)
	}
	if a.Audience != "" {
		form.Set("audience", a.Audience)
	}
	if a.SecretInBody {
		form.Set("client_id", a.ClientID)
		form.Set("client_secret", a.ClientSecret.Reveal())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return vault.Secret{}, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	if !a.SecretInBody {
		req.SetBasicAuth(url.QueryEscape(a.ClientID), url.QueryEscape(a.ClientSecret.Reveal()))
	}
	what := "getting a token from " + shown(u)
	raw, err := c.Do(req)
	if err != nil {
		return vault.Secret{}, tell(err, what)
	}
	defer raw.Body.Close()
	body, err := io.ReadAll(io.LimitReader(raw.Body, 1<<20))
	if err != nil {
		return vault.Secret{}, tell(err, what)
	}
	var answer struct {
		AccessToken string `json:"access_token"`
		Error       string `json:"error"`
	}
	// A refusal is JSON as well; the status decides where it is not.
	_ = json.Unmarshal(body, &answer)
	if raw.StatusCode/100 != 2 || answer.AccessToken == "" {
		f := node.Fail(node.KindHTTP, what+" answered "+statusText(raw.StatusCode)+" without a token", "check client_id, client_secret and scope")
		if answer.Error != "" {
			f.Message += ": " + masker(a.secrets())(answer.Error)
		}
		f.Code = statusText(raw.StatusCode)[:3]
		f.Permanent = raw.StatusCode/100 == 4 && raw.StatusCode != 429
		return vault.Secret{}, f
	}
	return vault.New(answer.AccessToken), nil
}

// shown is a URL for people: without user, password, query and fragment.
func shown(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
