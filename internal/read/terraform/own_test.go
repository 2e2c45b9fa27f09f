package terraform_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform"
	"github.com/tieline/tieline/internal/vocab"
)

// TestOwnNetworks: the plan of each of our own networks, read back, forwards and
// filters as the network that it was rendered from.
func TestOwnNetworks(t *testing.T) {
	for _, n := range own {
		t.Run(n.name, func(t *testing.T) {
			want, _ := compiled(t, n.dir)
			r, diags := terraform.Read(n.name+".json", recorded(t, n.name))
			if diags.HasErrors() {
				t.Fatalf("Read(%s):\n%s", n.name, diags)
			}
			if diff := cmp.Diff(normal(want), normal(r.Network)); diff != "" {
				t.Errorf("Read(%s) differs from the compiled network (-compiled +read):\n%s", n.name, diff)
			}
			for _, u := range r.Network.Unread {
				if !u.Harmless && !existing(want) {
					t.Errorf("Read(%s) does not understand %s: %s", n.name, u.Origin.Path, u.Why)
				}
			}
		})
	}
}

func existing(n *fabric.Network) bool {
	return slices.ContainsFunc(n.VPCs, func(v fabric.VPC) bool { return v.Existing != "" })
}

// normal says what a network does in lines that do not depend on how its
// objects are called: by prefixes, regions and native names.
func normal(n *fabric.Network) map[string][]string {
	x := normalizer{n: n, out: map[string][]string{}}
	x.places()
	x.tables()
	x.gateways()
	x.tunnels()
	x.filters()
	for _, list := range x.out {
		slices.Sort(list)
	}
	return x.out
}

type normalizer struct {
	n   *fabric.Network
	out map[string][]string
}

func (x *normalizer) add(what, format string, args ...any) {
	x.out[what] = append(x.out[what], fmt.Sprintf(format, args...))
}

// vpc names a VPC by its cloud and prefixes; a hub of Google has none.
func (x *normalizer) vpc(id fabric.VPCID) string {
	v, ok := x.n.VPC(id)
	if !ok {
		return "-"
	}
	if v.Existing != "" {
		return "existing " + v.Existing[strings.LastIndexByte(v.Existing, '/')+1:]
	}
	if v.Cloud != vocab.GCP {
		return v.Cloud.String() + " " + fmt.Sprint(sortedPrefixes(v.Prefixes))
	}
	var list []netip.Prefix
	for _, s := range x.n.Subnets {
		if s.VPC == id {
			list = append(list, s.Prefix)
		}
	}
	return "gcp " + fmt.Sprint(sortedPrefixes(list))
}

func sortedPrefixes(list []netip.Prefix) []string {
	var out []string
	for _, p := range list {
		out = append(out, p.String())
	}
	slices.Sort(out)
	return out
}

func (x *normalizer) isExisting(id fabric.VPCID) bool {
	v, ok := x.n.VPC(id)
	return ok && v.Existing != ""
}

func (x *normalizer) places() {
	for _, v := range x.n.VPCs {
		if v.Existing == "" {
			x.add("VPC", "%s mtu %d igw %v default %v regional %v", x.vpc(v.ID), v.MTU, v.InternetGateway, v.DefaultRoute, v.RegionalRouting)
		}
	}
	for _, s := range x.n.Subnets {
		if x.isExisting(s.VPC) {
			continue
		}
		for _, p := range s.Parts {
			x.add("subnet", "%s of %s zone %q purpose %d table %s", p.Prefix, x.vpc(s.VPC), p.Zone, s.Purpose, strings.Join(x.table(p.RouteTable), " "))
		}
	}
	for _, t := range x.n.NATs {
		if t.Cloud == vocab.AWS {
			s, _ := x.n.Subnet(t.Subnet)
			for _, p := range s.Parts {
				if p.Zone == t.Zone {
					x.add("NAT", "in %s", p.Prefix)
				}
			}
			continue
		}
		var serves []string
		for _, id := range t.Serves {
			s, _ := x.n.Subnet(id)
			serves = append(serves, s.Prefix.String())
		}
		slices.Sort(serves)
		x.add("NAT", "%s serves %v", t.Cloud, serves)
	}
}

// table lists what a route table does; an Azure table without routes does what
// none does.
func (x *normalizer) table(id fabric.RouteTableID) []string {
	t, ok := x.n.RouteTable(id)
	if !ok {
		return nil
	}
	var out []string
	for _, r := range t.Routes {
		out = append(out, r.Prefix.String()+">"+x.hop(r.Hop))
	}
	for _, g := range t.Propagate {
		out = append(out, "learns "+x.gateway(g))
	}
	if t.NoPropagation {
		out = append(out, "learns nothing")
	}
	slices.Sort(out)
	return out
}

// tables lists those of Google, which subnets do not name, and of existing VPCs.
func (x *normalizer) tables() {
	for _, t := range x.n.RouteTables {
		if v, _ := x.n.VPC(t.VPC); v.Cloud == vocab.GCP || t.Existing != "" {
			for _, r := range x.table(t.ID) {
				if !strings.HasPrefix(r, "0.0.0.0/0>internet") { // of a VPC's own default route
					x.add("table", "%s%s %s", t.Existing, x.gcp(t.VPC), r)
				}
			}
		}
	}
}

func (x *normalizer) gcp(id fabric.VPCID) string {
	if v, _ := x.n.VPC(id); v.Cloud == vocab.GCP {
		return x.vpc(id)
	}
	return ""
}

func (x *normalizer) hop(h fabric.Hop) string {
	switch h.Kind {
	case fabric.HopInternetGateway:
		return "internet"
	case fabric.HopNAT:
		t, _ := x.n.NAT(h.NAT)
		return "nat " + t.Zone
	case fabric.HopTransitGateway, fabric.HopVirtualNetworkGateway, fabric.HopVirtualPrivateGateway:
		return x.gateway(h.Gateway)
	case fabric.HopAttachment:
		return x.attachment(h.Attachment)
	case fabric.HopBlackhole:
		return "blackhole"
	case fabric.HopLocal:
		return "local"
	case fabric.HopAppliance:
		return "appliance"
	}
	return "?"
}

func (x *normalizer) region(id fabric.SiteID) string {
	s, _ := x.n.Site(id)
	return s.Region
}

func (x *normalizer) gateway(id fabric.GatewayID) string {
	g, ok := x.n.Gateway(id)
	if !ok {
		return "-"
	}
	return g.Kind.String() + " " + g.ASN.String() + " " + x.region(g.Site)
}

func (x *normalizer) attachment(id fabric.AttachmentID) string {
	a, ok := x.n.Attachment(id)
	if !ok {
		return "no attachment"
	}
	ends := []string{x.gateway(a.Gateway), x.gateway(a.Peer)}
	if a.Kind == fabric.TransitPeering {
		slices.Sort(ends)
	}
	if a.Kind == fabric.VPCPeering || a.Kind == fabric.VNetPeering {
		ends = nil
	}
	vpcs := []string{x.vpc(a.VPC), x.vpc(a.PeerVPC)}
	if !a.GatewayTransit && !a.ExchangeRoutes {
		slices.Sort(vpcs)
	}
	c, ok := x.n.Connection(a.Connection)
	inside := ""
	if ok {
		inside = x.connection(c)
	}
	return fmt.Sprintf("%d %v %v transit %v exchange %v cross %v %s", a.Kind, ends, vpcs, a.GatewayTransit, a.ExchangeRoutes, a.CrossAccount, inside)
}

func (x *normalizer) connection(c fabric.Connection) string {
	var out []string
	for _, id := range c.Tunnels {
		t, _ := x.n.Tunnel(id)
		out = append(out, t.Inside.String())
	}
	return fmt.Sprint("tunnels ", out, " large ", c.Large, " static ", c.Static)
}

func (x *normalizer) gateways() {
	for _, g := range x.n.Gateways {
		if g.Kind == fabric.Device {
			x.add("gateway", "%s", x.gateway(g.ID)) // what it announces is not in a plan
			continue
		}
		var inside [][]netip.Addr
		for _, i := range g.Interfaces {
			list := slices.Clone(i.Inside)
			slices.SortFunc(list, netip.Addr.Compare)
			if g.Kind != fabric.HAVPN {
				inside = append(inside, list)
			}
		}
		x.add("gateway", "%s of %s ECMP %v SKU %s%d announces %v subnets %v inside %v", x.gateway(g.ID), x.vpc(g.VPC), g.ECMP, g.SKU, g.Generation, g.Announce, g.AnnounceSubnets, inside)
		for _, t := range g.Tables {
			x.add("transit", "%s table %s associates %v", x.gateway(g.ID), t.Name, x.attachments(t.Associate))
			x.add("transit", "%s table %s learns %v", x.gateway(g.ID), t.Name, x.attachments(t.Propagate))
			for _, r := range t.Routes {
				x.add("transit", "%s table %s %s>%s", x.gateway(g.ID), t.Name, r.Prefix, x.hop(r.Hop))
			}
		}
	}
	for _, a := range x.n.Attachments {
		x.add("attachment", "%s", x.attachment(a.ID))
	}
}

func (x *normalizer) attachments(list []fabric.AttachmentID) []string {
	var out []string
	for _, id := range list {
		out = append(out, x.attachment(id))
	}
	slices.Sort(out)
	return out
}

func (x *normalizer) tunnels() {
	for _, t := range x.n.Tunnels {
		var ends []string
		for _, e := range t.Ends {
			g, _ := x.n.Gateway(e.Gateway)
			if g.Kind == fabric.Device {
				ends = append(ends, fmt.Sprintf("%s %s", x.gateway(e.Gateway), e.Inside))
				continue
			}
			ends = append(ends, fmt.Sprintf("%s#%d %s priority %d dpd %d keepalive %d hold %d lifetimes %d %d", x.gateway(e.Gateway), e.Interface, e.Inside, e.Priority, e.DPD, e.Keepalive, e.Hold, e.Phase1, e.Phase2))
		}
		slices.Sort(ends)
		x.add("tunnel", "%s %v carries %s", t.Inside, ends, t.Rate)
	}
	for _, l := range x.n.Links {
		ends := []string{x.region(l.Sites[0]), x.region(l.Sites[1])}
		x.add("link", "%d %s %s", l.Kind, ends[0], ends[1])
		slices.Sort(ends)
		x.add("capacity", "%s %v carries %s", l.Kind, ends, l.Capacity)
	}
	x.out["link"] = oriented(x.out["link"])
}

// oriented turns both ends of links into one order.
func oriented(links []string) []string {
	for i, l := range links {
		f := strings.SplitN(l, " ", 3)
		slices.Sort(f[1:])
		links[i] = strings.Join(f, " ")
	}
	return links
}

// filters lists what each part of a subnet's filters say, rule by rule.
func (x *normalizer) filters() {
	for _, s := range x.n.Subnets {
		if x.isExisting(s.VPC) {
			continue
		}
		for _, id := range []fabric.FilterID{s.Filter, s.NACL} {
			f, ok := x.n.Filter(id)
			if !ok {
				continue
			}
			for _, p := range s.Parts {
				for _, r := range f.Rules {
					for _, line := range x.rule(f, r) {
						x.add("filter", "%s of %s: %s", p.Prefix, f.Kind, line)
					}
				}
			}
		}
	}
	for _, f := range x.n.Filters {
		if f.Kind == fabric.FirewallPolicy {
			for _, r := range f.Rules {
				for _, line := range x.rule(f, r) {
					x.add("filter", "%s: %s", x.vpc(f.VPC), line)
				}
			}
		}
	}
	for k, list := range x.out {
		if k == "filter" {
			slices.Sort(list)
			x.out[k] = slices.Compact(list)
		}
	}
}

// rule takes a rule apart: one line a service and far side.
func (x *normalizer) rule(f fabric.Filter, r fabric.FilterRule) []string {
	services := []string{"nothing"}
	if len(r.Services) > 0 {
		services = nil
		for _, s := range r.Services {
			services = append(services, s.String())
		}
	}
	var far []string
	switch {
	case r.All:
		far = []string{"all"}
	case r.PeerTag != "":
		far = []string{r.PeerTag}
	case r.PeerEndpoint != "":
		far = []string{"endpoint " + string(r.PeerEndpoint)[strings.LastIndexByte(string(r.PeerEndpoint), '/')+1:]}
	case r.PeerFilter != "":
		peer, _ := x.n.Filter(r.PeerFilter)
		far = []string{"group " + peer.Name}
	default:
		far = sortedPrefixes(r.Peers)
	}
	priority := r.Priority
	if f.Kind == fabric.SecurityGroup || f.Kind == fabric.NetworkACL {
		priority = 0 // a rule of several prefixes takes several numbers
	}
	var out []string
	for _, s := range services {
		for _, p := range far {
			// Only AWS tells types of ICMP apart.
			out = append(out, fmt.Sprintf("%s %s %s %s local %v priority %d path mtu %v%s", r.Direction, r.Action, s, p, sortedPrefixes(r.Local), priority, r.PathMTU && f.Kind == fabric.SecurityGroup, r.Unread))
		}
	}
	return out
}
