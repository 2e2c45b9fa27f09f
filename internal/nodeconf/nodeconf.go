// Package nodeconf is what a node is told and what it answers: the border
// between the compiler (which writes it for each gateway and each routing
// domain of a cloud) and the node, which sees nothing else of the network.
//
// A [Config] is the whole desired state of one node. Setting it twice changes
// nothing; what it no longer names is taken away. Names of devices are those
// of Linux interfaces (at most 15 bytes). Secrets are named, never carried:
// the node reads them from files of its secrets folder.
package nodeconf

import (
	"net/netip"

	"github.com/tieline/tieline/internal/vocab"
)

// Version is the version of [Config] and [Status] that this code speaks. A
// node refuses another one.
const Version = 1

// Config is the desired state of one node.
type Config struct {
	Version int    `json:"version"`
	Network string `json:"network"` // name in the spec
	Node    string `json:"node"`    // unique in the network: aws-oregon, gcp:net, headquarters/0
	// Serial grows with each configuration that a controller hands out; a node
	// refuses one below what it runs. 0 is not checked.
	Serial uint64 `json:"serial,omitempty"`

	Devices  []Device  `json:"devices,omitempty"`
	Tunnels  []Tunnel  `json:"tunnels,omitempty"`
	Tables   []Table   `json:"tables,omitempty"`
	Rules    []Rule    `json:"rules,omitempty"` // in order
	Sessions []Session `json:"sessions,omitempty"`
	Filters  []Filter  `json:"filters,omitempty"`
	NATs     []NAT     `json:"nats,omitempty"`
	Classes  []Shaper  `json:"classes,omitempty"`
	Probes   []Probe   `json:"probes,omitempty"`
	// Reflect are the addresses on which STAMP test packets are answered
	// (RFC 8762), UDP; port 0 is 862.
	Reflect []netip.AddrPort `json:"reflect,omitempty"`
}

// Device is a network interface that is not a tunnel.
type Device struct {
	Name string `json:"name"`
	// ID says what it is, for people and for comparison with the compiled
	// network: subnet aws-oregon/ml/training, attachment ..., internet.
	ID string `json:"id"`
	// Pair makes a veth pair whose other end, in the same namespace, has this
	// name: a way from one table to another. Empty: the device is there
	// already, and is only addressed, sized and set up.
	Pair  string         `json:"pair,omitempty"`
	MTU   int            `json:"mtu,omitempty"` // bytes; 0 leaves it
	Addrs []netip.Prefix `json:"addrs,omitempty"`
	// NoARP: packets go to whatever is at the other end, whose MAC address is
	// the same as the device's own.
	NoARP bool `json:"no_arp,omitempty"`
	// MSS clamps the maximum segment size of TCP connections that leave by
	// it, bytes (RFC 6691); 0 does not.
	MSS int `json:"mss,omitempty"`
}

// TunnelKind is what carries a tunnel.
type TunnelKind string

// The kinds of tunnel.
const (
	IPsec     TunnelKind = "ipsec"
	WireGuard TunnelKind = "wireguard"
)

// Tunnel is one end of a tunnel; it makes a device.
type Tunnel struct {
	Device
	Kind TunnelKind `json:"kind"`
	// Underlay is the path of the network namespace in which its packets
	// travel; empty is the node's own.
	Underlay string     `json:"underlay,omitempty"`
	Local    netip.Addr `json:"local"`  // outside address of this end, in the underlay
	Remote   netip.Addr `json:"remote"` // outside address of the other
	// Initiate: this end dials. Exactly one end of a WireGuard tunnel does
	// (with keepalives), since two first handshakes at once can defeat each
	// other over a long way.
	Initiate  bool             `json:"initiate,omitempty"`
	IPsec     *IPsecConfig     `json:"ipsec,omitempty"`
	WireGuard *WireGuardConfig `json:"wireguard,omitempty"`
}

// IPsecConfig is what IKEv2 needs. Proposals are in strongSwan's keywords:
// aes256gcm16-prfsha384-ecp384.
type IPsecConfig struct {
	LocalID     string   `json:"local_id"`
	RemoteID    string   `json:"remote_id"`
	PSK         string   `json:"psk"` // name of the secret
	IKE         []string `json:"ike"`
	ESP         []string `json:"esp"`
	IKELifetime int      `json:"ike_lifetime"` // seconds, rekey before
	ESPLifetime int      `json:"esp_lifetime"` // seconds, rekey before
	DPD         int      `json:"dpd"`          // seconds between liveness checks, RFC 3706
	// ForceEncapsulation wraps ESP in UDP 4500 also where no NAT is found
	// (RFC 3948).
	ForceEncapsulation bool `json:"force_encapsulation,omitempty"`
}

// WireGuardConfig is what WireGuard needs.
type WireGuardConfig struct {
	PrivateKey string         `json:"private_key"` // name of the secret
	PublicKey  string         `json:"peer_public_key"`
	ListenPort uint16         `json:"listen_port"`
	Endpoint   netip.AddrPort `json:"endpoint"`
	Keepalive  int            `json:"keepalive,omitempty"` // seconds; of the end that initiates
}

// Table is one routing table: the candidates for each prefix, and which win.
type Table struct {
	// ID is the number of the kernel's table; 0 keeps the table in the node
	// only, for others to learn from.
	ID   int    `json:"id"`
	Name string `json:"name"` // as in the compiled network: aws-oregon/tgw/edge
	// Paths is how many equal-cost routes are used at once, 1 or more.
	Paths  int     `json:"paths"`
	Routes []Route `json:"routes,omitempty"`
	Learn  []Learn `json:"learn,omitempty"`
	// Compare orders learned candidates of one prefix and one preference; the
	// first criterion in which they differ decides. Those that differ in none
	// are equal-cost.
	Compare []Criterion `json:"compare,omitempty"`
	// Most is how many learned prefixes it takes; what is beyond is left out,
	// the longest prefixes first. 0 is no limit.
	Most int `json:"most,omitempty"`
}

// Criterion compares two learned candidates for a prefix.
type Criterion string

// The criteria.
const (
	LocalPreference Criterion = "local-preference" // higher wins
	ASPathLength    Criterion = "as-path"          // shorter wins
	MED             Criterion = "med"              // lower wins, with the cost of the way added
	NeighbourMED    Criterion = "neighbour-med"    // the same among routes of one neighbour AS only; the last criterion (RFC 4271 section 9.1.2.2 c)
)

// Route is a route that is configured.
type Route struct {
	Prefix netip.Prefix `json:"prefix"`
	Via    []string     `json:"via,omitempty"` // devices; none discards
	// Preference orders sources of one prefix: the lowest wins, a learned
	// route's is its [Learn]'s.
	Preference int `json:"preference,omitempty"`
	// Firm: no learned route inside the prefix is used, however long.
	Firm bool `json:"firm,omitempty"`
	// Announce: sessions that export the table announce it.
	Announce bool `json:"announce,omitempty"`
}

// Learn lets a table take what sessions, or another table, learned.
type Learn struct {
	Sessions []string `json:"sessions,omitempty"` // ids
	Table    string   `json:"table,omitempty"`    // its learned winners
	// Via is the device that leads to where the routes were learned; empty:
	// the devices of the routes themselves.
	Via        string `json:"via,omitempty"`
	Preference int    `json:"preference"`
	Cost       int    `json:"cost,omitempty"` // added to the MED
	// Only limits it to these prefixes; empty for all.
	Only []netip.Prefix `json:"only,omitempty"`
}

// Rule says which table routes what enters by a device. What no rule names is
// routed by the kernel's main table. Where the table has no route, the packet
// is dropped, and the sender told so (ICMP network unreachable).
type Rule struct {
	Device string `json:"device"`
	Table  int    `json:"table"`
}

// Session is a BGP session (RFC 4271), over a tunnel or a device.
type Session struct {
	ID     string     `json:"id"` // tunnel id with the end: aws-oregon--gcp-oregon/0
	Device string     `json:"device"`
	Local  netip.Addr `json:"local"`
	Peer   netip.Addr `json:"peer"`
	ASN    uint32     `json:"asn"`
	// PeerASN equal to ASN makes it internal.
	PeerASN uint32 `json:"peer_asn"`
	// Passive: the peer opens the TCP connection.
	Passive   bool   `json:"passive,omitempty"`
	Keepalive Millis `json:"keepalive"`
	Hold      Millis `json:"hold"`
	Retry     Millis `json:"retry,omitempty"` // between attempts to connect
	BFD       *BFD   `json:"bfd,omitempty"`
	// Via is the device of routes learned over it; empty: Device.
	Via string `json:"via,omitempty"`

	// Announce are prefixes that the node itself originates to the peer.
	Announce []Announce `json:"announce,omitempty"`
	// Export names a table whose winners are announced on: learned ones, of
	// several equal ones the best and only where another session brought that,
	// and configured ones that say Announce.
	Export string `json:"export,omitempty"`
	// ExportOnly limits Export to what these sessions brought; empty for all.
	ExportOnly []string `json:"export_only,omitempty"`
	// Withhold are prefixes of the exported table that are not sent.
	Withhold []netip.Prefix `json:"withhold,omitempty"`
	// Insert is put before the AS path of everything that is sent, after the
	// own number where that is put (what virtual hubs put between them).
	Insert []uint32 `json:"insert,omitempty"`
	// MED is sent with everything; nil sends none.
	MED         *uint32  `json:"med,omitempty"`
	Prepend     int      `json:"prepend,omitempty"`     // own AS number, times more
	Communities []string `json:"communities,omitempty"` // sent: 65000:100, RFC 1997

	// Refuse are prefixes that are not taken, with all inside them.
	Refuse []netip.Prefix `json:"refuse,omitempty"`
	// Most is how many prefixes the session takes; 0 is no limit.
	Most int `json:"most,omitempty"`
	// Beyond says what happens when the peer sends more.
	Beyond Beyond `json:"beyond,omitempty"`
}

// Millis is a duration in milliseconds.
type Millis int

// Beyond is what happens to a session that passes its limit.
type Beyond string

// What happens beyond a limit.
const (
	EndSession Beyond = "end-session" // cease, maximum number of prefixes reached (RFC 4486)
	Ignore     Beyond = "ignore"      // what is beyond is not taken
)

// BFD is bidirectional forwarding detection on one hop (RFC 5880, RFC 5881).
type BFD struct {
	Interval   Millis `json:"interval"`
	Multiplier int    `json:"multiplier"`
}

// Announce is a prefix that a node originates.
type Announce struct {
	Prefix netip.Prefix `json:"prefix"`
	Cost   int          `json:"cost,omitempty"` // added to the session's MED
}

// NAT translates sources on the way out of a device.
type NAT struct {
	ID     string       `json:"id"`
	Device string       `json:"device"` // out of which
	Source netip.Prefix `json:"source"`
	To     netip.Addr   `json:"to"`
	// Both ways: one address for one address, so that it is reached from
	// outside too. Source is one address then.
	Both bool `json:"both,omitempty"`
}

// Shaper divides the rate of a device among classes of traffic by the DSCP of
// their packets (RFC 2474).
type Shaper struct {
	Device  string         `json:"device"`
	Rate    vocab.Rate     `json:"rate"`
	Classes []TrafficClass `json:"classes"`
}

// TrafficClass keeps Rate for packets with DSCP, and may use more when there
// is some.
type TrafficClass struct {
	Name string     `json:"name"`
	DSCP uint8      `json:"dscp"`
	Rate vocab.Rate `json:"rate"`
}

// ProbeKind is how a path is measured.
type ProbeKind string

// The kinds of probe.
const (
	ICMP  ProbeKind = "icmp"
	TCP   ProbeKind = "tcp"
	STAMP ProbeKind = "stamp" // RFC 8762, unauthenticated
)

// Probe measures one path at an interval.
type Probe struct {
	ID       string         `json:"id"` // what it measures: tunnel aws-oregon--gcp-oregon/0
	Kind     ProbeKind      `json:"kind"`
	Device   string         `json:"device,omitempty"` // out of which; empty by routing
	Local    netip.Addr     `json:"local,omitzero"`
	Target   netip.AddrPort `json:"target"` // port 0 for ICMP
	Interval Millis         `json:"interval"`
	Timeout  Millis         `json:"timeout"`
	PathMTU  bool           `json:"path_mtu,omitempty"` // find it as well (RFC 8899)
}
