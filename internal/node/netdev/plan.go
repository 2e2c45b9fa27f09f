package netdev

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/nodeconf"
)

// A namespace may set only what the machine allows all of its users.
const (
	congestion        = "net/ipv4/tcp_congestion_control"
	congestionAllowed = "net/ipv4/tcp_allowed_congestion_control"
)

// settings are those of a namespace as a whole. Order counts: to set
// forwarding sets others back.
func settings() []Op {
	return []Op{
		{Kind: SetSysctl, Key: "net/ipv4/ip_forward", Value: "1"},
		{Kind: SetSysctl, Key: "net/ipv4/conf/all/rp_filter", Value: "0"},
		{Kind: SetSysctl, Key: "net/ipv4/conf/default/rp_filter", Value: "0"},
		{Kind: SetSysctl, Key: "net/ipv4/conf/all/send_redirects", Value: "0"},
		{Kind: SetSysctl, Key: "net/ipv4/conf/default/send_redirects", Value: "0"},
		{Kind: SetSysctl, Key: "net/ipv4/conf/all/accept_redirects", Value: "0"},
		{Kind: SetSysctl, Key: "net/ipv4/fib_multipath_hash_policy", Value: "1"}, // by addresses and ports
		{Kind: SetSysctl, Key: congestion, Value: "cubic"},                       // bbr would hide loss
		{Kind: SetSysctl, Key: "net/ipv6/conf/all/disable_ipv6", Value: "1"},
		{Kind: SetSysctl, Key: "net/ipv6/conf/default/disable_ipv6", Value: "1"},
	}
}

// deviceSettings are those of one device. A packet may come in with an address
// of the machine itself as its source where tables are joined by pairs.
func deviceSettings(name string) []Op {
	return []Op{
		{Kind: SetSysctl, Key: "net/ipv4/conf/" + name + "/rp_filter", Value: "0"},
		{Kind: SetSysctl, Key: "net/ipv4/conf/" + name + "/accept_local", Value: "1"},
		{Kind: SetSysctl, Key: "net/ipv4/conf/" + name + "/send_redirects", Value: "0"},
	}
}

func wantedSettings(want *State) []Op {
	ops := settings()
	for _, d := range devices(want) {
		if d.Name != loopback {
			ops = append(ops, deviceSettings(d.Name)...)
		}
	}
	return ops
}

func sysctlKeys(want *State) []string {
	ops := wantedSettings(want)
	keys := make([]string, 0, len(ops)+1)
	keys = append(keys, congestionAllowed)
	for i := range ops {
		keys = append(keys, ops[i].Key)
	}
	return keys
}

// planSysctls leaves out those that this kernel or device has not.
func planSysctls(have *Snapshot, want *State) []Op {
	allowed := strings.Fields(have.Sysctls[congestionAllowed])
	ops := wantedSettings(want)
	for i := range ops {
		if ops[i].Key == congestion && !slices.Contains(allowed, ops[i].Value) {
			ops[i].Value = "reno" // always allowed, and minds loss as well
		}
	}
	return slices.DeleteFunc(ops, func(op Op) bool {
		value, ok := have.Sysctls[op.Key]
		return !ok || value == op.Value
	})
}

// devices are all that are wanted, the ends of pairs that are named only as
// such among them.
func devices(want *State) []nodeconf.Device {
	out := slices.Concat(want.Devices, want.Tunnels)
	named := map[string]bool{}
	for i := range out {
		named[out[i].Name] = true
	}
	for _, d := range want.Devices {
		if d.Pair != "" && !named[d.Pair] {
			named[d.Pair] = true
			out = append(out, nodeconf.Device{Name: d.Pair, ID: d.ID, Pair: d.Name, MTU: d.MTU, NoARP: true})
		}
	}
	return out
}

// planPairs removes pairs that are not wanted, or joined otherwise, and makes
// those that are missing.
func planPairs(have *Snapshot, want *State) []Op {
	peer := map[string]string{}
	for _, d := range devices(want) {
		if d.Pair != "" {
			peer[d.Name], peer[d.Pair] = d.Pair, d.Name
		}
	}
	var ops []Op
	there := map[string]bool{}
	for _, l := range have.Links {
		if l.Mark != Made {
			continue
		}
		if peer[l.Name] != "" && peer[l.Name] == l.Peer {
			there[l.Name] = true
			continue
		}
		if !slices.ContainsFunc(ops, func(op Op) bool { return op.Device == l.Peer }) { // both ends go at once
			ops = append(ops, Op{Kind: DeleteLink, Device: l.Name})
		}
	}
	for _, d := range want.Devices {
		if d.Pair != "" && !there[d.Name] {
			there[d.Name], there[d.Pair] = true, true
			ops = append(ops, Op{Kind: AddPair, Device: d.Name, Peer: d.Pair})
		}
	}
	return ops
}

// planLinks addresses, sizes and sets up what is there, and returns which
// devices are not.
func planLinks(have *Snapshot, want *State) (ops []Op, missing []error) {
	links := map[string]*Link{}
	for i := range have.Links {
		links[have.Links[i].Name] = &have.Links[i]
	}
	late := map[string]bool{}
	for i := range want.Tunnels {
		late[want.Tunnels[i].Name] = true
	}
	wanted := map[string]bool{}
	for _, d := range devices(want) {
		wanted[d.Name] = true
		l := links[d.Name]
		if l == nil {
			if !late[d.Name] {
				missing = append(missing, fmt.Errorf("device %s (%s) is not there", d.Name, d.ID))
			}
			continue
		}
		ops = append(ops, planLink(l, &d)...)
	}
	for i := range have.Links {
		l := &have.Links[i]
		if l.Mark != Addressed || wanted[l.Name] {
			continue
		}
		for _, a := range l.Addrs {
			ops = append(ops, Op{Kind: DeleteAddress, Device: l.Name, Prefix: a})
		}
		ops = append(ops, Op{Kind: SetMark, Device: l.Name, Value: string(Foreign)})
	}
	return ops, missing
}

func planLink(l *Link, d *nodeconf.Device) []Op {
	var ops []Op
	if d.MTU != 0 && l.MTU != d.MTU {
		ops = append(ops, Op{Kind: SetMTU, Device: d.Name, Number: d.MTU})
	}
	if (d.NoARP || d.Pair != "") && !l.NoARP && d.Name != loopback {
		ops = append(ops, Op{Kind: SetNoARP, Device: d.Name})
	}
	if !l.Up {
		ops = append(ops, Op{Kind: SetUp, Device: d.Name})
	}
	// Addresses of a device that is not ours stay when none are wanted: it may
	// be the machine's way out.
	if len(d.Addrs) == 0 && l.Mark != Addressed && l.Mark != Made {
		return ops
	}
	if l.Mark == Foreign {
		ops = append(ops, Op{Kind: SetMark, Device: d.Name, Value: string(Addressed)})
	}
	for _, a := range slices.SortedFunc(slices.Values(d.Addrs), netip.Prefix.Compare) {
		if !slices.Contains(l.Addrs, a) {
			ops = append(ops, Op{Kind: AddAddress, Device: d.Name, Prefix: a})
		}
	}
	for _, a := range l.Addrs {
		if !slices.Contains(d.Addrs, a) {
			ops = append(ops, Op{Kind: DeleteAddress, Device: d.Name, Prefix: a})
		}
	}
	return ops
}

// rules are those of the kernel: in order for each device, and at the end of a
// device's the one that keeps its packets from falling to the main table.
func rules(want *State) []KernelRule {
	var out []KernelRule
	count := map[string]int{}
	for _, r := range want.Rules {
		first := firstRule
		if r.Device == loopback {
			first = firstOwnRule
		} else if count[r.Device] == 0 {
			out = append(out, KernelRule{Priority: unreachableRule, Device: r.Device})
		}
		out = append(out, KernelRule{Priority: first + count[r.Device], Device: r.Device, Table: r.Table})
		count[r.Device]++
	}
	slices.SortFunc(out, compareRules)
	return slices.Compact(out)
}

func compareRules(a, b KernelRule) int {
	return cmp.Or(cmp.Compare(a.Priority, b.Priority), strings.Compare(a.Device, b.Device), cmp.Compare(a.Table, b.Table))
}

// planRules adds before it removes.
func planRules(have *Snapshot, want *State) []Op {
	var ops []Op
	wanted := rules(want)
	for _, r := range wanted {
		if !slices.Contains(have.Rules, r) {
			ops = append(ops, Op{Kind: AddRule, Rule: r})
		}
	}
	for _, r := range have.Rules {
		if !slices.Contains(wanted, r) {
			ops = append(ops, Op{Kind: DeleteRule, Rule: r})
		}
	}
	return ops
}
