package atlas

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/vocab"
)

func TestFilterDefaults(t *testing.T) {
	type rule struct {
		Name     string
		Ingress  bool
		Priority int
		Allow    bool
		Peer     string
	}
	tests := []struct {
		cloud vocab.Cloud
		want  []rule
	}{
		{vocab.AWS, nil},
		{vocab.GCP, []rule{{"implied-deny-ingress", true, 65535, false, ""}, {"implied-allow-egress", false, 65535, true, ""}}},
		{vocab.Azure, []rule{
			{"AllowVnetInBound", true, 65000, true, "VirtualNetwork"},
			{"AllowAzureLoadBalancerInBound", true, 65001, true, "AzureLoadBalancer"},
			{"DenyAllInBound", true, 65500, false, ""},
			{"AllowVnetOutBound", false, 65000, true, "VirtualNetwork"},
			{"AllowInternetOutBound", false, 65001, true, "Internet"},
			{"DenyAllOutBound", false, 65500, false, ""},
		}},
	}
	for _, tt := range tests {
		var got []rule
		for _, d := range Default().FilterDefaults(tt.cloud) {
			got = append(got, rule{d.Name, d.Ingress, d.Priority, d.Allow, d.Peer})
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("FilterDefaults(%v) (-want +got):\n%s", tt.cloud, diff)
		}
	}
}

func TestClientPorts(t *testing.T) {
	got, f := Default().ClientPorts()
	if want := (vocab.PortRange{First: 32768, Last: 65535}); got != want || !f.IsUnverified() {
		t.Errorf("ClientPorts() = %v marked %v, want %v, recalled", got, f.Mark, want)
	}
}
