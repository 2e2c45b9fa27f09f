package view

import (
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
)

// doubt is a value of the design that rests on facts that are recalled and
// not checked.
type doubt struct {
	object, field, value string
	facts                []string
}

// doubts lists the values that rest on unverified facts, by object and field.
func doubts(n *fabric.Network, a *atlas.Atlas) []doubt {
	var out []doubt
	for _, r := range n.Reasons {
		var facts []string
		for _, s := range r.Steps {
			for _, id := range s.Facts {
				if f, ok := a.Fact(id); ok && f.IsUnverified() && !slices.Contains(facts, id) {
					facts = append(facts, id)
				}
			}
		}
		if len(facts) > 0 {
			out = append(out, doubt{r.Object, r.Field, r.Value, facts})
		}
	}
	return out
}

// doubtMarks puts a question mark behind values that rest on unverified facts.
type doubtMarks map[[2]string]bool

func marks(list []doubt) doubtMarks {
	m := doubtMarks{}
	for _, d := range list {
		m[[2]string{d.object, d.field}] = true
	}
	return m
}

// mark returns text, with a question mark where the field of the object is in
// doubt. An empty text stays empty.
func (m doubtMarks) mark(text, object, field string) string {
	if text == "" || !m[[2]string{object, field}] {
		return text
	}
	return text + "?"
}

// doubtLegend says what the question marks mean.
func (p *Printer) doubtLegend(list []doubt) {
	if len(list) == 0 {
		return
	}
	p.Line("  %s", p.dim("? rests on a recalled, unverified fact: tieline why names it ("+Count(len(list), "value")+")"))
	p.Blank()
}

type doubtJSON struct {
	Object string   `json:"object" doc:"id of the object"`
	Field  string   `json:"field" doc:"what of it: mtu, asn, sku"`
	Value  string   `json:"value" doc:"as printed"`
	Facts  []string `json:"facts" doc:"ids of the unverified facts"`
}

func newDoubtJSON(d doubt) doubtJSON { return doubtJSON{d.object, d.field, d.value, d.facts} }
