package casare

import (
	"fmt"
	"path"
	"strings"
)

// encodings are names of Python's codecs by those of Aether.
const encodings = `{"utf-8": "utf-8", "utf8": "utf-8", "utf_8": "utf-8", "utf-8-sig": "utf-8", "ascii": "utf-8", "latin-1": "iso-8859-1", "latin1": "iso-8859-1", "latin_1": "iso-8859-1", "cp1252": "windows-1252", "cp1250": "windows-1250", "cp1251": "windows-1251", "utf-16": "utf-16", "utf_16": "utf-16", "utf-16-le": "utf-16le", "": "utf-8"}[lower($encoding)] ?? $encoding`

// readEncoding is that of a file to read: one that says utf-8 may begin with a
// byte order mark.
const readEncoding = `lower($encoding) in ["utf-8", "utf8", "utf_8", "utf-8-sig", ""] ? "auto" : (` + encodings + `)`

const replaceOrFail = `$overwrite ? "overwrite" : "error"`

func init() {
	named := func(m mapping) mapping {
		return m.aka("file_path", "path filename", "source_path", "source source_file from", "dest_path", "destination dest destination_path target_path to", "directory_path", "dir_path path folder directory", "dir_path", "directory_path path folder directory", "path", "file_path", "content", "data text")
	}
	readFile := named(mapping{from: "ReadFileNode", to: "file.read_text", in: params{"path": "$file_path", "encoding": encodings, "on_invalid": `$errors == "strict" ? "error" : "replace"`},
		out: outs{"content": "$.text", "size": "$.size"}, prepare: readFile})
	writeFile := named(mapping{from: "WriteFileNode", to: "file.write_text", in: params{"path": "$file_path", "text": "$content", "encoding": encodings},
		out: outs{"file_path": "$.path", "attachment_file": "[$.path]", "bytes_written": "$.size"}, prepare: writeFile}).typed("content", "string")
	appendFile := named(mapping{from: "AppendFileNode", to: "file.append_text", in: params{"path": "$file_path", "text": "$content", "encoding": readEncoding, "newline": "keep"},
		out: outs{"file_path": "$.path", "bytes_written": "$.added"}, prepare: func(c *converter, s *step, m *mapping) {
			if c.off(s, m, "create_if_missing") {
				m.require("file", "$file_path", "file", "The file to append to is not there, and create_if_missing is off")
			}
		}}).typed("content", "string")
	deleteFile := named(mapping{from: "DeleteFileNode", to: "file.delete", in: params{"path": "$file_path", "must_exist": "not $ignore_missing"}, out: outs{"deleted_path": "$file_path", "success": "true"}})
	copyFile := named(mapping{from: "CopyFileNode", to: "file.copy", in: params{"from": "$source_path", "to": "$dest_path", "if_exists": replaceOrFail}, out: outs{"dest_path": "$.path", "bytes_copied": "$.size"}, prepare: folderOf("dest_path")})
	moveFile := named(mapping{from: "MoveFileNode", to: "file.move", in: params{"from": "$source_path", "to": "$dest_path", "if_exists": replaceOrFail}, out: outs{"dest_path": "$.path"}, prepare: folderOf("dest_path")})
	makeDir := named(mapping{from: "CreateDirectoryNode", to: "file.make_folder", in: params{"path": "$directory_path"}, out: outs{"dir_path": "$.path"}, prepare: func(c *converter, s *step, m *mapping) {
		if c.off(s, m, "exist_ok") {
			m.pre = append(m.pre, extra{"there", "file.exists", params{"path": "$directory_path"}}, extra{"new", "flow.assert", params{"condition": "=not $!there.exists", "message": "The folder is there already, and exist_ok is off"}})
		}
		if c.off(s, m, "parents") {
			c.needsFolder(s, m, "directory_path", "parents")
		}
	}})
	listDir := named(mapping{from: "ListDirectoryNode", to: "file.list", in: params{
		"folder": "$dir_path", "pattern": []any{"$pattern"}, "recursive": "$recursive", "kind": `$files_only ? "file" : $dirs_only ? "folder" : "any"`, "hidden": true,
	}, out: outs{"items": "map($.items, .path)", "count": "$.count"}})
	listFiles := named(mapping{from: "ListFilesNode", to: "file.list", in: params{"folder": "$directory_path", "pattern": []any{"$pattern"}, "recursive": "$recursive", "hidden": true},
		out: outs{"files": "map($.items, .path)", "count": "$.count"}})
	exists := named(mapping{from: "FileExistsNode", to: "file.exists", in: params{"path": "$path"},
		out: outs{"exists": `$check_type == "file" ? $.kind == "file" : $check_type == "directory" ? $.kind == "folder" : $.exists`, "is_file": `$.kind == "file"`, "is_dir": `$.kind == "folder"`}})
	size := named(mapping{from: "GetFileSizeNode", to: "file.info", in: params{"path": "$file_path"}, out: outs{"size": "$.size"}})
	info := named(mapping{from: "GetFileInfoNode", to: "file.info", in: params{"path": "$file_path"},
		out: outs{"size": "$.size", "created": "$.modified", "modified": "$.modified", "extension": "$.extension", "name": "$.name", "parent": "$.folder"}})
	readCSV := named(mapping{from: "ReadCSVNode", to: "csv.read", in: params{
		"file": "$file_path", "delimiter": "$delimiter", "header": `$has_header ? "first_row" : "none"`, "encoding": readEncoding, "quote": "$quotechar", "skip_rows": "$skip_rows", "limit": "$max_rows",
		"infer_types": false, "trim": false, "escape": "$escapechar",
	}, out: outs{"data": "$.rows", "headers": "$has_header ? $.columns : []", "row_count": "$.count"}, prepare: readCSV})
	writeCSV := named(mapping{from: "WriteCSVNode", to: "csv.write", in: params{
		"file": "$file_path", "rows": "$data", "columns": "$headers", "header": "$write_header", "delimiter": "$delimiter", "encoding": encodings, "guard_formulas": false,
	}, out: outs{"file_path": "$.file", "attachment_file": "[$.file]", "row_count": "$.count"}, prepare: writeCSV}).typed("data", "list", "headers", "list")
	readJSON := named(mapping{from: "ReadJSONFileNode", to: "file.read_json", in: params{"path": "$file_path"}, out: outs{"data": "$.value"}})
	writeJSON := named(mapping{from: "WriteJSONFileNode", to: "json.format", in: params{"value": "$data", "indent": "$indent", "ascii": "$ensure_ascii"},
		out: outs{"file_path": "$!write.path", "attachment_file": "[$!write.path]"}, post: []extra{{"write", "file.write_text", params{"path": "$file_path", "text": "=$.text", "encoding": encodings}}}}).typed("data", "")
	register(
		readFile, writeFile, appendFile, deleteFile, copyFile, moveFile, makeDir, listDir, listFiles, exists, size, info, readCSV, writeCSV, readJSON, writeJSON,
		readFile.as("FileSystemSuperNode/Read File").with(noErrors), writeFile.as("FileSystemSuperNode/Write File").with(noErrors), appendFile.as("FileSystemSuperNode/Append File"), deleteFile.as("FileSystemSuperNode/Delete File"),
		copyFile.as("FileSystemSuperNode/Copy File"), moveFile.as("FileSystemSuperNode/Move File"), makeDir.as("FileSystemSuperNode/Create Directory"), listDir.as("FileSystemSuperNode/List Directory"),
		listFiles.as("FileSystemSuperNode/List Files"), exists.as("FileSystemSuperNode/File Exists"), size.as("FileSystemSuperNode/Get File Size"), info.as("FileSystemSuperNode/Get File Info"),
		readCSV.as("StructuredDataSuperNode/Read CSV").with(func(m *mapping) { m.def = params{"quotechar": `"`} }), writeCSV.as("StructuredDataSuperNode/Write CSV"),
		readJSON.as("StructuredDataSuperNode/Read JSON"), writeJSON.as("StructuredDataSuperNode/Write JSON"),

		mapping{from: "FileWatcherNode", to: "file.wait_for", in: params{"path": "$watch_path", "timeout": "$timeout", "on_timeout": "continue", "state": `{"create": "exists", "modify": "changed", "delete": "gone", "all": "changed"}[$events]`}, prepare: watcher,
			out:  outs{"event_type": `$.reached ? {"create": "created", "modify": "modified", "delete": "deleted", "all": "modified"}[$events] : ""`, "file_path": "$.path", "triggered": "$.reached", "timed_out": "not $.reached"},
			note: "it waits for the path itself to appear, change or go away"},
		mapping{from: "LogToFileNode", to: "file.append_text", in: params{"path": "$log_file_path", "fresh_line": true}, out: outs{"lines_written": "1"}, prepare: logToFile},
	)
}

// off reports whether a switch that is on by default was turned off.
func (c *converter) off(s *step, m *mapping, name string) bool {
	v := c.arg(s, m, name)
	return v.isLit() && v.plain() == false
}

// require puts a check before a node: that something is there.
func (m *mapping) require(id string, path any, kind, message string) {
	m.pre = append(m.pre, extra{id, "file.exists", params{"path": path, "kind": kind}}, extra{id + "_there", "flow.assert", params{"condition": "=$!" + id + ".exists", "message": message}})
}

// needsFolder checks that the folder of a path is there, which Aether makes.
func (c *converter) needsFolder(s *step, m *mapping, port, switched string) {
	var dir any = `=let d = regex_replace(string($` + port + `), "/?[^/]*$$", ""); d == "" ? "." : d`
	if t, ok := c.arg(s, m, port).plain().(string); ok {
		dir = val{lit: path.Dir(strings.TrimSuffix(strings.ReplaceAll(t, `\`, "/"), "/")), isSet: true}
	}
	m.require("folder", dir, "folder", "The folder is not there, and "+switched+" is off")
}

func folderOf(port string) func(c *converter, s *step, m *mapping) {
	return func(c *converter, s *step, m *mapping) {
		if c.off(s, m, "create_dirs") {
			c.needsFolder(s, m, port, "create_dirs")
		}
	}
}

// watcher tells a folder, in which any file counts, from a file. What is there
// when the wait begins is no news.
func watcher(c *converter, s *step, m *mapping) {
	t, ok := c.arg(s, m, "watch_path").plain().(string)
	events := strings.ToLower(textOf(s, "events", "all"))
	if !ok || events == "delete" {
		return
	}
	switch {
	case path.Ext(t) == "":
		m.in["pattern"], m.in["ignore_old"] = "*", true
		if c.arg(s, m, "recursive").plain() == true {
			c.report.attention(s, "it also watches the folders below", "here only files of the folder itself count")
		}
	case events == "create":
		m.in["path"], m.in["pattern"], m.in["ignore_old"] = val{lit: path.Dir(t), isSet: true}, val{lit: path.Base(t), isSet: true}, true
	}
}

func noErrors(m *mapping) {
	m.def = params{"errors": "strict", "append_mode": false}
}

func readFile(c *converter, s *step, m *mapping) {
	if c.arg(s, m, "binary_mode").plain() == true {
		m.to, m.in, m.out = "file.read_bytes", params{"path": "$file_path"}, outs{"content": "$.base64", "size": "$.size"}
		m.note = "its content is base64 text, as bytes are in Aether"
		return
	}
	if n := c.arg(s, m, "max_size"); n.isLit() && n.plain() != nil && n.plain() != 0 {
		m.in["max_size"] = "$max_size"
	}
	switch v := c.arg(s, m, "errors"); {
	case v.isLit() && v.plain() == "strict":
		delete(m.in, "on_invalid")
	case v.isLit() && v.plain() == "ignore":
		m.out["content"] = `replace($.text, "\uFFFD", "")`
	case v.isLit() && v.plain() != "replace":
		c.report.adapted(s, "bytes that are no text become the character U+FFFD")
	}
}

func writeFile(c *converter, s *step, m *mapping) {
	if e := c.arg(s, m, "encoding"); e.isLit() && strings.EqualFold(fmt.Sprint(e.plain()), "utf-8-sig") {
		m.in["bom"] = true
	}
	if e := c.arg(s, m, "errors"); e.isLit() && e.isSet && e.plain() != "strict" {
		m.in["on_invalid"] = "replace"
	}
	folderOf("file_path")(c, s, m)
	switch {
	case c.arg(s, m, "binary_mode").plain() == true:
		m.to, m.in = "file.write_bytes", params{"path": "$file_path", "base64": "$content"}
		m.note = "its content is base64 text, as bytes are in Aether"
	case c.arg(s, m, "append_mode").plain() == true:
		m.to = "file.append_text"
		m.out["bytes_written"], m.in["newline"] = "$.added", "keep"
		delete(m.in, "bom")
	}
}

// readCSV gives rows without a header as lists of cells.
func readCSV(c *converter, s *step, m *mapping) {
	if v := c.arg(s, m, "has_header"); v.isLit() && v.plain() == false {
		m.post = []extra{{"lists", "table.to_lists", params{"rows": "=$.rows", "columns": "=$.columns"}}}
		m.out["data"], m.out["headers"] = "$!lists.lists", "[]"
	}
}

// writeCSV keeps the order of the columns where it is known: maps have none.
func writeCSV(c *converter, s *step, m *mapping) {
	if c.arg(s, m, "headers").isSet {
		if l := c.arg(s, m, "headers"); !l.isLit() || len(l.list) > 0 {
			c.listRows(s, m)
			return
		}
	}
	delete(m.in, "columns")
	w, wired := c.dataIn[s.id]["data"]
	if wired && w.port == "data" {
		from := c.w.byID[w.from]
		if f := rowOf(from); f != nil && f.to == "csv.read" {
			m.in["columns"] = code("nodes."+c.id(from)+".columns", "list")
		}
		return
	}
	if v := c.arg(s, m, "data"); v.isLit() && len(v.list) > 0 {
		if v.list[0].list != nil {
			c.listRows(s, m)
			return
		}
		m.in["rows"] = pythonCells(v)
		// The order in which the file of the workflow has the keys.
		if raw, ok := s.config["data"].([]any); ok && len(raw) > 0 {
			if order := s.keyOrder["data"]; order != nil {
				m.in["columns"] = literal(order)
			}
		}
	}
}

// pythonCells writes true and false in rows as Python does.
func pythonCells(v val) val {
	if !v.isLit() {
		return v
	}
	cell := func(x any) any {
		if b, ok := x.(bool); ok {
			return map[bool]string{true: "True", false: "False"}[b]
		}
		return x
	}
	rows, _ := v.plain().([]any)
	out := make([]any, len(rows))
	for i, r := range rows {
		switch r := r.(type) {
		case map[string]any:
			m := make(map[string]any, len(r))
			for k, x := range r {
				m[k] = cell(x)
			}
			out[i] = m
		case []any:
			l := make([]any, len(r))
			for k, x := range r {
				l[k] = cell(x)
			}
			out[i] = l
		default:
			out[i] = r
		}
	}
	return literal(out)
}

// listRows turns rows that are lists of cells into a table.
func (c *converter) listRows(s *step, m *mapping) {
	v := c.arg(s, m, "data")
	if v.isLit() && (len(v.list) == 0 || v.list[0].list == nil) {
		return
	}
	h := c.arg(s, m, "headers")
	if v.isLit() && len(h.list) == 0 {
		// Without headers the first row is one like the others.
		n := len(v.list[0].list)
		names := make([]any, n)
		for i := range names {
			names[i] = fmt.Sprintf("column_%d", i+1)
		}
		h = literal(names)
		m.in["header"] = false
		m.in["columns"] = h
	}
	d := pythonCells(v).operand()
	cols := h.operand()
	m.in["rows"] = code("map("+d+", let r = #; type(r) == \"list\" ? from_entries(zip("+cols+", r)) : r)", "list")
}

func logToFile(c *converter, s *step, m *mapping) {
	m.alias = map[string]string{"log_file_path": "file_path path", "log_message": "message"}
	stamp := ""
	if c.arg(s, m, "add_timestamp").plain() != false {
		m.pre = []extra{{"now", "date.now", nil}}
		stamp = `format_date($!now.date, "YYYY-MM-DD HH:mm:ss") + " - " + `
	}
	m.in["text"] = "=" + stamp + `upper($level) + " - " + string($log_message) + "\n"`
	delete(m.in, "fresh_line")
	if v := c.arg(s, m, "append"); v.isLit() && v.plain() == false {
		m.to = "file.write_text"
	}
}
