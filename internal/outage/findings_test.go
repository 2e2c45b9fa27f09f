package outage

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/capacity"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
)

// findingsRun makes a run over two links with two tunnels each.
func findingsRun() *run {
	at := func(line int) fabric.Origin {
		return fabric.Origin{Pos: diag.Pos{File: "network.yaml", Line: line}}
	}
	slow := [2]fabric.TunnelEnd{{DPD: 45, Hold: 180}, {DPD: 60, Hold: 180}}
	n := &fabric.Network{
		Name: "n",
		Links: []fabric.Link{
			{ID: "a--b", Sites: [2]fabric.SiteID{"a", "b"}, Origin: at(1), Tunnels: []fabric.TunnelID{"a--b/0", "a--b/1"}},
			{ID: "a--c", Sites: [2]fabric.SiteID{"a", "c"}, Origin: at(2), Tunnels: []fabric.TunnelID{"a--c/0"}},
		},
		Tunnels: []fabric.Tunnel{
			{ID: "a--b/0", Link: "a--b", Ends: slow, Meta: fabric.Meta{Origin: at(1)}},
			{ID: "a--b/1", Link: "a--b", Ends: slow, Meta: fabric.Meta{Origin: at(1)}},
			{ID: "a--c/0", Link: "a--c", Ends: slow, Meta: fabric.Meta{Origin: at(2)}},
		},
	}
	r := &reach{
		proof: &verify.Proof{Net: n}, pairs: make([]pair, 3), links: map[fabric.LinkID]int32{"a--b": 0, "a--c": 1},
		carries: capacity.New(n, atlas.Default()), loads: make([]float64, 4),
	}
	return &run{reach: r, total: newTally(r)}
}

// TestFailureFindings: what a run has gathered becomes one finding for each
// cause.
func TestFailureFindings(t *testing.T) {
	tunnel := func(id string) routes.Part { return routes.Part{Kind: routes.TunnelPart, ID: id} }
	impact := func(to string, e Effect, parts ...routes.Part) Impact {
		return Impact{From: verify.Group{Site: "a"}, To: verify.Group{Site: fabric.SiteID(to)}, Effect: e, Failure: routes.NewFailure(parts...)}
	}
	tests := []struct {
		name   string
		single []SinglePoint
		fill   func(*run)
		want   []string
	}{
		{
			name:   "one of two tunnels loses flows",
			single: []SinglePoint{{Part: tunnel("a--b/0"), Lost: []Pair{{verify.Group{Site: "a"}, verify.Group{Site: "b"}}}}},
			want:   []string{"TL1202 network.yaml:1: error: tunnel a--b/0 has 1 more beside it at a--b, and yet its failure takes down a to b"},
		},
		{
			name:   "the only tunnel loses flows, and its link is not said again",
			single: []SinglePoint{{Part: tunnel("a--c/0"), Lost: []Pair{{verify.Group{Site: "a"}, verify.Group{Site: "c"}}}}, {Part: routes.Part{Kind: routes.LinkPart, ID: "a--c"}, Lost: []Pair{{verify.Group{Site: "a"}, verify.Group{Site: "c"}}}}},
			want:   []string{"TL1201 network.yaml:2: warning: tunnel a--c/0 is a single point of failure: it takes down a to c"},
		},
		{
			name:   "a link with two instances at both ends",
			fill:   func(r *run) { twoInstances(r, "a/vpn", "b/vpn") },
			single: []SinglePoint{{Part: routes.Part{Kind: routes.LinkPart, ID: "a--b"}, Lost: []Pair{{verify.Group{Site: "a"}, verify.Group{Site: "b"}}}}},
			want:   []string{"TL1201 network.yaml:1: note: link a--b has two ways at both ends; only when all of them fail it takes down a to b"},
		},
		{
			name: "a link that one device ends, which is the cause",
			fill: func(r *run) { twoInstances(r, "a/vpn", "") },
			single: []SinglePoint{
				{Part: routes.Part{Kind: routes.InstancePart, ID: "b/vpn#0"}, Lost: []Pair{{verify.Group{Site: "a"}, verify.Group{Site: "b"}}}},
				{Part: routes.Part{Kind: routes.LinkPart, ID: "a--b"}, Lost: []Pair{{verify.Group{Site: "a"}, verify.Group{Site: "b"}}}},
			},
			want: []string{"TL1201 network.yaml:2: warning: gateway b/vpn#0 is a single point of failure: it takes down a to b"},
		},
		{
			name: "a link loses more than its tunnel",
			single: []SinglePoint{
				{Part: tunnel("a--c/0"), Lost: []Pair{{verify.Group{Site: "a"}, verify.Group{Site: "c"}}}},
				{Part: routes.Part{Kind: routes.LinkPart, ID: "a--c"}, Lost: []Pair{{verify.Group{Site: "a"}, verify.Group{Site: "c"}}, {verify.Group{Site: "b"}, verify.Group{Site: "c"}}}},
			},
			want: []string{
				"TL1201 network.yaml:2: warning: link a--c is a single point of failure: it takes down a to c and 1 more",
				"TL1201 network.yaml:2: warning: tunnel a--c/0 is a single point of failure: it takes down a to c",
			},
		},
		{
			name: "the fullest of two failures speaks for a direction of a link",
			fill: func(r *run) {
				r.total.add([]harm{{Impact: impact("b", Congested, tunnel("a--b/0")), narrow: 0, full: []full{{0, 3e9, 2e9}}}})
				r.total.add([]harm{{Impact: impact("b", Congested, tunnel("a--b/1"), tunnel("a--c/0")), narrow: 0, full: []full{{0, 3e9, 1e9}}}})
			},
			want: []string{"TL1203 network.yaml:1: warning: link a--b carries 1Gbps from a to b when tunnel a--b/1 and tunnel a--c/0 fail; the peak there is then 3Gbps"},
		},
		{
			name: "asymmetric pairs of one failure are one finding, a firewall another",
			fill: func(r *run) {
				r.total.add([]harm{
					{Impact: impact("b", Slower, tunnel("a--b/0")), pair: 0, asymmetric: true, narrow: -1},
					{Impact: impact("c", Slower, tunnel("a--b/0")), pair: 1, asymmetric: true, narrow: -1},
					{Impact: impact("d", OneWay, tunnel("a--b/0")), pair: 2, asymmetric: true, narrow: -1},
				})
			},
			want: []string{
				"TL1206 network.yaml:1: warning: when tunnel a--b/0 fails, replies pass by another site than the packets: a to d",
				"TL1205 network.yaml:1: note: when tunnel a--b/0 fails, replies take other links than the packets: a to b and 1 more",
			},
		},
		{
			name: "a backup over the internet, and what is not known",
			fill: func(r *run) {
				r.total.add([]harm{
					{Impact: impact("b", Slower, tunnel("a--b/0")), pair: 0, exposed: true, narrow: -1},
					{Impact: impact("c", NotKnown, tunnel("a--c/0")), pair: 1, narrow: -1},
				})
			},
			want: []string{
				"TL1207 network.yaml:1: warning: when tunnel a--b/0 fails, what went over a private way leaves for the internet: a to b",
				"TL1208 network.yaml:2: warning: when tunnel a--c/0 fails, it is not known what is left: a to c",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := findingsRun()
			if tt.fill != nil {
				tt.fill(r)
			}
			var got []string
			for _, f := range r.findings(&Report{Single: tt.single}) {
				line, _, _ := strings.Cut(f.String(), "\n")
				got = append(got, string(f.Code)+" "+line)
			}
			// Every run notes the slow hold time, once for both links.
			want := append(tt.want, "TL1204 network.yaml:1: note: link a--b and 1 more: BGP notices a dead tunnel after 180 s; dead peer detection after 60 s")
			if diff := cmp.Diff(sorted(want), sorted(got)); diff != "" {
				t.Errorf("findings() (-want +got):\n%s", diff)
			}
		})
	}
}

// twoInstances ends the tunnels of a--b at gateways: those that are named have
// an instance for each, the other has one.
func twoInstances(r *run, doubled ...fabric.GatewayID) {
	n := r.proof.Net
	r.gates = map[fabric.GatewayID]int32{"a/vpn": 0, "b/vpn": 1}
	for i, id := range []fabric.GatewayID{"a/vpn", "b/vpn"} {
		g := fabric.Gateway{ID: id, Meta: fabric.Meta{Origin: fabric.Origin{Pos: diag.Pos{File: "network.yaml", Line: 2}}}}
		for j := range 2 {
			at := 0
			if slices.Contains(doubled, id) {
				at = j
			}
			if at == j {
				g.Interfaces = append(g.Interfaces, fabric.Interface{Index: at, Domains: []fabric.Domain{{Kind: fabric.Instance, ID: fmt.Sprintf("%s#%d", id, at)}}})
			}
			n.Tunnels[j].Ends[i].Gateway, n.Tunnels[j].Ends[i].Interface = id, at
		}
		n.Gateways = append(n.Gateways, g)
	}
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
