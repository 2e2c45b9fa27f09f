// Package why finds where a value of a compiled network comes from: in the
// reasons that the compiler left, in the rules of filters, in the positions
// of the bill. It takes what a person typed and gives answers, the closest
// kind of match only; it prints nothing and reads nothing.
package why

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/prefix"
	"github.com/tieline/tieline/internal/price"
)

// Found is what is known of something.
type Found struct {
	Asked   string
	Answers []Answer
	Near    []string              // when there are no answers: what may have been meant
	Quotes  map[diag.Pos]string   // text of the lines at Places, filled by the caller
	Facts   map[string]atlas.Fact // those that the steps name
}

// Answer says why one value is what it is.
type Answer struct {
	Object string
	Field  string
	Value  string
	Note   string // how it has to do with what was asked: "holds 10.8.0.5"
	Steps  []fabric.Step
}

// mostNear is how many near names are offered.
const mostNear = 6

// Find answers what x is, or what the field of x is: an exact value or id
// before the end of an id, before a part of a value, before a prefix that
// holds the address x.
func Find(n *fabric.Network, a *atlas.Atlas, b price.Bill, x, field string) Found {
	f := Found{Asked: x, Facts: map[string]atlas.Fact{}}
	x = strings.TrimSpace(x)
	all := everything(n, b)
	if field != "" {
		all = slices.DeleteFunc(all, func(c Answer) bool { return c.Field != field })
	}
	for _, match := range []func(Answer) bool{
		func(c Answer) bool { return c.Value == x || c.Object == x },
		func(c Answer) bool { return strings.HasSuffix(c.Object, "/"+x) },
		func(c Answer) bool { return hasWord(c.Value, x) },
		func(c Answer) bool { return c.Field == x },
		func(c Answer) bool {
			return len(x) >= 3 && strings.Contains(strings.ToLower(c.Object), strings.ToLower(x))
		},
	} {
		for _, c := range all {
			if match(c) {
				f.Answers = append(f.Answers, c)
			}
		}
		if len(f.Answers) > 0 {
			break
		}
	}
	if p, ok := asPrefix(x); ok {
		f.Answers = append(f.Answers, holding(all, p, len(f.Answers) > 0)...)
	}
	f.Answers = distinct(f.Answers)
	if fact, ok := a.Fact(x); ok && len(f.Answers) == 0 {
		f.Answers = []Answer{{Object: x, Field: "fact", Value: fact.Value, Steps: []fabric.Step{{Text: "a fact of the built-in data or of a file of yours", Facts: []string{x}}}}}
	}
	for _, c := range f.Answers {
		for _, s := range c.Steps {
			for _, id := range s.Facts {
				if fact, ok := a.Fact(id); ok {
					f.Facts[id] = fact
				}
			}
		}
	}
	if len(f.Answers) == 0 {
		f.Near = near(all, x)
	}
	return f
}

// Places returns the places of the spec that the answers name, sorted.
func (f Found) Places() []diag.Pos {
	var out []diag.Pos
	for _, c := range f.Answers {
		for _, s := range c.Steps {
			if s.Pos.Line > 0 {
				out = append(out, s.Pos)
			}
		}
	}
	slices.SortFunc(out, diag.Pos.Compare)
	return slices.Compact(out)
}

// everything lists what can be asked for.
func everything(n *fabric.Network, b price.Bill) []Answer {
	var out []Answer
	for _, r := range n.Reasons {
		if _, ok := n.Filter(fabric.FilterID(r.Object)); ok {
			continue // below, by the rule's name
		}
		out = append(out, Answer{Object: r.Object, Field: r.Field, Value: r.Value, Steps: r.Steps})
	}
	out = append(out, stated(n)...)
	out = append(out, rules(n)...)
	for _, l := range b.Lines {
		out = append(out, billed(l))
	}
	return out
}

// stated gives what stands in the spec itself and so has no other reason.
func stated(n *fabric.Network) []Answer {
	var out []Answer
	add := func(id, field, value string, o fabric.Origin) {
		out = append(out, Answer{Object: id, Field: field, Value: value, Steps: []fabric.Step{{Text: "stated in the spec", Pos: o.Pos}}})
	}
	for _, r := range n.Reserved {
		add(cmp.Or(r.For, "reserved"), "reserved", r.Prefix.String(), r.Origin)
	}
	for _, s := range n.Sites {
		if s.Region != "" {
			add(string(s.ID), "region", s.Region, s.Meta.Origin)
		}
		if !s.Cloud.IsPublic() {
			for _, p := range s.Prefixes {
				add(string(s.ID), "cidr", p.String(), s.Meta.Origin)
			}
		}
	}
	for _, v := range n.VPCs {
		if v.Existing == "" {
			continue
		}
		add(string(v.ID), "existing", v.Existing, v.Meta.Origin)
		for _, p := range v.Prefixes {
			add(string(v.ID), "cidr", p.String(), v.Meta.Origin)
		}
	}
	for _, l := range n.Links {
		text := "joined by connect"
		if l.Transit != "" {
			text += fmt.Sprintf(", through the hub %s", l.Transit)
		}
		out = append(out, Answer{Object: string(l.ID), Field: "link", Value: l.Kind.String(), Steps: []fabric.Step{{Text: text, Pos: l.Origin.Pos}}})
	}
	return out
}

// rules gives the rules of filters by their native names, with the reasons
// that the compiler left of them.
func rules(n *fabric.Network) []Answer {
	type key struct{ filter, rule string }
	reasons := make(map[key]fabric.Reason, len(n.Reasons))
	for _, r := range n.Reasons {
		reasons[key{r.Object, r.Field}] = r
	}
	var out []Answer
	for _, f := range n.Filters {
		for _, r := range f.Rules {
			why := reasons[key{string(f.ID), r.Name}]
			out = append(out, Answer{Object: string(f.ID), Field: "rule", Value: r.Name, Note: f.Kind.String() + ": " + why.Value, Steps: why.Steps})
		}
	}
	return out
}

// billed gives a position of the bill.
func billed(l price.Line) Answer {
	text := fmt.Sprintf("%s %s × %s USD = %s USD a month", quantity(l.Quantity), l.Unit, l.UnitPrice.Unit(), l.Amount)
	if len(l.Tiers) > 1 {
		text = fmt.Sprintf("%s %s over %d price tiers = %s USD a month", quantity(l.Quantity), l.Unit, len(l.Tiers), l.Amount)
	}
	steps := []fabric.Step{{Text: text, Facts: []string{l.FactID}, Pos: l.Origin.Pos}}
	if l.Note != "" {
		steps = append(steps, fabric.Step{Text: l.Note})
	}
	return Answer{Object: l.Object, Field: "price", Value: l.Item, Note: string(l.Price), Steps: steps}
}

func quantity(q float64) string {
	if q == float64(int64(q)) {
		return fmt.Sprint(int64(q))
	}
	return fmt.Sprintf("%.2f", q)
}

// hasWord reports whether x stands in value between characters that are no
// part of a word.
func hasWord(value, x string) bool {
	if len(x) < 2 {
		return false
	}
	for at := 0; ; {
		i := strings.Index(value[at:], x)
		if i < 0 {
			return false
		}
		i += at
		if boundary(value, i-1) && boundary(value, i+len(x)) {
			return true
		}
		at = i + 1
	}
}

func boundary(s string, i int) bool {
	return i < 0 || i >= len(s) || strings.IndexByte(" ,-[]()/:", s[i]) >= 0
}

// asPrefix reads an address or a prefix.
func asPrefix(x string) (netip.Prefix, bool) {
	if p, err := netip.ParsePrefix(x); err == nil {
		return p.Masked(), true
	}
	if a, err := netip.ParseAddr(x); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), true
	}
	return netip.Prefix{}, false
}

// holding returns the prefixes that hold p, the longest first. With above, p
// itself is answered already and only what it was allocated from is wanted.
func holding(all []Answer, p netip.Prefix, above bool) []Answer {
	type held struct {
		answer Answer
		bits   int
	}
	var list []held
	for _, c := range all {
		q, err := netip.ParsePrefix(c.Value)
		if err != nil || !prefix.Covers(q, p) || q == p {
			continue
		}
		c.Note = "holds " + p.String()
		if p.IsSingleIP() {
			c.Note = "holds " + p.Addr().String()
		}
		if above {
			c.Note = "above it"
		}
		list = append(list, held{c, q.Bits()})
	}
	slices.SortStableFunc(list, func(x, y held) int { return cmp.Compare(y.bits, x.bits) })
	out := make([]Answer, 0, len(list))
	for _, h := range list {
		out = append(out, h.answer)
	}
	return out
}

// distinct leaves out what says the same of the same.
func distinct(list []Answer) []Answer {
	type key struct{ object, field, value string }
	seen := map[key]bool{}
	var out []Answer
	for _, c := range list {
		k := key{c.Object, c.Field, c.Value}
		if c.Field != "price" && seen[k] {
			continue
		}
		seen[k] = true
		out = append(out, c)
	}
	return out
}

// near returns what may have been meant by x.
func near(all []Answer, x string) []string {
	var names []string
	for _, c := range all {
		names = append(names, c.Object, c.Value)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	var out []string
	if n := diag.DidYouMean(x, names); n != "" {
		out = append(out, n)
	}
	if p, ok := asPrefix(x); ok {
		for _, n := range names {
			if q, err := netip.ParsePrefix(n); err == nil && q.Overlaps(p) {
				out = append(out, n)
			}
		}
	}
	for size := len(x); size >= 3 && len(out) < mostNear; size-- {
		for _, n := range names {
			if strings.Contains(n, x[:size]) && !slices.Contains(out, n) {
				out = append(out, n)
			}
		}
		if len(out) > 0 {
			break
		}
	}
	return out[:min(len(out), mostNear)]
}
