package firewall

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/testkit/netlab"
	"github.com/tieline/tieline/internal/vocab"
)

const patience = 10 * time.Second

var (
	left   = []string{"10.2.0.1", "10.2.1.1", "172.16.0.9", "203.0.113.5", "10.1.0.200"}
	right  = []string{"10.1.0.10", "10.1.1.10", "192.168.5.5"}
	protos = []vocab.Proto{vocab.ICMP, vocab.TCP, vocab.UDP, vocab.GRE, vocab.ESP, vocab.SCTP}
)

// wire is two namespaces with addresses that send each other any packet, by a
// device eth0 of each, and hear what comes through. The filters are at the
// right one or between them.
type wire struct {
	t             *testing.T
	left, right   *netlab.NS
	guard         *netlab.NS // has the filters
	send          [2]int     // raw sockets, of left and right
	hear          [2][]int
	id            uint16
	leftD, rightD string // devices of the guard; empty where it is the right end
}

func newWire(t *testing.T, between bool) *wire {
	l := netlab.New(t)
	w := &wire{t: t, left: l.Namespace("left"), right: l.Namespace("right")}
	if w.guard = w.right; between {
		w.guard = l.Namespace("between")
		w.leftD, w.rightD = "toleft", "toright"
		l.Veth(w.left, "eth0", w.guard, w.leftD)
		l.Veth(w.right, "eth0", w.guard, w.rightD)
		same(w.guard, w.leftD)
		same(w.guard, w.rightD)
		w.guard.Run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.toleft.rp_filter=0", "net.ipv4.conf.toright.rp_filter=0")
		for _, a := range left {
			w.guard.Run("ip", "route", "add", a, "dev", w.leftD)
		}
		for _, a := range right {
			w.guard.Run("ip", "route", "add", a, "dev", w.rightD)
		}
	} else {
		l.Veth(w.left, "eth0", w.right, "eth0")
	}
	for side, ns := range []*netlab.NS{w.left, w.right} {
		ns.Run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.eth0.rp_filter=0", "net.ipv4.icmp_echo_ignore_all=1")
		same(ns, "eth0")
		for _, a := range [][]string{left, right}[side] {
			ns.Address("eth0", netip.PrefixFrom(netip.MustParseAddr(a), 32))
		}
		ns.Run("ip", "route", "add", "default", "dev", "eth0")
		if err := ns.Do(func() (err error) { w.send[side], w.hear[side], err = sockets(); return err }); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		for _, s := range slices.Concat(w.send[:], w.hear[0], w.hear[1]) {
			_ = unix.Close(s)
		}
	})
	return w
}

// same makes a device send to its own address, as its peer's is.
func same(ns *netlab.NS, device string) {
	ns.Run("ip", "link", "set", device, "address", "02:00:00:00:00:01", "arp", "off")
}

func sockets() (send int, hear []int, err error) {
	if send, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_RAW); err != nil {
		return 0, nil, err
	}
	for _, p := range protos {
		s, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_NONBLOCK, int(p))
		if err != nil {
			return 0, nil, err
		}
		hear = append(hear, s)
	}
	return send, hear, nil
}

// sent is a packet on the wire.
type sent struct {
	id       uint16
	fromLeft bool
	Packet   // without direction
	echo     uint16
}

func (s *sent) String() string {
	return fmt.Sprintf("#%d %v %v:%d > %v:%d icmp %d/%d", s.id, s.Proto, s.Source, s.SourcePort, s.Destination, s.Port, s.ICMPType, s.ICMPCode)
}

// reply turns a packet round.
func (s sent) reply() sent {
	s.fromLeft = !s.fromLeft
	s.Source, s.Destination, s.SourcePort, s.Port = s.Destination, s.Source, s.Port, s.SourcePort
	if s.Proto == vocab.ICMP {
		s.ICMPType = layers.ICMPv4TypeEchoReply
	}
	return s
}

func (s *sent) bytes(t *testing.T) []byte {
	ip := &layers.IPv4{Version: 4, TTL: 9, Id: s.id, Protocol: layers.IPProtocol(s.Proto), SrcIP: s.Source.AsSlice(), DstIP: s.Destination.AsSlice()}
	parts := []gopacket.SerializableLayer{ip}
	switch s.Proto {
	case vocab.TCP:
		x := &layers.TCP{SrcPort: layers.TCPPort(s.SourcePort), DstPort: layers.TCPPort(s.Port), SYN: true, Window: 1000}
		_ = x.SetNetworkLayerForChecksum(ip)
		parts = append(parts, x)
	case vocab.UDP:
		x := &layers.UDP{SrcPort: layers.UDPPort(s.SourcePort), DstPort: layers.UDPPort(s.Port)}
		_ = x.SetNetworkLayerForChecksum(ip)
		parts = append(parts, x)
	case vocab.SCTP:
		parts = append(parts, &layers.SCTP{SrcPort: layers.SCTPPort(s.SourcePort), DstPort: layers.SCTPPort(s.Port)})
	case vocab.ICMP:
		parts = append(parts, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(s.ICMPType, s.ICMPCode), Id: s.echo, Seq: 1})
	}
	parts = append(parts, gopacket.Payload("0123456789abcdef0123456789abcdef"))
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, parts...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// through sends packets and reports which arrived. It waits until each has
// arrived or was counted by a rule that drops.
func (w *wire) through(f *Firewall, filters []nodeconf.Filter, packets []sent) map[uint16]bool {
	w.t.Helper()
	before := w.dropped(f, filters, packets)
	byID := map[uint16]*sent{}
	for i := range packets {
		p := &packets[i]
		w.id++
		p.id = w.id
		byID[p.id] = p
		side := 1
		if p.fromLeft {
			side = 0
		}
		err := unix.Sendto(w.send[side], p.bytes(w.t), 0, &unix.SockaddrInet4{Addr: p.Destination.As4()})
		if err != nil && err != unix.EPERM { // what an output filter drops
			w.t.Fatalf("send %v: %v", p, err)
		}
	}
	got := map[uint16]bool{}
	buf := make([]byte, 2048)
	for end := time.Now().Add(patience); ; {
		for side, list := range w.hear {
			for _, s := range list {
				for {
					n, _, err := unix.Recvfrom(s, buf, 0)
					if err != nil {
						break
					}
					h, ok := parsePacket(buf[:n])
					p := byID[uint16(buf[4])<<8|uint16(buf[5])]
					if ok && p != nil && p.fromLeft == (side == 1) && h == p.Packet {
						got[p.id] = true
					}
				}
			}
		}
		dropped := w.dropped(f, filters, packets) - before
		if len(got)+dropped == len(packets) {
			return got
		}
		if time.Now().After(end) {
			var lost []string
			for i := range packets {
				if !got[packets[i].id] {
					lost = append(lost, packets[i].String())
				}
			}
			w.t.Fatalf("of %d packets %d arrived and %d were counted as dropped; these did not arrive:\n%s\n%s", len(packets), len(got), dropped, strings.Join(lost, "\n"), w.guard.Run("nft", "list", "ruleset"))
		}
	}
}

// dropped is how many packets the rules that could see these packets dropped.
func (w *wire) dropped(f *Firewall, filters []nodeconf.Filter, packets []sent) int {
	counts, err := f.Counts()
	if err != nil {
		w.t.Fatal(err)
	}
	n := 0
	for i := range filters {
		x := &filters[i]
		directions := []nodeconf.Direction{}
		for _, p := range packets {
			if d, ok := w.direction(x, p.fromLeft); ok && !slices.Contains(directions, d) {
				directions = append(directions, d)
			}
		}
		for _, c := range counts {
			if c.Filter != x.ID {
				continue
			}
			drops := slices.Contains(directions, nodeconf.Ingress) && c.Rule == "default-ingress" && x.Ingress == nodeconf.Drop ||
				slices.Contains(directions, nodeconf.Egress) && c.Rule == "default-egress" && x.Egress == nodeconf.Drop
			for _, r := range x.Rules {
				drops = drops || r.Name == c.Rule && r.Verdict == nodeconf.Drop && slices.Contains(directions, r.Direction)
			}
			if drops {
				n += int(c.Packets)
			}
		}
	}
	return n
}

// direction is how a filter sees packets from the left or right.
func (w *wire) direction(f *nodeconf.Filter, fromLeft bool) (nodeconf.Direction, bool) {
	in := f.Device == w.leftD && fromLeft || f.Device != "" && f.Device == w.rightD && !fromLeft
	if in {
		return nodeconf.Ingress, true
	}
	return nodeconf.Egress, f.Device == w.leftD || f.Device == w.rightD
}

// want is the verdict of all filters; known is whether the stateful ones have
// let the connection through.
func (w *wire) want(filters []nodeconf.Filter, s sent, known bool) bool {
	for i := range filters {
		p := s.Packet
		p.Direction, _ = w.direction(&filters[i], s.fromLeft)
		if known && filters[i].Kind == nodeconf.Stateful {
			continue
		}
		if Evaluate(&filters[i], p) == nodeconf.Drop {
			return false
		}
	}
	return true
}

func TestEvaluateAgainstKernel(t *testing.T) {
	for _, between := range []bool{false, true} {
		t.Run(map[bool]string{false: "machine", true: "device"}[between], func(t *testing.T) {
			w := newWire(t, between)
			f, err := New(w.guard.FD())
			if err != nil {
				t.Fatal(err)
			}
			rnd := rand.New(rand.NewPCG(7, 11))
			seen := map[bool]int{}
			for round := range 25 {
				filters := randomFilters(rnd, w)
				if err := f.Set(Rules{Filters: filters}); err != nil {
					t.Fatal(err)
				}
				// The ports of a round are its own, and older connections of
				// protocols without ports are forgotten, so that no packet
				// belongs to one.
				for _, fromLeft := range []bool{true, false} {
					if err := w.guard.Do(func() error { return netlink.ConntrackTableFlush(netlink.ConntrackTable) }); err != nil {
						t.Fatal(err)
					}
					packets := make([]sent, 24)
					for i := range packets {
						port := uint16(20000 + round*100 + i)
						if !fromLeft {
							port += 50
						}
						packets[i] = randomPacket(rnd, fromLeft, port)
					}
					got := w.through(f, filters, packets)
					var replies []sent
					for _, p := range packets {
						want := w.want(filters, p, false)
						seen[want]++
						if got[p.id] != want {
							t.Errorf("round %d: %v passes: %v, want %v\n%s", round, &p, got[p.id], want, w.guard.Run("nft", "list", "ruleset"))
						}
						if p.Proto == vocab.UDP || p.Proto == vocab.ICMP && p.ICMPType == layers.ICMPv4TypeEchoRequest {
							replies = append(replies, p.reply())
						}
					}
					passed := make([]bool, len(replies))
					for i, r := range replies {
						forward := r.reply()
						if r.Proto == vocab.ICMP {
							forward.ICMPType = layers.ICMPv4TypeEchoRequest
						}
						passed[i] = w.want(filters, forward, false)
					}
					got = w.through(f, filters, replies)
					for i, r := range replies {
						if want := w.want(filters, r, passed[i]); got[r.id] != want {
							t.Errorf("round %d: reply %v passes: %v, want %v (opened: %v)\n%s", round, &r, got[r.id], want, passed[i], w.guard.Run("nft", "list", "ruleset"))
						}
					}
					if t.Failed() {
						return
					}
				}
			}
			if seen[true] < 100 || seen[false] < 100 {
				t.Errorf("packets that pass and do not: %v, want many of both", seen)
			}
		})
	}
}

func pick[T any](rnd *rand.Rand, list ...T) T { return list[rnd.IntN(len(list))] }

func some[T any](rnd *rand.Rand, most int, list ...T) []T {
	var out []T
	for range rnd.IntN(most + 1) {
		out = append(out, pick(rnd, list...))
	}
	return out
}

func randomPacket(rnd *rand.Rand, fromLeft bool, port uint16) sent {
	from, to := netip.MustParseAddr(pick(rnd, left...)), netip.MustParseAddr(pick(rnd, right...))
	if !fromLeft {
		from, to = to, from
	}
	s := sent{fromLeft: fromLeft, Packet: Packet{Proto: pick(rnd, protos...), Source: from, Destination: to}}
	switch {
	case s.Proto.HasPorts():
		s.SourcePort, s.Port = port, pick[uint16](rnd, 22, 53, 80, 443, 8080, 65535)
	case s.Proto == vocab.ICMP:
		s.echo = port
		s.ICMPType = pick[uint8](rnd, 8, 8, 3, 3)
		if s.ICMPType == 3 {
			s.ICMPCode = pick[uint8](rnd, 1, 4)
		}
	}
	return s
}

func randomFilters(rnd *rand.Rand, w *wire) []nodeconf.Filter {
	p := netip.MustParsePrefix
	prefixes := []netip.Prefix{p("0.0.0.0/0"), p("10.0.0.0/8"), p("10.2.0.0/23"), p("10.2.0.0/24"), p("10.2.1.0/24"), p("10.1.0.0/16"), p("192.168.5.5/32"), p("172.16.0.0/12"), p("203.0.113.0/24"), p("fd00::/8")}
	ports := []vocab.PortRange{{First: 22, Last: 22}, {First: 53, Last: 80}, {First: 443, Last: 8080}, {First: 20000, Last: 65535}, {First: 21000, Last: 22000}, {}}
	verdicts := []nodeconf.Verdict{nodeconf.Accept, nodeconf.Accept, nodeconf.Drop}
	filters := make([]nodeconf.Filter, 1+rnd.IntN(2))
	for i := range filters {
		f := &filters[i]
		*f = nodeconf.Filter{
			ID: fmt.Sprintf("filter/%d", i), Kind: pick(rnd, nodeconf.Stateful, nodeconf.Stateless),
			Device:  pick(rnd, w.leftD, w.rightD),
			Ingress: pick(rnd, verdicts...), Egress: pick(rnd, verdicts...),
			Sets: []nodeconf.PrefixSet{{Name: "a", Prefixes: some(rnd, 3, prefixes...)}, {Name: "b"}},
		}
		for k := range 2 + rnd.IntN(8) {
			r := nodeconf.FilterRule{
				Name: fmt.Sprint(k), Direction: pick(rnd, nodeconf.Ingress, nodeconf.Egress), Verdict: pick(rnd, verdicts...),
				Peers: some(rnd, 3, prefixes...), Local: some(rnd, 1, prefixes...),
				PeerSet: pick(rnd, "", "", "a", "b"), PathMTU: rnd.IntN(10) == 0,
			}
			r.NotPeerSet = r.PeerSet != "" && rnd.IntN(2) == 0
			if rnd.IntN(3) == 0 {
				r.SourcePorts = some(rnd, 2, ports...)
			}
			for range rnd.IntN(4) {
				s := vocab.Service{Proto: pick(rnd, append(protos, vocab.AnyProto, vocab.TCP, vocab.UDP)...)}
				if s.Proto.HasPorts() || s.Proto == vocab.AnyProto && rnd.IntN(2) == 0 {
					s.Ports = pick(rnd, ports...)
				}
				r.Services = append(r.Services, s)
			}
			f.Rules = append(f.Rules, r)
		}
	}
	return filters
}
