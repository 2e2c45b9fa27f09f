package fabric

import (
	"net/netip"
	"time"

	"github.com/tieline/tieline/internal/vocab"
)

// FilterKind is a kind of packet filter.
type FilterKind uint8

// The kinds of filter.
const (
	SecurityGroup  FilterKind = iota + 1 // AWS: stateful, allow only, on a subnet's interfaces
	NetworkACL                           // AWS: stateless, first match, on a subnet
	FirewallPolicy                       // GCP: stateful, first match, on a VPC
	NSG                                  // Azure: stateful, first match, on a subnet
)

// String gives the kind's name.
func (k FilterKind) String() string {
	switch k {
	case SecurityGroup:
		return "security group"
	case NetworkACL:
		return "network ACL"
	case FirewallPolicy:
		return "firewall policy"
	case NSG:
		return "NSG"
	}
	return "filter?"
}

// Filter is a packet filter with its rules in the order they are evaluated
// (for a security group: the order they are written).
type Filter struct {
	ID      FilterID
	Meta    Meta
	Kind    FilterKind
	Site    SiteID // empty for a GCP VPC that spans sites
	VPC     VPCID
	Name    string     // native name, unique in its scope
	Subnets []SubnetID // what it applies to; for a FirewallPolicy all workload subnets of the VPC
	Rules   []FilterRule
}

// Direction is seen from the filtered machine.
type Direction uint8

// The directions.
const (
	Ingress Direction = iota + 1
	Egress
)

// String gives ingress or egress.
func (d Direction) String() string {
	if d == Ingress {
		return "ingress"
	}
	return "egress"
}

// Action is what a rule does with what it matches.
type Action uint8

// The actions.
const (
	Allow Action = iota + 1
	Deny
)

// String gives allow or deny.
func (a Action) String() string {
	if a == Allow {
		return "allow"
	}
	return "deny"
}

// FilterRule is one native rule.
type FilterRule struct {
	Name      string // native name or description, unique in the filter: allow-inference-tcp-443
	Direction Direction
	Action    Action
	Priority  int // NACL number, GCP priority, NSG priority; 0 for a security group
	Services  []vocab.Service
	// The far side: exactly one of Peers, PeerFilter, PeerEndpoint, PeerTag, All is set.
	Peers        []netip.Prefix
	PeerFilter   FilterID   // AWS: another security group of the VPC, or itself
	PeerEndpoint EndpointID // AWS: what a gateway endpoint leads to, by its prefix list
	PeerTag      string     // Azure service tag: VirtualNetwork, Internet, AzureLoadBalancer
	All          bool       // every address
	// Local narrows a VPC-wide policy to the filtered side's prefixes (GCP
	// destination ranges of ingress, source ranges of egress); empty for all.
	Local []netip.Prefix
	// PathMTU narrows a rule of ICMP to "fragmentation needed" (type 3 code 4,
	// RFC 1191) where the filter tells types apart, which is in AWS only.
	PathMTU bool
	// SourcePorts narrows it to packets from these ports; empty for all.
	SourcePorts []vocab.PortRange
	Origin      Origin
	Note        string
	Unread      string // what of it was not understood; empty in compiled networks
}

// PolicyRule is an intent resolved to subnets and prefixes: From opens
// connections to To.
type PolicyRule struct {
	Origin   Origin
	From, To []PolicyEnd
	Services []vocab.Service
	RTT      float64 // milliseconds at most, stated; 0 when not
}

// PolicyEnd is one end of a policy rule.
type PolicyEnd struct {
	Ref      string // as in the spec
	Subnets  []SubnetID
	Prefixes []netip.Prefix // aggregated; of the subnets, or the CIDR
	Internet bool
}

// Waiver accepts a finding of the audit, with a reason, until a day.
type Waiver struct {
	Origin  Origin
	Code    string    // TL1042
	Object  string    // a site, link, segment or subnet it is limited to; empty for all
	Reason  string    // why it is accepted
	Expires time.Time // the last day it holds, UTC midnight; zero when it never ends
}
