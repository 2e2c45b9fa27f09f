// Package fabric is the compiled network: every decision, spelled in types.
//
// A [Network] is made by compile from a spec, the lock and the facts, and is
// immutable from then on: the bill, the plan and all renderers read it and
// decide nothing themselves. Objects hold no pointers to each other;
// they name each other by typed ids, and all slices are sorted by id unless
// their comment gives another order. What the bytes of an address family need
// is netip throughout. Why a value is what it is stands in [Network.Reasons].
package fabric

import (
	"net/netip"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/vocab"
)

// Ids. Each is unique in its kind within a network, stable while the names in
// the spec are, and readable: "aws-oregon/ml/training".
type (
	AccountID    string // the account's name in the spec
	SiteID       string // the site's name in the spec
	VPCID        string // site/network; account:network for a GCP VPC that spans sites
	SubnetID     string // site/network/subnet
	SegmentID    string // the segment's name in the spec
	RouteTableID string // site/network/rt-...
	GatewayID    string // site/tgw, site/network/vgw, site/vpn, site/vwan, site/cpe
	AttachmentID string // gateway--what is attached
	LinkID       string // the two sites in order: aws-oregon--gcp-oregon
	ConnectionID string // link/c0
	TunnelID     string // link/0
	FilterID     string // subnet/sg, subnet/nsg, VPC/firewall, subnet/nacl
	NATID        string // site/network/nat-zone
	EndpointID   string // site/network/service
)

// Network is the whole. Slices are sorted by id.
type Network struct {
	Name        string
	Environment string
	Layout      Layout
	Tags        []Tag
	Pools       []netip.Prefix // of derived addresses
	Reserved    []Reserved
	Blocks      []Block // the summarisable blocks of clouds and sites, the widest first

	Accounts    []Account
	Sites       []Site
	Segments    []Segment
	VPCs        []VPC
	Subnets     []Subnet
	RouteTables []RouteTable
	NATs        []NAT
	Endpoints   []Endpoint
	FlowLogs    []FlowLog
	Gateways    []Gateway
	Attachments []Attachment
	Links       []Link
	Connections []Connection
	Tunnels     []Tunnel
	Filters     []Filter
	Flows       []Flow // expected traffic, in the spec's order
	Policy      []PolicyRule
	Waivers     []Waiver // in the spec's order
	Unread      []Unread // by place; of networks that were read, not compiled
	Renames     []Rename
	Reasons     []Reason
}

// Layout is how Terraform is laid out.
type Layout uint8

// The layouts.
const (
	Single Layout = iota // one root module
	Stacks               // a root a site and one for the links
)

// Tag is a tag (AWS, Azure) or label (GCP, normalised by its renderer).
type Tag struct{ Key, Value string }

// Origin is what in the spec caused an object.
type Origin struct {
	Pos  diag.Pos
	Path string // sites.aws-oregon.networks.ml
}

// Meta is what every object carries.
type Meta struct {
	Origin  Origin
	Account AccountID // empty on-prem
	Domains []Domain  // what it fails with, the narrowest first
	// Unread says what of the object was found but not understood, or is only
	// known once it is built; a proof that rests on the object is unknown.
	// Empty in compiled networks.
	Unread string
}

// Unread is something that was found in what exists and is not modelled.
type Unread struct {
	Origin Origin // Path: its address there, aws_instance.nat
	Kind   string // aws_instance
	Why    string
	// Harmless: what it is cannot change who reaches whom (a bucket, a role).
	Harmless bool
}

// DomainKind is a kind of failure domain.
type DomainKind uint8

// The kinds of failure domain, the narrowest first.
const (
	Instance DomainKind = iota + 1
	ZoneDomain
	Facility
	RegionDomain
	Provider
)

// String gives the kind's name.
func (k DomainKind) String() string {
	switch k {
	case Instance:
		return "instance"
	case ZoneDomain:
		return "zone"
	case Facility:
		return "facility"
	case RegionDomain:
		return "region"
	case Provider:
		return "provider"
	}
	return "domain?"
}

// Domain is something that fails as one: zone usw2-az1, region aws:us-west-2.
type Domain struct {
	Kind DomainKind
	ID   string
}

// Reserved is a prefix never allocated.
type Reserved struct {
	Prefix netip.Prefix
	For    string
	Origin Origin
}

// Block is an allocated prefix that summarises what is inside it.
type Block struct {
	Key    string // aws, aws/aws-oregon
	Cloud  vocab.Cloud
	Site   SiteID // empty for a cloud's block
	Prefix netip.Prefix
	Pinned bool
	Origin Origin
}

// Account is an AWS account, Google Cloud project or Azure subscription.
type Account struct {
	ID         AccountID
	Cloud      vocab.Cloud
	Native     string // 12 digits, project id, subscription UUID
	Tenant     string // Azure, may be empty
	AssumeRole string // AWS, may be empty
	Origin     Origin
}

// Site is a region of a cloud, or a place of one's own.
type Site struct {
	ID          SiteID
	Meta        Meta
	Cloud       vocab.Cloud
	Region      string   // empty on-prem
	City        string   // the region's metro, or the on-prem city
	Lat, Lon    float64  // degrees; both 0 when unknown
	Zones       []string // zone ids in use: usw2-az1; us-west1-a; "1"
	Environment string
	Tags        []Tag
	Block       netip.Prefix // zero on-prem and for a site with existing networks only
	// Prefixes is everything addressable at the site: its block, existing
	// networks' prefixes, on-prem prefixes; sorted, disjoint, summarised. It
	// is what other sites route towards it.
	Prefixes []netip.Prefix
}

// Segment is a group of subnets that policy speaks of.
type Segment struct {
	ID           SegmentID
	Origin       Origin
	InternalDeny bool // machines of one subnet do not reach each other
	Environment  string
	Description  string
}

// VPCRole says what part a VPC plays at its site.
type VPCRole uint8

// The roles.
const (
	Plain VPCRole = iota // holds workloads; has the site's gateway itself, if any
	Hub                  // derived: holds only the site's gateway
	Spoke                // holds workloads, reaches others through the hub
)

// VPC is an AWS VPC, a GCP VPC network or an Azure VNet.
type VPC struct {
	ID       VPCID
	Meta     Meta
	Cloud    vocab.Cloud
	Name     string   // the network's name in the spec
	Sites    []SiteID // one, but for a GCP VPC that spans regions
	Role     VPCRole
	Existing string         // native id of a network that is joined, not made
	Prefixes []netip.Prefix // AWS CIDR blocks, Azure address space; GCP: the blocks of its sites
	// Blocks gives each site's part; for AWS and Azure all of Prefixes.
	Blocks []SiteBlock
	MTU    int // bytes
	// RegionalRouting: a GCP VPC whose dynamic routing mode is REGIONAL, so
	// that what a Cloud Router learns stays in its region, and it announces
	// the subnets of its region only. Compiled ones are GLOBAL.
	RegionalRouting bool
	InternetGateway bool     // AWS
	DefaultRoute    bool     // GCP: a default route to the internet gateway is wanted
	AttachSubnets   []string // AWS, existing: native ids of subnets for attachments
	// PrivateZones answer for domains of the cloud's services inside the VPC.
	PrivateZones []PrivateZone // by domain
	// SharedWith are the accounts whose machines may stand in the workload
	// subnets: service projects of a Shared VPC, or accounts of a RAM share.
	SharedWith  []AccountID
	Environment string
	Tags        []Tag // complete: the network's over the site's over the spec's
}

// PrivateZone is a private zone of a VPC: Host has the addresses, and every
// other name of the domain is an alias of it.
type PrivateZone struct {
	Domain string // googleapis.com
	Host   string // private.googleapis.com, or the domain itself
	Addrs  []netip.Addr
}

// SiteBlock is the part of a VPC's addresses at one site.
type SiteBlock struct {
	Site   SiteID
	Prefix netip.Prefix
}

// Purpose says what a subnet is for.
type Purpose uint8

// The purposes. All but Workload are derived.
const (
	Workload       Purpose = iota
	TransitSubnet          // AWS: transit gateway attachment
	NATSubnet              // AWS: NAT gateways
	GatewaySubnet          // Azure: must be named GatewaySubnet
	EndpointSubnet         // AWS: interface endpoints
)

// Internet is a subnet's way to the internet.
type Internet uint8

// The ways.
const (
	NoInternet Internet = iota
	ViaNAT
	Public
)

// String gives the name as in a spec.
func (i Internet) String() string {
	switch i {
	case NoInternet:
		return "none"
	case ViaNAT:
		return "nat"
	case Public:
		return "public"
	}
	return "internet?"
}

// Subnet is a subnet at one site. On AWS Parts has one prefix a zone; in the
// other clouds one part with an empty zone.
type Subnet struct {
	ID         SubnetID
	Meta       Meta
	VPC        VPCID
	Site       SiteID
	Name       string // in the spec; GatewaySubnet and its kin carry their native name
	Purpose    Purpose
	Prefix     netip.Prefix // the whole
	Parts      []SubnetPart
	Segment    SegmentID // empty when derived or not stated
	Internet   Internet
	Services   []string // service names of the spec, sorted
	Filter     FilterID // security group or NSG; empty where a VPC-wide policy or none applies
	NACL       FilterID // AWS, empty for the VPC's default
	RouteTable RouteTableID
	Existing   bool // in an existing network: described, not made
	Tags       []Tag
}

// SubnetPart is a zonal piece of a subnet.
type SubnetPart struct {
	Zone       string // zone id; empty where subnets are regional
	Prefix     netip.Prefix
	RouteTable RouteTableID
}

// HopKind is a kind of next hop of a route as configured.
type HopKind uint8

// The kinds of next hop.
const (
	HopInternetGateway       HopKind = iota + 1 // AWS, GCP default internet gateway
	HopNAT                                      // AWS NAT gateway: NAT
	HopTransitGateway                           // AWS: Gateway
	HopVirtualNetworkGateway                    // Azure UDR to the hub's VPN gateway
	HopAttachment                               // in a transit table, or over a VPC peering (AWS): Attachment
	HopBlackhole
	HopVirtualPrivateGateway // AWS, static: Gateway
	HopLocal                 // Azure UDR: inside the VNet, as without the route
	HopAppliance             // a machine that forwards: Address; what it does is not modelled
)

// Hop is where a route points. Exactly the field that Kind names is set.
type Hop struct {
	Kind       HopKind
	NAT        NATID
	Gateway    GatewayID
	Attachment AttachmentID
	Address    netip.Addr // of an appliance; zero when only known once built
}

// Route is a static route as configured.
type Route struct {
	Prefix netip.Prefix
	Hop    Hop
	Origin Origin
	Note   string // what lies there: "gcp-oregon"
	// Priority orders static routes of one prefix in a GCP VPC, the lowest
	// first; 0 is the cloud's default.
	Priority int
}

// RouteTable is an AWS VPC route table, an Azure route table (UDRs), or the
// static routes of a GCP VPC (one table a VPC, Site empty).
type RouteTable struct {
	ID        RouteTableID
	Meta      Meta
	VPC       VPCID
	Site      SiteID
	Name      string
	Existing  string      // native id, when it exists
	Propagate []GatewayID // AWS: virtual private gateways whose routes it learns
	Routes    []Route     // by prefix
	// NoPropagation: an Azure route table that keeps the gateway's BGP routes
	// out of its subnets.
	NoPropagation bool
}

// NAT is an AWS NAT gateway (one a zone), a GCP Cloud NAT (one a VPC and
// region) or an Azure NAT gateway (one a VNet).
type NAT struct {
	ID      NATID
	Meta    Meta
	Cloud   vocab.Cloud
	VPC     VPCID
	Site    SiteID
	Zone    string     // AWS: zone id
	Subnet  SubnetID   // AWS: where it stands
	Serves  []SubnetID // GCP, Azure: the subnets it serves
	Gateway GatewayID  // GCP: the Cloud Router's gateway, empty where the NAT has a router of its own
}

// EndpointKind is a kind of private way to a cloud's service.
type EndpointKind uint8

// The kinds.
const (
	GatewayEndpoint     EndpointKind = iota + 1 // AWS: routes (S3, DynamoDB)
	InterfaceEndpoint                           // AWS: addresses in subnets (PrivateLink)
	PrivateGoogleAccess                         // GCP: on the subnet
	ServiceEndpoint                             // Azure: on the subnet
)

// Endpoint is a private way from a VPC to a service of its cloud.
type Endpoint struct {
	ID      EndpointID
	Meta    Meta
	VPC     VPCID
	Site    SiteID
	Kind    EndpointKind
	Service string     // the spec's name
	Native  string     // com.amazonaws.us-west-2.s3, Microsoft.Storage
	Subnets []SubnetID // that asked for it
	Tables  []RouteTableID
	Filter  FilterID // interface endpoints: their security group
}

// FlowLog records the flows of a VPC or transit gateway into a sink. One sink
// a cloud and account and region: an S3 bucket, a log bucket, a storage account.
type FlowLog struct {
	ID      string // VPC or gateway id + "/flow-log"
	Meta    Meta
	Cloud   vocab.Cloud
	Site    SiteID
	VPC     VPCID     // or
	Gateway GatewayID // a transit gateway
	Sink    string    // key of the sink: account/region
}

// Rename says that an object's id changed without the thing having moved:
// Terraform's moved blocks. Both are spec names at a level: "sites.a" -> "sites.b".
type Rename struct{ Kind, Old, New string }

// Reason says why a value is what it is: the chain of rules that led there.
type Reason struct {
	Object string // id of the object: aws-oregon/ml
	Field  string // what of it: cidr, asn, inside, suite, sku, mtu, ...
	Value  string // as printed
	Steps  []Step
}

// Step is one link of a chain of reasons.
type Step struct {
	Text  string   // "allocated: first free /16 of the site's block 10.64.0.0/14"
	Facts []string // ids of the facts it rests on: aws.vpc.block_max
	Pos   diag.Pos // the spec line, where one is concerned
}
