package assert

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// exchange says which places send each other packets that mean something:
// what gets through when nothing has failed, but for the ICMP that every
// filter passes so that path MTU discovery works (RFC 1191), where no rule of
// the policy asks for ICMP itself.
type exchange struct {
	r    *runner
	icmp []joined // what rules of ICMP join
	made bool
	memo map[[2]int]bool
}

type joined struct{ from, to []int }

// opens reports whether one place opens connections to another.
func (x *exchange) opens(from, to int) bool {
	k := [2]int{from, to}
	if known, ok := x.memo[k]; ok {
		return known
	}
	through := x.r.proof.Between(from, to)
	is := slices.ContainsFunc(through, func(s vocab.Service) bool { return s.Proto != vocab.ICMP }) || len(through) > 0 && x.asksICMP(from, to)
	x.memo[k] = is
	return is
}

// talk reports whether either of two places opens connections to the other.
func (x *exchange) talk(a, b int) bool { return x.opens(a, b) || x.opens(b, a) }

// asksICMP reports whether a rule of the policy has ICMP between two places.
func (x *exchange) asksICMP(from, to int) bool {
	if !x.made {
		x.made = true
		for i := range x.r.proof.Net.Policy {
			rule := &x.r.proof.Net.Policy[i]
			if slices.ContainsFunc(rule.Services, func(s vocab.Service) bool { return s.Proto == vocab.ICMP || s.Proto == vocab.AnyProto }) {
				x.icmp = append(x.icmp, joined{x.places(rule.From), x.places(rule.To)})
			}
		}
	}
	return slices.ContainsFunc(x.icmp, func(j joined) bool { return slices.Contains(j.from, from) && slices.Contains(j.to, to) })
}

func (x *exchange) places(ends []fabric.PolicyEnd) []int {
	var out []int
	for _, e := range ends {
		out = append(out, x.r.proof.PlacesOf(e)...)
	}
	return out
}
