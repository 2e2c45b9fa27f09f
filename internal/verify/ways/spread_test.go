package ways

import (
	"slices"
	"testing"

	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/testkit/corpus"
)

// TestTrip: a way that goes over the cloud's own network between two sites
// takes the time between their regions.
func TestTrip(t *testing.T) {
	n, a := corpus.Compile(t, "../../testkit/networks/accounts") // main of GCP spans two regions, and reaches AWS by the far one
	tables := routes.New(n, a).Tables(nil)
	to, _ := n.Subnet("aws-frankfurt/shared/dns")
	ways, complete := tables.Trace(tables.TableOf("gcp-frankfurt/main/app", ""), to.Prefix.Addr().Next())
	if len(ways) != 1 || !complete || ways[0].Outcome != routes.Delivered {
		t.Fatalf("Trace(%s) = %v, want one way that delivers", to.Prefix, ways)
	}
	link, _ := n.Link("aws-frankfurt--gcp-finland")
	gap, _ := a.RTT(where(n, a, "gcp-frankfurt"), where(n, a, "gcp-finland"))
	if got, known := RoundTrip(tables, a, &ways[0], "aws-frankfurt"); got.MS != link.RTT+gap.MS || gap.MS == 0 || !known {
		t.Errorf("RoundTrip() = %+v, known %t, want %.1f ms over the link and %.1f before it", got, known, link.RTT, gap.MS)
	}
	// Replies come in by the far region, and go on to where the machine is.
	from, _ := n.Subnet("gcp-frankfurt/main/app")
	inside := from.Prefix.Addr().Next()
	back, _ := tables.Trace(tables.TableOf(to.ID, to.Parts[0].Zone), inside)
	if len(back) == 0 {
		t.Fatal("no way back")
	}
	for i := range back {
		end := tables.EndSite(&back[i], inside)
		if end != from.Site {
			t.Errorf("EndSite() = %q, want %q", end, from.Site)
		}
		want := link.RTT + gap.MS
		if !slices.Contains(Links(&back[i]), link.ID) {
			direct, _ := n.Link("aws-frankfurt--gcp-frankfurt")
			want = direct.RTT
		}
		if got, known := RoundTrip(tables, a, &back[i], end); got.MS != want || !known {
			t.Errorf("RoundTrip(back by %v) = %+v, known %t, want %.1f ms", Links(&back[i]), got, known, want)
		}
	}
}
