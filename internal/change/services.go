package change

import (
	"slices"

	"github.com/tieline/tieline/internal/vocab"
)

// minus gives what of one set of services is not in another, as few ranges as
// say it, sorted. Every port is all ports of a protocol.
func minus(a, b []vocab.Service) []vocab.Service {
	var out []vocab.Service
	for _, s := range a {
		lo, hi := span(s)
		left := [][2]int{{lo, hi}}
		for _, t := range b {
			if t.Proto != s.Proto && t.Proto != vocab.AnyProto {
				continue
			}
			tlo, thi := span(t)
			if t.Proto == vocab.AnyProto {
				tlo, thi = 0, maxPort
			}
			left = cut(left, tlo, thi)
		}
		for _, p := range left {
			out = append(out, vocab.Service{Proto: s.Proto, Ports: portRange(s.Proto, p)})
		}
	}
	return join(out)
}

const maxPort = 1<<16 - 1

// span gives a service's ports; protocols without ports have all.
func span(s vocab.Service) (lo, hi int) {
	if s.Ports.IsAny() {
		return 0, maxPort
	}
	return int(s.Ports.First), int(s.Ports.Last)
}

func portRange(p vocab.Proto, r [2]int) vocab.PortRange {
	if !p.HasPorts() || r[0] == 0 && r[1] == maxPort {
		return vocab.PortRange{}
	}
	return vocab.PortRange{First: uint16(r[0]), Last: uint16(r[1])}
}

// cut takes the ports from lo to hi out of sorted ranges.
func cut(ranges [][2]int, lo, hi int) [][2]int {
	var out [][2]int
	for _, r := range ranges {
		if hi < r[0] || lo > r[1] {
			out = append(out, r)
			continue
		}
		if r[0] < lo {
			out = append(out, [2]int{r[0], lo - 1})
		}
		if r[1] > hi {
			out = append(out, [2]int{hi + 1, r[1]})
		}
	}
	return out
}

// join sorts services and puts neighbouring ranges together.
func join(in []vocab.Service) []vocab.Service {
	slices.SortFunc(in, vocab.Service.Compare)
	var out []vocab.Service
	for _, s := range in {
		if n := len(out); n > 0 && out[n-1].Proto == s.Proto {
			lo, hi := span(out[n-1])
			slo, shi := span(s)
			if slo <= hi+1 {
				out[n-1].Ports = portRange(s.Proto, [2]int{lo, max(hi, shi)})
				continue
			}
		}
		out = append(out, s)
	}
	return out
}
