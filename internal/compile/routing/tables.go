package routing

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// Tables fills route tables, transit tables and announcements from which
// sites reach which.
func Tables(d *draft.Draft) {
	t := &tables{d: d, paths: newPaths(d), gw: map[fabric.GatewayID]*fabric.Gateway{}, subnets: map[subnetKey][]int{}, vpcs: map[fabric.VPCID]int{}}
	for i := range d.Net.VPCs {
		t.vpcs[d.Net.VPCs[i].ID] = i
	}
	for i := range d.Net.Gateways {
		t.gw[d.Net.Gateways[i].ID] = &d.Net.Gateways[i]
	}
	for i := range d.Net.Subnets {
		s := &d.Net.Subnets[i]
		k := subnetKey{s.Site, s.VPC}
		t.subnets[k] = append(t.subnets[k], i)
	}
	for i := range d.Sites {
		t.reach(i)
		s := &d.Sites[i]
		switch s.Cloud {
		case vocab.AWS:
			t.aws(i)
		case vocab.GCP:
			t.gcp(i)
		case vocab.Azure:
			t.azure(i)
		case vocab.OnPrem, vocab.Exchange:
		}
	}
	t.serviceRoutes()
	t.announce()
}

type subnetKey struct {
	site fabric.SiteID
	vpc  fabric.VPCID
}

type tables struct {
	d       *draft.Draft
	paths   *paths
	gw      map[fabric.GatewayID]*fabric.Gateway
	subnets map[subnetKey][]int
	vpcs    map[fabric.VPCID]int
	// far is what the site at hand reaches, next by which neighbour.
	far []reached
}

type reached struct {
	site, next int
	pos        diag.Pos
	prefixes   []netip.Prefix
}

// reach finds the other sites that a site reaches, by id, and refuses ways
// through hubs that do not carry traffic on.
func (t *tables) reach(i int) {
	t.far = t.far[:0]
	for j := range t.d.Sites {
		way := t.paths.route(i, j)
		if i == j || way == nil {
			continue
		}
		p := t.pair(way[0], way[1])
		for k := 1; k < len(way)-1; k++ {
			t.checkTransit(way[k-1], way[k], way[k+1])
		}
		t.far = append(t.far, reached{site: j, next: way[1], pos: p.Pos(), prefixes: t.d.Sites[j].Prefixes})
	}
	slices.SortFunc(t.far, func(a, b reached) int { return cmp.Compare(t.d.Sites[a.site].ID, t.d.Sites[b.site].ID) })
}

func (t *tables) pair(a, b int) *draft.Pair {
	id := fabric.LinkBetween(t.d.Sites[a].ID, t.d.Sites[b].ID)
	k, _ := slices.BinarySearchFunc(t.d.Pairs, id, func(p draft.Pair, id fabric.LinkID) int { return cmp.Compare(p.Link, id) })
	return &t.d.Pairs[k]
}

// checkTransit refuses a hub whose cloud does not carry traffic between these
// two kinds of link.
func (t *tables) checkTransit(from, hub, to int) {
	d := t.d
	h := &d.Sites[hub]
	a, b := t.pair(from, hub), t.pair(hub, to)
	if h.Cloud == vocab.GCP && (a.Kind == fabric.VPN || b.Kind == fabric.VPN) && a.Kind != fabric.SameVPCLink && b.Kind != fabric.SameVPCLink && !(h.UseNCC && a.Kind != b.Kind) {
		from, to = min(from, to), max(from, to) // one error for both directions
		e := d.Diags.Errorf(t.pair(from, hub).Pos(), "hub %q cannot carry traffic between %q and %q: a Cloud Router does not announce to one BGP peer what it learned from another", h.ID, d.Sites[from].ID, d.Sites[to].ID)
		e.Code, e.Hint = "no-transit", "take a hub in AWS (transit gateway) or Azure, or a mesh"
		if f, ok := d.Atlas.Fact("gcp.router.readvertises"); ok {
			e.Source = f.Source
		}
	}
}

// aws makes the route tables of a site's VPCs and the transit gateway's.
func (t *tables) aws(i int) {
	s := &t.d.Sites[i]
	for _, v := range s.VPCs {
		t.awsVPC(s, v)
	}
	if s.Gateway == fabric.TransitGateway {
		t.transit(i)
	}
}

// awsVPC makes a table for subnets without internet and for public ones, and
// one a zone for those behind NAT, so that each zone leaves by its own.
func (t *tables) awsVPC(s *draft.Site, v *draft.VPC) {
	d := t.d
	base := string(s.ID) + "/" + v.Name
	if v.Existing() {
		for _, rt := range v.Spec.RouteTables {
			out := t.awsTable(s, v, "existing-"+rt.V)
			out.Existing = rt.V
			d.Net.RouteTables = append(d.Net.RouteTables, out)
		}
		if s.Gateway != 0 && len(v.Spec.RouteTables) == 0 {
			e := d.Diags.Errorf(v.Pos, "existing VPC %q needs the route tables that learn the way to the other sites", v.Name)
			e.Code, e.Hint = "route-tables", "route_tables: [rtb-...]"
		}
		return
	}
	made := map[string]bool{}
	table := func(name string, hop *fabric.Hop) fabric.RouteTableID {
		id := fabric.RouteTableID(base + "/rt-" + name)
		if made[name] {
			return id
		}
		made[name] = true
		out := t.awsTable(s, v, name)
		if hop != nil {
			out.Routes = append([]fabric.Route{{Prefix: everything, Hop: *hop, Note: "internet", Origin: out.Meta.Origin}}, out.Routes...)
		}
		d.Net.RouteTables = append(d.Net.RouteTables, out)
		return id
	}
	nat := fabric.SubnetID(base + "/_nat")
	hasNAT, hasPublic := false, false
	for _, k := range t.subnets[subnetKey{s.ID, v.ID}] {
		sn := &d.Net.Subnets[k]
		for z := range sn.Parts {
			part := &sn.Parts[z]
			switch sn.Internet {
			case fabric.NoInternet:
				part.RouteTable = table("private", nil)
			case fabric.Public:
				hasPublic = true
				part.RouteTable = table("public", &fabric.Hop{Kind: fabric.HopInternetGateway})
			case fabric.ViaNAT:
				hasNAT = true
				part.RouteTable = table("nat-"+part.Zone, &fabric.Hop{Kind: fabric.HopNAT, NAT: fabric.NATID(base + "/nat-" + part.Zone)})
			}
		}
		if len(sn.Parts) > 0 {
			sn.RouteTable = sn.Parts[0].RouteTable
		}
	}
	if hasNAT {
		for _, z := range s.Zones {
			meta := s.Meta(v.Pos, "sites."+string(s.ID)+".networks."+v.Name)
			meta.Account = v.Account
			meta.Domains = append([]fabric.Domain{{Kind: fabric.ZoneDomain, ID: z}}, meta.Domains...)
			d.Net.NATs = append(d.Net.NATs, fabric.NAT{ID: fabric.NATID(base + "/nat-" + z), Cloud: vocab.AWS, Meta: meta, VPC: v.ID, Site: s.ID, Zone: z, Subnet: nat})
		}
	}
	if hasPublic || hasNAT {
		t.vpc(v.ID).InternetGateway = true
	}
}

var everything = netip.PrefixFrom(netip.IPv4Unspecified(), 0)

func (t *tables) vpc(id fabric.VPCID) *fabric.VPC { return &t.d.Net.VPCs[t.vpcs[id]] }

func (t *tables) awsTable(s *draft.Site, v *draft.VPC, name string) fabric.RouteTable {
	meta := s.Meta(v.Pos, "sites."+string(s.ID)+".networks."+v.Name)
	meta.Account = v.Account
	out := fabric.RouteTable{ID: fabric.RouteTableID(string(s.ID) + "/" + v.Name + "/rt-" + name), Meta: meta, VPC: v.ID, Site: s.ID, Name: name}
	switch s.Gateway {
	case fabric.VirtualPrivateGateway:
		out.Propagate = []fabric.GatewayID{s.GatewayID()}
	case fabric.TransitGateway:
		hop := fabric.Hop{Kind: fabric.HopTransitGateway, Gateway: s.GatewayID()}
		if len(s.VPCs) > 1 {
			for _, p := range s.Prefixes {
				if prefix.FromPrefixes(t.vpc(v.ID).Prefixes...).ContainsPrefix(p) {
					continue // local
				}
				out.Routes = append(out.Routes, fabric.Route{Prefix: p, Hop: hop, Note: string(s.ID), Origin: meta.Origin})
			}
		}
		for _, f := range t.far {
			for _, p := range f.prefixes {
				out.Routes = append(out.Routes, fabric.Route{Prefix: p, Hop: hop, Note: string(t.d.Sites[f.site].ID), Origin: draft.Origin(f.pos, "connect")})
			}
		}
		slices.SortFunc(out.Routes, func(a, b fabric.Route) int { return prefix.Compare(a.Prefix, b.Prefix) })
	case fabric.HAVPN, fabric.VPNGateway, fabric.VirtualHub, fabric.Device:
	}
	return out
}

// transit makes the tables of a transit gateway: without segments its own
// default table does; with them one for each group of VPCs of equal segments,
// which learn only of those that some rule lets them talk to, and one for what
// comes from outside.
func (t *tables) transit(i int) {
	d := t.d
	s := &d.Sites[i]
	g := t.gw[s.GatewayID()]
	var vpns, peers []fabric.AttachmentID
	var static []fabric.Route
	for k := range d.Net.Attachments {
		a := &d.Net.Attachments[k]
		switch {
		case a.Kind == fabric.TransitVPNAttachment && a.Gateway == g.ID:
			vpns = append(vpns, a.ID)
		case a.Kind == fabric.TransitPeering && (a.Gateway == g.ID || a.Peer == g.ID):
			peers = append(peers, a.ID)
		}
	}
	for _, f := range t.far {
		p := t.pair(i, f.next)
		if p.Kind != fabric.TransitPeerLink {
			continue
		}
		prefixes := f.prefixes
		if len(vpns) > 0 {
			prefixes = t.announced(f.site)
		}
		for _, x := range prefixes {
			static = append(static, fabric.Route{Prefix: x, Hop: fabric.Hop{Kind: fabric.HopAttachment, Attachment: peerAttachment(p.Link)}, Note: string(d.Sites[f.site].ID), Origin: draft.Origin(f.pos, "connect")})
		}
	}
	slices.SortFunc(static, func(a, b fabric.Route) int { return prefix.Compare(a.Prefix, b.Prefix) })
	groups := t.groups(s)
	if len(d.Net.Segments) == 0 && (s.IsHub || len(vpns) == 0 || len(static) == 0) {
		// Static routes need a table to stand in, but the default one does. Where
		// the site is no hub it would announce the peers' networks over VPN, as
		// good a way there as the peers' own links.
		g.DefaultTable = true
		g.Tables = []fabric.TransitTable{{Name: "default", Routes: static}}
		for _, gr := range groups {
			g.Tables[0].Associate = append(g.Tables[0].Associate, gr.attachments...)
		}
		g.Tables[0].Associate = append(append(g.Tables[0].Associate, vpns...), peers...)
		slices.Sort(g.Tables[0].Associate)
		for _, a := range g.Tables[0].Associate {
			if !slices.Contains(peers, a) {
				g.Tables[0].Propagate = append(g.Tables[0].Propagate, a)
			}
		}
		return
	}
	talks := t.talks(s, groups)
	edge := fabric.TransitTable{Name: "edge", Associate: append(slices.Clone(vpns), peers...)}
	for x, gr := range groups {
		table := fabric.TransitTable{Name: gr.name, Was: gr.was, Associate: gr.attachments, Routes: static}
		for y, other := range groups {
			if x == y || talks[[2]int{x, y}] {
				table.Propagate = append(table.Propagate, other.attachments...)
			}
		}
		table.Propagate = append(table.Propagate, vpns...)
		slices.Sort(table.Propagate)
		g.Tables = append(g.Tables, table)
		edge.Propagate = append(edge.Propagate, gr.attachments...)
	}
	if s.IsHub {
		edge.Propagate = append(edge.Propagate, vpns...)
		edge.Routes = static
	}
	slices.Sort(edge.Propagate)
	slices.Sort(edge.Associate)
	if len(edge.Associate) > 0 {
		g.Tables = append(g.Tables, edge)
	}
	d.Because(string(g.ID), "tables", fmt.Sprint(len(g.Tables)), draft.Step(s.Spec.Pos, []string{"aws.tgw.route_tables"}, "segments: default association and propagation are off; VPCs of unlike segments learn of each other only where a rule joins them"))
}

// announced lists the prefixes under which gateways announce a site: those of
// its networks one by one, where its cloud does not summarise. A static route
// to a peering has to be as long as they are: neighbours on VPN hand them on,
// and the longest match wins before a static route does.
func (t *tables) announced(i int) []netip.Prefix {
	s := &t.d.Sites[i]
	if s.Cloud != vocab.AWS && s.Cloud != vocab.Azure {
		return s.Prefixes
	}
	var out []netip.Prefix
	for _, v := range s.VPCs {
		out = append(out, t.vpc(v.ID).Prefixes...)
	}
	if g, ok := t.gw[s.GatewayID()]; ok && g.Prefix.IsValid() {
		out = append(out, g.Prefix)
	}
	if g, ok := t.gw[s.GatewayID()]; ok && g.VPC != "" {
		out = append(out, t.vpc(g.VPC).Prefixes...)
	}
	slices.SortFunc(out, prefix.Compare)
	return slices.Compact(out)
}

// allNetworks is the table of networks without segments, or of all at once.
const allNetworks = "networks"

type group struct {
	name        string
	was         string // its name before segments were renamed, when it was another
	attachments []fabric.AttachmentID
	subnets     map[fabric.SegmentID]bool
}

// groups gathers the VPCs of a site by the segments of their subnets; one
// group for all when there are more than a transit gateway has tables for.
func (t *tables) groups(s *draft.Site) []group {
	d := t.d
	byName := map[string]*group{}
	var names []string
	for _, v := range s.VPCs {
		segments := map[fabric.SegmentID]bool{}
		for _, k := range t.subnets[subnetKey{s.ID, v.ID}] {
			if seg := d.Net.Subnets[k].Segment; seg != "" {
				segments[seg] = true
			}
		}
		var list []string
		for seg := range segments {
			list = append(list, string(seg))
		}
		slices.Sort(list)
		name := strings.Join(list, "-")
		if name == "" {
			name = allNetworks
		}
		if byName[name] == nil {
			byName[name] = &group{name: name, subnets: segments}
			names = append(names, name)
		}
		byName[name].attachments = append(byName[name].attachments, fabric.AttachmentID(string(s.GatewayID())+"--"+string(s.ID)+"/"+v.Name))
	}
	slices.Sort(names)
	var out []group
	for _, n := range names {
		out = append(out, *byName[n])
	}
	if len(out) > 1 && len(out)+1 > d.Atlas.Limit(atlas.LimitAWSTGWRouteTables).Value {
		all := group{name: allNetworks, subnets: map[fabric.SegmentID]bool{}}
		for _, g := range out {
			all.attachments = append(all.attachments, g.attachments...)
			for seg := range g.subnets {
				all.subnets[seg] = true
			}
		}
		out = []group{all}
	}
	was := t.formerNames(out)
	for i := range out {
		slices.Sort(out[i].attachments)
		out[i].name = tableName(out[i].name, i)
	}
	for i := range out {
		// A name that another table has now cannot be moved away from.
		if !slices.ContainsFunc(out, func(g group) bool { return g.name == was[i] }) {
			out[i].was = was[i]
		}
	}
	return out
}

// longestTable is the most characters of a table's name that says its segments.
const longestTable = 40

func tableName(segments string, i int) string {
	if len(segments) > longestTable {
		return fmt.Sprintf("networks-%d", i)
	}
	return segments
}

// formerNames gives the names that groups in the order of their names had
// before segments were renamed.
func (t *tables) formerNames(groups []group) []string {
	former := map[fabric.SegmentID]string{}
	for i := range t.d.Spec.Segments {
		if s := &t.d.Spec.Segments[i]; s.Was.IsSet() {
			former[fabric.SegmentID(s.Name)] = s.Was.V
		}
	}
	names, order := make([]string, len(groups)), make([]int, len(groups))
	for i, g := range groups {
		names[i], order[i] = g.name, i
		var list []string
		for seg := range g.subnets {
			list = append(list, cmp.Or(former[seg], string(seg)))
		}
		if slices.Sort(list); len(list) > 0 && g.name != allNetworks {
			names[i] = strings.Join(list, "-")
		}
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(names[a], names[b]) })
	for place, i := range order {
		names[i] = tableName(names[i], place)
	}
	return names
}

// talks says which groups some policy rule joins, in either direction.
func (t *tables) talks(s *draft.Site, groups []group) map[[2]int]bool {
	d := t.d
	of := map[fabric.SegmentID][]int{}
	for x, g := range groups {
		for seg := range g.subnets {
			of[seg] = append(of[seg], x)
		}
	}
	out := map[[2]int]bool{}
	for r := range d.Spec.Policy {
		var ends [2]map[int]bool
		for k, refs := range [][]refValue{d.Spec.Policy[r].From, d.Spec.Policy[r].To} {
			ends[k] = map[int]bool{}
			for _, ref := range refs {
				target, err := d.Index.Resolve(ref.V)
				if err != nil {
					continue
				}
				for _, sn := range target.Subnets {
					if d.Sites[sn.Site].ID != s.ID {
						continue
					}
					seg := fabric.SegmentID(d.Spec.Sites[sn.Site].Networks[sn.Network].Subnets[sn.Subnet].Segment.V)
					for _, x := range of[seg] {
						ends[k][x] = true
					}
				}
				if len(target.Subnets) == 0 { // a CIDR may be anywhere
					for x := range groups {
						ends[k][x] = true
					}
				}
			}
		}
		for x := range ends[0] {
			for y := range ends[1] {
				out[[2]int{x, y}], out[[2]int{y, x}] = true, true
			}
		}
	}
	return out
}
