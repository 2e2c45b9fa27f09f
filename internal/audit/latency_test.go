package audit_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/compile"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
	"github.com/tieline/tieline/internal/spec"
)

// clouds are a site in each cloud, all in one corner of the world: the pairs
// with Azure are not measured, AWS to Google is.
const clouds = `version: 1
name: three
accounts:
  prod: {cloud: aws, id: "111122223333"}
  net: {cloud: gcp, project: p-net}
  conn: {cloud: azure, subscription: 00000000-0000-0000-0000-000000000000}
sites:
  az: {cloud: azure, region: westus2, networks: {a: {size: /16, subnets: {a: {size: /20}}}}}
  aw: {cloud: aws, region: us-west-2, networks: {a: {size: /16, subnets: {a: {size: /20}}}}}
  gc: {cloud: gcp, region: us-west1, networks: {a: {size: /16, subnets: {a: {size: /20}}}}}
`

// compiled compiles the text of a spec.
func compiled(t testing.TB, text string, a *atlas.Atlas) *fabric.Network {
	t.Helper()
	s, diags := spec.Parse([]spec.File{{Name: "network.yaml", Data: []byte(text)}})
	if diags.HasErrors() {
		t.Fatalf("Parse:\n%s", diags)
	}
	r := compile.Compile(&s, lock.Lock{}, a)
	if r.Diags.HasErrors() {
		t.Fatalf("Compile:\n%s", r.Diags)
	}
	return r.Network
}

// said gives what check says by a code, with large security groups allowed:
// severity, object, summary and hint.
func said(t testing.TB, code, text string) []string {
	t.Helper()
	a, diags := atlas.Default().Overlay("facts.yaml", []byte("limits: {aws.sg.rules: 900}"))
	if len(diags) > 0 {
		t.Fatalf("Overlay:\n%s", diags)
	}
	out := []string{}
	for _, f := range check(compiled(t, text, a), a) {
		if string(f.Code) == code {
			out = append(out, fmt.Sprintf("%s %s: %s; %s", f.Severity, f.Object, f.Summary, f.Hint))
		}
	}
	return out
}

// TestLatencyBudgets: a budget is proved by measured round trips, and by
// estimated ones only at their high end.
func TestLatencyBudgets(t *testing.T) {
	hub := "connect: [{hub: az, spokes: [aw, gc]}]\n"
	mesh := "connect: [{mesh: [az, aw, gc]}]\n"
	tests := []struct {
		name, spec string
		want       []string
	}{
		{"between the ends of an estimate", hub + "policy: [{from: aw, to: gc, ports: [tcp/443], rtt: 8ms}]", []string{
			"warning aw--gc: aw to gc within 8 ms: not proved: estimated 5.0 to 10.2 ms; allow 10.2 ms, or measure it and accept this with what was measured",
		}},
		{"at the high end of an estimate", hub + "policy: [{from: aw, to: gc, ports: [tcp/443], rtt: 10.3ms}]", []string{}},
		{"below the low end of an estimate", hub + "policy: [{from: aw, to: gc, ports: [tcp/443], rtt: 4.9ms}]", []string{
			"warning aw--gc: aw to gc within 4.9 ms: the way takes 5.0 to 10.2 ms; allow the time that it takes",
		}},
		{"a measured way that is too long", mesh + "policy: [{from: aw, to: gc, ports: [tcp/443], rtt: 14ms}]", []string{
			"warning aw--gc: aw to gc within 14 ms: the way takes 14.5 ms; allow the time that it takes",
		}},
		{"a measured way", mesh + "policy: [{from: aw, to: gc, ports: [tcp/443], rtt: 15ms}]", []string{}},
		{"no budget", mesh + "policy: [{from: aw, to: gc, ports: [tcp/443]}]", []string{
			"note policy[0]: the rule from aw to gc joins sites and has no latency budget; add rtt, for example rtt: 23ms",
		}},
		{"no budget and no way for one of two sites", "connect: [{link: [aw, gc]}]\npolicy: [{from: aw, to: [gc, az], ports: [tcp/443]}]", []string{
			"note policy[0]: the rule from aw to gc, az joins sites and has no latency budget; add rtt",
		}},
		{"several rules without a budget", mesh + "policy: [{from: aw, to: gc, ports: [tcp/443]}, {from: gc, to: aw, ports: [tcp/443]}]", []string{
			"note three: 2 rules join sites and have no latency budget; add rtt, for example rtt: 23ms",
		}},
		{"two pairs of sites of one rule", mesh + "policy: [{from: az, to: [aw, gc], ports: [tcp/443], rtt: 4ms}]", []string{
			"warning policy[0]: az to aw within 4 ms: not proved: estimated 2.2 to 4.4 ms, and 1 more pair of sites; allow 4.4 ms, or measure it and accept this with what was measured",
		}},
		{"one of them named by a waiver", mesh + "policy: [{from: az, to: [aw, gc], ports: [tcp/443], rtt: 4ms}]\n" +
			"audit: {waivers: [{rule: TL2014, for: az--gc, reason: measured 2 ms}]}", []string{
			"warning aw--az: az to aw within 4 ms: not proved: estimated 2.2 to 4.4 ms; allow 4.4 ms, or measure it and accept this with what was measured",
			"warning az--gc: az to gc within 4 ms: not proved: estimated 2.9 to 5.8 ms; allow 5.8 ms, or measure it and accept this with what was measured",
		}},
	}
	far := strings.Replace(clouds, "westus2", "eastus", 1) + hub + "policy: [{from: aw, to: gc, ports: [tcp/443], rtt: 20ms}]\n"
	if got := said(t, "TL2014", far); len(got) != 1 || !strings.HasSuffix(got[0], "; allow the time that it takes; a link between aw and gc would take 14.5 ms") {
		t.Errorf("TL2014 of a detour = %q, want the shorter way", got)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, said(t, "TL2014", clouds+strings.TrimSpace(tt.spec)+"\n")); diff != "" {
				t.Errorf("TL2014 (-want +got):\n%s", diff)
			}
		})
	}
}
