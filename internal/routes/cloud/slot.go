package cloud

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
)

// Slot is a table as configured, before anything is learned: the same for
// every failure.
type Slot struct {
	ID      TableID
	Kind    TableKind
	Site    fabric.SiteID
	VPC     fabric.VPCID     // of a VPCTable
	Gateway fabric.GatewayID // of the others
	Meta    fabric.Meta      // of the object that holds it
	Entries []Entry          // winners of their prefixes, by prefix
	Losers  []Entry          // of the same prefixes
	Weak    []int            // indexes of entries that yield to a learned route
	Learn   Learning
}

// Entry is a route as configured or given by the cloud.
type Entry struct {
	Prefix   netip.Prefix
	Protocol Protocol
	rank     int // the least wins among entries of one prefix
	Act      Action
	Origin   fabric.Origin
	Firm     bool
	// yields: a learned route of the same prefix is preferred when its metric
	// is below metric (GCP priorities), or always (Azure's system routes).
	yields bool
	Metric int
	Why    string
}

// ActKind is what becomes of a packet that an entry takes.
type ActKind uint8

// The kinds of action.
const (
	ActDeliver   ActKind = iota + 1 // into vpc
	ActForward                      // to slot
	ActInternet                     // out, translated by nat where it serves the sender
	ActTranslate                    // by nat
	ActDiscard                      // why
	ActUnknown                      // why
	ActTunnels                      // static VPN: over tunnels, one or all
)

// Action is a hop that depends on what has failed. Indexes are -1 when they
// name nothing; what they name must be up.
type Action struct {
	Kind       ActKind
	Slot       int
	Gateway    int
	Attachment int
	NAT        int
	VPC        fabric.VPCID
	Link       fabric.LinkID
	Named      bool // the link only tells the way: it fails without this
	Tunnels    []int
	ECMP       bool
	Why        string
}

func act(kind ActKind) Action {
	return Action{Kind: kind, Slot: -1, Gateway: -1, Attachment: -1, NAT: -1}
}

func discard(why string) Action {
	a := act(ActDiscard)
	a.Why = why
	return a
}

func unknown(why string) Action {
	a := act(ActUnknown)
	a.Why = why
	return a
}

// Deliver leads into a VPC, over an attachment or none (-1).
func Deliver(v fabric.VPCID, att int, link fabric.LinkID) Action {
	a := act(ActDeliver)
	a.VPC, a.Attachment, a.Link = v, att, link
	return a
}

// along is deliver between two sites of networks that are joined without the
// link between the sites, if there is one.
func along(v fabric.VPCID, att int, link fabric.LinkID) Action {
	a := Deliver(v, att, link)
	a.Named = true
	return a
}

// Forward leads to another slot.
func Forward(slot, gateway, att int, link fabric.LinkID) Action {
	a := act(ActForward)
	a.Slot, a.Gateway, a.Attachment, a.Link = slot, gateway, att, link
	return a
}

// Learning says where a table's learned routes come from.
type Learning struct {
	Kind LearnKind
	Node int    // of viaNode, viaHanded, viaHub
	Set  int    // of viaSet
	Hop  Action // to the gateway that learned, of viaHanded and viaHub
}

// LearnKind is a kind of [Learning].
type LearnKind uint8

// The kinds of learning.
const (
	NothingLearned LearnKind = iota
	ViaNode                  // what a speaker learned, with the tunnels
	ViaHanded                // what a gateway learned and hands to its networks
	ViaHub                   // all that a virtual hub knows
	ViaSet                   // a merged set: GCP regions, VNets with two gateways
)

// settle picks the winner of each prefix and sorts.
func (s *Slot) settle() {
	slices.SortStableFunc(s.Entries, func(a, b Entry) int {
		return cmp.Or(prefix.Compare(a.Prefix, b.Prefix), cmp.Compare(a.rank, b.rank), cmp.Compare(a.Metric, b.Metric))
	})
	kept := s.Entries[:0:0]
	for _, e := range s.Entries {
		if k := len(kept); k > 0 && kept[k-1].Prefix == e.Prefix {
			s.Losers = append(s.Losers, e)
			continue
		}
		kept = append(kept, e)
	}
	s.Entries = kept
	s.Weak = nil
	for i := range kept {
		if kept[i].yields {
			s.Weak = append(s.Weak, i)
		}
	}
}

// alike reports whether two tables forward alike.
func (s *Slot) alike(o *Slot) bool {
	same := func(a, b *Action) bool {
		return a.Kind == b.Kind && a.Slot == b.Slot && a.Gateway == b.Gateway && a.Attachment == b.Attachment && a.NAT == b.NAT && a.VPC == b.VPC &&
			a.Link == b.Link && slices.Equal(a.Tunnels, b.Tunnels)
	}
	return s.Learn.Kind == o.Learn.Kind && s.Learn.Node == o.Learn.Node && s.Learn.Set == o.Learn.Set && same(&s.Learn.Hop, &o.Learn.Hop) &&
		slices.EqualFunc(s.Entries, o.Entries, func(a, b Entry) bool { return a.Prefix == b.Prefix && a.Firm == b.Firm && same(&a.Act, &b.Act) })
}

// add appends an entry.
func (s *Slot) add(e Entry) { s.Entries = append(s.Entries, e) }
