package casare

// session returns the FTPConnectNode or DatabaseConnectNode whose connection a
// node uses: the one wired to it, the nearest before it, or the only one.
func (c *converter) session(s *step, typ, port string) *step {
	if known, ok := c.sessions[s]; ok {
		return known
	}
	found := c.findSession(s, typ, port)
	c.sessions[s] = found
	return found
}

func (c *converter) findSession(s *step, typ, port string) *step {
	if w, ok := c.dataIn[s.id][port]; ok {
		for from, n := c.w.byID[w.from], 0; from != nil && n < 20; n++ {
			if from.typ == typ || from.kind != nil && from.kind.Action != "" && textOf(from, "action", "") == "Connect" {
				return from
			}
			next, ok := c.dataIn[from.id][port]
			if !ok {
				break
			}
			from = c.w.byID[next.from]
		}
	}
	// Walk back along the exec wires.
	seen := map[*step]bool{s: true}
	queue := []*step{s}
	for len(queue) > 0 {
		x := queue[0]
		queue = queue[1:]
		for _, id := range c.before[x.id] {
			from := c.w.byID[id]
			if seen[from] {
				continue
			}
			if from.typ == typ || textOf(from, "action", "") == "Connect" && from.typ == "DatabaseSuperNode" && typ == "DatabaseConnectNode" {
				return from
			}
			seen[from] = true
			queue = append(queue, from)
		}
	}
	for _, x := range c.w.nodes {
		if x.typ == typ {
			return x
		}
	}
	return nil
}

func init() {
	ftp := func(m mapping) mapping {
		old := m.prepare
		m.prepare = func(c *converter, s *step, m *mapping) {
			at := s
			if s.typ != "FTPConnectNode" {
				at = c.session(s, "FTPConnectNode", "connection")
			}
			if at == nil {
				c.broken[s.id] = "no FTPConnectNode leads to it, so it is not known which server it means"
				return
			}
			con, _ := c.fill(params{
				"host": "$host", "port": "$port", "user": "$username", "password": "$password", "timeout": "$timeout", "security": `$use_tls ? "explicit" : "none"`,
			}, at, &mapping{}, c.id(at))
			if p := con.dict["password"]; p.isLit() && p.lit != nil && p.lit != "" {
				c.report.attention(s, "its password stands in the file in plain text", "store it as a secret and write {secret: NAME}")
			}
			if u := con.dict["user"]; u.isLit() && (u.lit == nil || u.lit == "") {
				delete(con.dict, "user")
			}
			m.in["connection"] = con
			if old != nil {
				old(c, s, m)
			}
		}
		if m.in == nil {
			m.in = params{}
		}
		return m.aka("remote_path", "path")
	}
	mode := `$binary_mode ? "binary" : "text"`
	register(
		ftp(mapping{from: "FTPConnectNode", to: "ftp.check_connection", out: outs{"connected": "$.connected", "server_message": "$.message"}, note: "each ftp node connects by itself with these settings"}),
		ftp(mapping{from: "FTPUploadNode", to: "ftp.upload", in: params{"from": "$local_path", "to": "$remote_path", "mode": mode, "make_folders": "$create_dirs"}, out: outs{"uploaded": "true", "bytes_sent": "$.sent"}}),
		ftp(mapping{from: "FTPDownloadNode", to: "ftp.download", in: params{"from": "$remote_path", "to": "$local_path", "mode": mode, "if_exists": replaceOrFail}, out: outs{"downloaded": "true", "bytes_received": "$.received"}}),
		ftp(mapping{from: "FTPListNode", to: "ftp.list", in: params{"path": "$remote_path"}, out: outs{"items": "$detailed ? $.items : map($.items, .name)", "count": "$.count"}}),
		ftp(mapping{from: "FTPDeleteNode", to: "ftp.delete", in: params{"path": "$remote_path", "must_exist": true}, out: outs{"deleted": "$.deleted"}}),
		ftp(mapping{from: "FTPMakeDirNode", to: "ftp.make_folder", in: params{"path": "$remote_path", "parents": "$parents"}, out: outs{"created": "$.created"}}),
		ftp(mapping{from: "FTPRemoveDirNode", to: "ftp.remove_folder", in: params{"path": "$remote_path", "must_exist": true}, out: outs{"removed": "$.removed"}}),
		ftp(mapping{from: "FTPRenameNode", to: "ftp.move", in: params{"from": "$old_path", "to": "$new_path", "make_folders": false}, out: outs{"renamed": "true"}}),
		ftp(mapping{from: "FTPGetSizeNode", to: "ftp.size", in: params{"path": "$remote_path", "must_exist": false}, out: outs{"size": "$.size", "found": "$.found"}}),
		ftp(mapping{from: "FTPDisconnectNode", to: "ftp.disconnect", out: outs{"disconnected": "true"}}),
	)
}
