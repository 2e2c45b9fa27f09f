// Package spec reads a network's specification: YAML bytes in, a [Spec] out,
// with line and column beside every value. It checks shape, types, names and
// references, and reports every mistake at once; what a cloud allows is not
// its business but the compiler's.
//
// The structs of this file are the grammar. Their tags drive the strict
// decoder, the JSON Schema and docs/spec.md:
//
//	yaml:"key"            the key; ",required" must be there; ",map" a mapping whose keys
//	                      become the entries' Name; ",one" a scalar is read as a list of one
//	doc:"..."             one or two sentences for the documentation and the schema
//	enum:"a|b"            the values allowed
//	example:"..."         an example value
//	default:"..."         what holds when the key is left out
//	soon:"a|b"            values in the grammar, refused with "not supported yet"
//	later:"..."           in the grammar, refused with "not supported yet"; says what it will be
//	keys:"a|b"            the names a mapping's entries may have; "*" is any text, and without
//	                      the tag they are names as [ValidName] has them
package spec

import (
	"net/netip"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/vocab"
)

// Value is a scalar with its place. It is set when its place is known.
type Value[T any] struct {
	V   T
	Pos diag.Pos
}

// IsSet reports whether the spec gives the value.
func (v Value[T]) IsSet() bool { return v.Pos.IsValid() }

// Or returns the value, or def when it is not set.
func (v Value[T]) Or(def T) T {
	if v.IsSet() {
		return v.V
	}
	return def
}

// Spec is one network as its author states it.
type Spec struct {
	Pos         diag.Pos        `yaml:"-"`
	Version     Value[int]      `yaml:"version,required" doc:"Version of this grammar." enum:"1" example:"1"`
	Name        Value[string]   `yaml:"name,required" doc:"Name of the network; lower-case letters, digits and hyphens, at most 24 characters. It leads the names of all resources." example:"ml-platform"`
	Environment Value[string]   `yaml:"environment" doc:"Environment of everything below, as a tag or label; a site, network or segment may state its own." example:"production"`
	Tags        []Tag           `yaml:"tags,map" keys:"*" doc:"Tags on AWS and Azure, labels (normalised) on GCP, of every resource that takes them." example:"{team: ml}"`
	Include     []Value[string] `yaml:"include,one" doc:"Other spec files, relative to this one, whose contents are joined with it; duplicates are errors."`
	Facts       []Value[string] `yaml:"facts,one" doc:"Files with your own prices and limits (negotiated discounts, raised quotas), relative to this one, that overlay the built-in facts." example:"quotas.yaml"`
	Addressing  Addressing      `yaml:"addressing" doc:"Where derived addresses come from."`
	Accounts    []Account       `yaml:"accounts,map" doc:"AWS accounts, Google Cloud projects and Azure subscriptions by a name of your own."`
	Sites       []Site          `yaml:"sites,map,required" doc:"The places: a region of a cloud, or a site of your own." example:"{aws-oregon: {cloud: aws, region: us-west-2}}"`
	Circuits    []Circuit       `yaml:"circuits,map" doc:"Private circuits: ordered things with lead times." later:"private circuits (Direct Connect, Cloud Interconnect, ExpressRoute)"`
	Connect     []Connect       `yaml:"connect" doc:"Which sites are joined, and how: each entry is a mesh, a link or a hub with spokes."`
	Segments    []Segment       `yaml:"segments,map" doc:"Groups of subnets that policy speaks of."`
	Policy      []Rule          `yaml:"policy" doc:"What may talk to what. Nothing else does: across subnets only what a rule allows, and the replies."`
	Traffic     []Flow          `yaml:"traffic" doc:"Expected traffic, for the bill and the capacity check."`
	Audit       Audit           `yaml:"audit" doc:"What the audit is told: findings that are accepted."`
	Terraform   Terraform       `yaml:"terraform" doc:"How the Terraform is laid out."`
	Overlay     *Later          `yaml:"overlay" doc:"Gateways on virtual machines of your own, joined by WireGuard." later:"overlay gateways"`
	Workloads   *Later          `yaml:"workloads" doc:"Training and inference workloads and what they need of the network." later:"workloads (placement, jumbo frames, reserved bandwidth)"`
	DNS         *Later          `yaml:"dns" doc:"Public and private names." later:"names"`
	Access      *Later          `yaml:"access" doc:"Applications behind an identity-aware proxy." later:"identity-aware access"`
	Monitor     *Later          `yaml:"monitor" doc:"Monitors of latency, loss and health." later:"monitors"`
	Notify      *Later          `yaml:"notify" doc:"Where monitors report to." later:"notifications"`
}

// Later marks a part of the grammar that this version refuses.
type Later struct{ Pos diag.Pos }

// Tag is one tag or label.
type Tag struct {
	Name  string
	Pos   diag.Pos
	Value Value[string] `yaml:",value"`
}

// Addressing says where derived addresses come from.
type Addressing struct {
	Pos      diag.Pos
	Pool     []Value[netip.Prefix] `yaml:"pool,one" doc:"Prefixes that blocks of clouds, regions, networks and subnets are allocated from." default:"10.0.0.0/8" example:"10.0.0.0/8"`
	Reserved []Reserved            `yaml:"reserved" doc:"Prefixes never to allocate."`
	Blocks   []CloudBlock          `yaml:"blocks,map" keys:"aws|gcp|azure" doc:"A pinned block for a whole cloud (aws, gcp, azure), from which its sites are allocated." example:"{aws: 10.64.0.0/12}"`
}

// Reserved is a prefix that is never allocated.
type Reserved struct {
	Pos  diag.Pos
	CIDR Value[netip.Prefix] `yaml:"cidr,required" doc:"The prefix." example:"10.200.0.0/16"`
	For  Value[string]       `yaml:"for" doc:"Whom it is kept for; a site of that name may use it." example:"headquarters"`
}

// CloudBlock pins the block of a cloud.
type CloudBlock struct {
	Name string
	Pos  diag.Pos
	CIDR Value[netip.Prefix] `yaml:",value"`
}

// Account is where resources live and who pays.
type Account struct {
	Name         string
	Pos          diag.Pos
	Cloud        Value[vocab.Cloud] `yaml:"cloud,required" doc:"The cloud." enum:"aws|gcp|azure"`
	ID           Value[string]      `yaml:"id" doc:"AWS: the account's 12 digits, in quotes." example:"\"111122223333\""`
	Project      Value[string]      `yaml:"project" doc:"GCP: the project id." example:"net-host"`
	Subscription Value[string]      `yaml:"subscription" doc:"Azure: the subscription's UUID." example:"00000000-0000-0000-0000-000000000000"`
	Tenant       Value[string]      `yaml:"tenant" doc:"Azure: the tenant's UUID, where it is not the default one."`
	AssumeRole   Value[string]      `yaml:"assume_role" doc:"AWS: the role that Terraform assumes in this account." example:"arn:aws:iam::111122223333:role/terraform"`
}

// Site is a region of a cloud in one account, or a place of one's own.
type Site struct {
	Name        string
	Pos         diag.Pos
	Cloud       Value[vocab.Cloud]    `yaml:"cloud,required" doc:"Where the site is." enum:"aws|gcp|azure|onprem|exchange"`
	Region      Value[string]         `yaml:"region" doc:"The cloud's region." example:"us-west-2"`
	Account     Value[string]         `yaml:"account" doc:"The account of the site's resources; may be left out when there is one of that cloud." example:"prod"`
	Zones       Value[int]            `yaml:"zones" doc:"AWS: over how many zones each subnet is split." default:"2" example:"3"`
	ZoneIDs     []Value[string]       `yaml:"zone_ids" doc:"AWS: the zone ids to use, instead of a number of zones." example:"[usw2-az1, usw2-az2]"`
	Block       Value[netip.Prefix]   `yaml:"block" doc:"The site's block, pinned; its networks are allocated from it." example:"10.64.0.0/14"`
	Networks    []Network             `yaml:"networks,map" doc:"VPCs (AWS, GCP) or VNets (Azure)."`
	Gateway     Gateway               `yaml:"gateway" doc:"The gateway that joins the site to others; derived where left out."`
	City        Value[string]         `yaml:"city" doc:"On-prem: the nearest city, for latency estimates." example:"Portland"`
	CIDRs       []Value[netip.Prefix] `yaml:"cidrs,one" doc:"On-prem: the prefixes in use there." example:"[10.200.0.0/16]"`
	PublicIP    []Value[netip.Addr]   `yaml:"public_ip,one" doc:"On-prem: the public address of each VPN device, one or two." example:"203.0.113.10"`
	Cluster     Value[bool]           `yaml:"cluster" doc:"On-prem: the two VPN devices are a cluster, whose firewalls share the state of connections, so that packets may come by one device and replies leave by the other." default:"false"`
	BGP         BGP                   `yaml:"bgp" doc:"On-prem: the VPN devices' BGP."`
	Environment Value[string]         `yaml:"environment" doc:"Environment of this site."`
	Tags        []Tag                 `yaml:"tags,map" keys:"*" doc:"Tags of this site, over the network's."`
	Was         Value[string]         `yaml:"was" doc:"The site's former name: renames without moving anything."`
}

// BGP is the BGP speaker of a site of one's own.
type BGP struct {
	Pos diag.Pos
	ASN Value[vocab.ASN] `yaml:"asn" doc:"AS number of the site." example:"65010"`
}

// Gateway pins what is otherwise derived of a site's gateway.
type Gateway struct {
	Pos     diag.Pos
	Kind    Value[string]       `yaml:"kind" doc:"AWS: virtual-private-gateway (one VPC, no ECMP) or transit-gateway; GCP: ha-vpn; Azure: vpn-gateway (a hub VNet's) or virtual-wan." enum:"virtual-private-gateway|transit-gateway|ha-vpn|vpn-gateway|virtual-wan"`
	Transit Value[string]       `yaml:"transit" doc:"GCP: how several VPCs reach the hub VPC: peering or ncc (Network Connectivity Center)." enum:"peering|ncc"`
	ASN     Value[vocab.ASN]    `yaml:"asn" doc:"BGP AS number of the gateway (AWS, Azure) or Cloud Router (GCP)." example:"64520"`
	SKU     Value[string]       `yaml:"sku" doc:"Azure: the VPN gateway's SKU." example:"VpnGw2AZ"`
	HubCIDR Value[netip.Prefix] `yaml:"hub_cidr" doc:"The prefix of a derived hub (Azure hub VNet or virtual hub), pinned." example:"10.96.0.0/23"`
}

// Network is a VPC, or the part of a GCP VPC in one region, or a VNet.
type Network struct {
	Name          string
	Pos           diag.Pos
	Size          Value[PrefixLen]      `yaml:"size" doc:"Size of the network's block, as a prefix length." example:"/16"`
	CIDR          Value[netip.Prefix]   `yaml:"cidr" doc:"The network's block, pinned." example:"10.64.0.0/16"`
	Existing      Value[string]         `yaml:"existing" doc:"The id of a network that exists already (AWS: VPC id; GCP: network name; Azure: VNet resource id); it is joined, not made." example:"vpc-0abc123"`
	CIDRs         []Value[netip.Prefix] `yaml:"cidrs,one" doc:"Existing: the prefixes in use in it." example:"[10.1.0.0/16]"`
	RouteTables   []Value[string]       `yaml:"route_tables" doc:"Existing, AWS: ids of the route tables that learn the way to the other sites." example:"[rtb-0abc123]"`
	AttachSubnets []Value[string]       `yaml:"attach_subnets" doc:"Existing, AWS: ids of one subnet a zone for the transit gateway attachment." example:"[subnet-0abc123]"`
	GatewayCIDR   Value[netip.Prefix]   `yaml:"gateway_cidr" doc:"Existing, Azure: a free prefix of /27 or wider in the VNet for its GatewaySubnet." example:"10.1.255.0/27"`
	Subnets       []Subnet              `yaml:"subnets,map" doc:"The network's subnets."`
	Account       Value[string]         `yaml:"account" doc:"The account of this network where it is not the site's." example:"data"`
	Share         []Value[string]       `yaml:"share,one" doc:"Other accounts whose machines may stand in the network's subnets: service projects of a Shared VPC (GCP), accounts that the subnets are shared with (AWS)." example:"[apps]"`
	Isolated      Value[bool]           `yaml:"isolated" doc:"GCP: a VPC of its own, not part of the VPC of the same name in the project's other regions." default:"false"`
	Environment   Value[string]         `yaml:"environment" doc:"Environment of this network."`
	Tags          []Tag                 `yaml:"tags,map" keys:"*" doc:"Tags of this network, over the site's."`
	Was           Value[string]         `yaml:"was" doc:"The network's former name: renames without moving anything."`
}

// Subnet is a subnet of a network. On AWS its size is the whole, split over
// the site's zones.
type Subnet struct {
	Name     string
	Pos      diag.Pos
	Size     Value[PrefixLen]    `yaml:"size" doc:"Size of the subnet, as a prefix length; on AWS the whole over all zones." example:"/20"`
	CIDR     Value[netip.Prefix] `yaml:"cidr" doc:"The subnet's prefix, pinned." example:"10.64.0.0/20"`
	Segment  Value[string]       `yaml:"segment" doc:"The segment that the subnet belongs to." example:"training"`
	Internet Value[string]       `yaml:"internet" doc:"The subnet's way to the internet: none, outbound through NAT, or public addresses. With nat or public every connection to the internet may be opened, unless policy has a rule from all of the subnet (its segment, site or itself) to internet: then only what such rules state goes out." enum:"none|nat|public" default:"none"`
	Services []Value[string]     `yaml:"services,one" doc:"Cloud services reached by private endpoints." example:"[s3]"`
	Tags     []Tag               `yaml:"tags,map" keys:"*" doc:"Tags of this subnet, over the network's."`
	Was      Value[string]       `yaml:"was" doc:"The subnet's former name: renames without moving anything."`
}

// Circuit is a private circuit; the grammar is here, the rest is to come.
type Circuit struct {
	Name      string
	Pos       diag.Pos
	Cloud     Value[vocab.Cloud] `yaml:"cloud" doc:"The cloud at one end." enum:"aws|gcp|azure"`
	Kind      Value[string]      `yaml:"kind" doc:"dedicated, hosted, partner, circuit or cross-cloud." enum:"dedicated|hosted|partner|circuit|cross-cloud"`
	Facility  Value[string]      `yaml:"facility" doc:"Where the circuit is handed over." example:"EqSe2"`
	Region    Value[string]      `yaml:"region" doc:"GCP: the region of the VLAN attachment."`
	Provider  Value[string]      `yaml:"provider" doc:"The connectivity provider." example:"Equinix"`
	Bandwidth Value[vocab.Rate]  `yaml:"bandwidth" doc:"Speed of the circuit." example:"10Gbps"`
	Domain    Value[int]         `yaml:"domain" doc:"GCP: edge availability domain." enum:"1|2"`
	Tier      Value[string]      `yaml:"tier" doc:"Azure: circuit tier." enum:"local|standard|premium"`
	Between   []Value[string]    `yaml:"between" doc:"Cross-cloud: the two sites."`
}

// Connect joins sites: exactly one of Mesh, Link, Hub is set.
type Connect struct {
	Pos       diag.Pos
	Mesh      []Value[string]       `yaml:"mesh" doc:"Sites that are all joined to each other." example:"[aws-oregon, gcp-oregon, azure-wus2]"`
	Link      []Value[string]       `yaml:"link" doc:"Two sites that are joined." example:"[headquarters, aws-oregon]"`
	Hub       Value[string]         `yaml:"hub" doc:"A site that the spokes are joined to, and through which they reach each other. One of your own has to hand on what tieline plan says it announces." example:"aws-oregon"`
	Spokes    []Value[string]       `yaml:"spokes" doc:"The hub's spokes." example:"[aws-virginia, headquarters]"`
	Via       Value[string]         `yaml:"via" doc:"How sites of different clouds are joined; inside one cloud the native way is always taken (transit gateway peering, the global VPC or VPC peering, VNet peering or Virtual WAN)." enum:"vpn" soon:"circuit|overlay" default:"vpn"`
	Bandwidth Value[vocab.Rate]     `yaml:"bandwidth" doc:"Bandwidth that each link must carry; tunnel counts and SKUs follow." example:"2Gbps"`
	Tunnels   Value[int]            `yaml:"tunnels" doc:"Number of tunnels of each link, pinned." example:"4"`
	Suite     Suite                 `yaml:"suite" doc:"Algorithms, pinned; otherwise the strongest that all ends accept."`
	Inside    []Value[netip.Prefix] `yaml:"inside" doc:"Inside /30 of each tunnel in order, pinned." example:"[169.254.21.0/30, 169.254.22.0/30]"`
	Over      []Value[string]       `yaml:"over,one" doc:"Circuits that carry the link." later:"private circuits"`
	Backup    Value[string]         `yaml:"backup" doc:"What takes over when the circuits fail." enum:"vpn" later:"private circuits"`
	Through   Value[string]         `yaml:"through" doc:"The exchange site that joins the circuits." later:"private circuits"`
	Encrypted Value[string]         `yaml:"encrypted" doc:"Encryption over circuits." enum:"ipsec" later:"private circuits"`
	MACsec    Value[bool]           `yaml:"macsec" doc:"MACsec on the circuits." later:"private circuits"`
}

// Suite pins algorithms of a VPN; what is left out is derived.
type Suite struct {
	Pos           diag.Pos
	IKEEncryption Value[vocab.Encryption] `yaml:"ike_encryption" doc:"Cipher of the IKEv2 SA (phase 1)." enum:"aes128|aes256|aes128-gcm16|aes256-gcm16"`
	PRF           Value[vocab.Hash]       `yaml:"prf" doc:"PRF, and integrity where the IKE cipher needs one." enum:"sha256|sha384|sha512"`
	IKEGroup      Value[int]              `yaml:"ike_group" doc:"Diffie-Hellman group of the IKEv2 SA, by IANA number." example:"20"`
	ESPEncryption Value[vocab.Encryption] `yaml:"esp_encryption" doc:"Cipher of the ESP SA (phase 2)." enum:"aes128|aes256|aes128-gcm16|aes256-gcm16"`
	ESPIntegrity  Value[vocab.Hash]       `yaml:"esp_integrity" doc:"Integrity of the ESP SA where its cipher needs one." enum:"sha256|sha512"`
	PFSGroup      Value[int]              `yaml:"pfs_group" doc:"Diffie-Hellman group of the ESP SA." example:"20"`
}

// Segment is a group of subnets.
type Segment struct {
	Name        string
	Pos         diag.Pos
	Internal    Value[string] `yaml:"internal" doc:"Whether the machines of one subnet of the segment reach each other freely." enum:"allow|deny" default:"allow"`
	Environment Value[string] `yaml:"environment" doc:"Environment of the segment's subnets."`
	Description Value[string] `yaml:"description" doc:"What the segment is for."`
	Was         Value[string] `yaml:"was" doc:"The segment's former name."`
}

// Rule allows flows and their replies.
type Rule struct {
	Pos         diag.Pos
	From        []Value[Ref]           `yaml:"from,one,required" doc:"Who opens the connection: a segment, site, site:segment, site/network/subnet, CIDR or internet." example:"inference"`
	To          []Value[Ref]           `yaml:"to,one,required" doc:"Who answers, written like from. A rule to internet narrows what its subnets may open there: without one, internet: nat or public lets everything out." example:"training"`
	Ports       []Value[vocab.Service] `yaml:"ports,one,required" doc:"Protocols and destination ports: tcp/443, udp/8000-8100, tcp, icmp or any." example:"[tcp/443]"`
	RTT         Value[Milliseconds]    `yaml:"rtt" doc:"Latency budget: the round trip between any two ends of the rule may take this long over the network at most." example:"30ms"`
	Description Value[string]          `yaml:"description" doc:"Why the rule is there."`
}

// Flow is expected traffic from one end to the other, one way.
type Flow struct {
	Pos     diag.Pos
	From    Value[Ref]          `yaml:"from,required" doc:"The sender." example:"aws-oregon:data"`
	To      Value[Ref]          `yaml:"to,required" doc:"The receiver." example:"gcp-oregon:training"`
	Monthly Value[vocab.Volume] `yaml:"monthly,required" doc:"Volume a month." example:"40TB"`
	Peak    Value[vocab.Rate]   `yaml:"peak" doc:"Peak rate; derived from the volume (three times the mean) where left out." example:"3Gbps"`
}

// Audit is what the audit is told.
type Audit struct {
	Pos     diag.Pos
	Waivers []Waiver `yaml:"waivers" doc:"Findings that are accepted, each with a reason."`
}

// Waiver accepts findings of one rule of the audit.
type Waiver struct {
	Pos    diag.Pos
	Rule   Value[RuleCode] `yaml:"rule,required" doc:"Code of the rule, as tieline check prints it." example:"TL1042"`
	For    Value[string]   `yaml:"for" doc:"A site, link (two sites in alphabetical order, joined by two hyphens), segment, site:segment, network or subnet that the waiver is limited to; everything where left out." example:"aws-oregon"`
	Reason Value[string]   `yaml:"reason,required" doc:"Why the finding is accepted." example:"the warehouse closes in spring"`
	Until  Value[Date]     `yaml:"until" doc:"The last day the waiver holds; without end where left out." example:"2027-03-31"`
}

// Terraform says how the Terraform is laid out.
type Terraform struct {
	Pos    diag.Pos
	Layout Value[string] `yaml:"layout" doc:"single: one root module; stacks: a root for each site and one for the links, joined by outputs." enum:"single|stacks" default:"single"`
}
