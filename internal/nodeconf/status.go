package nodeconf

import (
	"net/netip"
	"time"
)

// Status is the state of a node at one moment. Lists are sorted by id or name.
type Status struct {
	Version  int            `json:"version"`
	Node     string         `json:"node"`
	Serial   uint64         `json:"serial"`
	At       time.Time      `json:"at"`
	Draining bool           `json:"draining,omitempty"`
	Tunnels  []TunnelState  `json:"tunnels,omitempty"`
	Sessions []SessionState `json:"sessions,omitempty"`
	Tables   []TableState   `json:"tables,omitempty"`
	Rules    []RuleCount    `json:"rules,omitempty"`
	Probes   []ProbeState   `json:"probes,omitempty"`
	Problems []string       `json:"problems,omitempty"` // what could not be done, with what to do about it
}

// TunnelState is the state of a tunnel's end.
type TunnelState struct {
	Name     string    `json:"name"` // device
	ID       string    `json:"id"`
	Kind     string    `json:"kind"` // what carries it: ipsec (userspace ESP), wireguard (userspace)
	Up       bool      `json:"up"`
	Why      string    `json:"why,omitempty"` // when it is not
	Suite    string    `json:"suite,omitempty"`
	Since    time.Time `json:"since,omitzero"`
	Rekeys   [2]int    `json:"rekeys"` // of the IKE SA and of its child
	Sent     uint64    `json:"sent"`   // bytes
	Received uint64    `json:"received"`
}

// SessionState is the state of a BGP session.
type SessionState struct {
	ID          string    `json:"id"`
	State       string    `json:"state"` // established, active, idle, ... (RFC 4271 section 8.2.2), refused
	Why         string    `json:"why,omitempty"`
	BFD         string    `json:"bfd,omitempty"` // up, down, init, admin-down
	Since       time.Time `json:"since,omitzero"`
	Received    int       `json:"received"`    // prefixes
	Taken       int       `json:"taken"`       // of them, after refusals and limits
	Advertised  int       `json:"advertised"`  // prefixes
	Transitions int       `json:"transitions"` // times it was established
}

// TableState is what a table holds.
type TableState struct {
	ID     int          `json:"id"`
	Name   string       `json:"name"`
	Routes []RouteState `json:"routes,omitempty"` // by prefix; the winners
}

// RouteState is the winning route of a prefix.
type RouteState struct {
	Prefix  netip.Prefix `json:"prefix"`
	Devices []string     `json:"devices,omitempty"` // sorted; none: discarded
	Learned bool         `json:"learned,omitempty"`
	// Sessions brought it, when learned; sorted.
	Sessions []string `json:"sessions,omitempty"`
	Path     []uint32 `json:"path,omitempty"`
	MED      uint32   `json:"med,omitempty"`
}

// RuleCount counts what a rule of a filter matched.
type RuleCount struct {
	Filter  string `json:"filter"`
	Rule    string `json:"rule"` // default-ingress and default-egress for what no rule matches
	Packets uint64 `json:"packets"`
	Bytes   uint64 `json:"bytes"`
}

// ProbeState is what a probe measured. Times are in milliseconds. Min, P50 and
// P99 are of the last five minutes, and so are the recent counts; the other
// counts are since the probe began.
type ProbeState struct {
	ID   string `json:"id"`
	Sent uint64 `json:"sent"`
	Lost uint64 `json:"lost"` // not answered in time
	// Late is how many of the lost were answered after all.
	Late       uint64 `json:"late,omitempty"`
	Duplicates uint64 `json:"duplicates,omitempty"`
	// LostThere is how many were lost on the way there, at least; only a far
	// end that counts what it gets tells (RFC 8762 section 4).
	LostThere  uint64  `json:"lost_there,omitempty"`
	RecentSent uint64  `json:"recent_sent,omitempty"` // answered or lost by now
	RecentLost uint64  `json:"recent_lost,omitempty"`
	Last       float64 `json:"last"`
	Min        float64 `json:"min"`
	P50        float64 `json:"p50"`
	P99        float64 `json:"p99"`
	Jitter     float64 `json:"jitter"`             // of round trips, RFC 3550 section 6.4.1
	Ever       *Spread `json:"ever,omitempty"`     // since the probe began; nil before the first answer
	PathMTU    int     `json:"path_mtu,omitempty"` // bytes; 0 while it is not known
	// OneWay and OneWayBack are those of the last answer, by the clocks of both
	// ends: exact only where both share a clock. ClockError bounds their error
	// where both clocks are synchronized, by their own word.
	OneWay             float64 `json:"one_way,omitempty"` // there
	OneWayBack         float64 `json:"one_way_back,omitempty"`
	ClockError         float64 `json:"clock_error,omitempty"`
	ClocksSynchronized bool    `json:"clocks_synchronized,omitempty"`
	// Failures is why the last packets were not answered; empty when the last
	// one was.
	Failures string `json:"failures,omitempty"`
}

// Spread is how round trips are spread, in milliseconds.
type Spread struct {
	Count uint64  `json:"count"`
	Min   float64 `json:"min"`
	P50   float64 `json:"p50"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// Reached reports whether the table sends a packet to addr somewhere, and by
// which route: the longest prefix that holds it.
func (t *TableState) Reached(addr netip.Addr) (RouteState, bool) {
	best := -1
	for i := range t.Routes {
		r := &t.Routes[i]
		if r.Prefix.Contains(addr) && (best < 0 || r.Prefix.Bits() > t.Routes[best].Prefix.Bits()) {
			best = i
		}
	}
	if best < 0 {
		return RouteState{}, false
	}
	return t.Routes[best], true
}
