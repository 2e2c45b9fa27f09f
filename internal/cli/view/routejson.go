package view

import "github.com/tieline/tieline/internal/fabric"

type routesJSON struct {
	Tables  []routeTableJSON   `json:"tables" doc:"of VPCs and VNets, by id"`
	Transit []transitTableJSON `json:"transit" doc:"of transit gateways"`
}

type routeTableJSON struct {
	ID        string      `json:"id" doc:"site/network/rt-..."`
	Network   string      `json:"network" doc:"id of the network"`
	Site      string      `json:"site,omitempty" doc:"id of the site"`
	Existing  string      `json:"existing,omitempty" doc:"native id of one that is joined"`
	Propagate []string    `json:"propagate" doc:"gateways whose routes it learns"`
	Routes    []routeJSON `json:"routes" doc:"by prefix"`
}

type routeJSON struct {
	CIDR   string `json:"cidr" doc:"the destination"`
	Via    string `json:"via" doc:"kind of next hop"`
	Target string `json:"target,omitempty" doc:"id of the next hop"`
	Note   string `json:"note,omitempty" doc:"what lies there"`
}

type transitTableJSON struct {
	Gateway   string      `json:"gateway" doc:"id of the transit gateway"`
	Name      string      `json:"name" doc:"the table's"`
	Associate []string    `json:"associate" doc:"attachments whose traffic it routes"`
	Propagate []string    `json:"propagate" doc:"attachments whose prefixes it learns"`
	Routes    []routeJSON `json:"routes" doc:"static"`
}

func newRoutesJSON(n *fabric.Network) routesJSON {
	j := routesJSON{Tables: list(n.RouteTables, func(t fabric.RouteTable) routeTableJSON {
		return routeTableJSON{string(t.ID), string(t.VPC), string(t.Site), t.Existing, ids(t.Propagate), list(t.Routes, newRouteJSON)}
	}), Transit: []transitTableJSON{}}
	for _, g := range n.Gateways {
		for _, t := range g.Tables {
			j.Transit = append(j.Transit, transitTableJSON{string(g.ID), t.Name, ids(t.Associate), ids(t.Propagate), list(t.Routes, newRouteJSON)})
		}
	}
	return j
}

func newRouteJSON(r fabric.Route) routeJSON {
	j := routeJSON{CIDR: cidr(r.Prefix), Note: r.Note}
	switch r.Hop.Kind {
	case fabric.HopInternetGateway:
		j.Via = "internet gateway"
	case fabric.HopNAT:
		j.Via, j.Target = "NAT", string(r.Hop.NAT)
	case fabric.HopTransitGateway:
		j.Via, j.Target = "transit gateway", string(r.Hop.Gateway)
	case fabric.HopVirtualNetworkGateway:
		j.Via, j.Target = "virtual network gateway", string(r.Hop.Gateway)
	case fabric.HopAttachment:
		j.Via, j.Target = "attachment", string(r.Hop.Attachment)
	case fabric.HopBlackhole:
		j.Via = "blackhole"
	}
	return j
}

type rulesJSON struct {
	Policy  []policyJSON `json:"policy" doc:"as the spec states it, resolved"`
	Filters []filterJSON `json:"filters" doc:"native filters, by id"`
}

type policyJSON struct {
	From     []policyEndJSON `json:"from" doc:"who opens connections"`
	To       []policyEndJSON `json:"to" doc:"who answers"`
	Services []string        `json:"services" doc:"tcp/443, icmp, any"`
	At       string          `json:"at,omitempty" doc:"place in the spec"`
}

type policyEndJSON struct {
	Ref      string   `json:"ref" doc:"as in the spec"`
	Subnets  []string `json:"subnets" doc:"ids"`
	Prefixes []string `json:"prefixes" doc:"CIDRs"`
	Internet bool     `json:"internet" doc:"every public address"`
}

type filterJSON struct {
	ID      string           `json:"id" doc:"subnet/sg, subnet/nsg, network/firewall, subnet/nacl"`
	Kind    string           `json:"kind" doc:"security group, network ACL, firewall policy or NSG"`
	Name    string           `json:"name" doc:"native name"`
	Site    string           `json:"site,omitempty" doc:"id of the site"`
	Network string           `json:"network" doc:"id of the network"`
	Subnets []string         `json:"subnets" doc:"what it applies to"`
	Rules   []filterRuleJSON `json:"rules" doc:"in the order they are evaluated"`
}

type filterRuleJSON struct {
	Name       string   `json:"name" doc:"native name"`
	Direction  string   `json:"direction" doc:"ingress or egress, seen from the machine"`
	Action     string   `json:"action" doc:"allow or deny"`
	Priority   int      `json:"priority,omitempty" doc:"number or priority"`
	Services   []string `json:"services" doc:"tcp/443, icmp, any"`
	Peers      []string `json:"peers" doc:"CIDRs of the far side"`
	PeerFilter string   `json:"peer_filter,omitempty" doc:"or a security group"`
	PeerTag    string   `json:"peer_tag,omitempty" doc:"or a service tag"`
	All        bool     `json:"all" doc:"or every address"`
	Local      []string `json:"local" doc:"narrows the near side to CIDRs"`
	Note       string   `json:"note,omitempty" doc:"why it is there"`
	At         string   `json:"at,omitempty" doc:"place in the spec"`
}

func newRulesJSON(n *fabric.Network) rulesJSON {
	return rulesJSON{
		Policy: list(n.Policy, func(r fabric.PolicyRule) policyJSON {
			return policyJSON{list(r.From, newPolicyEndJSON), list(r.To, newPolicyEndJSON), texts(r.Services), at(r.Origin)}
		}),
		Filters: list(n.Filters, func(f fabric.Filter) filterJSON {
			return filterJSON{string(f.ID), f.Kind.String(), f.Name, string(f.Site), string(f.VPC), ids(f.Subnets), list(f.Rules, newFilterRuleJSON)}
		}),
	}
}

func newPolicyEndJSON(e fabric.PolicyEnd) policyEndJSON {
	return policyEndJSON{e.Ref, ids(e.Subnets), texts(e.Prefixes), e.Internet}
}

func newFilterRuleJSON(r fabric.FilterRule) filterRuleJSON {
	return filterRuleJSON{
		Name: r.Name, Direction: r.Direction.String(), Action: r.Action.String(), Priority: r.Priority, Services: texts(r.Services),
		Peers: texts(r.Peers), PeerFilter: string(r.PeerFilter), PeerTag: r.PeerTag, All: r.All, Local: texts(r.Local), Note: r.Note, At: at(r.Origin),
	}
}
