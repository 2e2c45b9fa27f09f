package terraform_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/read/terraform"
	"github.com/tieline/tieline/internal/verify"
	"github.com/tieline/tieline/internal/vocab"
)

// TestSameAnswers: the proof of each recorded plan answers as the proof of the
// network that it was rendered from, for every pair of parts of workload
// subnets that they make and every service of the policy. Nothing between these
// rests on what is not in the plans: on-premises sites and existing VPCs.
func TestSameAnswers(t *testing.T) {
	for _, n := range own {
		t.Run(n.name, func(t *testing.T) {
			t.Parallel()
			want, a := compiled(t, n.dir)
			r, diags := terraform.Read(n.name+".json", recorded(t, n.name))
			if diags.HasErrors() {
				t.Fatalf("Read(%s):\n%s", n.name, diags)
			}
			spec, read := verify.New(want, a), verify.New(r.Network, a)
			parts, services := workload(want), asked(want)
			differ, asked := 0, 0
			for _, from := range parts {
				for _, to := range parts {
					for _, s := range services {
						w, g := answer(t, spec, from, to, s), answer(t, read, from, to, s)
						asked++
						if g.Verdict == w.Verdict {
							continue
						}
						if differ++; differ <= 10 {
							t.Errorf("Flow(%s, %s, %s) of the plan = %v, want %v as of the spec", from, to, s, g.Verdict, w.Verdict)
						}
					}
				}
			}
			if asked == 0 {
				t.Error("nothing was asked")
			}
		})
	}
}

// workload lists the parts of the subnets that hold workloads and are made by
// the network.
func workload(n *fabric.Network) []netip.Prefix {
	var out []netip.Prefix
	for _, s := range n.Subnets {
		if v, _ := n.VPC(s.VPC); s.Purpose != fabric.Workload || s.Existing || v.Existing != "" {
			continue
		}
		for _, p := range s.Parts {
			out = append(out, p.Prefix)
		}
		if len(s.Parts) == 0 {
			out = append(out, s.Prefix)
		}
	}
	return out
}

// asked lists the services of the policy, each once, and one that no rule has.
func asked(n *fabric.Network) []vocab.Service {
	out := []vocab.Service{{Proto: vocab.UDP, Ports: vocab.PortRange{First: 4242, Last: 4242}}}
	for _, r := range n.Policy {
		for _, s := range r.Services {
			if !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
	}
	return out
}

func answer(t *testing.T, p *verify.Proof, from, to netip.Prefix, s vocab.Service) verify.Answer {
	t.Helper()
	a, err := p.Net.End(from.String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := p.Net.End(to.String())
	if err != nil {
		t.Fatal(err)
	}
	return p.Flow(a, b, s)
}

// TestSameFailures: failures of the triangle, alone and in pairs, take the same
// pairs of regions from the plan as from the spec.
func TestSameFailures(t *testing.T) {
	want, a := compiled(t, "../../../examples/triangle")
	r, diags := terraform.Read("triangle.json", recorded(t, "triangle"))
	if diags.HasErrors() {
		t.Fatalf("Read(triangle):\n%s", diags)
	}
	r.Network.Policy = translated(want, r.Network) // Terraform holds none
	for at := 1; at <= 2; at++ {
		spec, read := losses(want, a, at), losses(r.Network, a, at)
		if len(spec) == 0 {
			t.Errorf("failures of %d parts do nothing to the spec", at)
		}
		if diff := cmp.Diff(spec, read); diff != "" {
			t.Errorf("what failures of %d parts do (-compiled +read):\n%s", at, diff)
		}
	}
}

// translated gives the policy of a network to another with the same prefixes.
func translated(from, to *fabric.Network) []fabric.PolicyRule {
	ends := func(list []fabric.PolicyEnd) []fabric.PolicyEnd {
		out := slices.Clone(list)
		for i := range out {
			out[i].Subnets = nil
			for _, s := range to.Subnets {
				if slices.ContainsFunc(list[i].Prefixes, func(p netip.Prefix) bool { return p.Overlaps(s.Prefix) }) {
					out[i].Subnets = append(out[i].Subnets, s.ID)
				}
			}
		}
		return out
	}
	out := slices.Clone(from.Policy)
	for i := range out {
		out[i].From, out[i].To = ends(out[i].From), ends(out[i].To)
	}
	return out
}

// losses says what the failures of a number of parts at once can do at worst to
// each pair of regions, and what is lost by single ones.
func losses(n *fabric.Network, a *atlas.Atlas, at int) []string {
	region := func(id fabric.SiteID) string {
		s, _ := n.Site(id)
		return s.Region
	}
	report := outage.New(verify.New(n, a)).Try(outage.Options{At: at})
	var out []string
	for _, i := range report.Worst {
		if from, to := region(i.From.Site), region(i.To.Site); from != to { // zones of one subnet are subnets of their own in AWS
			out = append(out, fmt.Sprintf("%s to %s: %s after %.0f s, over %d links before", from, to, i.Effect, i.Detection, len(i.Before.Links)))
		}
	}
	for _, s := range report.Single {
		for _, pair := range s.Lost {
			out = append(out, fmt.Sprintf("%s: %s to %s lost", s.Part.Kind, region(pair.From.Site), region(pair.To.Site)))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
