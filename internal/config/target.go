package config

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// target is what a connection string says, as far as this package needs to know.
type target struct {
	text     string // the connection string itself
	kind     string
	shown    string   // with every password masked
	hosts    []string // of PostgreSQL; "" means the driver's default
	ports    []string
	password string
	sslmode  string
}

const encodeRemedy = "Percent-encode special characters (@ is %40, / is %2F, # is %23), or write ${DB_PASSWORD} in place of the password and set DB_PASSWORD to the password as it is"

// parseTarget reads a connection string strictly: what it accepts, the driver reads the same way.
// A password with an unencoded @, / or # would otherwise end up in the host or the path, where
// nothing masks it. Its errors hold no part of the string.
func parseTarget(s string) (target, error) {
	scheme, rest, isURL := splitScheme(s)
	scheme, _, _ = strings.Cut(strings.ToLower(scheme), "+") // postgresql+psycopg, as Python has it
	switch {
	case strings.HasPrefix(s, "sqlite:"), strings.HasPrefix(s, "sqlite3:"):
		if sqlitePath(s) == "" {
			return target{}, bad("has a sqlite: URL without a path or with a host", "Write sqlite:PATH, such as sqlite:./aether.db")
		}
		if strings.Contains(s, "?") {
			return target{}, bad("has a sqlite: URL with a ?, but Aether sets the options of SQLite itself", "Write sqlite:PATH without options")
		}
		return target{text: s, kind: KindSQLite, shown: s}, nil
	case isURL && (scheme == "postgres" || scheme == "postgresql"):
		return parsePostgresURL(scheme, rest)
	case isURL, !strings.Contains(s, "="):
		return target{}, bad("is not a connection string that Aether knows", "Write postgresql://USER:${DB_PASSWORD}@HOST:5432/DATABASE, host=HOST dbname=DATABASE, or sqlite:PATH")
	}
	return parseKeywords(s)
}

// splitScheme also tells a URL from a key=value string with :// in one of its values.
func splitScheme(s string) (scheme, rest string, ok bool) {
	scheme, rest, ok = strings.Cut(s, "://")
	return scheme, rest, ok && !strings.ContainsAny(scheme, "= ")
}

func parsePostgresURL(scheme, rest string) (target, error) {
	t := target{kind: KindPostgres, text: scheme + "://" + rest, shown: scheme + "://"}
	if strings.ContainsFunc(rest, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return target{}, bad("has a URL with a space or control character", encodeRemedy)
	}
	if strings.Contains(rest, "#") {
		return target{}, bad("has a URL with an unencoded #", encodeRemedy)
	}
	if _, err := url.PathUnescape(rest); err != nil {
		return target{}, bad("has a URL with a % that does not begin an encoded character", encodeRemedy)
	}
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	if strings.Contains(tail, "@") || strings.Count(authority, "@") > 1 {
		return target{}, bad("has a URL with an unencoded @, / or ?, most likely in the password", encodeRemedy)
	}
	hostlist := authority
	if userinfo, hosts, ok := strings.Cut(authority, "@"); ok {
		user, password, hasPassword := strings.Cut(userinfo, ":")
		t.shown += user
		if hasPassword {
			t.password, _ = url.PathUnescape(password) // checked above
			t.shown += ":" + masked
		}
		t.shown += "@"
		hostlist = hosts
	}
	for hostport := range strings.SplitSeq(hostlist, ",") {
		host, port, err := splitHostPort(hostport)
		if err != nil {
			return target{}, err
		}
		t.hosts, t.ports = append(t.hosts, host), append(t.ports, port)
	}
	path, query, hasQuery := strings.Cut(tail, "?")
	t.shown += hostlist + path
	if !hasQuery {
		return t, nil
	}
	params := strings.Split(query, "&")
	for i, param := range params {
		name, value, _ := strings.Cut(param, "=")
		name, _ = url.PathUnescape(name)
		value, _ = url.PathUnescape(value)
		if err := t.setting(name, value); err != nil {
			return target{}, err
		}
		params[i] = shownSetting(name, value)
	}
	t.shown += "?" + strings.Join(params, "&")
	return t, nil
}

func splitHostPort(s string) (host, port string, err error) {
	host, port, hasPort := strings.Cut(s, ":")
	if strings.HasPrefix(s, "[") {
		inside, after, ok := strings.Cut(s[1:], "]")
		if !ok || after != "" && after[0] != ':' {
			return "", "", bad("has a URL with an unfinished [address]", "Write an IPv6 host as [::1]:5432")
		}
		host, port, hasPort = inside, strings.TrimPrefix(after, ":"), after != ""
	}
	if hasPort && !validPort(port) {
		return "", "", bad("has a URL with a port that is not a number from 1 to 65535", "Correct the port; if the password has special characters: "+encodeRemedy)
	}
	host, _ = url.PathUnescape(host)
	return host, port, nil
}

func validPort(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n > 0 && n < 65536
}

// parseKeywords reads libpq's key=value form.
func parseKeywords(s string) (target, error) {
	t := target{kind: KindPostgres, text: s}
	var shown []string
	const space = " \t\n\r\v\f"
	for rest := strings.TrimLeft(s, space); rest != ""; rest = strings.TrimLeft(rest, space) {
		name, after, ok := strings.Cut(rest, "=")
		name = strings.TrimRight(name, space)
		if !ok || name == "" || strings.ContainsAny(name, space+"'\\") {
			return target{}, bad("has a part that is not key=value", `Put values with spaces in single quotes, and write \' and \\ in them`)
		}
		value, left, ok := keywordValue(strings.TrimLeft(after, space))
		if !ok {
			return target{}, bad("has a value without a closing quote", `Add the closing single quote; write \' for a quote in the value`)
		}
		if err := t.setting(name, value); err != nil {
			return target{}, err
		}
		shown = append(shown, shownSetting(name, value))
		rest = left
	}
	if len(t.hosts) == 0 {
		t.hosts = []string{""}
	}
	t.shown = strings.Join(shown, " ")
	return t, nil
}

func keywordValue(s string) (value, rest string, ok bool) {
	inQuotes := strings.HasPrefix(s, "'")
	s = strings.TrimPrefix(s, "'")
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			i++
			b.WriteByte(s[i])
		case inQuotes && s[i] == '\'':
			return b.String(), s[i+1:], true
		case !inQuotes && strings.IndexByte(" \t\n\r\v\f", s[i]) >= 0:
			return b.String(), s[i:], true
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String(), "", !inQuotes
}

// setting takes one parameter of either form.
func (t *target) setting(name, value string) error {
	switch name {
	case "password":
		t.password = value
	case "host":
		t.hosts = strings.Split(value, ",")
	case "port":
		t.ports = strings.Split(value, ",")
		if slices.ContainsFunc(t.ports, func(p string) bool { return p != "" && !validPort(p) }) {
			return bad("has a port that is not a number from 1 to 65535", "Correct the port")
		}
	case "sslmode":
		t.sslmode = value
		if !slices.Contains([]string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}, value) {
			return bad("has an sslmode that PostgreSQL does not know", "Use disable, allow, prefer, require, verify-ca or verify-full")
		}
	}
	return nil
}

// shownSetting masks the values of all but the parameters known to be harmless, so that a mistyped
// pasword= does not show, and unknown names as well: a password with an unencoded & ends in one.
func shownSetting(name, value string) string {
	harmless := []string{
		"host", "port", "dbname", "database", "user", "sslmode", "sslrootcert", "sslcert", "sslkey", "application_name",
		"connect_timeout", "target_session_attrs", "search_path", "service", "channel_binding", "pool_max_conns",
		"pool_min_conns", "default_query_exec_mode", "client_encoding", "timezone", "TimeZone", "statement_timeout",
	}
	switch {
	case slices.Contains(harmless, name):
		return name + "=" + value
	case name == "password", name == "sslpassword":
		return name + "=" + masked
	}
	return masked
}

// local reports whether every host is this machine. pghost is the driver's default host.
func (t target) local(pghost string) bool {
	if t.kind == KindSQLite {
		return true
	}
	return !slices.ContainsFunc(t.hosts, func(host string) bool {
		if host == "" {
			host = pghost
		}
		addr, err := netip.ParseAddr(host)
		loopback := err == nil && addr.Unmap().IsLoopback()
		socket := host == "" || strings.HasPrefix(host, "/") || strings.HasPrefix(host, "@")
		return !loopback && !socket && !strings.EqualFold(host, "localhost")
	})
}

// withPassword returns the connection string with a password put in; there must be none yet.
func (t target) withPassword(password string) string {
	scheme, rest, isURL := splitScheme(t.text)
	if !isURL {
		return t.text + " password='" + escapeKeyword(password) + "'"
	}
	user, hosts, ok := strings.Cut(rest, "@")
	if !ok {
		user, hosts = "", rest
	}
	return scheme + "://" + strings.TrimSuffix(user, ":") + ":" + percentEncode(password) + "@" + hosts
}

// sqlitePath returns the file that a sqlite: URL names, or "" if it is none.
func sqlitePath(s string) string {
	rest, ok := strings.CutPrefix(s, "sqlite:")
	if !ok {
		if rest, ok = strings.CutPrefix(s, "sqlite3:"); !ok {
			return ""
		}
	}
	if after, authority := strings.CutPrefix(rest, "//"); authority {
		if !strings.HasPrefix(after, "/") {
			return "" // a host, which SQLite has not
		}
		rest = after
	}
	return strings.TrimPrefix(rest, "file:")
}
