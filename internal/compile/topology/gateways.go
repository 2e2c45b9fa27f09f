package topology

import (
	"fmt"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile/draft"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// Gateways decides which gateway each site gets, which VPC has it, how the
// VPCs of a site reach each other, and how each pair of sites is joined.
func Gateways(d *draft.Draft) {
	vpcs(d)
	for i := range d.Sites {
		s := &d.Sites[i]
		checkPins(d, s)
		switch s.Cloud {
		case vocab.AWS:
			gatewayAWS(d, i)
		case vocab.GCP:
			gatewayGCP(d, i)
		case vocab.Azure:
			gatewayAzure(d, i)
		case vocab.OnPrem:
			if s.Joined {
				s.Gateway = fabric.Device
			}
		case vocab.Exchange:
		}
	}
	kinds(d)
	for i := range d.Sites {
		derivedSubnets(d, &d.Sites[i])
	}
}

// checkPins refuses gateway settings of another cloud.
func checkPins(d *draft.Draft, s *draft.Site) {
	g := s.Spec.Gateway
	if g.Kind.IsSet() {
		ok := false
		switch g.Kind.V {
		case "virtual-private-gateway", "transit-gateway":
			ok = s.Cloud == vocab.AWS
		case "ha-vpn":
			ok = s.Cloud == vocab.GCP
		case "vpn-gateway", "virtual-wan":
			ok = s.Cloud == vocab.Azure
		}
		if !ok {
			d.Diags.Errorf(g.Kind.Pos, "gateway kind %q is not one of %s", g.Kind.V, s.Cloud.Title()).Code = "gateway-kind"
		}
	}
	if g.Transit.IsSet() && s.Cloud != vocab.GCP {
		d.Diags.Errorf(g.Transit.Pos, "transit is for GCP sites").Code = "gateway-kind"
	}
	for _, v := range []struct {
		pos diag.Pos
		key string
	}{{g.SKU.Pos, "sku"}, {g.HubCIDR.Pos, "hub_cidr"}} {
		if v.pos.IsValid() && s.Cloud != vocab.Azure {
			d.Diags.Errorf(v.pos, "%s is for Azure sites", v.key).Code = "gateway-kind"
		}
	}
}

// gatewayAWS takes a transit gateway as soon as more is asked than one VPC
// over one tunnel at a time.
func gatewayAWS(d *draft.Draft, i int) {
	s := &d.Sites[i]
	if !s.Joined && len(s.VPCs) < 2 {
		return
	}
	why, pos, facts := transitReason(d, i)
	pin := s.Spec.Gateway.Kind
	s.Gateway = fabric.VirtualPrivateGateway
	if why != "" || pin.V == "transit-gateway" {
		s.Gateway = fabric.TransitGateway
	}
	if pin.V == "virtual-private-gateway" && why != "" {
		e := d.Diags.Errorf(pin.Pos, "site %q cannot use a virtual private gateway: %s", s.ID, why)
		e.Code, e.Hint = "gateway-kind", "leave kind out, or take transit-gateway"
		e.Source = sources(d.Atlas, facts)
	}
	if len(s.VPCs) == 0 {
		e := d.Diags.Errorf(s.Spec.Pos, "site %q is connected but has no networks", s.ID)
		e.Code, e.Hint = "no-networks", "add networks: to the site"
		s.Gateway = 0
		return
	}
	if s.Gateway == fabric.VirtualPrivateGateway {
		s.Hub = s.VPCs[0]
		why, facts = "one VPC, no segments, no link asks for more than one tunnel carries", []string{"aws.vpn.ecmp"}
	}
	if pin.IsSet() {
		why, pos = "pinned", pin.Pos
	}
	d.Because(string(s.GatewayID()), "kind", s.Gateway.String(), draft.Step(pos, facts, "%s", why))
}

func transitReason(d *draft.Draft, i int) (why string, pos diag.Pos, facts []string) {
	s := &d.Sites[i]
	if len(s.VPCs) > 1 {
		return fmt.Sprintf("the site has %d VPCs, a virtual private gateway serves one", len(s.VPCs)), s.Spec.Pos, []string{"aws.vgw.vpcs"}
	}
	for _, v := range s.VPCs {
		if v.Account != s.Account {
			return "its VPC is in another account", v.Pos, nil
		}
		for _, sn := range v.Subnets {
			if sn.Spec.Segment.IsSet() {
				return "its subnets are in segments, which want route tables of their own", sn.Spec.Segment.Pos, nil
			}
		}
	}
	for k := range d.Pairs {
		p := &d.Pairs[k]
		if p.A != i && p.B != i {
			continue
		}
		other := &d.Sites[p.A+p.B-i]
		if other.Cloud == vocab.AWS {
			return fmt.Sprintf("it is joined to the AWS site %q by transit gateway peering", other.ID), p.Pos(), nil
		}
		if s.IsHub {
			return "it is a hub", p.Pos(), nil
		}
		if one := tunnelRate(d.Atlas); p.Asked > one {
			return fmt.Sprintf("a link asks for %s, a virtual private gateway sends over one tunnel of %s", p.Asked, one), p.Pos(), []string{"aws.vpn.ecmp", "aws.sku.vpn.standard"}
		}
	}
	return "", diag.Pos{}, nil
}

func tunnelRate(a *atlas.Atlas) vocab.Rate {
	skus := a.GatewaySKUs(vocab.AWS)
	return skus[0].TunnelGCM
}

// gatewayGCP puts HA VPN into the site's one VPC, or into a hub VPC that the
// others reach by peering or Network Connectivity Center.
func gatewayGCP(d *draft.Draft, i int) {
	s := &d.Sites[i]
	if len(s.VPCs) == 0 {
		if s.Joined {
			e := d.Diags.Errorf(s.Spec.Pos, "site %q is connected but has no networks", s.ID)
			e.Code, e.Hint = "no-networks", "add networks: to the site"
		}
		return
	}
	s.UseNCC = s.Spec.Gateway.Transit.V == "ncc" || (len(s.VPCs) > gcpPeerMesh && s.Spec.Gateway.Transit.V != "peering")
	if !s.Joined {
		return
	}
	s.Hub = s.VPCs[0]
	if len(s.VPCs) > 1 {
		addHub(s, i)
	}
	if hasVPN(d, i) {
		s.Gateway = fabric.HAVPN
		d.Because(string(s.GatewayID()), "kind", s.Gateway.String(), draft.Step(s.Spec.Pos, []string{"gcp.vpn.sla_9999"}, "HA VPN is Cloud VPN's gateway with two interfaces and BGP"))
	}
}

// gcpPeerMesh is the most VPCs of a site that are peered with each other and
// the hub one by one; above it Network Connectivity Center has fewer objects.
const gcpPeerMesh = 4

// gatewayAzure puts a VPN gateway into the site's one VNet, or into a hub
// VNet whose gateway the others use, or takes Virtual WAN where pinned or
// where VNets of several regions must reach each other.
func gatewayAzure(d *draft.Draft, i int) {
	s := &d.Sites[i]
	if len(s.VPCs) == 0 {
		if s.Joined {
			e := d.Diags.Errorf(s.Spec.Pos, "site %q is connected but has no networks", s.ID)
			e.Code, e.Hint = "no-networks", "add networks: to the site"
		}
		return
	}
	pin := s.Spec.Gateway.Kind
	if why, pos := wanReason(d, i); why != "" {
		if pin.V == "vpn-gateway" {
			e := d.Diags.Errorf(pin.Pos, "site %q cannot do with a hub VNet: %s", s.ID, why)
			e.Code, e.Hint = "gateway-kind", "leave kind out, or take virtual-wan"
		}
		s.Gateway = fabric.VirtualHub
		for _, v := range s.VPCs {
			v.Role = fabric.Spoke
		}
		d.Because(string(s.GatewayID()), "kind", s.Gateway.String(), draft.Step(pos, nil, "%s", why))
		return
	}
	if !s.Joined && len(s.VPCs) < 2 {
		return
	}
	s.Hub = s.VPCs[0]
	if len(s.VPCs) > 1 {
		addHub(s, i)
	}
	if hasVPN(d, i) || len(s.VPCs) > 1 {
		s.Gateway = fabric.VPNGateway
		d.Because(string(s.GatewayID()), "kind", s.Gateway.String(), draft.Step(s.Spec.Pos, nil, "one region whose VNets share one VPN gateway"))
	}
}

func wanReason(d *draft.Draft, i int) (string, diag.Pos) {
	s := &d.Sites[i]
	if pin := s.Spec.Gateway.Kind; pin.V == "virtual-wan" {
		return "pinned", pin.Pos
	}
	for k := range d.Pairs {
		p := &d.Pairs[k]
		if p.A != i && p.B != i {
			continue
		}
		o := &d.Sites[p.A+p.B-i]
		if o.Cloud != vocab.Azure {
			continue
		}
		switch {
		case len(s.VPCs) > 1 || len(o.VPCs) > 1 || len(o.Spec.Networks) > 1:
			return fmt.Sprintf("it is joined to the Azure site %q and there are several VNets: VNet peering is not transitive", o.ID), p.Pos()
		case o.Spec.Gateway.Kind.V == "virtual-wan":
			return fmt.Sprintf("it is joined to the Azure site %q, which is on Virtual WAN", o.ID), o.Spec.Gateway.Kind.Pos
		case s.IsHub || o.IsHub:
			return "a hub in Azure whose spokes are other regions: VNet peering is not transitive", p.Pos()
		}
	}
	return "", diag.Pos{}
}

func addHub(s *draft.Site, i int) {
	for _, v := range s.VPCs {
		v.Role = fabric.Spoke
	}
	s.Hub = &draft.VPC{
		ID: fabric.VPCID(s.ID + "/hub"), Site: i, Name: "hub", Pos: s.Spec.Pos, Account: s.Account,
		Role: fabric.Hub, Tags: s.Tags, Env: s.Spec.Environment.V,
	}
	if s.Spec.Gateway.HubCIDR.IsSet() {
		s.Hub.Want = s.Spec.Gateway.HubCIDR.V.Bits()
	}
	s.VPCs = append(s.VPCs, s.Hub)
}

// hasVPN reports whether some pair of the site crosses clouds.
func hasVPN(d *draft.Draft, i int) bool {
	for k := range d.Pairs {
		p := &d.Pairs[k]
		if (p.A == i || p.B == i) && d.Sites[p.A].Cloud != d.Sites[p.B].Cloud {
			return true
		}
	}
	return false
}

// kinds decides how each pair is joined.
func kinds(d *draft.Draft) {
	for k := range d.Pairs {
		p := &d.Pairs[k]
		a, b := &d.Sites[p.A], &d.Sites[p.B]
		if a.Cloud != b.Cloud {
			p.Kind = fabric.VPN
			continue
		}
		switch a.Cloud {
		case vocab.AWS:
			p.Kind = fabric.TransitPeerLink
			otherRegions(d, p, a, b)
		case vocab.GCP:
			p.Kind = gcpLink(d, a, b)
		case vocab.Azure:
			p.Kind = fabric.VNetPeerLink
			if a.Gateway == fabric.VirtualHub && b.Gateway == fabric.VirtualHub {
				p.Kind = fabric.VirtualWANLink
			}
		case vocab.OnPrem, vocab.Exchange:
		}
	}
}

// otherRegions refuses a link between AWS sites of one region. A peering of two
// transit gateways there is two attachments, and the id of the accepter's is an
// attribute of no Terraform resource (terraform-provider-aws issues 23828, 40880).
func otherRegions(d *draft.Draft, p *draft.Pair, a, b *draft.Site) {
	if a.Region.Name == "" || a.Region.Name != b.Region.Name {
		return
	}
	e := d.Diags.Errorf(p.Pos(), "sites %q and %q cannot be joined: both are in %s, and Terraform joins transit gateways of different regions only", a.ID, b.ID, a.Region.Name)
	e.Code, e.Hint = "same-region", "make their networks one site's: its transit gateway joins them, in several accounts too"
}

// other gives the id of the one of two sites that s is not.
func other(s, a, b *draft.Site) fabric.SiteID {
	if s == a {
		return b.ID
	}
	return a.ID
}

// gcpLink says how two sites in Google Cloud are joined: inside one VPC, by a
// peering of two, or else by Network Connectivity Center.
func gcpLink(d *draft.Draft, a, b *draft.Site) fabric.LinkKind {
	if len(a.VPCs) == 0 || len(b.VPCs) == 0 {
		return fabric.SameVPCLink
	}
	shared := true
	for _, v := range a.VPCs {
		if v.Role == fabric.Hub {
			continue
		}
		found := false
		for _, w := range b.VPCs {
			found = found || v.ID == w.ID
		}
		shared = shared && found
	}
	if shared && len(a.VPCs) == len(b.VPCs) {
		return fabric.SameVPCLink
	}
	if len(a.VPCs) == 1 && len(b.VPCs) == 1 && !a.UseNCC && !b.UseNCC {
		return fabric.VPCPeerLink
	}
	for _, s := range []*draft.Site{a, b} {
		if t := s.Spec.Gateway.Transit; t.V == "peering" && !s.UseNCC {
			w := d.Diags.Warnf(t.Pos, "site %q cannot reach %q by peering, which is not transitive: Network Connectivity Center joins their VPCs", s.ID, other(s, a, b))
			w.Code, w.Hint = "transit", "write transit: ncc, or leave it out; its spokes are in the bill"
		}
	}
	a.UseNCC, b.UseNCC = true, true
	return fabric.NCCLink
}

// sources joins the sources of facts for a diagnostic.
func sources(a *atlas.Atlas, ids []string) string {
	for _, id := range ids {
		if f, ok := a.Fact(id); ok && f.Source != "" {
			return f.Source
		}
	}
	return ""
}

// derivedSubnets adds what gateways and NAT need in each VPC.
func derivedSubnets(d *draft.Draft, s *draft.Site) {
	for _, v := range s.VPCs {
		if v.Existing() {
			continue
		}
		switch s.Cloud {
		case vocab.AWS:
			if s.Gateway == fabric.TransitGateway {
				add(d, v, "_transit", fabric.TransitSubnet, zonalLen(d, len(s.Zones)))
			}
			for _, sn := range v.Subnets {
				if sn.Spec != nil && sn.Spec.Internet.V == "nat" {
					add(d, v, "_nat", fabric.NATSubnet, zonalLen(d, len(s.Zones)))
					break
				}
			}
		case vocab.Azure:
			if s.Gateway == fabric.VPNGateway && v == s.Hub {
				g, _ := d.Atlas.Addresses(vocab.Azure).SpecialSubnet(atlas.SpecialGateway)
				add(d, v, g.Name, fabric.GatewaySubnet, g.Advised)
				if v.Role == fabric.Hub && v.Want == 0 {
					v.Want = g.Advised - 1
				}
			}
		case vocab.GCP, vocab.OnPrem, vocab.Exchange:
		}
	}
	if s.Cloud == vocab.Azure && s.Gateway == fabric.VPNGateway && s.Hub.Existing() {
		if in := s.Hub.Spec; !in.GatewayCIDR.IsSet() {
			e := d.Diags.Errorf(in.Existing.Pos, "existing VNet %q needs a GatewaySubnet for the site's VPN gateway", in.Name)
			e.Code, e.Hint = "gateway-subnet", "state a free prefix of it: gateway_cidr: 10.1.255.0/27"
		} else {
			g, _ := d.Atlas.Addresses(vocab.Azure).SpecialSubnet(atlas.SpecialGateway)
			add(d, s.Hub, g.Name, fabric.GatewaySubnet, in.GatewayCIDR.V.Bits())
		}
	}
}

func add(d *draft.Draft, v *draft.VPC, name string, p fabric.Purpose, want int) {
	v.Subnets = append(v.Subnets, draft.Subnet{
		Name: name, Pos: v.Pos, Purpose: p, Want: want, Zonal: d.Sites[v.Site].Cloud == vocab.AWS,
	})
}

// zonalLen is the length of a prefix that splits into the smallest AWS subnet
// for each of n zones.
func zonalLen(d *draft.Draft, n int) int {
	bits := d.Atlas.Addresses(vocab.AWS).Subnet.Max
	for pieces := 1; pieces < n; pieces *= 2 {
		bits--
	}
	return bits
}
