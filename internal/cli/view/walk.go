package view

import (
	"fmt"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
)

// walk prints every step of a packet's way, one below the other.
func (p *Printer) walk(indent string, w verify.Walk) {
	most := 48
	if p.width < 100 {
		most = 24 // leaves room for what happens and the place in 80 columns
	}
	t := table{indent: indent, columns: []column{{}, {most: most}, {flex: true, wrap: true}, {}}}
	for i, s := range w.Steps {
		mark := p.dim("›")
		if !s.Pass && w.Outcome == routes.NotModelled {
			mark = p.yellow("?")
		} else if !s.Pass {
			mark = p.red("✗")
		} else if i == len(w.Steps)-1 {
			mark = p.green("✓")
		}
		what := s.What
		if s.Rule != "" {
			what += " by rule " + s.Rule
		}
		if ids := tunnelNumbers(s); ids != "" {
			what += ": " + ids
		}
		t.add(mark, objectTitle(s.Object), what, p.dim(near(s.Origin)))
	}
	t.print(p)
}

// tunnelNumbers gives the numbers of a link's tunnels that carry a packet.
func tunnelNumbers(s verify.Step) string {
	var out []string
	for _, h := range s.Hops {
		if h.Tunnel != "" {
			out = append(out, strings.TrimPrefix(string(h.Tunnel), s.Object+"/"))
		}
	}
	return strings.Join(out, ", ")
}

// walkLine gives a way in one line: the objects in order.
func (p *Printer) walkLine(w verify.Walk) string {
	var parts []string
	for _, s := range w.Steps {
		if s.Object == "" {
			continue
		}
		name := s.Object
		if s.Kind == verify.CrossStep && len(s.Hops) > 1 {
			name += fmt.Sprintf(" (%d ways)", len(s.Hops))
		}
		if !s.Pass && w.Outcome == routes.NotModelled {
			name = p.yellow("? " + name)
		} else if !s.Pass {
			name = p.red("✗ " + name)
		}
		parts = append(parts, name)
	}
	return strings.Join(parts, p.dim(" › "))
}

// witness prints below a finding what shows it.
func (p *Printer) witness(indent string, w *verify.Witness) {
	if w == nil {
		return
	}
	p.Wrapped(indent+p.dim("packet "), indent+"       ", w.Packet.String())
	p.Wrapped(indent+p.dim("there  "), indent+"       ", p.walkLine(w.Forward))
	if w.Return != nil {
		p.Wrapped(indent+p.dim("back   "), indent+"       ", p.walkLine(*w.Return))
	}
}

// objectTitle spells the id of a link as people write it.
func objectTitle(id string) string { return strings.Replace(id, "--", " – ", 1) }

type walkJSON struct {
	Outcome      string         `json:"outcome" doc:"How the way ends: delivered, no route, ..."`
	Steps        []walkStepJSON `json:"steps" doc:"What the packet meets, in order."`
	Links        []string       `json:"links" doc:"Links crossed in order."`
	Sites        []string       `json:"sites" doc:"Sites visited in order."`
	RTT          *float64       `json:"rtt_ms,omitempty" doc:"Expected round trip over the links in milliseconds."`
	RTTEstimated bool           `json:"rtt_estimated,omitempty" doc:"Some link's round trip is estimated from the distance, and not measured."`
	MTU          int            `json:"mtu_bytes,omitempty" doc:"Largest packet that passes whole."`
	Internet     bool           `json:"internet" doc:"It crosses the internet outside a tunnel."`
	Encrypted    bool           `json:"encrypted" doc:"Every crossing between sites is encrypted by the network."`
	Ways         int            `json:"ways" doc:"Equal-cost ways; the steps are of the first."`
}

type walkStepJSON struct {
	Kind    string   `json:"kind"`
	Object  string   `json:"object"`
	What    string   `json:"what"`
	Rule    string   `json:"rule,omitempty"`
	At      string   `json:"at,omitempty"`
	Tunnels []string `json:"tunnels,omitempty"`
	MTU     int      `json:"mtu_bytes,omitempty"`
	Passes  bool     `json:"passes"`
}

type witnessJSON struct {
	Packet string    `json:"packet"`
	There  walkJSON  `json:"there"`
	Back   *walkJSON `json:"back,omitempty"`
}

func toWitnessJSON(w *verify.Witness) *witnessJSON {
	if w == nil {
		return nil
	}
	out := &witnessJSON{Packet: w.Packet.String(), There: toWalkJSON(w.Forward)}
	if w.Return != nil {
		back := toWalkJSON(*w.Return)
		out.Back = &back
	}
	return out
}

func toWalkJSON(w verify.Walk) walkJSON {
	out := walkJSON{
		Outcome: w.Outcome.String(), Links: ids(w.Links), Sites: ids(w.Sites), MTU: w.MTU,
		Internet: w.Internet, Encrypted: w.Encrypted, Ways: w.Ways, Steps: []walkStepJSON{},
	}
	if w.RTTKnown {
		out.RTT, out.RTTEstimated = &w.RTT, w.RTTEstimated
	}
	for _, s := range w.Steps {
		j := walkStepJSON{Kind: s.Kind.String(), Object: s.Object, What: s.What, Rule: s.Rule, At: origin(s.Origin), MTU: s.MTU, Passes: s.Pass}
		for _, h := range s.Hops {
			if h.Tunnel != "" {
				j.Tunnels = append(j.Tunnels, string(h.Tunnel))
			}
		}
		out.Steps = append(out.Steps, j)
	}
	return out
}

// near is the place of an origin in short, or its path where it has no line.
func near(o fabric.Origin) string {
	if o.Pos.Line == 0 {
		return o.Path
	}
	return shortPos(o.Pos)
}

// origin is the place of an origin, or its path where it has no line.
func origin(o fabric.Origin) string {
	if s := at(o); s != "" {
		return s
	}
	return o.Path
}
