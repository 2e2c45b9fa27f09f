package view

import (
	"fmt"

	"github.com/tieline/tieline/internal/lock"
)

// Entries prints kept allocations.
func (p *Printer) Entries(entries []lock.Entry) {
	t := table{columns: []column{{head: "KIND"}, {head: "KEY", flex: true}, {head: "VALUE"}, {head: "SINCE", right: true, drop: 1}, {}}}
	freed := 0
	for _, e := range entries {
		note := ""
		if e.Freed {
			note = p.yellow("freed")
			freed++
		}
		t.add(e.Kind.String(), e.Key, e.Value(), fmt.Sprintf("@%d", e.Stamp), note)
	}
	t.print(p)
	p.Line("%s", p.dim(fmt.Sprintf("%s, %d of them freed", Count(len(entries), "allocation"), freed)))
}

// Released prints what was released.
func (p *Printer) Released(entries []lock.Entry) {
	for _, e := range entries {
		p.Line("%s %s %s: %s", p.green("released"), e.Kind, e.Key, e.Value())
	}
}

// Resolved prints what was dropped for what.
func (p *Printer) Resolved(moved []lock.Moved) {
	if len(moved) == 0 {
		p.Line("nothing is taken twice")
		return
	}
	for _, m := range moved {
		p.Line("%s %s %s: %s, which %s keeps", p.yellow("dropped"), m.Entry.Kind, m.Entry.Key, m.Entry.Value(), m.Kept.Key)
	}
	p.Line("%s tieline plan allocates them anew", p.dim("next:"))
}

type entriesJSON struct {
	FormatVersion string      `json:"format_version"`
	Entries       []entryJSON `json:"entries"`
}

type entryJSON struct {
	Kind  string `json:"kind" doc:"asn, block, inside or number"`
	Key   string `json:"key" doc:"path of what it is for"`
	Value string `json:"value" doc:"as in the lock"`
	Stamp int    `json:"stamp" doc:"rises with each plan that allocates"`
	Freed bool   `json:"freed" doc:"no longer used, kept until released"`
}

func newEntryJSON(e lock.Entry) entryJSON {
	return entryJSON{e.Kind.String(), e.Key, e.Value(), e.Stamp, e.Freed}
}

// EntriesJSON gives allocations for programs.
func EntriesJSON(entries []lock.Entry) any {
	return entriesJSON{FormatVersion, list(entries, newEntryJSON)}
}

type movedJSON struct {
	FormatVersion string        `json:"format_version"`
	Dropped       []droppedJSON `json:"dropped"`
}

type droppedJSON struct {
	Entry entryJSON `json:"entry"`
	Kept  entryJSON `json:"kept"`
}

// MovedJSON gives what was dropped for programs.
func MovedJSON(moved []lock.Moved) any {
	return movedJSON{FormatVersion, list(moved, func(m lock.Moved) droppedJSON {
		return droppedJSON{newEntryJSON(m.Entry), newEntryJSON(m.Kept)}
	})}
}
