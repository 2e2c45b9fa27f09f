package nodes

import (
	"net/netip"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

// inner is one end of a session that is in no plan: inside a cloud, or between
// the devices of a site.
type inner struct {
	table       *table
	device      string
	local, peer netip.Addr
	asn         vocab.ASN
}

// lanKeepalive and lanHold are the times of sessions inside a site or cloud.
const (
	lanKeepalive = nodeconf.Millis(3_000)
	lanHold      = nodeconf.Millis(9_000)
)

// inside makes an internal session over a device, which gets its address.
func (b *builder) inside(e inner, id string, passive bool) *nodeconf.Session {
	n := e.table.node
	for i := range n.devices {
		if d := &n.devices[i]; d.Name == e.device {
			d.Addrs = []netip.Prefix{netip.PrefixFrom(e.local, 30)}
		}
	}
	s := &nodeconf.Session{
		ID: id, Device: e.device, Local: e.local, Peer: e.peer, ASN: uint32(e.asn), PeerASN: uint32(e.asn),
		Passive: passive, Keepalive: lanKeepalive, Hold: lanHold, Retry: retry,
	}
	if b.opts.Fast {
		b.fast(s)
	}
	n.sessions = append(n.sessions, s)
	return s
}
