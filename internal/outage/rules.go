package outage

import "github.com/tieline/tieline/internal/diag"

// The codes of what failures show.
const (
	codeSinglePoint  diag.Code = "TL1201"
	codeFalseBackup  diag.Code = "TL1202"
	codeCongested    diag.Code = "TL1203"
	codeSlowHold     diag.Code = "TL1204"
	codeAsymmetric   diag.Code = "TL1205"
	codeStateful     diag.Code = "TL1206"
	codeExposed      diag.Code = "TL1207"
	codeUnknownAfter diag.Code = "TL1208"
	codeNotTried     diag.Code = "TL1209"
	codeOverloaded   diag.Code = "TL1210"
)

// Rules documents the findings of [Model.Try], by code.
var Rules = []diag.Rule{
	{
		Code: codeSinglePoint, Severity: diag.Warning, Title: "the failure of one part loses flows of others",
		Why: "A part without a second way around it takes down flows that neither begin nor end in it. " +
			"It is a note of a link with several tunnels at several instances of both ends: that fails as a whole only when all of them do. " +
			"Accept it where the flows can wait until the part is back.",
		Source: "https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-redundant-connection.html",
	},
	{
		Code: codeFalseBackup, Severity: diag.Error, Title: "one of several tunnels or gateway instances loses flows when it fails alone",
		Why: "Several tunnels or instances stand side by side so that one can fail. " +
			"When its failure loses flows all the same, the others do not carry them: their routes or sessions are missing, and the redundancy is only paid for.",
		Source: "https://cloud.google.com/network-connectivity/docs/vpn/concepts/topologies",
	},
	{
		Code: codeCongested, Severity: diag.Warning, Title: "a failure leaves less bandwidth than the expected peak",
		Why: "What is left after the failure carries less than the peaks of the traffic that then crosses it, so that all flows on it lose packets. " +
			"The capacity is that of the tunnels that share the load, bounded by what the gateway carries in all; a gateway of two active instances carries half without one. " +
			"Accept it where the peak can be shed.",
		Source: "https://docs.aws.amazon.com/vpn/latest/s2svpn/vpn-limits.html",
	},
	{
		Code: codeSlowHold, Severity: diag.Note, Title: "BGP takes more than a minute to notice a dead tunnel",
		Why: "Until the hold time is over a router goes on sending into a tunnel that died without a word. VPN gateways of the clouds offer no BFD, " +
			"so only the dead peer detection of IKE is faster, where it ends the BGP session too.",
		Source: "RFC 4271 section 4.2; https://learn.microsoft.com/azure/vpn-gateway/vpn-gateway-bgp-overview",
	},
	{
		Code: codeAsymmetric, Severity: diag.Note, Title: "after a failure replies take other links than the packets they answer",
		Why: "Routers choose each direction by themselves. It does no harm to the clouds' filters, which keep state at the machine; " +
			"it makes latency and capacity differ by direction, and it breaks a firewall that is put on one of the ways later.",
		Source: "https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNRoutingTypes.html",
	},
	{
		Code: codeStateful, Severity: diag.Warning, Title: "after a failure replies pass by a site that the packets did not pass",
		Why: "The routers of a site of one's own stand beside its firewall, which keeps state: a firewall that sees one direction of a connection drops it. " +
			"Sites of one's own that flows pass through are taken to have one. Accept it where the site only routes.",
		Source: "https://docs.aws.amazon.com/vpc/latest/tgw/transit-gateway-appliance-scenario.html",
	},
	{
		Code: codeExposed, Severity: diag.Warning, Title: "the backup of a private way is the open internet",
		Why: "When the private way fails, a default route takes the packets out to the internet, without the tunnel's encryption. " +
			"Whether the public addresses of a site of one's own answer there is not known: flows to them are then lost (TL1201) besides. " +
			"Accept it where the far end is meant to be reached that way.",
		Source: "RFC 4301 section 4.1",
	},
	{
		Code: codeUnknownAfter, Severity: diag.Warning, Title: "what is left after a failure depends on something that is not modelled",
		Why:    "A way leads into a thing that was read but is not understood, or there are more equal-cost ways than are followed. It may work and it may not, and is not proved.",
		Source: "docs/ARCHITECTURE.md",
	},
	{
		Code: codeNotTried, Severity: diag.Warning, Title: "not every set of parts was tried",
		Why:    "There are more sets of two parts than the bound allows, so that nothing is said of them. Raise the bound, or ask for fewer kinds of parts.",
		Source: "docs/ARCHITECTURE.md",
	},
	{
		Code: codeOverloaded, Severity: diag.Warning, Title: "the expected peak is more than a gateway, a hub's router, an attachment or a link carries",
		Why: "The size of a gateway bounds all that it carries over its links together, and what it hands from one of its networks to another: " +
			"two networks of Azure that reach each other through a VPN gateway have no more between them than its SKU gives, " +
			"and those of a virtual hub what its routing infrastructure units give. " +
			"The bound is held each way; what goes from network to network counts both ways.",
		Source: "https://learn.microsoft.com/azure/vpn-gateway/about-gateway-skus",
	},
}
