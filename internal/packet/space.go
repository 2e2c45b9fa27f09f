package packet

import (
	"encoding/binary"
	"slices"

	"github.com/tieline/tieline/internal/vocab"
)

// Match is what a rule says of a packet's header, addresses aside.
type Match struct {
	Services []vocab.Service // empty for none: such a rule matches nothing
	// SourcePorts narrows it to packets from these ports; empty for all.
	SourcePorts []vocab.PortRange
	// PathMTU narrows ICMP to "fragmentation needed" (type 3 code 4, RFC 1191).
	PathMTU bool
	// Replies: the rule is of a stateless filter and judges replies too, whose
	// ports are swapped.
	Replies bool
}

// matches evaluates m for one header.
func (m *Match) matches(h header) bool {
	if len(m.SourcePorts) > 0 && (!h.proto.HasPorts() || !inRanges(m.SourcePorts, h.src)) {
		return false
	}
	for _, s := range m.Services {
		if s.Proto != vocab.AnyProto && s.Proto != h.proto {
			continue
		}
		if !s.Ports.IsAny() && (!h.proto.HasPorts() || h.dst < s.Ports.First || h.dst > s.Ports.Last) {
			continue
		}
		if m.PathMTU && h.proto == vocab.ICMP && !h.mtu {
			continue
		}
		return true
	}
	return false
}

func inRanges(list []vocab.PortRange, p uint16) bool {
	return slices.ContainsFunc(list, func(r vocab.PortRange) bool { return r.IsAny() || r.First <= p && p <= r.Last })
}

// header is a header as far as rules can tell it from others.
type header struct {
	proto    vocab.Proto
	dst, src uint16 // where the protocol has ports
	mtu      bool   // ICMP type 3 code 4
}

func (h header) swap() header {
	h.dst, h.src = h.src, h.dst
	return h
}

// class is headers that all rules treat alike: the union of its boxes, which
// are of one protocol, in order of ports.
type class struct{ boxes []box }

// box is a rectangle of headers of one protocol.
type box struct {
	proto    vocab.Proto
	dst, src vocab.PortRange // {0, 65535} where the protocol has no ports
	mtu      bool
}

func (b box) header() header {
	return header{proto: b.proto, dst: b.dst.First, src: b.src.First, mtu: b.mtu}
}

const lastPort = 65535

// protocols are those that a rule can name besides unnamed, sorted.
var protocols = []vocab.Proto{vocab.ICMP, vocab.TCP, vocab.UDP, vocab.GRE, vocab.ESP, vocab.ICMPv6, vocab.SCTP}

// unnamed stands for all protocols that no rule names: number 253, for
// experiments (RFC 3692).
const unnamed vocab.Proto = 253

// Space is the headers cut into classes that the rules it was made from treat
// alike. It is immutable and safe for concurrent use.
type Space struct {
	classes []class
}

// NewSpace cuts the headers by what rules say. Classes are in order of
// protocol, destination port and source port of their first headers.
func NewSpace(rules []Match) *Space {
	rules = distinct(rules)
	b := &spaceBuilder{rules: rules, ports: map[vocab.Proto]*cuts{}, index: map[string]int{}}
	named := slices.Clone(protocols)
	for i := range rules {
		for _, s := range rules[i].Services {
			if s.Proto != vocab.AnyProto && s.Proto != unnamed && !slices.Contains(named, s.Proto) {
				named = append(named, s.Proto)
			}
		}
	}
	slices.Sort(named)
	b.cut()
	for _, p := range append(named, unnamed) {
		b.protocol(p)
	}
	return &Space{classes: b.classes}
}

// distinct drops rules that say the same as another.
func distinct(rules []Match) []Match {
	seen := map[string]bool{}
	var out []Match
	for _, m := range rules {
		if k := m.Key(); !seen[k] {
			seen[k] = true
			out = append(out, m)
		}
	}
	return out
}

// Key is the same for rules that say the same in the same words.
func (m *Match) Key() string {
	key := make([]byte, 0, 8+8*(len(m.Services)+len(m.SourcePorts)))
	for _, s := range m.Services {
		key = append(key, 's', byte(s.Proto))
		key = binary.LittleEndian.AppendUint16(key, s.Ports.First)
		key = binary.LittleEndian.AppendUint16(key, s.Ports.Last)
	}
	for _, r := range m.SourcePorts {
		key = append(key, 'p')
		key = binary.LittleEndian.AppendUint16(key, r.First)
		key = binary.LittleEndian.AppendUint16(key, r.Last)
	}
	if m.PathMTU {
		key = append(key, 'm')
	}
	if m.Replies {
		key = append(key, 'r')
	}
	return string(key)
}

// cuts are the first ports of ranges that rules tell apart.
type cuts struct{ dst, src []uint16 }

func (c *cuts) add(list *[]uint16, r vocab.PortRange) {
	if r.IsAny() {
		return
	}
	*list = append(*list, r.First)
	if r.Last < lastPort {
		*list = append(*list, r.Last+1)
	}
}

type spaceBuilder struct {
	rules   []Match
	ports   map[vocab.Proto]*cuts
	classes []class
	index   map[string]int // by which rules match, forward and as a reply
}

// cut collects the cuts of each protocol with ports.
func (b *spaceBuilder) cut() {
	for _, p := range protocols {
		if !p.HasPorts() {
			continue
		}
		c := &cuts{dst: []uint16{0}, src: []uint16{0}}
		for i := range b.rules {
			m := &b.rules[i]
			if !slices.ContainsFunc(m.Services, func(s vocab.Service) bool { return s.Proto == vocab.AnyProto || s.Proto == p }) {
				continue
			}
			for _, s := range m.Services {
				if s.Proto != vocab.AnyProto && s.Proto != p {
					continue
				}
				c.add(&c.dst, s.Ports)
				if m.Replies {
					c.add(&c.src, s.Ports)
				}
			}
			for _, r := range m.SourcePorts {
				c.add(&c.src, r)
				if m.Replies {
					c.add(&c.dst, r)
				}
			}
		}
		for _, l := range []*[]uint16{&c.dst, &c.src} {
			slices.Sort(*l)
			*l = slices.Compact(*l)
		}
		b.ports[p] = c
	}
}

// protocol cuts one protocol into boxes and puts each with those like it.
func (b *spaceBuilder) protocol(p vocab.Proto) {
	whole := vocab.PortRange{First: 0, Last: lastPort}
	switch {
	case p.HasPorts():
		c := b.ports[p]
		for i := range c.dst {
			for k := range c.src {
				b.put(box{proto: p, dst: span(c.dst, i), src: span(c.src, k)})
			}
		}
	case p == vocab.ICMP:
		b.put(box{proto: p, dst: whole, src: whole})
		b.put(box{proto: p, dst: whole, src: whole, mtu: true})
	default:
		b.put(box{proto: p, dst: whole, src: whole})
	}
}

func span(first []uint16, i int) vocab.PortRange {
	if i == len(first)-1 {
		return vocab.PortRange{First: first[i], Last: lastPort}
	}
	return vocab.PortRange{First: first[i], Last: first[i+1] - 1}
}

// put adds a box to the class of its protocol's headers that rules treat the
// same, both ways.
func (b *spaceBuilder) put(x box) {
	h := x.header()
	key := []byte{byte(x.proto), 0}
	if x.mtu {
		key[1] = 1
	}
	key = b.signature(key, h)
	i, ok := b.index[string(key)]
	if !ok {
		i = len(b.classes)
		b.index[string(key)] = i
		b.classes = append(b.classes, class{})
	}
	b.classes[i].boxes = append(b.classes[i].boxes, x)
}

// signature appends which rules match a header, and its reply where they judge
// replies.
func (b *spaceBuilder) signature(key []byte, h header) []byte {
	back := h.swap()
	for i := range b.rules {
		m := &b.rules[i]
		var bits byte
		if m.matches(h) {
			bits |= 1
		}
		if m.Replies && m.matches(back) {
			bits |= 2
		}
		if bits != 0 {
			key = binary.LittleEndian.AppendUint32(key, uint32(i)<<2|uint32(bits))
		}
	}
	return key
}

// Classes returns the number of classes.
func (s *Space) Classes() int { return len(s.classes) }

// OneWay reports whether packets of a class are never answered: ICMP
// "fragmentation needed".
func (s *Space) OneWay(class int) bool { return s.classes[class].boxes[0].mtu }

// Of returns the class of a packet.
func (s *Space) Of(p Packet) int {
	h := headerOf(p)
	if !s.names(h.proto) {
		h = header{proto: unnamed}
	}
	return slices.IndexFunc(s.classes, func(c class) bool {
		return slices.ContainsFunc(c.boxes, func(x box) bool { return x.holds(h) })
	})
}

func headerOf(p Packet) header {
	h := header{proto: p.Proto}
	if p.Proto.HasPorts() {
		h.dst, h.src = p.DstPort, p.SrcPort
	}
	h.mtu = p.Proto == vocab.ICMP && p.ICMPType == unreachable && p.ICMPCode == fragmentation
	return h
}

func (b box) holds(h header) bool {
	if b.proto != h.proto || b.mtu != h.mtu {
		return false
	}
	return !b.proto.HasPorts() || b.dst.First <= h.dst && h.dst <= b.dst.Last && b.src.First <= h.src && h.src <= b.src.Last
}

// ICMP types and codes (RFC 792).
const (
	echo          = 8
	unreachable   = 3
	fragmentation = 4
)

// Matches reports whether a rule matches a packet, addresses aside.
func (m *Match) Matches(p Packet) bool { return m.matches(headerOf(p)) }

// Reply returns the packet that answers one: addresses and ports swapped, an
// echo request answered by an echo reply.
func (p Packet) Reply() Packet {
	p.Src, p.Dst = p.Dst, p.Src
	p.SrcPort, p.DstPort = p.DstPort, p.SrcPort
	if p.Proto == vocab.ICMP && p.ICMPType == echo {
		p.ICMPType = 0
	}
	return p
}

// IsOneWay reports whether a packet is never answered: ICMP "fragmentation
// needed".
func (p Packet) IsOneWay() bool { return headerOf(p).mtu }
