package verify

import (
	"testing"

	"github.com/tieline/tieline/internal/fabric"
)

// The estate has six thousand places: all pairs are judged, in every class of
// headers.

func BenchmarkEstateNew(b *testing.B) {
	n, a := compiled(b, corpus[6].dir)
	b.ReportAllocs()
	for b.Loop() {
		New(n, a)
	}
}

func BenchmarkEstateAllPairs(b *testing.B) {
	n, a := compiled(b, corpus[6].dir)
	p := New(n, a)
	b.ReportAllocs()
	for b.Loop() {
		p.judge()
	}
}

func BenchmarkEstateFindings(b *testing.B) {
	n, a := compiled(b, corpus[6].dir)
	p := New(n, a)
	p.judged()
	b.ReportAllocs()
	for b.Loop() {
		p.report()
	}
}

func BenchmarkEstateFlow(b *testing.B) {
	n, a := compiled(b, corpus[6].dir)
	p := New(n, a)
	rule := &n.Policy[0]
	for _, bb := range []struct {
		name     string
		from, to fabric.PolicyEnd
	}{
		{"one machine", fabric.PolicyEnd{Prefixes: pfxs("10.4.144.10/32")}, fabric.PolicyEnd{Prefixes: pfxs("10.13.4.10/32")}},
		{"ends of a rule", rule.From[0], rule.To[0]},
	} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				p.Flow(bb.from, bb.to, rule.Services[0])
			}
		})
	}
}
