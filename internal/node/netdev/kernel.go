package netdev

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/node/netns"
)

// answer bounds the wait for the kernel's answer to one request.
const answer = 5 * time.Second

// Netlink is the kernel of a network namespace. It is not safe for concurrent
// use, but for Watch.
type Netlink struct {
	handle *netlink.Handle
	ns     string // path; empty for that of the process

	index  map[string]int // of devices
	usable map[string]bool
	tables map[int]map[netip.Prefix][]string
}

// New opens the network namespace at a path; the empty path is that of the
// process.
func New(ns string) (*Netlink, error) {
	n := &Netlink{ns: ns, tables: map[int]map[netip.Prefix][]string{}}
	err := netns.Do(ns, func() error {
		h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
		if err != nil {
			return fmt.Errorf("netlink: %w", err)
		}
		n.handle = h
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := n.handle.SetSocketTimeout(answer); err != nil {
		n.handle.Close()
		return nil, fmt.Errorf("netlink: %w", err)
	}
	return n, nil
}

// Close ends the connection to the kernel; what was made stays.
func (n *Netlink) Close() { n.handle.Close() }

// Read implements [Kernel].
func (n *Netlink) Read(sysctls []string) (Snapshot, error) {
	var s Snapshot
	var err error
	if s.Links, err = n.readLinks(); err != nil {
		return s, err
	}
	if s.Rules, err = n.readRules(); err != nil {
		return s, err
	}
	if err = n.readRoutes(); err != nil {
		return s, err
	}
	for _, id := range slices.Sorted(maps.Keys(n.tables)) {
		if t := tableOf(id, n.tables[id]); len(t.Routes) > 0 {
			s.Tables = append(s.Tables, t)
		}
	}
	s.Sysctls = map[string]string{}
	return s, netns.Do(n.ns, func() error {
		for _, key := range sysctls {
			value, err := os.ReadFile(sysctlPath(key))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return fmt.Errorf("sysctl %s: %w", key, err)
			}
			s.Sysctls[key] = strings.TrimSpace(string(value))
		}
		return nil
	})
}

// Known implements [Kernel].
func (n *Netlink) Known(table int) (routes map[netip.Prefix][]string, usable map[string]bool) {
	return n.tables[table], n.usable
}

func (n *Netlink) readLinks() ([]Link, error) {
	list, err := again(n.handle.LinkList)
	if err != nil {
		return nil, fmt.Errorf("links: %w", err)
	}
	addrs, err := again(func() ([]netlink.Addr, error) { return n.handle.AddrList(nil, unix.AF_INET) })
	if err != nil {
		return nil, fmt.Errorf("addresses: %w", err)
	}
	n.index, n.usable = map[string]int{}, map[string]bool{}
	names := map[int]string{}
	for _, l := range list {
		names[l.Attrs().Index] = l.Attrs().Name
	}
	of := map[int][]netip.Prefix{}
	for i := range addrs {
		if p, ok := prefixOf(addrs[i].IPNet); ok && !p.Addr().IsLoopback() {
			of[addrs[i].LinkIndex] = append(of[addrs[i].LinkIndex], p)
		}
	}
	out := make([]Link, 0, len(list))
	for _, l := range list {
		a := l.Attrs()
		n.index[a.Name] = a.Index
		n.usable[a.Name] = a.Flags&net.FlagUp != 0
		link := Link{
			Name: a.Name, MTU: a.MTU, Up: a.Flags&net.FlagUp != 0, NoARP: a.RawFlags&unix.IFF_NOARP != 0,
			Mark: Mark(a.Alias), Addrs: of[a.Index],
		}
		if link.Mark != Made && link.Mark != Addressed {
			link.Mark = Foreign
		}
		if l.Type() == "veth" && a.NetNsID == -1 {
			link.Peer = names[a.ParentIndex]
		}
		slices.SortFunc(link.Addrs, netip.Prefix.Compare)
		out = append(out, link)
	}
	slices.SortFunc(out, func(a, b Link) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func (n *Netlink) readRules() ([]KernelRule, error) {
	list, err := again(func() ([]netlink.Rule, error) { return n.handle.RuleList(unix.AF_INET) })
	if err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	var out []KernelRule
	for i := range list {
		if list[i].Protocol == Protocol {
			out = append(out, KernelRule{Priority: list[i].Priority, Device: list[i].IifName, Table: max(list[i].Table, 0)})
		}
	}
	slices.SortFunc(out, compareRules)
	return out, nil
}

// readRoutes reads the routes of tieline of all tables, without the hops that
// the kernel counts as dead.
func (n *Netlink) readRoutes() error {
	filter := &netlink.Route{Table: unix.RT_TABLE_UNSPEC, Protocol: Protocol}
	list, err := again(func() ([]netlink.Route, error) {
		return n.handle.RouteListFiltered(unix.AF_INET, filter, netlink.RT_FILTER_TABLE|netlink.RT_FILTER_PROTOCOL)
	})
	if err != nil {
		return fmt.Errorf("routes: %w", err)
	}
	names := map[int]string{}
	for name, i := range n.index {
		names[i] = name
	}
	n.tables = map[int]map[netip.Prefix][]string{}
	for i := range list {
		r := &list[i]
		prefix := netip.PrefixFrom(netip.IPv4Unspecified(), 0)
		if p, ok := prefixOf(r.Dst); ok {
			prefix = p
		}
		var devices []string
		switch {
		case len(r.MultiPath) > 0:
			for _, hop := range r.MultiPath {
				if hop.Flags&unix.RTNH_F_DEAD == 0 {
					devices = append(devices, names[hop.LinkIndex])
				}
			}
		case r.LinkIndex != 0:
			devices = []string{names[r.LinkIndex]}
		}
		slices.Sort(devices)
		if n.tables[r.Table] == nil {
			n.tables[r.Table] = map[netip.Prefix][]string{}
		}
		n.tables[r.Table][prefix] = devices
	}
	return nil
}

// again repeats a dump that a change broke into.
func again[T any](read func() ([]T, error)) ([]T, error) {
	for range 10 {
		list, err := read()
		if !errors.Is(err, netlink.ErrDumpInterrupted) {
			return list, err
		}
	}
	return read()
}

// Apply implements [Kernel].
func (n *Netlink) Apply(op Op) error {
	switch op.Kind {
	case AddPair:
		return n.addPair(op.Device, op.Peer)
	case AddRule, DeleteRule:
		return n.applyRule(op)
	case SetRoute, DeleteRoute:
		return n.applyRoute(op)
	case SetSysctl:
		return netns.Do(n.ns, func() error {
			return os.WriteFile(sysctlPath(op.Key), []byte(op.Value), 0o644)
		})
	case DeleteLink, SetMTU, SetNoARP, SetUp, SetMark, AddAddress, DeleteAddress:
		return n.applyLink(op)
	}
	return fmt.Errorf("unknown kind of change %d", op.Kind)
}

func (n *Netlink) applyLink(op Op) error {
	link, err := n.handle.LinkByName(op.Device)
	if err != nil {
		return err
	}
	switch op.Kind {
	case DeleteLink:
		return n.handle.LinkDel(link)
	case SetMTU:
		return n.handle.LinkSetMTU(link, op.Number)
	case SetNoARP:
		return n.handle.LinkSetARPOff(link)
	case SetUp:
		if err := n.handle.LinkSetUp(link); err != nil {
			return err
		}
		n.index[op.Device], n.usable[op.Device] = link.Attrs().Index, true
	case SetMark:
		return n.handle.LinkSetAlias(link, op.Value)
	case AddAddress:
		return n.handle.AddrAdd(link, &netlink.Addr{IPNet: ipNet(op.Prefix)})
	case DeleteAddress:
		return n.handle.AddrDel(link, &netlink.Addr{IPNet: ipNet(op.Prefix)})
	case AddPair, AddRule, DeleteRule, SetRoute, DeleteRoute, SetSysctl:
	}
	return nil
}

// addPair makes a veth pair whose ends have the same MAC address: without ARP
// an end sends to its own address, and the other takes it as its own.
func (n *Netlink) addPair(a, b string) error {
	h := fnv.New32a()
	h.Write([]byte(min(a, b)))
	mac := h.Sum(net.HardwareAddr{0x02, 0x74})
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.HardwareAddr = a, mac
	if err := n.handle.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: b, PeerHardwareAddr: mac}); err != nil {
		return err
	}
	for _, name := range []string{a, b} {
		link, err := n.handle.LinkByName(name)
		if err != nil {
			return err
		}
		if err := n.handle.LinkSetAlias(link, string(Made)); err != nil {
			return err
		}
		if err := n.handle.LinkSetARPOff(link); err != nil {
			return err
		}
	}
	return nil
}

func (n *Netlink) applyRule(op Op) error {
	r := netlink.NewRule()
	r.Family, r.Protocol = unix.AF_INET, Protocol
	r.Priority, r.IifName, r.Table = op.Rule.Priority, op.Rule.Device, op.Rule.Table
	if r.Table == 0 {
		r.Type = unix.RTN_UNREACHABLE
	}
	if op.Kind == AddRule {
		err := n.handle.RuleAdd(r)
		if errors.Is(err, unix.EEXIST) {
			return nil
		}
		return err
	}
	return n.handle.RuleDel(r)
}

func (n *Netlink) applyRoute(op Op) error {
	r := &netlink.Route{Table: op.Table, Protocol: Protocol, Dst: ipNet(op.Prefix), Family: unix.AF_INET}
	if op.Kind == DeleteRoute {
		r.Scope = netlink.SCOPE_NOWHERE // whatever scope it has
		err := n.handle.RouteDel(r)
		if err != nil && !errors.Is(err, unix.ESRCH) { // gone with its device
			return err
		}
		delete(n.tables[op.Table], op.Prefix)
		return nil
	}
	r.Scope = netlink.SCOPE_LINK
	switch len(op.Devices) {
	case 0:
		r.Type, r.Scope = unix.RTN_BLACKHOLE, netlink.SCOPE_UNIVERSE
	case 1:
		r.LinkIndex = n.index[op.Devices[0]]
	default:
		for _, d := range op.Devices {
			r.MultiPath = append(r.MultiPath, &netlink.NexthopInfo{LinkIndex: n.index[d]})
		}
	}
	if err := n.handle.RouteReplace(r); err != nil {
		return err
	}
	if n.tables[op.Table] == nil {
		n.tables[op.Table] = map[netip.Prefix][]string{}
	}
	n.tables[op.Table][op.Prefix] = op.Devices
	return nil
}

// Watch tells of devices that appear, go, and are set up or down, until ctx is
// done; the channel then closes. Several changes may be told at once, so the
// value says nothing but that there was one.
func (n *Netlink) Watch(ctx context.Context) (<-chan struct{}, error) {
	out := make(chan struct{}, 1)
	tell := func() {
		select {
		case out <- struct{}{}:
		default:
		}
	}
	updates, end, err := n.subscribe(ctx)
	if err != nil {
		return nil, err
	}
	go func() {
		defer close(out)
		for {
			for range updates {
				tell()
			}
			end() // its socket is closed by that alone
			// The kernel drops a subscription that cannot follow.
			select {
			case <-ctx.Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
			if next, stop, err := n.subscribe(ctx); err == nil {
				updates, end = next, stop
				tell()
			}
		}
	}()
	return out, nil
}

// subscribe gives the changes of links until ctx is done or end is called.
func (n *Netlink) subscribe(ctx context.Context) (changes <-chan netlink.LinkUpdate, end context.CancelFunc, err error) {
	updates := make(chan netlink.LinkUpdate, 64)
	ctx, end = context.WithCancel(ctx)
	err = netns.Do(n.ns, func() error { return netlink.LinkSubscribe(updates, ctx.Done()) })
	if err != nil {
		end()
		return nil, nil, fmt.Errorf("watch devices: %w", err)
	}
	return updates, end, nil
}

func sysctlPath(key string) string { return filepath.Join("/proc/sys", key) }

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}

func prefixOf(n *net.IPNet) (netip.Prefix, bool) {
	if n == nil {
		return netip.Prefix{}, false
	}
	addr, ok := netip.AddrFromSlice(n.IP)
	bits, _ := n.Mask.Size()
	return netip.PrefixFrom(addr.Unmap(), bits), ok
}

// Received is how many packets each device has taken in since it was made.
func (n *Netlink) Received() (map[string]uint64, error) {
	list, err := again(n.handle.LinkList)
	if err != nil {
		return nil, fmt.Errorf("links: %w", err)
	}
	out := map[string]uint64{}
	for _, l := range list {
		if s := l.Attrs().Statistics; s != nil {
			out[l.Attrs().Name] = s.RxPackets
		}
	}
	return out, nil
}
