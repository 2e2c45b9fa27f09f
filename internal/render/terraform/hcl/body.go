// Package hcl writes Terraform's language as terraform fmt leaves it: two
// spaces a level, the equals signs of neighbouring one-line attributes in one
// column. It is a writer of text, not a model of the language: expressions are
// text that the caller spells, and nothing is checked.
package hcl

import "strings"

// Body is a file being written from top to bottom. Its zero value is empty and
// ready for use.
type Body struct {
	buf   []byte
	depth int
	run   []attribute // one-line attributes that wait for their neighbours
}

type attribute struct {
	name  string
	value Expr
}

// Attr writes an argument.
func (b *Body) Attr(name string, value Expr) {
	// A heredoc counts as one line to terraform fmt.
	if strings.IndexByte(string(value), '\n') < 0 || strings.HasPrefix(string(value), "<<") {
		b.run = append(b.run, attribute{name, value})
		return
	}
	b.flush()
	b.indent()
	b.buf = append(b.buf, name...)
	b.buf = append(b.buf, " = "...)
	b.value(value)
	b.buf = append(b.buf, '\n')
}

// Block opens a block; End closes it.
func (b *Body) Block(kind string, labels ...string) {
	b.flush()
	b.indent()
	b.buf = append(b.buf, kind...)
	for _, l := range labels {
		b.buf = append(b.buf, " \""...)
		b.buf = append(b.buf, l...)
		b.buf = append(b.buf, '"')
	}
	b.buf = append(b.buf, " {\n"...)
	b.depth++
}

// End closes the innermost open block.
func (b *Body) End() {
	b.flush()
	b.depth--
	b.indent()
	b.buf = append(b.buf, "}\n"...)
}

// Blank writes an empty line.
func (b *Body) Blank() {
	b.flush()
	b.buf = append(b.buf, '\n')
}

// Comment writes a line of comment for each line of text.
func (b *Body) Comment(text string) {
	b.flush()
	for line := range strings.SplitSeq(text, "\n") {
		b.indent()
		b.buf = append(b.buf, strings.TrimRight("# "+line, " ")...)
		b.buf = append(b.buf, '\n')
	}
}

// Len returns how many bytes have been written, attributes in waiting aside.
func (b *Body) Len() int { return len(b.buf) }

// Bytes returns what has been written. It panics when a block is open.
func (b *Body) Bytes() []byte {
	b.flush()
	if b.depth != 0 {
		panic("hcl: a block is open")
	}
	return b.buf
}

// flush writes the waiting attributes with their equals signs in one column.
func (b *Body) flush() {
	if len(b.run) == 0 {
		return
	}
	width := 0
	for _, a := range b.run {
		width = max(width, columns(a.name))
	}
	for _, a := range b.run {
		b.indent()
		b.buf = append(b.buf, a.name...)
		for i := columns(a.name); i < width; i++ {
			b.buf = append(b.buf, ' ')
		}
		b.buf = append(b.buf, " = "...)
		b.value(a.value)
		b.buf = append(b.buf, '\n')
	}
	b.run = b.run[:0]
}

func (b *Body) indent() {
	for range b.depth {
		b.buf = append(b.buf, "  "...)
	}
}

// value writes an expression of several lines, moved to the depth of its block.
func (b *Body) value(e Expr) {
	rest := string(e)
	for {
		line, tail, more := strings.Cut(rest, "\n")
		b.buf = append(b.buf, line...)
		if !more {
			return
		}
		b.buf = append(b.buf, '\n')
		if tail != "" && tail[0] != '\n' {
			b.indent()
		}
		rest = tail
	}
}
