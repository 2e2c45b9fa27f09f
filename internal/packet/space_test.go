package packet

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/vocab"
)

func svc(texts ...string) []vocab.Service {
	var out []vocab.Service
	for _, t := range texts {
		s, err := vocab.ParseService(t)
		if err != nil {
			panic(err)
		}
		out = append(out, s)
	}
	return out
}

func randomMatch(r *rand.Rand) Match {
	m := Match{Replies: r.IntN(2) == 0, PathMTU: r.IntN(4) == 0}
	for range r.IntN(3) {
		s := vocab.Service{Proto: []vocab.Proto{vocab.AnyProto, vocab.TCP, vocab.UDP, vocab.ICMP, 89}[r.IntN(5)]}
		if s.Proto.HasPorts() && r.IntN(4) > 0 {
			s.Ports = randomRange(r)
		}
		m.Services = append(m.Services, s)
	}
	if r.IntN(4) == 0 {
		m.SourcePorts = []vocab.PortRange{randomRange(r)}
	}
	return m
}

func randomRange(r *rand.Rand) vocab.PortRange {
	ports := []uint16{1, 22, 80, 443, 1024, 32768, 65535}
	a, b := ports[r.IntN(len(ports))], ports[r.IntN(len(ports))]
	return vocab.PortRange{First: min(a, b), Last: max(a, b)}
}

func randomPacket(r *rand.Rand) Packet {
	ports := []uint16{0, 1, 2, 21, 22, 23, 79, 80, 81, 443, 444, 1023, 1024, 32767, 32768, 65534, 65535}
	p := Packet{Proto: []vocab.Proto{vocab.TCP, vocab.UDP, vocab.SCTP, vocab.ICMP, vocab.GRE, 89, 100}[r.IntN(7)]}
	if p.Proto.HasPorts() {
		p.SrcPort, p.DstPort = ports[r.IntN(len(ports))], ports[r.IntN(len(ports))]
	}
	if p.Proto == vocab.ICMP {
		p.ICMPType = 8
		if r.IntN(2) == 0 {
			p.ICMPType, p.ICMPCode = 3, 4
		}
	}
	return p
}

// TestSpaceAgainstPackets: a rule matches a packet, or its reply, exactly when
// the packet's class is among the rule's.
func TestSpaceAgainstPackets(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var rules []Match
		for range 1 + r.IntN(6) {
			rules = append(rules, randomMatch(r))
		}
		s := NewSpace(rules)
		for range 60 {
			p := randomPacket(r)
			c := s.Of(p)
			if c < 0 {
				t.Fatalf("Of(%v) = %d with rules %v", p, c, rules)
			}
			for _, m := range rules {
				if got, want := s.Forward(m).Has(c), m.Matches(p); got != want {
					t.Fatalf("Forward(%v).Has(%v) = %v, want %v", m, p, got, want)
				}
				if !m.Replies {
					continue
				}
				back := p
				back.SrcPort, back.DstPort = p.DstPort, p.SrcPort
				if got, want := s.Backward(m).Has(c), m.Matches(back); got != want {
					t.Fatalf("Backward(%v).Has(%v) = %v, want %v", m, p, got, want)
				}
			}
		}
	}
}

func TestSampleIsOfItsClass(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var rules []Match
		for range 1 + r.IntN(6) {
			rules = append(rules, randomMatch(r))
		}
		s := NewSpace(rules)
		for c := range s.Classes() {
			p := s.Sample(c, vocab.Service{}, vocab.PortRange{First: 32768, Last: 65535})
			if got := s.Of(p); got != c {
				t.Fatalf("Of(Sample(%d)) = %d for %v with rules %v", c, got, p, rules)
			}
			if s.OneWay(c) != p.IsOneWay() {
				t.Fatalf("OneWay(%d) = %v for %v", c, s.OneWay(c), p)
			}
		}
	}
}

func TestSampleOfAService(t *testing.T) {
	s := NewSpace([]Match{{Services: svc("tcp/443")}})
	want := svc("tcp/8443")[0]
	for _, c := range s.Service(want).Classes() {
		p := s.Sample(c, want, vocab.PortRange{First: 50000, Last: 60000})
		if p.DstPort != 8443 || p.SrcPort != 50000 {
			t.Errorf("Sample(%v) = %v, want port 8443 from 50000", want, p)
		}
	}
}

func TestServices(t *testing.T) {
	rules := []Match{{Services: svc("tcp/443", "tcp/80", "icmp")}, {Services: svc("any")}, {Services: svc("udp/53-100"), Replies: true}, {Services: svc("icmp"), PathMTU: true}}
	s := NewSpace(rules)
	tests := []struct {
		name string
		set  Set
		want []string
	}{
		{"rule's own", s.Forward(rules[0]), []string{"icmp", "tcp/80", "tcp/443"}},
		{"all", s.All(), []string{"any"}},
		{"ports with all source ports", s.Forward(rules[2]), []string{"udp/53-100"}},
		{"all but a class of two ports", s.All().AndNot(s.Service(svc("tcp/443")[0])).And(s.Service(svc("tcp")[0])), []string{"tcp/0-79", "tcp/81-442", "tcp/444-65535"}},
		{"path MTU alone is no service", s.Forward(rules[3]), nil},
		{"none", Set{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, v := range s.Services(tt.set) {
				got = append(got, v.String())
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("Services(%v) (-want +got):\n%s", tt.set.Classes(), diff)
			}
		})
	}
}

func TestSetAlgebra(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	random := func() (Set, map[int]bool) {
		s, m := Set{}, map[int]bool{}
		for range r.IntN(20) {
			c := r.IntN(150)
			s, m[c] = s.With(c), true
		}
		return s, m
	}
	for range 200 {
		a, am := random()
		b, bm := random()
		for c := range 150 {
			for _, tt := range []struct {
				op   string
				got  Set
				want bool
			}{
				{"Or", a.Or(b), am[c] || bm[c]},
				{"And", a.And(b), am[c] && bm[c]},
				{"AndNot", a.AndNot(b), am[c] && !bm[c]},
			} {
				if tt.got.Has(c) != tt.want {
					t.Fatalf("%s(%v, %v).Has(%d) = %v, want %v", tt.op, a.Classes(), b.Classes(), c, tt.got.Has(c), tt.want)
				}
			}
		}
		if got, want := a.Equal(b), slices.Equal(a.Classes(), b.Classes()); got != want {
			t.Fatalf("Equal(%v, %v) = %v, want %v", a.Classes(), b.Classes(), got, want)
		}
	}
}
