package node

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tieline/tieline/internal/node/firewall"
	"github.com/tieline/tieline/internal/node/ipsec"
	"github.com/tieline/tieline/internal/node/probe"
	"github.com/tieline/tieline/internal/node/shape"
	"github.com/tieline/tieline/internal/node/wireguard"
	"github.com/tieline/tieline/internal/nodeconf"
)

// assemble adds the parts that touch the machine, in the order in which they
// are set: filters before there is anything to filter, tunnels before the
// sessions over them.
func (n *Node) assemble() {
	wg := wireguard.New(wireguard.Options{Secrets: n.secret, Log: n.log})
	ip := ipsec.New(ipsec.Options{Secrets: n.secret, Log: n.log, StateDir: n.opts.StateDir, Remade: n.remade})
	n.tunnels = []tunnels{wg, ip}
	network, sessions := n.parts[:1], n.parts[1:]
	n.parts = slices.Concat(
		[]part{{"firewall", n.setFirewall}},
		network,
		[]part{{"wireguard", tunnelsOf(wg, nodeconf.WireGuard)}, {"ipsec", tunnelsOf(ip, nodeconf.IPsec)}},
		sessions,
		[]part{{"shape", n.setShape(shape.New(0))}, {"probes", n.setProbes}},
	)
	n.probes = probe.New(n.log)
	n.close = append(n.close, n.probes.Close)
	n.background = append(n.background, n.logDenied)
}

// setFirewall sets filters, translations and clamps of segment sizes. A node
// that never had any needs no nftables.
func (n *Node) setFirewall(_ context.Context, c *nodeconf.Config) error {
	want := firewall.Rules{Filters: c.Filters, NATs: c.NATs, MSS: map[string]int{}, Untracked: firewall.Untracked(c)}
	clamp := func(d *nodeconf.Device) {
		if d.MSS != 0 {
			want.MSS[d.Name] = d.MSS
		}
	}
	for i := range c.Devices {
		clamp(&c.Devices[i])
	}
	for i := range c.Tunnels {
		clamp(&c.Tunnels[i].Device)
	}
	f, err := n.filter()
	if err != nil {
		if len(want.Filters)+len(want.NATs)+len(want.MSS) == 0 {
			return nil
		}
		return err
	}
	return f.Set(want)
}

// setShape sets the classes of traffic. Where there are none, and the kernel
// cannot take away what an earlier node may have left, there was nothing.
func (n *Node) setShape(s *shape.Shaping) func(context.Context, *nodeconf.Config) error {
	return func(_ context.Context, c *nodeconf.Config) error {
		err := s.Set(c.Classes)
		if err != nil && len(c.Classes) == 0 {
			n.log.Debug("no shaping", "error", err)
			return nil
		}
		return err
	}
}

func (n *Node) setProbes(_ context.Context, c *nodeconf.Config) error {
	return n.probes.Set(c.Probes, c.Reflect)
}

// filter is the firewall, made when it is first needed.
func (n *Node) filter() (*firewall.Firewall, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.firewall != nil {
		return n.firewall, nil
	}
	f, err := firewall.New(0)
	if err != nil {
		return nil, err
	}
	n.firewall = f
	return f, nil
}

// deniedAgain is how long the log of denied packets rests after it failed.
const deniedAgain = 10 * time.Second

// logDenied logs what filters drop, with the rule and its line in the spec.
func (n *Node) logDenied(ctx context.Context) {
	for ctx.Err() == nil {
		f, err := n.filter()
		if err != nil {
			sleep(ctx, deniedAgain)
			continue
		}
		list, err := f.Denied(ctx)
		if err != nil {
			n.log.Debug("packet log", "error", err)
			sleep(ctx, deniedAgain)
			continue
		}
		for d := range list {
			n.log.Info(
				"denied", "filter", d.Filter, "rule", d.Rule.Rule, "direction", string(d.Direction), "line", d.Line,
				"proto", fmt.Sprint(d.Packet.Proto), "source", d.Packet.Source, "destination", d.Packet.Destination, "port", d.Packet.Port,
			)
		}
		sleep(ctx, time.Second) // the kernel ended it
	}
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
func (n *Node) more(st *nodeconf.Status) {
	if n.probes != nil {
		st.Probes = n.probes.States()
	}
	n.mu.Lock()
	f := n.firewall
	n.mu.Unlock()
	if f == nil {
		return
	}
	counts, err := f.Counts()
	if err != nil {
		st.Problems = append(st.Problems, "firewall: "+err.Error())
		return
	}
	st.Rules = counts
}
