package nodes

import (
	"fmt"
	"math"
	"slices"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

// Timers of a run. The fast ones are the measured defaults of the lab: BFD
// finds a dead tunnel in 300 ms, in under a second where there are many
// sessions.
const (
	fastInterval  = nodeconf.Millis(100)
	calmInterval  = nodeconf.Millis(300)
	fastMost      = 20 // sessions; above it the calm interval
	multiplier    = 3
	fastKeepalive = nodeconf.Millis(3_000)
	fastHold      = nodeconf.Millis(9_000)
	retry         = nodeconf.Millis(2_000)
)

// session makes an end's BGP session, where one runs over the tunnel.
func (b *builder) session(t *fabric.Tunnel, k int) {
	me, mine, theirs := b.ends[endKey{t.ID, k}], &t.Ends[k], &t.Ends[1-k]
	if c := b.index.connections[t.Connection]; c != nil && c.Static || !mine.InitiateBGP && !theirs.InitiateBGP {
		return
	}
	g, peer := b.index.gateways[mine.Gateway], b.index.gateways[theirs.Gateway]
	s := &nodeconf.Session{
		ID: string(t.ID), Device: me.device, Local: mine.Inside, Peer: theirs.Inside,
		ASN: uint32(g.ASN), PeerASN: uint32(peer.ASN), Retry: retry,
		// Where both would open it the first end does: two connections that
		// cross (RFC 4271 section 6.8) only cost time.
		Passive: !mine.InitiateBGP || theirs.InitiateBGP && k == 1,
	}
	b.timers(s, mine, theirs)
	b.terms(s, t, k)
	b.limit(s, g.Kind)
	me.session = s
	me.node.sessions = append(me.node.sessions, s)
}

// timers sets those of both clouds, the smaller hold of both (RFC 4271 section
// 4.2) without BFD, which no cloud has over VPN; or the fast ones.
func (b *builder) timers(s *nodeconf.Session, mine, theirs *fabric.TunnelEnd) {
	if b.opts.Fast {
		b.fast(s)
		return
	}
	hold := min(mine.Hold, theirs.Hold)
	s.Hold = nodeconf.Millis(hold) * 1000
	s.Keepalive = min(nodeconf.Millis(mine.Keepalive)*1000, s.Hold/3)
}

func (b *builder) fast(s *nodeconf.Session) {
	s.Keepalive, s.Hold = fastKeepalive, fastHold
	s.BFD = &nodeconf.BFD{Interval: fastInterval, Multiplier: multiplier}
	if len(b.net.Tunnels) > fastMost {
		s.BFD.Interval = calmInterval
	}
}

// terms takes what the end does to all that it announces; what depends on the
// prefix or is done to what it hears is refused by name.
func (b *builder) terms(s *nodeconf.Session, t *fabric.Tunnel, k int) {
	e := &t.Ends[k]
	if len(e.Import) > 0 {
		b.refusef("%s: the import policy of %s is not played by the lab", t.ID, e.Gateway)
	}
	for i := range e.Export {
		x := &e.Export[i]
		own := uint32(b.index.gateways[e.Gateway].ASN)
		strange := slices.ContainsFunc(x.Prepend, func(a vocab.ASN) bool { return uint32(a) != own })
		if len(x.Match) > 0 || x.End == fabric.DropRoute || strange || x.MED != 0 && !x.SetMED {
			b.refusef("%s: the export policy of %s depends on the prefix, which is not played by the lab", t.ID, e.Gateway)
			return
		}
		s.Prepend += len(x.Prepend)
		for _, c := range x.Attach {
			s.Communities = append(s.Communities, fmt.Sprintf("%d:%d", uint32(c)>>16, uint32(c)&math.MaxUint16))
		}
		if x.SetMED {
			s.MED = med(x.MED)
		}
		if x.End == fabric.AcceptRoute {
			break
		}
	}
}

func med(n int) *uint32 {
	m := uint32(n)
	return &m
}

// limit sets how many prefixes the cloud takes from a peer, and what it does
// beyond.
func (b *builder) limit(s *nodeconf.Session, k fabric.GatewayKind) {
	var id atlas.LimitID
	switch k {
	case fabric.VirtualPrivateGateway:
		id = atlas.LimitAWSVPNPrefixesPeerToVGW
	case fabric.TransitGateway:
		id = atlas.LimitAWSVPNPrefixesPeerToTGW
	case fabric.HAVPN:
		id = atlas.LimitGCPRouterPrefixesFromPeer
	case fabric.VPNGateway, fabric.VirtualHub:
		id = atlas.LimitAzureVPNPrefixesFromPeer
	case fabric.Device, fabric.DirectConnectGateway, fabric.ExpressRouteGateway:
		return
	}
	l := b.atlas.Limit(id)
	s.Most, s.Beyond = l.Value, nodeconf.EndSession
	if l.OnExcess == atlas.ExcessNotUsed || l.OnExcess == atlas.ExcessSilent {
		s.Beyond = nodeconf.Ignore
	}
}

// sessionsOf lists the ends of a gateway's tunnels that speak BGP, by tunnel.
func (b *builder) sessionsOf(g fabric.GatewayID) []*end {
	var out []*end
	for i := range b.net.Tunnels {
		t := &b.net.Tunnels[i]
		for k := range t.Ends {
			if t.Ends[k].Gateway == g && b.ends[endKey{t.ID, k}].session != nil {
				out = append(out, b.ends[endKey{t.ID, k}])
			}
		}
	}
	return out
}

// arrivals sends what comes out of a gateway's tunnels to a table.
func (b *builder) arrivals(g fabric.GatewayID, t *table, in func(*fabric.Tunnel) bool) {
	for i := range b.net.Tunnels {
		x := &b.net.Tunnels[i]
		for k := range x.Ends {
			if x.Ends[k].Gateway != g || in != nil && !in(x) {
				continue
			}
			e := b.ends[endKey{x.ID, k}]
			stop{node: e.node, site: t.site, arrives: t}.arrive(e.device)
		}
	}
}

func ids(ends []*end) []string {
	out := make([]string, len(ends))
	for i, e := range ends {
		out[i] = e.session.ID
	}
	return out
}
