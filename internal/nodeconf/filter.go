package nodeconf

import (
	"net/netip"

	"github.com/tieline/tieline/internal/vocab"
)

// Filter is one packet filter of the machine or of a device, as the native
// rules of a cloud say it: a security group, network ACL, NSG or firewall
// policy for one subnet. A packet has to pass every filter of its device.
type Filter struct {
	ID     string     `json:"id"`
	Device string     `json:"device,omitempty"` // empty: of the whole machine, its input and output
	Kind   FilterKind `json:"kind"`
	// Ingress and Egress are what happens to what no rule matches.
	Ingress Verdict      `json:"ingress"`
	Egress  Verdict      `json:"egress"`
	Rules   []FilterRule `json:"rules,omitempty"` // the first match decides
	// Sets are prefixes that rules name, by name: what the tag VirtualNetwork
	// stands for now.
	Sets []PrefixSet `json:"sets,omitempty"`
}

// FilterKind says whether a filter keeps state.
type FilterKind string

// The kinds of filter.
const (
	Stateful  FilterKind = "stateful"  // replies to what was let through pass
	Stateless FilterKind = "stateless" // each packet by itself
)

// Verdict is what a rule does with a packet.
type Verdict string

// The verdicts.
const (
	Accept Verdict = "accept"
	Drop   Verdict = "drop"
)

// Direction is seen from the filtered machine.
type Direction string

// The directions.
const (
	Ingress Direction = "ingress"
	Egress  Direction = "egress"
)

// FilterRule is one rule. A packet matches when all that is stated matches.
type FilterRule struct {
	Name      string          `json:"name"` // unique in the filter
	Direction Direction       `json:"direction"`
	Verdict   Verdict         `json:"verdict"`
	Services  []vocab.Service `json:"services,omitempty"` // none: every packet
	Peers     []netip.Prefix  `json:"peers,omitempty"`    // the far side; none (and no set): all
	PeerSet   string          `json:"peer_set,omitempty"`
	// NotPeerSet turns PeerSet round: all that is not in it.
	NotPeerSet  bool              `json:"not_peer_set,omitempty"`
	Local       []netip.Prefix    `json:"local,omitempty"`        // the near side; none: all
	SourcePorts []vocab.PortRange `json:"source_ports,omitempty"` // none: all
	// PathMTU narrows ICMP to "fragmentation needed" (type 3, code 4).
	PathMTU bool   `json:"path_mtu,omitempty"`
	Line    string `json:"line,omitempty"` // of the spec: network.yaml:33
}

// PrefixSet is a named set of prefixes.
type PrefixSet struct {
	Name     string         `json:"name"`
	Prefixes []netip.Prefix `json:"prefixes"`
}
