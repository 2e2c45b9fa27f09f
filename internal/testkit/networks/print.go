// Package networks is the corpus that drives every stage: each folder below it
// (and below examples/) is a network, golden/ has what the stages make of it.
// The package itself prints compiled networks, locks and bills as text that is
// read in reviews and in the documentation; its tests compare.
package networks

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/vocab"
)

// Addresses prints the address tree of a network (blocks, VPCs, subnets and
// their parts), then its lock as in the file.
func Addresses(n *fabric.Network, l lock.Lock) string {
	p := &printer{}
	for _, b := range n.Blocks {
		p.line(strings.Count(b.Key, "/"), b.Prefix.String(), "block", b.Key, when(b.Pinned, "pinned"))
	}
	for _, v := range n.VPCs {
		p.line(0, join(v.Prefixes), "VPC", string(v.ID))
		for _, s := range n.Subnets {
			if s.VPC != v.ID {
				continue
			}
			p.line(1, s.Prefix.String(), "subnet", string(s.ID))
			for _, part := range s.Parts {
				if part.Zone != "" {
					p.line(2, part.Prefix.String(), part.Zone)
				}
			}
		}
	}
	p.line(0)
	return p.String() + string(l.Marshal())
}

// Network prints all of a compiled network but its reasons: one line an
// object, indented below what it belongs to, in the order of fabric's slices.
func Network(n *fabric.Network) string {
	p := &printer{n: n}
	p.line(0, "network", n.Name, n.Environment, tags(n.Tags), when(n.Layout == fabric.Stacks, "layout stacks"))
	p.line(1, "pools", join(n.Pools))
	for _, r := range n.Reserved {
		p.line(1, "reserved", r.Prefix.String(), named("for", r.For), origin(r.Origin))
	}
	for _, b := range n.Blocks {
		p.line(1, "block", b.Key, b.Prefix.String(), when(b.Pinned, "pinned"), origin(b.Origin))
	}
	for _, a := range n.Accounts {
		p.line(1, "account", string(a.ID), a.Cloud.String(), a.Native, named("tenant", a.Tenant), named("role", a.AssumeRole), origin(a.Origin))
	}
	for _, s := range n.Segments {
		p.line(1, "segment", string(s.ID), when(s.InternalDeny, "internal deny"), named("environment", s.Environment), origin(s.Origin))
	}
	for _, r := range n.Renames {
		p.line(1, "renamed", r.Kind, r.Old, "to", r.New)
	}
	p.sites()
	p.gateways()
	p.links()
	p.filters()
	p.intent()
	return p.String()
}

func (p *printer) sites() {
	n := p.n
	for _, s := range n.Sites {
		p.blank()
		p.line(0, "site", string(s.ID), s.Cloud.String(), s.Region, named("in", s.City), named("environment", s.Environment), named("zones", strings.Join(s.Zones, " ")), meta(s.Meta))
		p.line(1, "prefixes", join(s.Prefixes), tags(s.Tags))
		for _, v := range n.VPCs {
			if len(v.Sites) > 0 && v.Sites[0] == s.ID {
				p.vpc(v)
			}
		}
	}
}

func (p *printer) vpc(v fabric.VPC) {
	n := p.n
	role := map[fabric.VPCRole]string{fabric.Plain: "", fabric.Hub: "hub", fabric.Spoke: "spoke"}[v.Role]
	p.line(1, "VPC", string(v.ID), join(v.Prefixes), role, named("existing", v.Existing), fmt.Sprintf("mtu %d", v.MTU),
		when(v.InternetGateway, "internet gateway"), when(v.DefaultRoute, "default route"), named("attach", strings.Join(v.AttachSubnets, " ")),
		named("environment", v.Environment), tags(v.Tags), meta(v.Meta))
	if len(v.Blocks) > 1 {
		for _, b := range v.Blocks {
			p.line(2, "block", b.Prefix.String(), "at", string(b.Site))
		}
	}
	for _, s := range n.Subnets {
		if s.VPC == v.ID {
			p.subnet(s)
		}
	}
	for _, t := range n.RouteTables {
		if t.VPC != v.ID {
			continue
		}
		p.line(2, "route table", string(t.ID), named("existing", t.Existing), named("propagates", list(t.Propagate)), meta(t.Meta))
		for _, r := range t.Routes {
			p.line(3, r.Prefix.String(), hop(r.Hop), named("note", r.Note), origin(r.Origin))
		}
	}
	for _, x := range n.NATs {
		if x.VPC == v.ID {
			p.line(2, "NAT", string(x.ID), named("zone", x.Zone), named("in", string(x.Subnet)), named("serves", list(x.Serves)), named("router", string(x.Gateway)), meta(x.Meta))
		}
	}
	for _, e := range n.Endpoints {
		if e.VPC == v.ID {
			p.line(2, "endpoint", string(e.ID), endpointKinds[e.Kind], e.Native, named("subnets", list(e.Subnets)), named("tables", list(e.Tables)), named("filter", string(e.Filter)), meta(e.Meta))
		}
	}
	for _, f := range n.FlowLogs {
		if f.VPC == v.ID {
			p.line(2, "flow log", f.ID, "to", f.Sink, meta(f.Meta))
		}
	}
}

var endpointKinds = map[fabric.EndpointKind]string{
	fabric.GatewayEndpoint: "gateway", fabric.InterfaceEndpoint: "interface",
	fabric.PrivateGoogleAccess: "Private Google Access", fabric.ServiceEndpoint: "service endpoint",
}

var purposes = map[fabric.Purpose]string{
	fabric.Workload: "", fabric.TransitSubnet: "for the transit gateway", fabric.NATSubnet: "for NAT",
	fabric.GatewaySubnet: "for the gateway", fabric.EndpointSubnet: "for endpoints",
}

func (p *printer) subnet(s fabric.Subnet) {
	p.line(2, "subnet", string(s.ID), s.Prefix.String(), purposes[s.Purpose], named("name", when(string(s.ID) != string(s.VPC)+"/"+s.Name, s.Name)),
		named("segment", string(s.Segment)), named("internet", s.Internet.String()), named("services", strings.Join(s.Services, " ")),
		named("filter", string(s.Filter)), named("nacl", string(s.NACL)), named("table", string(s.RouteTable)), when(s.Existing, "existing"), meta(s.Meta))
	for _, part := range s.Parts {
		p.line(3, part.Prefix.String(), part.Zone, named("table", string(part.RouteTable)))
	}
}

func (p *printer) gateways() {
	n := p.n
	for _, g := range n.Gateways {
		p.blank()
		p.line(0, "gateway", string(g.ID), g.Kind.String(), "AS "+g.ASN.String(), g.SKU, positive("generation", g.Generation), positive("scale units", g.ScaleUnits),
			when(g.Prefix.IsValid(), g.Prefix.String()), when(g.ECMP, "ECMP"), when(g.DefaultTable, "default table"), when(g.Accelerate, "accelerated"), when(g.Cluster, "cluster"), named("of", string(g.VPC)), meta(g.Meta))
		for _, i := range g.Interfaces {
			p.line(1, fmt.Sprintf("interface %d", i.Index), when(i.PublicIP.IsValid(), i.PublicIP.String()), join(i.Inside), domains(i.Domains))
		}
		p.line(1, named("announces", join(g.Announce)))
		for _, t := range g.Tables {
			p.line(1, "transit table", t.Name)
			p.line(2, named("associate", list(t.Associate)))
			p.line(2, named("propagate", list(t.Propagate)))
			for _, r := range t.Routes {
				p.line(2, r.Prefix.String(), hop(r.Hop), named("note", r.Note))
			}
		}
		for _, f := range n.FlowLogs {
			if f.Gateway == g.ID {
				p.line(1, "flow log", f.ID, "to", f.Sink, meta(f.Meta))
			}
		}
	}
	p.blank()
	for _, a := range n.Attachments {
		p.line(0, "attachment", string(a.ID), attachmentKinds[a.Kind], named("gateway", string(a.Gateway)), named("peer", string(a.Peer)),
			named("VPC", string(a.VPC)), named("peer VPC", string(a.PeerVPC)), named("connection", string(a.Connection)), named("subnets", list(a.Subnets)),
			named("tunnels", list(a.Tunnels)), when(a.GatewayTransit, "gateway transit"), when(a.ExchangeRoutes, "exchanges routes"),
			when(a.CrossAccount, "cross account"), named("link", string(a.Link)), meta(a.Meta))
	}
}

var attachmentKinds = map[fabric.AttachmentKind]string{
	fabric.VGWAttachment: "VGW", fabric.TransitVPCAttachment: "TGW VPC", fabric.TransitVPNAttachment: "TGW VPN", fabric.TransitPeering: "TGW peering",
	fabric.VNetPeering: "VNet peering", fabric.VirtualHubConnection: "hub connection", fabric.VPCPeering: "VPC peering", fabric.NCCSpoke: "NCC spoke",
	fabric.NCCHybridSpoke: "NCC hybrid spoke",
}

func hop(h fabric.Hop) string {
	switch h.Kind {
	case fabric.HopInternetGateway:
		return "to the internet"
	case fabric.HopNAT:
		return "to " + string(h.NAT)
	case fabric.HopTransitGateway, fabric.HopVirtualNetworkGateway:
		return "to " + string(h.Gateway)
	case fabric.HopAttachment:
		return "to " + string(h.Attachment)
	case fabric.HopBlackhole:
		return "dropped"
	}
	return "hop?"
}

// printer collects lines.
type printer struct {
	strings.Builder
	n *fabric.Network
}

// line writes the words that are not empty, two spaces a level before them;
// a line with one word or none of more than its label is left out.
func (p *printer) line(level int, words ...string) {
	var kept []string
	for _, w := range words {
		if w != "" {
			kept = append(kept, w)
		}
	}
	if len(kept) == 0 && len(words) > 0 {
		return
	}
	p.WriteString(strings.TrimRight(strings.Repeat("  ", level)+strings.Join(kept, " "), " ") + "\n")
}

func (p *printer) blank() { p.WriteByte('\n') }

func when(ok bool, s string) string {
	if ok {
		return s
	}
	return ""
}

// named puts a word before what is not empty.
func named(word, s string) string {
	if s == "" {
		return ""
	}
	return word + " " + s
}

func positive(word string, n int) string { return when(n > 0, fmt.Sprintf("%s %d", word, n)) }

func join[T interface {
	netip.Prefix | netip.Addr | vocab.Service
	String() string
}](s []T) string {
	out := make([]string, len(s))
	for i, x := range s {
		out[i] = x.String()
	}
	return strings.Join(out, " ")
}

func list[T ~string](s []T) string {
	out := make([]string, len(s))
	for i, x := range s {
		out[i] = string(x)
	}
	return strings.Join(out, " ")
}

func tags(s []fabric.Tag) string {
	var out []string
	for _, t := range s {
		out = append(out, t.Key+"="+t.Value)
	}
	return named("tags", strings.Join(out, " "))
}

func domains(s []fabric.Domain) string {
	var out []string
	for _, d := range s {
		out = append(out, d.Kind.String()+" "+d.ID)
	}
	return named("fails with", strings.Join(out, ", "))
}

// meta ends the line of an object: what it fails with, whose it is, and what
// in the spec caused it.
func meta(m fabric.Meta) string {
	return strings.TrimSpace(strings.Join([]string{domains(m.Domains), named("account", string(m.Account)), origin(m.Origin)}, " "))
}

func origin(o fabric.Origin) string {
	if !o.Pos.IsValid() && o.Path == "" {
		return ""
	}
	return fmt.Sprintf("<- %d %s", o.Pos.Line, o.Path)
}
