package gcp

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/read/terraform/from/doc"
	"github.com/tieline/tieline/internal/vocab"
)

// readPolicies reads the route policies that a session names for one
// direction. It gives why not, where what they do cannot be decided.
func (r *reader) readPolicies(peer *doc.Resource, arg, kind string) (terms []fabric.RouteTerm, why string) {
	names := peer.Texts(arg)
	if peer.Unknown(arg) || peer.Set(arg) && len(names) == 0 {
		return nil, "which route policies its BGP session has is only known once applied"
	}
	var first []int // the policy of each term
	for i, name := range names {
		x := r.policyOf(peer, name[strings.LastIndexByte(name, '/')+1:])
		if x == nil {
			return nil, "the route policy " + name + " of its BGP session is not in the file or cannot be told"
		}
		list, why := policyTerms(x, kind)
		if why != "" {
			return nil, "the route policy " + title(x) + " of its BGP session " + why
		}
		for range list {
			first = append(first, i)
		}
		terms = append(terms, list...)
	}
	if !decided(terms, first) {
		return nil, "the route policies of its BGP session have terms for the same prefixes, whose order of evaluation is not modelled"
	}
	return terms, ""
}

// policyOf finds a policy of a session's router by its name.
func (r *reader) policyOf(peer *doc.Resource, name string) *doc.Resource {
	router := r.called(peer, peer.Block, "router", routerTypes)
	var fits []*doc.Resource
	for _, x := range r.src.Of("google_compute_router_route_policy") {
		l := r.called(x, x.Block, "router", routerTypes)
		if x.Text("name") == name && router.To != nil && l.To == router.To {
			fits = append(fits, x)
		}
	}
	if len(fits) != 1 {
		return nil
	}
	return fits[0]
}

// decided reports whether what terms do to each prefix is the same however
// many of those that match are taken. What follows a term that neither accepts
// nor drops is not documented, nor what follows an accepted route in the next
// policy.
func decided(terms []fabric.RouteTerm, policy []int) bool {
	for i := range terms {
		for k := i + 1; k < len(terms); k++ {
			ends := terms[i].End == fabric.DropRoute || terms[i].End == fabric.AcceptRoute && policy[i] == policy[k]
			// A term of communities may match or not: both are for all prefixes.
			if !ends && meet(terms[i].Match, terms[k].Match) {
				return false
			}
		}
	}
	return true
}

func meet(a, b []fabric.PrefixRange) bool {
	for _, x := range a {
		for _, y := range b {
			if x.Prefix.Overlaps(y.Prefix) {
				return true
			}
		}
	}
	return len(a) == 0 || len(b) == 0
}

// policyTerms reads the terms of a policy by priority.
func policyTerms(x *doc.Resource, kind string) ([]fabric.RouteTerm, string) {
	if t := x.Text("type"); t != kind {
		return nil, "is not of the type " + kind
	}
	type ranked struct {
		priority int
		term     fabric.RouteTerm
	}
	if x.Unknown("terms") {
		return nil, "has terms that are only known once applied"
	}
	var list []ranked
	for _, b := range x.Blocks("terms") {
		t := fabric.RouteTerm{Origin: x.Origin}
		m := b.First("match")
		if !readMatch(m.Text("expression"), &t) {
			return nil, "matches by an expression that is not understood"
		}
		actions := b.Blocks("actions")
		for i, a := range actions {
			if !readAction(a.Text("expression"), &t) || t.End != fabric.NextTerm && i < len(actions)-1 {
				return nil, "has an action that is not understood"
			}
		}
		if kind == exportPolicy && len(t.Communities) > 0 || kind == importPolicy && len(t.Attach) > 0 {
			return nil, "has communities in a way that is not understood"
		}
		list = append(list, ranked{b.Int("priority"), t})
	}
	slices.SortFunc(list, func(a, b ranked) int { return cmp.Compare(a.priority, b.priority) })
	out := make([]fabric.RouteTerm, len(list))
	for i := range list {
		if out[i] = list[i].term; i > 0 && list[i].priority == list[i-1].priority {
			return nil, "has terms of one priority"
		}
	}
	return out, ""
}

// The types of route policies.
const (
	importPolicy = "ROUTE_POLICY_TYPE_IMPORT"
	exportPolicy = "ROUTE_POLICY_TYPE_EXPORT"
)

// readMatch reads a condition of a route policy, which is written in CEL: any
// of conditions on the destination, or communities that must all be there (BGP
// route policy attribute reference). Others are not understood.
func readMatch(s string, t *fabric.RouteTerm) bool {
	s = strings.TrimSpace(s)
	if s == "true" {
		return true
	}
	if arg, ok := call(s, "communities.matchesEvery"); ok {
		list, ok := communities(arg)
		t.Communities = list
		return ok && len(list) > 0
	}
	for _, part := range strings.Split(s, "||") {
		part = strings.TrimSpace(part)
		if rest, ok := strings.CutPrefix(part, "destination =="); ok {
			p, ok := quotedPrefix(rest)
			if !ok {
				return false
			}
			t.Match = append(t.Match, fabric.PrefixRange{Prefix: p})
			continue
		}
		arg, ok := call(part, "destination.inAnyRange")
		if !ok || !readRanges(arg, t) {
			return false
		}
	}
	return true
}

// call takes the argument out of a call, which must be all of a text.
func call(s, name string) (string, bool) {
	s, ok := strings.CutPrefix(strings.TrimSpace(s), name+"(")
	s, closed := strings.CutSuffix(s, ")")
	depth := 0
	for _, c := range s {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth < 0 {
			return "", false
		}
	}
	return s, ok && closed && depth == 0
}

// elements are those of a list, or the one that is no list.
func elements(s string) []string {
	s = strings.TrimSpace(s)
	inner, ok := strings.CutPrefix(s, "[")
	inner, closed := strings.CutSuffix(inner, "]")
	if !ok || !closed {
		return []string{s}
	}
	var out []string
	depth, from := 0, 0
	for i, c := range inner {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				out = append(out, strings.TrimSpace(inner[from:i]))
				from = i + 1
			}
		}
	}
	return append(out, strings.TrimSpace(inner[from:]))
}

func readRanges(s string, t *fabric.RouteTerm) bool {
	for _, e := range elements(s) {
		body, ok := strings.CutPrefix(e, "prefix(")
		inner, method, closed := strings.Cut(body, ")")
		p, isPrefix := quotedPrefix(inner)
		if !ok || !closed || !isPrefix {
			return false
		}
		r := fabric.PrefixRange{Prefix: p, Least: p.Bits(), Top: p.Addr().BitLen()}
		switch {
		case method == "":
			r.Least, r.Top = 0, 0
		case method == ".orLonger()":
		case method == ".longer()":
			r.Least++
		default:
			n, ok := lengths(method)
			switch {
			case ok && strings.HasPrefix(method, ".upTo(") && len(n) == 1:
				r.Top = n[0]
			case ok && strings.HasPrefix(method, ".lengthRange(") && len(n) == 2:
				r.Least, r.Top = n[0], n[1]
			default:
				return false
			}
			if r.Top < 1 || r.Top > p.Addr().BitLen() || r.Least < p.Bits() || r.Least > r.Top {
				return false
			}
		}
		t.Match = append(t.Match, r)
	}
	return true
}

// lengths are the numbers that a method is called with.
func lengths(method string) ([]int, bool) {
	_, args, _ := strings.Cut(method, "(")
	args, ok := strings.CutSuffix(args, ")")
	var out []int
	for _, a := range strings.Split(args, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(a))
		if err != nil {
			return nil, false
		}
		out = append(out, n)
	}
	return out, ok
}

func quoted(s string) (string, bool) {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '\'' && s[0] != '"' || strings.ContainsAny(s[1:len(s)-1], `'"\`) {
		return "", false
	}
	return s[1 : len(s)-1], true
}

func quotedPrefix(s string) (netip.Prefix, bool) {
	s, ok := quoted(s)
	p, err := netip.ParsePrefix(s)
	return p, ok && err == nil && p == p.Masked()
}

func communities(s string) ([]fabric.Community, bool) {
	var out []fabric.Community
	for _, e := range elements(s) {
		text, ok := quoted(e)
		c, err := fabric.ParseCommunity(text)
		if !ok || err != nil {
			return nil, false
		}
		out = append(out, c)
	}
	return out, true
}

// readAction reads one action of a term. A route that Cloud Router announces
// has no communities of its own, so that setting them is adding them.
func readAction(s string, t *fabric.RouteTerm) bool {
	s = strings.TrimSpace(s)
	switch s {
	case "accept()":
		t.End = fabric.AcceptRoute
		return true
	case "drop()":
		t.End = fabric.DropRoute
		return true
	}
	for _, name := range []string{"communities.add", "communities.replaceAll"} {
		if arg, ok := call(s, name); ok {
			list, ok := communities(arg)
			once := len(t.Attach) == 0
			t.Attach = list
			return ok && once
		}
	}
	if arg, ok := call(s, "asPath.prependSequence"); ok && len(t.Prepend) == 0 {
		for _, e := range elements(arg) {
			n, err := vocab.ParseASN(e)
			if err != nil {
				return false
			}
			t.Prepend = append(t.Prepend, n)
		}
		return true
	}
	for _, name := range []string{"med.set", "med.add"} {
		if arg, ok := call(s, name); ok && !t.SetMED && t.MED == 0 {
			n, err := strconv.Atoi(strings.TrimSpace(arg))
			t.SetMED, t.MED = name == "med.set", n
			return err == nil && n >= 0
		}
	}
	return false
}
