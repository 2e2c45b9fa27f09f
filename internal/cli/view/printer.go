// Package view is what tieline's commands print: tables and paragraphs for
// people, JSON for programs. It takes what the stages made and a writer; it
// computes nothing but sums and orders, and reads nothing.
package view

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"

	"github.com/tieline/tieline/internal/diag"
)

// FormatVersion is the version of every JSON output. The number after the dot
// rises when keys are added, the one before it when keys change or go.
const FormatVersion = "1.0"

// plainWidth is the width of what is not a terminal.
const plainWidth = 120

// Printer writes to a terminal, in colour and as wide as it is, or to
// anything else, plain.
type Printer struct {
	w     io.Writer
	err   error
	width int
	// whole: no column is left out and no cell cut to fit the width, since
	// what reads it may look for any. Text is wrapped all the same.
	whole bool
	color bool
}

// NewPrinter returns a printer to w. There is colour on a terminal unless
// NO_COLOR is set (no-color.org) or TERM is dumb.
func NewPrinter(w io.Writer, getenv func(string) string) *Printer {
	p := &Printer{w: w, width: plainWidth, whole: true}
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(f.Fd()) {
		return p
	}
	p.whole = false
	if width, _, err := term.GetSize(f.Fd()); err == nil && width > 0 {
		p.width = max(width, 40)
	}
	p.color = getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
	return p
}

// IsTerminal reports whether it writes to a terminal.
func (p *Printer) IsTerminal() bool { return !p.whole }

// Clear empties the screen of a terminal.
func (p *Printer) Clear() {
	if p.IsTerminal() {
		fmt.Fprint(p, "\x1b[H\x1b[2J\x1b[3J")
	}
}

// Err returns the first failure to write.
func (p *Printer) Err() error { return p.err }

// Write passes text on as it is, and remembers the first failure.
func (p *Printer) Write(b []byte) (int, error) {
	if p.err != nil {
		return 0, p.err
	}
	n, err := p.w.Write(b)
	if err != nil {
		p.err = fmt.Errorf("writing output: %w", err)
	}
	return n, p.err
}

// Line prints one line.
func (p *Printer) Line(format string, args ...any) {
	fmt.Fprintf(p, format+"\n", args...)
}

// Blank prints an empty line.
func (p *Printer) Blank() { p.Line("") }

// Title prints the heading of a section, with a remark beside or below it.
func (p *Printer) Title(title, remark string) {
	if remark == "" {
		p.Line("%s", p.bold(title))
		return
	}
	if ansi.StringWidth(title)+len(gap)+ansi.StringWidth(remark) > p.width {
		p.Line("%s", p.bold(title))
		p.Wrapped("  ", "  ", p.dim(remark))
		return
	}
	p.Line("%s%s%s", p.bold(title), gap, p.dim(remark))
}

// Wrapped prints text over as many lines as it takes, the first after indent,
// the others after next.
func (p *Printer) Wrapped(indent, next, text string) {
	line, empty := indent, true
	for word := range strings.FieldsSeq(text) {
		if !empty && ansi.StringWidth(line)+1+ansi.StringWidth(word) > p.width {
			p.Line("%s", line)
			line, empty = next, true
		}
		if !empty {
			line += " "
		}
		line += word
		empty = false
	}
	p.Line("%s", line)
}

// JSON prints v as indented JSON.
func (p *Printer) JSON(v any) error {
	b := bufio.NewWriter(p)
	e := json.NewEncoder(b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return err
	}
	return b.Flush()
}

// Problem prints an error that has no place in a file.
func (p *Printer) Problem(text, hint string) {
	p.Line("tieline: %s %s", p.red("error:"), text)
	if hint != "" {
		p.Line("  %s %s", p.dim("hint:"), hint)
	}
}

// Diagnostics prints diagnostics one after the other and how many there are.
func (p *Printer) Diagnostics(list diag.List) {
	for _, d := range list.Sorted() {
		text := d.String()
		if p.color {
			word := d.Severity.String() + ":"
			text = strings.Replace(text, word, p.severity(d.Severity, word), 1)
			if at := d.Pos.String(); d.Pos.IsValid() {
				text = p.bold(at) + strings.TrimPrefix(text, at)
			}
			text = strings.ReplaceAll(text, "\n  hint:", "\n  "+p.dim("hint:"))
			text = strings.ReplaceAll(text, "\n  source:", "\n  "+p.dim("source:"))
		}
		p.Line("%s", text)
	}
	p.Line("%s", Tally(list))
}

// Tally counts diagnostics: "2 errors, 1 warning".
func Tally(list diag.List) string {
	var parts []string
	for _, s := range []diag.Severity{diag.Error, diag.Warning, diag.Note} {
		if n := list.Count(s); n > 0 {
			parts = append(parts, Count(n, s.String()))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}

// Count gives "1 link" or "3 links".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	switch {
	case strings.HasSuffix(noun, "y") && !strings.HasSuffix(noun, "ay") && !strings.HasSuffix(noun, "ey"):
		noun = strings.TrimSuffix(noun, "y") + "ies"
	default:
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// Writer returns what the printer writes to.
func (p *Printer) Writer() io.Writer { return p.w }
