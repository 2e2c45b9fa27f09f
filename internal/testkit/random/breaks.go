package random

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// Break is one change of a compiled network that its makers did not mean. It
// is applied to a [Clone].
type Break struct {
	Name  string
	Apply func(n *fabric.Network)
}

type breaks struct {
	n   *fabric.Network
	all []Break
}

func (b *breaks) add(apply func(n *fabric.Network), format string, args ...any) {
	b.all = append(b.all, Break{fmt.Sprintf(format, args...), apply})
}

// Breaks lists every single break of a network, in a stable order: routes,
// announcements, associations, propagations, attachments, tunnels, AS numbers,
// rules of filters, and what else one hand can change.
func Breaks(n *fabric.Network) []Break {
	b := &breaks{n: n}
	b.routeTables()
	b.gateways()
	b.attachments()
	b.tunnels()
	b.filters()
	b.networks()
	return b.all
}

// without returns a slice without its i-th element; the other is not touched.
func without[T any](s []T, i int) []T { return slices.Delete(slices.Clone(s), i, i+1) }

// half is the lower half of a prefix.
func half(p netip.Prefix) netip.Prefix { return netip.PrefixFrom(p.Addr(), min(p.Bits()+1, 32)) }

// other is the upper half of a prefix.
func other(p netip.Prefix) netip.Prefix {
	h := half(p)
	a := h.Addr().As4()
	bit := h.Bits() - 1
	a[bit/8] |= 1 << (7 - bit%8)
	return netip.PrefixFrom(netip.AddrFrom4(a), h.Bits())
}

func (b *breaks) routeTables() {
	for i, t := range b.n.RouteTables {
		for j, r := range t.Routes {
			b.add(func(n *fabric.Network) { n.RouteTables[i].Routes = without(n.RouteTables[i].Routes, j) }, "%s loses %s", t.ID, r.Prefix)
			b.add(func(n *fabric.Network) { n.RouteTables[i].Routes[j].Hop = fabric.Hop{Kind: fabric.HopBlackhole} }, "%s discards %s", t.ID, r.Prefix)
			b.add(func(n *fabric.Network) { n.RouteTables[i].Routes[j].Prefix = half(r.Prefix) }, "%s has half of %s", t.ID, r.Prefix)
		}
		for j, g := range t.Propagate {
			b.add(func(n *fabric.Network) { n.RouteTables[i].Propagate = without(n.RouteTables[i].Propagate, j) }, "%s learns nothing of %s", t.ID, g)
		}
		if v, ok := b.n.VPC(t.VPC); ok && v.Cloud == vocab.Azure {
			b.add(func(n *fabric.Network) { n.RouteTables[i].NoPropagation = !t.NoPropagation }, "%s turns propagation round", t.ID)
		}
	}
}

func (b *breaks) gateways() {
	for i, g := range b.n.Gateways {
		if g.Kind != fabric.VirtualHub {
			for _, h := range b.n.Gateways {
				if h.ID != g.ID && h.ASN != g.ASN {
					b.add(func(n *fabric.Network) { n.Gateways[i].ASN = h.ASN }, "%s has the AS number of %s", g.ID, h.ID)
				}
			}
		}
		for j, p := range g.Announce {
			b.add(func(n *fabric.Network) { n.Gateways[i].Announce = without(n.Gateways[i].Announce, j) }, "%s no longer announces %s", g.ID, p)
			b.add(func(n *fabric.Network) { n.Gateways[i].Announce[j] = half(p) }, "%s announces half of %s", g.ID, p)
			b.add(func(n *fabric.Network) { n.Gateways[i].Announce[j] = other(p) }, "%s announces the other half of %s", g.ID, p)
		}
		if g.Kind == fabric.HAVPN {
			b.add(func(n *fabric.Network) { n.Gateways[i].AnnounceSubnets = !g.AnnounceSubnets }, "%s turns the announcing of subnets round", g.ID)
		}
		b.announces(i, g)
		if g.Kind == fabric.TransitGateway {
			b.transitTables(i, g)
		}
	}
}

// announces lets a Cloud Router announce what is another's. What a router of
// one's own does with a prefix that it is said to announce and does not hold
// is in its configuration, not here.
func (b *breaks) announces(i int, g fabric.Gateway) {
	if g.Kind != fabric.HAVPN {
		return
	}
	for _, s := range b.n.Sites {
		if s.ID == g.Site || len(s.Prefixes) == 0 {
			continue
		}
		for _, q := range []netip.Prefix{s.Prefixes[0], half(s.Prefixes[0])} {
			if !slices.Contains(g.Announce, q) {
				b.add(func(n *fabric.Network) { n.Gateways[i].Announce = append(n.Gateways[i].Announce, q) }, "%s announces %s of %s", g.ID, q, s.ID)
			}
		}
	}
}

func (b *breaks) transitTables(i int, g fabric.Gateway) {
	for j, t := range g.Tables {
		table := func(n *fabric.Network) *fabric.TransitTable { return &n.Gateways[i].Tables[j] }
		for k, a := range t.Associate {
			b.add(func(n *fabric.Network) { table(n).Associate = without(table(n).Associate, k) }, "%s/%s is no longer associated with %s", g.ID, t.Name, a)
		}
		for k, a := range t.Propagate {
			b.add(func(n *fabric.Network) { table(n).Propagate = without(table(n).Propagate, k) }, "%s propagates no longer to %s/%s", a, g.ID, t.Name)
		}
		for k, r := range t.Routes {
			b.add(func(n *fabric.Network) { table(n).Routes = without(table(n).Routes, k) }, "%s/%s loses %s", g.ID, t.Name, r.Prefix)
			b.add(func(n *fabric.Network) { table(n).Routes[k].Hop = fabric.Hop{Kind: fabric.HopBlackhole} }, "%s/%s discards %s", g.ID, t.Name, r.Prefix)
		}
		for _, a := range b.n.Attachments {
			if a.Gateway == g.ID && (a.Kind == fabric.TransitVPCAttachment || a.Kind == fabric.TransitVPNAttachment) && !slices.Contains(t.Propagate, a.ID) {
				b.add(func(n *fabric.Network) {
					table(n).Propagate = append(table(n).Propagate, a.ID)
					slices.Sort(table(n).Propagate)
				}, "%s propagates to %s/%s", a.ID, g.ID, t.Name)
			}
		}
	}
	b.add(func(n *fabric.Network) { n.Gateways[i].ECMP = !g.ECMP }, "%s turns ECMP round", g.ID)
}

func (b *breaks) attachments() {
	for i, a := range b.n.Attachments {
		if a.Kind != fabric.TransitVPNAttachment { // which the connection implies
			b.add(func(n *fabric.Network) { detach(n, a.ID) }, "%s is gone", a.ID)
		}
		switch a.Kind {
		case fabric.VNetPeering:
			b.add(func(n *fabric.Network) { n.Attachments[i].GatewayTransit = !a.GatewayTransit }, "%s turns gateway transit round", a.ID)
		case fabric.VPCPeering:
			b.add(func(n *fabric.Network) { n.Attachments[i].ExchangeRoutes = !a.ExchangeRoutes }, "%s turns the exchange of routes round", a.ID)
		case fabric.NCCHybridSpoke:
			b.add(func(n *fabric.Network) { n.Attachments[i].NoSiteToSite = !a.NoSiteToSite }, "%s turns site-to-site round", a.ID)
		default:
		}
	}
}

// detach removes an attachment and its names in transit tables.
func detach(n *fabric.Network, id fabric.AttachmentID) {
	is := func(x fabric.AttachmentID) bool { return x == id }
	n.Attachments = slices.DeleteFunc(n.Attachments, func(a fabric.Attachment) bool { return a.ID == id })
	for i := range n.Gateways {
		for j := range n.Gateways[i].Tables {
			t := &n.Gateways[i].Tables[j]
			t.Associate, t.Propagate = slices.DeleteFunc(t.Associate, is), slices.DeleteFunc(t.Propagate, is)
			t.Routes = slices.DeleteFunc(t.Routes, func(r fabric.Route) bool { return r.Hop.Attachment == id })
		}
	}
}

func (b *breaks) tunnels() {
	for i, t := range b.n.Tunnels {
		b.add(func(n *fabric.Network) { cut(n, t.ID) }, "%s is gone", t.ID)
		for j, e := range t.Ends {
			if g, ok := b.n.Gateway(e.Gateway); ok && (g.Kind == fabric.HAVPN || g.Kind == fabric.Device) {
				b.add(func(n *fabric.Network) { n.Tunnels[i].Ends[j].Priority = 150 }, "%s sends a higher MED from %s", t.ID, g.ID)
			}
		}
	}
	for _, l := range b.n.Links {
		if len(l.Tunnels) > 0 {
			b.add(func(n *fabric.Network) {
				for _, id := range l.Tunnels {
					cut(n, id)
				}
			}, "all tunnels of %s are gone", l.ID)
		}
	}
}

// cut removes a tunnel and its names.
func cut(n *fabric.Network, id fabric.TunnelID) {
	is := func(x fabric.TunnelID) bool { return x == id }
	n.Tunnels = slices.DeleteFunc(n.Tunnels, func(t fabric.Tunnel) bool { return t.ID == id })
	for i := range n.Links {
		n.Links[i].Tunnels = slices.DeleteFunc(n.Links[i].Tunnels, is)
	}
	for i := range n.Attachments {
		n.Attachments[i].Tunnels = slices.DeleteFunc(n.Attachments[i].Tunnels, is)
	}
}

func (b *breaks) filters() {
	for i, f := range b.n.Filters {
		for j, r := range f.Rules {
			rule := func(n *fabric.Network) *fabric.FilterRule { return &n.Filters[i].Rules[j] }
			b.add(func(n *fabric.Network) { n.Filters[i].Rules = without(n.Filters[i].Rules, j) }, "%s loses %s", f.ID, r.Name)
			b.add(func(n *fabric.Network) {
				rule(n).Services = []vocab.Service{{Proto: vocab.TCP, Ports: vocab.PortRange{First: 9999, Last: 9999}}}
				rule(n).PathMTU = false
			}, "%s has other ports in %s", f.ID, r.Name)
			if f.Kind != fabric.SecurityGroup {
				b.add(func(n *fabric.Network) { rule(n).Action = fabric.Allow + fabric.Deny - r.Action }, "%s turns %s round", f.ID, r.Name)
			}
			for k, p := range r.Peers {
				if len(r.Peers) > 1 {
					b.add(func(n *fabric.Network) { rule(n).Peers = without(rule(n).Peers, k) }, "%s leaves %s out of %s", f.ID, p, r.Name)
				}
			}
			if !r.All {
				b.add(func(n *fabric.Network) {
					x := rule(n)
					x.Peers, x.PeerFilter, x.PeerEndpoint, x.PeerTag, x.All = nil, "", "", "", true
				}, "%s opens %s to all", f.ID, r.Name)
			}
		}
	}
}

func (b *breaks) networks() {
	for i, v := range b.n.VPCs {
		switch v.Cloud {
		case vocab.AWS:
			b.add(func(n *fabric.Network) { n.VPCs[i].InternetGateway = !v.InternetGateway }, "%s turns its internet gateway round", v.ID)
		case vocab.GCP:
			b.add(func(n *fabric.Network) { n.VPCs[i].RegionalRouting = !v.RegionalRouting }, "%s turns global routing round", v.ID)
			b.add(func(n *fabric.Network) { n.VPCs[i].DefaultRoute = !v.DefaultRoute }, "%s turns its default route round", v.ID)
		default:
		}
	}
	for i, s := range b.n.Subnets {
		if v, ok := b.n.VPC(s.VPC); ok && v.Cloud == vocab.Azure && s.Filter != "" {
			b.add(func(n *fabric.Network) { unfilter(n, i) }, "%s has no NSG", s.ID)
		}
		if s.NACL != "" {
			b.add(func(n *fabric.Network) { unguard(n, i) }, "%s has the default network ACL", s.ID)
		}
		if s.Purpose == fabric.TransitSubnet && len(s.Parts) > 1 {
			b.add(func(n *fabric.Network) { n.Subnets[i].Parts = without(n.Subnets[i].Parts, 0) }, "%s is not in %s", s.ID, s.Parts[0].Zone)
		}
	}
	for i, x := range b.n.NATs {
		b.add(func(n *fabric.Network) { n.NATs = without(n.NATs, i) }, "%s is gone", x.ID)
	}
}

// unfilter takes the filter off a subnet, at both ends of the reference.
func unfilter(n *fabric.Network, i int) {
	leave(n, n.Subnets[i].Filter, n.Subnets[i].ID)
	n.Subnets[i].Filter = ""
}

// unguard takes the network ACL off a subnet, at both ends of the reference.
func unguard(n *fabric.Network, i int) {
	leave(n, n.Subnets[i].NACL, n.Subnets[i].ID)
	n.Subnets[i].NACL = ""
}

// leave takes a subnet's name out of a filter.
func leave(n *fabric.Network, f fabric.FilterID, id fabric.SubnetID) {
	for j := range n.Filters {
		if n.Filters[j].ID == f {
			n.Filters[j].Subnets = slices.DeleteFunc(n.Filters[j].Subnets, func(s fabric.SubnetID) bool { return s == id })
		}
	}
}
