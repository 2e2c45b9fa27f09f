package firewall

import (
	"slices"

	"github.com/tieline/tieline/internal/nodeconf"
)

// Untracked gives the devices of a node by which nothing comes in that could
// go out by the device of a NAT, sorted: those whose table never leads there.
//
// The kernel translates a connection where it first sees it, or never (in
// Linux, net/netfilter/nf_nat_core.c, nf_nat_inet_fn): a packet that passes
// several tables of one namespace, by way of device pairs, would be taken for
// one that needs no translation before it comes to the device that has it.
func Untracked(c *nodeconf.Config) []string {
	nats := map[string]bool{}
	for _, n := range c.NATs {
		nats[n.Device] = true
	}
	if len(nats) == 0 {
		return nil
	}
	var list []string
	for _, r := range c.Rules {
		if !nats[r.Device] && !leads(c, r.Table, nats) {
			list = append(list, r.Device)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// leads reports whether a table has, or may learn, a route by one of the
// devices.
func leads(c *nodeconf.Config, table int, devices map[string]bool) bool {
	at := func(name string) bool { return devices[name] }
	session := func(id string) bool {
		return slices.ContainsFunc(c.Sessions, func(s nodeconf.Session) bool {
			return s.ID == id && (s.Via == "" && at(s.Device) || at(s.Via))
		})
	}
	i := slices.IndexFunc(c.Tables, func(t nodeconf.Table) bool { return t.ID == table })
	if i < 0 {
		return true // not known here
	}
	seen := map[string]bool{}
	var search func(t *nodeconf.Table) bool
	search = func(t *nodeconf.Table) bool {
		if seen[t.Name] {
			return false
		}
		seen[t.Name] = true
		if slices.ContainsFunc(t.Routes, func(r nodeconf.Route) bool { return slices.ContainsFunc(r.Via, at) }) {
			return true
		}
		for _, l := range t.Learn {
			if l.Via != "" {
				if at(l.Via) {
					return true
				}
				continue
			}
			if slices.ContainsFunc(l.Sessions, session) {
				return true
			}
			k := slices.IndexFunc(c.Tables, func(x nodeconf.Table) bool { return x.Name == l.Table })
			if k >= 0 && search(&c.Tables[k]) {
				return true
			}
		}
		return false
	}
	return search(&c.Tables[i])
}
