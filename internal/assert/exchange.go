package assert

import (
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/vocab"
)

// exchange says which places send each other packets that mean something:
// what a rule of the policy joins, and what gets through when nothing has
// failed, but for the ICMP that every filter passes so that path MTU discovery
// works (RFC 1191).
type exchange struct {
	r    *runner
	from [][]int32 // rules of the policy by the places that they are from, rising
	to   [][]int32 // and by those that they are to
	memo map[[2]int]bool
}

func newExchange(r *runner) *exchange {
	n := len(r.proof.Places())
	x := &exchange{r: r, from: make([][]int32, n), to: make([][]int32, n), memo: map[[2]int]bool{}}
	for i := range r.proof.Net.Policy {
		rule := &r.proof.Net.Policy[i]
		for _, p := range r.placesOf(rule.From) {
			x.from[p] = append(x.from[p], int32(i))
		}
		for _, p := range r.placesOf(rule.To) {
			x.to[p] = append(x.to[p], int32(i))
		}
	}
	return x
}

// placesOf lists the places of ends, each once.
func (r *runner) placesOf(ends []fabric.PolicyEnd) []int {
	var out []int
	for _, e := range ends {
		out = append(out, r.proof.PlacesOf(e)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// wanted reports whether a rule of the policy is from one place to another.
func (x *exchange) wanted(from, to int) bool {
	a, b := x.from[from], x.to[to]
	for len(a) > 0 && len(b) > 0 {
		switch {
		case a[0] < b[0]:
			a = a[1:]
		case a[0] > b[0]:
			b = b[1:]
		default:
			return true
		}
	}
	return false
}

// opens reports whether one place opens connections to another.
func (x *exchange) opens(from, to int) bool {
	if x.wanted(from, to) {
		return true
	}
	k := [2]int{from, to}
	if known, ok := x.memo[k]; ok {
		return known
	}
	is := slices.ContainsFunc(x.r.proof.Between(from, to), func(s vocab.Service) bool { return s.Proto != vocab.ICMP })
	x.memo[k] = is
	return is
}

// talk reports whether either of two places opens connections to the other.
func (x *exchange) talk(a, b int) bool { return x.opens(a, b) || x.opens(b, a) }
