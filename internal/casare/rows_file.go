package casare

import (
	"fmt"
	"strings"
)

// encodings are names of Python's codecs by those of Aether.
const encodings = `{"utf-8": "utf-8", "utf8": "utf-8", "utf_8": "utf-8", "utf-8-sig": "utf-8", "ascii": "utf-8", "latin-1": "iso-8859-1", "latin1": "iso-8859-1", "latin_1": "iso-8859-1", "cp1252": "windows-1252", "cp1250": "windows-1250", "cp1251": "windows-1251", "utf-16": "utf-16", "utf_16": "utf-16", "utf-16-le": "utf-16le", "": "utf-8"}[lower($encoding)] ?? $encoding`

// readEncoding is that of a file to read: one that says utf-8 may begin with a
// byte order mark.
const readEncoding = `lower($encoding) in ["utf-8", "utf8", "utf_8", "utf-8-sig", ""] ? "auto" : (` + encodings + `)`

const replaceOrFail = `$overwrite ? "overwrite" : "error"`

func init() {
	path := func(m mapping) mapping {
		return m.aka("file_path", "path filename", "source_path", "source source_file from", "dest_path", "destination dest destination_path target_path to", "directory_path", "dir_path path folder directory", "dir_path", "directory_path path folder directory", "path", "file_path", "content", "data text")
	}
	readFile := path(mapping{from: "ReadFileNode", to: "file.read_text", in: params{"path": "$file_path", "encoding": readEncoding, "on_invalid": `$errors == "strict" ? "error" : "replace"`},
		out: outs{"content": "$.text", "size": "$.size"}, prepare: readFile})
	writeFile := path(mapping{from: "WriteFileNode", to: "file.write_text", in: params{"path": "$file_path", "text": "$content", "encoding": encodings},
		out: outs{"file_path": "$.path", "attachment_file": "[$.path]", "bytes_written": "$.size"}, prepare: writeFile}).typed("content", "string")
	appendFile := path(mapping{from: "AppendFileNode", to: "file.append_text", in: params{"path": "$file_path", "text": "$content", "encoding": readEncoding},
		out: outs{"file_path": "$.path", "bytes_written": "$.added"}}).typed("content", "string")
	deleteFile := path(mapping{from: "DeleteFileNode", to: "file.delete", in: params{"path": "$file_path", "must_exist": "not $ignore_missing"}, out: outs{"deleted_path": "$file_path", "success": "$.deleted"}})
	copyFile := path(mapping{from: "CopyFileNode", to: "file.copy", in: params{"from": "$source_path", "to": "$dest_path", "if_exists": replaceOrFail}, out: outs{"dest_path": "$.path", "bytes_copied": "$.size"}})
	moveFile := path(mapping{from: "MoveFileNode", to: "file.move", in: params{"from": "$source_path", "to": "$dest_path", "if_exists": replaceOrFail}, out: outs{"dest_path": "$.path"}})
	makeDir := path(mapping{from: "CreateDirectoryNode", to: "file.make_folder", in: params{"path": "$directory_path"}, out: outs{"dir_path": "$.path"}})
	listDir := path(mapping{from: "ListDirectoryNode", to: "file.list", in: params{
		"folder": "$dir_path", "pattern": []any{"$pattern"}, "recursive": "$recursive", "kind": `$files_only ? "file" : $dirs_only ? "folder" : "any"`, "hidden": true,
	}, out: outs{"items": "map($.items, .path)", "count": "$.count"}})
	listFiles := path(mapping{from: "ListFilesNode", to: "file.list", in: params{"folder": "$directory_path", "pattern": []any{"$pattern"}, "recursive": "$recursive", "hidden": true},
		out: outs{"files": "map($.items, .path)", "count": "$.count"}})
	exists := path(mapping{from: "FileExistsNode", to: "file.exists", in: params{"path": "$path", "kind": `{"file": "file", "directory": "folder", "any": "any"}[$check_type]`},
		out: outs{"exists": "$.exists", "is_file": `$.exists and $.kind == "file"`, "is_dir": `$.exists and $.kind == "folder"`}})
	size := path(mapping{from: "GetFileSizeNode", to: "file.info", in: params{"path": "$file_path"}, out: outs{"size": "$.size"}})
	info := path(mapping{from: "GetFileInfoNode", to: "file.info", in: params{"path": "$file_path"},
		out: outs{"size": "$.size", "created": "$.modified", "modified": "$.modified", "extension": "$.extension", "name": "$.name", "parent": "$.folder"}})
	readCSV := path(mapping{from: "ReadCSVNode", to: "csv.read", in: params{
		"file": "$file_path", "delimiter": "$delimiter", "header": `$has_header ? "first_row" : "none"`, "encoding": readEncoding, "quote": "$quotechar", "skip_rows": "$skip_rows", "limit": "$max_rows",
		"infer_types": false, "trim": false,
	}, out: outs{"data": "$.rows", "headers": "$has_header ? $.columns : []", "row_count": "$.count"}, prepare: readCSV})
	writeCSV := path(mapping{from: "WriteCSVNode", to: "csv.write", in: params{
		"file": "$file_path", "rows": "$data", "columns": "$headers", "header": "$write_header", "delimiter": "$delimiter", "encoding": encodings,
	}, out: outs{"file_path": "$.file", "attachment_file": "[$.file]", "row_count": "$.count"}, prepare: writeCSV}).typed("data", "list", "headers", "list")
	readJSON := path(mapping{from: "ReadJSONFileNode", to: "file.read_json", in: params{"path": "$file_path"}, out: outs{"data": "$.value"}})
	writeJSON := path(mapping{from: "WriteJSONFileNode", to: "json.format", in: params{"value": "$data", "indent": "$indent", "ascii": "$ensure_ascii"},
		out: outs{"file_path": "$!write.path", "attachment_file": "[$!write.path]"}, post: []extra{{"write", "file.write_text", params{"path": "$file_path", "text": "=$.text", "encoding": encodings}}}}).typed("data", "")
	register(
		readFile, writeFile, appendFile, deleteFile, copyFile, moveFile, makeDir, listDir, listFiles, exists, size, info, readCSV, writeCSV, readJSON, writeJSON,
		readFile.as("FileSystemSuperNode/Read File").with(noErrors), writeFile.as("FileSystemSuperNode/Write File").with(noErrors), appendFile.as("FileSystemSuperNode/Append File"), deleteFile.as("FileSystemSuperNode/Delete File"),
		copyFile.as("FileSystemSuperNode/Copy File"), moveFile.as("FileSystemSuperNode/Move File"), makeDir.as("FileSystemSuperNode/Create Directory"), listDir.as("FileSystemSuperNode/List Directory"),
		listFiles.as("FileSystemSuperNode/List Files"), exists.as("FileSystemSuperNode/File Exists"), size.as("FileSystemSuperNode/Get File Size"), info.as("FileSystemSuperNode/Get File Info"),
		readCSV.as("StructuredDataSuperNode/Read CSV").with(func(m *mapping) { m.def = params{"quotechar": `"`} }), writeCSV.as("StructuredDataSuperNode/Write CSV"),
		readJSON.as("StructuredDataSuperNode/Read JSON"), writeJSON.as("StructuredDataSuperNode/Write JSON"),

		mapping{from: "FileWatcherNode", to: "file.wait_for", in: params{"path": "$watch_path", "timeout": "$timeout", "on_timeout": "continue", "state": `{"create": "exists", "modify": "changed", "delete": "gone", "all": "changed"}[$events]`},
			out:  outs{"event_type": `$.reached ? {"create": "created", "modify": "modified", "delete": "deleted", "all": "modified"}[$events] : ""`, "file_path": "$.path", "triggered": "$.reached", "timed_out": "not $.reached"},
			note: "it waits for the path itself to appear, change or go away"},
		mapping{from: "LogToFileNode", to: "file.append_text", in: params{"path": "$log_file_path", "fresh_line": true}, out: outs{"lines_written": "1"}, prepare: logToFile},
	)
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
	if v := c.arg(s, m, "errors"); v.isLit() && v.plain() == "strict" {
		delete(m.in, "on_invalid")
	}
}

func writeFile(c *converter, s *step, m *mapping) {
	if e := c.arg(s, m, "encoding"); e.isLit() && strings.EqualFold(fmt.Sprint(e.plain()), "utf-8-sig") {
		m.in["bom"] = true
	}
	switch {
	case c.arg(s, m, "binary_mode").plain() == true:
		m.to, m.in = "file.write_bytes", params{"path": "$file_path", "base64": "$content"}
		m.note = "its content is base64 text, as bytes are in Aether"
	case c.arg(s, m, "append_mode").plain() == true:
		m.to = "file.append_text"
		m.out["bytes_written"] = "$.added"
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
		// The order in which the file of the workflow has the keys.
		if raw, ok := s.config["data"].([]any); ok && len(raw) > 0 {
			if order := s.keyOrder["data"]; order != nil {
				m.in["columns"] = literal(order)
			}
		}
	}
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
	d := v.operand()
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
