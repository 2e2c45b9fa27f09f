package nodes

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

type endKey struct {
	tunnel fabric.TunnelID
	end    int
}

// end is one end of a tunnel while it is made.
type end struct {
	node     *node
	device   string
	underlay string
	outside  netip.Addr
	session  *nodeconf.Session // nil where no BGP runs over it
}

// endNode is the node that plays an end of a tunnel.
func (b *builder) endNode(e *fabric.TunnelEnd) *node {
	if n, ok := b.ofPart[GatewayPart{Gateway: e.Gateway, Interface: e.Interface}]; ok {
		return n
	}
	return b.ofGate[e.Gateway]
}

// outside gives every end of a tunnel its address on the internet: that of an
// own device as planned; of a cloud one for each interface of a gateway, and
// in AWS one for each tunnel of a connection.
func (b *builder) outside() {
	known := map[string]netip.Addr{}
	for i := range b.net.Tunnels {
		t := &b.net.Tunnels[i]
		for k := range t.Ends {
			e := &t.Ends[k]
			g := b.index.gateways[e.Gateway]
			x := &end{node: b.endNode(e), underlay: underlayName(t.ID, k)}
			b.ends[endKey{t.ID, k}] = x
			if g == nil || x.node == nil {
				b.refusef("%s: its gateway %q is not in the network", t.ID, e.Gateway)
				continue
			}
			if j := slices.IndexFunc(g.Interfaces, func(f fabric.Interface) bool { return f.Index == e.Interface }); j >= 0 && g.Interfaces[j].PublicIP.IsValid() {
				x.outside = g.Interfaces[j].PublicIP
				continue
			}
			key := fmt.Sprintf("%s#%d", e.Gateway, e.Interface)
			if g.Kind == fabric.VirtualPrivateGateway || g.Kind == fabric.TransitGateway {
				key = string(t.ID)
			}
			if !known[key].IsValid() {
				known[key] = b.publics.address()
			}
			x.outside = known[key]
		}
		if x, y := b.ends[endKey{t.ID, 0}], b.ends[endKey{t.ID, 1}]; x.node != nil && x.node == y.node {
			b.refusef("%s: both ends are in %s, and a tunnel of a node to itself is not played by the lab", t.ID, x.node.name)
		}
	}
}

func underlayName(t fabric.TunnelID, k int) string { return string(t) + ":" + string(rune('a'+k)) }

// tunnels makes both ends of each tunnel, with their sessions.
func (b *builder) tunnels() {
	if len(b.refused) > 0 {
		return
	}
	for i := range b.net.Tunnels {
		t := &b.net.Tunnels[i]
		l := b.index.links[t.Link]
		if l == nil {
			b.refusef("%s: its link %q is not in the network", t.ID, t.Link)
			continue
		}
		for k := range t.Ends {
			b.tunnelEnd(t, l, k)
		}
		b.plan.Paths = append(b.plan.Paths, Path{
			Tunnel: t.ID, Link: t.Link, A: underlayName(t.ID, 0), B: underlayName(t.ID, 1),
			Line: Line{Delay: l.RTT / 2, Rate: t.Rate, Why: l.RTTSource},
		})
		if b.opts.Tunnels == nodeconf.IPsec {
			b.plan.Secrets = append(b.plan.Secrets, Secret{Name: t.PSK, Kind: PreSharedKey})
			continue
		}
		for k := range t.Ends {
			b.plan.Secrets = append(b.plan.Secrets, Secret{Name: keyName(t.ID, k), Kind: KeyPair})
		}
	}
}

// keyName is the name of the private key of an end.
func keyName(t fabric.TunnelID, k int) string {
	return "wireguard-" + strings.NewReplacer("/", "-", ":", "-").Replace(underlayName(t, k))
}

func (b *builder) tunnelEnd(t *fabric.Tunnel, l *fabric.Link, k int) {
	me, peer := b.ends[endKey{t.ID, k}], b.ends[endKey{t.ID, 1 - k}]
	mine, theirs := &t.Ends[k], &t.Ends[1-k]
	me.device = me.node.fresh(fmt.Sprintf("%s-%d", cut(string(b.siteOfGateway(theirs.Gateway)), 11), t.Index))
	out := nodeconf.Tunnel{
		Device: nodeconf.Device{
			Name: me.device, ID: "tunnel " + string(t.ID), MTU: l.MTU, MSS: l.MSS,
			Addrs: []netip.Prefix{netip.PrefixFrom(mine.Inside, t.Inside.Bits())},
		},
		Kind: b.opts.Tunnels, Underlay: me.underlay, Local: me.outside, Remote: peer.outside,
	}
	switch b.opts.Tunnels {
	case nodeconf.IPsec:
		out.Initiate = mine.InitiateIKE
		out.IPsec = b.ipsec(t, l, k, me.outside, peer.outside)
	case nodeconf.WireGuard:
		out.Initiate = mine.InitiateIKE && (k == 0 || !theirs.InitiateIKE)
		out.WireGuard = &nodeconf.WireGuardConfig{
			PrivateKey: keyName(t.ID, k), ListenPort: wireguardPort, Endpoint: netip.AddrPortFrom(peer.outside, wireguardPort),
		}
		if out.Initiate {
			out.WireGuard.Keepalive = wireguardKeepalive
		}
	default:
		b.refusef("tunnels of kind %q are not known", b.opts.Tunnels)
	}
	me.node.tunnels = append(me.node.tunnels, out)
	b.plan.Underlays = append(b.plan.Underlays, Underlay{Name: me.underlay, Node: me.node.name, Tunnel: t.ID, Addr: me.outside, Peer: peer.outside})
	b.session(t, k)
	me.node.probe(t, k, me.device)
}

// probe measures a tunnel from one end, and answers the other.
func (n *node) probe(t *fabric.Tunnel, k int, device string) {
	mine, theirs := t.Ends[k].Inside, t.Ends[1-k].Inside
	n.probes = append(n.probes, nodeconf.Probe{
		ID: "tunnel " + string(t.ID), Kind: nodeconf.STAMP, Device: device, Local: mine, Target: netip.AddrPortFrom(theirs, stampPort),
		Interval: probeInterval, Timeout: probeInterval, PathMTU: true,
	})
	n.reflect = append(n.reflect, netip.AddrPortFrom(mine, stampPort))
}

// STAMP's port (RFC 8762 section 4.1), and how often a tunnel is measured.
const (
	stampPort     = 862
	probeInterval = nodeconf.Millis(1_000)
)

// WireGuard's port and keepalive: the usual ones (wg(8)), and shorter than any
// state of a firewall on the way lives.
const (
	wireguardPort      = 51820
	wireguardKeepalive = 10 // seconds
)

func (b *builder) siteOfGateway(id fabric.GatewayID) fabric.SiteID {
	if g := b.index.gateways[id]; g != nil {
		return g.Site
	}
	return ""
}

// ipsec spells the plan's suite and times in strongSwan's words.
func (b *builder) ipsec(t *fabric.Tunnel, l *fabric.Link, k int, local, remote netip.Addr) *nodeconf.IPsecConfig {
	ike, esp, err := proposals(l.Suite)
	if err != nil {
		b.refusef("%s: %w", t.ID, err)
	}
	e := &t.Ends[k]
	scale := max(b.opts.Lifetime, 1)
	return &nodeconf.IPsecConfig{
		LocalID: local.String(), RemoteID: remote.String(), PSK: t.PSK,
		IKE: []string{ike}, ESP: []string{esp},
		IKELifetime: max(e.Phase1/scale, 1), ESPLifetime: max(e.Phase2/scale, 1), DPD: e.DPD,
	}
}

// groupNames are strongSwan's keywords for Diffie-Hellman groups by their IANA
// numbers (strongSwan documentation, "IKEv2 cipher suites").
var groupNames = map[vocab.DHGroup]string{
	2: "modp1024", 5: "modp1536", 14: "modp2048", 15: "modp3072", 16: "modp4096", 17: "modp6144", 18: "modp8192",
	19: "ecp256", 20: "ecp384", 21: "ecp521", 22: "modp1024s160", 23: "modp2048s224", 24: "modp2048s256", 31: "curve25519",
}

var cipherNames = map[vocab.Encryption]string{
	vocab.AES128CBC: "aes128", vocab.AES256CBC: "aes256", vocab.AES128GCM: "aes128gcm16", vocab.AES256GCM: "aes256gcm16",
}

// proposals spells a suite in strongSwan's keywords.
func proposals(s vocab.Suite) (ike, esp string, err error) {
	group, ok1 := groupNames[s.IKEGroup]
	c1, ok2 := cipherNames[s.IKEEncryption]
	c2, ok3 := cipherNames[s.ESPEncryption]
	if !ok1 || !ok2 || !ok3 {
		return "", "", fmt.Errorf("strongSwan has no words for the suite %s", s)
	}
	ike = c1
	if s.IKEIntegrity != vocab.NoHash {
		ike += "-" + s.IKEIntegrity.String()
	}
	if s.PRF != vocab.NoHash {
		ike += "-prf" + s.PRF.String()
	}
	ike += "-" + group
	esp = c2
	if s.ESPIntegrity != vocab.NoHash {
		esp += "-" + s.ESPIntegrity.String()
	}
	if s.PFSGroup != 0 {
		pfs, ok := groupNames[s.PFSGroup]
		if !ok {
			return "", "", fmt.Errorf("strongSwan has no words for the suite %s", s)
		}
		esp += "-" + pfs
	}
	return ike, esp, nil
}
