package outage

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
)

// slowHold is the hold time, in seconds, beyond which a dead tunnel is worth a
// note.
const slowHold = 60

// findings says what of a run is wrong or worth knowing, by code and place.
func (r *run) findings(rep *Report) []verify.Finding {
	var out []verify.Finding
	for i := range rep.Single {
		if !r.saidBefore(rep.Single, i) {
			out = append(out, r.singlePoint(&rep.Single[i]))
		}
	}
	out = append(out, r.overloads()...)
	out = append(out, r.congestions()...)
	out = append(out, r.slowHolds()...)
	out = append(out, r.byFailure(r.total.asymmetric, func(h *harm) (diag.Code, diag.Severity, string) {
		if h.Effect == OneWay {
			return codeStateful, diag.Warning, "replies pass by another site than the packets:"
		}
		return codeAsymmetric, diag.Note, "replies take other links than the packets:"
	})...)
	out = append(out, r.byFailure(r.total.exposed, func(*harm) (diag.Code, diag.Severity, string) {
		return codeExposed, diag.Warning, "what went over a private way leaves for the internet:"
	})...)
	var unknown []*harm
	for i, h := range r.total.worst {
		if r.total.touched[i] && h.Effect == NotKnown {
			unknown = append(unknown, &h)
		}
	}
	out = append(out, r.byFailure(unknown, func(*harm) (diag.Code, diag.Severity, string) {
		return codeUnknownAfter, diag.Warning, "it is not known what is left:"
	})...)
	if r.refused != "" {
		f := verify.Finding{Object: r.proof.Net.Name}
		f.Severity, f.Code, f.Summary = diag.Warning, codeNotTried, "failures of two parts at once are not proved: "+r.refused
		f.Hint = "raise the bound, or ask for fewer kinds of parts"
		out = append(out, f)
	}
	slices.SortStableFunc(out, func(a, b verify.Finding) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), a.Pos.Compare(b.Pos), cmp.Compare(a.Code, b.Code), strings.Compare(a.Object, b.Object))
	})
	return out
}

// saidBefore reports whether a narrower part inside a part loses all that it
// does: the region of a site that is the only one there, for example.
func (r *run) saidBefore(all []SinglePoint, i int) bool {
	return slices.ContainsFunc(all[:i], func(s SinglePoint) bool {
		return (r.within(all[i].Part, s.Part) || r.carriesAll(s.Part, all[i].Part)) && !slices.ContainsFunc(all[i].Lost, func(p Pair) bool { return !slices.Contains(s.Lost, p) })
	})
}

// carriesAll reports whether every tunnel of a link fails with a gateway's
// instance: it is then the cause, and the link only what it takes along.
func (r *run) carriesAll(p, link routes.Part) bool {
	l, ok := r.proof.Net.Link(fabric.LinkID(link.ID))
	if p.Kind != routes.InstancePart || link.Kind != routes.LinkPart || !ok || len(l.Tunnels) == 0 {
		return false
	}
	return !slices.ContainsFunc(r.proof.Net.TunnelsOf(l), func(t fabric.Tunnel) bool { return !r.takesTunnel(p, &t) })
}

// isDoubled reports whether a link fails as a whole only when all of several
// tunnels, at several instances of both its ends, do.
func (r *run) isDoubled(l *fabric.Link) bool {
	instances := [2]map[string]bool{{}, {}}
	tunnels := r.proof.Net.TunnelsOf(*l)
	for i := range tunnels {
		for j := range tunnels[i].Ends {
			if id := r.instanceOf(&tunnels[i], &tunnels[i].Ends[j]); id != "" {
				instances[j][id] = true
			}
		}
	}
	return len(tunnels) > 1 && len(instances[0]) > 1 && len(instances[1]) > 1
}

// instanceOf names what fails alone of the gateway at a tunnel's end; empty
// when it is not known. The two tunnels of a connection of AWS end at devices
// of their own.
func (r *run) instanceOf(t *fabric.Tunnel, e *fabric.TunnelEnd) string {
	g, _ := r.proof.Net.Gateway(e.Gateway)
	for i := range g.Interfaces {
		if g.Interfaces[i].Index != e.Interface {
			continue
		}
		for _, d := range g.Interfaces[i].Domains {
			if d.Kind == fabric.Instance {
				return d.ID
			}
		}
	}
	switch g.Kind {
	case fabric.VirtualPrivateGateway, fabric.TransitGateway:
		if t.Connection != "" {
			return fmt.Sprintf("%s/%d", t.Connection, e.Interface)
		}
	case fabric.VPNGateway, fabric.VirtualHub, fabric.HAVPN, fabric.Device, fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
	}
	return ""
}

func (r *run) singlePoint(s *SinglePoint) verify.Finding {
	f := verify.Finding{Object: s.Part.ID}
	f.Severity, f.Code, f.Pos = diag.Warning, codeSinglePoint, r.posOf(s.Part)
	f.Summary = fmt.Sprintf("%s is a single point of failure: it takes down %s", s.Part, pairsText(s.Lost))
	f.Hint = "add a second way around it"
	if l, ok := r.proof.Net.Link(fabric.LinkID(s.Part.ID)); s.Part.Kind == routes.LinkPart && ok && r.isDoubled(&l) {
		f.Severity = diag.Note
		f.Summary = fmt.Sprintf("%s has two ways at both ends; only when all of them fail it takes down %s", s.Part, pairsText(s.Lost))
	}
	if n, of := r.beside(s.Part); n > 0 {
		f.Severity, f.Code = diag.Error, codeFalseBackup
		f.Summary = fmt.Sprintf("%s has %d more beside it at %s, and yet its failure takes down %s", s.Part, n, of, pairsText(s.Lost))
		f.Hint = "see what the others carry: tieline path"
	}
	return f
}

// beside counts the tunnels of a tunnel's link, or the instances of an
// instance's gateway, beside it.
func (r *run) beside(p routes.Part) (n int, of string) {
	switch p.Kind {
	case routes.TunnelPart:
		t, _ := r.proof.Net.Tunnel(fabric.TunnelID(p.ID))
		l, _ := r.proof.Net.Link(t.Link)
		return len(l.Tunnels) - 1, string(l.ID)
	case routes.InstancePart:
		for i := range r.proof.Net.Gateways {
			g := &r.proof.Net.Gateways[i]
			if slices.ContainsFunc(g.Interfaces, func(f fabric.Interface) bool { return holds(f.Domains, p) }) {
				return r.instances(g) - 1, string(g.ID)
			}
		}
	case routes.ZonePart, routes.LinkPart, routes.SitePart, routes.RegionPart, routes.CloudPart:
	}
	return 0, ""
}

// instances counts what of a gateway's interfaces fails separately.
func (r *run) instances(g *fabric.Gateway) int {
	ids := map[string]bool{}
	for i := range g.Interfaces {
		for _, d := range g.Interfaces[i].Domains {
			if d.Kind == fabric.Instance {
				ids[d.ID] = true
			}
		}
	}
	return len(ids)
}

// failText gives "link a--b fails", "link a--b and link c--d fail".
func failText(f routes.Failure) string {
	if len(f) == 1 {
		return f.String() + " fails"
	}
	return f.String() + " fail"
}

func pairsText(pairs []Pair) string {
	first := fmt.Sprintf("%s to %s", pairs[0].From, pairs[0].To)
	if len(pairs) == 1 {
		return first
	}
	return fmt.Sprintf("%s and %d more", first, len(pairs)-1)
}

// slowHolds notes the tunnels of which BGP alone says after more than a minute
// that they are dead, once for each set of timers.
func (r *run) slowHolds() []verify.Finding {
	type timers struct{ hold, dpd0, dpd1 int }
	type found struct {
		timers
		links []fabric.LinkID
	}
	var list []found
	for i := range r.proof.Net.Tunnels {
		t := &r.proof.Net.Tunnels[i]
		k := timers{negotiatedHold(t), min(t.Ends[0].DPD, t.Ends[1].DPD), max(t.Ends[0].DPD, t.Ends[1].DPD)}
		if k.hold <= slowHold {
			continue
		}
		n := slices.IndexFunc(list, func(f found) bool { return f.timers == k })
		if n < 0 {
			n = len(list)
			list = append(list, found{timers: k})
		}
		if !slices.Contains(list[n].links, t.Link) {
			list[n].links = append(list[n].links, t.Link)
		}
	}
	var out []verify.Finding
	for _, k := range list {
		l, _ := r.proof.Net.Link(k.links[0])
		f := verify.Finding{Object: string(l.ID)}
		f.Severity, f.Code, f.Pos = diag.Note, codeSlowHold, l.Origin.Pos
		what := "link " + string(l.ID)
		if n := len(k.links); n > 1 {
			what = fmt.Sprintf("%s and %d more", what, n-1)
		}
		f.Summary = fmt.Sprintf("%s: BGP notices a dead tunnel after %d s", what, k.hold)
		switch {
		case k.dpd0 > 0:
			f.Summary += fmt.Sprintf("; dead peer detection after %d s", k.dpd1)
		default:
			f.Summary += ", and one end has no dead peer detection"
		}
		out = append(out, f)
	}
	return out
}

// byFailure gives a finding for each failure, with the pairs it is the first
// to do something to.
func (r *run) byFailure(harms []*harm, say func(*harm) (diag.Code, diag.Severity, string)) []verify.Finding {
	type cause struct {
		code    diag.Code
		failure string
	}
	index := map[cause]int{}
	var out []verify.Finding
	var pairs [][]Pair
	var said []string
	for _, h := range harms {
		if h == nil {
			continue
		}
		code, severity, text := say(h)
		k := cause{code, h.Failure.String()}
		n, ok := index[k]
		if !ok {
			n = len(out)
			index[k] = n
			f := verify.Finding{Object: h.Failure[0].ID}
			f.Severity, f.Code, f.Pos = severity, code, r.posOf(h.Failure[0])
			out, pairs, said = append(out, f), append(pairs, nil), append(said, fmt.Sprintf("when %s, %s", failText(h.Failure), text))
		}
		pairs[n] = append(pairs[n], Pair{h.From, h.To})
	}
	for i := range out {
		out[i].Summary = said[i] + " " + pairsText(pairs[i])
	}
	return out
}

// posOf returns the place in the spec of what fails.
func (r *run) posOf(p routes.Part) diag.Pos {
	n := r.proof.Net
	switch p.Kind {
	case routes.TunnelPart:
		t, _ := n.Tunnel(fabric.TunnelID(p.ID))
		return t.Meta.Origin.Pos
	case routes.LinkPart:
		l, _ := n.Link(fabric.LinkID(p.ID))
		return l.Origin.Pos
	case routes.InstancePart:
		for i := range n.Gateways {
			g := &n.Gateways[i]
			if holds(g.Meta.Domains, p) || slices.ContainsFunc(g.Interfaces, func(f fabric.Interface) bool { return holds(f.Domains, p) }) {
				return g.Meta.Origin.Pos
			}
		}
	case routes.ZonePart, routes.SitePart, routes.RegionPart, routes.CloudPart:
		for i := range n.Sites {
			s := &n.Sites[i]
			if string(s.ID) == p.ID || slices.Contains(s.Zones, p.ID) && p.Kind == routes.ZonePart || holds(s.Meta.Domains, p) {
				return s.Meta.Origin.Pos
			}
		}
	}
	return diag.Pos{}
}
