package audit_test

import (
	"net/netip"
	"path/filepath"
	"slices"
	"testing"

	"go.yaml.in/yaml/v4"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// meant is what a spec would say of a network that Terraform describes, in the
// spec's words: Terraform states no policy.
type meant struct {
	Policy []struct {
		From  string   `yaml:"from"`
		To    string   `yaml:"to"`
		Ports []string `yaml:"ports"`
	} `yaml:"policy"`
	Subnets map[string]struct {
		Internet string `yaml:"internet"` // none
	} `yaml:"subnets"`
}

// meantFile is the file beside two fragments that says what both are held
// against.
func meantFile(folder string) string { return filepath.Join(folder, "meant.yaml") }

// stateMeant adds what is meant to a network that was read.
func stateMeant(t testing.TB, n *fabric.Network, data []byte) {
	t.Helper()
	var m meant
	if err := yaml.Unmarshal(data, &m); err != nil {
		t.Fatal(err)
	}
	n.Pools = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} // as of a network whose policy is known, be it empty
	end := func(ref string) []fabric.PolicyEnd {
		e, err := n.End(ref)
		if err != nil {
			t.Fatal(err)
		}
		return []fabric.PolicyEnd{e}
	}
	for _, p := range m.Policy {
		rule := fabric.PolicyRule{From: end(p.From), To: end(p.To)}
		for _, s := range p.Ports {
			service, err := vocab.ParseService(s)
			if err != nil {
				t.Fatal(err)
			}
			rule.Services = append(rule.Services, service)
		}
		n.Policy = append(n.Policy, rule)
	}
	for name, s := range m.Subnets {
		i := slices.IndexFunc(n.Subnets, func(x fabric.Subnet) bool { return x.Name == name })
		if i < 0 || s.Internet != "none" {
			t.Fatalf("subnet %q with internet: %q: want one of the fragment, and none", name, s.Internet)
		}
		n.Subnets[i].Internet = fabric.NoInternet
	}
}
