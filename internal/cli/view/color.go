package view

import "github.com/tieline/tieline/internal/diag"

// The colours are the terminal's own, by their ANSI codes, so that they fit
// light and dark backgrounds.

func (p *Printer) paint(code, s string) string {
	if !p.color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p *Printer) bold(s string) string   { return p.paint("1", s) }
func (p *Printer) dim(s string) string    { return p.paint("2", s) }
func (p *Printer) red(s string) string    { return p.paint("31", s) }
func (p *Printer) green(s string) string  { return p.paint("32", s) }
func (p *Printer) yellow(s string) string { return p.paint("33", s) }
func (p *Printer) cyan(s string) string   { return p.paint("36", s) }

func (p *Printer) severity(s diag.Severity, text string) string {
	switch s {
	case diag.Error:
		return p.red(text)
	case diag.Warning:
		return p.yellow(text)
	case diag.Note:
		return p.cyan(text)
	}
	return text
}
