package firewall

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/nodeconf"
)

// smallestMSS is what every host takes (RFC 9293 section 3.7.1: 576 less the
// headers), less what tunnels in tunnels need.
const smallestMSS = 48

// check refuses rules that say nothing, or not what the kernel would do.
func check(rules *Rules) error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	ids := map[string]bool{}
	for i := range rules.Filters {
		f := &rules.Filters[i]
		if f.ID == "" || ids[f.ID] {
			bad("filter %q: its id is empty or not the only one", f.ID)
		}
		ids[f.ID] = true
		errs = append(errs, checkFilter(f))
	}
	for i := range rules.NATs {
		n := &rules.NATs[i]
		switch {
		case !isDevice(n.Device):
			bad("nat %q: %q is no name of a device", n.ID, n.Device)
		case !n.Source.IsValid() || !n.Source.Addr().Is4():
			bad("nat %q: source %v is no IPv4 prefix", n.ID, n.Source)
		case n.To.IsValid() && !n.To.Is4():
			bad("nat %q: %v is no IPv4 address", n.ID, n.To)
		case n.Both && (!n.To.IsValid() || !n.Source.IsSingleIP()):
			bad("nat %q: both ways needs one address on each side", n.ID)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rules.MSS)) {
		if most := rules.MSS[name]; !isDevice(name) || most < smallestMSS || most > math.MaxUint16 {
			bad("device %q: a largest segment of %d bytes cannot be set", name, most)
		}
	}
	for _, name := range rules.Untracked {
		if !isDevice(name) {
			bad("untracked: %q is no name of a device", name)
		}
	}
	if !isPrefixes(rules.Inside) {
		bad("inside: %v are not all prefixes", rules.Inside)
	}
	return errors.Join(errs...)
}

func checkFilter(f *nodeconf.Filter) error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("filter %q: %w", f.ID, fmt.Errorf(format, args...)))
	}
	if f.Kind != nodeconf.Stateful && f.Kind != nodeconf.Stateless {
		bad("kind %q is not known", f.Kind)
	}
	if f.Device != "" && !isDevice(f.Device) {
		bad("%q is no name of a device", f.Device)
	}
	for _, v := range []nodeconf.Verdict{f.Ingress, f.Egress} {
		if !isVerdict(v) {
			bad("default verdict %q is not known", v)
		}
	}
	sets := map[string]bool{}
	for _, s := range f.Sets {
		if s.Name == "" || sets[s.Name] {
			bad("set %q: its name is empty or not the only one", s.Name)
		}
		sets[s.Name] = true
		if !isPrefixes(s.Prefixes) {
			bad("set %q: %v are not all prefixes", s.Name, s.Prefixes)
		}
	}
	names := map[string]bool{defaultOf(nodeconf.Ingress): true, defaultOf(nodeconf.Egress): true}
	for i := range f.Rules {
		r := &f.Rules[i]
		switch {
		case r.Name == "" || names[r.Name]:
			bad("rule %q: its name is empty, a default's, or not the only one", r.Name)
		case r.Direction != nodeconf.Ingress && r.Direction != nodeconf.Egress:
			bad("rule %q: direction %q is not known", r.Name, r.Direction)
		case !isVerdict(r.Verdict):
			bad("rule %q: verdict %q is not known", r.Name, r.Verdict)
		case r.PeerSet != "" && !sets[r.PeerSet]:
			bad("rule %q: there is no set %q", r.Name, r.PeerSet)
		case r.NotPeerSet && r.PeerSet == "":
			bad("rule %q: no set is named that peers are not to be in", r.Name)
		}
		if !isPrefixes(r.Peers) || !isPrefixes(r.Local) {
			bad("rule %q: peers %v and local %v are not all prefixes", r.Name, r.Peers, r.Local)
		}
		names[r.Name] = true
	}
	return errors.Join(errs...)
}

func defaultOf(d nodeconf.Direction) string { return "default-" + string(d) }

func isVerdict(v nodeconf.Verdict) bool { return v == nodeconf.Accept || v == nodeconf.Drop }

// isPrefixes reports whether all are IPv4 or IPv6 prefixes. IPv4 mapped into
// IPv6 is neither: it looks like one and compares like the other.
func isPrefixes(list []netip.Prefix) bool {
	return !slices.ContainsFunc(list, func(p netip.Prefix) bool { return !p.IsValid() || p.Addr().Is4In6() })
}

func isDevice(name string) bool { return name != "" && len(name) < unix.IFNAMSIZ }
