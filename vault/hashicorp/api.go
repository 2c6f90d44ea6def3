package hashicorp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswer bounds what is read of an answer.
const maxAnswer = 4 << 20

// pauses are those between the tries of a request that may succeed if repeated.
var pauses = []time.Duration{200 * time.Millisecond, time.Second}

// apiError is an answer of Vault that says no.
type apiError struct {
	status int
	text   string
}

func (e *apiError) Error() string {
	if e.text != "" {
		return fmt.Sprintf("the Vault answers %d: %s", e.status, e.text)
	}
	return fmt.Sprintf("the Vault answers %d %s", e.status, http.StatusText(e.status))
}

// awayError says that Vault cannot answer now. It is a net.Error, so that a
// node fails as if its own other side were away, and may be tried again.
type awayError struct{ err error }

func (e *awayError) Error() string   { return e.err.Error() }
func (e *awayError) Unwrap() error   { return e.err }
func (e *awayError) Timeout() bool   { return false }
func (e *awayError) Temporary() bool { return true }

func again(status int) bool {
	return status == http.StatusPreconditionFailed || status == http.StatusTooManyRequests || status >= 500 && status != http.StatusNotImplemented
}

// authorised makes a request with a token. When that of the AppRole is refused,
// it logs in and tries once more: the token may have been revoked.
func (c *Client) authorised(ctx context.Context, method, path string, in, out any) error {
	for try := 0; ; try++ {
		token, err := c.login(ctx, try > 0)
		if err != nil {
			return err
		}
		err = c.call(ctx, method, path, token, in, out)
		c.once.Do(func() { close(c.used) })
		var e *apiError
		if try > 0 || !c.c.Token.Empty() || !errors.As(err, &e) || e.status != http.StatusForbidden {
			return err
		}
	}
}

// login returns the token to use, that of a new login if anew.
func (c *Client) login(ctx context.Context, anew bool) (string, error) {
	switch {
	case !c.c.Token.Empty():
		return c.c.Token.Reveal(), nil
	case c.c.RoleID == "" || c.c.SecretID.Empty():
		return "", errors.New("there is no token for Vault: set VAULT_TOKEN, or VAULT_ROLE_ID and VAULT_SECRET_ID, in the environment or in .env")
	}
	c.mu.Lock()
	token, until := c.token, c.until
	c.mu.Unlock()
	if token != "" && !anew && (until.IsZero() || c.c.Now().Before(until)) {
		return token, nil
	}
	var got struct {
		Auth struct {
			Token string `json:"client_token"`
			Lease int64  `json:"lease_duration"`
		} `json:"auth"`
	}
	in := map[string]string{"role_id": c.c.RoleID, "secret_id": c.c.SecretID.Reveal()}
	err := c.call(ctx, http.MethodPost, "auth/"+c.c.RoleMount+"/login", "", in, &got)
	var e *apiError
	switch {
	case errors.As(err, &e) && (e.status == http.StatusBadRequest || e.status == http.StatusForbidden):
		return "", fmt.Errorf("the Vault does not accept VAULT_ROLE_ID with VAULT_SECRET_ID: %w", err)
	case err != nil:
		return "", fmt.Errorf("logging in to Vault: %w", err)
	case got.Auth.Token == "":
		return "", fmt.Errorf("logging in to Vault: the answer of %s has no token", c.c.Address)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.token, c.until = got.Auth.Token, time.Time{}
	if got.Auth.Lease > 0 {
		c.until = c.c.Now().Add(time.Duration(got.Auth.Lease) * time.Second * 2 / 3)
	}
	return c.token, nil
}

// lease returns how long the token is good for, 0 for ever.
func (c *Client) lease(ctx context.Context) (left time.Duration, renewable bool, err error) {
	var got struct {
		Data struct {
			TTL       int64 `json:"ttl"`
			Renewable bool  `json:"renewable"`
		} `json:"data"`
	}
	err = c.authorised(ctx, http.MethodGet, "auth/token/lookup-self", nil, &got)
	return time.Duration(got.Data.TTL) * time.Second, got.Data.Renewable, err
}

// renew makes the token good for longer.
func (c *Client) renew(ctx context.Context) (left time.Duration, renewable bool, err error) {
	var got struct {
		Auth struct {
			Lease     int64 `json:"lease_duration"`
			Renewable bool  `json:"renewable"`
		} `json:"auth"`
	}
	err = c.authorised(ctx, http.MethodPost, "auth/token/renew-self", map[string]string{}, &got)
	return time.Duration(got.Auth.Lease) * time.Second, got.Auth.Renewable, err
}

// health says what keeps Vault from answering; a standby is as good as any.
func (c *Client) health(ctx context.Context) error {
	err := c.call(ctx, http.MethodGet, "sys/health?standbyok=true&perfstandbyok=true", "", nil, nil)
	var e *apiError
	if errors.As(err, &e) {
		switch e.status {
		case http.StatusNotImplemented:
			return fmt.Errorf("the Vault at %s is not initialised yet: `vault operator init` does it", c.c.Address)
		case http.StatusServiceUnavailable:
			return fmt.Errorf("the Vault at %s is sealed: `vault operator unseal` opens it", c.c.Address)
		}
	}
	return err
}

// call makes a request, again if that may help.
func (c *Client) call(ctx context.Context, method, path, token string, in, out any) error {
	for try := 0; ; try++ {
		status, err := c.send(ctx, method, path, token, in, out)
		if err == nil {
			return nil
		}
		if status != 0 && !again(status) {
			return err
		}
		if ctx.Err() != nil || try == len(pauses) {
			return &awayError{err}
		}
		t := time.NewTimer(pauses[try])
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return &awayError{err}
		}
	}
}

// send makes one request. The status is 0 if there was no answer.
func (c *Client) send(ctx context.Context, method, path, token string, in, out any) (int, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, fmt.Errorf("making the request for Vault: %w", err)
		}
		body = bytes.NewReader(b)
	}
	path, query, _ := strings.Cut(path, "?")
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	target := c.c.Address + "/v1/" + strings.Join(parts, "/")
	if query != "" {
		target += "?" + query
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return 0, fmt.Errorf("making the request for Vault: %w", err)
	}
	req.Header.Set("X-Vault-Request", "true")
	if token != "" {
		req.Header.Set("X-Vault-Token", token)
	}
	if c.c.Namespace != "" {
		req.Header.Set("X-Vault-Namespace", c.c.Namespace)
	}
	res, err := c.c.HTTP.Do(req)
	if err != nil {
		return 0, fmt.Errorf("reaching Vault: %w", err)
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return 0, fmt.Errorf("reading the answer of Vault: %w", err)
	}
	if res.StatusCode >= 300 && res.StatusCode < 400 {
		// Followed, the token would go to whoever the answer names.
		return res.StatusCode, &apiError{res.StatusCode, "go to another address, which is not done; set vault.address to that of the active node or of the load balancer"}
	}
	if res.StatusCode >= 400 {
		return res.StatusCode, &apiError{res.StatusCode, complaint(data)}
	}
	if out == nil {
		return res.StatusCode, nil
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber() // a PIN keeps its digits
	if err := dec.Decode(out); err != nil {
		// The error of the decoder may quote what it read.
		return res.StatusCode, fmt.Errorf("the answer of %s is not one of Vault: check vault.address", c.c.Address)
	}
	return res.StatusCode, nil
}

// complaint returns the errors and warnings in an answer, as one line.
func complaint(data []byte) string {
	var body struct {
		Errors   []string `json:"errors"`
		Warnings []string `json:"warnings"`
	}
	if json.Unmarshal(data, &body) != nil {
		return ""
	}
	text := strings.Join(strings.Fields(strings.Join(append(body.Errors, body.Warnings...), "; ")), " ")
	if r := []rune(text); len(r) > 200 {
		text = string(r[:200]) + "…"
	}
	return text
}

// asText returns a field as the text that a flow uses.
func asText(v any) (string, error) {
	switch x := v.(type) {
	case string:
		if x == "" {
			return "", errors.New("it is empty")
		}
		return x, nil
	case json.Number:
		return x.String(), nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}
