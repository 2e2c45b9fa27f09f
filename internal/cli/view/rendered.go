package view

import "fmt"

// Rendered is what a render wrote.
type Rendered struct {
	Folder      string
	Files       []File
	LockPath    string
	LockWritten bool
	Warnings    int
}

// File is a written file.
type File struct {
	Path  string `json:"path"`
	Bytes int    `json:"bytes"`
}

// Rendered prints where the files are.
func (p *Printer) Rendered(r Rendered) {
	total := 0
	for _, f := range r.Files {
		total += f.Bytes
	}
	p.Line("%s %s in %s (%s)", p.green("wrote"), Count(len(r.Files), "file"), p.bold(r.Folder), bytesText(total))
	if r.LockWritten {
		p.Line("%s %s", p.green("wrote"), r.LockPath)
	}
	if r.Warnings > 0 {
		p.Line("%s: tieline plan shows them", p.yellow(Count(r.Warnings, "warning")))
	}
}

func bytesText(n int) string {
	switch {
	case n < 1e3:
		return Count(n, "byte")
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}

type renderedJSON struct {
	FormatVersion string `json:"format_version"`
	Folder        string `json:"folder"`
	Files         []File `json:"files"`
	Lock          string `json:"lock"`
	LockWritten   bool   `json:"lock_written"`
	Warnings      int    `json:"warnings"`
}

// RenderedJSON gives the same for programs.
func RenderedJSON(r Rendered) any {
	return renderedJSON{FormatVersion, r.Folder, r.Files, r.LockPath, r.LockWritten, r.Warnings}
}
