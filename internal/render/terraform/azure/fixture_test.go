package azure

import (
	"bytes"
	"fmt"
	"net/netip"
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

func origin(line int, path string) fabric.Origin {
	return fabric.Origin{Pos: diag.Pos{File: "dir/network.yaml", Line: line, Col: 3}, Path: path}
}

func meta(account fabric.AccountID, line int, path string) fabric.Meta {
	return fabric.Meta{Origin: origin(line, path), Account: account}
}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }

func addrList(list ...string) []netip.Addr {
	out := make([]netip.Addr, len(list))
	for i, s := range list {
		out[i] = netip.MustParseAddr(s)
	}
	return out
}

const subscription = "00000000-0000-0000-0000-00000000000"

func accounts() []fabric.Account {
	return []fabric.Account{
		{ID: "conn", Cloud: vocab.Azure, Native: subscription + "1"},
		{ID: "data", Cloud: vocab.Azure, Native: subscription + "2"},
	}
}

func strongest() vocab.Suite {
	return vocab.Suite{
		IKEEncryption: vocab.AES256GCM, PRF: vocab.SHA384, IKEGroup: 20,
		ESPEncryption: vocab.AES256GCM, PFSGroup: 20,
	}
}

func headquarters() (fabric.Site, fabric.Gateway) {
	site := fabric.Site{ID: "headquarters", Meta: meta("", 30, "sites.headquarters"), Cloud: vocab.OnPrem}
	return site, fabric.Gateway{
		ID: "headquarters/cpe", Meta: site.Meta, Kind: fabric.Device, Site: site.ID, ASN: 65010,
		Interfaces: []fabric.Interface{
			{Index: 0, PublicIP: netip.MustParseAddr("203.0.113.10")},
			{Index: 1, PublicIP: netip.MustParseAddr("203.0.113.11")},
		},
	}
}

// tunnel makes a tunnel from an Azure instance to a device of headquarters.
func tunnel(link fabric.LinkID, index int, gateway fabric.GatewayID, instance, device int, inside, azure, far string) fabric.Tunnel {
	own := fabric.TunnelEnd{
		Gateway: gateway, Interface: instance, Inside: netip.MustParseAddr(azure),
		InitiateIKE: true, Phase1: 28800, Phase2: 27000, DPD: 45, Keepalive: 60, Hold: 180,
	}
	peer := own
	peer.Gateway, peer.Interface, peer.Inside, peer.InitiateBGP = "headquarters/cpe", device, netip.MustParseAddr(far), true
	id := fabric.TunnelID(fmt.Sprintf("%s/%d", link, index))
	return fabric.Tunnel{
		ID: id, Meta: fabric.Meta{Origin: origin(40, "connect[0]")}, Link: link, Index: index,
		Inside: prefix(inside), Ends: [2]fabric.TunnelEnd{own, peer}, PSK: string(id),
	}
}

// hubAndSpoke is a site with a hub VNet and two spokes, one of them in another
// subscription and one that exists already, joined to headquarters by four
// tunnels and to a second hub by peering.
func hubAndSpoke(layout fabric.Layout) *fabric.Network {
	tags := []fabric.Tag{{Key: "team", Value: "ml"}}
	west := fabric.Site{ID: "azure-wus2", Meta: meta("conn", 10, "sites.azure-wus2"), Cloud: vocab.Azure, Region: "westus2", Tags: tags}
	east := fabric.Site{ID: "azure-eus", Meta: meta("conn", 20, "sites.azure-eus"), Cloud: vocab.Azure, Region: "eastus", Tags: tags}
	hq, device := headquarters()
	vnet := func(site fabric.Site, name string, account fabric.AccountID, role fabric.VPCRole, block string) fabric.VPC {
		return fabric.VPC{
			ID: fabric.VPCID(string(site.ID) + "/" + name), Meta: meta(account, 12, "sites."+string(site.ID)+".networks."+name),
			Cloud: vocab.Azure, Name: name, Sites: []fabric.SiteID{site.ID}, Role: role,
			Prefixes: []netip.Prefix{prefix(block)}, Tags: tags, Environment: "production",
		}
	}
	hub := vnet(west, "hub", "conn", fabric.Hub, "10.96.0.0/24")
	hubEast := vnet(east, "hub", "conn", fabric.Hub, "10.112.0.0/24")
	ml := vnet(west, "ml", "data", fabric.Spoke, "10.97.0.0/16")
	legacy := vnet(west, "legacy", "conn", fabric.Spoke, "10.98.0.0/16")
	legacy.Existing = "/subscriptions/" + subscription + "1/resourceGroups/old/providers/Microsoft.Network/virtualNetworks/legacy"
	subnet := func(v fabric.VPC, name, block string, purpose fabric.Purpose) fabric.Subnet {
		return fabric.Subnet{
			ID: fabric.SubnetID(string(v.ID) + "/" + name), Meta: meta(v.Meta.Account, 14, v.Meta.Origin.Path+".subnets."+name),
			VPC: v.ID, Site: v.Sites[0], Name: name, Purpose: purpose, Prefix: prefix(block), Existing: v.Existing != "",
		}
	}
	data := subnet(ml, "data", "10.97.0.0/22", fabric.Workload)
	data.Filter, data.RouteTable, data.Services = "azure-wus2/ml/data/nsg", "azure-wus2/ml/rt-main", []string{"storage"}
	training := subnet(ml, "training", "10.97.16.0/20", fabric.Workload)
	training.Internet = fabric.ViaNAT
	old := subnet(legacy, "apps", "10.98.0.0/24", fabric.Workload)
	old.RouteTable = "azure-wus2/legacy/rt-main"

	gateway := fabric.Gateway{
		ID: "azure-wus2/vpn", Meta: meta("conn", 10, "sites.azure-wus2.gateway"), Kind: fabric.VPNGateway, Site: west.ID, VPC: hub.ID,
		ASN: 65516, SKU: "VpnGw2AZ", Generation: 2,
		Interfaces: []fabric.Interface{
			{Index: 0, Inside: addrList("169.254.21.2", "169.254.22.2")},
			{Index: 1, Inside: addrList("169.254.21.6", "169.254.22.6")},
		},
	}
	gatewayEast := gateway
	gatewayEast.ID, gatewayEast.Site, gatewayEast.VPC, gatewayEast.ASN = "azure-eus/vpn", east.ID, hubEast.ID, 65521
	gatewayEast.Interfaces = []fabric.Interface{{Index: 0}, {Index: 1}}

	link := fabric.Link{
		ID: "azure-wus2--headquarters", Origin: origin(40, "connect[0]"), Kind: fabric.VPN,
		Sites: [2]fabric.SiteID{west.ID, hq.ID}, Gateways: [2]fabric.GatewayID{gateway.ID, device.ID}, Suite: strongest(),
	}
	tunnels := []fabric.Tunnel{
		tunnel(link.ID, 0, gateway.ID, 0, 0, "169.254.21.0/30", "169.254.21.2", "169.254.21.1"),
		tunnel(link.ID, 1, gateway.ID, 0, 1, "169.254.22.0/30", "169.254.22.2", "169.254.22.1"),
		tunnel(link.ID, 2, gateway.ID, 1, 0, "169.254.21.4/30", "169.254.21.6", "169.254.21.5"),
		tunnel(link.ID, 3, gateway.ID, 1, 1, "169.254.22.4/30", "169.254.22.6", "169.254.22.5"),
	}
	for _, t := range tunnels {
		link.Tunnels = append(link.Tunnels, t.ID)
	}
	hubs := fabric.Link{
		ID: "azure-eus--azure-wus2", Origin: origin(42, "connect[1]"), Kind: fabric.VNetPeerLink,
		Sites: [2]fabric.SiteID{east.ID, west.ID}, Gateways: [2]fabric.GatewayID{gatewayEast.ID, gateway.ID},
	}
	peer := func(id fabric.AttachmentID, v, hub fabric.VPC, transit bool, link fabric.LinkID) fabric.Attachment {
		return fabric.Attachment{
			ID: id, Meta: meta(v.Meta.Account, 12, v.Meta.Origin.Path), Kind: fabric.VNetPeering, VPC: v.ID, PeerVPC: hub.ID,
			GatewayTransit: transit, CrossAccount: v.Meta.Account != hub.Meta.Account, Link: link,
		}
	}
	route := func(block string, kind fabric.HopKind) fabric.Route {
		return fabric.Route{Prefix: prefix(block), Hop: fabric.Hop{Kind: kind, Gateway: gateway.ID}}
	}
	table := func(v fabric.VPC, routes ...fabric.Route) fabric.RouteTable {
		return fabric.RouteTable{ID: fabric.RouteTableID(string(v.ID) + "/rt-main"), Meta: v.Meta, VPC: v.ID, Site: west.ID, Name: "rt-main", Routes: routes}
	}
	return &fabric.Network{
		Name: "ml-platform", Environment: "production", Layout: layout, Tags: tags,
		Accounts:    accounts(),
		Sites:       []fabric.Site{east, west, hq},
		VPCs:        []fabric.VPC{hubEast, hub, legacy, ml},
		Subnets:     []fabric.Subnet{subnet(hubEast, "GatewaySubnet", "10.112.0.0/27", fabric.GatewaySubnet), subnet(hub, "GatewaySubnet", "10.96.0.0/27", fabric.GatewaySubnet), old, data, training},
		RouteTables: []fabric.RouteTable{table(legacy, route("10.112.0.0/16", fabric.HopBlackhole)), table(ml, route("10.0.0.0/8", fabric.HopVirtualNetworkGateway), route("10.98.0.0/16", fabric.HopVirtualNetworkGateway))},
		NATs:        []fabric.NAT{{ID: "azure-wus2/ml/nat", Meta: meta("data", 12, ml.Meta.Origin.Path), Cloud: vocab.Azure, VPC: ml.ID, Site: west.ID, Serves: []fabric.SubnetID{training.ID}}},
		Endpoints:   []fabric.Endpoint{{ID: "azure-wus2/ml/storage", Meta: ml.Meta, VPC: ml.ID, Site: west.ID, Kind: fabric.ServiceEndpoint, Service: "storage", Native: "Microsoft.Storage", Subnets: []fabric.SubnetID{data.ID}}},
		FlowLogs: []fabric.FlowLog{
			{ID: "azure-eus/hub/flow-log", Meta: hubEast.Meta, Cloud: vocab.Azure, Site: east.ID, VPC: hubEast.ID, Sink: "conn/eastus"},
			{ID: "azure-wus2/hub/flow-log", Meta: hub.Meta, Cloud: vocab.Azure, Site: west.ID, VPC: hub.ID, Sink: "conn/westus2"},
			{ID: "azure-wus2/legacy/flow-log", Meta: legacy.Meta, Cloud: vocab.Azure, Site: west.ID, VPC: legacy.ID, Sink: "conn/westus2"},
			{ID: "azure-wus2/ml/flow-log", Meta: ml.Meta, Cloud: vocab.Azure, Site: west.ID, VPC: ml.ID, Sink: "data/westus2"},
		},
		Gateways: []fabric.Gateway{gatewayEast, gateway, device},
		Attachments: []fabric.Attachment{
			peer("azure-eus--azure-wus2/peering", hubEast, hub, false, hubs.ID),
			peer("azure-wus2/vpn--azure-wus2/legacy", legacy, hub, true, ""),
			peer("azure-wus2/vpn--azure-wus2/ml", ml, hub, true, ""),
		},
		Links:   []fabric.Link{hubs, link},
		Tunnels: tunnels,
		Filters: []fabric.Filter{{
			ID: "azure-wus2/ml/data/nsg", Meta: data.Meta, Kind: fabric.NSG, Site: west.ID, VPC: ml.ID, Name: "ml-platform-azure-wus2-ml-data",
			Subnets: []fabric.SubnetID{data.ID},
			Rules: []fabric.FilterRule{
				{
					Name: "allow-training-tcp-5432", Direction: fabric.Ingress, Action: fabric.Allow, Priority: 200,
					Services: []vocab.Service{{Proto: vocab.TCP, Ports: vocab.PortRange{First: 5432, Last: 5432}}, {Proto: vocab.TCP, Ports: vocab.PortRange{First: 8000, Last: 8100}}},
					Peers:    []netip.Prefix{prefix("10.64.0.0/20"), prefix("10.97.16.0/20")},
				},
				{Name: "allow-probes", Direction: fabric.Ingress, Action: fabric.Allow, Priority: 300, PeerTag: "AzureLoadBalancer"},
				{Name: "deny-in", Direction: fabric.Ingress, Action: fabric.Deny, Priority: 4096, All: true},
				{Name: "deny-out", Direction: fabric.Egress, Action: fabric.Deny, Priority: 4096, All: true},
			},
		}},
	}
}

// virtualWAN is two virtual hubs, the first joined to headquarters.
func virtualWAN(layout fabric.Layout) *fabric.Network {
	east := fabric.Site{ID: "azure-eus", Meta: meta("conn", 20, "sites.azure-eus"), Cloud: vocab.Azure, Region: "eastus"}
	west := fabric.Site{ID: "azure-wus2", Meta: meta("conn", 10, "sites.azure-wus2"), Cloud: vocab.Azure, Region: "westus2"}
	hq, device := headquarters()
	ml := fabric.VPC{
		ID: "azure-wus2/ml", Meta: meta("data", 12, "sites.azure-wus2.networks.ml"), Cloud: vocab.Azure, Name: "ml",
		Sites: []fabric.SiteID{west.ID}, Role: fabric.Spoke, Prefixes: []netip.Prefix{prefix("10.97.0.0/16")},
	}
	hubEast := fabric.Gateway{
		ID: "azure-eus/vwan", Meta: east.Meta, Kind: fabric.VirtualHub, Site: east.ID, ASN: 65515, Prefix: prefix("10.112.0.0/23"),
	}
	hub := fabric.Gateway{
		ID: "azure-wus2/vwan", Meta: west.Meta, Kind: fabric.VirtualHub, Site: west.ID, ASN: 65515, Prefix: prefix("10.96.0.0/23"), ScaleUnits: 2,
		Interfaces: []fabric.Interface{{Index: 0, Inside: addrList("169.254.21.2")}, {Index: 1, Inside: addrList("169.254.21.6")}},
	}
	link := fabric.Link{
		ID: "azure-wus2--headquarters", Origin: origin(40, "connect[0]"), Kind: fabric.VPN,
		Sites: [2]fabric.SiteID{west.ID, hq.ID}, Gateways: [2]fabric.GatewayID{hub.ID, device.ID}, Suite: strongest(),
	}
	tunnels := []fabric.Tunnel{
		tunnel(link.ID, 0, hub.ID, 0, 0, "169.254.21.0/30", "169.254.21.2", "169.254.21.1"),
		tunnel(link.ID, 1, hub.ID, 1, 1, "169.254.21.4/30", "169.254.21.6", "169.254.21.5"),
	}
	for _, t := range tunnels {
		link.Tunnels = append(link.Tunnels, t.ID)
	}
	return &fabric.Network{
		Name: "wan", Layout: layout,
		Accounts: accounts(),
		Sites:    []fabric.Site{east, west, hq},
		VPCs:     []fabric.VPC{ml},
		Gateways: []fabric.Gateway{hubEast, hub, device},
		Attachments: []fabric.Attachment{{
			ID: "azure-wus2/vwan--azure-wus2/ml", Meta: ml.Meta, Kind: fabric.VirtualHubConnection, Gateway: hub.ID, VPC: ml.ID, CrossAccount: true,
		}},
		Links: []fabric.Link{
			{ID: "azure-eus--azure-wus2", Origin: origin(42, "connect[1]"), Kind: fabric.VirtualWANLink, Sites: [2]fabric.SiteID{east.ID, west.ID}, Gateways: [2]fabric.GatewayID{hubEast.ID, hub.ID}},
			link,
		},
		Tunnels: tunnels,
	}
}

// render writes the Azure part of a network, and around it what the parent
// package writes: providers, variables, outputs, secrets.
func render(t testing.TB, n *fabric.Network) fstest.MapFS {
	t.Helper()
	set := root.New(n, atlas.Default())
	for _, s := range n.Sites {
		if s.Cloud == vocab.Azure {
			Site(set.Site(s.ID), s)
		}
	}
	for _, l := range n.Links {
		switch l.Kind {
		case fabric.VPN:
			LinkEnd(set.Links(), l, 0)
		default:
			Link(set.Links(), l)
		}
	}
	files := fstest.MapFS{}
	for _, r := range set.Roots() {
		dir := r.Dir
		if dir != "" {
			dir += "/"
		}
		for _, name := range r.Files() {
			files[dir+name] = &fstest.MapFile{Data: r.File(name).Bytes()}
		}
		files[dir+"frame.tf"] = &fstest.MapFile{Data: frame(n, r)}
	}
	return files
}

func frame(n *fabric.Network, r *root.Root) []byte {
	var b hcl.Body
	b.Block("terraform")
	b.Block("required_providers")
	b.Attr("azurerm", `{ source = "hashicorp/azurerm", version = "~> 5.0" }`)
	b.Attr("random", `{ source = "hashicorp/random", version = "~> 3.6" }`)
	b.End()
	b.End()
	for _, id := range r.Providers() {
		a, _ := n.Account(id)
		b.Block("provider", "azurerm")
		b.Attr("alias", hcl.Quote(names.Label(string(id))))
		b.Attr("subscription_id", hcl.Quote(a.Native))
		b.Block("features")
		b.End()
		b.End()
	}
	b.Block("locals")
	b.Attr("tags", root.TagMap(r.CommonTags()))
	b.End()
	for _, v := range r.Variables() {
		b.Block("variable", v.Name)
		b.Attr("type", v.Type)
		if v.Default != "" {
			b.Attr("default", v.Default)
		}
		b.End()
	}
	for _, o := range r.Outputs() {
		b.Block("output", o.Name)
		b.Attr("value", o.Value)
		b.End()
	}
	for _, id := range r.Remotes() {
		b.Block("data", "terraform_remote_state", names.Label(string(id)))
		b.Attr("backend", `"local"`)
		b.Attr("config", hcl.Object(hcl.Item{Key: "path", Value: hcl.Quote("../" + string(id) + "/terraform.tfstate")}))
		b.End()
	}
	if r == r.Set.Links() {
		var keys []string
		for _, t := range n.Tunnels {
			keys = append(keys, names.PSKKey(t))
		}
		b.Block("resource", "random_password", "psk")
		b.Attr("for_each", "toset("+hcl.Strings(keys...)+")")
		b.Attr("length", "32")
		b.Attr("special", "false")
		b.End()
	}
	return b.Bytes()
}

// text returns one file without runs of spaces, which only align.
func text(t testing.TB, files fstest.MapFS, name string) string {
	t.Helper()
	f, ok := files[name]
	if !ok {
		var have []string
		for n := range files {
			have = append(have, n)
		}
		t.Fatalf("no file %s in %v", name, have)
	}
	lines := bytes.Split(f.Data, []byte("\n"))
	for i, l := range lines {
		lines[i] = []byte(strings.Join(strings.Fields(string(l)), " "))
	}
	return string(bytes.Join(lines, []byte("\n")))
}
