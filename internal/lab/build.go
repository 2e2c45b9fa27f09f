package lab

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	"golang.zx2c4.com/wireguard/wgctrl/wgtypes"

	"github.com/tieline/tieline/internal/lab/relay"
	"github.com/tieline/tieline/internal/node/netns"
	"github.com/tieline/tieline/internal/render/nodes"
)

// underlayMTU is the MTU of the emulated internet, bytes (Ethernet's).
const underlayMTU = 1500

// wan is the name of the outside device of a tunnel's end.
const wan = "wan0"

// bringUp makes everything in order: namespaces, what joins them, machines,
// nodes; and waits until routes and policy work.
func (l *Lab) bringUp(ctx context.Context) error {
	var err error
	l.log.stage("plan")
	o := nodes.Options{Tunnels: l.in.Options.Tunnels, Fast: l.in.Options.Fast, Lifetime: l.in.Options.Lifetime}
	if l.plan, err = nodes.Render(l.in.Network, l.in.Atlas, o); err != nil {
		return err
	}
	if l.relay, err = relay.New(l.in.Options.Seed); err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		if err := l.relay.Run(); err != nil {
			l.lose(fmt.Errorf("the emulated internet ended: %w", err))
			cancel(l.lost())
		}
	}()
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"namespaces", l.namespaces}, {"wires", l.wires}, {"machines", l.startMachines}, {"nodes", l.startNodes}, {"routes", l.converge}, {"flows", l.answer},
	} {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		l.log.stage(step.name)
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, errors.Join(l.lost(), err))
		}
		if step.name == "nodes" {
			l.mu.Lock()
			l.running = true
			l.mu.Unlock()
		}
	}
	return nil
}

// each runs do for every item, a few at a time, and reports progress.
func each[T any](l *Lab, items []T, do func(T) error) error {
	const workers = 8
	var (
		group sync.WaitGroup
		mu    sync.Mutex
		errs  []error
		done  int
		next  = make(chan T)
	)
	for range workers {
		group.Go(func() {
			for it := range next {
				err := do(it)
				mu.Lock()
				if done++; err != nil {
					errs = append(errs, err)
				}
				l.log.progress(done, len(items))
				mu.Unlock()
			}
		})
	}
	for _, it := range items {
		next <- it
	}
	close(next)
	group.Wait()
	return errors.Join(errs...)
}

// namespaces makes one for each node, machine and outside of a tunnel's end.
func (l *Lab) namespaces(context.Context) error {
	var names []string
	for i := range l.plan.Nodes {
		names = append(names, nodeSpace(l.plan.Nodes[i].Name))
	}
	for i := range l.plan.Machines {
		names = append(names, l.plan.Machines[i].Name)
	}
	for i := range l.plan.Underlays {
		names = append(names, l.plan.Underlays[i].Name)
	}
	var mu sync.Mutex
	return each(l, names, func(name string) error {
		ns, err := netns.Create(netnsDir, name)
		if err != nil {
			return err
		}
		mu.Lock()
		l.spaces[name] = ns
		mu.Unlock()
		// A host may default to BBR, which hides loss; what a namespace may choose
		// is the host's to say, but Reno always is allowed.
		if err := ns.Sysctl([2]string{"net/ipv4/tcp_congestion_control", "cubic"}); err != nil {
			if err := ns.Sysctl([2]string{"net/ipv4/tcp_congestion_control", "reno"}); err != nil {
				return err
			}
		}
		return ns.Sysctl(
			[2]string{"net/ipv6/conf/all/disable_ipv6", "1"},
			[2]string{"net/ipv4/conf/all/rp_filter", "0"},
			[2]string{"net/ipv4/conf/default/rp_filter", "0"},
			[2]string{"net/ipv4/ping_group_range", "0 0"},
		)
	})
}

// nodeSpace names the namespace of a node, apart from a machine of its name.
func nodeSpace(node string) string { return "node:" + node }

// space gives the namespace of an end's owner, which is a node or a machine.
func (l *Lab) space(owner string) (*netns.NS, error) {
	if ns := l.spaces[nodeSpace(owner)]; ns != nil {
		return ns, nil
	}
	if ns := l.spaces[owner]; ns != nil {
		return ns, nil
	}
	return nil, fmt.Errorf("no namespace of %s", owner)
}

// wires joins the namespaces: cords without delay, wires and outsides by the
// relay.
func (l *Lab) wires(context.Context) error {
	if err := each(l, l.plan.Cords, l.cord); err != nil {
		return err
	}
	if err := each(l, l.plan.Wires, l.wire); err != nil {
		return err
	}
	ports := map[string]relay.Port{}
	var mu sync.Mutex
	err := each(l, l.plan.Underlays, func(u nodes.Underlay) error {
		port, err := l.outside(&u)
		mu.Lock()
		ports[u.Name] = port
		mu.Unlock()
		return err
	})
	if err != nil {
		return err
	}
	for i := range l.plan.Paths {
		p := &l.plan.Paths[i]
		a, b := l.underlay(p.A), l.underlay(p.B)
		line := lineOf(&p.Line)
		err := errors.Join(
			l.relay.SetPath(relay.Path{Name: p.A, From: ports[p.A], To: ports[p.B], Src: a.Addr, Dst: b.Addr, Line: line}),
			l.relay.SetPath(relay.Path{Name: p.B, From: ports[p.B], To: ports[p.A], Src: b.Addr, Dst: a.Addr, Line: line}),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

func (l *Lab) underlay(name string) *nodes.Underlay {
	i := slices.IndexFunc(l.plan.Underlays, func(u nodes.Underlay) bool { return u.Name == name })
	return &l.plan.Underlays[i]
}

func lineOf(n *nodes.Line) relay.Line {
	ms := func(f float64) time.Duration { return time.Duration(f * float64(time.Millisecond)) }
	return relay.Line{Delay: ms(n.Delay), Jitter: ms(n.Jitter), Loss: n.Loss, Rate: int64(n.Rate)}
}

func (l *Lab) cord(c nodes.Cord) error {
	a, err := l.space(c.A.Owner)
	if err != nil {
		return err
	}
	b, err := l.space(c.B.Owner)
	if err != nil {
		return err
	}
	return netns.Veth(a, c.A.Device, b, c.B.Device, c.MTU, true)
}

// wireNames gives the names of a wire's two directions in the relay.
func wireNames(w *nodes.Wire) [2]string { return [2]string{w.ID + ":a", w.ID + ":b"} }

func (l *Lab) wire(w nodes.Wire) error {
	var ports [2]relay.Port
	for i, e := range []nodes.End{w.A, w.B} {
		ns, err := l.space(e.Owner)
		if err != nil {
			return err
		}
		fd, err := ns.TUN(e.Device, w.MTU)
		if err != nil {
			return err
		}
		if ports[i], err = l.relay.AddPort(fd); err != nil {
			return err
		}
	}
	names, line := wireNames(&w), lineOf(&w.Line)
	return errors.Join(
		l.relay.SetPath(relay.Path{Name: names[0], From: ports[0], To: ports[1], Line: line}),
		l.relay.SetPath(relay.Path{Name: names[1], From: ports[1], To: ports[0], Line: line}),
	)
}

// outside makes the outside device of a tunnel's end.
func (l *Lab) outside(u *nodes.Underlay) (relay.Port, error) {
	ns := l.spaces[u.Name]
	fd, err := ns.TUN(wan, underlayMTU)
	if err != nil {
		return 0, err
	}
	err = ns.Do(func() error {
		link, err := netlink.LinkByName(wan)
		if err != nil {
			return err
		}
		if err := address(link, u.Addr); err != nil {
			return err
		}
		return defaultRoute(link, u.Addr)
	})
	if err != nil {
		return 0, fmt.Errorf("%s: %w", u.Name, err)
	}
	return l.relay.AddPort(fd)
}

// address gives a device an address of its own.
func address(link netlink.Link, a netip.Addr) error {
	if err := netlink.AddrAdd(link, &netlink.Addr{IPNet: &net.IPNet{IP: a.AsSlice(), Mask: net.CIDRMask(32, 32)}}); err != nil {
		return fmt.Errorf("address %s: %w", a, err)
	}
	return nil
}

// defaultRoute sends everything out of a device.
func defaultRoute(link netlink.Link, src netip.Addr) error {
	all := &net.IPNet{IP: net.IPv4zero, Mask: net.CIDRMask(0, 32)}
	err := netlink.RouteAdd(&netlink.Route{LinkIndex: link.Attrs().Index, Dst: all, Src: src.AsSlice(), Scope: unix.RT_SCOPE_LINK})
	if err != nil {
		return fmt.Errorf("default route: %w", err)
	}
	return nil
}

// makeSecrets draws what the plan needs, in memory.
func (l *Lab) makeSecrets() error {
	for _, s := range l.plan.Secrets {
		switch s.Kind {
		case nodes.PreSharedKey:
			b := make([]byte, 32)
			rand.Read(b)
			l.secrets[s.Name] = []byte(base64.RawURLEncoding.EncodeToString(b))
		case nodes.KeyPair:
			k, err := wgtypes.GeneratePrivateKey()
			if err != nil {
				return err
			}
			l.secrets[s.Name] = []byte(k.String())
			l.plan.SetPublicKey(s.Name, k.PublicKey().String())
		}
	}
	return nil
}

// startNodes starts every node's process and waits until it answers.
func (l *Lab) startNodes(ctx context.Context) error {
	if err := l.makeSecrets(); err != nil {
		return err
	}
	for i := range l.plan.Nodes {
		n := &l.plan.Nodes[i]
		for j := range n.Config.Tunnels {
			t := &n.Config.Tunnels[j]
			ns := l.spaces[t.Underlay]
			if ns == nil {
				return fmt.Errorf("node %s: tunnel %s: no outside called %q", n.Name, t.ID, t.Underlay)
			}
			t.Underlay = ns.Path
		}
		l.nodes[n.Name] = newProcess(n, l.in.Node, l.spaces[nodeSpace(n.Name)], l.in.Dir.Logs())
	}
	all := make([]*process, 0, len(l.nodes))
	for i := range l.plan.Nodes {
		all = append(all, l.nodes[l.plan.Nodes[i].Name])
	}
	return each(l, all, func(p *process) error {
		if err := p.prepare(l.secrets); err != nil {
			return err
		}
		if err := p.start(); err != nil {
			return err
		}
		ctx, cancel := context.WithTimeout(ctx, startTimeout)
		defer cancel()
		return until(ctx, 20*time.Millisecond, func() error {
			if err := p.failed(); err != nil {
				return permanent{err}
			}
			_, err := p.status(ctx)
			return err
		})
	})
}

// permanent is a failure after which trying again is no use.
type permanent struct{ error }

// until calls try every so often until it succeeds or fails for good; when ctx
// ends first, the last failure is the error, of those that are not the end of
// ctx itself.
func until(ctx context.Context, every time.Duration, try func() error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var last error
	for {
		err := try()
		if _, ok := err.(permanent); ok || err == nil {
			return err
		}
		if last == nil || ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w: %w", ctx.Err(), last)
		case <-tick.C:
		}
	}
}

// writeHosts makes the hosts file that everything in the lab sees.
func (l *Lab) writeHosts() error {
	var b strings.Builder
	b.WriteString("127.0.0.1 localhost\n")
	for i := range l.plan.Machines {
		m := &l.plan.Machines[i]
		fmt.Fprintln(&b, m.Addr, strings.Join(append([]string{m.Host}, m.Aliases...), " "))
	}
	if err := os.WriteFile(hostsFile, []byte(b.String()), 0o644); err != nil {
		return err
	}
	return unix.Mount(hostsFile, "/etc/hosts", "", unix.MS_BIND, "")
}
