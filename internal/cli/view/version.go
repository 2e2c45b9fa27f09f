package view

// Version is what a build is.
type Version struct {
	Version  string
	Go       string
	Platform string
}

// Version prints it on a line.
func (p *Printer) Version(v Version) {
	p.Line("tieline %s (%s, %s)", v.Version, v.Go, v.Platform)
}

type versionJSON struct {
	FormatVersion string `json:"format_version"`
	Version       string `json:"version"`
	Go            string `json:"go"`
	Platform      string `json:"platform"`
}

// VersionJSON gives it for programs.
func VersionJSON(v Version) any {
	return versionJSON{FormatVersion, v.Version, v.Go, v.Platform}
}
