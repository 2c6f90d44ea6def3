package casare

// Rows of what CasareRPA did with Excel and Word by remote control on Windows.
// A workbook or document that is open there is a file here: each node opens it,
// does its work and closes it.
func init() {
	const note = "works on the file itself; Excel or Word is not needed and shows nothing"
	on := func(opener, port string, m mapping) mapping {
		m.note = note
		old := m.prepare
		m.prepare = func(c *converter, s *step, m *mapping) {
			at := c.session(s, opener, port)
			if at == nil {
				c.broken[s.id] = "no " + opener + " leads to it, so it is not known which file it means"
				return
			}
			file, _ := c.fill(params{"file": "$file_path"}, at, &mapping{}, c.id(at))
			m.in["file"] = file.dict["file"]
			if old != nil {
				old(c, s, m)
			}
		}
		return m
	}
	excel := func(m mapping) mapping { return on("ExcelOpenNode", "workbook", m) }
	word := func(m mapping) mapping { return on("WordOpenNode", "document", m) }
	openWorkbook := func(c *converter, s *step, m *mapping) {
		if c.arg(s, m, "create_if_missing").plain() == true {
			m.to, m.in = "sheet.create", params{"file": "$file_path", "existing": "keep"}
		}
	}
	openDocument := func(c *converter, s *step, m *mapping) {
		if c.arg(s, m, "create_if_missing").plain() == true {
			c.report.attention(s, "a document that is missing is not made", "make it with doc.create before it")
		}
	}
	closing := func(c *converter, s *step, m *mapping) {
		if c.arg(s, m, "save").plain() == false {
			c.report.attention(s, "it threw changes away, and here every node saves what it changes", "work on a copy of the file")
		}
	}
	register(
		mapping{from: "ExcelOpenNode", to: "sheet.info", in: params{"file": "$file_path", "measure": false}, out: outs{"workbook": "$file_path", "app": "nil", "success": "true"}, note: note, prepare: openWorkbook},
		excel(mapping{from: "ExcelReadCellNode", to: "sheet.read_cell", in: params{"sheet": "string($sheet)", "cell": "$cell"}, out: outs{"value": "$.value", "success": "true"}}),
		excel(mapping{from: "ExcelWriteCellNode", to: "sheet.write_cell", in: params{
			"sheet": "string($sheet)", "cell": "$cell", "value": `type($value) == "string" and starts_with($value, "=") ? nil : read_value($value)`, "formula": `type($value) == "string" and starts_with($value, "=") ? $value : ""`,
		}, out: outs{"success": "true"}}).typed("value", ""),
		excel(mapping{from: "ExcelGetRangeNode", to: "sheet.read_range", in: params{"sheet": "string($sheet)", "range": "$range", "trim": false}, out: outs{"data": "$.cells", "rows": "$.rows", "columns": "$.columns", "success": "true"}}),
		mapping{from: "ExcelCloseNode", to: "flow.comment", in: params{"text": "Every node saves the workbook that it changes."}, out: outs{"success": "true"}, note: note, prepare: closing},

		mapping{from: "WordOpenNode", to: "doc.info", in: params{"file": "$file_path"}, out: outs{"document": "$file_path", "app": "nil", "success": "true"}, note: note, prepare: openDocument},
		word(mapping{from: "WordGetTextNode", to: "doc.read_text", in: params{}, out: outs{"text": "$.text", "word_count": "$.word_count", "success": "true"}}),
		word(mapping{from: "WordReplaceTextNode", to: "doc.replace_text", in: params{"find": "$find_text", "replace": "$replace_text", "match_case": "$match_case", "first_only": "not $replace_all"}, out: outs{"replacements": "$.count", "success": "true"}}.aka("find_text", "find", "replace_text", "replace")),
		mapping{from: "WordCloseNode", to: "flow.comment", in: params{"text": "Every node saves the document that it changes."}, out: outs{"success": "true"}, note: note, prepare: closing},

		mapping{from: "OCRExtractTextNode", to: "ocr.read_text", in: params{"file": "$image_path", "language": "$language"}, out: outs{"text": "$.text", "engine_used": "$.engine", "success": "true"}, note: "reads with Tesseract, whatever engine was chosen", prepare: func(c *converter, s *step, m *mapping) {
			if r := c.arg(s, m, "region"); r.isSet && r.plain() != "" && r.plain() != nil {
				m.in["region"] = "$region"
			}
			if i := c.arg(s, m, "image"); i.isSet && i.plain() != nil && i.plain() != "" {
				m.in["file"] = "$image"
			}
		}}.typed("region", "dict"),
	)
}
