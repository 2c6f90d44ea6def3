package casare

import (
	"maps"
	"path"
	"slices"
	"strings"
)

func init() {
	convert := mapping{from: "ImageConvertNode", to: "image.convert", in: params{
		"file": "$source_path", "quality": "$quality", "scale": `float(trim_end(string($scale_percent), "%"))`, "format": `{"PNG": "png", "JPEG": "jpeg", "JPG": "jpeg", "BMP": "bmp", "GIF": "gif", "WEBP": "webp"}[upper($output_format)] ?? lower($output_format)`,
	}, out: outs{"output_path": "$.file", "files": "[$.file]", "file_count": "1", "format": "upper($.format)"}, prepare: imageConvert}
	zip := mapping{from: "ZipFilesNode", to: "archive.zip", in: params{"to": "$zip_path", "level": `$compression == "ZIP_STORED" ? 0 : 6`}, out: outs{"zip_path": "$.path", "attachment_file": "[$.path]", "file_count": "$.files"}, prepare: zipRow}.typed("files", "list")
	unzip := mapping{from: "UnzipFilesNode", to: "archive.extract", in: params{"path": "$zip_path", "to": "$extract_to"}, out: outs{"extract_to": "$.folder", "files": "$.names", "file_count": "$.files"}}
	register(
		convert, convert.as("StructuredDataSuperNode/Image Convert"), zip, zip.as("StructuredDataSuperNode/Zip Files"), unzip, unzip.as("StructuredDataSuperNode/Unzip Files"),
		mapping{from: "CompareImagesNode", to: "image.compare", in: params{"file": "$image1_path", "other": "$image2_path", "method": "$method", "threshold": "$threshold"}, out: outs{"similarity": "$.similarity", "is_match": "$.match", "method": "$method"}, note: "the likeness is computed in another way, so the threshold may need another value"}.aka("image1_path", "image1 image_1", "image2_path", "image2 image_2"),
		mapping{from: "QRCodeNode", to: "image.make_code", in: params{"text": "$data", "to": "$output_path", "size": "$size"}, out: outs{"result": "$.file"}, prepare: func(c *converter, s *step, m *mapping) {
			if textOf(s, "action", "generate") == "read" {
				m.to, m.in, m.out = "image.read_codes", params{"file": "$image_path"}, outs{"result": "$.text", "success": "$.found"}
			} else if p := c.arg(s, m, "output_path"); !p.isSet || p.isLit() && p.plain() == "" {
				m.in["to"] = "qrcode.png"
				c.report.adapted(s, "no file is named, so it writes qrcode.png")
			}
		}},

		mapping{from: "FuzzyStringMatchNode", to: "list.match_similar", in: params{"list": "$candidates", "text": "$search_string", "threshold": "$threshold", "ignore_case": false, "limit": 1}, out: outs{
			"matched_string": "$.text", "match_score": "$.best_score", "match_index": "$.best_index", "is_match": "$.found", "all_scores": "from_entries(map($.scores, [#.text, #.score]))",
		}, post: []extra{{"if", "flow.if", params{"condition": "=$.found"}}}, ports: map[string]string{"match_found": "if.then", "no_match": "if.else"}, prepare: fuzzyRow}.typed("candidates", "list", "search_string", "string", "threshold", "float"),
		mapping{from: "FilterBySimilarityNode", to: "list.filter_similar", in: params{"list": "$input_list", "text": "$filter_string", "threshold": "$threshold", "ignore_case": false, "others": "keep"}, out: outs{
			"filtered_list": "$.list", "count": "$.count", "scores": "from_entries(map($.scores, [#.text, #.score]))",
		}}.typed("input_list", "list", "filter_string", "string", "threshold", "float"),
		mapping{from: "DataCompareNode", to: "table.compare", in: params{
			"left": "$data_a", "right": "$data_b", "keys": `type($key_columns) == "list" ? $key_columns : compact(map(split($key_columns, ","), trim(#)))`, "keys_only": "not $compare_all_columns", "ignore_case": "not $case_sensitive",
		}, out: outs{
			"only_in_a": "$.only_left", "only_in_b": "$.only_right", "has_differences": "not $.same",
			"matched":      "map($.pairs, ({key: #.key, row_a: #.left, row_b: #.right, is_modified: #.changed, different_columns: #.columns}))",
			"diff_summary": `{"added_count": $.only_right_count, "removed_count": $.only_left_count, "modified_count": $.changed_count, "matched_count": $.pair_count, "total_a": $.left_count, "total_b": $.right_count}`,
		}}.typed("data_a", "list", "data_b", "list", "key_columns", ""),
		mapping{from: "ValidateExtractionNode", to: "table.validate_record", in: params{"record": "$extraction", "required": "$required_fields", "min_score": "$confidence_threshold"}, out: outs{
			"is_valid": "$.valid", "needs_review": `$.needs_review or (if_error(float(get($extraction, "confidence")), nil) ?? 1) < $confidence_threshold`, "confidence_score": `if_error(float(get($extraction, "confidence")), nil) ?? $.score`, "validation_errors": "$.messages", "field_status": "$.fields",
		}, prepare: extractionRules}.typed("extraction", "dict", "required_fields", "list", "validation_rules", "dict"),
		mapping{from: "ListTemplatesNode", to: "file.list", in: params{"folder": "prompts", "recursive": true, "pattern": []any{"*.json", "*.md", "*.txt"}}, out: outs{"templates": `map($.items, ({id: .stem, name: .stem, path: .path}))`, "count": "$.count"}, pre: []extra{{"folder", "file.make_folder", params{"path": "prompts"}}}, note: "prompt templates are the files of the folder prompts"},
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
	if c.arg(s, m, "overwrite").plain() != true {
		// A file that is there must stay, as it did.
		m.pre = []extra{{"target", "file.exists", params{"path": m.in["to"]}}, {"free", "flow.assert", params{"condition": "=not $!target.exists", "message": "The picture to write is there already, and overwrite is off"}}}
	}
	if c.arg(s, m, "recursive").plain() == true {
		c.report.attention(s, "it converts all pictures of a folder", "loop over file.list with flow.for_each")
	}
}

func zipRow(c *converter, s *step, m *mapping) {
	base, _ := c.arg(s, m, "base_dir").plain().(string)
	base = path.Clean(strings.ReplaceAll(base, `\`, "/"))
	if b := c.arg(s, m, "base_dir"); b.isSet && !b.isLit() {
		base = "?"
	}
	// names notes that files would have other names in the archive.
	names := func(dirs ...string) {
		for _, d := range dirs {
			if base != "." && base != d {
				c.report.attention(s, "its base_dir says under which names files are packed, which is not possible here", "look at the names in the archive")
				return
			}
		}
	}
	if f := c.arg(s, m, "files"); f.isSet && !(f.list != nil && len(f.list) == 0) {
		m.in["paths"] = f
		for _, e := range f.list {
			t, ok := e.plain().(string)
			if dir := path.Dir(path.Clean(t)); !ok || base != "." && base != dir {
				names("?")
			}
		}
		if f.list == nil && base != "." {
			names("?")
		}
		return
	}
	src, ok := c.arg(s, m, "source_path").plain().(string)
	src = path.Clean(strings.ReplaceAll(src, `\`, "/"))
	folder, pattern := splitGlob(src)
	given, _ := s.config["base_dir"].(string)
	switch {
	case ok && pattern != "" && strings.Contains(pattern, "/"):
		m.in["paths"], m.in["pattern"], m.in["flat"] = []any{val{lit: folder, isSet: true}}, []any{val{lit: pattern, isSet: true}}, true
		names(folder)
	case ok && pattern != "": // files of the folder itself
		m.pre = []extra{{"list", "file.list", params{"folder": val{lit: folder, isSet: true}, "pattern": []any{val{lit: pattern, isSet: true}}, "hidden": true}}}
		m.in["paths"] = "=map($!list.items, .path)"
		names(folder)
	case ok && given != "" && base == path.Dir(src): // with the name of the folder
		m.in["paths"] = []any{"$source_path"}
	default:
		m.in["paths"], m.in["flat"] = []any{"$source_path"}, true
		names(src)
	}
}

// splitGlob cuts a path at its first part with wildcards.
func splitGlob(p string) (folder, pattern string) {
	parts := strings.Split(p, "/")
	i := slices.IndexFunc(parts, func(e string) bool { return strings.ContainsAny(e, "*?[") })
	if i < 0 {
		return p, ""
	}
	folder = strings.Join(parts[:i], "/")
	if folder == "" && !strings.HasPrefix(p, "/") {
		folder = "."
	}
	return folder, strings.Join(parts[i:], "/")
}

// fuzzyRow leaves the branch out where nothing is wired to it.
func fuzzyRow(c *converter, s *step, m *mapping) {
	if len(c.exec[s.id]["match_found"])+len(c.exec[s.id]["no_match"]) == 0 {
		m.post = nil
	}
}

// extractionRules turns rules by field into those of table.validate_record.
func extractionRules(c *converter, s *step, m *mapping) {
	v := c.arg(s, m, "validation_rules")
	if !v.isSet {
		return
	}
	rules, ok := v.plain().(map[string]any)
	if !v.isLit() || !ok {
		c.report.attention(s, "its rules are computed when it runs", "write them as rules of table.validate_record")
		return
	}
	list := []any{}
	for _, field := range slices.Sorted(maps.Keys(rules)) {
		old, ok := rules[field].(map[string]any)
		if !ok {
			c.report.attention(s, "its rule for "+field+" has a form that is not known", "write it as a rule of table.validate_record")
			continue
		}
		rule := map[string]any{"column": field}
		for k, x := range old {
			switch t, isText := x.(string); {
			case k == "type" && isText:
				rule["type"] = map[string]string{"string": "text", "str": "text", "integer": "int", "float": "number", "boolean": "bool"}[t]
				if rule["type"] == "" {
					rule["type"] = t
				}
			case k == "min", k == "max", k == "min_length", k == "max_length", k == "required":
				rule[k] = x
			case k == "min_value", k == "max_value":
				rule[strings.TrimSuffix(k, "_value")] = x
			case k == "enum", k == "allowed", k == "allowed_values", k == "choices", k == "in", k == "values":
				rule["in"] = x
			case (k == "pattern" || k == "regex") && isText: // Python matches at the beginning
				rule["pattern"] = "^(?:" + t + ")"
			default:
				c.report.attention(s, "its rule "+k+" for "+field+" is not known", "write it as a rule of table.validate_record")
			}
		}
		list = append(list, literal(rule).param())
	}
	if len(list) > 0 {
		m.in["rules"] = raw{list}
	}
}
