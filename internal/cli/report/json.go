package report

import (
	"encoding/json"
	"io"

	"github.com/tieline/tieline/internal/audit"
)

// JSON writes a report as an object with format_version, the rules by code
// with their states, findings, witnesses and waivers, and what was not
// understood.
func JSON(w io.Writer, r audit.Report) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(newDocument(r))
}
