// Package finding lists what the proof of a network finds: each finding's code
// and severity, and the rule behind it, with its reason and source.
//
// It says what the findings mean. What is found, and the words of each, is
// verify's.
package finding

import "github.com/tieline/tieline/internal/diag"

// The codes of what the healthy network shows.
const (
	Blocked    diag.Code = "TL1001"
	Unrouted   diag.Code = "TL1002"
	NoWay      diag.Code = "TL1003"
	Leak       diag.Code = "TL1004"
	Exposure   diag.Code = "TL1005"
	Unguarded  diag.Code = "TL1006"
	ICMP       diag.Code = "TL1007"
	Within     diag.Code = "TL1008"
	Service    diag.Code = "TL1009"
	TwoWays    diag.Code = "TL1010"
	MTU        diag.Code = "TL1011"
	SomeWays   diag.Code = "TL1012"
	NotKnown   diag.Code = "TL1013"
	Nowhere    diag.Code = "TL1014"
	NotModel   diag.Code = "TL1015"
	Unjoined   diag.Code = "TL1016"
	Edge       diag.Code = "TL1017"
	Unequal    diag.Code = "TL1018"
	Devices    diag.Code = "TL1019"
	Limit      diag.Code = "TL1101"
	Timing     diag.Code = "TL1102"
	LoopedPath diag.Code = "TL1103"
	Overlap    diag.Code = "TL1104"
	Shadowed   diag.Code = "TL1105"
	Unheld     diag.Code = "TL1106"
	Filtered   diag.Code = "TL1107"
	Loop       diag.Code = "TL1110"
	BlackHole  diag.Code = "TL1111"
)

// Rules documents the findings, by code.
var Rules = []diag.Rule{
	{
		Code: Blocked, Severity: diag.Error, Title: "a packet filter blocks what policy allows",
		Why: "Some machine that a rule of the policy speaks of cannot open the connection, or does not get the reply. " +
			"The witness says which filter on the way denies which packet. Network ACLs of AWS keep no state: they have to let replies pass to the ports that clients open from.",
		Source: "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-network-acls.html",
	},
	{
		Code: Unrouted, Severity: diag.Error, Title: "no route leads where policy allows",
		Why: "The filters are open, but a table on the way there, or on the way back, has no route for the packet, discards it, or delivers it elsewhere. " +
			"A route that is there and not announced on, or announced and not accepted, looks the same to the machines: nothing answers.",
		Source: "RFC 4271 section 9",
	},
	{
		Code: NoWay, Severity: diag.Warning, Title: "a rule about the internet holds for subnets without a way there",
		Why: "The rule names the internet and subnets whose internet key leaves them none (or, for what comes in, no public address). " +
			"Accept it where the rule is written for a group and meant for those of it that have the way.",
		Source: "docs/spec.md",
	},
	{
		Code: Leak, Severity: diag.Error, Title: "packets get through that no rule of the policy allows",
		Why: "What is not stated is denied: here the filters and the tables of both ends let a connection through all the same. " +
			"Azure's default rules let in all that the tag VirtualNetwork covers, peers and everything learned by a gateway among it; a firewall policy of GCP allows every way out unless a rule denies it.",
		Source: "https://learn.microsoft.com/azure/virtual-network/network-security-groups-overview",
	},
	{
		Code: Exposure, Severity: diag.Error, Title: "the internet reaches a subnet that has internet: none",
		Why: "The subnet's table leads to an internet gateway and its filters let the packets in: a machine that is given a public address is open to everybody. " +
			"There is no good reason to accept it.",
		Source: "https://docs.aws.amazon.com/vpc/latest/userguide/VPC_Internet_Gateway.html",
	},
	{
		Code: Unguarded, Severity: diag.Warning, Title: "nothing filters between networks that are joined",
		Why: "Sites of one's own and existing networks have filters that are not described here. What the network joins them by lets everything pass between them. " +
			"Accept it where their own firewalls decide.",
		Source: "docs/spec.md",
	},
	{
		Code: ICMP, Severity: diag.Note, Title: "all of ICMP is let in for path MTU discovery",
		Why:    "Path MTU discovery needs ICMP \"fragmentation needed\". The firewalls of GCP and Azure do not tell types of ICMP apart, so that the rule lets in every type, from machines that no filter keeps from sending it.",
		Source: "RFC 1191 section 3",
	},
	{
		Code: Within, Severity: diag.Error, Title: "machines of one subnet do not reach each other",
		Why:    "Inside a subnet everything passes unless its segment says internal: deny; a filter or a table keeps it from working.",
		Source: "docs/spec.md",
	},
	{
		Code: Service, Severity: diag.Error, Title: "a subnet does not reach the endpoint of a service that it asks for",
		Why:    "The endpoint stands in the network, and a filter of the subnet or of the endpoint keeps HTTPS from it.",
		Source: "https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html",
	},
	{
		Code: TwoWays, Severity: diag.Warning, Title: "replies take another way than the packets they answer",
		Why:    "Each router chooses by itself. The filters of the clouds keep state at the machine and do not mind; a firewall on one of the ways drops the connection, and latency and capacity differ by direction.",
		Source: "https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-appliance-scenario.html",
	},
	{
		Code: MTU, Severity: diag.Note, Title: "packets that are not TCP can be larger than their way carries",
		Why: "Both ends send packets as large as their own networks take. TCP is held to what the tunnel carries by clamping its MSS; for the rest there is nothing: gateways of AWS answer with no path MTU discovery over VPN. " +
			"Keep such packets below the size that the finding names.",
		Source: "https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-limits.html",
	},
	{
		Code: SomeWays, Severity: diag.Error, Title: "some of the equal-cost ways drop what policy allows",
		Why:    "The table spreads connections over several ways, and not all of them lead to the end: some connections work and some never do, which looks like a fault of the machines.",
		Source: "https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html",
	},
	{
		Code: NotKnown, Severity: diag.Warning, Title: "whether it works depends on something that is not modelled",
		Why:    "On the way is an appliance, or something that was read and not understood. The proof says unknown instead of guessing; it is never a pass.",
		Source: "docs/check-terraform.md",
	},
	{
		Code: Nowhere, Severity: diag.Warning, Title: "a rule names private addresses that are nowhere in the network",
		Why:    "No site, subnet or existing network has these addresses, and the internet does not carry them: nothing can answer or open connections there.",
		Source: "RFC 1918 section 3",
	},
	{
		Code: NotModel, Severity: diag.Warning, Title: "something that was read is not modelled",
		Why:    "It may forward, filter or translate packets. What the proof says holds as far as this thing does not change it.",
		Source: "docs/check-terraform.md",
	},
	{
		Code: Unjoined, Severity: diag.Warning, Title: "policy allows what no link joins",
		Why: "A rule for a segment holds at every site that has it, also between sites that connect does not join, directly or through a hub. " +
			"Accept it where only the joined sites are meant to talk.",
		Source: "docs/spec.md",
	},
	{
		Code: Edge, Severity: diag.Note, Title: "the proof ends at the edge of an existing network",
		Why:    "Filters and route tables of a network that is joined, not made, are not described. It is taken to answer as policy says.",
		Source: "docs/spec.md",
	},
	{
		Code: Unequal, Severity: diag.Warning, Title: "equal-cost ways differ in round trip",
		Why: "Routers spread connections over ways of equal cost by a hash of their addresses and ports, and know nothing of distance: some connections always take the long way, which looks like a slow machine. " +
			"It is reported when the longest way takes over 1.5 times what the shortest does, and over 10 ms longer; estimates are marked ~. Accept it where bandwidth matters and latency does not.",
		Source: "RFC 2991 section 2; https://docs.aws.amazon.com/vpc/latest/tgw/how-transit-gateways-work.html",
	},
	{
		Code: Devices, Severity: diag.Warning, Title: "packets and replies may pass different devices of a site of one's own",
		Why: "Of several tunnels of equal standing each end takes one, or spreads over them, by itself. Firewalls of two devices know of each other's connections only in a cluster that shares state: else the second one drops the reply. " +
			"Say cluster: true where they do; accept it where no stateful filter stands on the devices. " +
			"Between two tunnels of one device it is a note: the device has to take replies in another tunnel than the packets, as AWS asks of every customer gateway.",
		Source: "https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNRoutingTypes.html",
	},
	{
		Code: Limit, Severity: diag.Error, Title: "routes pass a limit of the cloud, which then drops them or the session",
		Why:    "Beyond its quota a gateway ends the BGP session or leaves routes out without a word. The finding says which limit, and what the cloud then does. Raise it in a facts file once the cloud has raised it.",
		Source: "https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-limits.html",
	},
	{
		Code: Timing, Severity: diag.Warning, Title: "the outcome of routing depends on timing or on what is not documented",
		Why:    "Two ways tie for all that the cloud documents: which is taken can change at every restart of a session.",
		Source: "RFC 4271 section 9.1.2.2",
	},
	{
		Code: LoopedPath, Severity: diag.Warning, Title: "a gateway refuses the only announcement of a prefix for its AS path",
		Why:    "Its own AS number is in the path, so that it takes the announcement for a loop: two gateways of one network share a number, or the prefix comes back through another cloud.",
		Source: "RFC 4271 section 9.1.2",
	},
	{
		Code: Overlap, Severity: diag.Error, Title: "two attachments of a router have the same addresses",
		Why:    "The second is not propagated: packets for it go to the first.",
		Source: "https://docs.aws.amazon.com/vpc/latest/tgw/tgw-vpc-attachments.html",
	},
	{
		Code: Shadowed, Severity: diag.Warning, Title: "a learned route is never used",
		Why:    "It lies inside a route that the cloud prefers however specific the learned one is: the local route of a VPC, the system routes of a VNet, the subnet routes of GCP.",
		Source: "https://learn.microsoft.com/azure/virtual-network/virtual-networks-udr-overview",
	},
	{
		Code: Unheld, Severity: diag.Warning, Title: "a gateway announces what it cannot deliver",
		Why:    "Peers send packets for the prefix to it, and it has no route for them: they are lost there.",
		Source: "RFC 4271 section 9.1",
	},
	{
		Code: Filtered, Severity: diag.Warning, Title: "a cloud refuses an announced prefix",
		Why:    "Gateways leave out some prefixes whatever they are told: a default route, one equal to or inside a VNet's own.",
		Source: "https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-vpn-faq",
	},
	{
		Code: Loop, Severity: diag.Error, Title: "packets go round in a loop",
		Why:    "Tables forward the packet to each other until its time to live is over. A loop for addresses that no machine has is a note, one for each route that leads there: it costs bandwidth when someone scans them.",
		Source: "RFC 1812 section 5.3.1",
	},
	{
		Code: BlackHole, Severity: diag.Note, Title: "packets are forwarded to a table that drops them",
		Why:    "The first table has a route and a later one has none. No rule of the policy needs the way. It is what keeps segments apart, or what a summary route does; it hides mistakes too.",
		Source: "RFC 1812 section 5.2.1",
	},
}

// NeedsPolicy reports whether a rule is about what policy says, so that it is
// not judged of a network that states none.
func NeedsPolicy(code diag.Code) bool {
	switch code {
	case Blocked, Unrouted, NoWay, Leak, Unguarded, ICMP, Within, Service, TwoWays, Unequal, Devices,
		MTU, SomeWays, Nowhere, Unjoined, BlackHole:
		return true
	}
	return false
}

// RuleOf returns the rule of a code of this package.
func RuleOf(code diag.Code) diag.Rule {
	for _, r := range Rules {
		if r.Code == code {
			return r
		}
	}
	panic("finding: no rule " + string(code))
}
