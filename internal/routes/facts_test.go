package routes_test

import (
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/vocab"
)

// TestFacts: the facts that the control plane reads are there, and of the kind
// that it takes them for.
func TestFacts(t *testing.T) {
	number := func(s string) error { _, err := strconv.Atoi(s); return err }
	prefix := func(s string) error { _, err := netip.ParsePrefix(s); return err }
	asn := func(s string) error { _, err := vocab.ParseASN(s); return err }
	for id, parse := range map[string]func(string) error{
		"gcp.router.med_base": number, "gcp.router.region_cost": number, "gcp.route.priority": number,
		"azure.route.drops": prefix, "azure.vwan.interhub_path": asn,
	} {
		f, ok := atlas.Default().Fact(id)
		if !ok || f.Value == "" {
			t.Errorf("Fact(%s) = %q, %v, want a value", id, f.Value, ok)
		}
		for _, w := range strings.Fields(f.Value) {
			if err := parse(w); err != nil {
				t.Errorf("Fact(%s): %v", id, err)
			}
		}
	}
}
