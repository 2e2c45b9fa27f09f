// Package aws reads the AWS resources of a Terraform plan or state into a
// network: VPCs, subnets, route tables, gateways, attachments, VPN connections,
// security groups, network ACLs and endpoints, in each spelling that the
// provider has for them. What it reads of a resource is what decides where
// packets go; what it cannot tell it marks as unread.
package aws

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
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
		"aws_customer_gateway", "aws_default_network_acl", "aws_default_route_table", "aws_default_security_group", "aws_default_subnet",
		"aws_default_vpc", "aws_dx_gateway", "aws_dx_gateway_association", "aws_ec2_managed_prefix_list", "aws_ec2_managed_prefix_list_entry",
		"aws_ec2_transit_gateway", "aws_ec2_transit_gateway_default_route_table_association", "aws_ec2_transit_gateway_default_route_table_propagation",
		"aws_ec2_transit_gateway_peering_attachment", "aws_ec2_transit_gateway_peering_attachment_accepter", "aws_ec2_transit_gateway_route",
		"aws_ec2_transit_gateway_route_table", "aws_ec2_transit_gateway_route_table_association", "aws_ec2_transit_gateway_route_table_propagation",
		"aws_ec2_transit_gateway_vpc_attachment", "aws_ec2_transit_gateway_vpc_attachment_accepter", "aws_flow_log", "aws_instance",
		"aws_internet_gateway", "aws_internet_gateway_attachment", "aws_main_route_table_association", "aws_nat_gateway", "aws_network_acl",
		"aws_network_acl_association", "aws_network_acl_rule", "aws_network_interface", "aws_route", "aws_route_table", "aws_route_table_association",
		"aws_security_group", "aws_security_group_rule", "aws_subnet", "aws_vpc", "aws_vpc_endpoint", "aws_vpc_endpoint_route_table_association",
		"aws_vpc_ipv4_cidr_block_association", "aws_vpc_peering_connection", "aws_vpc_peering_connection_accepter",
		"aws_vpc_security_group_egress_rule", "aws_vpc_security_group_ingress_rule", "aws_vpn_connection", "aws_vpn_connection_route",
		"aws_vpn_gateway", "aws_vpn_gateway_attachment", "aws_vpn_gateway_route_propagation",
	}
}

// Read reads all AWS resources of a document.
func Read(src *doc.Document, d *draft.Draft) {
	r := &reader{
		src: src, d: d, vpcs: map[*doc.Resource]int{}, outside: map[string]int{}, subnets: map[*doc.Resource]int{}, tables: map[*doc.Resource]int{},
		nats: map[*doc.Resource]fabric.NATID{}, gateways: map[*doc.Resource]int{}, attachments: map[*doc.Resource]fabric.AttachmentID{},
		peerings: map[*doc.Resource]int{}, groups: map[*doc.Resource]*group{}, endpoints: map[*doc.Resource]int{}, outsideTables: map[string]int{},
		main: map[int]int{}, explicit: map[int]bool{}, transit: map[*doc.Resource]tableRef{},
	}
	r.readVPCs()
	r.readSubnets()
	r.readTables()
	r.readNATs()
	r.readVPNGateways()
	r.readTransitGateways()
	r.readDirectConnect()
	r.readPeerings()
	r.readConnections()
	r.readTransitTables()
	r.readEndpoints()
	r.readRoutes()
	r.readAssociations()
	r.internet()
	r.readFlowLogs()
	r.readFilters()
	r.readACLs()
	r.doubtOthers()
}

// reader holds what became of each resource: indexes into the network's slices
// until these are sorted.
type reader struct {
	src *doc.Document
	d   *draft.Draft

	vpcs          map[*doc.Resource]int
	outside       map[string]int // VPCs that are not in the file, by native id
	subnets       map[*doc.Resource]int
	tables        map[*doc.Resource]int
	outsideTables map[string]int
	main          map[int]int  // VPC to its main table
	explicit      map[int]bool // subnets with a table of their own
	nats          map[*doc.Resource]fabric.NATID
	gateways      map[*doc.Resource]int
	attachments   map[*doc.Resource]fabric.AttachmentID
	peerings      map[*doc.Resource]int
	transit       map[*doc.Resource]tableRef
	groups        map[*doc.Resource]*group
	endpoints     map[*doc.Resource]int
}

// region returns the region that a resource is in, empty when the file does not
// say.
func region(x *doc.Resource) string {
	if s := cmp.Or(x.Text("region"), x.ProviderValue("region")); s != "" {
		return s
	}
	if parts := strings.Split(x.Text("arn"), ":"); len(parts) > 4 && parts[3] != "" {
		return parts[3]
	}
	zone := x.Text("availability_zone")
	if n := len(zone); n > 1 && zone[n-1] >= 'a' && zone[n-2] <= '9' && zone[n-2] >= '0' {
		return zone[:n-1]
	}
	return ""
}

// account names the account that a resource is in: its number where the file
// says it, else the provider's configuration.
func (r *reader) account(x *doc.Resource) fabric.AccountID {
	native := x.Text("owner_id")
	if parts := strings.Split(x.Text("arn"), ":"); native == "" && len(parts) > 4 {
		native = parts[4]
	}
	_, name, _ := strings.Cut(x.Provider, ".")
	return r.d.Account(vocab.AWS, cmp.Or(name, native, x.Provider), native, x.Origin)
}

func (r *reader) site(x *doc.Resource) fabric.SiteID {
	return r.d.Site(vocab.AWS, region(x), x.Origin)
}

func (r *reader) meta(x *doc.Resource) fabric.Meta {
	return fabric.Meta{Origin: x.Origin, Account: r.account(x), Domains: r.d.Domains(vocab.AWS, region(x))}
}

// title names a resource: its Name tag, else its label with its key.
func title(x *doc.Resource) string {
	if name := x.Get("tags", "Name").Text(); name != "" {
		return draft.Word(name)
	}
	_, err := strconv.Atoi(x.Index.Key)
	switch plain := x.Name == "this" || x.Name == "main" || x.Name == "default"; {
	case plain && x.Index.Has && err != nil:
		return draft.Word(x.Index.Key)
	case x.Index.Has && !plain:
		return draft.Word(x.Name + "-" + x.Index.Key)
	}
	return draft.Word(x.Name)
}

// unclear notes that an argument of a resource cannot be told.
func (r *reader) unclear(x *doc.Resource, what string) {
	r.d.Unread(x.Origin, x.Type, what, false)
}

var vpcTypes = doc.Types("aws_vpc", "aws_default_vpc")

func (r *reader) readVPCs() {
	n := r.d.Net
	mtu, _ := r.d.Atlas.MTU(atlas.MTUAWSVPC)
	for _, x := range r.src.Of(vpcTypes.Types...) {
		site := r.site(x)
		name := title(x)
		v := fabric.VPC{
			ID: fabric.VPCID(r.d.ID(string(site) + "/" + name)), Meta: r.meta(x), Cloud: vocab.AWS, Name: name,
			Sites: []fabric.SiteID{site}, MTU: mtu,
		}
		r.vpcs[x] = len(n.VPCs)
		n.VPCs = append(n.VPCs, v)
		r.addBlock(len(n.VPCs)-1, x.Block, "cidr_block")
	}
	for _, x := range r.src.Of("aws_vpc_ipv4_cidr_block_association") {
		if i, ok := r.vpcOf(x, "vpc_id"); ok {
			r.addBlock(i, x.Block, "cidr_block")
		}
	}
	for _, x := range r.src.Of("aws_internet_gateway", "aws_internet_gateway_attachment") {
		if !x.Set("vpc_id") {
			continue
		}
		if i, ok := r.vpcOf(x, "vpc_id"); ok {
			n.VPCs[i].InternetGateway = true
		}
	}
}

func (r *reader) addBlock(i int, b doc.Block, name string) {
	v := &r.d.Net.VPCs[i]
	list, _ := b.Prefixes(name)
	if len(list) == 0 && (b.Unknown(name) || name == "cidr_block") {
		draft.Doubt(&v.Meta, "a block of it is only known once applied")
		return
	}
	for _, p := range list {
		if !slices.Contains(v.Prefixes, p) {
			v.Prefixes = append(v.Prefixes, p)
			v.Blocks = append(v.Blocks, fabric.SiteBlock{Site: v.Sites[0], Prefix: p})
		}
	}
}

// vpcOf returns the VPC that an argument names. One that is not in the file is
// made, with nothing known of it.
func (r *reader) vpcOf(x *doc.Resource, name string) (int, bool) {
	l := x.One(name, vpcTypes)
	switch l.Clarity {
	case doc.Inside:
		i, ok := r.vpcs[l.To]
		return i, ok
	case doc.Outside:
		return r.outsideVPC(x, l.Text), true
	case doc.Unclear:
		r.unclear(x, "which VPC it is of is only known once applied")
	case doc.Unset:
	}
	return 0, false
}

func (r *reader) outsideVPC(x *doc.Resource, id string) int {
	if i, ok := r.outside[id]; ok {
		return i
	}
	n := r.d.Net
	site := r.site(x)
	m := r.meta(x)
	m.Unread = "the VPC " + id + " is not in the file"
	mtu, _ := r.d.Atlas.MTU(atlas.MTUAWSVPC)
	i := len(n.VPCs)
	n.VPCs = append(n.VPCs, fabric.VPC{
		ID: fabric.VPCID(r.d.ID(string(site) + "/" + draft.Word(id))), Meta: m, Cloud: vocab.AWS, Name: id, Existing: id,
		Sites: []fabric.SiteID{site}, MTU: mtu,
	})
	r.outside[id] = i
	r.d.Unread(x.Origin, x.Type, m.Unread, false)
	return i
}

var subnetTypes = doc.Types("aws_subnet", "aws_default_subnet")

func (r *reader) readSubnets() {
	n := r.d.Net
	for _, x := range r.src.Of(subnetTypes.Types...) {
		i, ok := r.vpcOf(x, "vpc_id")
		if !ok {
			r.unclear(x, "the subnet's VPC is not known, so the subnet is not judged")
			continue
		}
		v := &n.VPCs[i]
		s := fabric.Subnet{VPC: v.ID, Site: v.Sites[0], Meta: r.meta(x), Name: title(x), Existing: v.Existing != ""}
		s.ID = fabric.SubnetID(r.d.ID(string(v.ID) + "/" + s.Name))
		zone := cmp.Or(x.Text("availability_zone_id"), x.Text("availability_zone"))
		r.d.AddZone(s.Site, zone)
		if zone != "" {
			s.Meta.Domains = append([]fabric.Domain{{Kind: fabric.ZoneDomain, ID: zone}}, s.Meta.Domains...)
		}
		list, _ := x.Prefixes("cidr_block")
		if len(list) == 0 {
			if !x.Unknown("cidr_block") && x.Set("ipv6_cidr_block") {
				r.d.Unread(x.Origin, x.Type, "a subnet of IPv6 alone; only IPv4 is judged", true)
				continue
			}
			draft.Doubt(&v.Meta, "the prefix of its subnet "+s.Name+" is only known once applied")
			r.unclear(x, "its prefix is only known once applied")
			continue
		}
		s.Prefix = list[0]
		s.Parts = []fabric.SubnetPart{{Zone: zone, Prefix: list[0]}}
		s.Purpose = purpose(x)
		r.subnets[x] = len(n.Subnets)
		n.Subnets = append(n.Subnets, s)
	}
}

// purpose recognises the subnets that tieline itself makes for gateways: they
// carry its tag and a key with a period, which no workload's has.
func purpose(x *doc.Resource) fabric.Purpose {
	name, _, ok := strings.Cut(x.Index.Key, ".")
	if !ok || !ours(x) {
		return fabric.Workload
	}
	switch name {
	case "transit":
		return fabric.TransitSubnet
	case "nat":
		return fabric.NATSubnet
	case "endpoints":
		return fabric.EndpointSubnet
	}
	return fabric.Workload
}

// ours reports whether tieline wrote a resource.
func ours(x *doc.Resource) bool { return x.Get("tags", "ManagedBy").Text() == "tieline" }

// everywhere is every IPv4 address.
var everywhere = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
