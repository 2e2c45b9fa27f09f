package atlas

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/vocab"
)

// loader reads the embedded files and keeps the first error.
type loader struct {
	facts   []Fact
	sources map[string]source
	err     error
}

// source is a page that facts come from.
type source struct{ url, asOf string }

// table is one CSV file; its first line names the columns.
type table struct {
	name string
	cols map[string]int
	rows [][]string
}

// at returns the cell of a row, or "" where the file lacks the column.
func (t table) at(row int, col string) string {
	i, ok := t.cols[col]
	if !ok {
		return ""
	}
	return t.rows[row][i]
}

func (l *loader) failf(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf("atlas data: "+format, args...)
	}
}

func (l *loader) table(name string) table {
	t := table{name: name, cols: map[string]int{}}
	b, err := data.ReadFile("data/" + name + ".csv")
	if err != nil {
		l.failf("%v", err)
		return t
	}
	rows, err := csv.NewReader(bytes.NewReader(b)).ReadAll()
	if err != nil || len(rows) == 0 {
		l.failf("%s.csv: %v", name, err)
		return t
	}
	for i, c := range rows[0] {
		t.cols[c] = i
	}
	t.rows = rows[1:]
	return t
}

func (l *loader) readSources() {
	t := l.table("sources")
	for i := range t.rows {
		l.sources[t.at(i, "key")] = source{url: t.at(i, "url"), asOf: t.at(i, "as_of")}
	}
}

// fact reads the columns that every file of facts has.
func (l *loader) fact(t table, i int) Fact {
	f := Fact{
		ID: t.at(i, "id"), Value: t.at(i, "value"), Unit: t.at(i, "unit"), Scope: t.at(i, "scope"),
		AsOf: t.at(i, "as_of"), Adjustable: t.at(i, "adjustable"), OnExcess: t.at(i, "on_excess"), Note: t.at(i, "note"),
	}
	l.source(&f, t.at(i, "mark"), t.at(i, "source"))
	if f.ID == "" && t.cols["id"] != 0 {
		l.failf("%s.csv: row %d has no id", t.name, i+2)
	}
	return f
}

// source fills in the mark, the page and, where the row has none, the page's date.
func (l *loader) source(f *Fact, mark, key string) {
	if err := f.Mark.UnmarshalText([]byte(mark)); err != nil {
		l.failf("fact %s: %v", f.ID, err)
	}
	if key == "" {
		return
	}
	s, ok := l.sources[key]
	if !ok {
		l.failf("fact %s: source %q is not in sources.csv", f.ID, key)
	}
	f.Source = s.url
	if f.AsOf == "" {
		f.AsOf = s.asOf
	}
}

func (l *loader) number(id, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		l.failf("fact %s: %q is not a whole number", id, s)
	}
	return n
}

func (l *loader) float(id, s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		l.failf("fact %s: %q is not a number", id, s)
	}
	return f
}

// bounds reads "900-3600", or "30-" where there is no upper bound.
func (l *loader) bounds(id, s string) (lo, hi int) {
	a, b, ok := strings.Cut(s, "-")
	if !ok {
		l.failf("fact %s: %q is not a range", id, s)
		return 0, 0
	}
	lo = l.number(id, a)
	if b == "" {
		return lo, math.MaxInt
	}
	return lo, l.number(id, b)
}

func (l *loader) prefixes(id, s string) []netip.Prefix {
	var out []netip.Prefix
	for _, w := range strings.Fields(s) {
		p, err := netip.ParsePrefix(w)
		if err != nil || p != p.Masked() {
			l.failf("fact %s: %q is not a prefix", id, w)
			continue
		}
		out = append(out, p)
	}
	return out
}

func (l *loader) seconds(id, s string) time.Duration {
	return time.Duration(l.number(id, s)) * time.Second
}

func (l *loader) rate(id, s string) vocab.Rate {
	if s == "" {
		return 0
	}
	r, err := vocab.ParseRate(s)
	if err != nil {
		l.failf("fact %s: %v", id, err)
	}
	return r
}

func (l *loader) yes(id, s string) bool {
	switch s {
	case "yes":
		return true
	case "no":
		return false
	}
	l.failf("fact %s: %q is not yes or no", id, s)
	return false
}

func (l *loader) cloud(id, s string) vocab.Cloud {
	c, err := vocab.ParseCloud(s)
	if err != nil {
		l.failf("fact %s: %v", id, err)
	}
	return c
}
