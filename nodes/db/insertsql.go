package db

import (
	"slices"
	"strings"
)

// statement writes the INSERT for the rows that wait.
func (l *loader) statement() (string, error) {
	driver := l.Connection.Driver
	table, columns, err := l.names()
	if err != nil {
		return "", err
	}
	b := &strings.Builder{}
	b.WriteString("INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES ")
	n := 0
	for i := range l.rows {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('(')
		for j := range columns {
			if j > 0 {
				b.WriteString(", ")
			}
			n++
			b.WriteString(mark(driver, n))
		}
		b.WriteByte(')')
	}
	conflict, err := l.conflict(columns)
	return b.String() + conflict, err
}

// names returns the names of table and columns, quoted.
func (l *loader) names() (table string, columns []string, err error) {
	driver := l.Connection.Driver
	if table, err = quoteName(driver, l.Table); err != nil {
		return "", nil, err
	}
	columns = make([]string, len(l.out.Columns))
	for i, n := range l.out.Columns {
		if columns[i], err = quoteColumn(driver, n); err != nil {
			return "", nil, err
		}
	}
	return table, columns, nil
}

// conflict says what becomes of rows whose key is there already.
func (l *loader) conflict(columns []string) (string, error) {
	if l.OnConflict == "fail" {
		return "", nil
	}
	mysql := l.Connection.Driver == "mysql"
	key := make([]string, len(l.Key))
	for i, n := range l.Key {
		q, err := quoteColumn(l.Connection.Driver, n)
		if err != nil {
			return "", err
		}
		key[i] = q
	}
	var set []string
	for i, q := range columns {
		switch {
		case l.OnConflict == "skip" || slices.Contains(l.Key, l.out.Columns[i]):
		case mysql:
			set = append(set, q+" = VALUES("+q+")")
		default:
			set = append(set, q+" = excluded."+q)
		}
	}
	switch {
	case mysql && len(set) == 0: // INSERT IGNORE would pass over wrong values too
		return " ON DUPLICATE KEY UPDATE " + columns[0] + " = " + columns[0], nil
	case mysql:
		return " ON DUPLICATE KEY UPDATE " + strings.Join(set, ", "), nil
	case len(key) == 0:
		return " ON CONFLICT DO NOTHING", nil
	case len(set) == 0:
		return " ON CONFLICT (" + strings.Join(key, ", ") + ") DO NOTHING", nil
	}
	return " ON CONFLICT (" + strings.Join(key, ", ") + ") DO UPDATE SET " + strings.Join(set, ", "), nil
}
