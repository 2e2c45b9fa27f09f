package atlas

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// ManagementPort is a service by which machines are administered, or a
// database that only applications should reach.
type ManagementPort struct {
	Name     string // SSH, PostgreSQL
	Services []vocab.Service
	Fact     Fact
}

// ManagementPorts returns the services that nothing should reach from the
// internet, sorted by their first port.
func (a *Atlas) ManagementPorts() []ManagementPort { return slices.Clone(a.management) }

// DefaultFilters returns the names of the security groups or firewall rules
// that a cloud makes by itself, with the fact that says so; none where its
// defaults have no objects of their own.
func (a *Atlas) DefaultFilters(c vocab.Cloud) ([]string, Fact) {
	f, ok := a.Fact(c.String() + ".filter.default_names")
	if !ok {
		return nil, Fact{}
	}
	return strings.Fields(f.Value), f
}

// AccessProxies returns the ranges from which a cloud's access proxy reaches
// machines for users who have signed in: public addresses that nobody on the
// internet has. In the order of the facts.
func (a *Atlas) AccessProxies() []netip.Prefix { return slices.Clone(a.proxies) }

func (l *loader) buildProxies(a *Atlas) {
	for _, f := range a.Facts("gcp.proxy") {
		p, err := netip.ParsePrefix(f.Value)
		if err != nil {
			l.failf("%s: %v", f.ID, err)
			continue
		}
		a.proxies = append(a.proxies, p)
	}
}

func (l *loader) buildManagement(a *Atlas) {
	for _, f := range a.Facts("common.port") {
		m := ManagementPort{Name: f.Note, Fact: f}
		for _, w := range strings.Fields(f.Value) {
			s, err := vocab.ParseService(w)
			if err != nil {
				l.failf("%s: %v", f.ID, err)
			}
			m.Services = append(m.Services, s)
		}
		if len(m.Services) == 0 {
			l.failf("%s: no port", f.ID)
			continue
		}
		a.management = append(a.management, m)
	}
	slices.SortFunc(a.management, func(x, y ManagementPort) int {
		return cmp.Or(cmp.Compare(x.Services[0].Ports.First, y.Services[0].Ports.First), cmp.Compare(x.Fact.ID, y.Fact.ID))
	})
}
