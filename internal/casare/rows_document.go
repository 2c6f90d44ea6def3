package casare

import "strings"

// rootTag writes a name with a namespace as {uri}name.
const rootTag = `$.root_namespace == "" ? $.root_tag : "{" + $.root_namespace + "}" + last(split($.root_tag, ":"))`

func init() {
	xmlText := func(m mapping) mapping { return m.aka("xml_string", "xml xml_text text content") }
	register(
		xmlText(mapping{from: "ParseXMLNode", to: "xml.parse", in: params{"text": "$xml_string"}, out: outs{"root_tag": rootTag, "root_text": "$.root_text", "child_count": "$.child_count"}}),
		mapping{from: "ReadXMLFileNode", to: "xml.read", in: params{"file": "$file_path", "with_text": true}, out: outs{"root_tag": rootTag, "xml_string": "$.text"}}.aka("file_path", "path"),
		xmlText(mapping{from: "WriteXMLFileNode", to: "xml.write", in: params{"file": "$file_path", "text": "$xml_string", "encoding": "$encoding", "pretty": "$pretty_print", "declaration": "$xml_declaration"}, out: outs{"file_path": "$.file"}}).aka("file_path", "path"),
		xmlText(mapping{from: "XPathQueryNode", to: "xml.query", in: params{"text": "$xml_string", "xpath": "$xpath", "context": "root", "as": "element"}, out: outs{
			"results": "map($.results, ({tag: #.tag, text: #.lead, attrib: #.attributes, tail: #.tail}))", "count": "$.count", "first_text": `$.count > 0 ? $.first.lead : ""`,
		}}).aka("xpath", "query"),
		xmlText(mapping{from: "GetXMLElementNode", to: "xml.get_element", in: params{"text": "$xml_string", "index": "$index", "context": "root"}, out: outs{
			"tag": `$.tag ?? ""`, "text": `$.lead ?? ""`, "attributes": "$.attributes", "child_count": "$.child_count", "found": "$.found",
		}, prepare: func(c *converter, s *step, m *mapping) {
			m.in["xpath"] = `=".//" + $tag_name`
			if v := c.arg(s, m, "tag_name"); v.isLit() {
				if t, ok := v.plain().(string); ok {
					if !strings.HasPrefix(t, "/") && !strings.HasPrefix(t, ".") {
						t = ".//" + t
					}
					m.in["xpath"] = val{lit: t, isSet: true}
				}
			}
		}}).aka("tag_name", "path tag"),
		xmlText(mapping{from: "GetXMLAttributeNode", to: "xml.get_attribute", in: params{"text": "$xml_string", "xpath": "$xpath", "name": "$attribute_name", "context": "root"}, out: outs{"value": `$.value ?? ""`, "found": "$.found"}}).aka("attribute_name", "attribute"),
		xmlText(mapping{from: "XMLToJsonNode", to: "xml.parse", in: params{"text": "$xml_string", "attributes": `$include_attributes ? "nested" : "drop"`, "text_key": "$text_key", "namespaces": "uri"}, out: outs{"json_data": "$.value", "json_string": "to_json($.value, 2)"}}),
		mapping{from: "JsonToXMLNode", to: "xml.format", in: params{"value": "$json_data", "root": "$root_tag", "pretty": "$pretty_print", "declaration": "$pretty_print"}, out: outs{"xml_string": "$.text"}}.typed("json_data", "dict"),

		mapping{from: "ReadPDFTextNode", to: "pdf.read_text", in: params{"file": "$file_path", "layout": "$preserve_layout", "separator": "$page_separator"}, out: outs{
			"text": "$.text", "page_count": "$.page_count", "pages": `map($.pages, type(#) == "map" ? get(#, "text") : #)`, "is_encrypted": "$.encrypted",
		}, prepare: pdfRow}.aka("file_path", "path pdf_path"),
		mapping{from: "GetPDFInfoNode", to: "pdf.info", in: params{"file": "$file_path"}, out: outs{
			"page_count": "$.page_count", "title": "$.title", "author": "$.author", "subject": "$.subject", "creator": "$.creator", "producer": "$.producer", "creation_date": "$.created", "modification_date": "$.modified", "is_encrypted": "$.encrypted",
		}}.aka("file_path", "path pdf_path"),
		mapping{from: "MergePDFsNode", to: "pdf.merge", in: params{"files": "$input_files", "to": "$output_path"}, out: outs{"output_path": "$.file", "attachment_file": "[$.file]", "page_count": "$.page_count"}},
		mapping{from: "SplitPDFNode", to: "pdf.split", in: params{"file": "$input_file", "folder": "$output_dir"}, out: outs{"output_files": "$.files", "page_count": "$.page_count"}, prepare: func(c *converter, s *step, m *mapping) {
			m.in["name"] = `=trim_suffix($filename_pattern, ".pdf")`
		}},
		mapping{from: "ExtractPDFPagesNode", to: "pdf.extract_pages", in: params{"file": "$input_file", "to": "$output_path", "pages": "map($pages, string(#))"}, out: outs{"output_path": "$.file", "attachment_file": "[$.file]", "page_count": "$.page_count"}},
		mapping{from: "PDFToImagesNode", to: "pdf.to_images", in: params{"file": "$input_file", "folder": "$output_dir", "dpi": "$dpi", "format": "$format", "name": "page_{page}"}, out: outs{"output_files": "$.files", "page_count": "$.count"}, prepare: pdfRow},
	)
}

// pdfRow takes over the range of pages and the password.
func pdfRow(c *converter, s *step, m *mapping) {
	if c.arg(s, m, "extract_tables").plain() == true {
		c.report.attention(s, "it also extracts tables", "add a node pdf.read_tables")
	}
	first, last := c.arg(s, m, "start_page"), c.arg(s, m, "end_page")
	if last.isLit() && (last.plain() == nil || last.plain() == "" || last.plain() == 0) {
		last = val{}
	}
	start := first.plain()
	switch {
	case first.isLit() && (start == nil || start == 1) && !last.isSet:
	case last.isSet:
		// An end beyond the last page means the last page.
		m.pre = []extra{{"info", "pdf.info", params{"file": m.in["file"]}}}
		if p := c.arg(s, m, "password"); p.isSet && p.plain() != "" {
			m.pre[0].in["password"] = "$password"
		}
		m.in["pages"] = []any{`=string($start_page) + "-" + string(max($start_page, min($end_page, $!info.page_count)))`}
	default:
		m.in["pages"] = []any{`=string($start_page) + "-"`}
	}
	if p := c.arg(s, m, "password"); p.isSet && p.plain() != "" {
		m.in["password"] = "$password"
	}
}
