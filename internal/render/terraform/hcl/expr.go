package hcl

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Expr is an expression as text, of one line or several; further lines are
// indented from where the expression starts.
type Expr string

// Item is one entry of an object or map.
type Item struct {
	Key   string // quoted where it is no identifier
	Value Expr
}

// lineWidth is where lists of strings are broken into lines.
const lineWidth = 100

// Quote returns a literal string; template markers in it stand for themselves.
func Quote(s string) Expr {
	out := make([]byte, 0, len(s)+2)
	out = append(out, '"')
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c == '\n':
			out = append(out, `\n`...)
		case c == '\r':
			out = append(out, `\r`...)
		case c == '\t':
			out = append(out, `\t`...)
		case (c == '$' || c == '%') && i+1 < len(s) && s[i+1] == '{':
			out = append(out, c, c)
		default:
			out = append(out, c)
		}
	}
	return Expr(append(out, '"'))
}

// Int returns a number.
func Int(n int) Expr { return Expr(strconv.Itoa(n)) }

// Bool returns true or false.
func Bool(v bool) Expr { return Expr(strconv.FormatBool(v)) }

// List returns a list on one line.
func List(items ...Expr) Expr {
	var b strings.Builder
	b.WriteByte('[')
	for i, e := range items {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(string(e))
	}
	b.WriteByte(']')
	return Expr(b.String())
}

// Lines returns a list with a line for each item.
func Lines(items ...Expr) Expr {
	if len(items) == 0 {
		return "[]"
	}
	var b strings.Builder
	b.WriteString("[\n")
	for _, e := range items {
		b.WriteString("  ")
		b.WriteString(deeper(e))
		b.WriteString(",\n")
	}
	b.WriteByte(']')
	return Expr(b.String())
}

// Strings returns a list of literal strings, on one line where it is short.
func Strings(items ...string) Expr {
	quoted := make([]Expr, len(items))
	width := 2
	for i, s := range items {
		quoted[i] = Quote(s)
		width += len(quoted[i]) + 2
	}
	if width > lineWidth {
		return Lines(quoted...)
	}
	return List(quoted...)
}

// Object returns an object on one line.
func Object(items ...Item) Expr {
	if len(items) == 0 {
		return "{}"
	}
	var b strings.Builder
	b.WriteString("{ ")
	for i, it := range items {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(Key(it.Key))
		b.WriteString(" = ")
		b.WriteString(string(it.Value))
	}
	b.WriteString(" }")
	return Expr(b.String())
}

// Map returns an object with a line for each entry.
func Map(items ...Item) Expr {
	if len(items) == 0 {
		return "{}"
	}
	body := Body{depth: 1}
	for _, it := range items {
		body.Attr(Key(it.Key), it.Value)
	}
	body.flush()
	return Expr("{\n" + string(body.buf) + "}")
}

// Heredoc returns a text of several lines, as the value of an argument or of a
// [Map]'s entry (no list can hold one); its indentation is Terraform's to strip.
func Heredoc(text string) Expr {
	text = strings.TrimRight(text, "\n")
	return Expr("<<-EOT\n  " + strings.ReplaceAll(text, "\n", "\n  ") + "\nEOT")
}

// Index returns the element of a map with a literal key.
func Index(e Expr, key string) Expr { return e + "[" + Quote(key) + "]" }

// Key returns the key of an object as written: bare where it is an identifier.
func Key(s string) string {
	if isIdentifier(s) {
		return s
	}
	return string(Quote(s))
}

// isIdentifier reports whether s can stand bare: ASCII letters, digits,
// underscores and hyphens, a letter first, and none of the words that mean
// something else at the start of an object (for, null, true, false).
func isIdentifier(s string) bool {
	switch s {
	case "", "for", "null", "true", "false":
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_'
		if !letter && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return true
}

// deeper indents the further lines of an expression by one level.
func deeper(e Expr) string { return strings.ReplaceAll(string(e), "\n", "\n  ") }

func columns(s string) int { return utf8.RuneCountInString(s) }
