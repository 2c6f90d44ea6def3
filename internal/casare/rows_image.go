package casare

import (
	"path"
	"strings"
)

func init() {
	convert := mapping{from: "ImageConvertNode", to: "image.convert", in: params{
		"file": "$source_path", "quality": "$quality", "scale": `float(trim_end(string($scale_percent), "%"))`, "format": `{"PNG": "png", "JPEG": "jpeg", "JPG": "jpeg", "BMP": "bmp", "GIF": "gif", "WEBP": "webp"}[upper($output_format)] ?? lower($output_format)`,
	}, out: outs{"output_path": "$.file", "files": "[$.file]", "file_count": "1", "format": "upper($.format)"}, prepare: imageConvert}
	zip := mapping{from: "ZipFilesNode", to: "file.zip", in: params{"to": "$zip_path", "level": `$compression == "ZIP_STORED" ? 0 : 6`}, out: outs{"zip_path": "$.path", "attachment_file": "[$.path]", "file_count": "$.files"}, prepare: zipRow}.typed("files", "list")
	unzip := mapping{from: "UnzipFilesNode", to: "file.unzip", in: params{"path": "$zip_path", "to": "$extract_to"}, out: outs{"extract_to": "$.folder", "files": "$.names", "file_count": "$.files"}}
	register(
		convert, convert.as("StructuredDataSuperNode/Image Convert"), zip, zip.as("StructuredDataSuperNode/Zip Files"), unzip, unzip.as("StructuredDataSuperNode/Unzip Files"),
		mapping{from: "CompareImagesNode", to: "image.compare", in: params{"file": "$image1_path", "other": "$image2_path", "method": "$method", "threshold": "$threshold"}, out: outs{"similarity": "$.similarity", "is_match": "$.match", "method": "$method"}}.aka("image1_path", "image1 image_1", "image2_path", "image2 image_2"),
		mapping{from: "QRCodeNode", to: "image.make_code", in: params{"text": "$data", "to": "$output_path", "size": "$size"}, out: outs{"result": "$.file"}, prepare: func(c *converter, s *step, m *mapping) {
			if textOf(s, "action", "generate") == "read" {
				m.to, m.in, m.out = "image.read_codes", params{"file": "$image_path"}, outs{"result": "$.text", "success": "$.found"}
			}
		}},

		compute("FuzzyStringMatchNode", params{"scores": "=map($candidates, similarity(lower(string($search_string)), lower(string(#))))"}).typed("candidates", "list").with(func(m *mapping) {
			best := "index_of($.map.scores, max($.map.scores) ?? 0)"
			m.out = outs{
				"all_scores": "$.map.scores", "match_score": "max($.map.scores) ?? 0", "is_match": "(max($.map.scores) ?? 0) >= $threshold",
				"match_index": "(max($.map.scores) ?? 0) >= $threshold ? " + best + " : -1", "matched_string": "(max($.map.scores) ?? 0) >= $threshold ? $candidates[" + best + `] : ""`,
			}
		}),
		compute("FilterBySimilarityNode", params{"list": "=filter($input_list, similarity(lower(string($filter_string)), lower(string(#))) >= $threshold)"}).typed("input_list", "list").with(func(m *mapping) {
			m.out = outs{"filtered_list": "$.map.list", "count": "len($.map.list)", "scores": "map($.map.list, similarity(lower(string($filter_string)), lower(string(#))))"}
		}),
		mapping{from: "DataCompareNode", to: "map.create", prepare: dataCompare}.typed("data_a", "list", "data_b", "list"),
		compute("ValidateExtractionNode", params{"errors": "=[]"}).typed("extraction", "dict", "required_fields", "list", "validation_rules", "dict").with(func(m *mapping) {
			field := `(type(get($extraction, #)) == "map" and has_key(get($extraction, #), "value") ? get($extraction, # + ".value") : get($extraction, #))`
			m.in = params{"entries": params{
				"errors": `=map(filter($required_fields ?? [], is_empty(` + field + `)), "Missing required field: " + #)`,
				"status": `=from_entries(map($required_fields ?? [], ({key: #, value: is_empty(` + field + `) ? "missing" : "ok"})))`,
				"score":  `=get($extraction, "confidence") ?? get($extraction, "confidence_score") ?? 1`,
			}}
			m.out = outs{
				"is_valid": "len($.map.errors) == 0 and $.map.score >= $confidence_threshold", "needs_review": "len($.map.errors) > 0 or $.map.score < $confidence_threshold",
				"confidence_score": "$.map.score", "validation_errors": "$.map.errors", "field_status": "$.map.status",
			}
			m.prepare = func(c *converter, s *step, _ *mapping) {
				if r := c.arg(s, &mapping{}, "validation_rules"); r.isSet && !(r.dict != nil && len(r.dict) == 0) {
					c.report.attention(s, "its validation_rules are not translated", "check the fields with table.validate or json.validate")
				}
			}
		}),
		mapping{from: "ListTemplatesNode", to: "file.list", in: params{"folder": "prompts", "recursive": true, "pattern": []any{"*.json", "*.md", "*.txt"}}, out: outs{"templates": `map($.items, ({id: .stem, name: .stem, path: .path}))`, "count": "$.count"}, note: "prompt templates are the files of the folder prompts"},
		mapping{from: "GetTemplateInfoNode", to: "file.read_json", in: params{"path": `="prompts/" + string($template_id) + ".json"`}, out: outs{
			"template_info": "$.value", "variables": `get($.value, "variables") ?? []`, "system_prompt": `get($.value, "system_prompt") ?? ""`, "found": "true",
		}, note: "a prompt template is the file prompts/ID.json"},
	)
}

func imageConvert(c *converter, s *step, m *mapping) {
	ext := map[string]string{"PNG": ".png", "JPEG": ".jpg", "JPG": ".jpg", "BMP": ".bmp", "GIF": ".gif", "WEBP": ".webp"}[strings.ToUpper(textOf(s, "output_format", "JPEG"))]
	if ext == "" {
		ext = ".jpg"
	}
	if ext == ".webp" {
		c.report.attention(s, "it writes WebP, which Aether only reads", "choose another format")
		m.in["format"], ext = "png", ".png"
	}
	switch out := c.arg(s, m, "output_path"); {
	case !out.isSet || out.isLit() && out.plain() == "":
		if src, ok := c.arg(s, m, "source_path").plain().(string); ok {
			m.in["to"] = val{lit: strings.TrimSuffix(src, path.Ext(src)) + ext, isSet: true}
		} else {
			m.in["to"] = `=regex_replace(string($source_path), "\\.[^./]*$$", "") + ` + quote(ext)
		}
	default:
		m.in["to"] = "$output_path"
	}
	if c.arg(s, m, "recursive").plain() == true {
		c.report.attention(s, "it converts all pictures of a folder", "loop over file.list with flow.for_each")
	}
}

func zipRow(c *converter, s *step, m *mapping) {
	if f := c.arg(s, m, "files"); f.isSet && !(f.list != nil && len(f.list) == 0) {
		m.in["paths"] = f
		return
	}
	src, _ := c.arg(s, m, "source_path").plain().(string)
	if strings.ContainsAny(src, "*?[") {
		m.in["paths"], m.in["pattern"], m.in["flat"] = []any{val{lit: path.Dir(src), isSet: true}}, []any{val{lit: path.Base(src), isSet: true}}, true
		return
	}
	m.in["paths"], m.in["flat"] = []any{"$source_path"}, true
}

// dataCompare compares two lists of records by their key columns.
func dataCompare(c *converter, s *step, m *mapping) {
	var keys []string
	switch v := c.arg(s, m, "key_columns"); {
	case v.list != nil:
		for _, e := range v.list {
			k, _ := e.plain().(string)
			keys = append(keys, k)
		}
	default:
		t, _ := v.plain().(string)
		for _, k := range strings.Split(t, ",") {
			if k = strings.TrimSpace(k); k != "" {
				keys = append(keys, k)
			}
		}
	}
	fold := func(x string) string {
		if c.arg(s, m, "case_sensitive").plain() == false {
			return "lower(string(" + x + "))"
		}
		return "string(" + x + ")"
	}
	id := fold(`to_json(#)`)
	if keys != nil {
		parts := make([]string, len(keys))
		for i, k := range keys {
			parts[i] = fold("get(#, " + quote(k) + ")")
		}
		id = "to_json([" + strings.Join(parts, ", ") + "])"
	}
	ids := func(list string) string { return "map(" + list + ", " + id + ")" }
	m.in = params{"entries": params{
		"only_in_a": "=let other = " + ids("$data_b") + "; filter($data_a, not contains(other, " + id + "))",
		"only_in_b": "=let other = " + ids("$data_a") + "; filter($data_b, not contains(other, " + id + "))",
		"matched":   "=let other = " + ids("$data_b") + "; filter($data_a, contains(other, " + id + "))",
	}}
	m.out = outs{
		"only_in_a": "$.map.only_in_a", "only_in_b": "$.map.only_in_b", "matched": "$.map.matched", "has_differences": "len($.map.only_in_a) + len($.map.only_in_b) > 0",
		"diff_summary": `{"only_in_a": len($.map.only_in_a), "only_in_b": len($.map.only_in_b), "matched": len($.map.matched)}`,
	}
}
