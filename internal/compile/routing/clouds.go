package routing

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/spec"
	"github.com/tieline/tieline/internal/vocab"
)

type refValue = spec.Value[spec.Ref]

// gcp makes Cloud NAT where subnets ask for it, and says whether a VPC wants
// its default route; all other routes are the VPC's own or learned by BGP.
func (t *tables) gcp(i int) {
	d := t.d
	s := &d.Sites[i]
	for _, v := range s.VPCs {
		var nat []fabric.SubnetID
		for _, k := range t.subnets[subnetKey{s.ID, v.ID}] {
			switch sn := &d.Net.Subnets[k]; sn.Internet {
			case fabric.ViaNAT:
				nat = append(nat, sn.ID)
			case fabric.Public:
				t.vpc(v.ID).DefaultRoute = true
			case fabric.NoInternet:
			}
		}
		if len(nat) == 0 || v.Existing() {
			continue
		}
		t.vpc(v.ID).DefaultRoute = true
		slices.Sort(nat)
		n := fabric.NAT{ID: fabric.NATID(fmt.Sprintf("%s/%s/nat", s.ID, v.Name)), Cloud: vocab.GCP, VPC: v.ID, Site: s.ID, Serves: nat}
		n.Meta = s.Meta(v.Pos, "sites."+string(s.ID)+".networks."+v.Name)
		n.Meta.Account = v.Account
		if s.Gateway == fabric.HAVPN && v == s.Hub {
			n.Gateway = s.GatewayID()
		}
		d.Net.NATs = append(d.Net.NATs, n)
	}
}

// serviceRoutes gives the subnets of a GCP VPC that have no internet the way
// to their cloud's services: names that resolve to the private addresses, and
// without a default route the route to them. It points to the default internet
// gateway, though no packet leaves Google.
func (t *tables) serviceRoutes() {
	d := t.d
	ranges := map[fabric.VPCID][]netip.Prefix{}
	zones := map[fabric.VPCID]map[string][]netip.Prefix{} // by domain
	for i := range d.Net.Subnets {
		sn := &d.Net.Subnets[i]
		if sn.Internet != fabric.NoInternet {
			continue
		}
		for _, name := range sn.Services {
			if svc, ok := d.Atlas.Service(vocab.GCP, name); ok && t.vpc(sn.VPC).Cloud == vocab.GCP {
				ranges[sn.VPC] = append(ranges[sn.VPC], svc.Ranges...)
				if zones[sn.VPC] == nil {
					zones[sn.VPC] = map[string][]netip.Prefix{}
				}
				zones[sn.VPC][domain(svc.Native(""))] = svc.Ranges
			}
		}
	}
	for i := range d.Net.VPCs {
		v := &d.Net.VPCs[i]
		if len(ranges[v.ID]) == 0 || v.Existing != "" {
			continue
		}
		v.PrivateZones = t.privateZones(zones[v.ID])
		if v.DefaultRoute {
			continue // it leads there too
		}
		out := fabric.RouteTable{ID: fabric.RouteTableID(v.ID + "/rt-services"), Meta: v.Meta, VPC: v.ID, Name: "services"}
		for _, p := range prefix.Aggregate(ranges[v.ID]) {
			out.Routes = append(out.Routes, fabric.Route{Prefix: p, Hop: fabric.Hop{Kind: fabric.HopInternetGateway}, Note: "Google APIs", Origin: v.Meta.Origin})
		}
		d.Net.RouteTables = append(d.Net.RouteTables, out)
	}
}

// domain is what a service's name is registered under: its last two labels.
func domain(name string) string {
	labels := strings.Split(name, ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

// privateZones answers the domains of services with the addresses that a
// subnet without internet may send to.
func (t *tables) privateZones(domains map[string][]netip.Prefix) []fabric.PrivateZone {
	var out []fabric.PrivateZone
	for name, ranges := range domains {
		z := fabric.PrivateZone{Domain: name, Host: name}
		for _, svc := range t.d.Atlas.Services(vocab.GCP) {
			// The name of the range itself: private.googleapis.com.
			if slices.Equal(svc.Ranges, ranges) && strings.HasSuffix(svc.Native(""), "."+name) && strings.HasPrefix(svc.Name, "google-apis") {
				z.Host = svc.Native("")
			}
		}
		for _, r := range ranges {
			for a := r.Addr(); r.Contains(a); a = a.Next() {
				z.Addrs = append(z.Addrs, a)
			}
		}
		out = append(out, z)
	}
	slices.SortFunc(out, func(a, b fabric.PrivateZone) int { return cmp.Compare(a.Domain, b.Domain) })
	return out
}

// azure makes NAT gateways, and the routes by which the spokes of a hub VNet
// reach each other through its VPN gateway.
func (t *tables) azure(i int) {
	d := t.d
	s := &d.Sites[i]
	for _, v := range s.VPCs {
		if v.Existing() {
			continue
		}
		meta := s.Meta(v.Pos, "sites."+string(s.ID)+".networks."+v.Name)
		meta.Account = v.Account
		var nat []fabric.SubnetID
		var table *fabric.RouteTable
		if v.Role == fabric.Spoke && s.Gateway == fabric.VPNGateway {
			table = t.spokeTable(s, v, meta)
		}
		for _, k := range t.subnets[subnetKey{s.ID, v.ID}] {
			sn := &d.Net.Subnets[k]
			if sn.Internet == fabric.ViaNAT {
				nat = append(nat, sn.ID)
			}
			if table != nil && sn.Purpose == fabric.Workload {
				sn.RouteTable = table.ID
				sn.Parts[0].RouteTable = table.ID
			}
		}
		if table != nil {
			d.Net.RouteTables = append(d.Net.RouteTables, *table)
		}
		if len(nat) > 0 {
			slices.Sort(nat)
			d.Net.NATs = append(d.Net.NATs, fabric.NAT{
				ID: fabric.NATID(fmt.Sprintf("%s/%s/nat", s.ID, v.Name)), Cloud: vocab.Azure, Meta: meta, VPC: v.ID, Site: s.ID, Serves: nat,
			})
		}
	}
}

// spokeTable sends a spoke's traffic for the other spokes to the hub's VPN
// gateway: VNet peering is not transitive.
func (t *tables) spokeTable(s *draft.Site, v *draft.VPC, meta fabric.Meta) *fabric.RouteTable {
	out := fabric.RouteTable{ID: fabric.RouteTableID(fmt.Sprintf("%s/%s/rt-spoke", s.ID, v.Name)), Meta: meta, VPC: v.ID, Site: s.ID, Name: "spoke"}
	for _, w := range s.VPCs {
		if w == v || w.Role != fabric.Spoke {
			continue
		}
		for _, p := range t.vpc(w.ID).Prefixes {
			out.Routes = append(out.Routes, fabric.Route{
				Prefix: p, Hop: fabric.Hop{Kind: fabric.HopVirtualNetworkGateway, Gateway: s.GatewayID()}, Note: w.Name, Origin: meta.Origin,
			})
		}
	}
	if len(out.Routes) == 0 {
		return nil
	}
	slices.SortFunc(out.Routes, func(a, b fabric.Route) int { return prefix.Compare(a.Prefix, b.Prefix) })
	return &out
}

// announce says what GCP's Cloud Routers announce: the site's summary, and
// that of every site that a neighbour reaches through it.
func (t *tables) announce() {
	d := t.d
	for i := range d.Sites {
		s := &d.Sites[i]
		if s.Gateway != fabric.HAVPN {
			continue
		}
		set := append([]netip.Prefix(nil), s.Prefixes...)
		for k := range d.Pairs {
			p := &d.Pairs[k]
			if p.Kind != fabric.VPN || p.A != i && p.B != i {
				continue
			}
			neighbour := p.A + p.B - i
			for j := range d.Sites {
				way := t.paths.route(neighbour, j)
				if len(way) > 2 && way[1] == i {
					set = append(set, d.Sites[j].Prefixes...)
				}
			}
		}
		g := t.gw[s.GatewayID()]
		g.Announce = prefix.Aggregate(set)
		d.Because(string(g.ID), "announce", fmt.Sprint(g.Announce), draft.Step(s.Spec.Pos, []string{"gcp.router.announces"}, "custom ranges: the site's summary, and what is reached through it; not each subnet"))
	}
	for i := range d.Sites {
		if d.Sites[i].Gateway == fabric.Device && d.Sites[i].IsHub {
			t.handOn(i)
		}
	}
}

// handOn lists what the devices of a hub of one's own announce besides the
// site's prefixes: those of the spokes that others reach through it, as they
// hear them, since BGP tells prefixes apart by their length too.
func (t *tables) handOn(i int) {
	d := t.d
	s := &d.Sites[i]
	g := t.gw[s.GatewayID()]
	var far []netip.Prefix
	for k := range d.Pairs {
		p := &d.Pairs[k]
		if p.A != i && p.B != i {
			continue
		}
		for j := range d.Sites {
			way := t.paths.route(p.A+p.B-i, j)
			if len(way) < 3 || way[1] != i {
				continue
			}
			next := &d.Sites[way[2]]
			if next.Gateway == fabric.HAVPN {
				far = append(far, t.gw[next.GatewayID()].Announce...)
				continue
			}
			far = append(far, t.announced(j)...)
		}
	}
	if len(far) == 0 {
		return
	}
	slices.SortFunc(far, prefix.Compare)
	g.Announce = append(slices.Clone(g.Announce), slices.Compact(far)...)
	d.Because(string(g.ID), "announce", fmt.Sprint(g.Announce), draft.Step(s.Spec.Pos, nil, "the site's own prefixes, and those that spokes reach through it, handed on as they are heard"))
}
