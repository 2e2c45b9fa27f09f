package view

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/tieline/tieline/internal/change"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// wide is a report whose names, fields and rules are longer than a line.
func wide() change.Report {
	var rules []string
	for i := range 9 {
		rules = append(rules, fmt.Sprintf("ingress allow tcp/443 udp/53 from 10.%d.0.0/20 10.%d.16.0/22", i, i))
	}
	link := fabric.LinkID("aws-frankfurt-production--azure-germany-west-central")
	resource := func(id string, f change.Field) change.Resource {
		return change.Resource{Cloud: vocab.Azure, Kind: "network security group", ID: id, Action: change.Modified, Fields: []change.Field{f}, Low: time.Minute, High: 3 * time.Minute}
	}
	return change.Report{
		New:        "wide",
		Links:      []change.LinkChange{{Link: link, Old: &change.LinkState{Kind: "VPN", Tunnels: 4, Capacity: 1250 * vocab.Mbps, RTT: 12}}},
		Interrupts: []change.Interrupt{{Link: link, Down: 1, Of: 4, Low: time.Minute, High: 3 * time.Minute, Causes: []string{string(link) + "/0 at azure-germany-west-central"}}},
		Resources: []change.Resource{
			resource("azure-germany-west-central/application/inference/nsg", change.Field{Name: "rules", Added: rules}),
			resource("aws-frankfurt/legacy/rt-existing-rtb-0abc123def4567890", change.Field{Name: "rules", Added: rules[:1], Removed: rules[1:2]}),
		},
	}
}

// TestDiffFits: no line is longer than the terminal is wide, and how long
// traffic stops is told at any width.
func TestDiffFits(t *testing.T) {
	for _, width := range []int{80, 100, 120} {
		out := ansi.Strip(printed(width, func(p *Printer) { p.Diff(wide()) }))
		for line := range strings.Lines(out) {
			if got := ansi.StringWidth(strings.TrimRight(line, "\n")); got > width {
				t.Errorf("a line of %d columns at %d: %s", got, width, line)
			}
		}
		if !strings.Contains(out, "STOPS FOR") || strings.Count(out, "1-3 min") != 3 {
			t.Errorf("Diff at %d columns does not say thrice that something stops for 1-3 min:\n%s", width, out)
		}
	}
}

// TestRulesAreNamed: a change of rules says which; of many it counts the rest.
func TestRulesAreNamed(t *testing.T) {
	x := wide().Resources
	few := fieldText(x[1].Fields[0])
	if want := "rules +ingress allow tcp/443 udp/53 from 10.0.0.0/20 10.0.16.0/22, -ingress allow tcp/443 udp/53 from 10.1.0.0/20 10.1.16.0/22"; few != want {
		t.Errorf("fieldText of two rules = %q, want %q", few, want)
	}
	many := fieldText(x[0].Fields[0])
	if !strings.HasPrefix(many, "rules +9 -0: +ingress allow tcp/443") || !strings.HasSuffix(many, "10.3.16.0/22 and 5 more") {
		t.Errorf("fieldText of nine rules = %q, want the number, four of them and the rest counted", many)
	}
}
