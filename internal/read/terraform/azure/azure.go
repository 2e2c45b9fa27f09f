// Package azure reads the Azure resources of a Terraform plan or state into a
// network: VNets, subnets, peerings, route tables, VPN gateways with their
// connections, Virtual WAN, network security groups and NAT gateways, in each
// spelling that the provider has for them. What it cannot tell it marks as
// unread.
package azure

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
	"github.com/tieline/tieline/internal/vocab"
)

// Reads lists the resource types that are read, sorted.
func Reads() []string {
	return []string{
		"azurerm_local_network_gateway", "azurerm_nat_gateway", "azurerm_network_interface", "azurerm_network_interface_security_group_association",
		"azurerm_network_security_group", "azurerm_network_security_rule", "azurerm_public_ip", "azurerm_route", "azurerm_route_table", "azurerm_subnet",
		"azurerm_subnet_nat_gateway_association", "azurerm_subnet_network_security_group_association", "azurerm_subnet_route_table_association",
		"azurerm_virtual_hub", "azurerm_virtual_hub_connection", "azurerm_virtual_network", "azurerm_virtual_network_gateway",
		"azurerm_virtual_network_gateway_connection", "azurerm_virtual_network_peering", "azurerm_virtual_wan", "azurerm_vpn_gateway",
		"azurerm_vpn_gateway_connection", "azurerm_vpn_site",
	}
}

// Read reads all Azure resources of a document.
func Read(src *doc.Document, d *draft.Draft) {
	r := &reader{
		src: src, d: d, vnets: map[*doc.Resource]int{}, outside: map[string]int{}, subnets: map[*doc.Resource]int{}, inline: map[string]int{},
		tables: map[tableKey]int{}, filters: map[tableKey]int{}, gateways: map[*doc.Resource]int{}, hubs: map[*doc.Resource]int{}, owner: map[*doc.Resource]string{},
	}
	r.readVNets()
	r.readSubnets()
	r.readNATs()
	r.readGateways()
	r.readPeerings()
	r.readHubs()
	r.readTables()
	r.readGroups()
	r.readConnections()
	r.readHubConnections()
	r.internet()
	r.doubtOthers()
}

type reader struct {
	src *doc.Document
	d   *draft.Draft

	vnets    map[*doc.Resource]int
	outside  map[string]int // VNets that are not in the file, by name or id
	subnets  map[*doc.Resource]int
	inline   map[string]int // subnets inside VNets, by VNet and name
	tables   map[tableKey]int
	filters  map[tableKey]int
	gateways map[*doc.Resource]int
	hubs     map[*doc.Resource]int
	owner    map[*doc.Resource]string
}

// tableKey names a route table or security group as one VNet has it: Azure lets
// several VNets share one.
type tableKey struct {
	x    *doc.Resource
	vnet fabric.VPCID
}

// region is the region of a resource in Azure's short form.
func region(x *doc.Resource) string {
	return strings.ToLower(strings.ReplaceAll(x.Text("location"), " ", ""))
}

// account is the subscription that a resource is in.
func (r *reader) account(x *doc.Resource) fabric.AccountID {
	native := x.ProviderValue("subscription_id")
	if parts := strings.Split(x.Text("id"), "/"); len(parts) > 2 && strings.EqualFold(parts[1], "subscriptions") {
		native = parts[2]
	}
	_, name, _ := strings.Cut(x.Provider, ".")
	return r.d.Account(vocab.Azure, cmp.Or(name, native, x.Provider), native, x.Origin)
}

func (r *reader) meta(x *doc.Resource, in string) fabric.Meta {
	return fabric.Meta{Origin: x.Origin, Account: r.account(x), Domains: r.d.Domains(vocab.Azure, in)}
}

func (r *reader) unclear(x *doc.Resource, what string) { r.d.Unread(x.Origin, x.Type, what, false) }

// title is a resource's own name, or its label where the name is not known.
func title(x *doc.Resource) string {
	if name := x.Text("name"); name != "" {
		return draft.Word(name)
	}
	if x.Index.Has {
		return draft.Word(x.Name + "-" + x.Index.Key)
	}
	return draft.Word(x.Name)
}

// called returns the resource that an argument names by its name in the same
// resource group.
func (r *reader) called(x *doc.Resource, arg string, w doc.Want) doc.Link {
	l := x.One(arg, w)
	if l.Clarity != doc.Outside {
		return l
	}
	var fits []*doc.Resource
	for _, y := range r.src.Of(w.Types...) {
		if strings.EqualFold(y.Text("name"), l.Text) && alike(x.Text("resource_group_name"), y.Text("resource_group_name")) {
			fits = append(fits, y)
		}
	}
	if len(fits) == 1 {
		return doc.Link{To: fits[0], Clarity: doc.Inside, Text: l.Text}
	}
	return l
}

// alike reports whether two names can be the same: one may not be said.
func alike(a, b string) bool { return a == "" || b == "" || strings.EqualFold(a, b) }

var (
	vnetTypes   = doc.Types("azurerm_virtual_network")
	subnetTypes = doc.Types("azurerm_subnet")
)

func (r *reader) readVNets() {
	n := r.d.Net
	mtu, _ := r.d.Atlas.MTU(atlas.MTUAzureVNet)
	for _, x := range r.src.Of("azurerm_virtual_network") {
		site := r.d.Site(vocab.Azure, region(x), x.Origin)
		v := fabric.VPC{
			ID: fabric.VPCID(r.d.ID(string(site) + "/" + title(x))), Meta: r.meta(x, region(x)), Cloud: vocab.Azure, Name: title(x),
			Sites: []fabric.SiteID{site}, MTU: mtu,
		}
		v.Prefixes, _ = x.Prefixes("address_space")
		for _, p := range v.Prefixes {
			v.Blocks = append(v.Blocks, fabric.SiteBlock{Site: site, Prefix: p})
		}
		if x.Unknown("address_space") || len(v.Prefixes) == 0 {
			v.Meta.Unread = "its address space is only known once applied"
			r.unclear(x, v.Meta.Unread)
		}
		r.vnets[x] = len(n.VPCs)
		n.VPCs = append(n.VPCs, v)
	}
}

// vnetOf returns the VNet that an argument names; one that is not in the file
// is made, with nothing known of it.
func (r *reader) vnetOf(x *doc.Resource, arg string) (int, bool) {
	l := r.called(x, arg, vnetTypes)
	switch l.Clarity {
	case doc.Inside:
		i, ok := r.vnets[l.To]
		return i, ok
	case doc.Outside:
		return r.outsideVNet(x, l.Text), true
	case doc.Unclear:
		r.unclear(x, "the VNet that it is of is only known once applied")
	case doc.Unset:
	}
	return 0, false
}

func (r *reader) outsideVNet(x *doc.Resource, id string) int {
	name := id[strings.LastIndexByte(id, '/')+1:]
	if i, ok := r.outside[strings.ToLower(name)]; ok {
		return i
	}
	n := r.d.Net
	in := cmp.Or(region(x), r.gatewayRegion(x))
	site := r.d.Site(vocab.Azure, in, x.Origin)
	m := r.meta(x, in)
	m.Unread = "the VNet " + name + " is not in the file"
	mtu, _ := r.d.Atlas.MTU(atlas.MTUAzureVNet)
	i := len(n.VPCs)
	n.VPCs = append(n.VPCs, fabric.VPC{
		ID: fabric.VPCID(r.d.ID(string(site) + "/" + draft.Word(name))), Meta: m, Cloud: vocab.Azure, Name: name, Existing: id, Sites: []fabric.SiteID{site}, MTU: mtu,
	})
	r.outside[strings.ToLower(name)] = i
	r.d.Unread(x.Origin, x.Type, m.Unread, false)
	return i
}

// gatewayRegion is the region of the gateway that stands in a subnet, which
// itself does not say where it is.
func (r *reader) gatewayRegion(subnet *doc.Resource) string {
	for _, g := range r.src.Of("azurerm_virtual_network_gateway") {
		for _, b := range g.Blocks("ip_configuration") {
			if b.One("subnet_id", subnetTypes).To == subnet {
				return region(g)
			}
		}
	}
	return ""
}

// gatewaySubnet is what the subnet of a gateway must be called
// (https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-about-vpn-gateway-settings#gwsub).
const gatewaySubnet = "GatewaySubnet"

func (r *reader) readSubnets() {
	for _, x := range r.src.Of("azurerm_virtual_network") {
		for _, b := range x.Blocks("subnet") {
			name := b.Text("name")
			// A state lists the subnets that are resources of their own here too.
			if r.separate(x, name) {
				continue
			}
			if i, ok := r.addSubnet(x, b, r.vnets[x], name); ok {
				r.inline[x.Address+" "+name] = i
			}
		}
	}
	for _, x := range r.src.Of("azurerm_subnet") {
		v, ok := r.vnetOf(x, "virtual_network_name")
		if !ok {
			v, ok = r.vnetOf(x, "virtual_network_id")
		}
		if !ok {
			continue
		}
		if i, ok := r.addSubnet(x, x.Block, v, cmp.Or(x.Text("name"), title(x))); ok {
			r.subnets[x] = i
			for _, name := range []string{"network_security_group_id_wo_version", "route_table_id_wo_version"} {
				if x.Set(name) {
					draft.Doubt(&r.d.Net.Subnets[i].Meta, "its "+strings.TrimSuffix(name, "_wo_version")+" is written only, so it is not in the file")
				}
			}
		}
	}
}

// separate reports whether a subnet of a VNet is a resource of its own.
func (r *reader) separate(vnet *doc.Resource, name string) bool {
	return slices.ContainsFunc(r.src.Of("azurerm_subnet"), func(x *doc.Resource) bool {
		return x.Text("name") == name && r.called(x, "virtual_network_name", vnetTypes).To == vnet
	})
}

func (r *reader) addSubnet(x *doc.Resource, b doc.Block, vnet int, name string) (int, bool) {
	n := r.d.Net
	v := &n.VPCs[vnet]
	list, _ := b.Prefixes("address_prefixes")
	if more, _ := b.Prefixes("address_prefix"); len(list) == 0 {
		list = more
	}
	list = slices.Clone(list)
	for len(list) > 0 && !list[0].Addr().Is4() {
		list = list[1:]
	}
	if len(list) == 0 {
		draft.Doubt(&v.Meta, "the prefix of its subnet "+name+" is only known once applied")
		r.unclear(x, "the prefix of the subnet "+name+" is only known once applied")
		return 0, false
	}
	s := fabric.Subnet{
		ID: fabric.SubnetID(r.d.ID(string(v.ID) + "/" + draft.Word(name))), Meta: r.meta(x, ""), VPC: v.ID, Site: v.Sites[0], Name: name,
		Prefix: list[0], Existing: v.Existing != "",
	}
	s.Meta.Domains = v.Meta.Domains
	if name == gatewaySubnet {
		s.Purpose = fabric.GatewaySubnet
	}
	for _, p := range list {
		if p.Addr().Is4() {
			s.Parts = append(s.Parts, fabric.SubnetPart{Prefix: p})
		}
	}
	if open := b.Get("default_outbound_access_enabled"); !open.Has() || open.True() {
		s.Internet = fabric.ViaNAT
	}
	n.Subnets = append(n.Subnets, s)
	return len(n.Subnets) - 1, true
}

// subnetOf returns the subnet that an argument names.
func (r *reader) subnetOf(x *doc.Resource, b doc.Block, arg string) (int, bool) {
	l := b.One(arg, doc.Want{Types: subnetTypes.Types, Also: vnetTypes.Types})
	if i, ok := r.subnets[l.To]; ok {
		return i, true
	}
	if parts := strings.Split(l.Text, "/"); len(parts) > 10 { // .../virtualNetworks/<name>/subnets/<name>
		vnet, name := parts[len(parts)-3], parts[len(parts)-1]
		for _, s := range sorted(r.subnets) {
			if strings.EqualFold(r.d.Net.Subnets[s].Name, name) && strings.EqualFold(r.vnetNamed(r.d.Net.Subnets[s].VPC), vnet) {
				return s, true
			}
		}
		for _, y := range r.src.Of("azurerm_virtual_network") {
			if i, ok := r.inline[y.Address+" "+name]; ok && strings.EqualFold(y.Text("name"), vnet) {
				return i, true
			}
		}
	}
	return 0, false
}

func (r *reader) vnetNamed(id fabric.VPCID) string {
	for i := range r.d.Net.VPCs {
		if r.d.Net.VPCs[i].ID == id {
			return r.d.Net.VPCs[i].Name
		}
	}
	return ""
}

// lost notes that an association is of a subnet that is not in the file or
// cannot be told: each that it could be of is in doubt.
func (r *reader) lost(x *doc.Resource, what string) {
	l := x.One("subnet_id", subnetTypes)
	if l.Clarity == doc.Unclear {
		for _, y := range x.Could("subnet_id", subnetTypes) {
			if i, ok := r.subnets[y]; ok {
				draft.Doubt(&r.d.Net.Subnets[i].Meta, "its "+what+" is only known once applied")
			}
		}
	}
	r.unclear(x, "the subnet that it is of is not in the file or cannot be told")
}

func sorted(m map[*doc.Resource]int) []int {
	out := make([]int, 0, len(m))
	for _, i := range m {
		out = append(out, i)
	}
	slices.Sort(out)
	return out
}

func (r *reader) readNATs() {
	n := r.d.Net
	at := map[tableKey]int{}
	for _, x := range r.src.Of("azurerm_subnet_nat_gateway_association") {
		i, ok := r.subnetOf(x, x.Block, "subnet_id")
		if !ok {
			r.lost(x, "NAT gateway")
			continue
		}
		s := &n.Subnets[i]
		s.Internet = fabric.ViaNAT
		l := x.One("nat_gateway_id", doc.Types("azurerm_nat_gateway"))
		if l.Clarity != doc.Inside {
			r.unclear(x, "the NAT gateway is not in the file or cannot be told")
			continue
		}
		key := tableKey{l.To, s.VPC}
		k, ok := at[key]
		if !ok {
			k = len(n.NATs)
			at[key] = k
			m := r.meta(l.To, region(l.To))
			n.NATs = append(n.NATs, fabric.NAT{ID: fabric.NATID(r.d.ID(string(s.VPC) + "/nat")), Meta: m, Cloud: vocab.Azure, VPC: s.VPC, Site: s.Site})
			if zones := l.To.Texts("zones"); len(zones) == 1 {
				n.NATs[k].Zone = zones[0]
			}
		}
		n.NATs[k].Serves = append(n.NATs[k].Serves, s.ID)
	}
}

// internet finds the subnets whose machines have public addresses, and those
// whose route table leads out or nowhere.
func (r *reader) internet() {
	n := r.d.Net
	for _, x := range r.src.Of("azurerm_network_interface") {
		for _, b := range x.Blocks("ip_configuration") {
			if i, ok := r.subnetOf(x, b, "subnet_id"); ok && b.Set("public_ip_address_id") {
				n.Subnets[i].Internet = fabric.Public
			}
		}
		if x.True("ip_forwarding_enabled") || x.True("enable_ip_forwarding") {
			r.unclear(x, "it may forward packets of others, which is not modelled")
		}
	}
}
