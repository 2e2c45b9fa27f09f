package verify

import (
	"testing"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/routes"
)

// TestUnder: what gets through after a failure is judged by the routes that
// are left, and the healthy proof stays as it was.
func TestUnder(t *testing.T) {
	healthy := New(fromText(t, `
version: 1
name: pair
accounts: {a: {cloud: aws, id: "111122223333"}, g: {cloud: gcp, project: pair-net}}
sites:
  aw: {cloud: aws, region: us-west-2, networks: {v: {size: /16, subnets: {a: {size: /24}}}}}
  gc: {cloud: gcp, region: us-west1, networks: {v: {size: /16, subnets: {b: {size: /24}}}}}
connect:
  - {link: [aw, gc]}
policy:
  - {from: aw, to: gc, ports: [tcp/443]}
`), atlas.Default())
	tests := []struct {
		name    string
		parts   []routes.Part
		service string
		want    Verdict
	}{
		{"nothing", nil, "tcp/443", Reachable},
		{"nothing, a port that no rule names", nil, "tcp/80", Blocked},
		{"one of several tunnels", []routes.Part{{Kind: routes.TunnelPart, ID: "aw--gc/0"}}, "tcp/443", Reachable},
		{"the link", []routes.Part{{Kind: routes.LinkPart, ID: "aw--gc"}}, "tcp/443", Blocked},
		{"every tunnel", healthy.Plane.Parts(routes.TunnelPart), "tcp/443", Blocked},
	}
	for _, tt := range tests {
		p := healthy.Under(routes.NewFailure(tt.parts...))
		if got := ask(t, p, "aw/v/a", "gc/v/b", tt.service).Verdict; got != tt.want {
			t.Errorf("%s: Under(%v).Flow(aw/v/a, gc/v/b, %s) = %v, want %v", tt.name, tt.parts, tt.service, got, tt.want)
		}
	}
	if got := ask(t, healthy, "aw/v/a", "gc/v/b", "tcp/443").Verdict; got != Reachable {
		t.Errorf("the healthy proof says %v after others were made of it, want %v", got, Reachable)
	}
}
