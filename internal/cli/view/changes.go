package view

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/tieline/tieline/internal/lock"
)

// changes prints what a plan changes of the kept allocations.
func (p *Printer) changes(v Plan) {
	name := filepath.Base(v.LockPath)
	c := v.Changes
	switch {
	case v.NewLock:
		p.Title("Changes", fmt.Sprintf("first plan: %s, kept in %s", Count(v.Lock.Len(), "allocation"), name))
		return
	case c.IsEmpty():
		p.Title("Changes", "none: every allocation stays as "+name+" has it")
		return
	}
	p.Title("Changes", "against "+name)
	var lines []string
	for _, m := range c.Moved {
		lines = append(lines, fmt.Sprintf("%s %s %s: %s, was %s", p.yellow("moved"), m.To.Kind, m.To.Key, m.To.Value(), m.From.Value()))
	}
	for _, m := range c.Renamed {
		lines = append(lines, fmt.Sprintf("renamed %s %s to %s", m.From.Kind, m.From.Key, m.To.Key))
	}
	lines = append(lines, entries(p.green("added"), c.Added)...)
	lines = append(lines, entries("restored", c.Restored)...)
	lines = append(lines, entries("freed", c.Freed)...)
	lines = append(lines, entries("removed", c.Removed)...)
	for _, m := range c.Rescoped {
		lines = append(lines, fmt.Sprintf("rescoped %s %s", m.To.Kind, m.To.Key))
	}
	more := len(lines) - mostChanges
	if more > 0 {
		lines = lines[:mostChanges]
	}
	for _, l := range lines {
		p.Line("  %s", l)
	}
	p.more(more, "change", "git diff "+name+" has all")
	var parts []string
	for _, k := range []struct {
		n    int
		word string
	}{{len(c.Added), "added"}, {len(c.Restored), "restored"}, {len(c.Moved), "moved"}, {len(c.Renamed), "renamed"}, {len(c.Freed), "freed"}, {len(c.Removed), "removed"}} {
		if k.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", k.n, k.word))
		}
	}
	if len(lines) > 1 && len(parts) > 0 {
		p.Line("  %s", p.dim(strings.Join(parts, ", ")))
	}
}

func entries(word string, list []lock.Entry) []string {
	out := make([]string, 0, len(list))
	for _, e := range list {
		out = append(out, fmt.Sprintf("%s %s %s: %s", word, e.Kind, e.Key, e.Value()))
	}
	return out
}
