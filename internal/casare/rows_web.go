package casare

import "strings"

func init() {
	answer := outs{"response_body": "$.body", "response_json": "if_error(from_json($.body), nil)", "status_code": "$.status", "response_headers": headerNames, "success": "$.ok", "error": `$.ok ? "" : "HTTP " + string($.status)`}
	request := mapping{from: "HttpRequestNode", to: "http.request", in: params{
		"url": "$url", "method": "$method", "headers": "$headers", "query": "$params", "timeout": "$timeout", "follow_redirects": "$follow_redirects", "parse": "text", "expect": []any{"any"},
	}, out: answer, prepare: requestRow}.typed("headers", "dict", "params", "dict", "body", "").aka("params", "query_params", "body", "data json")
	verb := func(method string) mapping {
		return request.as("HttpSuperNode/" + method + " Request").with(func(m *mapping) {
			m.def = params{"method": method, "follow_redirects": true}
		})
	}
	download := mapping{from: "HttpDownloadFileNode", to: "http.download", in: params{"url": "$url", "to": "$save_path", "headers": "$headers", "timeout": "$timeout", "if_exists": `$overwrite ? "overwrite" : "error"`},
		out: outs{"file_path": "$.path", "file_size": "$.size", "status_code": "$.status"}, prepare: tlsRow}.typed("headers", "dict").aka("save_path", "file_path path")
	upload := mapping{from: "HttpUploadFileNode", to: "http.upload", in: params{"url": "$url", "path": "$file_path", "method": "POST", "as": "form", "field": "$field_name", "fields": "$extra_fields", "headers": "$headers", "timeout": "$timeout", "parse": "text", "expect": []any{"any"}},
		out: answer, prepare: tlsRow}.typed("headers", "dict", "extra_fields", "dict")
	register(
		request, verb("GET"), verb("POST"), verb("PUT"), verb("PATCH"), verb("DELETE"),
		download, download.as("HttpSuperNode/Download File"), upload, upload.as("HttpSuperNode/Upload File"),
		compute("SetHttpHeadersNode", params{"headers": `merge($base_headers ?? {}, $headers_json ?? {}, $header_name == "" ? {} : {($header_name): $header_value})`}).typed("base_headers", "dict", "headers_json", "dict"),
		compute("ParseJsonResponseNode", params{"value": `get(type($json_data) == "string" ? from_json($json_data) : $json_data, $path) ?? ($default == "" ? nil : $default)`}).typed("json_data", "").aka("json_data", "data response"),
		mapping{from: "BuildUrlNode", to: "http.build_url", in: params{"base": "$base_url", "query": "$params"}, out: outs{"url": "$.url"}, prepare: func(c *converter, s *step, m *mapping) {
			if p := c.arg(s, m, "path"); p.isSet && p.plain() != "" {
				m.in["base"] = `=trim_end($base_url, "/") + "/" + trim_start($path, "/")`
			}
		}}.typed("params", "dict").aka("base_url", "url base", "params", "query_params"),
		compute("HttpAuthNode", params{"headers": "=nil"}).with(func(m *mapping) { m.prepare = authRow }).typed("base_headers", "dict"),
		compute("HttpSuperNode/Configure Auth", params{"headers": "=nil"}).with(func(m *mapping) { m.prepare = authRow }).typed("base_headers", "dict"),
		mapping{from: "WebhookNotifyNode", to: "http.request", in: params{"url": "$webhook_url", "method": "POST", "timeout": "$timeout", "parse": "text", "expect": []any{"any"}}, out: outs{"success": "$.ok", "response": "$.body"}, prepare: notifyRow}.typed("error_details", ""),
	)
}

// headerNames writes the names of headers as servers do: Content-Type.
const headerNames = `from_entries(map(keys($.headers), [join(map(split(#, "-"), capitalize(#)), "-"), $.headers[#]]))`

func requestRow(c *converter, s *step, m *mapping) {
	method, _ := c.arg(s, m, "method").plain().(string)
	if b := c.arg(s, m, "body"); b.isSet && b.plain() != "" && method != "GET" && method != "HEAD" {
		m.in["body"] = "$body"
		switch b.kindOf() {
		case "string":
			m.in["body_kind"] = "text"
			m.in["content_type"] = "$content_type"
		case "dict", "list":
			m.in["body_kind"] = "json"
		default:
			m.in["body"] = `=type($body) == "string" ? $body : to_json($body)`
			m.in["body_kind"], m.in["content_type"] = "text", "$content_type"
		}
	}
	if q := c.arg(s, m, "params"); q.dict != nil && len(q.dict) == 0 {
		delete(m.in, "query")
	}
	tlsRow(c, s, m)
	if p := c.arg(s, m, "proxy"); p.isSet && p.plain() != "" {
		c.report.attention(s, "it goes through a proxy of its own", "proxies are set for the whole program; see the settings of http")
	}
}

func tlsRow(c *converter, s *step, m *mapping) {
	auth, rest, ok := c.authOf(s)
	if ok {
		m.in["auth"], m.in["headers"] = auth, rest
	}
	if v := c.arg(s, m, "verify_ssl"); v.isLit() && v.plain() == false {
		m.in["tls"] = params{"insecure": true}
	}
	for _, k := range []string{"headers", "fields"} {
		if k == "headers" && ok {
			continue
		}
		port := map[string]string{"headers": "headers", "fields": "extra_fields"}[k]
		if h := c.arg(s, m, port); h.dict != nil && len(h.dict) == 0 {
			delete(m.in, k)
		}
	}
}

// authMapping says under which names the nodes that make headers have their
// values.
func authMapping() *mapping {
	return &mapping{
		alias: map[string]string{"token": "bearer_token api_key key api_key_value", "header_name": "api_key_name api_key_header"},
		def:   params{"header_name": "X-API-Key", "username": "", "password": "", "token": ""},
	}
}

// authKind tells how a node that makes headers proves who one is.
func authKind(s *step) string {
	switch strings.ToLower(strings.NewReplacer(" ", "", "_", "", "-", "").Replace(textOf(s, "auth_type", "bearer"))) {
	case "basic":
		return "basic"
	case "apikey":
		return "api_key"
	}
	return "bearer"
}

// authRow makes the headers of HttpAuthNode, which other nodes send. A stored
// credential is no value: the http nodes that use the headers get it in their
// param auth instead.
func authRow(c *converter, s *step, m *mapping) {
	am := authMapping()
	m.alias, m.def = am.alias, am.def
	m.out = outs{"headers": "$.map.headers", "auth_headers": "$.map.headers"}
	if _, ok := c.secretAuth(s); ok {
		m.in = params{"entries": params{"headers": "=$base_headers ?? {}"}}
		m.note = "the http nodes that use its headers take the credential by their param auth"
		return
	}
	to := ""
	switch authKind(s) {
	case "basic":
		to = `{"Authorization": "Basic " + base64_encode(string($username) + ":" + string($password))}`
	case "api_key":
		to = `{($header_name): string($token)}`
	default:
		to = `{"Authorization": "Bearer " + string($token)}`
	}
	for _, k := range []string{"password", "token", "api_key"} {
		if t, ok := s.config[k].(string); ok && t != "" && !reference.MatchString(t) {
			c.report.attention(s, "its credentials stand in the file in plain text and in the headers it makes", "store them as secrets and use the param auth of the http nodes")
		}
	}
	m.in = params{"entries": params{"headers": "=merge($base_headers ?? {}, " + to + ")"}}
}

func notifyRow(c *converter, s *step, m *mapping) {
	details := `$error_details == nil ? "" : "\n" + (type($error_details) == "string" ? $error_details : to_json($error_details))`
	switch textOf(s, "format", "generic") {
	case "slack":
		m.in["body"] = params{"text": `=string($message) + (` + details + `)`}
	case "discord":
		m.in["body"] = params{"content": `=string($message) + (` + details + `)`}
	case "teams":
		m.in["body"] = params{"@type": "MessageCard", "@context": "http://schema.org/extensions", "text": `=string($message) + (` + details + `)`}
	default:
		m.in["body"] = params{"message": "$message", "error_details": "$error_details"}
	}
	m.in["body_kind"] = "json"
}
