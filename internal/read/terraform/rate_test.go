package terraform_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestForeignRates: what the tunnels and links of configurations that others
// wrote carry, by the sizes that they state.
func TestForeignRates(t *testing.T) {
	tests := []struct {
		name, file string
		want       map[string]string
	}{
		// Two tunnels of a virtual private gateway, which sends over one.
		{name: "AWS", file: awsExample, want: map[string]string{
			"aws-eu-west-1--office": "1.25Gbps", "aws-eu-west-1--office/0": "1.25Gbps", "aws-eu-west-1--office/1": "1.25Gbps",
		}},
		// VpnGw1AZ with a cipher that is not stated: the slower, CBC.
		{name: "Azure", file: "foreign-azure.json", want: map[string]string{"azure-westeurope--office": "500Mbps", "azure-westeurope--office/0": "500Mbps"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n, _ := foreign(t, tt.file)
			got := map[string]string{}
			for _, l := range n.Links {
				got[string(l.ID)] = l.Capacity.String()
			}
			for _, x := range n.Tunnels {
				got[string(x.ID)] = x.Rate.String()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("rates of %s (-want +got):\n%s", tt.file, diff)
			}
		})
	}
}
