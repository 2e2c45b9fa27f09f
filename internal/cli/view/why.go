package view

import (
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/cli/why"
)

// mostAnswers is how many answers are printed in full.
const mostAnswers = 10

// Why prints the chains of reasons.
func (p *Printer) Why(f why.Found) {
	shown := f.Answers[:min(len(f.Answers), mostAnswers)]
	for i, a := range shown {
		if i > 0 {
			p.Blank()
		}
		note := ""
		if a.Note != "" {
			note = "  " + p.dim("("+a.Note+")")
		}
		p.Line("%s  %s of %s%s", p.bold(a.Value), a.Field, p.cyan(a.Object), note)
		for _, s := range a.Steps {
			p.Wrapped("  - ", "    ", s.Text)
			seen := map[string]bool{}
			for _, id := range s.Facts {
				if fact, ok := f.Facts[id]; ok && !seen[id] {
					p.factUnder("    ", fact)
				}
				seen[id] = true
			}
			if s.Pos.Line > 0 {
				p.Line("    %s  %s", p.dim(fmt.Sprintf("%s:%d", s.Pos.File, s.Pos.Line)), f.Quotes[s.Pos])
			}
		}
	}
	if more := len(f.Answers) - len(shown); more > 0 {
		p.Blank()
		p.Line("%s", p.dim(fmt.Sprintf("and %d more of the same: name one object, as in tieline why %s", more, f.Answers[len(shown)].Object)))
	}
}

// factUnder prints a fact that a step rests on.
func (p *Printer) factUnder(indent string, f atlas.Fact) {
	p.Wrapped(indent+p.dim("fact "), indent+"     ", fmt.Sprintf("%s = %s  %s", f.ID, factValue(f), p.mark(f)))
	if f.Source != "" {
		p.Line("%s     %s", indent, p.dim(f.Source))
	}
}

// factValue is a fact's value with its unit and scope.
func factValue(f atlas.Fact) string {
	text := f.Value
	if f.Unit != "" {
		text += " " + f.Unit
	}
	if f.Scope != "" && f.Scope != "*" {
		text += " (" + f.Scope + ")"
	}
	return text
}

// mark says how far a fact can be trusted, and from when it is.
func (p *Printer) mark(f atlas.Fact) string {
	text := f.Mark.String()
	if f.Own {
		text = "your own"
	}
	if f.IsUnverified() {
		text = p.yellow(text)
	}
	if f.AsOf != "" {
		text += ", " + f.AsOf
	}
	return "[" + text + "]"
}

type whyJSON struct {
	FormatVersion string       `json:"format_version"`
	Asked         string       `json:"asked"`
	Answers       []answerJSON `json:"answers"`
}

type answerJSON struct {
	Object string     `json:"object"`
	Field  string     `json:"field"`
	Value  string     `json:"value"`
	Note   string     `json:"note,omitempty"`
	Steps  []stepJSON `json:"steps"`
}

type stepJSON struct {
	Text  string       `json:"text"`
	Facts []atlas.Fact `json:"facts"`
	At    string       `json:"at,omitempty"`
	Line  string       `json:"line,omitempty"`
}

// WhyJSON gives the same for programs.
func WhyJSON(f why.Found) any {
	out := whyJSON{FormatVersion: FormatVersion, Asked: f.Asked, Answers: []answerJSON{}}
	for _, a := range f.Answers {
		j := answerJSON{Object: a.Object, Field: a.Field, Value: a.Value, Note: a.Note, Steps: []stepJSON{}}
		for _, s := range a.Steps {
			step := stepJSON{Text: s.Text, Facts: []atlas.Fact{}, Line: strings.TrimSpace(f.Quotes[s.Pos])}
			if s.Pos.Line > 0 {
				step.At = s.Pos.String()
			}
			for _, id := range s.Facts {
				if fact, ok := f.Facts[id]; ok {
					step.Facts = append(step.Facts, fact)
				}
			}
			j.Steps = append(j.Steps, step)
		}
		out.Answers = append(out.Answers, j)
	}
	return out
}
