package audit

import (
	"slices"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/vocab"
)

// transitRules are the consequences of the three clouds' different hubs.
func transitRules() []rule {
	return []rule{
		{diag.Rule{
			Code: "TL2201", Severity: diag.Warning, Source: "https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html",
			Title: "a network of a site has no way to the site's gateway",
			Why: "The three clouds' hubs are different objects: a virtual private gateway serves one VPC, a Google peering passes routes on only when they are exported, " +
				"imported and announced as custom ranges, an Azure spoke reaches a hub's gateway only with gateway transit. What is forgotten is silent. " +
				"Accept it for a network that is to stay alone.",
		}, (*auditor).unhubbed},
		{diag.Rule{
			Code: "TL2202", Severity: diag.Warning, Source: "https://learn.microsoft.com/azure/virtual-network/service-tags-overview",
			Title: "a network security group leaves Azure's default rule for the virtual network in force, on a network that is joined to others",
			Why: "The tag VirtualNetwork covers peered networks and all that the gateway has learned, so segments that a hub joins are open to each other " +
				"until a rule denies it. End each group in a deny of everything.",
		}, (*auditor).defaultVNetRule},
		{diag.Rule{
			Code: "TL2203", Severity: diag.Error, Source: sourceAdv,
			Title: "a hub in Google carries nothing between its spokes",
			Why: "AWS's transit gateways and Azure's gateways pass routes and packets from one spoke to another; a VPC of Google does not, unless its " +
				"tunnels are hybrid spokes of a Network Connectivity Center hub with site-to-site data transfer.",
		}, (*auditor).googleHub},
		{diag.Rule{
			Code: "TL2204", Severity: diag.Warning, Source: "https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html",
			Title: "a subnet's route table does not know the gateway that its network is joined to",
			Why: "AWS's transit gateway fills no route table of a VPC, a virtual private gateway only those that let it, and an Azure route table can shut the gateway's " +
				"routes out: each table is work. Accept it for subnets that are to stay inside.",
		}, (*auditor).blindTables},
		{diag.Rule{
			Code: "TL2205", Severity: diag.Note, Source: "https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-quotas.html",
			Title: "packets without TCP's clamp are larger than their way, and nobody tells the sender",
			Why: "A way's MTU is the least of its hops, and VPN, Direct Connect and peering hops send no \"fragmentation needed\". TCP is clamped; UDP and " +
				"other protocols have to keep below by themselves.",
			NotJudged: "reported by the proof as TL1011, with a packet that is too large",
		}, nil},
	}
}

// unhubbed: each network with subnets at a site with a gateway to others has
// a way to it, and is told of there.
func (u *auditor) unhubbed() {
	gateways := map[fabric.SiteID][]fabric.Gateway{}
	for _, l := range u.n.Links {
		for i, id := range l.Gateways {
			if g, ok := u.n.Gateway(id); ok && !slices.ContainsFunc(gateways[l.Sites[i]], func(x fabric.Gateway) bool { return x.ID == id }) {
				gateways[l.Sites[i]] = append(gateways[l.Sites[i]], g)
			}
		}
	}
	for i := range u.n.VPCs {
		v := &u.n.VPCs[i]
		for _, s := range v.Sites {
			list := gateways[s]
			if len(list) == 0 || v.Role == fabric.Hub {
				continue
			}
			why := ""
			for _, g := range list {
				if why = u.cutOff(v, s, g); why == "" {
					break
				}
			}
			if why == "" {
				continue
			}
			f := u.add(diag.Warning, v.Meta.Origin, string(v.ID), "network %s: %s", v.ID, why)
			f.Hint = "attach it to the gateway, or leave the site's gateway to be derived"
		}
	}
}

// cutOff says why a network does not reach a gateway of its site; empty when
// it does.
func (u *auditor) cutOff(v *fabric.VPC, s fabric.SiteID, g fabric.Gateway) string {
	if g.VPC == v.ID {
		return ""
	}
	why := "no attachment joins it to " + string(g.ID)
	for i := range u.n.Attachments {
		a := &u.n.Attachments[i]
		switch a.Kind {
		case fabric.TransitVPCAttachment, fabric.VirtualHubConnection:
			if a.VPC == v.ID && a.Gateway == g.ID {
				return ""
			}
		case fabric.VNetPeering:
			if a.VPC == v.ID && a.PeerVPC == g.VPC || a.PeerVPC == v.ID && a.VPC == g.VPC {
				if a.GatewayTransit {
					return ""
				}
				why = "it is peered with " + string(g.VPC) + " without the use of its gateway"
			}
		case fabric.VPCPeering:
			if a.VPC != v.ID || a.PeerVPC != g.VPC {
				continue
			}
			switch {
			case !a.ExchangeRoutes:
				why = "it is peered with " + string(g.VPC) + ", which does not hand on the routes that its router learns"
			case !announces(g, v, s):
				why = "its prefixes are not announced by " + string(g.ID)
			default:
				return ""
			}
		case fabric.NCCSpoke:
			if a.VPC == v.ID {
				return ""
			}
		case fabric.VGWAttachment, fabric.TransitVPNAttachment, fabric.TransitPeering, fabric.NCCHybridSpoke, fabric.AWSPeering, fabric.DirectConnectAssociation:
		}
	}
	return why
}

// announces reports whether a Cloud Router tells its peers of a network's
// block at a site.
func announces(g fabric.Gateway, v *fabric.VPC, s fabric.SiteID) bool {
	told := prefix.FromPrefixes(g.Announce...)
	for _, b := range v.Blocks {
		if b.Site == s && b.Prefix.IsValid() && !told.ContainsPrefix(b.Prefix) {
			return false
		}
	}
	return true
}

// defaultVNetRule: a group on a network that is joined to others denies what
// the default rule for VirtualNetwork would let in.
func (u *auditor) defaultVNetRule() {
	joined := map[fabric.VPCID]bool{}
	for _, a := range u.n.Attachments {
		joined[a.VPC], joined[a.PeerVPC] = true, true
	}
	for _, g := range u.n.Gateways {
		joined[g.VPC] = true
	}
	for i := range u.n.Filters {
		f := &u.n.Filters[i]
		if f.Kind != fabric.NSG || len(f.Subnets) == 0 || !joined[f.VPC] || deniesRest(f) {
			continue
		}
		x := u.add(diag.Warning, f.Meta.Origin, string(f.ID), "%s denies nothing that comes from the virtual network, and %s is joined to others", f.ID, f.VPC)
		x.Hint = "end it in a rule that denies every ingress"
	}
}

// deniesRest reports whether a group has a rule that denies every service
// from everywhere or from the virtual network.
func deniesRest(f *fabric.Filter) bool {
	return slices.ContainsFunc(f.Rules, func(r fabric.FilterRule) bool {
		return r.Direction == fabric.Ingress && r.Action == fabric.Deny && r.Unread == "" && (r.All || r.PeerTag == "VirtualNetwork") &&
			len(r.SourcePorts) == 0 && (len(r.Services) == 0 || slices.ContainsFunc(r.Services, func(s vocab.Service) bool { return s.Proto == vocab.AnyProto }))
	})
}

// googleHub: a site in Google that others take for their hub, by the spec or
// by its tunnels being on a Network Connectivity Center hub, carries traffic
// between those that have no link to each other. Where policy wants that, the
// rule of Cloud Routers in between says so already, by pairs of sites.
func (u *auditor) googleHub() {
	hybrid := map[fabric.TunnelID]bool{}
	for _, a := range u.n.Attachments {
		if a.Kind == fabric.NCCHybridSpoke {
			for _, t := range a.Tunnels {
				hybrid[t] = true
			}
		}
	}
	spokes := map[fabric.SiteID][]fabric.LinkID{}
	for _, l := range u.n.Links {
		if l.Kind != fabric.VPN {
			continue
		}
		for _, s := range l.Sites {
			if u.site(s).Cloud == vocab.GCP && (l.Transit == s || slices.ContainsFunc(l.Tunnels, func(t fabric.TunnelID) bool { return hybrid[t] })) {
				spokes[s] = append(spokes[s], l.ID)
			}
		}
	}
	for _, hub := range sortedKeys(spokes) {
		var alone []fabric.LinkID
		for _, id := range spokes[hub] {
			if !u.carriesOn(id) {
				alone = append(alone, id)
			}
		}
		if len(alone) == 0 || !u.apart(hub, spokes[hub]) || slices.Contains(u.memo.told, hub) {
			continue
		}
		l, _ := u.n.Link(alone[0])
		severity, what, others := diag.Warning, "site", "links"
		if l.Transit == hub {
			severity, what, others = diag.Error, "hub", "spokes"
		}
		f := u.add(severity, l.Origin, string(hub), "%s %s hands nothing on from one of its %d %s to another: its tunnels are no hybrid spokes with site-to-site transfer", what, hub, len(spokes[hub]), others)
		f.Hint = "turn on site_to_site_data_transfer, or take a site in AWS or Azure as the hub, or join the other sites themselves"
	}
}

// apart reports whether two of a hub's spokes have no link to each other.
func (u *auditor) apart(hub fabric.SiteID, spokes []fabric.LinkID) bool {
	var far []fabric.SiteID
	for _, id := range spokes {
		l, _ := u.n.Link(id)
		s := l.Sites[0]
		if s == hub {
			s = l.Sites[1]
		}
		for _, other := range far {
			if _, ok := u.n.Link(fabric.LinkBetween(s, other)); !ok {
				return true
			}
		}
		far = append(far, s)
	}
	return false
}

// carriesOn reports whether every tunnel of a link is on an NCC hub that
// carries traffic between hybrid spokes.
func (u *auditor) carriesOn(id fabric.LinkID) bool {
	on := map[fabric.TunnelID]bool{}
	for _, a := range u.n.Attachments {
		if a.Kind == fabric.NCCHybridSpoke && !a.NoSiteToSite {
			for _, t := range a.Tunnels {
				on[t] = true
			}
		}
	}
	l, _ := u.n.Link(id)
	return len(l.Tunnels) > 0 && !slices.ContainsFunc(l.Tunnels, func(t fabric.TunnelID) bool { return !on[t] })
}

// blindTables: each workload subnet's table has some route to the gateway that
// its network is joined to.
func (u *auditor) blindTables() {
	told := map[string]bool{}
	report := func(table fabric.RouteTable, s fabric.Subnet, text string, to string) {
		k := string(table.ID) + " " + to
		if told[k] {
			return
		}
		told[k] = true
		origin, object := table.Meta.Origin, string(table.ID)
		if table.ID == "" {
			origin, object = s.Meta.Origin, string(s.ID)
		}
		f := u.add(diag.Warning, origin, object, "subnet %s: %s", s.ID, text)
		f.Hint = "add a route for the other sites' prefixes"
	}
	for _, s := range u.n.Subnets {
		if s.Purpose != fabric.Workload || s.Existing {
			continue
		}
		for _, part := range s.Parts {
			table, ok := u.n.RouteTable(part.RouteTable)
			if !ok {
				table, _ = u.n.RouteTable(s.RouteTable)
			}
			for _, g := range u.joinedTo(s.VPC) {
				if why := blind(table, g); why != "" {
					report(table, s, why, string(g.ID))
				}
			}
		}
	}
}

// joinedTo returns the gateways with links that a network of AWS or Azure is
// joined to.
func (u *auditor) joinedTo(v fabric.VPCID) []fabric.Gateway {
	if u.memo.joined == nil {
		u.memo.joined = map[fabric.VPCID][]fabric.Gateway{}
		linked := map[fabric.GatewayID]bool{}
		for _, l := range u.n.Links {
			linked[l.Gateways[0]], linked[l.Gateways[1]] = true, true
		}
		add := func(v fabric.VPCID, id fabric.GatewayID) {
			if g, ok := u.n.Gateway(id); ok && linked[id] {
				u.memo.joined[v] = append(u.memo.joined[v], g)
			}
		}
		for _, a := range u.n.Attachments {
			if a.Kind == fabric.TransitVPCAttachment {
				add(a.VPC, a.Gateway)
			}
		}
		for _, g := range u.n.Gateways {
			if g.Kind == fabric.VirtualPrivateGateway || g.Kind == fabric.VPNGateway {
				add(g.VPC, g.ID)
			}
		}
	}
	return u.memo.joined[v]
}

// blind says why a table does not lead to a gateway; empty when it does.
func blind(t fabric.RouteTable, g fabric.Gateway) string {
	leads := func(kind fabric.HopKind) bool {
		return slices.ContainsFunc(t.Routes, func(r fabric.Route) bool {
			return r.Hop.Kind == kind && (r.Hop.Gateway == "" || r.Hop.Gateway == g.ID)
		})
	}
	unknown := slices.ContainsFunc(t.Routes, func(r fabric.Route) bool { return r.Hop.Kind == fabric.HopAppliance })
	switch g.Kind {
	case fabric.TransitGateway:
		if !unknown && !leads(fabric.HopTransitGateway) {
			return "its route table has no route to " + string(g.ID)
		}
	case fabric.VirtualPrivateGateway:
		if !unknown && !slices.Contains(t.Propagate, g.ID) && !leads(fabric.HopVirtualPrivateGateway) {
			return "its route table neither learns from " + string(g.ID) + " nor has a route to it"
		}
	case fabric.VPNGateway:
		if !unknown && t.NoPropagation && !leads(fabric.HopVirtualNetworkGateway) {
			return "its route table keeps the routes of " + string(g.ID) + " out"
		}
	case fabric.HAVPN, fabric.VirtualHub, fabric.Device, fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
	}
	return ""
}
