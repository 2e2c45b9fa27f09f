package view

// Written is files that a command wrote, and what to do next.
type Written struct {
	Files []File
	Next  []string
}

// Written prints where the files are.
func (p *Printer) Written(w Written) {
	for _, f := range w.Files {
		p.Line("%s %s (%s)", p.green("wrote"), f.Path, bytesText(f.Bytes))
	}
	for _, n := range w.Next {
		p.Line("%s %s", p.dim("next:"), n)
	}
}

type writtenJSON struct {
	FormatVersion string `json:"format_version"`
	Files         []File `json:"files"`
}

// WrittenJSON gives the files for programs.
func WrittenJSON(w Written) any {
	return writtenJSON{FormatVersion, list(w.Files, func(f File) File { return f })}
}
