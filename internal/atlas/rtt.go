package atlas

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/vocab"
)

// RTT is a round-trip time between two places.
type RTT struct {
	MS       float64 // milliseconds
	Low      float64 // milliseconds: of an estimate the 10th percentile, of a measurement as MS
	High     float64 // milliseconds: of an estimate the 90th percentile, of a measurement as MS
	Measured bool    // in 2022 between the two regions; else estimated from the distance
	KM       float64 // great-circle distance
	Fact     Fact    // the measurement, or the factor of the estimate
}

// latencyTable holds the measured averages, NaN-free: zero is not measured.
type latencyTable struct {
	index map[string]int // "aws:us-west-2"
	ms    [][]float64
}

// parseLatency reads the matrix of measured round-trip times.
func parseLatency() latencyTable {
	b, err := data.ReadFile("data/latency-2022.csv")
	if err != nil {
		panic(err) // embedded
	}
	head, rest, _ := bytes.Cut(b, []byte("\n"))
	names := strings.Split(string(head), ",")[1:]
	t := latencyTable{index: make(map[string]int, len(names))}
	for i, n := range names {
		t.index[n] = i
	}
	for line := range strings.Lines(string(rest)) {
		cells := strings.Split(strings.TrimSpace(line), ",")[1:]
		row := make([]float64, len(names))
		for i, c := range cells {
			if c == "" {
				continue
			}
			if row[i], err = strconv.ParseFloat(c, 64); err != nil {
				panic("atlas data: latency-2022.csv: " + c)
			}
		}
		t.ms = append(t.ms, row)
	}
	return t
}

// lookup returns the round trip in either direction. Both must be equal in
// truth, so of two measurements the smaller is the less disturbed.
func (t latencyTable) lookup(from, to Place) float64 {
	i, ok1 := t.index[from.key()]
	j, ok2 := t.index[to.key()]
	if !ok1 || !ok2 {
		return 0
	}
	there, back := t.ms[i][j], t.ms[j][i]
	if there == 0 || back == 0 {
		return max(there, back)
	}
	return min(there, back)
}

func (p Place) key() string {
	if p.Cloud < vocab.AWS || p.Cloud > vocab.Azure {
		return ""
	}
	return p.Cloud.String() + ":" + p.Region
}

// RTT returns the round-trip time to expect between two places: the average
// measured in 2022 between their regions over public addresses, else the time
// of light in fibre over the great-circle distance, times the factor that the
// measured pairs show. Low and High bound an estimate by the 10th and the 90th
// percentile of that factor; inside a region, where nothing is measured, by
// nothing and the most of a metro. It is false when a place has no coordinates.
func (a *Atlas) RTT(from, to Place) (RTT, bool) {
	if from.IsZero() || to.IsZero() {
		return RTT{}, false
	}
	out := RTT{KM: Distance(from, to)}
	if from.Region != "" && from.Region == to.Region && from.Cloud == to.Cloud {
		out.Fact = a.mustFact("latency.region")
		out.MS, out.High = mustFloat(out.Fact.Value), mustFloat(a.mustFact("latency.metro_high").Value)
		return out, true
	}
	if ms := a.latency().lookup(from, to); ms > 0 {
		out.MS, out.Low, out.High, out.Measured = ms, ms, ms, true
		src := a.mustFact("latency.factor")
		out.Fact = Fact{
			ID: "latency.measured." + from.String() + "." + to.String(), Value: strconv.FormatFloat(ms, 'f', -1, 64), Unit: "ms",
			Scope: "virtual machines over public addresses", AsOf: src.AsOf, Source: src.Source, Mark: Verified,
		}
		return out, true
	}
	out.Fact = a.mustFact("latency.factor")
	fibre := a.FibreRTT(out.KM)
	estimate := func(metro, factor string) float64 {
		return max(mustFloat(a.mustFact(metro).Value), fibre*mustFloat(a.mustFact(factor).Value))
	}
	out.MS = estimate("latency.metro", "latency.factor")
	out.Low = estimate("latency.metro_low", "latency.factor_low")
	out.High = estimate("latency.metro_high", "latency.factor_high")
	return out, true
}

// FibreRTT returns the least round-trip time in milliseconds that light in
// fibre allows over a distance in kilometres.
func (a *Atlas) FibreRTT(km float64) float64 {
	return 2 * km / mustFloat(a.mustFact("latency.fibre_speed").Value)
}

// mustFloat reads a number of the embedded data.
func mustFloat(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic("atlas data: " + s + " is not a number")
	}
	return f
}
