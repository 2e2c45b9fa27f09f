package spec

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/tieline/tieline/internal/vocab"
)

func TestStarterParses(t *testing.T) {
	schema := compiled(t)
	aws, gcp, azure := StarterSite{vocab.AWS, "us-west-2"}, StarterSite{vocab.GCP, "us-west1"}, StarterSite{vocab.Azure, "westus2"}
	names := []string{"", "ml-platform", "Not A Name", "a-name-that-is-much-too-long-for-a-network"}
	siteLists := [][]StarterSite{nil, {aws}, {aws, gcp, azure}, {aws, aws, aws}, {azure, gcp}}
	pools := []string{"", "10.0.0.0/8", "172.16.0.0/12", "10.200.0.0/16", "192.168.0.0/16", "10.9.8.7/14", "fd00::/32"}
	for _, name := range names {
		for _, sites := range siteLists {
			for _, pool := range pools {
				for _, onPrem := range []bool{false, true} {
					p, _ := netip.ParsePrefix(pool)
					o := StarterOptions{Name: name, Sites: sites, Pool: p, OnPrem: onPrem}
					text := Starter(o)
					s, diags := Parse([]File{{Name: "network.yaml", Data: []byte(text)}})
					if len(diags) > 0 {
						t.Fatalf("Starter(%+v) reports:\n%s\n%s", o, diags, text)
					}
					if err := validate(t, schema, fmt.Sprint(o), text); err != nil {
						t.Fatalf("Starter(%+v): %v", o, err)
					}
					if want := max(len(sites), 1); len(s.Sites) < want {
						t.Errorf("Starter(%+v) has %d sites, want at least %d", o, len(s.Sites), want)
					}
				}
			}
		}
	}
}

func TestParseStarterSite(t *testing.T) {
	for _, tt := range []struct {
		in   string
		want StarterSite
		ok   bool
	}{
		{"aws:us-west-2", StarterSite{vocab.AWS, "us-west-2"}, true},
		{"azure:westus2", StarterSite{vocab.Azure, "westus2"}, true},
		{"onprem:here", StarterSite{}, false},
		{"aws", StarterSite{}, false},
		{"aws:", StarterSite{}, false},
		{"aws:US West", StarterSite{}, false},
	} {
		got, err := ParseStarterSite(tt.in)
		if got != tt.want || (err == nil) != tt.ok {
			t.Errorf("ParseStarterSite(%q) = %v, %v, want %v, ok %v", tt.in, got, err, tt.want, tt.ok)
		}
	}
}
