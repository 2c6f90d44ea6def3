// Package all links every node family into the program.
package all

import (
	_ "time/tzdata" // time zones where the system has none

	_ "github.com/aether-rpa/aether/nodes/archive"
	_ "github.com/aether-rpa/aether/nodes/crypto"
	_ "github.com/aether-rpa/aether/nodes/csv"
	_ "github.com/aether-rpa/aether/nodes/date"
	_ "github.com/aether-rpa/aether/nodes/db"
	_ "github.com/aether-rpa/aether/nodes/dialog"
	_ "github.com/aether-rpa/aether/nodes/doc"
	_ "github.com/aether-rpa/aether/nodes/file"
	_ "github.com/aether-rpa/aether/nodes/flowctl"
	_ "github.com/aether-rpa/aether/nodes/ftp"
	_ "github.com/aether-rpa/aether/nodes/hash"
	_ "github.com/aether-rpa/aether/nodes/html"
	_ "github.com/aether-rpa/aether/nodes/http"
	_ "github.com/aether-rpa/aether/nodes/image"
	_ "github.com/aether-rpa/aether/nodes/json"
	_ "github.com/aether-rpa/aether/nodes/list"
	_ "github.com/aether-rpa/aether/nodes/mail"
	_ "github.com/aether-rpa/aether/nodes/map"
	_ "github.com/aether-rpa/aether/nodes/math"
	_ "github.com/aether-rpa/aether/nodes/ocr"
	_ "github.com/aether-rpa/aether/nodes/pdf"
	_ "github.com/aether-rpa/aether/nodes/random"
	_ "github.com/aether-rpa/aether/nodes/script"
	_ "github.com/aether-rpa/aether/nodes/sftp"
	_ "github.com/aether-rpa/aether/nodes/sheet"
	_ "github.com/aether-rpa/aether/nodes/ssh"
	_ "github.com/aether-rpa/aether/nodes/sys"
	_ "github.com/aether-rpa/aether/nodes/table"
	_ "github.com/aether-rpa/aether/nodes/text"
	_ "github.com/aether-rpa/aether/nodes/variable"
	_ "github.com/aether-rpa/aether/nodes/xml"
	_ "github.com/aether-rpa/aether/nodes/yaml"
)
