package lab

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/vishvananda/netlink"

	"github.com/tieline/tieline/internal/lab/serve"
	"github.com/tieline/tieline/internal/node/firewall"
	"github.com/tieline/tieline/internal/node/netns"
	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/render/nodes"
)

// machine is a workload: a namespace with the subnet's filters and servers.
type machine struct {
	*nodes.Machine
	ns      *netns.NS
	filter  *firewall.Firewall
	servers *serve.Servers

	mu   sync.Mutex
	tags map[string][]netip.Prefix // what the sets that follow tables hold
}

// startMachines addresses every machine, sets its filters and starts its
// servers.
func (l *Lab) startMachines(context.Context) error {
	if err := l.writeHosts(); err != nil {
		return err
	}
	var mu sync.Mutex
	return each(l, l.plan.Machines, func(m nodes.Machine) error {
		x := &machine{Machine: &m, ns: l.spaces[m.Name], tags: map[string][]netip.Prefix{}}
		if err := l.startMachine(x); err != nil {
			return fmt.Errorf("machine %s: %w", m.Name, err)
		}
		mu.Lock()
		l.machines[m.Name] = x
		mu.Unlock()
		return nil
	})
}

// deviceOf gives a machine's device.
func (l *Lab) deviceOf(machine string) string {
	for i := range l.plan.Cords {
		for _, e := range []nodes.End{l.plan.Cords[i].A, l.plan.Cords[i].B} {
			if e.Owner == machine {
				return e.Device
			}
		}
	}
	return ""
}

func (l *Lab) startMachine(m *machine) error {
	err := m.ns.Do(func() error {
		link, err := netlink.LinkByName(l.deviceOf(m.Name))
		if err != nil {
			return err
		}
		return errors.Join(address(link, m.Addr), defaultRoute(link, m.Addr))
	})
	if err != nil {
		return err
	}
	if m.filter, err = firewall.New(m.ns.FD()); err != nil {
		return err
	}
	if err := m.filter.Set(firewall.Rules{Filters: m.Filters}); err != nil {
		return err
	}
	m.servers, err = serve.Start(m.ns.Do, m.Name, m.Open)
	return err
}

// followTags keeps the sets of filters that follow a table in step with it.
func (l *Lab) followTags(states map[string]*nodeconf.Status) error {
	var errs []error
	for _, name := range l.machineNames() {
		m := l.machines[name]
		for _, t := range m.Tags {
			st := states[t.Node]
			if st == nil {
				continue
			}
			errs = append(errs, m.follow(t, st))
		}
	}
	return errors.Join(errs...)
}

func (m *machine) follow(t nodes.Tag, st *nodeconf.Status) error {
	i := slices.IndexFunc(st.Tables, func(x nodeconf.TableState) bool { return x.ID == t.Table })
	if i < 0 {
		return nil
	}
	var now []netip.Prefix
	for _, f := range m.Filters {
		for _, s := range f.Sets {
			if s.Name == t.Set {
				now = append(now, s.Prefixes...)
			}
		}
	}
	for _, r := range st.Tables[i].Routes {
		if r.Learned && len(r.Devices) > 0 {
			now = append(now, r.Prefix)
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if slices.Equal(m.tags[t.Set], now) {
		return nil
	}
	for _, f := range m.Filters {
		if !slices.ContainsFunc(f.Sets, func(s nodeconf.PrefixSet) bool { return s.Name == t.Set }) {
			continue
		}
		if err := m.filter.SetPrefixes(f.ID, t.Set, now); err != nil {
			return fmt.Errorf("machine %s: %w", m.Name, err)
		}
	}
	m.tags[t.Set] = now
	return nil
}

// machineNames gives the names of the machines, sorted.
func (l *Lab) machineNames() []string {
	names := make([]string, 0, len(l.machines))
	for n := range l.machines {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// machineOf finds a machine by its name, host name or one of its aliases.
func (l *Lab) machineOf(ref string) (*machine, error) {
	if m := l.machines[ref]; m != nil {
		return m, nil
	}
	for _, name := range l.machineNames() {
		m := l.machines[name]
		if m.Host == ref || slices.Contains(m.Aliases, ref) || m.Addr.String() == ref {
			return m, nil
		}
	}
	return nil, fmt.Errorf("no machine is called %q; there are %s", ref, strings.Join(l.machineNames(), ", "))
}
