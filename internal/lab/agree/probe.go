package agree

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/nodes"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// Probe is one packet to send: who opens what of whom.
type Probe struct {
	From, To *nodes.Machine
	Target   netip.Addr // that the packet is sent to: To's address, or the public one from the internet
	Service  vocab.Service
}

// String gives "a to b tcp/443".
func (p *Probe) String() string {
	return fmt.Sprintf("%s to %s %s", p.From.Name, p.To.Name, p.Service)
}

// Services lists what is tried between any two machines: the first and last
// port of each range that a rule of the policy names, by TCP and by UDP, one
// port that none names, and ICMP echo. Others lists protocols that policy names
// and no try can speak.
func Services(n *fabric.Network) (tried, others []vocab.Service) {
	var ports []uint16
	for i := range n.Policy {
		for _, s := range n.Policy[i].Services {
			switch s.Proto {
			case vocab.TCP, vocab.UDP:
				if !s.Ports.IsAny() {
					ports = append(ports, s.Ports.First, s.Ports.Last)
				}
			case vocab.GRE, vocab.ESP, vocab.SCTP, vocab.ICMPv6:
				others = append(others, s)
			case vocab.AnyProto, vocab.ICMP:
			}
		}
	}
	ports = append(ports, unnamed(n))
	slices.Sort(ports)
	for _, p := range slices.Compact(ports) {
		for _, proto := range []vocab.Proto{vocab.TCP, vocab.UDP} {
			tried = append(tried, vocab.Service{Proto: proto, Ports: vocab.PortRange{First: p, Last: p}})
		}
	}
	tried = append(tried, vocab.Service{Proto: vocab.ICMP})
	slices.SortFunc(tried, vocab.Service.Compare)
	slices.SortFunc(others, vocab.Service.Compare)
	return tried, slices.Compact(others)
}

// firstUnnamed is where the search for a port that no rule names begins: that
// of discard (RFC 863), which nobody uses.
const firstUnnamed = 9

// unnamed is the first port that no rule names by TCP or UDP, those for every
// port aside.
func unnamed(n *fabric.Network) uint16 {
	port := uint16(firstUnnamed)
	for i := 0; i < len(n.Policy); i++ {
		if slices.ContainsFunc(n.Policy[i].Services, func(s vocab.Service) bool {
			return s.Proto.HasPorts() && !s.Ports.IsAny() && s.Ports.First <= port && port <= s.Ports.Last
		}) {
			port, i = port+1, -1
		}
	}
	return port
}

// Probes lists what is tried between every ordered pair of machines.
func Probes(machines []nodes.Machine, services []vocab.Service) []Probe {
	var out []Probe
	for i := range machines {
		for k := range machines {
			if i == k {
				continue
			}
			p := Probe{From: &machines[i], To: &machines[k], Target: machines[k].Addr}
			if isInternet(p.From) && p.To.Public.IsValid() {
				p.Target = p.To.Public
			}
			for _, s := range services {
				p.Service = s
				out = append(out, p)
			}
		}
	}
	return out
}

// isInternet reports whether a machine is that of the internet: of no subnet
// and no site.
func isInternet(m *nodes.Machine) bool { return m.Subnet == "" && m.Site == "" }

// Expected is what the proof says of a probe.
type Expected struct {
	Verdict verify.Verdict
	Witness *verify.Witness // of the verdict; may be nil
	Why     string          // that it cannot be compared; empty when it can
}

// Expect asks the proof about the two addresses.
func Expect(p *verify.Proof, q *Probe) Expected {
	from, to := end(p, q.From), end(p, q.To)
	a := p.Flow(from, to, q.Service)
	out := Expected{Verdict: a.Verdict, Witness: a.Yes}
	switch a.Verdict {
	case verify.Reachable:
	case verify.Blocked:
		out.Witness = a.No
	case verify.Partly:
		out.Witness, out.Why = a.No, "the proof says that only some such packets get through"
	case verify.Undecided:
		out.Witness, out.Why = a.No, "the proof cannot decide"
		if len(a.Unread) > 0 {
			out.Why += ": " + a.Unread[0]
		}
	}
	return out
}

// end is a machine as an end of policy: its address.
func end(p *verify.Proof, m *nodes.Machine) fabric.PolicyEnd {
	e := fabric.PolicyEnd{Ref: m.Name, Prefixes: []netip.Prefix{netip.PrefixFrom(m.Addr, m.Addr.BitLen())}}
	if !isInternet(m) {
		return e
	}
	// The address is exact where it is one of the internet, or of a range that
	// policy names; else the internet as a whole answers.
	for i := range p.Places() {
		if k := p.KindOf(i); (k == verify.InternetPlace || k == verify.ForeignPlace) && p.Places()[i].Addrs.Contains(m.Addr) {
			return e
		}
	}
	return fabric.PolicyEnd{Ref: m.Name, Internet: true}
}

// Hops tells what the proof says that a packet meets, one line a step.
func Hops(w *verify.Witness) []string {
	if w == nil {
		return nil
	}
	var out []string
	tell := func(way string, walk *verify.Walk) {
		for _, s := range walk.Steps {
			line := way + s.Object + ": " + s.What
			if s.Rule != "" {
				line += " (" + s.Rule + ")"
			}
			if at := s.Origin.Pos; at.File != "" {
				line += " <- " + at.String()
			}
			out = append(out, line)
		}
	}
	tell("there: ", &w.Forward)
	if w.Return != nil {
		tell("back: ", w.Return)
	}
	return out
}

// Outcome is what came of a packet.
type Outcome struct {
	Passed bool   // it got there, and its reply back
	By     string // who answered: the machine's name or address; empty when refused
	Text   string // for people: answered by x after 3 ms; silent
}

// Agrees reports whether an outcome is what the proof says of a probe that can
// be compared. An answer of another machine is none.
func (e *Expected) Agrees(q *Probe, o Outcome) bool {
	reached := o.Passed && (o.By == "" || o.By == q.To.Name || o.By == q.Target.String())
	switch e.Verdict {
	case verify.Reachable:
		return reached
	case verify.Blocked:
		return !o.Passed
	case verify.Partly, verify.Undecided:
	}
	return false
}

// Unexpected reports whether an outcome may be a lost packet, and is to be
// tried again before it counts: a silence where the proof expects an answer.
func (e *Expected) Unexpected(o Outcome) bool { return e.Verdict == verify.Reachable && !o.Passed }
