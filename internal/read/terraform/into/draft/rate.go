package draft

import (
	"github.com/tieline/tieline/internal/capacity"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// rates sets what the tunnels of a VPN link carry, planning values: what the
// slower end gives with the cipher that they agree on, or with the slower
// cipher where they leave a choice; and what the link carries, which is what
// its tunnels carry that share the load, and no more than its gateways do.
// What an end of unknown size carries is not known, and left at 0.
func (d *Draft) rates(l *fabric.Link, pairs [][2]int) {
	tunnels := d.Net.Tunnels[len(d.Net.Tunnels)-len(pairs):]
	for i := range tunnels {
		tunnels[i].Rate = d.rate(pairs[i])
	}
	l.Capacity = shared(d.gateway(l.Gateways[0]), d.gateway(l.Gateways[1]), tunnels)
	for _, id := range l.Gateways {
		switch room := capacity.Gateway(d.Atlas, d.gateway(id)); room.State {
		case capacity.Free:
		case capacity.Bounded:
			l.Capacity = min(l.Capacity, room.Rate)
		case capacity.Unknown:
			l.Capacity = 0
		}
	}
}

// rate is what the tunnel of two ends carries; 0 when that is not known.
func (d *Draft) rate(pair [2]int) vocab.Rate {
	cipher, agreed := d.cipherOf([][2]int{pair})
	if !agreed {
		cipher = Cipher{}
	}
	var out vocab.Rate
	for _, i := range pair {
		e := &d.ends[i]
		switch room := capacity.Tunnel(d.Atlas, d.gateway(e.Gateway), e.Large, cipher.Encryption); room.State {
		case capacity.Free:
		case capacity.Bounded:
			if out == 0 || room.Rate < out {
				out = room.Rate
			}
		case capacity.Unknown:
			return 0
		}
	}
	return out
}

// shared is what tunnels carry that share the load: of a gateway without ECMP
// one, the slowest; of tunnels with several priorities those that are
// preferred. 0 when one is not known. A site of one's own sends as it likes.
func shared(a, b *fabric.Gateway, tunnels []fabric.Tunnel) vocab.Rate {
	var out vocab.Rate
	for end := range 2 {
		first := tunnels[0].Ends[end].Priority
		for i := range tunnels {
			first = min(first, tunnels[i].Ends[end].Priority)
		}
		var sum, slowest vocab.Rate
		for i := range tunnels {
			t := &tunnels[i]
			if t.Rate == 0 {
				return 0
			}
			if slowest == 0 || t.Rate < slowest {
				slowest = t.Rate
			}
			if t.Ends[end].Priority == first {
				sum += t.Rate
			}
		}
		if g := []*fabric.Gateway{a, b}[end]; g.Kind != fabric.Device && !g.ECMP {
			sum = slowest
		}
		if out == 0 || sum < out {
			out = sum
		}
	}
	return out
}
