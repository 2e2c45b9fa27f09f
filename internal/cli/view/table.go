package view

import (
	"math"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// column describes a column of a table.
type column struct {
	head  string
	right bool // aligned to the right: numbers
	// drop is above 0 for a column that a narrow terminal can do without;
	// the highest goes first.
	drop int
	// flex: the column that is cut, or wrapped with wrap, when the rest fills
	// the line.
	flex bool
	wrap bool
	most int // above 0: the column is wrapped at this width
}

// table is rows of cells under columns, as wide as its widest cells.
type table struct {
	columns []column
	rows    [][]string
	under   map[int]string // remarks below rows, by index, over the whole width
	indent  string
}

const (
	gap = "  "
	// leastFlex is how narrow the flexible column may get before others go.
	leastFlex = 18
)

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// remark puts text on lines of its own under the last row.
func (t *table) remark(text string) {
	if text == "" {
		return
	}
	if t.under == nil {
		t.under = map[int]string{}
	}
	t.under[len(t.rows)-1] = text
}

// wraps reports whether the flexible column is wrapped where it does not fit.
func (t *table) wraps() bool {
	return slices.ContainsFunc(t.columns, func(c column) bool { return c.flex && c.wrap })
}

// print writes the table; columns without any content are left out.
func (t *table) print(p *Printer) {
	if len(t.rows) == 0 {
		return
	}
	room := p.width
	if p.whole && !t.wraps() {
		room = math.MaxInt32
	}
	widths := t.widths(room)
	var head []string
	for _, c := range t.columns {
		head = append(head, c.head)
	}
	if strings.Join(head, "") != "" {
		t.line(p, widths, head, p.dim)
	}
	for i, row := range t.rows {
		t.line(p, widths, row, nil)
		if text, ok := t.under[i]; ok {
			p.Wrapped(t.indent+"  ", t.indent+"  ", text)
		}
	}
}

// widths returns the width of each column, 0 for those left out.
func (t *table) widths(room int) []int {
	widths := make([]int, len(t.columns))
	for _, row := range t.rows {
		for i, cell := range row {
			widths[i] = max(widths[i], ansi.StringWidth(cell))
		}
	}
	flex := -1
	for i, c := range t.columns {
		if widths[i] > 0 {
			widths[i] = max(widths[i], ansi.StringWidth(c.head))
		}
		if c.most > 0 {
			widths[i] = min(widths[i], c.most)
		}
		if c.flex {
			flex = i
		}
	}
	least := func() int {
		total := len(t.indent)
		for i, w := range widths {
			if w == 0 {
				continue
			}
			if i == flex {
				w = min(w, leastFlex)
			}
			total += w + len(gap)
		}
		return total - len(gap)
	}
	for least() > room {
		worst := -1
		for i, c := range t.columns {
			if widths[i] > 0 && c.drop > 0 && (worst < 0 || c.drop > t.columns[worst].drop) {
				worst = i
			}
		}
		if worst < 0 {
			break
		}
		widths[worst] = 0
	}
	if flex >= 0 && widths[flex] > 0 {
		others := least() - min(widths[flex], leastFlex)
		widths[flex] = min(widths[flex], max(room-others, leastFlex))
	}
	return widths
}

// wrapped breaks text between words; a word that is wider than a line breaks
// at its hyphens, or where it must. An indent of the text is one of all lines.
func wrapped(text string, width int) []string {
	indent := text[:len(text)-len(strings.TrimLeft(text, " "))]
	width -= len(indent)
	var out []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case ansi.StringWidth(line)+1+ansi.StringWidth(word) <= width:
			line += " " + word
		default:
			out = append(out, line)
			line = word
		}
		if ansi.StringWidth(line) > width {
			parts := strings.Split(ansi.Wrap(line, width, ""), "\n")
			out = append(out, parts[:len(parts)-1]...)
			line = parts[len(parts)-1]
		}
	}
	out = append(out, line)
	for i := range out {
		out[i] = indent + out[i]
	}
	return out
}

// line prints one row, over several lines when a cell is wrapped.
func (t *table) line(p *Printer, widths []int, cells []string, paint func(string) string) {
	lines := [][]string{cells}
	for i, c := range t.columns {
		if i >= len(cells) || widths[i] == 0 || ansi.StringWidth(cells[i]) <= widths[i] {
			continue
		}
		if !c.wrap && c.most == 0 {
			cells[i] = ansi.Truncate(cells[i], widths[i], "…")
			continue
		}
		for j, part := range wrapped(cells[i], widths[i]) {
			if j == len(lines) {
				lines = append(lines, make([]string, len(cells)))
			}
			lines[j][i] = strings.TrimRight(part, " ")
		}
	}
	for _, cells := range lines {
		var b strings.Builder
		b.WriteString(t.indent)
		for i, c := range t.columns {
			if widths[i] == 0 || i >= len(cells) {
				continue
			}
			cell := cells[i]
			pad := strings.Repeat(" ", widths[i]-ansi.StringWidth(cell))
			if paint != nil {
				cell = paint(cell)
			}
			if c.right {
				cell = pad + cell
			} else {
				cell += pad
			}
			b.WriteString(cell + gap)
		}
		p.Line("%s", strings.TrimRight(b.String(), " "))
	}
}
