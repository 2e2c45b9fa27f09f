package view

import (
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
	indent  string
}

const (
	gap = "  "
	// leastFlex is how narrow the flexible column may get before others go.
	leastFlex = 18
)

func (t *table) add(cells ...string) { t.rows = append(t.rows, cells) }

// print writes the table; columns without any content are left out.
func (t *table) print(p *Printer) {
	if len(t.rows) == 0 {
		return
	}
	widths := t.widths(p.width)
	var head []string
	for _, c := range t.columns {
		head = append(head, c.head)
	}
	if strings.Join(head, "") != "" {
		t.line(p, widths, head, p.dim)
	}
	for _, row := range t.rows {
		t.line(p, widths, row, nil)
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
		for j, part := range strings.Split(ansi.Wrap(cells[i], widths[i], ""), "\n") {
			if j == len(lines) {
				lines = append(lines, make([]string, len(cells)))
			}
			lines[j][i] = strings.TrimSpace(part)
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
