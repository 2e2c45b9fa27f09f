package node

import (
	"context"
	"slices"

	"github.com/tieline/tieline/internal/node/ipsec"
	"github.com/tieline/tieline/internal/node/wireguard"
	"github.com/tieline/tieline/internal/nodeconf"
)

// assemble adds the parts that touch the machine, in the order in which they
// are set: tunnels before the sessions over them.
func (n *Node) assemble() {
	wg := wireguard.New(wireguard.Options{Secrets: n.secret, Log: n.log})
	ip := ipsec.New(ipsec.Options{Secrets: n.secret, Log: n.log, StateDir: n.opts.StateDir, Remade: n.remade})
	n.tunnels = []tunnels{wg, ip}
	network, sessions := n.parts[:1], n.parts[1:]
	n.parts = nil
	n.parts = append(n.parts, network...)
	n.parts = append(n.parts, part{"wireguard", tunnelsOf(wg, nodeconf.WireGuard)}, part{"ipsec", tunnelsOf(ip, nodeconf.IPsec)})
	n.parts = append(n.parts, sessions...)
}

// tunnelsOf sets the tunnels of one kind.
func tunnelsOf(t tunnels, kind nodeconf.TunnelKind) func(context.Context, *nodeconf.Config) error {
	return func(ctx context.Context, c *nodeconf.Config) error {
		want := slices.DeleteFunc(slices.Clone(c.Tunnels), func(t nodeconf.Tunnel) bool { return t.Kind != kind })
		return t.Set(ctx, want)
	}
}

// remade has the network looked at again: the device of a tunnel is another
// one than before.
func (n *Node) remade(device string) {
	n.log.Info("device made anew", "device", device)
	select {
	case n.look <- struct{}{}:
	default:
	}
}

// more adds to a status what the parts count.
func (n *Node) more(*nodeconf.Status) {}
