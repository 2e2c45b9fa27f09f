package spec

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/vocab"
)

// given is a key that only some clouds have, with its place when it is set.
type given struct {
	key   string
	pos   diag.Pos
	cloud []vocab.Cloud
}

func (c *checker) site(i int) {
	s := &c.spec.Sites[i]
	c.environment(s.Environment)
	switch s.Cloud.V {
	case vocab.AWS, vocab.GCP, vocab.Azure, vocab.OnPrem:
	case vocab.Exchange:
		c.errorf(s.Cloud.Pos, "leave the site out", "not supported yet: exchange sites (they join private circuits)")
		return
	default:
		return // refused by the decoder
	}
	c.siteKeys(s)
	c.gatewayKeys(s)
	if s.Cloud.V == vocab.OnPrem {
		c.publicIPs(s)
		return
	}
	if !s.Region.IsSet() {
		c.errorf(s.Pos, "add region, for example "+ExampleRegion(s.Cloud.V), "site %q has no region", s.Name)
	}
	c.siteAccount(s, i)
	if s.Zones.V > 0 && len(s.ZoneIDs) > 0 && s.Zones.V != len(s.ZoneIDs) {
		c.errorf(s.Zones.Pos, "leave out zones where zone_ids are given", "zones is %d, but %d zone_ids are given", s.Zones.V, len(s.ZoneIDs))
	}
	repeated(c, "zone_ids", s.ZoneIDs)
	for j := range s.Networks {
		c.network(s, &s.Networks[j])
	}
}

// siteKeys refuses keys that the site's cloud does not have.
func (c *checker) siteKeys(s *Site) {
	public := vocab.Clouds
	own := []vocab.Cloud{vocab.OnPrem}
	aws := []vocab.Cloud{vocab.AWS}
	keys := []given{
		{"region", s.Region.Pos, public},
		{"account", s.Account.Pos, public},
		{"zones", s.Zones.Pos, aws},
		{"zone_ids", posOf(s.ZoneIDs), aws},
		{"block", s.Block.Pos, public},
		{"gateway", s.Gateway.Pos, public},
		{"city", s.City.Pos, own},
		{"cidrs", posOf(s.CIDRs), own},
		{"public_ip", posOf(s.PublicIP), own},
		{"cluster", s.Cluster.Pos, own},
		{"bgp", s.BGP.Pos, own},
	}
	if len(s.Networks) > 0 {
		keys = append(keys, given{"networks", s.Networks[0].Pos, public})
	}
	for _, k := range keys {
		if !k.pos.IsValid() || hasCloud(k.cloud, s.Cloud.V) {
			continue
		}
		hint := "leave it out"
		switch {
		case k.key == "cidrs":
			hint = "addresses of a cloud site stand on its networks and subnets: cidr or size"
		case k.key == "bgp":
			hint = "the AS number of a cloud site's gateway is gateway: {asn: ...}"
		case k.key == "networks":
			hint = "the addresses of a site of your own are cidrs"
		case s.Cloud.V == vocab.OnPrem && k.key == "region":
			hint = "a site of your own has a city"
		}
		c.errorf(k.pos, hint, "%s is a key of %s sites; site %q is %s", k.key, titles(k.cloud), s.Name, s.Cloud.V.Title())
	}
}

// gatewayKinds are the kinds of gateway of each cloud.
var gatewayKinds = map[string]vocab.Cloud{
	"virtual-private-gateway": vocab.AWS, "transit-gateway": vocab.AWS, "ha-vpn": vocab.GCP,
	"vpn-gateway": vocab.Azure, "virtual-wan": vocab.Azure,
}

func (c *checker) gatewayKeys(s *Site) {
	g := &s.Gateway
	if !s.Cloud.V.IsPublic() {
		return // the gateway is refused as a whole
	}
	if of, ok := gatewayKinds[g.Kind.V]; ok && of != s.Cloud.V {
		c.errorf(g.Kind.Pos, "leave it out to derive it", "gateway kind %q is one of %s; site %q is %s", g.Kind.V, of.Title(), s.Name, s.Cloud.V.Title())
	}
	for _, k := range []given{
		{"transit", g.Transit.Pos, []vocab.Cloud{vocab.GCP}},
		{"sku", g.SKU.Pos, []vocab.Cloud{vocab.Azure}},
		{"hub_cidr", g.HubCIDR.Pos, []vocab.Cloud{vocab.Azure}},
	} {
		if k.pos.IsValid() && !hasCloud(k.cloud, s.Cloud.V) {
			c.errorf(k.pos, "leave it out", "%s is a key of %s gateways; site %q is %s", k.key, titles(k.cloud), s.Name, s.Cloud.V.Title())
		}
	}
}

func (c *checker) publicIPs(s *Site) {
	if len(s.PublicIP) > 2 {
		c.errorf(s.PublicIP[2].Pos, "name one VPN device or two", "site %q has %d public addresses", s.Name, len(s.PublicIP))
	}
	if s.Cluster.V && len(s.PublicIP) < 2 {
		c.errorf(s.Cluster.Pos, "leave it out, or give the public_ip of both devices", "cluster: site %q has no two VPN devices", s.Name)
	}
	repeated(c, "public_ip", s.PublicIP)
	for _, a := range s.PublicIP {
		switch {
		case !a.V.IsValid(): // refused by the decoder
		case a.V.IsPrivate(), a.V.IsLoopback(), a.V.IsMulticast(), a.V.IsUnspecified(), a.V.IsLinkLocalUnicast():
			c.errorf(a.Pos, "give the address that the clouds see", "public_ip: %s is not a public address", a.V)
		}
	}
}

func (c *checker) siteAccount(s *Site, i int) {
	if s.Account.IsSet() {
		c.accountRef(s.Account, s)
		return
	}
	if _, ok := c.index.SiteAccount(i); ok {
		return
	}
	of := c.index.accountsOf(s.Cloud.V)
	if len(of) == 0 {
		key := map[vocab.Cloud]string{vocab.AWS: `id: "111122223333"`, vocab.GCP: "project: net-host", vocab.Azure: "subscription: 00000000-0000-0000-0000-000000000000"}
		c.errorf(s.Pos, fmt.Sprintf("add one under accounts, for example %s-prod: {cloud: %s, %s}", s.Cloud.V, s.Cloud.V, key[s.Cloud.V]),
			"site %q has no account: there is none of %s", s.Name, s.Cloud.V.Title())
		return
	}
	c.errorf(s.Pos, "add account: one of "+list(of), "site %q has no account, and there are %d of %s", s.Name, len(of), s.Cloud.V.Title())
}

// accountRef checks the account that a site or one of its networks names.
func (c *checker) accountRef(v Value[string], s *Site) {
	if v.V == "" {
		return
	}
	j, ok := c.index.Account(v.V)
	if !ok {
		c.noName(v.Pos, func() *RefError {
			hint := suggest(v.V, c.index.accountsOf(s.Cloud.V), "the accounts of "+s.Cloud.V.Title()+" are ")
			if hint == "" {
				hint = "add it under accounts"
			}
			return &RefError{Summary: fmt.Sprintf("there is no account %q", v.V), Hint: hint}
		})
		return
	}
	a := &c.spec.Accounts[j]
	if a.Cloud.V == 0 || a.Cloud.V == s.Cloud.V {
		return
	}
	d := c.errorf(v.Pos, suggestOf(c.index.accountsOf(s.Cloud.V), s.Cloud.V), "account %q is of %s, but site %q is %s", v.V, a.Cloud.V.Title(), s.Name, s.Cloud.V.Title())
	d.Related = []diag.Related{{Pos: a.Pos, Message: "the account is here"}}
}

func suggestOf(accounts []string, cloud vocab.Cloud) string {
	if len(accounts) == 0 {
		return "add an account of " + cloud.Title()
	}
	return "the accounts of " + cloud.Title() + " are " + list(accounts)
}

func (c *checker) network(s *Site, n *Network) {
	c.environment(n.Environment)
	c.share(n, s)
	if n.Account.IsSet() {
		c.accountRef(n.Account, s)
	}
	if n.Isolated.IsSet() && s.Cloud.V != vocab.GCP {
		c.errorf(n.Isolated.Pos, "leave it out: a network here is its own in any case", "isolated is a key of GCP networks; site %q is %s", s.Name, s.Cloud.V.Title())
	}
	c.existingKeys(s, n)
	switch {
	case n.Existing.IsSet():
		if len(n.CIDRs) == 0 {
			c.errorf(n.Pos, "add cidrs, the prefixes in use in it: cidrs: [10.1.0.0/16]", "existing network %q has no cidrs", n.Name)
		}
		for _, p := range []struct {
			key string
			pos diag.Pos
		}{{"size", n.Size.Pos}, {"cidr", n.CIDR.Pos}} {
			if p.pos.IsValid() {
				c.errorf(p.pos, "the prefixes of an existing network are cidrs", "existing network %q has a %s", n.Name, p.key)
			}
		}
	case len(n.CIDRs) > 0:
		c.errorf(n.CIDRs[0].Pos, "a new network has one block: size or cidr; an existing one has existing: its id", "network %q has cidrs but is not existing", n.Name)
	case !n.Size.IsSet() && !n.CIDR.IsSet():
		c.errorf(n.Pos, "add size, for example size: /16, or pin the block: cidr: 10.64.0.0/16", "network %q has neither size nor cidr", n.Name)
	default:
		c.sizes("network", n.Name, n.Size, n.CIDR)
	}
	for k := range n.Subnets {
		c.subnet(n, &n.Subnets[k])
	}
}

func (c *checker) existingKeys(s *Site, n *Network) {
	for _, k := range []given{
		{"route_tables", posOf(n.RouteTables), []vocab.Cloud{vocab.AWS}},
		{"attach_subnets", posOf(n.AttachSubnets), []vocab.Cloud{vocab.AWS}},
		{"gateway_cidr", n.GatewayCIDR.Pos, []vocab.Cloud{vocab.Azure}},
	} {
		switch {
		case !k.pos.IsValid():
		case !hasCloud(k.cloud, s.Cloud.V):
			c.errorf(k.pos, "leave it out", "%s is a key of %s networks; site %q is %s", k.key, titles(k.cloud), s.Name, s.Cloud.V.Title())
		case !n.Existing.IsSet():
			c.errorf(k.pos, "leave it out: tieline makes the network and its parts", "%s is a key of existing networks; %q is not existing", k.key, n.Name)
		}
	}
	repeated(c, "route_tables", n.RouteTables)
	repeated(c, "attach_subnets", n.AttachSubnets)
}

func (c *checker) subnet(n *Network, s *Subnet) {
	switch {
	case n.Existing.IsSet() && s.Size.IsSet():
		c.errorf(s.Size.Pos, "give its cidr", "subnet %q of existing network %q has a size", s.Name, n.Name)
	case n.Existing.IsSet() && !s.CIDR.IsSet():
		c.errorf(s.Pos, "add its cidr: subnets of an existing network say what is there", "subnet %q of existing network %q has no cidr", s.Name, n.Name)
	case !s.Size.IsSet() && !s.CIDR.IsSet():
		c.errorf(s.Pos, "add size, for example size: /20, or pin it: cidr: 10.64.0.0/20", "subnet %q has neither size nor cidr", s.Name)
	default:
		c.sizes("subnet", s.Name, s.Size, s.CIDR)
	}
	if s.Segment.V != "" {
		if _, ok := c.index.Segment(s.Segment.V); !ok {
			c.noName(s.Segment.Pos, func() *RefError { return c.index.noSegment(s.Segment.V) })
		}
	}
	repeated(c, "services", s.Services)
}

// sizes refuses a size that is not that of the pinned prefix.
func (c *checker) sizes(noun, name string, size Value[PrefixLen], cidr Value[netip.Prefix]) {
	if size.IsSet() && cidr.V.IsValid() && int(size.V) != cidr.V.Bits() {
		first(c.errorf(cidr.Pos, "give one of the two", "%s %q has size %s, but cidr %s", noun, name, size.V, cidr.V), size.Pos)
	}
}

// repeated refuses a value that a list holds twice.
func repeated[T comparable](c *checker, key string, values []Value[T]) {
	if len(values) < 2 {
		return
	}
	var none T
	seen := make(map[T]diag.Pos, len(values))
	for _, v := range values {
		at, ok := seen[v.V]
		switch {
		case v.V == none: // refused by the decoder
		case ok:
			first(c.errorf(v.Pos, "name it once", "%s: %v stands twice", key, v.V), at)
		default:
			seen[v.V] = v.Pos
		}
	}
}

func posOf[T any](values []Value[T]) diag.Pos {
	if len(values) == 0 {
		return diag.Pos{}
	}
	return values[0].Pos
}

func hasCloud(clouds []vocab.Cloud, c vocab.Cloud) bool {
	for _, d := range clouds {
		if d == c {
			return true
		}
	}
	return false
}

func titles(clouds []vocab.Cloud) string {
	names := make([]string, len(clouds))
	for i, c := range clouds {
		names[i] = c.Title()
	}
	if len(names) == 3 {
		return "cloud"
	}
	return oneOf(names)
}

// share checks the accounts that a network is shared with.
func (c *checker) share(n *Network, s *Site) {
	own := n.Account.Or(s.Account.V)
	for i, a := range n.Share {
		switch {
		case s.Cloud.V == vocab.Azure:
			c.errorf(a.Pos, "make a network in each subscription and join them", "Azure shares no VNet: share is for AWS and GCP")
			return
		case a.V == own && own != "":
			c.errorf(a.Pos, "leave it out", "network %q is in account %q itself", n.Name, a.V)
		case slices.ContainsFunc(n.Share[:i], func(v Value[string]) bool { return v.V == a.V }):
			c.errorf(a.Pos, "leave it out", "account %q is named twice", a.V)
		default:
			c.accountRef(a, s)
		}
	}
}
