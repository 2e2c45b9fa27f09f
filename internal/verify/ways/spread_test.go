package ways

import (
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
	if got := TripOf(tables, a, &ways[0], "aws-frankfurt"); got.MS != link.RTT+gap.MS || gap.MS == 0 || !got.Known {
		t.Errorf("TripOf() = %+v, want %.1f ms over the link and %.1f before it", got, link.RTT, gap.MS)
	}
}
