package probe

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/tieline/tieline/internal/nodeconf"
)

// What a probe may ask for, in milliseconds: not more than a hundred packets a
// second, nor to wait longer than a minute.
const (
	leastInterval = 10
	mostInterval  = 3_600_000
	mostTimeout   = 60_000
)

// Validate returns all that is wrong with probes and the addresses on which
// STAMP is answered, each with its path: probes[2].interval.
func Validate(probes []nodeconf.Probe, reflect []netip.AddrPort) []error {
	var errs []error
	need := func(ok bool, path, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
		}
	}
	ids := map[string]bool{}
	for i := range probes {
		p := &probes[i]
		path := fmt.Sprintf("probes[%d]", i)
		need(p.ID != "" && !ids[p.ID], path+".id", "%q is missing or named twice", p.ID)
		ids[p.ID] = true
		kinds := []nodeconf.ProbeKind{nodeconf.ICMP, nodeconf.TCP, nodeconf.STAMP}
		need(slices.Contains(kinds, p.Kind), path+".kind", "%q is none of %q", p.Kind, kinds)
		need(!p.Local.IsValid() || p.Local.Is4(), path+".local", "%s is no IPv4 address", p.Local)
		need(p.Target.Addr().Is4(), path+".target", "%s is no IPv4 address", p.Target.Addr())
		need(p.Kind != nodeconf.TCP || p.Target.Port() != 0, path+".target", "has no port")
		need(p.Interval >= leastInterval && p.Interval <= mostInterval, path+".interval", "%d ms is not from %d ms to an hour", p.Interval, leastInterval)
		need(p.Timeout > 0 && p.Timeout <= mostTimeout, path+".timeout", "%d ms is not from 1 ms to a minute", p.Timeout)
	}
	listens := map[netip.AddrPort]bool{}
	for i, a := range reflect {
		path := fmt.Sprintf("reflect[%d]", i)
		need(a.Addr().Is4(), path, "%s is no IPv4 address", a.Addr())
		need(!listens[stampTarget(a)], path, "%s is named twice", stampTarget(a))
		listens[stampTarget(a)] = true
	}
	return errs
}
