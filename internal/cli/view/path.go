package view

import (
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/verify"
)

// Path is the answer to "can A reach B, and if not, what blocks it".
type Path struct {
	From, To string
	Service  string
	Answer   verify.Answer
	There    *PerGB // of the way there; nil when it has no price
	Back     *PerGB
}

// PerGB is what a GB costs along a way.
type PerGB struct {
	USD   float64
	Items []string // "internet egress 0.0900"
}

// Path prints the ways of a packet there and of its reply back.
func (p *Printer) Path(x Path) {
	verdict := x.Answer.Verdict.String()
	switch x.Answer.Verdict {
	case verify.Reachable:
		verdict = p.green(verdict)
	case verify.Blocked, verify.Partly:
		verdict = p.red(verdict)
	case verify.Undecided:
		verdict = p.yellow(verdict)
	}
	p.Line("%s to %s %s: %s", p.bold(x.From), p.bold(x.To), x.Service, verdict)
	for _, u := range x.Answer.Unread {
		p.Wrapped("  "+p.yellow("unknown: "), "    ", u)
	}
	if through := x.Answer.Services; len(through) > 0 {
		p.Wrapped("  gets through: ", "    ", strings.Join(texts(through), ", "))
	}
	if w := x.Answer.Yes; w != nil {
		p.Blank()
		p.way("gets through, and its reply gets back", w, x)
	}
	if w := x.Answer.No; w != nil {
		p.Blank()
		title := "is stopped"
		if x.Answer.Verdict == verify.Undecided {
			title = "is not decided"
		}
		p.way(title, w, x)
	}
}

func (p *Printer) way(title string, w *verify.Witness, x Path) {
	p.Title(w.Packet.String(), title)
	p.Line("  %s", p.bold("there"))
	p.walk("    ", w.Forward)
	if s := p.wire(w.Forward, x.There, w.Works()); s != "" {
		p.Line("    %s", p.dim(s))
	}
	if w.Return == nil {
		return
	}
	p.Line("  %s", p.bold("back"))
	p.walk("    ", *w.Return)
	if s := p.wire(*w.Return, x.Back, w.Works()); s != "" {
		p.Line("    %s", p.dim(s))
	}
}

// wire says what the wire makes of a way.
func (p *Printer) wire(w verify.Walk, cost *PerGB, works bool) string {
	if !works {
		return ""
	}
	var parts []string
	if w.RTTKnown && len(w.Links) > 0 {
		mark := ""
		if w.RTTEstimated {
			mark = "~"
		}
		parts = append(parts, fmt.Sprintf("%s%.1f ms RTT", mark, w.RTT))
	}
	if w.MTU > 0 {
		parts = append(parts, fmt.Sprintf("MTU %d", w.MTU))
	}
	if w.Ways > 1 {
		parts = append(parts, fmt.Sprintf("%d equal-cost ways", w.Ways))
	}
	switch {
	case w.Internet:
		parts = append(parts, "over the internet")
	case len(w.Links) > 0 && w.Encrypted:
		parts = append(parts, "encrypted")
	case len(w.Links) > 0:
		parts = append(parts, "not encrypted by the network")
	}
	if cost != nil {
		text := fmt.Sprintf("%.4f USD a GB", cost.USD)
		if len(cost.Items) > 0 {
			text += " (" + strings.Join(cost.Items, ", ") + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}

type pathJSON struct {
	FormatVersion string       `json:"format_version"`
	From          string       `json:"from"`
	To            string       `json:"to"`
	Service       string       `json:"service"`
	Verdict       string       `json:"verdict"`
	Unknown       []string     `json:"unknown"`
	Services      []string     `json:"services" doc:"What gets through, at least between some machines, when partly reachable."`
	Yes           *witnessJSON `json:"yes,omitempty"`
	No            *witnessJSON `json:"no,omitempty"`
	There         *float64     `json:"usd_per_gb_there,omitempty"`
	Back          *float64     `json:"usd_per_gb_back,omitempty"`
}

// PathJSON gives the same for programs.
func PathJSON(x Path) any {
	out := pathJSON{
		FormatVersion: FormatVersion, From: x.From, To: x.To, Service: x.Service, Verdict: x.Answer.Verdict.String(),
		Unknown: list(x.Answer.Unread, same), Services: texts(x.Answer.Services), Yes: toWitnessJSON(x.Answer.Yes), No: toWitnessJSON(x.Answer.No),
	}
	if x.There != nil {
		out.There = &x.There.USD
	}
	if x.Back != nil {
		out.Back = &x.Back.USD
	}
	return out
}
