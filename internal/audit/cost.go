package audit

import (
	"fmt"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// billed is the beginning of what is said of traps that only a naive pricer
// falls into.
const billed = "held by design: "

// costRules are the ten traps of cost models, and one for traffic that is
// priced and refused. Those about how a price is made are tests of the pricer.
func costRules() []rule {
	const (
		sourceEC2  = "https://aws.amazon.com/ec2/pricing/on-demand/#Data_Transfer"
		sourceNAT  = "https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-pricing.html"
		sourceTGW  = "https://aws.amazon.com/transit-gateway/pricing/"
		sourceGCP  = "https://cloud.google.com/vpc/network-pricing"
		sourcePeer = "https://azure.microsoft.com/pricing/details/virtual-network/"
	)
	return []rule{
		{diag.Rule{
			Code: "TL2401", Severity: diag.Warning, Source: sourceEC2,
			Title: "machines of one zone go to the internet through a NAT gateway of another",
			Why: "AWS bills traffic between zones in both directions, and the subnet loses its way out when the other zone fails. Give each zone a NAT " +
				"gateway. Accept it where little goes out and an outage of it does not matter.",
		}, (*auditor).natOfOtherZone},
		{diag.Rule{
			Code: "TL2402", Severity: diag.Note, Source: sourcePeer,
			Title:     "Azure bills a peering at both ends, each by its own zone",
			Why:       "A model with one price a GB is wrong by half.",
			NotJudged: billed + "the bill has a line for each end (internal/price, TestComputeAzure)",
		}, nil},
		{diag.Rule{
			Code: "TL2403", Severity: diag.Note, Source: sourceTGW,
			Title: "a transit gateway serves one VPC, which a virtual private gateway would do",
			Why: "A transit gateway bills each attachment by the hour, the VPN's too, and each GB that enters it. With one VPC without segments, no more than one tunnel's bandwidth and no " +
				"transit a virtual private gateway does the same for nothing. Accept it when more networks are to come.",
		}, (*auditor).needlessTransitGateway},
		{diag.Rule{
			Code: "TL2404", Severity: diag.Note, Source: "https://docs.cloud.google.com/network-connectivity/docs/vpn/pricing",
			Title:     "a VPN between clouds pays the sender's internet egress in full",
			Why:       "Tunnels are cheap and bytes are not; a model of gateways alone misses most of the bill.",
			NotJudged: billed + "each flow over a VPN is billed at the sender's internet rates, beside gateways and tunnels (internal/price, TestComputeTraffic)",
		}, nil},
		{diag.Rule{
			Code: "TL2405", Severity: diag.Note, Source: sourceGCP,
			Title:     "Google prices egress by destination",
			Why:       "Australia and China cost about twice as much as other places, from everywhere.",
			NotJudged: billed + "prices are looked up by source and destination (internal/atlas, TestPrice and TestPricePatternsMatch)",
		}, nil},
		{diag.Rule{
			Code: "TL2406", Severity: diag.Note, Source: sourceEC2,
			Title:     "AWS prices traffic between regions by the source alone",
			Why:       "The same volume costs several times as much from some regions as to them.",
			NotJudged: billed + "prices are looked up by source and destination (internal/atlas, TestPrice)",
		}, nil},
		{diag.Rule{
			Code: "TL2407", Severity: diag.Warning, Source: sourceNAT,
			Title: "traffic goes through NAT from subnets that have no endpoint for their cloud's storage",
			Why: "NAT bills each GB on top of egress, and what goes to the cloud's own storage need not pass it: endpoints for storage are free of charge in all three clouds. " +
				"It is often the largest avoidable item. Accept it when none of the traffic is for the cloud's services.",
		}, (*auditor).natWithoutEndpoint},
		{diag.Rule{
			Code: "TL2408", Severity: diag.Warning, Source: "https://learn.microsoft.com/azure/vpn-gateway/gateway-sku-consolidation",
			Title: "an Azure VPN gateway has a size that can no longer be made",
			Why:   "Sizes without availability zones are closed to new gateways and migrated by Microsoft, at other prices: a plan that names one cannot be applied anew.",
		}, (*auditor).closedSKU},
		{diag.Rule{
			Code: "TL2409", Severity: diag.Note, Source: "https://docs.aws.amazon.com/interconnect/latest/userguide/",
			Title: "a link could be one that the two clouds sell together, for less",
			Why: "Managed links between clouds have no price a GB on one or both sides and are ordered in minutes; above some volume a VPN costs more. " +
				"Accept it where the volume is not certain.",
		}, (*auditor).managedLink},
		{diag.Rule{
			Code: "TL2410", Severity: diag.Note, Source: sourceEC2,
			Title:     "graded prices are settled by account, not by link",
			Why:       "Pricing link by link at the first tier overstates, pricing all at the last understates.",
			NotJudged: billed + "flows are pooled by payer and price before the tiers are applied (internal/price, TestGradedAgainstNaive)",
		}, nil},
		{diag.Rule{
			Code: "TL2411", Severity: diag.Warning, Source: "docs/spec.md, traffic",
			Title: "traffic is stated between ends that cannot talk to each other",
			Why: "The flow is in the bill and in the capacity check, and no packet of it gets through: a rule of policy is missing, or the traffic is a leftover. " +
				"The volume may go with a connection or against it, so either direction will do.",
		}, (*auditor).refusedTraffic},
	}
}

// natOfOtherZone: the default route of each zonal part leads to a NAT gateway
// of its zone.
func (u *auditor) natOfOtherZone() {
	type crossing struct {
		nat   fabric.NATID
		table fabric.RouteTableID
	}
	told := map[crossing]bool{}
	for _, s := range u.n.Subnets {
		for _, part := range s.Parts {
			table, ok := u.n.RouteTable(part.RouteTable)
			if !ok || part.Zone == "" {
				continue
			}
			for _, r := range table.Routes {
				nat, ok := u.n.NAT(r.Hop.NAT)
				k := crossing{nat.ID, table.ID}
				if r.Hop.Kind != fabric.HopNAT || !ok || nat.Zone == "" || nat.Zone == part.Zone || told[k] {
					continue
				}
				told[k] = true
				f := u.add(diag.Warning, table.Meta.Origin, string(s.ID), "subnet %s in zone %s goes out through %s in zone %s", s.ID, part.Zone, nat.ID, nat.Zone)
				f.Hint = "make a NAT gateway in each zone, and a route table for each"
			}
		}
	}
}

// needlessTransitGateway: a transit gateway joins more than one VPC to tunnels
// of one tunnel's bandwidth.
func (u *auditor) needlessTransitGateway() {
	for _, g := range u.n.Gateways {
		if g.Kind != fabric.TransitGateway {
			continue
		}
		if len(g.Tables) > 1 && !u.compiled() {
			continue // it keeps networks apart
		}
		vpcs, others, links := 0, 0, 0
		for _, a := range u.n.Attachments {
			switch {
			case a.Gateway != g.ID && a.Peer != g.ID:
			case a.Kind == fabric.TransitVPCAttachment:
				vpcs++
				if u.segmented(a.VPC) {
					others++ // segments want transit tables of their own
				}
			case a.Kind != fabric.TransitVPNAttachment:
				others++
			}
		}
		need, one, transit := vocab.Rate(0), vocab.Rate(0), false
		for _, l := range u.n.Links {
			if l.Gateways[0] != g.ID && l.Gateways[1] != g.ID {
				continue
			}
			links++
			need += max(l.Asked, l.Peak)
			transit = transit || l.Transit == g.Site || l.Kind != fabric.VPN
			for _, t := range u.n.TunnelsOf(l) {
				one = max(one, t.Rate)
			}
		}
		if vpcs != 1 || others > 0 || transit || links == 0 || need > one {
			continue
		}
		asked := fmt.Sprintf("of %v together", need)
		switch {
		case need == 0:
			asked = "without stated traffic"
		case links == 1:
			asked = fmt.Sprintf("of %v", need)
		}
		f := u.add(diag.Note, g.Meta.Origin, string(g.ID), "%s joins one VPC to %s %s: a virtual private gateway does that without attachments", g.ID, counted(links, "link"), asked)
		if !u.isPinned(g.ID) {
			f.Hint = "leave the gateway's kind to be derived, or state virtual-private-gateway"
		}
	}
}

// isPinned reports whether a gateway's kind is what the spec states.
func (u *auditor) isPinned(id fabric.GatewayID) bool {
	return slices.ContainsFunc(u.n.Reasons, func(r fabric.Reason) bool {
		return r.Object == string(id) && r.Field == "kind" && slices.ContainsFunc(r.Steps, func(s fabric.Step) bool { return s.Text == "pinned" })
	})
}

// segmented reports whether a network's subnets are in segments.
func (u *auditor) segmented(v fabric.VPCID) bool {
	return slices.ContainsFunc(u.n.Subnets, func(s fabric.Subnet) bool { return s.VPC == v && s.Segment != "" })
}

// natItems are the prices of NAT by the GB.
var natItems = []atlas.PriceItem{atlas.PriceAWSNATData, atlas.PriceGCPNATData, atlas.PriceAzureNATData}

// natWithoutEndpoint: traffic that pays for NAT comes from subnets with an
// endpoint for something.
func (u *auditor) natWithoutEndpoint() {
	if u.in.Bill == nil {
		return
	}
	served := map[fabric.SubnetID]bool{}
	for _, e := range u.n.Endpoints {
		for _, id := range e.Subnets {
			served[id] = true
		}
	}
	paid := map[int]vocab.USD{}
	for _, l := range u.in.Bill.Lines {
		if l.IsTraffic() && slices.Contains(natItems, l.Price) {
			paid[l.Flow] += l.Amount
		}
	}
	for _, nth := range sortedKeys(paid) {
		f := &u.n.Flows[nth-1]
		i := slices.IndexFunc(f.From.Subnets, func(id fabric.SubnetID) bool {
			s, _ := u.n.Subnet(id)
			return s.Internet == fabric.ViaNAT && !served[id]
		})
		if i < 0 || paid[nth] == 0 {
			continue
		}
		id := f.From.Subnets[i]
		x := u.add(diag.Warning, f.Origin, string(id), "%v a month from %s pay %v USD to NAT: %s has no endpoint for its cloud's services", f.Monthly, f.From.Ref, paid[nth], id)
		x.Hint = "state the services that it uses, for example " + u.storage(id)
	}
}

// storage proposes the storage service of a subnet's cloud.
func (u *auditor) storage(id fabric.SubnetID) string {
	s, _ := u.n.Subnet(id)
	v, _ := u.n.VPC(s.VPC)
	if v.Cloud == vocab.AWS {
		return "services: [s3]"
	}
	return "services: [storage]"
}

// closedSKU: each Azure VPN gateway has a size that can be made today.
func (u *auditor) closedSKU() {
	for _, g := range u.n.Gateways {
		if g.Kind != fabric.VPNGateway || g.SKU == "" {
			continue
		}
		if _, ok := u.a.SKU(vocab.Azure, g.SKU); !ok {
			f := u.add(diag.Warning, g.Meta.Origin, string(g.ID), "%s has the size %s, which is closed to new gateways", g.ID, g.SKU)
			f.Hint = "take " + g.SKU + "AZ"
		}
	}
}

// managedLink: no link would cost less as one of the clouds' own, unless the
// rule for large transfers says so already.
func (u *auditor) managedLink() {
	said := map[string]bool{}
	for _, f := range u.out {
		if f.Code == "TL2015" {
			said[f.Object] = true
		}
	}
	for i := range u.n.Links {
		l := &u.n.Links[i]
		a, okA := u.a.Region(u.site(l.Sites[0]).Cloud, u.site(l.Sites[0]).Region)
		b, okB := u.a.Region(u.site(l.Sites[1]).Cloud, u.site(l.Sites[1]).Region)
		if !okA || !okB || said[string(l.ID)] {
			continue
		}
		cross, ok := u.a.CrossLink(a, b)
		if !ok || cross.State != atlas.LinkAvailable {
			continue
		}
		o := u.linkOptions()[l.ID]
		now, _, ok := cheapest(o)
		if !ok {
			continue
		}
		for _, x := range o.Options {
			if x.Present || !x.Priced || !x.Feasible || !slices.Contains(x.Facts, cross.Fact.ID) || o.Month(x) >= o.Month(now) {
				continue
			}
			f := u.add(diag.Note, l.Origin, string(l.ID), "%s costs %v USD a month, %s would cost %v", l.ID, o.Month(now), x.Name, o.Month(x))
			f.Hint, f.Source = "compare the ways with tieline cost", cross.Fact.Source
			break
		}
	}
}

// refusedTraffic: some packet gets through between the ends of each stated
// flow, one way or the other.
func (u *auditor) refusedTraffic() {
	var list []instance
	for i := range u.n.Flows {
		f := &u.n.Flows[i]
		from, to := u.p.PlacesOf(u.policyEnd(f.From)), u.p.PlacesOf(u.policyEnd(f.To))
		if len(from) == 0 || len(to) == 0 || u.anyBetween(from, to) {
			continue
		}
		object := fmt.Sprintf("%s to %s", f.From.Ref, f.To.Ref)
		list = append(list, instance{
			at: f.Origin, object: object, text: fmt.Sprintf("%v a month are stated from %s, and nothing gets through between them", f.Monthly, object),
			short: fmt.Sprintf("%v a month from %s", f.Monthly, object),
			hint:  "add the rule of policy that carries it, or take the flow out of traffic",
		})
	}
	u.addAll(diag.Warning, u.n.Name, list, func(n int) string {
		return fmt.Sprintf("%d flows of traffic are stated between ends that nothing gets through between", n)
	})
}

// anyBetween reports whether some service gets through between places, in
// either direction, ICMP that only reports a path's MTU left out.
func (u *auditor) anyBetween(from, to []int) bool {
	for _, i := range from {
		for _, j := range to {
			if i != j && (carries(u.p.Between(i, j)) || carries(u.p.Between(j, i))) || i == j {
				return true
			}
		}
	}
	return false
}

// carries reports whether services hold more than ICMP, which filters let
// through for the sake of path MTU discovery.
func carries(list []vocab.Service) bool {
	return slices.ContainsFunc(list, func(s vocab.Service) bool { return s.Proto != vocab.ICMP && s.Proto != vocab.ICMPv6 })
}
