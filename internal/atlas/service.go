package atlas

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// ServiceKind says how a cloud reaches its own service privately.
type ServiceKind string

// The ways to a service.
const (
	ServiceGateway   ServiceKind = "gateway"          // AWS gateway endpoint: a route, free of charge
	ServiceInterface ServiceKind = "interface"        // AWS interface endpoint: an address in each zone
	ServiceEndpoint  ServiceKind = "service-endpoint" // Azure service endpoint of a subnet
	ServicePrivate   ServiceKind = "private-access"   // GCP Private Google Access of a subnet
)

// Service is a service of a cloud that a subnet can reach privately.
type Service struct {
	Cloud vocab.Cloud
	Name  string // as in a spec: s3
	Kind  ServiceKind
	Tag   string // Azure: the service tag of its addresses in rules
	// Ranges are the addresses that private names of the service resolve to
	// (GCP: private.googleapis.com or restricted.googleapis.com).
	Ranges []netip.Prefix
	// Ports are what the service is spoken to on: HTTPS where the data names
	// none.
	Ports []vocab.Service
	Fact  Fact

	native string
}

// Native returns the cloud's own name of the service in a region:
// com.amazonaws.us-west-2.s3, Microsoft.Storage, private.googleapis.com.
func (s Service) Native(region string) string {
	return strings.ReplaceAll(s.native, "<region>", region)
}

// Service returns a service by the name used in a spec, and whether the cloud
// has it.
func (a *Atlas) Service(c vocab.Cloud, name string) (Service, bool) {
	for _, s := range a.services[c] {
		if s.Name == name {
			return s, true
		}
	}
	return Service{}, false
}

// Services returns the services of a cloud, sorted by name.
func (a *Atlas) Services(c vocab.Cloud) []Service { return slices.Clone(a.services[c]) }

func (l *loader) readServices(a *Atlas) {
	a.services = map[vocab.Cloud][]Service{}
	t := l.table("services")
	for i := range t.rows {
		id := t.at(i, "cloud") + ".service." + t.at(i, "name")
		s := Service{Cloud: l.cloud(id, t.at(i, "cloud")), Name: t.at(i, "name"), Kind: ServiceKind(t.at(i, "kind")), native: t.at(i, "native")}
		s.Tag, s.Ranges = t.at(i, "tag"), l.prefixes(id, t.at(i, "ranges"))
		s.Ports = l.ports(id, t.at(i, "ports"))
		s.Fact = l.fact(t, i)
		s.Fact.ID, s.Fact.Value, s.Fact.Scope = id, s.native, string(s.Kind)
		l.facts = append(l.facts, s.Fact)
		a.services[s.Cloud] = append(a.services[s.Cloud], s)
	}
	for c := range a.services {
		slices.SortFunc(a.services[c], func(x, y Service) int { return cmp.Compare(x.Name, y.Name) })
	}
}

func sortedStrings(s []string) []string {
	slices.Sort(s)
	return s
}

// ports reads the ports of a service, HTTPS when there are none.
func (l *loader) ports(id, text string) []vocab.Service {
	out := []vocab.Service{}
	for _, f := range strings.Fields(cmp.Or(text, "tcp/443")) {
		p, err := vocab.ParseService(f)
		if err != nil {
			l.failf("%s: %v", id, err)
		}
		out = append(out, p)
	}
	return out
}
