package config

import (
	"errors"
	"slices"
	"strings"
)

// legacyDBOS reads the database section of older DBOS files: hostname, port, username, password,
// sys_db_name or app_db_name. A section without a host and database (only `migrate`, say) names none.
func (l *loader) legacyDBOS(f *yamlFile) (candidate, bool) {
	var first entry
	found := false
	for _, name := range []string{"sys_db_name", "app_db_name", "hostname"} {
		if e, ok := fromYAML(f, "database."+name); ok && !found {
			first, found = e, true
		}
	}
	if !found {
		return candidate{}, false
	}
	return candidate{first, func() (string, error) {
		get := func(fallback string, names ...string) (string, error) {
			for _, name := range names {
				if e, ok := fromYAML(f, "database."+name); ok {
					if name != "password" {
						text, err := l.plain(e, e.text)
						return text, located(name, err)
					}
					text, err := expand(e.text, l.lookup, nil)
					return text, located(name, err)
				}
			}
			return fallback, nil
		}
		host, hostErr := get("localhost", "hostname")
		port, portErr := get("5432", "port")
		user, userErr := get("postgres", "username")
		password, passwordErr := get("", "password")
		name, nameErr := get("postgres", "sys_db_name", "app_db_name")
		for _, err := range []error{hostErr, portErr, userErr, passwordErr, nameErr} {
			if err != nil {
				return "", err
			}
		}
		if !validPort(port) {
			return "", bad("takes database.port of this file, which is not a number from 1 to 65535", "Correct the port")
		}
		return joinPostgres(host, port, user, password, name), nil
	}}, true
}

// located says which key of the section a problem is about; the Problem itself names the section's line.
func located(name string, err error) error {
	if b, ok := errors.AsType[*badValue](err); ok {
		return bad("takes database."+name+" of this file, which "+b.message, b.remedy)
	}
	return err
}

func joinPostgres(host, port, user, password, database string) string {
	userinfo := percentEncode(user)
	if password != "" {
		userinfo += ":" + percentEncode(password)
	}
	switch {
	case strings.HasPrefix(host, "/"): // a socket folder is no URL host
		return "postgresql://" + userinfo + "@/" + percentEncode(database) + "?host=" + percentEncode(host) + "&port=" + port
	case strings.Contains(host, ":") && !strings.HasPrefix(host, "["):
		host = "[" + host + "]"
	}
	return "postgresql://" + userinfo + "@" + host + ":" + port + "/" + percentEncode(database)
}

// dbosLanguage shows the language of the DBOS file that was read, to tell whose file it is. The
// system tables are the same for all languages; only Go programs and Aether share workflows.
func (l *loader) dbosLanguage() (Value, bool) {
	known := []string{"go", "python", "typescript", "javascript", "node", "java", "rust"}
	for _, f := range l.dbos {
		if e, ok := fromYAML(f, "language"); ok {
			language := strings.ToLower(e.text)
			if !slices.Contains(known, language) {
				language = "other"
			}
			return Value{Key: "dbos.language", Display: language, Source: e.source}, true
		}
	}
	return Value{}, false
}
