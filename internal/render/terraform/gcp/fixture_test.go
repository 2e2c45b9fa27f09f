package gcp

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
	"github.com/tieline/tieline/internal/render/terraform/root"
	"github.com/tieline/tieline/internal/vocab"
)

var suite = vocab.Suite{IKEEncryption: vocab.AES256GCM, PRF: vocab.SHA384, IKEGroup: 20, ESPEncryption: vocab.AES256GCM, PFSGroup: 20}

func origin(line int, path string) fabric.Origin {
	return fabric.Origin{Pos: diag.Pos{File: "net/network.yaml", Line: line, Col: 3}, Path: path}
}

func meta(account fabric.AccountID, line int, path string) fabric.Meta {
	return fabric.Meta{Account: account, Origin: origin(line, path)}
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

// oneVPC is a site with one VPC, joined to an AWS site by four tunnels.
func oneVPC() *fabric.Network {
	n := &fabric.Network{
		Name: "triangle", Environment: "production",
		Tags: []fabric.Tag{{Key: "team", Value: "ML Platform"}},
		Accounts: []fabric.Account{
			{ID: "net", Cloud: vocab.GCP, Native: "net-host"},
			{ID: "prod", Cloud: vocab.AWS, Native: "111122223333"},
		},
		Sites: []fabric.Site{
			{ID: "aws-oregon", Cloud: vocab.AWS, Region: "us-west-2", Meta: meta("prod", 5, "sites.aws-oregon")},
			{ID: "gcp-oregon", Cloud: vocab.GCP, Region: "us-west1", Meta: meta("net", 9, "sites.gcp-oregon")},
		},
		VPCs: []fabric.VPC{{
			ID: "gcp-oregon/ml", Name: "ml", Cloud: vocab.GCP, Sites: []fabric.SiteID{"gcp-oregon"}, Meta: meta("net", 10, "sites.gcp-oregon.networks.ml"),
			MTU: 1460, DefaultRoute: true, Prefixes: []netip.Prefix{prefix("10.96.0.0/16")}, Tags: []fabric.Tag{{Key: "team", Value: "ML Platform"}, {Key: "tier", Value: "1"}},
		}},
		NATs: []fabric.NAT{{
			ID: "gcp-oregon/ml/nat", Cloud: vocab.GCP, VPC: "gcp-oregon/ml", Site: "gcp-oregon", Meta: meta("net", 12, "sites.gcp-oregon.networks.ml.subnets.inference"),
			Serves: []fabric.SubnetID{"gcp-oregon/ml/inference"}, Gateway: "gcp-oregon/vpn",
		}},
		Endpoints: []fabric.Endpoint{{
			ID: "gcp-oregon/ml/gcs", VPC: "gcp-oregon/ml", Site: "gcp-oregon", Kind: fabric.PrivateGoogleAccess, Service: "gcs",
			Subnets: []fabric.SubnetID{"gcp-oregon/ml/data"}, Meta: meta("net", 13, ""),
		}},
		FlowLogs: []fabric.FlowLog{{ID: "gcp-oregon/ml/flow-log", Cloud: vocab.GCP, Site: "gcp-oregon", VPC: "gcp-oregon/ml"}},
		Gateways: []fabric.Gateway{
			{ID: "aws-oregon/tgw", Kind: fabric.TransitGateway, Site: "aws-oregon", ASN: 64512, Meta: meta("prod", 5, "sites.aws-oregon")},
			{
				ID: "gcp-oregon/vpn", Kind: fabric.HAVPN, Site: "gcp-oregon", VPC: "gcp-oregon/ml", ASN: 64513, Meta: meta("net", 9, "sites.gcp-oregon"),
				Announce: []netip.Prefix{prefix("10.96.0.0/16")},
			},
		},
		Filters: []fabric.Filter{{
			ID: "gcp-oregon/ml/firewall", Kind: fabric.FirewallPolicy, Site: "gcp-oregon", VPC: "gcp-oregon/ml", Name: "triangle-gcp-oregon-ml", Meta: meta("net", 10, "sites.gcp-oregon.networks.ml"),
			Rules: []fabric.FilterRule{
				{
					Name: "allow-inference-training", Direction: fabric.Ingress, Action: fabric.Allow, Priority: 1000, Origin: origin(30, "policy[0]"),
					Services: []vocab.Service{{Proto: vocab.TCP, Ports: vocab.PortRange{First: 443, Last: 443}}, {Proto: vocab.TCP, Ports: vocab.PortRange{First: 8000, Last: 8100}}, {Proto: vocab.ICMP}},
					Peers:    []netip.Prefix{prefix("10.0.16.0/22"), prefix("10.96.16.0/22")}, Local: []netip.Prefix{prefix("10.96.0.0/20")},
				},
				{Name: "deny-egress", Direction: fabric.Egress, Action: fabric.Deny, Priority: 65000, All: true, Services: []vocab.Service{{}}, Origin: origin(10, "sites.gcp-oregon.networks.ml")},
			},
		}},
		Links: []fabric.Link{{
			ID: "aws-oregon--gcp-oregon", Kind: fabric.VPN, Sites: [2]fabric.SiteID{"aws-oregon", "gcp-oregon"}, Gateways: [2]fabric.GatewayID{"aws-oregon/tgw", "gcp-oregon/vpn"},
			Suite: suite, Origin: origin(20, "connect[0]"),
		}},
	}
	for i, s := range []string{"data", "inference", "training"} {
		n.Subnets = append(n.Subnets, fabric.Subnet{
			ID: fabric.SubnetID("gcp-oregon/ml/" + s), VPC: "gcp-oregon/ml", Site: "gcp-oregon", Name: s, Prefix: prefix(fmt.Sprintf("10.96.%d.0/20", 16*i)), Meta: meta("net", 11+i, ""),
		})
	}
	for i := range 4 {
		n.Tunnels = append(n.Tunnels, tunnel("aws-oregon--gcp-oregon", i, "aws-oregon/tgw", i%2, "gcp-oregon/vpn", i/2))
		n.Tunnels[i].Connection = fabric.ConnectionID(fmt.Sprintf("aws-oregon--gcp-oregon/c%d", i/2))
		n.Tunnels[i].Ends[1].Priority = 100
		n.Links[0].Tunnels = append(n.Links[0].Tunnels, n.Tunnels[i].ID)
	}
	return n
}

func tunnel(link fabric.LinkID, i int, g0 fabric.GatewayID, if0 int, g1 fabric.GatewayID, if1 int) fabric.Tunnel {
	base := netip.AddrFrom4([4]byte{169, 254, 8, byte(4 * i)})
	return fabric.Tunnel{
		ID: fabric.TunnelID(fmt.Sprintf("%s/%d", link, i)), Link: link, Index: i, Inside: netip.PrefixFrom(base, 30),
		Ends: [2]fabric.TunnelEnd{
			{Gateway: g0, Interface: if0, Inside: base.Next(), Keepalive: 10},
			{Gateway: g1, Interface: if1, Inside: base.Next().Next(), Keepalive: 20},
		},
	}
}

// hub is a GCP site whose workload VPC, in another project, reaches the hub
// VPC by a peering or by Network Connectivity Center; a VPC that spans two
// regions; an existing VPC; links to a device and to the other region.
func hub(kind fabric.AttachmentKind) *fabric.Network {
	n := &fabric.Network{
		Name: "hub",
		Accounts: []fabric.Account{
			{ID: "data", Cloud: vocab.GCP, Native: "data-project"},
			{ID: "net", Cloud: vocab.GCP, Native: "net-host"},
		},
		Sites: []fabric.Site{
			{ID: "gcp-iowa", Cloud: vocab.GCP, Region: "us-central1", Meta: meta("net", 5, "sites.gcp-iowa")},
			{ID: "gcp-oregon", Cloud: vocab.GCP, Region: "us-west1", Meta: meta("net", 9, "sites.gcp-oregon")},
			{ID: "hq", Cloud: vocab.OnPrem, Meta: meta("", 14, "sites.hq")},
		},
		VPCs: []fabric.VPC{
			{ID: "gcp-iowa/old", Name: "old", Cloud: vocab.GCP, Sites: []fabric.SiteID{"gcp-iowa"}, Existing: "legacy", Meta: meta("net", 6, "sites.gcp-iowa.networks.old")},
			{ID: "gcp-oregon/hub", Name: "hub", Cloud: vocab.GCP, Sites: []fabric.SiteID{"gcp-oregon"}, Role: fabric.Hub, Meta: meta("net", 9, "sites.gcp-oregon")},
			{ID: "gcp-oregon/ml", Name: "ml", Cloud: vocab.GCP, Sites: []fabric.SiteID{"gcp-oregon"}, Role: fabric.Spoke, Meta: meta("data", 10, "sites.gcp-oregon.networks.ml")},
			{ID: "net:core", Name: "core", Cloud: vocab.GCP, Sites: []fabric.SiteID{"gcp-iowa", "gcp-oregon"}, Meta: meta("net", 7, "sites.gcp-iowa.networks.core")},
		},
		Subnets: []fabric.Subnet{
			{ID: "gcp-iowa/core/a", VPC: "net:core", Site: "gcp-iowa", Name: "a", Prefix: prefix("10.1.0.0/20"), Meta: meta("net", 7, "")},
			{ID: "gcp-iowa/old/x", VPC: "gcp-iowa/old", Site: "gcp-iowa", Name: "x", Prefix: prefix("10.9.0.0/20"), Existing: true},
			{ID: "gcp-oregon/core/a", VPC: "net:core", Site: "gcp-oregon", Name: "a", Prefix: prefix("10.2.0.0/20"), Meta: meta("net", 11, "")},
			{ID: "gcp-oregon/ml/a-subnet-with-a-name-that-fills-the-length-of-names-in-the-cloud", VPC: "gcp-oregon/ml", Site: "gcp-oregon", Name: "a-subnet-with-a-name-that-fills-the-length-of-names-in-the-cloud", Prefix: prefix("10.3.0.0/20"), Meta: meta("data", 12, "")},
		},
		NATs: []fabric.NAT{{ID: "gcp-oregon/core/nat", Cloud: vocab.GCP, VPC: "net:core", Site: "gcp-oregon", Serves: []fabric.SubnetID{"gcp-oregon/core/a"}, Meta: meta("net", 11, "")}},
		Gateways: []fabric.Gateway{
			{ID: "gcp-iowa/vpn", Kind: fabric.HAVPN, Site: "gcp-iowa", VPC: "gcp-iowa/old", ASN: 64514, Meta: meta("net", 5, "sites.gcp-iowa"), Announce: []netip.Prefix{prefix("10.1.0.0/20"), prefix("10.9.0.0/20")}},
			{ID: "gcp-oregon/vpn", Kind: fabric.HAVPN, Site: "gcp-oregon", VPC: "gcp-oregon/hub", ASN: 64513, Meta: meta("net", 9, "sites.gcp-oregon")},
			{ID: "hq/cpe", Kind: fabric.Device, Site: "hq", ASN: 65010, Interfaces: []fabric.Interface{
				{Index: 0, PublicIP: netip.MustParseAddr("203.0.113.10")}, {Index: 1, PublicIP: netip.MustParseAddr("203.0.113.11")}, {Index: 2, PublicIP: netip.MustParseAddr("203.0.113.12")},
			}},
		},
		Links: []fabric.Link{
			{ID: "gcp-iowa--gcp-oregon", Kind: fabric.VPN, Sites: [2]fabric.SiteID{"gcp-iowa", "gcp-oregon"}, Gateways: [2]fabric.GatewayID{"gcp-iowa/vpn", "gcp-oregon/vpn"}, Suite: suite, Origin: origin(20, "connect[0]")},
			{
				ID: "gcp-oregon--hq", Kind: fabric.VPN, Sites: [2]fabric.SiteID{"gcp-oregon", "hq"}, Gateways: [2]fabric.GatewayID{"gcp-oregon/vpn", "hq/cpe"}, Transit: "gcp-oregon", Origin: origin(21, "connect[1]"),
				Suite: vocab.Suite{IKEEncryption: vocab.AES256CBC, IKEIntegrity: vocab.SHA256, PRF: vocab.SHA256, IKEGroup: 14, ESPEncryption: vocab.AES256CBC, ESPIntegrity: vocab.SHA256, PFSGroup: 14},
			},
		},
	}
	for i := range 2 {
		n.Tunnels = append(n.Tunnels, tunnel("gcp-iowa--gcp-oregon", i, "gcp-iowa/vpn", i, "gcp-oregon/vpn", i))
	}
	for i := range 3 {
		t := tunnel("gcp-oregon--hq", i, "gcp-oregon/vpn", i%2, "hq/cpe", i)
		t.Ends[0].Priority = 100 * i
		n.Tunnels = append(n.Tunnels, t)
	}
	n.Links[0].Tunnels = []fabric.TunnelID{n.Tunnels[0].ID, n.Tunnels[1].ID}
	n.Links[1].Tunnels = []fabric.TunnelID{n.Tunnels[2].ID, n.Tunnels[3].ID, n.Tunnels[4].ID}
	switch kind {
	case fabric.VPCPeering:
		n.Attachments = []fabric.Attachment{
			{ID: "gcp-oregon/vpn--gcp-oregon/ml", Kind: kind, Gateway: "gcp-oregon/vpn", VPC: "gcp-oregon/ml", PeerVPC: "gcp-oregon/hub", ExchangeRoutes: true, CrossAccount: true, Meta: meta("data", 10, "sites.gcp-oregon.networks.ml")},
			{ID: "gcp-oregon/vpn--net:core", Kind: kind, Gateway: "gcp-oregon/vpn", VPC: "net:core", PeerVPC: "gcp-oregon/hub", Meta: meta("net", 11, "sites.gcp-oregon.networks.core")},
		}
	default:
		n.Attachments = []fabric.Attachment{
			{ID: "gcp-oregon/vpn--gcp-oregon/hub", Kind: fabric.NCCHybridSpoke, Gateway: "gcp-oregon/vpn", VPC: "gcp-oregon/hub", Tunnels: n.Links[1].Tunnels, Meta: meta("net", 9, "sites.gcp-oregon")},
			{ID: "gcp-oregon/vpn--gcp-oregon/ml", Kind: kind, Gateway: "gcp-oregon/vpn", VPC: "gcp-oregon/ml", CrossAccount: true, Meta: meta("data", 10, "sites.gcp-oregon.networks.ml")},
			{ID: "gcp-oregon/vpn--net:core", Kind: kind, Gateway: "gcp-oregon/vpn", VPC: "net:core", Meta: meta("net", 11, "sites.gcp-oregon.networks.core")},
		}
	}
	return n
}

// renderSet renders the Google Cloud part of a network.
func renderSet(n *fabric.Network) *root.Set {
	set := root.New(n, atlas.Default())
	for _, s := range n.Sites {
		if s.Cloud == vocab.GCP {
			Site(set.Site(s.ID), s)
		}
	}
	for _, l := range n.Links {
		for end, s := range l.Sites {
			if site, _ := n.Site(s); l.Kind == fabric.VPN && site.Cloud == vocab.GCP {
				LinkEnd(set.Links(), l, end)
			}
		}
		if l.Kind != fabric.VPN {
			Link(set.Links(), l)
		}
	}
	return set
}

// render is [renderSet] with what the parent package and the other clouds'
// renderers put beside it.
func render(t *testing.T, n *fabric.Network) fstest.MapFS {
	t.Helper()
	set := renderSet(n)
	out := fstest.MapFS{}
	for _, r := range set.Roots() {
		surround(n, r, r == set.Links())
		for _, name := range r.Files() {
			path := strings.TrimPrefix(r.Dir+"/"+name, "/")
			out[path] = &fstest.MapFile{Data: r.File(name).Bytes()}
		}
	}
	return out
}

func surround(n *fabric.Network, r *root.Root, links bool) {
	b := r.File("versions.tf")
	b.Block("terraform")
	b.Block("required_providers")
	for _, p := range []string{"aws", "google", "random"} {
		b.Attr(p, hcl.Object(hcl.Item{Key: "source", Value: hcl.Quote("hashicorp/" + p)}))
	}
	b.End()
	b.End()
	if r.UsesLabels() {
		r.Locals(b, hcl.Item{Key: "labels", Value: root.TagMap(r.CommonLabels())})
	}
	for _, id := range r.Providers() {
		b.Block("provider", "google")
		b.Attr("alias", hcl.Quote(names.Label(string(id))))
		b.Attr("project", hcl.Quote(string(id)))
		b.End()
	}
	for _, id := range r.Remotes() {
		b.Block("data", "terraform_remote_state", names.Label(string(id)))
		b.Attr("backend", `"local"`)
		b.End()
	}
	for _, o := range r.Outputs() {
		b.Block("output", o.Name)
		b.Attr("value", o.Value)
		b.End()
	}
	if !links {
		return
	}
	keys := []string{}
	connections := map[string][]string{}
	for _, t := range n.Tunnels {
		keys = append(keys, names.PSKKey(t))
		if t.Connection != "" {
			connections[names.Label(string(t.Link))] = append(connections[names.Label(string(t.Link))], names.ConnectionKey(t.Connection))
		}
	}
	b.Block("resource", "random_password", "psk")
	b.Attr("for_each", "toset("+hcl.Strings(keys...)+")")
	b.Attr("length", "32")
	b.Attr("special", "false")
	b.End()
	for _, l := range slices.Sorted(maps.Keys(connections)) {
		b.Block("resource", "aws_vpn_connection", l)
		b.Attr("for_each", "toset("+hcl.Strings(connections[l]...)+")")
		b.Attr("customer_gateway_id", `"cgw-0123456789abcdef0"`)
		b.Attr("transit_gateway_id", `"tgw-0123456789abcdef0"`)
		b.Attr("type", `"ipsec.1"`)
		b.End()
	}
}

// large is ten sites of ten VPCs with twenty subnets and fifty rules each,
// joined by Network Connectivity Center.
func large() *fabric.Network {
	n := &fabric.Network{Name: "large", Accounts: []fabric.Account{{ID: "net", Cloud: vocab.GCP, Native: "net-host"}}}
	for i := range 10 {
		site := fabric.SiteID(fmt.Sprintf("gcp-%d", i))
		n.Sites = append(n.Sites, fabric.Site{ID: site, Cloud: vocab.GCP, Region: "us-west1"})
		for j := range 10 {
			v := fabric.VPCID(fmt.Sprintf("%s/vpc-%d", site, j))
			n.VPCs = append(n.VPCs, fabric.VPC{ID: v, Name: fmt.Sprintf("vpc-%d", j), Sites: []fabric.SiteID{site}, Meta: meta("net", 1, "")})
			for k := range 20 {
				name := fmt.Sprintf("subnet-%02d", k)
				n.Subnets = append(n.Subnets, fabric.Subnet{ID: fabric.SubnetID(string(v) + "/" + name), VPC: v, Site: site, Name: name, Prefix: prefix(fmt.Sprintf("10.%d.%d.0/24", 10*i+j, k))})
			}
			f := fabric.Filter{ID: fabric.FilterID(v + "/firewall"), Kind: fabric.FirewallPolicy, Site: site, VPC: v, Name: fmt.Sprintf("large-%s-%d", site, j), Meta: meta("net", 1, "")}
			for k := range 50 {
				f.Rules = append(f.Rules, fabric.FilterRule{
					Name: fmt.Sprintf("allow-%d", k), Direction: fabric.Ingress, Action: fabric.Allow, Priority: 1000 + k,
					Peers: []netip.Prefix{prefix("10.0.0.0/16"), prefix("10.2.0.0/15")}, Local: []netip.Prefix{prefix("10.4.0.0/20")},
				})
			}
			n.Filters = append(n.Filters, f)
			n.Attachments = append(n.Attachments, fabric.Attachment{ID: fabric.AttachmentID(fmt.Sprintf("%s/vpn--%s", site, v)), Kind: fabric.NCCSpoke, VPC: v, Meta: meta("net", 1, "")})
		}
	}
	return n
}
