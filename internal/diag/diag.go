// Package diag holds positions in input files and the diagnostics that point
// at them: mistakes of the user, all reported at once, each with place,
// summary and hint. It knows nothing of networks, prints to no terminal, and
// is not for failures of the world (those are plain errors).
package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in an input file. Line and Col count from 1, Col in
// characters; the zero Pos is no place.
type Pos struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Col  int    `json:"col"`
}

// IsValid reports whether p names a place.
func (p Pos) IsValid() bool { return p.File != "" || p.Line > 0 }

// String gives file:line:col, leaving out what is not known.
func (p Pos) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Col == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
}

// Compare orders places by file, line and column.
func (p Pos) Compare(q Pos) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Col, q.Col))
}

// Severity says whether a diagnostic stops the work.
type Severity uint8

// The severities, the worst first.
const (
	Error   Severity = iota + 1 // the input cannot be used
	Warning                     // the input can be used; someone should look
	Note                        // worth knowing
)

// String gives the severity's name as printed: error, warning, note.
func (s Severity) String() string {
	switch s {
	case Error:
		return "error"
	case Warning:
		return "warning"
	case Note:
		return "note"
	}
	return "severity?"
}

// MarshalText makes a severity its name in JSON.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Code names a kind of diagnostic, stable over releases: "address-overlap".
type Code string

// Related is another place that a diagnostic is about.
type Related struct {
	Pos     Pos    `json:"pos"`
	Message string `json:"message"`
}

// Diagnostic is one mistake or finding at one place.
type Diagnostic struct {
	Pos      Pos       `json:"pos"`
	Severity Severity  `json:"severity"`
	Code     Code      `json:"code,omitempty"`
	Summary  string    `json:"summary"`          // one line, no final period
	Hint     string    `json:"hint,omitempty"`   // what to do about it
	Source   string    `json:"source,omitempty"` // the rule's source: an RFC section or a documentation page
	Related  []Related `json:"related,omitempty"`
}

// String gives the diagnostic as printed without colour:
//
//	network.yaml:14:9: error: site "gcp-oregon" has no region
//	  hint: add region, for example us-west1
func (d Diagnostic) String() string {
	var b strings.Builder
	if d.Pos.IsValid() {
		b.WriteString(d.Pos.String())
		b.WriteString(": ")
	}
	fmt.Fprintf(&b, "%s: %s", d.Severity, d.Summary)
	for _, r := range d.Related {
		b.WriteString("\n  ")
		if r.Pos.IsValid() {
			b.WriteString(r.Pos.String())
			b.WriteString(": ")
		}
		b.WriteString(r.Message)
	}
	if d.Hint != "" {
		b.WriteString("\n  hint: " + d.Hint)
	}
	if d.Source != "" {
		b.WriteString("\n  source: " + d.Source)
	}
	return b.String()
}

// List collects diagnostics. Its zero value is empty and ready for use; it is
// not safe for concurrent use.
type List []Diagnostic

// Add appends d.
func (l *List) Add(d Diagnostic) { *l = append(*l, d) }

// Errorf appends an error at pos and returns it, to be given a hint, a code
// or related places. The pointer holds until the next Add.
func (l *List) Errorf(pos Pos, format string, args ...any) *Diagnostic {
	return l.addf(Error, pos, format, args...)
}

// Warnf appends a warning at pos, like [List.Errorf].
func (l *List) Warnf(pos Pos, format string, args ...any) *Diagnostic {
	return l.addf(Warning, pos, format, args...)
}

// Notef appends a note at pos, like [List.Errorf].
func (l *List) Notef(pos Pos, format string, args ...any) *Diagnostic {
	return l.addf(Note, pos, format, args...)
}

func (l *List) addf(s Severity, pos Pos, format string, args ...any) *Diagnostic {
	*l = append(*l, Diagnostic{Pos: pos, Severity: s, Summary: fmt.Sprintf(format, args...)})
	return &(*l)[len(*l)-1]
}

// HasErrors reports whether any diagnostic is an error.
func (l List) HasErrors() bool {
	return slices.ContainsFunc(l, func(d Diagnostic) bool { return d.Severity == Error })
}

// Count returns how many diagnostics have severity s.
func (l List) Count(s Severity) int {
	n := 0
	for _, d := range l {
		if d.Severity == s {
			n++
		}
	}
	return n
}

// Sorted returns the diagnostics by place, then severity, then text, each once.
func (l List) Sorted() List {
	out := slices.Clone(l)
	slices.SortStableFunc(out, func(a, b Diagnostic) int {
		return cmp.Or(a.Pos.Compare(b.Pos), cmp.Compare(a.Severity, b.Severity), cmp.Compare(a.Summary, b.Summary))
	})
	return slices.CompactFunc(out, func(a, b Diagnostic) bool {
		return a.Pos == b.Pos && a.Severity == b.Severity && a.Summary == b.Summary
	})
}

// String gives one diagnostic after the other, each ending in a newline.
func (l List) String() string {
	var b strings.Builder
	for _, d := range l {
		b.WriteString(d.String())
		b.WriteByte('\n')
	}
	return b.String()
}
