package routes_test

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/vocab"
)

// net builds small networks by hand.
type net struct{ fabric.Network }

func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func pfxs(list string) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range strings.Fields(list) {
		out = append(out, pfx(s))
	}
	return out
}

func (n *net) site(id string, cloud vocab.Cloud, region, prefixes string) {
	s := fabric.Site{ID: fabric.SiteID(id), Cloud: cloud, Region: region, Prefixes: pfxs(prefixes)}
	if region != "" {
		s.Meta.Domains = []fabric.Domain{{Kind: fabric.RegionDomain, ID: cloud.String() + ":" + region}, {Kind: fabric.Provider, ID: cloud.String()}}
	}
	n.Sites = append(n.Sites, s)
}

// vpc adds a VPC at a site with one subnet for each prefix.
func (n *net) vpc(id, site string, cloud vocab.Cloud, prefixes string) {
	v := fabric.VPC{ID: fabric.VPCID(id), Cloud: cloud, Sites: []fabric.SiteID{fabric.SiteID(site)}, Prefixes: pfxs(prefixes)}
	n.VPCs = append(n.VPCs, v)
	for i, q := range v.Prefixes {
		n.subnet(fmt.Sprintf("%s/s%d", id, i), id, site, q.String(), "")
	}
}

func (n *net) subnet(id, vpc, site, prefix, table string) {
	s := fabric.Subnet{ID: fabric.SubnetID(id), VPC: fabric.VPCID(vpc), Site: fabric.SiteID(site), Prefix: pfx(prefix), RouteTable: fabric.RouteTableID(table)}
	s.Parts = []fabric.SubnetPart{{Prefix: s.Prefix, RouteTable: s.RouteTable}}
	n.Subnets = append(n.Subnets, s)
}

func (n *net) table(id, vpc string, r ...fabric.Route) *fabric.RouteTable {
	n.RouteTables = append(n.RouteTables, fabric.RouteTable{ID: fabric.RouteTableID(id), VPC: fabric.VPCID(vpc), Routes: r})
	return &n.RouteTables[len(n.RouteTables)-1]
}

func (n *net) gateway(id, site, vpc string, kind fabric.GatewayKind, asn int) *fabric.Gateway {
	n.Gateways = append(n.Gateways, fabric.Gateway{
		ID: fabric.GatewayID(id), Site: fabric.SiteID(site), VPC: fabric.VPCID(vpc), Kind: kind, ASN: vocab.ASN(asn),
		ECMP: kind != fabric.VirtualPrivateGateway && kind != fabric.Device,
	})
	if kind == fabric.VirtualPrivateGateway && vpc != "" {
		n.attach(fabric.Attachment{ID: fabric.AttachmentID(id + "--" + vpc), Kind: fabric.VGWAttachment, Gateway: fabric.GatewayID(id), VPC: fabric.VPCID(vpc)})
	}
	return &n.Gateways[len(n.Gateways)-1]
}

func (n *net) attach(a fabric.Attachment) { n.Attachments = append(n.Attachments, a) }

// attachVPC attaches a VPC to a transit gateway, and returns the attachment.
func (n *net) attachVPC(tgw, vpc string) fabric.AttachmentID {
	id := fabric.AttachmentID(tgw + "--" + vpc)
	n.attach(fabric.Attachment{ID: id, Kind: fabric.TransitVPCAttachment, Gateway: fabric.GatewayID(tgw), VPC: fabric.VPCID(vpc)})
	return id
}

// office adds a site of one's own with its device.
func (n *net) office(id, prefixes string, asn int) *fabric.Gateway {
	n.site(id, vocab.OnPrem, "", prefixes)
	g := n.gateway(id+"/cpe", id, "", fabric.Device, asn)
	g.Announce = pfxs(prefixes)
	return g
}

// vpn joins two gateways by n tunnels. A connection is made where one is AWS's,
// and attached where it is a transit gateway; its attachment is vpn--<link>.
func (n *net) vpn(a, b string, tunnels int) fabric.LinkID {
	kind := func(id string) fabric.GatewayKind {
		for _, g := range n.Gateways {
			if g.ID == fabric.GatewayID(id) {
				return g.Kind
			}
		}
		return 0
	}
	link := fabric.LinkID(strings.ReplaceAll(a, "/", "-") + "--" + strings.ReplaceAll(b, "/", "-"))
	l := fabric.Link{ID: link, Kind: fabric.VPN, Gateways: [2]fabric.GatewayID{fabric.GatewayID(a), fabric.GatewayID(b)}}
	var conn fabric.ConnectionID
	for _, end := range []string{a, b} {
		k := kind(end)
		if k != fabric.TransitGateway && k != fabric.VirtualPrivateGateway {
			continue
		}
		conn = fabric.ConnectionID(link + "/c0")
		n.Connections = append(n.Connections, fabric.Connection{ID: conn, Link: link, Gateway: fabric.GatewayID(end)})
		if k == fabric.TransitGateway {
			n.attach(fabric.Attachment{ID: fabric.AttachmentID("vpn--" + string(link)), Kind: fabric.TransitVPNAttachment, Gateway: fabric.GatewayID(end), Connection: conn, Link: link})
		}
	}
	for i := range tunnels {
		id := fabric.TunnelID(fmt.Sprintf("%s/%d", link, i))
		l.Tunnels = append(l.Tunnels, id)
		n.Tunnels = append(n.Tunnels, fabric.Tunnel{ID: id, Link: link, Index: i, Connection: conn, Ends: [2]fabric.TunnelEnd{
			{Gateway: fabric.GatewayID(a), InitiateIKE: true, InitiateBGP: true}, {Gateway: fabric.GatewayID(b), InitiateIKE: true, InitiateBGP: true},
		}})
	}
	n.Links = append(n.Links, l)
	return link
}

// plane sorts what was built and works out its control plane.
func (n *net) plane() *routes.Plane {
	sortBy(n.Sites, func(x fabric.Site) fabric.SiteID { return x.ID })
	sortBy(n.VPCs, func(x fabric.VPC) fabric.VPCID { return x.ID })
	sortBy(n.Subnets, func(x fabric.Subnet) fabric.SubnetID { return x.ID })
	sortBy(n.RouteTables, func(x fabric.RouteTable) fabric.RouteTableID { return x.ID })
	sortBy(n.Gateways, func(x fabric.Gateway) fabric.GatewayID { return x.ID })
	sortBy(n.Attachments, func(x fabric.Attachment) fabric.AttachmentID { return x.ID })
	sortBy(n.Links, func(x fabric.Link) fabric.LinkID { return x.ID })
	sortBy(n.Connections, func(x fabric.Connection) fabric.ConnectionID { return x.ID })
	sortBy(n.Tunnels, func(x fabric.Tunnel) fabric.TunnelID { return x.ID })
	return routes.New(&n.Network, atlas.Default())
}

func (n *net) tables() *routes.Tables { return n.plane().Tables(nil) }

func sortBy[T any, K cmp.Ordered](list []T, id func(T) K) {
	slices.SortFunc(list, func(a, b T) int { return cmp.Compare(id(a), id(b)) })
}

// at returns the index of a table.
func at(t *testing.T, tables *routes.Tables, id string) int {
	t.Helper()
	for i := range tables.Tables {
		if tables.Tables[i].ID == routes.TableID(id) {
			return i
		}
	}
	t.Fatalf("no table %s", id)
	return -1
}

// way says how a table forwards an address: the tables that it passes, and how
// it ends; of several ways the first.
func way(t *testing.T, tables *routes.Tables, from, to string) string {
	t.Helper()
	paths, _ := tables.Trace(at(t, tables, from), netip.MustParseAddr(to))
	var words []string
	for _, s := range paths[0].Steps {
		words = append(words, string(tables.Tables[s.Table].ID))
	}
	return strings.Join(words, " > ") + ": " + paths[0].Outcome.String()
}

// has says what a table holds for exactly a prefix: protocol, AS path, and the
// number of hops.
func has(t *testing.T, tables *routes.Tables, table, prefix string) string {
	t.Helper()
	i := at(t, tables, table)
	r, ok := tables.Lookup(i, pfx(prefix).Addr())
	if !ok || r.Prefix != pfx(prefix) {
		return "nothing"
	}
	out := r.Protocol.String()
	for _, n := range r.Path {
		out += " " + n.String()
	}
	if len(r.Hops) > 1 {
		out += fmt.Sprintf(" over %d", len(r.Hops))
	}
	return out
}

// events lists the texts of a kind of event.
func events(tables *routes.Tables, kind routes.EventKind) []string {
	var out []string
	for _, e := range tables.Events {
		if e.Kind == kind {
			out = append(out, e.Text)
		}
	}
	return out
}

// expect compares what is held with what is wanted.
type held struct{ table, prefix, want string }

func check(t *testing.T, tables *routes.Tables, list ...held) {
	t.Helper()
	for _, h := range list {
		if got := has(t, tables, h.table, h.prefix); got != h.want {
			t.Errorf("%s holds %s by %q, want %q", h.table, h.prefix, got, h.want)
		}
	}
}

type goes struct{ from, to, want string }

func follow(t *testing.T, tables *routes.Tables, list ...goes) {
	t.Helper()
	for _, g := range list {
		if got := way(t, tables, g.from, g.to); got != g.want {
			t.Errorf("Trace(%s, %s) = %q, want %q", g.from, g.to, got, g.want)
		}
	}
}
