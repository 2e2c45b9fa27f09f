package report

import (
	_ "embed"
	"html/template"
	"io"
	"strings"

	"github.com/tieline/tieline/internal/audit"
)

//go:embed report.html
var pageText string

// HTML writes a report as one page without scripts or outside resources, for
// the screen and for paper.
func HTML(w io.Writer, r audit.Report) error {
	page, err := template.New("report").Funcs(template.FuncMap{"class": class, "isLink": isLink}).Parse(pageText)
	if err != nil {
		return err
	}
	return page.Execute(w, newDocument(r))
}

// class names a state or severity as a CSS class.
func class(s interface{ String() string }) string { return strings.ReplaceAll(s.String(), " ", "-") }

// isLink reports whether a source is one address.
func isLink(s string) bool { return strings.HasPrefix(s, "https://") && !strings.ContainsAny(s, " ;") }
