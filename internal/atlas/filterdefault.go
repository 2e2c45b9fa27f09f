package atlas

import (
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// FilterDefault is a rule that a cloud's packet filters have by themselves,
// after all that are written.
type FilterDefault struct {
	Name     string // as the cloud calls it
	Ingress  bool   // else egress
	Priority int
	Allow    bool   // else deny
	Peer     string // service tag of the far side; empty for every address
	Fact     Fact
}

// FilterDefaults returns the rules that filters of a cloud end with, ingress
// first, in the order they are evaluated; none where filters deny by
// themselves what no rule allows.
func (a *Atlas) FilterDefaults(c vocab.Cloud) []FilterDefault { return a.filterDefaults[c] }

// ClientPorts returns the ports that machines open connections from.
func (a *Atlas) ClientPorts() (vocab.PortRange, Fact) {
	return a.clientPorts, a.mustFact("any.ports.client")
}

func (l *loader) buildFilterDefaults(a *Atlas) {
	a.filterDefaults = map[vocab.Cloud][]FilterDefault{}
	for c, id := range map[vocab.Cloud]string{vocab.Azure: "azure.nsg.default_rules", vocab.GCP: "gcp.firewall.default_rules"} {
		f := a.mustFact(id)
		for _, text := range strings.Split(f.Value, "; ") {
			w := strings.Fields(text)
			if len(w) != 5 {
				l.failf("%s: %q is not direction, priority, action, peer and name", id, text)
				continue
			}
			n, err := strconv.Atoi(w[1])
			if err != nil {
				l.failf("%s: %w", id, err)
			}
			d := FilterDefault{Name: w[4], Ingress: w[0] == "ingress", Priority: n, Allow: w[2] == "allow", Peer: w[3], Fact: f}
			if d.Peer == "all" {
				d.Peer = ""
			}
			a.filterDefaults[c] = append(a.filterDefaults[c], d)
		}
	}
	f := a.mustFact("any.ports.client")
	first, last := l.bounds(f.ID, f.Value)
	a.clientPorts = vocab.PortRange{First: uint16(first), Last: uint16(last)}
}
