package verify

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/packet"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify/filter"
	"github.com/tieline/tieline/internal/verify/ways"
	"github.com/tieline/tieline/internal/vocab"
)

// spot is where a packet begins or ends: an address, and the unit it is of
// (-1 for an address that is nobody's).
type spot struct {
	unit int
	addr netip.Addr
}

// walker writes the walks of one packet and its reply.
type walker struct {
	p        *Proof
	class    int
	from, to spot
	packet   packet.Packet
	bare     bool // without filters
	// Of several equal-cost ways, the links of the ones to take; nil for any.
	there, back []fabric.LinkID
}

// witness walks a packet from one spot to another, and its reply. Of several
// equal-cost ways it takes one that fails, if there is one and it is asked for.
func (p *Proof) witness(k packet.Packet, from, to spot, failing bool) *Witness {
	w := &walker{p: p, class: p.space.Of(k), from: from, to: to, packet: k}
	return w.witness(failing)
}

func (w *walker) witness(failing bool) *Witness {
	out := &Witness{Packet: w.packet, Forward: w.forward(failing)}
	if passes(out.Forward) {
		back := w.answer(failing)
		out.Return = &back
	}
	return out
}

func (w *walker) forward(failing bool) Walk {
	b := &walkBuilder{p: w.p}
	if !w.filters(b, w.from, w.to, fabric.Egress, false) {
		return b.done()
	}
	arrived := false
	switch {
	case w.from.unit < 0:
		b.add(Step{Kind: UnknownStep, Object: w.packet.Src.String(), What: "no machine of the network has this address"})
		b.walk.Outcome = routes.NotModelled
	case w.isBeyond(w.from) && w.isBeyond(w.to):
		b.add(Step{Kind: UnknownStep, Object: internetID, What: "both ends are outside the network"})
		b.walk.Outcome = routes.NotModelled
	case w.isBeyond(w.from):
		arrived = w.enter(b)
	default:
		arrived = w.tables(b, w.from, w.to, w.there, failing)
	}
	if arrived && w.filters(b, w.to, w.from, fabric.Ingress, false) {
		b.arrive(w.to)
	}
	return b.done()
}

// answer writes the way of the reply.
func (w *walker) answer(failing bool) Walk {
	b := &walkBuilder{p: w.p}
	if w.p.space.OneWay(w.class) {
		b.add(Step{Kind: ArriveStep, Object: w.place(w.to), What: "has no reply", Pass: true})
		return b.done()
	}
	if !w.filters(b, w.to, w.from, fabric.Egress, true) {
		return b.done()
	}
	arrived := true
	if w.isBeyond(w.to) {
		near := &w.p.behind[w.p.units[w.from.unit].place]
		b.add(Step{Kind: CrossStep, Object: internetID, What: "replies come back to the address that opened the connection", MTU: w.p.internetMTU(near), Pass: true})
		b.walk.Internet = true
		b.site(w.p.places[w.p.units[w.from.unit].place].Site)
	} else {
		arrived = w.tables(b, w.to, w.from, w.back, failing)
	}
	if arrived && w.filters(b, w.from, w.to, fabric.Ingress, true) {
		b.arrive(w.from)
	}
	return b.done()
}

func (w *walker) isBeyond(s spot) bool { return s.unit >= 0 && w.p.isBeyond(w.p.units[s.unit].place) }

func (w *walker) place(s spot) string {
	if s.unit < 0 {
		return s.addr.String()
	}
	return w.p.places[w.p.units[s.unit].place].ID
}

// filters writes what the filters before near say, and reports whether they
// let the packet pass.
func (w *walker) filters(b *walkBuilder, near, far spot, dir fabric.Direction, reply bool) bool {
	if w.bare || near.unit < 0 || far.unit < 0 {
		return true
	}
	for _, d := range w.p.filters.Meet(near.unit, far.unit, w.class, dir, reply) {
		b.add(w.filterStep(&d, dir, reply, near))
		if !d.Pass {
			b.walk.Outcome = 0
			return false
		}
	}
	return true
}

func (w *walker) filterStep(d *filter.Decision, dir fabric.Direction, reply bool, near spot) Step {
	s := Step{Kind: FilterStep, Pass: d.Pass, Object: string(d.First)}
	if d.Maybe {
		s.Kind = UnknownStep
	}
	if s.Object == "" {
		s.Object = w.place(near)
	}
	verb := "allows"
	if !d.Pass {
		verb = "denies"
	}
	what := serviceOf(w.packet)
	if reply {
		what = "replies to " + what
	}
	far := "to " + w.far(dir, reply).String()
	if dir == fabric.Ingress {
		far = "from " + w.far(dir, reply).String()
	}
	s.Origin = w.p.line(w.p.units[near.unit].place)
	if d.By == nil {
		s.What = fmt.Sprintf("%s %s: no %s rule of the %s allows it", verb, what+" "+far, dir, d.Kind)
		if d.Maybe {
			s.What = "what the " + d.Kind.String() + " does is not known"
		}
		return s
	}
	s.Rule = d.By.Name
	if d.By.Filter != nil {
		s.Object, s.Origin = string(d.By.Filter.ID), d.By.Filter.Meta.Origin
	}
	if d.By.Rule != nil && d.By.Rule.Origin != (fabric.Origin{}) {
		s.Origin = d.By.Rule.Origin
	}
	s.What = fmt.Sprintf("%s %s %s", verb, what, far)
	if d.Maybe {
		s.What = fmt.Sprintf("may deny %s %s: what the rule matches is not known", what, far)
	}
	return s
}

// far gives the address on the far side of a filter.
func (w *walker) far(dir fabric.Direction, reply bool) netip.Addr {
	if (dir == fabric.Egress) != reply {
		return w.packet.Dst
	}
	return w.packet.Src
}

// serviceOf names what a packet is of.
func serviceOf(k packet.Packet) string {
	switch {
	case k.Proto.HasPorts():
		return vocab.Service{Proto: k.Proto, Ports: vocab.PortRange{First: k.DstPort, Last: k.DstPort}}.String()
	case k.IsOneWay():
		return "icmp fragmentation needed"
	}
	return k.Proto.String()
}

// enter writes how a packet of the internet comes in.
func (w *walker) enter(b *walkBuilder) bool {
	if w.to.unit < 0 {
		b.add(Step{Kind: UnknownStep, Object: w.to.addr.String(), What: "no machine of the network has this address"})
		b.walk.Outcome = routes.NotModelled
		return false
	}
	u := &w.p.units[w.to.unit]
	pl, behind := &w.p.places[u.place], &w.p.behind[u.place]
	may, _, unknown := w.p.enter(&w.p.units[w.from.unit], u)
	b.walk.Internet = true
	b.site(pl.Site)
	s := Step{Kind: CrossStep, Object: pl.ID, What: "enters by the internet gateway, to the machine's public address", MTU: w.p.internetMTU(behind)}
	if s.Pass = may && !unknown; !s.Pass {
		s.Origin = w.p.line(u.place)
	}
	switch {
	case unknown:
		s.Kind, s.What, b.walk.Outcome = UnknownStep, "whether it has a way in from the internet is not known", routes.NotModelled
	case !may && w.p.isAjar(&w.p.units[w.from.unit], u):
		s.What, b.walk.Outcome = "its table leads to the internet gateway: a machine that is given a public address is reached", routes.NoRoute
	case !may && w.p.exitOf(u) != publicExit:
		s.What, b.walk.Outcome = "its machines have no public addresses: nothing comes in from the internet", routes.NoRoute
	case !may && u.table < 0:
		s.What, b.walk.Outcome = "has no way in from the internet that is known", routes.NoRoute
	case !may:
		s.What, b.walk.Outcome = "its table "+string(w.p.Tables.Tables[u.table].ID)+" has no internet gateway: nothing comes in from the internet", routes.NoRoute
	}
	b.add(s)
	return s.Pass
}

// internetMTU gives what the internet carries from a place's cloud, in bytes.
func (p *Proof) internetMTU(b *site) int {
	id := atlas.MTUOnPremInternet
	if b.vpc != nil {
		switch b.vpc.Cloud {
		case vocab.AWS:
			id = atlas.MTUAWSInternet
		case vocab.GCP:
			id = atlas.MTUGCPInternet
		case vocab.Azure:
			id = atlas.MTUAzureInternet
		case vocab.OnPrem, vocab.Exchange:
		}
	}
	n, _ := p.Atlas.MTU(id)
	return n
}

// tables writes the way through the tables, and reports whether the packet
// arrives where it should.
func (w *walker) tables(b *walkBuilder, from, to spot, by []fabric.LinkID, failing bool) bool {
	u := &w.p.units[from.unit]
	b.site(w.p.places[u.place].Site)
	var v *unit
	if to.unit >= 0 {
		v = &w.p.units[to.unit]
		if w.p.isInside(u, v) {
			b.walk.Outcome, b.walk.Ways = routes.Delivered, 1
			return true
		}
	}
	if u.table < 0 {
		b.add(Step{Kind: UnknownStep, Object: w.place(from), What: "the tables it sends by are not known"})
		b.walk.Outcome = routes.NotModelled
		return false
	}
	paths, complete := w.p.Tables.Trace(u.table, to.addr)
	if len(paths) == 0 {
		b.walk.Outcome = routes.NoRoute
		b.add(Step{Kind: TableStep, Object: string(w.p.Tables.Tables[u.table].ID), What: "no route to " + to.addr.String()})
		return false
	}
	path, ok := paths[0], w.arrives(&paths[0], u, v)
	for i := range paths {
		if good := w.arrives(&paths[i], u, v); good != ok && good != failing {
			path, ok = paths[i], good
			break
		}
	}
	for i := range paths {
		if by != nil && slices.Equal(ways.Links(&paths[i]), by) {
			path, ok = paths[i], w.arrives(&paths[i], u, v)
			break
		}
	}
	b.walk.Ways = len(paths)
	if !complete {
		b.walk.Ways++
	}
	b.path(&path, u, v, ok)
	return ok
}

// arrives reports whether a path ends where it should: in the network of the
// unit, or on the internet with an address that replies find.
func (w *walker) arrives(path *routes.Path, from, to *unit) bool {
	if len(path.Steps) == 0 || to == nil {
		return false
	}
	last := &path.Steps[len(path.Steps)-1]
	table := &w.p.Tables.Tables[last.Table]
	switch path.Outcome {
	case routes.Delivered:
		return len(last.Hops) > 0 && w.p.terminals.Find(table, &last.Hops[0]) == to.end
	case routes.ToInternet:
		if !w.p.isBeyond(to.place) || len(last.Hops) == 0 {
			return false
		}
		return last.Hops[0].Kind == routes.Translate || len(path.Steps) == 1 && w.p.exitOf(from) != noExit
	case routes.NoRoute, routes.Blackhole, routes.NoSubnet, routes.Loop, routes.NotModelled, routes.SourceDown:
	}
	return false
}

// walkBuilder collects the steps of a walk.
type walkBuilder struct {
	p    *Proof
	from int // place that packets leave
	walk Walk
	// The way through the tables, nil where there is none, and the site that
	// packets arrive at.
	taken *routes.Path
	end   fabric.SiteID
}

func (b *walkBuilder) add(s Step) { b.walk.Steps = append(b.walk.Steps, s); b.bound(s.MTU) }

func (b *walkBuilder) bound(mtu int) {
	if mtu > 0 && (b.walk.MTU == 0 || mtu < b.walk.MTU) {
		b.walk.MTU = mtu
	}
}

func (b *walkBuilder) site(s fabric.SiteID) {
	if s != "" && (len(b.walk.Sites) == 0 || b.walk.Sites[len(b.walk.Sites)-1] != s) {
		b.walk.Sites = append(b.walk.Sites, s)
	}
}

// arrive ends a walk at its place.
func (b *walkBuilder) arrive(at spot) {
	u := &b.p.units[at.unit]
	pl := &b.p.places[u.place]
	b.site(pl.Site)
	if v := b.p.behind[u.place].vpc; v != nil {
		b.bound(v.MTU)
	}
	b.add(Step{Kind: ArriveStep, Object: pl.ID, What: "arrives at " + at.addr.String(), Pass: true})
	if b.p.isBeyond(u.place) {
		b.walk.Outcome = routes.ToInternet
		return
	}
	b.walk.Outcome = routes.Delivered
}

// done sums the walk up.
func (b *walkBuilder) done() Walk {
	w := &b.walk
	w.RTTKnown, w.Encrypted = true, !w.Internet
	if b.taken != nil {
		var r atlas.RTT
		r, w.RTTKnown = ways.RoundTrip(b.p.Tables, b.p.Atlas, b.taken, b.end)
		w.RTT, w.RTTEstimated = r.MS, !r.Measured
	}
	for _, id := range w.Links {
		l, ok := b.p.Net.Link(id)
		w.Encrypted = w.Encrypted && ok && ways.Encrypted(l.Kind)
	}
	if w.Internet {
		w.RTTKnown = false
	}
	return b.walk
}

// path writes the tables of one way.
func (b *walkBuilder) path(path *routes.Path, from, to *unit, ok bool) {
	b.from, b.taken = from.place, path
	if ok && to != nil {
		b.end = b.p.places[to.place].Site
	}
	if v := b.p.behind[from.place].vpc; v != nil {
		b.bound(v.MTU)
	}
	for i := range path.Steps {
		s := &path.Steps[i]
		last := i == len(path.Steps)-1
		t := &b.p.Tables.Tables[s.Table]
		b.site(t.Site)
		step := Step{Kind: TableStep, Object: string(t.ID), What: routeText(&s.Route), Origin: s.Route.Origin, Pass: true}
		if g, ok := b.p.Net.Gateway(t.Gateway); ok {
			step.MTU = ways.GatewayMTU(b.p.Atlas, g.Kind)
		}
		if t.Meta.Unread != "" {
			step.Kind, step.What = UnknownStep, t.Meta.Unread
		}
		if last && !ok {
			step.Pass = false
			b.failed(&step, path, s, to)
			if step.Origin == (fabric.Origin{}) {
				step.Origin = t.Meta.Origin
			}
		}
		b.add(step)
		if step.Pass && len(s.Hops) > 0 {
			b.cross(t, s.Hops, from)
		}
	}
	b.walk.Outcome = path.Outcome
}

// failed says why the last table is the end of the way.
func (b *walkBuilder) failed(step *Step, path *routes.Path, s *routes.Step, to *unit) {
	switch path.Outcome {
	case routes.Delivered:
		step.What += ": into " + terminalName(&b.p.Tables.Tables[s.Table], s) + ", where it is not"
		if to == nil {
			step.What = routeText(&s.Route) + ": no machine has the address"
		}
	case routes.ToInternet:
		step.What += ": out to the internet, where it is not"
		if to != nil && b.p.isBeyond(to.place) {
			step.What = routeText(&s.Route) + ": to the internet gateway, without a public address"
			step.Origin = b.p.line(b.from)
		}
	case routes.NotModelled:
		step.Kind = UnknownStep
		if len(s.Hops) > 0 && s.Hops[0].Why != "" {
			step.What = s.Hops[0].Why
		}
	case routes.NoRoute:
		step.What = "no route"
	case routes.Blackhole, routes.NoSubnet, routes.Loop, routes.SourceDown:
		step.What += ": " + path.Outcome.String()
	}
}

func terminalName(t *routes.Table, s *routes.Step) string {
	if len(s.Hops) > 0 && s.Hops[0].VPC != "" {
		return string(s.Hops[0].VPC)
	}
	if t.VPC != "" {
		return string(t.VPC)
	}
	return string(t.Site)
}

// cross writes what the equal-cost hops of a step cross.
func (b *walkBuilder) cross(t *routes.Table, hops []routes.Hop, from *unit) {
	h := &hops[0]
	switch h.Kind {
	case routes.Translate:
		name := string(h.NAT)
		if name == "" {
			name = string(t.VPC)
		}
		b.walk.Internet = true
		b.add(Step{Kind: NATStep, Object: name, What: "its address is translated", MTU: b.p.internetMTU(&b.p.behind[from.place]), Pass: true})
		return
	case routes.Internet:
		b.walk.Internet = true
		s := Step{Kind: CrossStep, Object: string(t.VPC), What: "leaves by the internet gateway", MTU: b.p.internetMTU(&b.p.behind[from.place]), Pass: true}
		if b.p.exitOf(from) == natExit {
			s.Kind, s.What = NATStep, "its address is translated on the way out"
		}
		b.add(s)
		return
	case routes.Forward:
	case routes.Deliver, routes.Discard, routes.Unknown:
		return
	}
	s := Step{Kind: CrossStep, Hops: hops, Pass: true, MTU: ways.HopMTU(b.p.Net, b.p.Atlas, h)}
	switch {
	case h.Link != "":
		s.Object = string(h.Link)
		b.walk.Links = append(b.walk.Links, h.Link)
		l, _ := b.p.Net.Link(h.Link)
		s.What = l.Kind.String()
		if h.Tunnel != "" {
			s.What = l.Kind.String() + ", " + strconv.Itoa(len(hops)) + " tunnel" + plural(len(hops))
		}
	case h.Tunnel != "":
		s.Object, s.What = string(h.Tunnel), strconv.Itoa(len(hops))+" tunnel"+plural(len(hops))
	case h.Attachment != "":
		s.Object, s.What = string(h.Attachment), "attachment"
	case string(b.p.Tables.Tables[h.Table].ID) == string(h.Gateway):
		return // the gateway's table is the next step
	default:
		s.Object, s.What = string(h.Gateway), "gateway"
	}
	b.add(s)
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return "s"
}

// routeText says what a table does with a packet, and why.
func routeText(r *routes.Route) string {
	if !r.Prefix.IsValid() {
		return "no route"
	}
	out := r.Prefix.String() + " by " + r.Protocol.String()
	switch r.Protocol {
	case routes.Local, routes.Default, routes.Static, routes.Propagated:
		if r.Why != "" {
			return r.Prefix.String() + ", " + r.Why // which names the kind of route
		}
		out = r.Prefix.String() + ", " + r.Protocol.String() + " route"
	case routes.BGP, routes.Peered:
	}
	if len(r.Path) > 0 {
		var path []string
		for _, a := range r.Path {
			path = append(path, a.String())
		}
		out += ", AS path " + strings.Join(path, " ")
	}
	if r.Why != "" {
		out += " (" + r.Why + ")"
	}
	return out
}

// Walks follows a representative packet from one place to another and back,
// through the tables alone, whatever filters say. ok is false when it does not
// arrive, there or back.
func (p *Proof) Walks(from, to int) (forward, back Walk, ok bool) {
	if from < 0 || to < 0 || p.firstUnit[from] == p.firstUnit[from+1] || p.firstUnit[to] == p.firstUnit[to+1] {
		return Walk{}, Walk{}, false
	}
	a, b := p.firstUnit[from], p.firstUnit[to]
	k := packet.Packet{Src: p.units[a].addr, Dst: p.units[b].addr, Proto: vocab.TCP, SrcPort: p.clientPorts.Last, DstPort: 443}
	w := &walker{p: p, class: p.space.Of(k), from: spot{a, k.Src}, to: spot{b, k.Dst}, packet: k, bare: true}
	forward = w.forward(false)
	if !passes(forward) {
		return forward, Walk{}, false
	}
	back = w.answer(false)
	return forward, back, passes(back)
}

// inSet gives an address of a set that is of a unit, the unit's own example
// where that is one.
func (p *Proof) inSet(u *unit, set prefix.Set) netip.Addr {
	if set.Contains(u.addr) {
		return u.addr
	}
	for _, a := range u.atoms {
		s := prefix.FromRange(p.addrs.First(int(a)), p.addrs.Last(int(a))).Intersect(set)
		if list := s.Prefixes(); len(list) > 0 {
			return list[0].Addr()
		}
	}
	return u.addr
}

// other gives an address of a unit that is not this one, where it has two.
func (p *Proof) other(u *unit, not netip.Addr) netip.Addr {
	for _, a := range u.atoms {
		first, last := p.addrs.First(int(a)), p.addrs.Last(int(a))
		switch {
		case not.Compare(first) < 0 || last.Compare(not) < 0:
			return p.addrs.Host(int(a))
		case not != last:
			return not.Next()
		case not != first:
			return not.Prev()
		}
	}
	return not
}

// sortSpots orders spots by unit and address.
func sortSpots(s []spot) {
	slices.SortFunc(s, func(a, b spot) int {
		if a.unit != b.unit {
			return a.unit - b.unit
		}
		return a.addr.Compare(b.addr)
	})
}
