package nodes

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

// Print writes the plan as text, one line a thing, in its order: what is
// offered to people and compared in tests.
func (p *Plan) Print(w io.Writer) error {
	b := bufio.NewWriter(w)
	processes, memory := p.Estimate()
	fmt.Fprintf(b, "network %s: %d nodes, %d machines, %d processes, %s\n", p.Network, len(p.Nodes), len(p.Machines), processes, memory)
	for i := range p.Nodes {
		printNode(b, &p.Nodes[i])
	}
	for i := range p.Machines {
		printMachine(b, &p.Machines[i])
	}
	for _, c := range p.Cords {
		fmt.Fprintf(b, "cord %s to %s mtu %d\n", c.A, c.B, c.MTU)
	}
	for _, c := range p.Wires {
		fmt.Fprintf(b, "wire %s: %s to %s mtu %d, %s\n", c.ID, c.A, c.B, c.MTU, c.Line)
	}
	for _, u := range p.Underlays {
		fmt.Fprintf(b, "underlay %s of %s: %s to %s\n", u.Name, u.Node, u.Addr, u.Peer)
	}
	for _, x := range p.Paths {
		fmt.Fprintf(b, "path %s of %s: %s to %s, %s\n", x.Tunnel, x.Link, x.A, x.B, x.Line)
	}
	for _, s := range p.Secrets {
		fmt.Fprintf(b, "secret %s: %s\n", s.Name, s.Kind)
	}
	return b.Flush()
}

// String gives node:device.
func (e End) String() string { return e.Owner + ":" + e.Device }

// String gives the delay with its source, and what else there is.
func (l Line) String() string {
	out := fmt.Sprintf("%g ms (%s)", l.Delay, l.Why)
	if l.Rate > 0 {
		out += " at " + l.Rate.String()
	}
	if l.Loss > 0 {
		out += fmt.Sprintf(" loss %g", l.Loss)
	}
	return out
}

// String gives the kind's name.
func (k SecretKind) String() string {
	switch k {
	case PreSharedKey:
		return "pre-shared key"
	case KeyPair:
		return "key pair"
	}
	return "secret?"
}

func printNode(b *bufio.Writer, n *Node) {
	fmt.Fprintf(b, "node %s at %s", n.Name, joined(n.Sites))
	for _, g := range n.Gateways {
		fmt.Fprintf(b, ", %s", g.Gateway)
		if g.Interface >= 0 {
			fmt.Fprintf(b, "#%d", g.Interface)
		}
	}
	fmt.Fprintln(b)
	c := &n.Config
	for i := range c.Devices {
		d := &c.Devices[i]
		fmt.Fprintf(b, "  device %s mtu %d: %s", d.Name, d.MTU, d.ID)
		if d.Pair != "" {
			fmt.Fprintf(b, ", pair %s", d.Pair)
		}
		fmt.Fprintf(b, "%s\n", spaced(" address", d.Addrs))
	}
	for i := range c.Tunnels {
		printTunnel(b, &c.Tunnels[i])
	}
	byNumber := map[int]string{}
	for i := range c.Tables {
		printTable(b, &c.Tables[i])
		byNumber[c.Tables[i].ID] = c.Tables[i].Name
	}
	for _, r := range c.Rules {
		fmt.Fprintf(b, "  from %s by %s\n", r.Device, byNumber[r.Table])
	}
	for i := range c.Sessions {
		printSession(b, &c.Sessions[i])
	}
	for _, x := range c.NATs {
		arrow := "to"
		if x.Both {
			arrow = "as"
		}
		fmt.Fprintf(b, "  NAT %s out of %s: %s %s %s\n", x.ID, x.Device, x.Source, arrow, x.To)
	}
	for i := range c.Probes {
		p := &c.Probes[i]
		fmt.Fprintf(b, "  probe %s by %s on %s: %s to %s each %d ms\n", p.ID, p.Kind, p.Device, p.Local, p.Target, p.Interval)
	}
}

func printTunnel(b *bufio.Writer, t *nodeconf.Tunnel) {
	dials := ""
	if t.Initiate {
		dials = " dials"
	}
	fmt.Fprintf(b, "  %s %s mtu %d mss %d: %s in %s, %s to %s%s%s", t.Kind, t.Name, t.MTU, t.MSS, t.ID, t.Underlay, t.Local, t.Remote, dials, spaced(" address", t.Addrs))
	if x := t.IPsec; x != nil {
		fmt.Fprintf(b, ", ike %s %ds, esp %s %ds, dpd %ds, key %s", joined(x.IKE), x.IKELifetime, joined(x.ESP), x.ESPLifetime, x.DPD, x.PSK)
	}
	if x := t.WireGuard; x != nil {
		fmt.Fprintf(b, ", port %d to %s keepalive %d key %s", x.ListenPort, x.Endpoint, x.Keepalive, x.PrivateKey)
	}
	fmt.Fprintln(b)
}

func printTable(b *bufio.Writer, t *nodeconf.Table) {
	fmt.Fprintf(b, "  table %d %s paths %d%s", t.ID, t.Name, t.Paths, spaced(" by", t.Compare))
	if t.Most > 0 {
		fmt.Fprintf(b, " most %d", t.Most)
	}
	fmt.Fprintln(b)
	for _, r := range t.Routes {
		flags := ""
		if r.Firm {
			flags += " firm"
		}
		if r.Announce {
			flags += " announced"
		}
		via := "discarded"
		if len(r.Via) > 0 {
			via = "over " + joined(r.Via)
		}
		fmt.Fprintf(b, "    %s %s preference %d%s\n", r.Prefix, via, r.Preference, flags)
	}
	for _, l := range t.Learn {
		fmt.Fprintf(b, "    learns preference %d%s", l.Preference, spaced(" from", l.Sessions))
		if l.Table != "" {
			fmt.Fprintf(b, " of %s", l.Table)
		}
		if l.Via != "" {
			fmt.Fprintf(b, " over %s", l.Via)
		}
		if l.Cost > 0 {
			fmt.Fprintf(b, " cost %d", l.Cost)
		}
		fmt.Fprintf(b, "%s\n", spaced(" only", l.Only))
	}
}

func printSession(b *bufio.Writer, s *nodeconf.Session) {
	opens := "opens"
	if s.Passive {
		opens = "waits"
	}
	fmt.Fprintf(b, "  session %s on %s: %s AS %d to %s AS %d %s, keepalive %d hold %d ms", s.ID, s.Device, s.Local, s.ASN, s.Peer, s.PeerASN, opens, s.Keepalive, s.Hold)
	if s.BFD != nil {
		fmt.Fprintf(b, ", BFD %d ms x %d", s.BFD.Interval, s.BFD.Multiplier)
	}
	for _, a := range s.Announce {
		fmt.Fprintf(b, ", announces %s", a.Prefix)
		if a.Cost > 0 {
			fmt.Fprintf(b, " cost %d", a.Cost)
		}
	}
	if s.Export != "" {
		fmt.Fprintf(b, ", exports %s%s", s.Export, spaced(" of", s.ExportOnly))
	}
	if s.MED != nil {
		fmt.Fprintf(b, ", MED %d", *s.MED)
	}
	if s.Prepend > 0 {
		fmt.Fprintf(b, ", prepends %d", s.Prepend)
	}
	fmt.Fprintf(b, "%s%s%s%s", spaced(", communities", s.Communities), spaced(", withholds", s.Withhold), spaced(", inserts", s.Insert), spaced(", refuses", s.Refuse))
	if s.Most > 0 {
		fmt.Fprintf(b, ", most %d, then %s", s.Most, s.Beyond)
	}
	fmt.Fprintln(b)
}

func printMachine(b *bufio.Writer, m *Machine) {
	fmt.Fprintf(b, "machine %s %s mtu %d as %s%s", m.Name, m.Addr, m.MTU, m.Host, spaced("", m.Aliases))
	if m.Public.IsValid() {
		fmt.Fprintf(b, " public %s", m.Public)
	}
	fmt.Fprintf(b, "%s\n", spaced(", open", m.Open))
	for i := range m.Filters {
		printFilter(b, &m.Filters[i])
	}
	for _, t := range m.Tags {
		fmt.Fprintf(b, "  set %s follows %s table %d\n", t.Set, t.Node, t.Table)
	}
}

func printFilter(b *bufio.Writer, f *nodeconf.Filter) {
	fmt.Fprintf(b, "  %s filter %s: ingress %s, egress %s\n", f.Kind, f.ID, f.Ingress, f.Egress)
	for i := range f.Rules {
		r := &f.Rules[i]
		fmt.Fprintf(b, "    %s %s%s%s%s", r.Verdict, r.Direction, spaced("", r.Services), spaced(" peers", r.Peers), spaced(" local", r.Local))
		switch {
		case r.PeerSet != "" && r.NotPeerSet:
			fmt.Fprintf(b, " peers not in %s", r.PeerSet)
		case r.PeerSet != "":
			fmt.Fprintf(b, " peers in %s", r.PeerSet)
		}
		if r.PathMTU {
			fmt.Fprint(b, " path MTU")
		}
		fmt.Fprintf(b, "%s: %s <- %s\n", spaced(" from ports", r.SourcePorts), r.Name, r.Line)
	}
	for _, s := range f.Sets {
		fmt.Fprintf(b, "    set %s%s\n", s.Name, spaced("", s.Prefixes))
	}
}

func joined[T any](list []T) string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = fmt.Sprint(list[i])
	}
	return strings.Join(out, " ")
}

// spaced gives a word and a list, nothing for an empty one.
func spaced[T any](word string, list []T) string {
	if len(list) == 0 {
		return ""
	}
	return word + " " + joined(list)
}

// What a run takes, as measured: a node with its BGP, a charon with userspace
// ESP, an end of a userspace WireGuard tunnel once all its buffers have been
// used, a machine with its servers.
const (
	nodeMiB      = 50
	charonMiB    = 3
	wireguardMiB = 27
	machineMiB   = 1
	mebibyte     = vocab.Volume(1 << 20)
)

// Estimate is what a run needs of the machine: processes, and bytes of memory.
// Of IPsec each tunnel end is a process of its own.
func (p *Plan) Estimate() (processes int, memory vocab.Volume) {
	mib := 0
	for i := range p.Nodes {
		mib += nodeMiB
		processes++
		for k := range p.Nodes[i].Config.Tunnels {
			switch p.Nodes[i].Config.Tunnels[k].Kind {
			case nodeconf.IPsec:
				mib += charonMiB
				processes++
			case nodeconf.WireGuard:
				mib += wireguardMiB
			}
		}
	}
	processes += len(p.Machines)
	mib += len(p.Machines) * machineMiB
	return processes, vocab.Volume(mib) * mebibyte
}

// SetPublicKey puts the public key of a key pair into the configuration of the
// other end of its tunnel.
func (p *Plan) SetPublicKey(secret, public string) {
	peer := peerKey(secret)
	for i := range p.Nodes {
		tunnels := p.Nodes[i].Config.Tunnels
		for k := range tunnels {
			if w := tunnels[k].WireGuard; w != nil && w.PrivateKey == peer {
				w.PublicKey = public
			}
		}
	}
}

// peerKey is the name of the key of a tunnel's other end.
func peerKey(name string) string {
	if base, ok := strings.CutSuffix(name, "-a"); ok {
		return base + "-b"
	}
	return strings.TrimSuffix(name, "-b") + "-a"
}
