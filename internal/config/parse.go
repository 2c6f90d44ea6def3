package config

import (
	"log/slog"
	"math"
	"net/netip"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	appNamePattern = regexp.MustCompile(`^[a-z0-9_-]{3,256}$`) // DBOS accepts no other
	schemaPattern  = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,62}$`)
	vaultPath      = regexp.MustCompile(`^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`)
	hostPattern    = regexp.MustCompile(`^[A-Za-z0-9_*?.-]+$`)
)

func parseAppName(g given) (string, error) {
	if !appNamePattern.MatchString(g.text) {
		return "", bad("is "+quote(g.written)+", which DBOS does not accept as a name",
			"Use 3 to 256 lower-case letters, digits, dashes and underscores")
	}
	return g.text, nil
}

func parseSchema(g given) (string, error) {
	const remedy = "Use lower-case letters, digits and underscores, such as aether"
	switch {
	case !schemaPattern.MatchString(g.text):
		return "", bad("is "+quote(g.written)+", which is not a schema name", remedy)
	case g.text == "dbos", g.text == "information_schema", strings.HasPrefix(g.text, "pg_"):
		return "", bad("is "+quote(g.written)+", a schema that belongs to others", remedy)
	}
	return g.text, nil
}

func parseBool(g given) (bool, error) {
	switch strings.ToLower(g.text) {
	case "true", "1", "yes", "on":
		return true, nil
	case "false", "0", "no", "off":
		return false, nil
	}
	return false, bad("is "+quote(g.written)+", which is neither true nor false", "Write true or false")
}

func parseInt(g given, low, high int) (int, error) {
	n, err := strconv.Atoi(g.text)
	if err != nil || n < low || n > high {
		return 0, bad("is "+quote(g.written)+", which is not a number from "+strconv.Itoa(low)+" to "+strconv.Itoa(high),
			"Write a whole number in that range")
	}
	return n, nil
}

func parseOneOf(g given, choices ...string) (string, error) {
	if s := strings.ToLower(g.text); slices.Contains(choices, s) {
		return s, nil
	}
	return "", bad("is "+quote(g.written)+", which is not one of its choices", "Write "+strings.Join(choices, " or "))
}

// parseLevel also takes the names that Python and Node programs put in DBOS_LOG_LEVEL.
func parseLevel(g given) (slog.Level, error) {
	switch strings.ToLower(g.text) {
	case "debug", "trace":
		return slog.LevelDebug, nil
	case "info":
		return slog.LevelInfo, nil
	case "warn", "warning":
		return slog.LevelWarn, nil
	case "error", "critical", "fatal":
		return slog.LevelError, nil
	}
	return 0, bad("is "+quote(g.written)+", which is not a level", "Write debug, info, warn or error")
}

var sizeUnits = []struct {
	name  string
	bytes int64
}{
	{"gib", 1 << 30}, {"mib", 1 << 20}, {"kib", 1 << 10},
	{"gb", 1e9}, {"mb", 1e6}, {"kb", 1e3}, {"b", 1}, {"", 1},
}

func parseSize(g given) (int64, error) {
	s := strings.ToLower(strings.ReplaceAll(g.text, " ", ""))
	for _, u := range sizeUnits {
		digits, ok := strings.CutSuffix(s, u.name)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(digits, 10, 64)
		if err != nil || n <= 0 || n > math.MaxInt64/u.bytes {
			break
		}
		return n * u.bytes, nil
	}
	return 0, bad("is "+quote(g.written)+", which is not a size above zero", "Write a number and a unit, such as 256MiB or 1GiB")
}

func showSize(n int64) string {
	for _, u := range sizeUnits[:3] {
		if n >= u.bytes && n%u.bytes == 0 {
			return strconv.FormatInt(n/u.bytes, 10) + strings.ToUpper(u.name[:1]) + "iB"
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// parseDuration takes Go's durations and whole days and weeks, which retention is thought in.
func parseDuration(g given, least time.Duration) (time.Duration, error) {
	d, err := time.ParseDuration(g.text)
	for unit, days := range map[string]int64{"d": 1, "w": 7} {
		if digits, ok := strings.CutSuffix(g.text, unit); ok {
			var n int64
			n, err = strconv.ParseInt(digits, 10, 32)
			d = time.Duration(n*days) * 24 * time.Hour
			if n > 36500 {
				err = strconv.ErrRange
			}
		}
	}
	if err != nil || d < least {
		return 0, bad("is "+quote(g.written)+", which is not a duration of at least "+showDuration(least), "Write a number and a unit, such as 500ms, 30s, 5m, 12h or 30d")
	}
	return d, nil
}

func showDuration(d time.Duration) string {
	if day := 24 * time.Hour; d >= day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	return d.String()
}

// parseHosts checks the entries of an egress list and brings them to one form.
func parseHosts(g given) ([]string, error) {
	hosts := make([]string, 0, len(g.items))
	for _, item := range g.items {
		if p, err := netip.ParsePrefix(item); err == nil {
			hosts = append(hosts, p.Masked().String())
			continue
		}
		if a, err := netip.ParseAddr(strings.Trim(item, "[]")); err == nil {
			hosts = append(hosts, a.String())
			continue
		}
		_, err := path.Match(item, "")
		if err != nil || !hostPattern.MatchString(item) {
			return nil, bad("has an entry that is not a host, address or range",
				"Write host names without scheme, port or path, such as *.example.com, 192.168.1.7 or 10.0.0.0/8")
		}
		hosts = append(hosts, strings.ToLower(item))
	}
	return hosts, nil
}

// parseServer takes the URL of a server, without a path and, since it is shown, without a password.
func parseServer(g given) (string, error) {
	if g.text == "" {
		return "", nil
	}
	u, err := url.Parse(g.text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/")+u.RawQuery+u.Fragment != "" {
		return "", bad("is not the URL of a server", "Write https://HOST:PORT, without user, password and path")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// parseEndpoint takes a URL with a path; since it is shown, without a password and a query.
func parseEndpoint(g given) (string, error) {
	if g.text == "" {
		return "", nil
	}
	u, err := url.Parse(g.text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery+u.Fragment != "" {
		return "", bad("is not the URL of an endpoint", "Write https://HOST/PATH, without user, password and query")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// parsePublic takes the address of the server's pages, which may stand below a path of a proxy.
func parsePublic(g given) (string, error) {
	out, err := parseEndpoint(g)
	if err != nil {
		return "", bad("is not the address of a server", "Write https://HOST, without user, password and query")
	}
	return out, nil
}

// parseVaultPath takes names with slashes between them.
func parseVaultPath(g given) (string, error) {
	if g.text == "" {
		return "", nil
	}
	p := strings.Trim(g.text, "/")
	if !vaultPath.MatchString(p) || slices.ContainsFunc(strings.Split(p, "/"), func(s string) bool { return s == "." || s == ".." }) {
		return "", bad("is "+quote(g.written)+", which is not a path in Vault", "Write names with slashes between them, such as team/aether")
	}
	return p, nil
}

// parseOptionalPath is parsePath for a file that need not be named.
func parseOptionalPath(g given) (string, error) {
	if g.text == "" {
		return "", nil
	}
	return parsePath(g, g.text)
}

// metadataRanges are where clouds serve credentials to whoever asks from inside: no flow has
// business there, and a page that talks a robot into fetching one would win the machine's role.
func metadataRanges() []string {
	return []string{"169.254.0.0/16", "fe80::/10", "fd00:ec2::254/128", "100.100.100.200/32"}
}

// denyMetadata appends the metadata ranges that allow does not open and deny does not have.
func denyMetadata(deny, allow []string) []string {
	for _, r := range metadataRanges() {
		if !slices.Contains(deny, r) && !opens(allow, netip.MustParsePrefix(r)) {
			deny = append(deny, r)
		}
	}
	return deny
}

// opens reports whether an entry lies within the range: a wider one, such as 0.0.0.0/0, was not
// written with metadata in mind.
func opens(allow []string, r netip.Prefix) bool {
	return slices.ContainsFunc(allow, func(entry string) bool {
		p, err := netip.ParsePrefix(entry)
		if a, addrErr := netip.ParseAddr(entry); addrErr == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		return err == nil && p.Bits() >= r.Bits() && r.Contains(p.Addr())
	})
}
