package routes_test

import (
	"math/rand/v2"
	"net/netip"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/routes"
)

// differ compares all that two sets of tables say, and describes the first
// difference. Sets of routes that tables share are compared once.
type differ map[[2]*routes.Routes]string

func (d differ) routes(want, got *routes.Routes) string {
	key := [2]*routes.Routes{want, got}
	if diff, ok := d[key]; ok {
		return diff
	}
	diff := ""
	if !reflect.DeepEqual(want.All(), got.All()) {
		diff = cmp.Diff(want.All(), got.All(), prefixes)
	}
	d[key] = diff
	return diff
}

var prefixes = cmp.Comparer(func(a, b netip.Prefix) bool { return a == b })

func difference(want, got *routes.Tables) string {
	d := differ{}
	for i := range want.Tables {
		w, g := &want.Tables[i], &got.Tables[i]
		if diff := d.routes(w.Own, g.Own); diff != "" {
			return "own routes of " + string(w.ID) + ":\n" + diff
		}
		if diff := d.routes(w.Learned, g.Learned); diff != "" {
			return "learned routes of " + string(w.ID) + ":\n" + diff
		}
		if diff := cmp.Diff(w.LearnedHop, g.LearnedHop); diff != "" {
			return "way to the gateway of " + string(w.ID) + ":\n" + diff
		}
	}
	if !reflect.DeepEqual(want.Sessions, got.Sessions) {
		return "sessions:\n" + cmp.Diff(want.Sessions, got.Sessions)
	}
	if !reflect.DeepEqual(want.Events, got.Events) {
		return "events:\n" + cmp.Diff(want.Events, got.Events, prefixes)
	}
	return ""
}

// TestSharedEqualsWhole: the tables after a failure, which share what the
// failure does not touch with the healthy ones, are those that the whole
// computation gives; every single failure and random pairs.
func TestSharedEqualsWhole(t *testing.T) {
	for name := range corpus {
		t.Run(name, func(t *testing.T) {
			n, a := load(t, name)
			p := routes.New(n, a)
			var failures []routes.Failure
			all := p.Parts()
			step := 1
			if name == "estate" {
				step = 97 // whole computations of it are slow
			}
			for i := 0; i < len(all); i += step {
				failures = append(failures, routes.NewFailure(all[i]))
			}
			r := rand.New(rand.NewPCG(1, 2))
			for range 8 {
				failures = append(failures, routes.NewFailure(all[r.IntN(len(all))], all[r.IntN(len(all))]))
			}
			for _, f := range failures {
				if diff := difference(p.Whole(f), p.Tables(f)); diff != "" {
					t.Fatalf("Tables(%v) differs from the whole computation (-whole +shared): %s", f, diff)
				}
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	n, a := load(b, "estate")
	b.ReportAllocs()
	for b.Loop() {
		routes.New(n, a)
	}
}

func BenchmarkTables(b *testing.B) {
	n, a := load(b, "estate")
	p := routes.New(n, a)
	for _, kind := range []routes.PartKind{routes.TunnelPart, routes.InstancePart, routes.LinkPart, routes.SitePart, routes.RegionPart, routes.CloudPart} {
		parts := p.Parts(kind)
		b.Run(kind.String(), func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				p.Tables(routes.NewFailure(parts[i%len(parts)]))
				i++
			}
		})
	}
}
