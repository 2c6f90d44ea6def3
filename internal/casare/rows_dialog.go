package casare

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// level is the importance of a notice by its icon.
func level(port string) string {
	return `{"info": "info", "warning": "warning", "error": "error", "success": "success", "none": "info"}[$` + port + `] ?? "info"`
}

// waits is said of dialogs that have no answer of their own.
const waits = "when nobody attends the run it waits for an answer (aether runs resume --answer)"

func init() {
	notify := func(from, show string) mapping {
		return mapping{from: from, to: "dialog.notify", in: params{"title": "$title", "message": "$message", "show": show}, out: outs{"click_action": `""`, "action_clicked": "false"}}
	}
	icons := `{"information": "info", "info": "info", "warning": "warning", "error": "error", "question": "question", "none": "info", "success": "success"}`
	register(
		mapping{from: "MessageBoxNode", to: "dialog.message", in: params{"title": "$title", "message": "$message", "details": "$detailed_text", "style": icons + "[$icon_type] ?? \"info\""},
			out: outs{"result": "$.button", "accepted": `$.button in ["ok", "yes"]`}, prepare: messageBox},
		mapping{from: "ConfirmDialogNode", to: "dialog.confirm", in: params{"title": "$title", "message": "$message", "style": icons + "[$icon_type] ?? \"question\"", "yes_label": "$button_yes_text", "no_label": "$button_no_text"},
			out: outs{"confirmed": "$.confirmed", "button_clicked": "$.button"}, note: waits},
		mapping{from: "InputDialogNode", to: "dialog.input", in: params{"title": "$title", "label": "$prompt", "default": "$default_value"}, out: outs{"value": `$.value ?? ""`, "confirmed": "not $.cancelled"}, prepare: inputDialog}.aka("prompt", "label message"),
		mapping{from: "MultilineInputDialogNode", to: "dialog.input", in: params{"type": "multiline", "title": "$title", "default": "$default_text", "placeholder": "$placeholder"},
			out: outs{"text": `$.value ?? ""`, "confirmed": "not $.cancelled", "char_count": `len($.value ?? "")`}, prepare: func(c *converter, s *step, m *mapping) {
				if n := c.arg(s, m, "max_chars"); n.isLit() && n.plain() != 0 {
					m.in["max"] = "$max_chars"
				}
			}},
		mapping{from: "CredentialDialogNode", to: "dialog.credential", in: params{"title": "$title", "username_label": `trim_end($username_label, ": ")`, "password_label": `trim_end($password_label, ": ")`, "ask_remember": "$show_remember"}, //nolint:gosec // names of fields, no credentials
			out: outs{"username": "$.username", "remember": "$.remember", "confirmed": "$.confirmed"}, prepare: func(c *converter, s *step, m *mapping) { m.in["name"] = c.id(s) },
			note: "the password is kept as the secret of the node's id, never as a value: write {secret: ID} where it is used"},
		notify("TooltipNode", "=string($duration) + \"ms\"").with(func(m *mapping) { m.in["level"] = level("tooltip_icon") }), notify("SystemNotificationNode", "$duration").with(func(m *mapping) { m.in["priority"], m.in["level"] = "$priority", level("icon_type") }),
		notify("SnackbarNode", "=string($duration) + \"ms\""), notify("BalloonTipNode", "=string($duration) + \"ms\"").with(func(m *mapping) { m.in["level"] = level("icon_type") }), notify("SplashScreenNode", "=string($duration) + \"ms\""),
		mapping{from: "ProgressDialogNode", to: "dialog.progress", in: params{"title": "$title", "message": "$message", "value": "$value", "indeterminate": "$indeterminate or not $show_percent"}, out: outs{"canceled": "false"}}.typed("value", "float"),
		mapping{from: "FilePickerDialogNode", to: "dialog.file", in: params{"title": "$title", "multiple": "$multi_select", "folder": "$start_directory", "required": false}, out: outs{"file_path": "$multi_select ? $.paths : $.path", "selected": "$.selected"}, note: waits, prepare: func(c *converter, s *step, m *mapping) {
			var ext []any
			filter, _ := s.config["filter"].(string)
			for _, part := range strings.FieldsFunc(filter, func(r rune) bool { return strings.ContainsRune("();, |", r) }) {
				if e, ok := strings.CutPrefix(part, "*."); ok && e != "*" && ident.MatchString(e) {
					ext = append(ext, e)
				}
			}
			if ext != nil {
				m.in["extensions"] = ext
			}
		}},
		mapping{from: "FolderPickerDialogNode", to: "dialog.folder", in: params{"title": "$title", "folder": "$start_directory", "required": false}, out: outs{"folder_path": `$.path ?? ""`, "selected": "$.selected"}, note: waits},
		mapping{from: "ColorPickerDialogNode", to: "dialog.color", in: params{"title": "$title", "default": "$initial_color", "alpha": "$show_alpha"}, out: outs{"color": "$.color", "selected": "$.selected", "rgb": "$.rgb"}},
		mapping{from: "DateTimePickerDialogNode", to: "dialog.date", in: params{"title": "$title", "mode": "$mode", "min": `$min_date == "" ? nil : $min_date`, "max": `$max_date == "" ? nil : $max_date`, "required": false}, out: outs{"value": "$.text", "timestamp": "$.timestamp", "selected": "$.selected"}, note: waits, prepare: func(c *converter, s *step, m *mapping) {
			f := c.arg(s, m, "format")
			if t, ok := f.plain().(string); ok && f.isLit() {
				if _, given := s.config["format"]; !given { // the usual pattern is that of a date with a time
					t = map[string]string{"date": "yyyy-MM-dd", "time": "HH:mm:ss"}[textOf(s, "mode", "datetime")]
					if t == "" {
						t = "yyyy-MM-dd HH:mm:ss"
					}
				}
				m.in["format"] = val{lit: qtFormat(t), isSet: true}
				return
			}
			m.in["format"] = `replace(replace($format, "yyyy", "YYYY"), "dd", "DD")`
		}},
		mapping{from: "ListPickerDialogNode", to: "dialog.choose", in: params{"title": "$title", "multiple": "$multi_select", "required": false}, out: outs{"selected": "$multi_select ? $.values : $.value", "confirmed": "not $.cancelled"}, prepare: listPicker},
		mapping{from: "FormDialogNode", to: "dialog.form", in: params{"title": "$title"}, out: outs{"data": "$.values", "confirmed": "$.confirmed"}, prepare: formDialog("fields")},
		mapping{from: "WizardDialogNode", to: "dialog.form", in: params{"title": "$title"}, out: outs{"data": "$.values", "completed": "$.confirmed", "canceled": "$.cancelled", "last_step": "0"}, prepare: formDialog("steps")},
		mapping{from: "ImagePreviewDialogNode", to: "dialog.preview", in: params{"title": "$title", "file": "$image_path"}, out: outs{"confirmed": "$.confirmed", "canceled": "$.cancelled"}},
		mapping{from: "PDFPreviewDialogNode", to: "dialog.preview", in: params{"file": "$pdf_path", "page": "$initial_page"}, out: outs{"confirmed": "$.confirmed", "current_page": "$initial_page", "page_count": "$!info.page_count"}, post: []extra{{"info", "pdf.info", params{"file": "$pdf_path"}}}},
		mapping{from: "TableDialogNode", to: "dialog.table", in: params{"title": "$title", "rows": "$data", "pick": `$selectable ? "one" : "none"`, "required": false}, out: outs{"selected_row": "$.row", "selected_index": "$.index", "confirmed": "$.confirmed"}, prepare: func(c *converter, s *step, m *mapping) {
			if c.arg(s, m, "selectable").plain() == true {
				m.note = waits
			}
			if cols := textOf(s, "columns", ""); cols != "" {
				var list []any
				for _, n := range strings.Split(cols, ",") {
					list = append(list, strings.TrimSpace(n))
				}
				m.in["columns"] = list
			}
		}}.typed("data", "list"),
		mapping{from: "ScreenRegionPickerNode", to: "dialog.form", in: params{"title": "$title", "fields": []any{regionField("x"), regionField("y"), regionField("width"), regionField("height")}},
			out:  outs{"x": "$.values.x", "y": "$.values.y", "width": "$.values.width", "height": "$.values.height", "confirmed": "$.confirmed"},
			note: "the rectangle is typed in, not dragged"},
	)
}

// qtToken finds the parts of a date pattern of Qt.
var qtToken = regexp.MustCompile(`'[^']*'|yyyy|yy|d+|h+|H+|z+|AP|A|ap|a`)

// qtFormat turns a date pattern of Qt into one of Aether. An hour is one of 24
// unless the pattern has AM and PM.
func qtFormat(p string) string {
	half := false
	for _, t := range qtToken.FindAllString(p, -1) {
		half = half || strings.EqualFold(t, "ap") || strings.EqualFold(t, "a")
	}
	return qtToken.ReplaceAllStringFunc(p, func(t string) string {
		switch {
		case t[0] == '\'' && len(t) > 2:
			return "[" + t[1:len(t)-1] + "]"
		case t[0] == 'y', t == "d", t == "dd":
			return strings.ToUpper(t)
		case t[0] == 'h' && !half:
			return strings.ToUpper(t)
		case t[0] == 'z':
			return "SSS"
		case t[0] == 'A', t[0] == 'a':
			return t[:1]
		}
		return t
	})
}

func regionField(name string) params {
	return params{"name": name, "type": "integer", "default": 0}
}

func messageBox(c *converter, s *step, m *mapping) {
	buttons := map[string][]any{"ok": {"ok"}, "ok_cancel": {"ok", "cancel"}, "yes_no": {"yes", "no"}, "yes_no_cancel": {"yes", "no", "cancel"}}[strings.ToLower(textOf(s, "buttons", "ok"))]
	if buttons == nil {
		buttons = []any{"ok"}
	}
	m.in["buttons"] = buttons
	if d := strings.ToLower(textOf(s, "default_button", "")); d != "" {
		for _, b := range buttons {
			if b == d {
				m.in["default_button"] = d
			}
		}
	}
	if n, ok := c.arg(s, m, "auto_close_timeout").plain().(int); ok && n > 0 {
		m.in["wait"] = n
	}
	if d := c.arg(s, m, "detailed_text"); d.isLit() && d.plain() == "" {
		delete(m.in, "details")
	}
	if msg := c.arg(s, m, "message"); msg.isLit() && (msg.plain() == nil || msg.plain() == "") {
		m.in["message"] = "$title"
	}
}

func inputDialog(c *converter, s *step, m *mapping) {
	if c.arg(s, m, "password_mode").plain() == true {
		m.to, m.in = "dialog.credential", params{"name": c.id(s), "ask_username": false, "title": "$title", "password_label": `trim_end($prompt, ": ")`} //nolint:gosec // names of fields, no credentials
		m.out = outs{"value": `""`, "confirmed": "$.confirmed"}
		c.report.attention(s, "what is typed in is hidden, so it is kept as a secret and never as a value", "write {secret: "+c.id(s)+"} where it is used")
	}
}

func listPicker(c *converter, s *step, m *mapping) {
	v := c.arg(s, m, "items")
	if t, ok := v.plain().(string); ok && v.isLit() {
		l, _ := convert(t, "list")
		if l == nil {
			l = []any{}
		}
		v = literal(l)
	} else if !v.isLit() && v.kindOf() != "list" {
		v = code(`type(`+v.operand()+`) == "list" ? `+v.operand()+` : map(split(`+v.expr()+`, ","), trim(#))`, "list")
	}
	m.in["choices"] = v
	if d := textOf(s, "default_selection", ""); d != "" {
		m.in["default"] = "$default_selection"
		if c.arg(s, m, "multi_select").plain() == true && !reference.MatchString(d) {
			l, _ := convert(d, "list")
			m.in["default"] = l
		}
	} else {
		m.note = waits
	}
}

// fieldTypes are the types of form fields by those of CasareRPA.
var fieldTypes = map[string]string{"text": "text", "string": "text", "textarea": "multiline", "multiline": "multiline", "number": "number", "int": "integer", "integer": "integer", "float": "number", "checkbox": "bool", "bool": "bool", "boolean": "bool", "select": "choice", "dropdown": "choice", "combo": "choice", "choice": "choice", "radio": "choice", "date": "date", "time": "time", "datetime": "datetime", "file": "file", "password": "secret", "email": "text"}

func formDialog(key string) func(c *converter, s *step, m *mapping) {
	return func(c *converter, s *step, m *mapping) {
		m.types = map[string]string{key: "list"}
		v := c.arg(s, m, key)
		list, ok := v.plain().([]any)
		if !ok || !v.isLit() {
			if v.isSet {
				m.in["fields"] = v
				c.report.attention(s, "its fields are computed when it runs", "they must have the form that dialog.form takes")
			}
			return
		}
		if key == "steps" {
			var pages []any
			m.note = waits
			m.out["last_step"] = fmt.Sprintf("$.confirmed ? %d : 0", max(0, len(list)-1))
			for i, p := range list {
				o, _ := p.(map[string]any)
				fields, _ := o["fields"].([]any)
				title, _ := o["title"].(string)
				for _, k := range []string{"name", "label", "id"} {
					if t, ok := o[k].(string); ok && title == "" {
						title = t
					}
				}
				built := formFields(fields, i)
				if answered(built) {
					m.note = ""
				}
				pages = append(pages, map[string]any{"title": title, "fields": built})
			}
			m.in["pages"] = raw{pages}
			return
		}
		built := formFields(list, 0)
		if !answered(built) {
			m.note = waits
		}
		m.in["fields"] = raw{built}
	}
}

// answered reports whether a form has a default: one of its fields has.
func answered(fields []any) bool {
	return slices.ContainsFunc(fields, func(f any) bool {
		m, ok := f.(map[string]any)
		return ok && m["default"] != nil
	})
}

func formFields(list []any, page int) []any {
	out := []any{}
	for i, e := range list {
		o, ok := e.(map[string]any)
		if !ok {
			o = map[string]any{"name": e}
		}
		get := func(names ...string) any {
			for _, n := range names {
				if o[n] != nil {
					return o[n]
				}
			}
			return nil
		}
		name, _ := get("name", "id", "key", "label").(string)
		if name = strings.Trim(notID.ReplaceAllString(name, "_"), "_"); name == "" {
			name = "field_" + literal(page*100+i+1).expr()
		}
		f := map[string]any{"name": name}
		if l, ok := get("label", "title").(string); ok {
			f["label"] = escape(l)
		}
		t, _ := get("type").(string)
		f["type"] = fieldTypes[strings.ToLower(t)]
		if f["type"] == "" || f["type"] == nil {
			f["type"] = "text"
		}
		if r, ok := get("required").(bool); ok && r {
			f["required"] = true
		}
		if d := get("default", "default_value", "value"); d != nil {
			f["default"] = literal(d).param()
		}
		if ch, ok := get("options", "choices", "items").([]any); ok {
			f["choices"] = literal(ch).param()
		}
		if p, ok := get("placeholder").(string); ok {
			f["placeholder"] = escape(p)
		}
		out = append(out, f)
	}
	return out
}
