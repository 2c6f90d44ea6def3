package casare

import (
	"regexp"
	"slices"

	"github.com/aether-rpa/aether/schema"
)

// A secret of Aether goes from the store to the param that takes it, and is
// never a value that expressions see. CasareRPA puts stored credentials into any
// text. Where no param takes it, the node is replaced by flow.missing: with an
// empty text in its place it would do something else than it did.

// unfit notes that a node needs a secret where Aether gives none.
func (c *converter) unfit(at *step, name, where string) {
	if at == nil || c.broken[at.id] != "" {
		return
	}
	c.broken[at.id] = "it takes the secret " + name + " " + where + ", where Aether gives no secrets; give it to a param that takes one, for instance auth of the http nodes or the connection of the node"
	c.again = true
}

// secretIn returns the name of a secret that a value has in it.
func (v val) secretIn() string {
	if v.secret != "" {
		return v.secret
	}
	for _, l := range [][]val{v.list, v.parts} {
		for _, e := range l {
			if s := e.secretIn(); s != "" {
				return s
			}
		}
	}
	for _, e := range v.dict {
		if s := e.secretIn(); s != "" {
			return s
		}
	}
	return ""
}

// secretsFit looks for secrets in a param that takes none.
func (c *converter) secretsFit(s *step, name string, v val, f *schema.Field) {
	if v.secretIn() == "" || f != nil && f.Kind == "secret" {
		return
	}
	if f != nil && v.dict != nil && len(f.Fields) > 0 {
		for k, e := range v.dict {
			i := slices.IndexFunc(f.Fields, func(f *schema.Field) bool { return f.Name == k })
			if i < 0 {
				c.unfit(s, e.secretIn(), "in "+name)
				continue
			}
			c.secretsFit(s, name+"."+k, e, f.Fields[i])
		}
		return
	}
	c.unfit(s, v.secretIn(), "in "+name)
}

// typedSecret returns the name of the secret that a person types into a dialog.
func (c *converter) typedSecret(s *step, portName string) (string, bool) {
	switch {
	case s.disabled:
	case s.typ == "CredentialDialogNode" && portName == "password", s.typ == "InputDialogNode" && portName == "value" && c.arg(s, &mapping{}, "password_mode").plain() == true:
		return c.id(s), true
	}
	return "", false
}

var bearerSecret = regexp.MustCompile(`(?i)^\s*Bearer\s+\{\{\s*\$secret:([^{}\s]+)\s*\}\}\s*$`)

// authOf returns the param auth of an http node whose headers hold a secret, and
// the headers that are left; ok is false if they hold none.
func (c *converter) authOf(s *step) (auth params, rest any, ok bool) {
	if from := c.headersFrom(s, "headers"); from != nil {
		if auth, ok := c.secretAuth(from); ok {
			return auth, "$headers", true
		}
		return nil, nil, false
	}
	given, isMap := s.config["headers"].(map[string]any)
	if !isMap {
		return nil, nil, false
	}
	left := params{}
	for k, e := range given {
		text, _ := e.(string)
		if b := bearerSecret.FindStringSubmatch(text); b != nil && auth == nil {
			auth = params{"kind": "bearer", "token": val{secret: c.secret(b[1], s), isSet: true}}
			continue
		}
		v := c.value(e, s)
		if v.secret != "" && auth == nil {
			auth = params{"kind": "header", "name": k, "token": v}
			continue
		}
		left[k] = v
	}
	return auth, left, auth != nil
}

// headersFrom returns the node that makes the headers of another.
func (c *converter) headersFrom(s *step, port string) *step {
	from := (*step)(nil)
	if w, ok := c.dataIn[s.id][port]; ok {
		from = c.w.byID[w.from]
	} else if t, ok := s.config[port].(string); ok {
		if r := reference.FindStringSubmatch(t); r != nil && r[0] == t {
			name, _ := cut(r[1] + r[2])
			from = c.w.byID[name]
		}
	}
	if from != nil && from.typ == "SetHttpHeadersNode" && from != s {
		return c.headersFrom(from, "base_headers")
	}
	return from
}

// secretAuth returns what the param auth gets from a node that makes headers of
// a stored credential.
func (c *converter) secretAuth(s *step) (params, bool) {
	if s.disabled || s.typ != "HttpAuthNode" && (s.typ != "HttpSuperNode" || textOf(s, "action", "") != "Configure Auth") {
		return nil, false
	}
	m := authMapping()
	kind := authKind(s)
	stored, _ := s.config["credential_name"].(string)
	pick := func(port, what string) (val, bool) {
		v := c.arg(s, m, port)
		if v.secret == "" && stored != "" && (!v.isSet || v.isLit() && v.plain() == "") {
			return val{secret: c.secret(stored+"_"+what, s), isSet: true}, true
		}
		return v, v.secret != ""
	}
	switch kind {
	case "basic":
		p, ok := pick("password", "password")
		return params{"kind": "basic", "user": c.arg(s, m, "username"), "password": p}, ok
	case "api_key":
		t, ok := pick("token", "token")
		return params{"kind": "header", "name": c.arg(s, m, "header_name"), "token": t}, ok
	}
	t, ok := pick("token", "token")
	return params{"kind": "bearer", "token": t}, ok
}
