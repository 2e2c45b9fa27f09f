package view

// Column describes a column of a [Printer.Table].
type Column struct {
	Head  string
	Right bool // aligned to the right: numbers
	// Drop is above 0 for a column that a narrow terminal can do without; the
	// highest goes first.
	Drop int
	// Flex is the column that is cut, or wrapped with Wrap, when the rest
	// fills the line.
	Flex bool
	Wrap bool
}

// Table prints rows of cells under columns, indented by two blanks; columns
// without any content are left out.
func (p *Printer) Table(columns []Column, rows [][]string) {
	t := table{indent: "  ", rows: rows}
	for _, c := range columns {
		t.columns = append(t.columns, column{head: c.Head, right: c.Right, drop: c.Drop, flex: c.Flex, wrap: c.Wrap})
	}
	t.print(p)
}

// Ink is how a word stands out on a terminal.
type Ink uint8

// The inks.
const (
	Plain Ink = iota
	Strong
	Faint
	Good
	Doubtful
	Bad
)

// Ink gives text in an ink, where there is colour.
func (p *Printer) Ink(i Ink, text string) string {
	switch i {
	case Strong:
		return p.bold(text)
	case Faint:
		return p.dim(text)
	case Good:
		return p.green(text)
	case Doubtful:
		return p.yellow(text)
	case Bad:
		return p.red(text)
	case Plain:
	}
	return text
}
