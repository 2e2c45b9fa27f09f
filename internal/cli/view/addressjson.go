package view

import "github.com/tieline/tieline/internal/fabric"

type addressesJSON struct {
	Pools    []string       `json:"pools" doc:"CIDRs that derived addresses come from"`
	Reserved []reservedJSON `json:"reserved" doc:"CIDRs never given out"`
	Blocks   []blockJSON    `json:"blocks" doc:"summarisable blocks of clouds and sites"`
	Sites    []siteJSON     `json:"sites" doc:"by id"`
	Networks []networkJSON  `json:"networks" doc:"VPCs and VNets, by id"`
	Subnets  []subnetJSON   `json:"subnets" doc:"by id"`
}

type reservedJSON struct {
	CIDR string `json:"cidr" doc:"the range"`
	For  string `json:"for,omitempty" doc:"whom it is kept for"`
	At   string `json:"at,omitempty" doc:"place in the spec"`
}

type blockJSON struct {
	Key    string `json:"key" doc:"aws, aws/aws-oregon"`
	Cloud  string `json:"cloud" doc:"the cloud"`
	Site   string `json:"site,omitempty" doc:"the site; none for a cloud's block"`
	CIDR   string `json:"cidr" doc:"the block"`
	Pinned bool   `json:"pinned" doc:"stated in the spec"`
}

type siteJSON struct {
	ID       string   `json:"id" doc:"the site's name"`
	Cloud    string   `json:"cloud" doc:"aws, gcp, azure, onprem"`
	Region   string   `json:"region,omitempty" doc:"the cloud's region"`
	City     string   `json:"city,omitempty" doc:"where it is"`
	Account  string   `json:"account,omitempty" doc:"name of the account"`
	Zones    []string `json:"zones" doc:"zone ids in use"`
	Block    string   `json:"block,omitempty" doc:"CIDR that its networks are allocated from"`
	Prefixes []string `json:"prefixes" doc:"CIDRs that others route towards it"`
	At       string   `json:"at,omitempty" doc:"place in the spec"`
}

type networkJSON struct {
	ID       string   `json:"id" doc:"site/network, or account:network for a VPC over several sites"`
	Name     string   `json:"name" doc:"its name in the spec"`
	Cloud    string   `json:"cloud" doc:"the cloud"`
	Sites    []string `json:"sites" doc:"where it is"`
	Account  string   `json:"account,omitempty" doc:"name of the account"`
	Role     string   `json:"role" doc:"plain, hub or spoke"`
	Existing string   `json:"existing,omitempty" doc:"native id of a network that is joined, not made"`
	Prefixes []string `json:"prefixes" doc:"its CIDRs"`
	MTU      int      `json:"mtu" doc:"bytes"`
	At       string   `json:"at,omitempty" doc:"place in the spec"`
}

type subnetJSON struct {
	ID         string     `json:"id" doc:"site/network/subnet"`
	Network    string     `json:"network" doc:"id of the network"`
	Site       string     `json:"site" doc:"id of the site"`
	Purpose    string     `json:"purpose" doc:"workload, transit, nat, gateway or endpoint"`
	CIDR       string     `json:"cidr" doc:"the whole"`
	Parts      []partJSON `json:"parts" doc:"its parts by zone, or one"`
	Segment    string     `json:"segment,omitempty" doc:"the segment"`
	Internet   string     `json:"internet" doc:"none, nat or public"`
	Services   []string   `json:"services" doc:"services reached privately"`
	Filter     string     `json:"filter,omitempty" doc:"id of its security group or NSG"`
	RouteTable string     `json:"route_table,omitempty" doc:"id of its route table, where its parts have none of their own"`
	Existing   bool       `json:"existing" doc:"described, not made"`
	At         string     `json:"at,omitempty" doc:"place in the spec"`
}

type partJSON struct {
	Zone       string `json:"zone,omitempty" doc:"zone id"`
	CIDR       string `json:"cidr" doc:"the part"`
	RouteTable string `json:"route_table,omitempty" doc:"id of its route table"`
}

func newAddressesJSON(n *fabric.Network) addressesJSON {
	return addressesJSON{
		Pools: texts(n.Pools),
		Reserved: list(n.Reserved, func(r fabric.Reserved) reservedJSON {
			return reservedJSON{cidr(r.Prefix), r.For, at(r.Origin)}
		}),
		Blocks: list(n.Blocks, func(b fabric.Block) blockJSON {
			return blockJSON{b.Key, b.Cloud.String(), string(b.Site), cidr(b.Prefix), b.Pinned}
		}),
		Sites: list(n.Sites, func(s fabric.Site) siteJSON {
			return siteJSON{
				string(s.ID), s.Cloud.String(), s.Region, s.City, string(s.Meta.Account), list(s.Zones, same), cidr(s.Block), texts(s.Prefixes), at(s.Meta.Origin),
			}
		}),
		Networks: list(n.VPCs, func(v fabric.VPC) networkJSON {
			return networkJSON{
				string(v.ID), v.Name, v.Cloud.String(), ids(v.Sites), string(v.Meta.Account), role(v.Role), v.Existing, texts(v.Prefixes), v.MTU, at(v.Meta.Origin),
			}
		}),
		Subnets: list(n.Subnets, newSubnetJSON),
	}
}

func newSubnetJSON(s fabric.Subnet) subnetJSON {
	return subnetJSON{
		ID: string(s.ID), Network: string(s.VPC), Site: string(s.Site), Purpose: purpose(s.Purpose), CIDR: cidr(s.Prefix),
		Parts: list(s.Parts, func(p fabric.SubnetPart) partJSON {
			return partJSON{p.Zone, cidr(p.Prefix), string(p.RouteTable)}
		}),
		Segment: string(s.Segment), Internet: s.Internet.String(), Services: list(s.Services, same), Filter: string(s.Filter),
		RouteTable: string(s.RouteTable), Existing: s.Existing, At: at(s.Meta.Origin),
	}
}

func role(r fabric.VPCRole) string {
	switch r {
	case fabric.Plain:
		return "plain"
	case fabric.Hub:
		return "hub"
	case fabric.Spoke:
		return "spoke"
	}
	return "role?"
}

func purpose(p fabric.Purpose) string {
	switch p {
	case fabric.Workload:
		return "workload"
	case fabric.TransitSubnet:
		return "transit"
	case fabric.NATSubnet:
		return "nat"
	case fabric.GatewaySubnet:
		return "gateway"
	case fabric.EndpointSubnet:
		return "endpoint"
	}
	return "purpose?"
}
