// Package gcp reads the Google Cloud resources of a Terraform plan or state
// into a network: VPC networks, subnetworks, routes, Cloud NAT, HA VPN with its
// Cloud Routers, peerings, Network Connectivity Center, and firewalls of both
// kinds. What it cannot tell it marks as unread.
package gcp

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/read/terraform/into/draft"
	"github.com/tieline/tieline/internal/vocab"
)

// Reads lists the resource types that are read, sorted.
func Reads() []string {
	return []string{
		"google_compute_external_vpn_gateway", "google_compute_firewall", "google_compute_ha_vpn_gateway", "google_compute_instance",
		"google_compute_network", "google_compute_network_firewall_policy", "google_compute_network_firewall_policy_association",
		"google_compute_network_firewall_policy_rule", "google_compute_network_peering", "google_compute_network_peering_routes_config",
		"google_compute_route", "google_compute_router", "google_compute_router_interface", "google_compute_router_nat", "google_compute_router_peer",
		"google_compute_router_route_policy", "google_compute_subnetwork", "google_compute_vpn_tunnel", "google_network_connectivity_hub", "google_network_connectivity_spoke",
	}
}

// Read reads all Google Cloud resources of a document.
func Read(src *doc.Document, d *draft.Draft) {
	r := &reader{
		src: src, d: d, networks: map[*doc.Resource]int{}, subnets: map[*doc.Resource]int{}, outside: map[string]int{},
		gateways: map[*doc.Resource]int{}, tunnels: map[*doc.Resource]bool{}, tables: map[int]int{}, served: map[fabric.SubnetID]bool{},
	}
	r.readNetworks()
	r.readSubnets()
	r.readGateways()
	r.readRoutes()
	r.readNATs()
	r.readTunnels()
	r.readPeerings()
	r.readHub()
	r.internet()
	r.readFirewalls()
	r.doubtOthers()
}

type reader struct {
	src *doc.Document
	d   *draft.Draft

	networks map[*doc.Resource]int
	subnets  map[*doc.Resource]int
	outside  map[string]int         // networks that are not in the file, by name
	gateways map[*doc.Resource]int  // HA VPN gateways
	tunnels  map[*doc.Resource]bool // that are read
	tables   map[int]int            // VPC to its routes
	served   map[fabric.SubnetID]bool
}

func region(x *doc.Resource) string {
	s := cmp.Or(x.Text("region"), x.ProviderValue("region"))
	return s[strings.LastIndexByte(s, '/')+1:]
}

// account is the project that a resource is in.
func (r *reader) account(x *doc.Resource) fabric.AccountID {
	native := cmp.Or(x.Text("project"), x.ProviderValue("project"))
	_, name, _ := strings.Cut(x.Provider, ".")
	return r.d.Account(vocab.GCP, cmp.Or(name, native, x.Provider), native, x.Origin)
}

func (r *reader) meta(x *doc.Resource, in string) fabric.Meta {
	return fabric.Meta{Origin: x.Origin, Account: r.account(x), Domains: r.d.Domains(vocab.GCP, in)}
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

// called returns the resource that an argument names: by reference or id, or by
// its bare name in the same project and region.
func (r *reader) called(x *doc.Resource, b doc.Block, arg string, w doc.Want) doc.Link {
	l := b.One(arg, w)
	if l.Clarity != doc.Outside {
		return l
	}
	name := l.Text[strings.LastIndexByte(l.Text, '/')+1:]
	var fits []*doc.Resource
	for _, y := range r.src.Of(w.Types...) {
		if y.Text("name") == name && alike(region(x), region(y)) && alike(x.Text("project"), y.Text("project")) {
			fits = append(fits, y)
		}
	}
	if len(fits) == 1 {
		return doc.Link{To: fits[0], Clarity: doc.Inside, Text: l.Text}
	}
	return l
}

// alike reports whether two values can be the same: one may not be said.
func alike(a, b string) bool { return a == "" || b == "" || a == b }

var (
	networkTypes = doc.Types("google_compute_network")
	subnetTypes  = doc.Types("google_compute_subnetwork")
	routerTypes  = doc.Types("google_compute_router")
)

// readNetworks makes the VPCs. A VPC is at each region that something of it is
// in; its id names the region when there is one only.
func (r *reader) readNetworks() {
	n := r.d.Net
	regions := map[*doc.Resource][]string{}
	for _, x := range r.src.Of("google_compute_subnetwork", "google_compute_ha_vpn_gateway", "google_compute_router") {
		if l := r.called(x, x.Block, "network", networkTypes); l.Clarity == doc.Inside && !slices.Contains(regions[l.To], region(x)) {
			regions[l.To] = append(regions[l.To], region(x))
		}
	}
	mtu, _ := r.d.Atlas.MTU(atlas.MTUGCPVPC)
	for _, x := range r.src.Of("google_compute_network") {
		list := regions[x]
		slices.Sort(list)
		in := ""
		if len(list) == 1 {
			in = list[0]
		}
		if len(list) == 0 {
			list = []string{""}
		}
		name := title(x)
		v := fabric.VPC{Meta: r.meta(x, in), Cloud: vocab.GCP, Name: name, MTU: cmp.Or(x.Int("mtu"), mtu), RegionalRouting: x.Text("routing_mode") != "GLOBAL"}
		if x.Text("bgp_best_path_selection_mode") == "STANDARD" || x.Unknown("bgp_best_path_selection_mode") {
			draft.Doubt(&v.Meta, "its routers choose paths by the standard mode, which is not modelled")
			r.unclear(x, v.Meta.Unread)
		}
		for _, reg := range list {
			v.Sites = append(v.Sites, r.d.Site(vocab.GCP, reg, x.Origin))
		}
		id := string(v.Sites[0]) + "/" + name
		if len(v.Sites) > 1 {
			id = string(v.Meta.Account) + ":" + name
		}
		v.ID = fabric.VPCID(r.d.ID(id))
		v.DefaultRoute = !x.True("delete_default_routes_on_create")
		if auto := x.Get("auto_create_subnetworks"); !auto.Has() || auto.True() {
			draft.Doubt(&v.Meta, "the network makes a subnet in each region by itself, which are not in the file")
			r.unclear(x, v.Meta.Unread)
		}
		r.networks[x] = len(n.VPCs)
		n.VPCs = append(n.VPCs, v)
	}
}

// networkOf returns the VPC that an argument names.
func (r *reader) networkOf(x *doc.Resource, arg string) (int, bool) {
	l := r.called(x, x.Block, arg, networkTypes)
	if i, ok := r.networks[l.To]; ok {
		return i, true
	}
	if l.Clarity == doc.Outside {
		return r.outsideNetwork(x, l.Text), true
	}
	r.unclear(x, "which VPC network it is of is only known once applied")
	return 0, false
}

// outsideNetwork makes a VPC that is not in the file, with nothing known of it.
func (r *reader) outsideNetwork(x *doc.Resource, id string) int {
	name := id[strings.LastIndexByte(id, '/')+1:]
	if i, ok := r.outside[name]; ok {
		return i
	}
	n := r.d.Net
	site := r.d.Site(vocab.GCP, region(x), x.Origin)
	m := r.meta(x, region(x))
	m.Unread = "the VPC network " + name + " is not in the file"
	mtu, _ := r.d.Atlas.MTU(atlas.MTUGCPVPC)
	i := len(n.VPCs)
	n.VPCs = append(n.VPCs, fabric.VPC{
		ID: fabric.VPCID(r.d.ID(string(site) + "/" + draft.Word(name))), Meta: m, Cloud: vocab.GCP, Name: name, Existing: id,
		Sites: []fabric.SiteID{site}, MTU: mtu,
	})
	r.outside[name] = i
	r.unclear(x, m.Unread)
	return i
}

func (r *reader) readSubnets() {
	n := r.d.Net
	for _, x := range r.src.Of("google_compute_subnetwork") {
		i, ok := r.networkOf(x, "network")
		if !ok {
			continue
		}
		v := &n.VPCs[i]
		site := r.d.Site(vocab.GCP, region(x), x.Origin)
		list, _ := x.Prefixes("ip_cidr_range")
		if len(list) == 0 {
			draft.Doubt(&v.Meta, "the range of its subnet "+title(x)+" is only known once applied")
			r.unclear(x, "its range is only known once applied")
			continue
		}
		r.subnets[x] = len(n.Subnets)
		r.addSubnet(x, v, site, title(x), list[0])
		for _, b := range x.Blocks("secondary_ip_range") {
			more, _ := b.Prefixes("ip_cidr_range")
			if len(more) == 0 {
				draft.Doubt(&v.Meta, "a secondary range of its subnet "+title(x)+" is only known once applied")
				continue
			}
			r.addSubnet(x, v, site, title(x)+"."+draft.Word(b.Text("range_name")), more[0])
		}
	}
	for i := range n.VPCs {
		v := &n.VPCs[i]
		if v.Cloud != vocab.GCP {
			continue
		}
		for _, site := range v.Sites {
			var own []netip.Prefix
			for _, s := range n.Subnets {
				if s.VPC == v.ID && s.Site == site {
					own = append(own, s.Prefix)
				}
			}
			for _, p := range prefix.Aggregate(own) {
				v.Blocks = append(v.Blocks, fabric.SiteBlock{Site: site, Prefix: p})
				v.Prefixes = append(v.Prefixes, p)
			}
		}
		slices.SortFunc(v.Prefixes, prefix.Compare)
	}
}

func (r *reader) addSubnet(x *doc.Resource, v *fabric.VPC, site fabric.SiteID, name string, p netip.Prefix) {
	s := fabric.Subnet{
		ID: fabric.SubnetID(r.d.ID(string(site) + "/" + v.Name + "/" + name)), Meta: r.meta(x, region(x)), VPC: v.ID, Site: site, Name: name,
		Prefix: p, Parts: []fabric.SubnetPart{{Prefix: p}},
	}
	r.d.Net.Subnets = append(r.d.Net.Subnets, s)
}

// readRoutes reads static routes. A default one to the internet is the VPC's.
func (r *reader) readRoutes() {
	n := r.d.Net
	for _, x := range r.src.Of("google_compute_route") {
		i, ok := r.networkOf(x, "network")
		if !ok {
			continue
		}
		v := &n.VPCs[i]
		t := &n.RouteTables[r.table(i)]
		list, _ := x.Prefixes("dest_range")
		switch {
		case len(list) != 1:
			draft.Doubt(&t.Meta, "where the route "+title(x)+" leads to is only known once applied")
			continue
		case x.Set("tags"):
			draft.Doubt(&t.Meta, "the route "+title(x)+" is of tagged machines only")
			r.unclear(x, "which machines have its tags is not modelled")
			continue
		case !list[0].Addr().Is4():
			continue
		}
		route := fabric.Route{Prefix: list[0], Origin: x.Origin, Note: x.Text("description"), Priority: x.Int("priority")}
		gateway := x.Text("next_hop_gateway")
		switch {
		case strings.HasSuffix(gateway, "default-internet-gateway"):
			route.Hop = fabric.Hop{Kind: fabric.HopInternetGateway}
			if list[0].Bits() == 0 && route.Priority == 0 {
				v.DefaultRoute = true
				continue
			}
		default:
			route.Hop = fabric.Hop{Kind: fabric.HopAppliance, Address: x.Addr("next_hop_ip")}
			r.unclear(x, "it routes to a machine, load balancer or classic VPN tunnel, which is not modelled")
		}
		t.Routes = append(t.Routes, route)
	}
}

func (r *reader) table(vpc int) int {
	if i, ok := r.tables[vpc]; ok {
		return i
	}
	n := r.d.Net
	v := &n.VPCs[vpc]
	r.tables[vpc] = len(n.RouteTables)
	m := v.Meta
	m.Unread = ""
	n.RouteTables = append(n.RouteTables, fabric.RouteTable{ID: fabric.RouteTableID(r.d.ID(string(v.ID) + "/rt-static")), Meta: m, VPC: v.ID, Name: "static"})
	return r.tables[vpc]
}

func (r *reader) readNATs() {
	n := r.d.Net
	for _, x := range r.src.Of("google_compute_router_nat") {
		l := r.called(x, x.Block, "router", routerTypes)
		if l.Clarity != doc.Inside {
			r.unclear(x, "the router of the NAT is not in the file or cannot be told")
			continue
		}
		i, ok := r.networkOf(l.To, "network")
		if !ok {
			continue
		}
		v := &n.VPCs[i]
		site := r.d.Site(vocab.GCP, region(l.To), x.Origin)
		t := fabric.NAT{ID: fabric.NATID(r.d.ID(string(site) + "/" + v.Name + "/nat")), Meta: r.meta(x, region(l.To)), Cloud: vocab.GCP, VPC: v.ID, Site: site}
		if x.Text("type") == "PRIVATE" {
			r.unclear(x, "a private NAT is not modelled")
			continue
		}
		var all []fabric.SubnetID
		for _, s := range n.Subnets {
			if s.VPC == v.ID && s.Site == site {
				all = append(all, s.ID)
			}
		}
		blocks := x.Blocks("subnetwork")
		switch {
		case strings.HasPrefix(x.Text("source_subnetwork_ip_ranges_to_nat"), "ALL_"):
			t.Serves = all
		case len(blocks) == len(all):
			t.Serves = all
		default:
			for _, b := range blocks {
				l := r.called(x, b, "name", subnetTypes)
				if s, ok := r.subnets[l.To]; ok {
					t.Serves = append(t.Serves, n.Subnets[s].ID)
					continue
				}
				draft.Doubt(&t.Meta, "the subnets that it serves are not all known")
			}
		}
		for _, s := range t.Serves {
			r.served[s] = true
		}
		n.NATs = append(n.NATs, t)
	}
}

// internet says how each subnet reaches the internet. Where its VPC has a
// default route, any machine may have an external address, so the subnet counts
// as public unless NAT serves it and no machine of the file has one.
func (r *reader) internet() {
	n := r.d.Net
	external := map[fabric.SubnetID]bool{}
	for _, x := range r.src.Of("google_compute_instance") {
		if x.True("can_ip_forward") {
			r.unclear(x, "it may forward packets of others, which is not modelled")
		}
		for _, b := range x.Blocks("network_interface") {
			l := r.called(x, b, "subnetwork", subnetTypes)
			if i, ok := r.subnets[l.To]; ok && b.Set("access_config") {
				external[n.Subnets[i].ID] = true
			}
		}
	}
	for i := range n.Subnets {
		s := &n.Subnets[i]
		for v := range n.VPCs {
			if n.VPCs[v].ID != s.VPC || n.VPCs[v].Cloud != vocab.GCP || !r.leadsOut(v) {
				continue
			}
			s.Internet = fabric.Public
			if r.served[s.ID] && !external[s.ID] {
				s.Internet = fabric.ViaNAT
			}
		}
	}
}

func (r *reader) leadsOut(vpc int) bool {
	if r.d.Net.VPCs[vpc].DefaultRoute {
		return true
	}
	t, ok := r.tables[vpc]
	return ok && slices.ContainsFunc(r.d.Net.RouteTables[t].Routes, func(x fabric.Route) bool {
		return x.Hop.Kind == fabric.HopInternetGateway && x.Prefix.Bits() == 0
	})
}
