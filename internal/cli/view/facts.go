package view

import (
	"fmt"

	"github.com/tieline/tieline/internal/atlas"
)

// Facts prints facts, one below the other, with their sources.
func (p *Printer) Facts(list []atlas.Fact) {
	unverified := 0
	for _, f := range list {
		p.Line("%s = %s  %s", p.bold(f.ID), factValue(f), p.mark(f))
		if f.Adjustable != "" || f.OnExcess != "" {
			text := ""
			if f.Adjustable != "" {
				text = "adjustable: " + f.Adjustable
			}
			if f.OnExcess != "" {
				if text != "" {
					text += "; "
				}
				text += "beyond it: " + f.OnExcess
			}
			p.Wrapped("    ", "    ", text)
		}
		if f.Note != "" {
			p.Wrapped("    ", "    ", f.Note)
		}
		if f.Source != "" {
			p.Line("    %s", p.dim(f.Source))
		}
		if f.IsUnverified() {
			unverified++
		}
	}
	p.Line("%s", p.dim(fmt.Sprintf("%s, %d unverified", Count(len(list), "fact"), unverified)))
}

type factsJSON struct {
	FormatVersion string       `json:"format_version"`
	Facts         []atlas.Fact `json:"facts"`
}

// FactsJSON gives facts for programs.
func FactsJSON(facts []atlas.Fact) any {
	return factsJSON{FormatVersion, list(facts, func(f atlas.Fact) atlas.Fact { return f })}
}
