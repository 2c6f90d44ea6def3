package config

import (
	"regexp"
	"strings"
)

var supabaseRef = regexp.MustCompile(`^[a-z0-9]{6,40}$`)

// SupabaseURL returns the connection string of a Supabase project from its URL
// (https://REF.supabase.co) and its database password. The project's API key is not needed.
//
// With an empty pooler it is the direct connection, which needs IPv6 (or Supabase's IPv4 add-on).
// Else pooler is the host of the shared pooler, with or without port, or the whole pooler URL as the
// dashboard shows it; the region cannot be told from the project. The port defaults to 5432, session
// mode, since DBOS listens for notifications and 6543, transaction mode, loses them.
func SupabaseURL(projectURL, password, pooler string) (string, error) {
	host := strings.ToLower(strings.TrimSpace(projectURL))
	if _, after, ok := strings.Cut(host, "://"); ok {
		host = after
	}
	host, _, _ = strings.Cut(host, "/")
	ref := strings.TrimPrefix(strings.TrimSuffix(host, ".supabase.co"), "db.")
	if !supabaseRef.MatchString(ref) {
		return "", bad("is not the URL of a Supabase project", "Write https://REF.supabase.co as the dashboard shows it, or set AETHER_DATABASE_URL for a self-hosted Supabase")
	}
	if password == "" {
		return "", bad("has no database password with it", "Set SUPABASE_DB_PASSWORD to the database password of the project, not to a key")
	}
	if strings.TrimSpace(pooler) == "" {
		return "postgresql://postgres:" + percentEncode(password) + "@db." + ref + ".supabase.co:5432/postgres?sslmode=require", nil
	}
	address := strings.TrimSpace(pooler)
	if _, after, ok := strings.Cut(address, "://"); ok {
		address = after
	}
	if i := strings.LastIndex(address, "@"); i >= 0 {
		address = address[i+1:]
	}
	if i := strings.IndexAny(address, "/?"); i >= 0 {
		address = address[:i]
	}
	address, port, hasPort := strings.Cut(address, ":")
	if !hasPort {
		port = "5432"
	}
	if !strings.Contains(address, ".") || !hostPattern.MatchString(address) || !validPort(port) {
		return "", bad("has a pooler that is not a host", "Copy the host of the session pooler from the dashboard, such as aws-0-eu-central-1.pooler.supabase.com")
	}
	return "postgresql://postgres." + ref + ":" + percentEncode(password) + "@" + strings.ToLower(address) + ":" + port + "/postgres?sslmode=require", nil
}
