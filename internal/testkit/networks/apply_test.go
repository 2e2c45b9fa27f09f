package networks_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/testkit/terraform/check"
	"github.com/tieline/tieline/internal/vocab"
)

// TestNothingFailsAtApply: what the real providers let through validation and
// plan, to fail only at apply, is in no compiled network. Random specs and the
// corpus are held against each such rule, all with all, the naive way.
func TestNothingFailsAtApply(t *testing.T) {
	t.Parallel()
	each(t, false, func(t *testing.T, n network) { checkApply(t, n.compile(t, n.text(t), n.lock(t))) })
	seeds := 40
	if testing.Short() {
		seeds = 12
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			text := randomSpec(rand.New(rand.NewPCG(seed, 7)))
			d := network{name: "random", quotas: "version: 1\nas_of: 2026-11\nlimits: {aws.eip.per_region: 50, aws.vpc.per_region: 50}\n"}.compile(t, text, lock.Lock{})
			checkApply(t, d)
			for _, l := range layouts {
				problems, err := check.Check(d.render(t, l.layout))
				if err != nil {
					t.Fatal(err)
				}
				for _, p := range problems {
					t.Errorf("layout %s: Check: %v", l.name, p)
				}
			}
			if t.Failed() {
				t.Logf("of the spec\n%s", text)
			}
		})
	}
}

func checkApply(t *testing.T, d design) {
	t.Helper()
	a := applyChecker{T: t, n: d.Network, atlas: d.atlas}
	a.sites()
	a.vpcs()
	a.subnets()
	a.routes()
	a.gateways()
	a.tunnels()
	a.filters()
}

type applyChecker struct {
	*testing.T
	n     *fabric.Network
	atlas *atlas.Atlas
}

// prefix: IPv4, without host bits; google and azurerm check neither.
func (a applyChecker) prefix(what string, p netip.Prefix) {
	a.Helper()
	if !p.IsValid() || !p.Addr().Is4() || p != p.Masked() {
		a.Errorf("%s: %s is no IPv4 prefix without host bits", what, p)
	}
}

// sites: regions and zone ids that exist.
func (a applyChecker) sites() {
	for _, s := range a.n.Sites {
		if !s.Cloud.IsPublic() {
			continue
		}
		region, ok := a.atlas.Region(s.Cloud, s.Region)
		if !ok {
			a.Errorf("site %s: no region %q", s.ID, s.Region)
		}
		for _, z := range s.Zones {
			if !slices.Contains(region.Zones, atlas.Zone(z)) {
				a.Errorf("site %s: no zone %q in %s", s.ID, z, s.Region)
			}
		}
	}
}

// vpcs: blocks that the cloud takes, apart from each other.
func (a applyChecker) vpcs() {
	for i, v := range a.n.VPCs {
		rules := a.atlas.Addresses(v.Cloud)
		for _, p := range v.Prefixes {
			a.prefix("VPC "+string(v.ID), p)
			if v.Existing == "" && v.Cloud != vocab.GCP && !rules.Block.Holds(p.Bits()) {
				a.Errorf("VPC %s: %s does not take a /%d", v.ID, v.Cloud, p.Bits())
			}
			if x, refused := rules.RefusedBy(p); refused {
				a.Errorf("VPC %s: %s overlaps %s", v.ID, p, x.Prefix)
			}
			for _, w := range a.n.VPCs[i+1:] {
				for _, q := range w.Prefixes {
					if p.Overlaps(q) {
						a.Errorf("VPCs %s %s and %s %s overlap", v.ID, p, w.ID, q)
					}
				}
			}
		}
	}
}

// subnets: in their VPC, apart, of a size that the cloud takes, each part in
// a zone of the site.
func (a applyChecker) subnets() {
	for i, s := range a.n.Subnets {
		v, ok := a.n.VPC(s.VPC)
		if !ok {
			a.Fatalf("subnet %s: no VPC %s", s.ID, s.VPC)
		}
		site, _ := a.n.Site(s.Site)
		inside := func(p netip.Prefix) bool { return p.Contains(s.Prefix.Addr()) && p.Bits() <= s.Prefix.Bits() }
		if !slices.ContainsFunc(v.Prefixes, inside) {
			a.Errorf("subnet %s: %s is outside of %v", s.ID, s.Prefix, v.Prefixes)
		}
		for _, o := range a.n.Subnets[i+1:] {
			if s.Prefix.Overlaps(o.Prefix) {
				a.Errorf("subnets %s %s and %s %s overlap", s.ID, s.Prefix, o.ID, o.Prefix)
			}
		}
		zones := map[string]bool{}
		for k, part := range s.Parts {
			a.prefix("subnet "+string(s.ID), part.Prefix)
			if !s.Existing && !a.atlas.Addresses(v.Cloud).Subnet.Holds(part.Prefix.Bits()) {
				a.Errorf("subnet %s: %s does not take a /%d", s.ID, v.Cloud, part.Prefix.Bits())
			}
			if !s.Prefix.Contains(part.Prefix.Addr()) || part.Prefix.Bits() < s.Prefix.Bits() {
				a.Errorf("subnet %s: part %s is outside of %s", s.ID, part.Prefix, s.Prefix)
			}
			if zones[part.Zone] || part.Zone != "" && !slices.Contains(site.Zones, part.Zone) || part.Zone == "" && v.Cloud == vocab.AWS && !s.Existing {
				a.Errorf("subnet %s: zone %q of %v, twice or not the site's", s.ID, part.Zone, site.Zones)
			}
			zones[part.Zone] = true
			for _, o := range s.Parts[k+1:] {
				if part.Prefix.Overlaps(o.Prefix) {
					a.Errorf("subnet %s: parts %s and %s overlap", s.ID, part.Prefix, o.Prefix)
				}
			}
		}
		if s.Purpose == fabric.GatewaySubnet && s.Name != "GatewaySubnet" {
			a.Errorf("subnet %s is named %q", s.ID, s.Name)
		}
	}
}

// routes: prefixes, each once a table, none equal to or inside the VPC's own
// where the cloud has the local route win or refuses it.
func (a applyChecker) routes() {
	for _, table := range a.n.RouteTables {
		v, _ := a.n.VPC(table.VPC)
		seen := map[netip.Prefix]bool{}
		for _, r := range table.Routes {
			a.prefix("route table "+string(table.ID), r.Prefix)
			if seen[r.Prefix] {
				a.Errorf("route table %s: %s twice", table.ID, r.Prefix)
			}
			seen[r.Prefix] = true
			if v.Cloud == vocab.AWS && slices.Contains(v.Prefixes, r.Prefix) {
				a.Errorf("route table %s: %s is the VPC's own", table.ID, r.Prefix)
			}
		}
	}
}

// gateways: AS numbers that the cloud takes, ends that are there.
func (a applyChecker) gateways() {
	for _, g := range a.n.Gateways {
		asn := uint32(g.ASN)
		private := asn >= 64512 && asn <= 65534 || asn >= 4200000000 && asn <= 4294967294 // RFC 6996
		if g.Kind != fabric.Device && g.Kind != fabric.VirtualHub && !private {
			a.Errorf("gateway %s: AS number %s is not private", g.ID, g.ASN)
		}
		if g.Kind == fabric.VPNGateway {
			if len(g.Interfaces) != 2 {
				a.Errorf("gateway %s: active-active with %d interfaces", g.ID, len(g.Interfaces))
			}
			if _, ok := a.atlas.SKU(vocab.Azure, g.SKU); !ok {
				a.Errorf("gateway %s: no SKU %q", g.ID, g.SKU)
			}
		}
		for _, i := range g.Interfaces {
			if g.Kind == fabric.Device && !i.PublicIP.Is4() {
				a.Errorf("gateway %s: interface %d has address %s", g.ID, i.Index, i.PublicIP)
			}
		}
		for _, p := range g.Announce {
			a.prefix("announcement of "+string(g.ID), p)
		}
	}
}

// tunnels: a /30 of link-local addresses, its own at each gateway and of each
// connection, its two hosts at the two ends; algorithms that both ends offer.
func (a applyChecker) tunnels() {
	linkLocal := netip.MustParsePrefix("169.254.0.0/16")
	seen := map[string]fabric.TunnelID{}
	for _, tn := range a.n.Tunnels {
		a.prefix("tunnel "+string(tn.ID), tn.Inside)
		if tn.Inside.Bits() != 30 || !linkLocal.Contains(tn.Inside.Addr()) {
			a.Errorf("tunnel %s: inside %s", tn.ID, tn.Inside)
		}
		hosts := []netip.Addr{tn.Inside.Addr().Next(), tn.Inside.Addr().Next().Next()}
		if got := []netip.Addr{tn.Ends[0].Inside, tn.Ends[1].Inside}; got[0] == got[1] || !slices.Contains(hosts, got[0]) || !slices.Contains(hosts, got[1]) {
			a.Errorf("tunnel %s: ends %v of %s", tn.ID, got, tn.Inside)
		}
		link, _ := a.n.Link(tn.Link)
		for _, e := range tn.Ends {
			key := string(e.Gateway) + " " + tn.Inside.String()
			if other, ok := seen[key]; ok {
				a.Errorf("tunnels %s and %s share %s", tn.ID, other, key)
			}
			seen[key] = tn.ID
			g, _ := a.n.Gateway(e.Gateway)
			site, _ := a.n.Site(g.Site)
			if site.Cloud.IsPublic() {
				offer := a.atlas.VPN(site.Cloud)
				if _, ok := offer.IKE.Groups.Native(link.Suite.IKEGroup); !ok {
					a.Errorf("link %s: %s has no IKE group %s", link.ID, site.Cloud, link.Suite.IKEGroup)
				}
				if _, ok := offer.IKE.Encryption.Native(link.Suite.IKEEncryption); !ok {
					a.Errorf("link %s: %s has no IKE cipher %s", link.ID, site.Cloud, link.Suite.IKEEncryption)
				}
			}
		}
	}
	for _, c := range a.n.Connections {
		if c.Tunnels[0] == c.Tunnels[1] {
			a.Errorf("connection %s has tunnel %s twice", c.ID, c.Tunnels[0])
		}
	}
}

// priorities are the numbers that a kind of filter gives its rules: Azure 100
// to 4096, AWS 1 to 32766, GCP 0 to 2147483647.
var priorities = map[fabric.FilterKind][2]int{
	fabric.SecurityGroup: {0, 0}, fabric.NetworkACL: {1, 32766}, fabric.FirewallPolicy: {0, 2147483647}, fabric.NSG: {100, 4096},
}

// filters: prefixes, ports that are ports, priorities in range and once a
// direction (GCP: once a policy).
func (a applyChecker) filters() {
	for _, f := range a.n.Filters {
		allowed, seen, names := priorities[f.Kind], map[string]string{}, map[string]bool{}
		for _, r := range f.Rules {
			what := fmt.Sprintf("%s %s, rule %s", f.Kind, f.ID, r.Name)
			for _, p := range slices.Concat(r.Peers, r.Local) {
				a.prefix(what, p)
			}
			for _, s := range r.Services {
				if s.Ports.First > s.Ports.Last || !s.Proto.HasPorts() && !s.Ports.IsAny() {
					a.Errorf("%s: ports %s", what, s)
				}
			}
			if r.Priority < allowed[0] || r.Priority > allowed[1] {
				a.Errorf("%s: priority %d", what, r.Priority)
			}
			if names[r.Name] && f.Kind == fabric.NSG {
				a.Errorf("%s: the name is there twice", what)
			}
			names[r.Name] = true
			if f.Kind == fabric.SecurityGroup {
				continue
			}
			key := fmt.Sprint(r.Priority)
			if f.Kind != fabric.FirewallPolicy {
				key = r.Direction.String() + " " + key
			}
			if other, ok := seen[key]; ok {
				a.Errorf("%s: has the priority %s of %s", what, key, other)
			}
			seen[key] = r.Name
		}
	}
}
