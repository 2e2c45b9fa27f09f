package price

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// naive prices whole units one by one.
func naive(tiers []atlas.Tier, free, quantity int) float64 {
	sum := 0.0
	for i := range quantity {
		if i < free {
			continue
		}
		for _, t := range tiers {
			if t.UpTo == 0 || float64(i-free) < t.UpTo {
				sum += t.Unit.Float()
				break
			}
		}
	}
	return sum
}

func TestGradedAgainstNaive(t *testing.T) {
	a := atlas.Default()
	r := rand.New(rand.NewPCG(1, 2))
	for _, c := range []struct {
		item   atlas.PriceItem
		region string
	}{
		{atlas.PriceAWSEgressInternet, "us-west-2"},
		{atlas.PriceAWSEgressInternet, "ap-southeast-3"},
		{atlas.PriceGCPEgressInternet, "europe-west3"},
		{atlas.PriceAzureEgressInternet, "brazilsouth"},
	} {
		pr, ok := a.Price(c.item, atlas.PriceScope{Region: c.region})
		if !ok {
			t.Fatalf("Price(%v, %v) is not there", c.item, c.region)
		}
		for range 20 {
			q := 1 + r.IntN(200_000)
			given := r.IntN(300)
			got := cost(graded(pr, float64(q), float64(q), float64(given))).Float()
			if want := naive(pr.Tiers, given, q); math.Abs(got-want) > 1e-4 {
				t.Fatalf("graded(%s, %d, free %d) costs %v, want %v", pr.Fact.ID, q, given, got, want)
			}
		}
	}
}

// randomFlows gives up to eight flows between random places of the triangle.
func randomFlows(r *rand.Rand) []fabric.Flow {
	ids := []fabric.SiteID{"aws", "azure", "gcp"}
	var out []fabric.Flow
	for range 1 + r.IntN(8) {
		v := vocab.Volume(math.Exp(r.Float64()*16)) * vocab.MB
		x, y := ids[r.IntN(3)], ids[r.IntN(3)]
		switch {
		case x == y && r.IntN(2) == 0:
			out = append(out, fabric.Flow{From: web(x), To: internet, Monthly: v})
		case x == y:
			out = append(out, inside(x, v))
		default:
			out = append(out, move(v, x, y))
		}
	}
	return out
}

func TestComputeProperties(t *testing.T) {
	a := atlas.Default()
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		n := triangle(randomFlows(r)...)
		b := compute(n)
		if d := cmp.Diff(b, compute(n)); d != "" {
			t.Fatalf("Compute twice differs:\n%s", d)
		}
		for name, groups := range map[string][]Group{"ByLink": b.ByLink, "BySite": b.BySite, "ByCloud": b.ByCloud, "ByItem": b.ByItem} {
			var sum vocab.USD
			for _, g := range groups {
				sum += g.Amount
				if g.Fixed+g.Traffic != g.Amount {
					t.Fatalf("%s %q: fixed %v + traffic %v is not %v", name, g.Key, g.Fixed, g.Traffic, g.Amount)
				}
			}
			if sum != b.Total {
				t.Fatalf("%s adds up to %v, want %v", name, sum, b.Total)
			}
		}
		var flows vocab.USD
		for _, f := range b.Flows {
			flows += f.Amount
		}
		if flows != b.Traffic || b.Fixed+b.Traffic != b.Total {
			t.Fatalf("flows %v, traffic %v, fixed %v, total %v do not add up", flows, b.Traffic, b.Fixed, b.Total)
		}
		checkPools(t, b, a)
		i := r.IntN(len(n.Flows))
		n.Flows[i].Monthly *= 2
		if more := compute(n); more.Total < b.Total {
			t.Fatalf("doubling flow %d of %+v lowers the bill from %v to %v", i, n.Flows, b.Total, more.Total)
		}
	}
}

// checkPools prices the sum of each graded price's lines as a whole: it must
// be what the lines have, to the billionth.
func checkPools(t *testing.T, b Bill, a *atlas.Atlas) {
	t.Helper()
	whole, class, amount := map[vocab.Cloud]float64{}, map[string]float64{}, map[string]vocab.USD{}
	var firsts []Line
	for _, l := range linesOf(b, "internet egress") {
		if class[l.FactID] == 0 {
			firsts = append(firsts, l)
		}
		whole[l.Cloud] += l.Quantity
		class[l.FactID] += l.Quantity
		amount[l.FactID] += l.Amount
		var tiers vocab.USD
		for _, x := range l.Tiers {
			tiers += x.Amount
		}
		if tiers != l.Amount {
			t.Fatalf("tiers of %s add up to %v, want %v", l.Object, tiers, l.Amount)
		}
	}
	for _, l := range firsts {
		s := site("x", map[vocab.Cloud]string{vocab.AWS: "us-west-2", vocab.GCP: "us-west1", vocab.Azure: "westus2"}[l.Cloud], l.Cloud)
		pr, _ := a.Price(l.Price, at(s))
		want := cost(graded(pr, class[l.FactID], whole[l.Cloud], free(a, l.Cloud)))
		if got := amount[l.FactID]; got != want {
			t.Fatalf("lines of %s add up to %v, want %v", l.FactID, int64(got), int64(want))
		}
	}
}
