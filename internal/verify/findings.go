package verify

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/verify/finding"
)

// Findings says what is wrong with the healthy network: policy that does not
// work, what gets through without policy, what the control plane does that
// nobody asked for. One cause is one finding, with one witness. Sorted: errors
// first, then by place.
func (p *Proof) Findings() []Finding { return slices.Clone(p.found()) }

// reporter collects findings.
type reporter struct {
	p    *Proof
	out  []Finding
	hole int // ways that end in a table that drops them
}

func (p *Proof) report() []Finding {
	r := &reporter{p: p}
	j := p.judged()
	if p.Net.PolicyStated() {
		r.misses(j)
		r.noWays()
		r.holes()
	}
	r.leaks(j)
	r.ways()
	r.events()
	r.loops()
	r.unread()
	r.edges()
	slices.SortStableFunc(r.out, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Severity, b.Severity), a.Pos.Compare(b.Pos), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Summary, b.Summary))
	})
	return slices.CompactFunc(r.out, func(a, b Finding) bool {
		return a.Severity == b.Severity && a.Pos == b.Pos && a.Summary == b.Summary && a.Object == b.Object
	})
}

// add files a finding under its rule.
func (r *reporter) add(code diag.Code, pos diag.Pos, object string, w *Witness, format string, args ...any) *Finding {
	rule := finding.RuleOf(code)
	r.out = append(r.out, Finding{
		Diagnostic: diag.Diagnostic{Pos: pos, Severity: rule.Severity, Code: code, Summary: fmt.Sprintf(format, args...), Source: rule.Source},
		Object:     object, Witness: w,
	})
	return &r.out[len(r.out)-1]
}

// blame is one cause of what does not work.
type blame struct {
	rule   int // index into Net.Policy, or ofSubnet, ofEndpoint, ofInternet
	code   diag.Code
	object string // filter or table
	name   string // of the filter's rule
	place  string // of ofSubnet and ofEndpoint
}

// blamed is what one cause does.
type blamed struct {
	blame
	pairs   int
	witness *Witness
	step    Step
	from    string
	to      string
	origin  fabric.Origin
}

// severalCauses is how many causes of one rule are told one by one.
const severalCauses = 5

// misses reports what must work and does not.
func (r *reporter) misses(j *judgement) {
	p := r.p
	index := map[blame]int{}
	var list []blamed
	for _, k := range sortedKeys(j.misses) {
		t := j.misses[k]
		pk := p.sample(t.class, t.from, t.to, anything[0])
		if t.from == t.to {
			pk.Dst = p.other(&p.units[t.to], pk.Src)
		}
		w := p.witness(pk, spot{t.from, pk.Src}, spot{t.to, pk.Dst}, true)
		x := blamed{witness: w, step: lastStep(w), from: p.placeID(t.from), to: p.placeID(t.to), pairs: t.pairs}
		x.rule = ofSubnet
		if k.want >= 0 {
			x.rule, x.origin = p.meaning.wants[k.want].rule, p.meaning.wants[k.want].origin
		} else if s := p.behind[p.units[t.from].place].subnet; s != nil {
			x.origin = s.Meta.Origin
		}
		x.object, x.name, x.code = x.step.Object, x.step.Rule, r.codeOf(k, t)
		if x.rule < 0 {
			x.place = x.from // each subnet is a cause of its own
		}
		if x.code == finding.Unjoined {
			x.object, x.name = "", ""
		}
		i, ok := index[x.blame]
		if !ok {
			index[x.blame] = len(list)
			list = append(list, x)
			continue
		}
		list[i].pairs += x.pairs
	}
	r.tell(list)
}

// codeOf gives the code of a cause.
func (r *reporter) codeOf(k miss, t *score) diag.Code {
	p := r.p
	u, v := &p.units[t.from], &p.units[t.to]
	if k.unknown {
		return finding.NotKnown
	}
	rule := ofSubnet
	if k.want >= 0 {
		rule = p.meaning.wants[k.want].rule
	}
	switch {
	case rule == ofSubnet:
		return finding.Within
	case rule == ofEndpoint:
		return finding.Service
	case k.stage == leaving || k.stage == arriving:
		return finding.Blocked
	case !p.joins(p.places[u.place].Site, p.places[v.place].Site):
		return finding.Unjoined
	case k.stage == forwarding && p.courses.out[t.from].maybe.Has(t.to), k.stage == returning && p.courses.back[t.from].maybe.Has(t.to):
		return finding.SomeWays
	}
	return finding.Unrouted
}

// tell writes the causes, those of one rule as one finding when they are many.
func (r *reporter) tell(list []blamed) {
	type key struct {
		rule int
		code diag.Code
	}
	count := map[key]int{}
	for i := range list {
		count[key{list[i].rule, list[i].code}]++
	}
	merged := map[key]*Finding{}
	for i := range list {
		x := &list[i]
		k := key{x.rule, x.code}
		if f := merged[k]; f != nil {
			continue
		}
		subject := "policy does not work: "
		switch {
		case x.rule == ofSubnet:
			subject = "inside a subnet not all works: "
		case x.rule == ofInternet:
			subject = "the way to the internet does not work: "
		case x.rule == ofEndpoint:
			subject = "the endpoint is not reached: "
		case x.code == finding.Unjoined:
			subject = "policy speaks of sites that no link joins: "
		case x.code == finding.NotKnown:
			subject = "whether policy works is unknown: "
		}
		text := fmt.Sprintf("%s%s from %s to %s %s", subject, serviceOf(x.witness.Packet), x.from, x.to, r.because(x))
		object := x.object
		if x.code == finding.Unjoined {
			object = x.from // what a waiver can name
		}
		if n := count[k]; n > severalCauses {
			text += fmt.Sprintf(" (and %d more such causes)", n-1)
		} else {
			text += others(x.pairs)
		}
		f := r.add(x.code, x.origin.Pos, object, x.witness, "%s", text)
		f.Hint = hintOf(x.code)
		if x.step.Origin.Pos.IsValid() && x.step.Origin.Pos != f.Pos {
			f.Related = append(f.Related, diag.Related{Pos: x.step.Origin.Pos, Message: "what decides is from here"})
		}
		if count[k] > severalCauses {
			merged[k] = f
		}
	}
}

// because says in words where the witness ends.
func (r *reporter) because(x *blamed) string {
	back := ""
	if x.witness.Return != nil {
		back = "gets no reply: "
	}
	switch x.step.Kind {
	case FilterStep:
		verb := "is blocked: "
		if back != "" {
			verb = back
		}
		if x.step.Rule != "" {
			return fmt.Sprintf("%s%s %s (rule %s)", verb, x.step.Object, x.step.What, x.step.Rule)
		}
		return fmt.Sprintf("%s%s %s", verb, x.step.Object, x.step.What)
	case TableStep, CrossStep, NATStep, ArriveStep:
		if back == "" {
			back = "has no way: "
		}
		return fmt.Sprintf("%stable %s: %s", back, x.step.Object, x.step.What)
	case UnknownStep:
	}
	return fmt.Sprintf("depends on %s: %s", x.step.Object, x.step.What)
}

// origin gives the position of the line behind a place.
func (p *Proof) origin(place int) diag.Pos { return p.line(place).Pos }

// line gives the line behind a place: its subnet's, network's or site's.
func (p *Proof) line(place int) fabric.Origin {
	b := &p.behind[place]
	if b.subnet != nil {
		return b.subnet.Meta.Origin
	}
	if b.vpc != nil {
		return b.vpc.Meta.Origin
	}
	s, _ := p.Net.Site(p.places[place].Site)
	return s.Meta.Origin
}

// others says of how many cases one is shown.
func others(n int) string {
	if n <= 1 {
		return ""
	}
	return fmt.Sprintf(" (one of %d cases)", n)
}

func hintOf(code diag.Code) string {
	switch code {
	case finding.Blocked, finding.Within, finding.Service:
		return "let the filter that denies pass it, or take the rule back"
	case finding.Unrouted, finding.SomeWays:
		return "see the tables on the way: tieline path FROM TO SERVICE"
	case finding.Unjoined:
		return "join the sites under connect, or name the sites that are meant, as in site:segment"
	case finding.Leak:
		return "narrow the rule, or state in policy what is meant"
	case finding.Exposure:
		return "take the route to the internet gateway out of the subnet's table"
	case finding.NoWay:
		return "give the subnets internet: nat (or public for what comes in), or name those that have it"
	}
	return ""
}

// lastStep gives the step at which a witness ends.
func lastStep(w *Witness) Step {
	walk := &w.Forward
	if w.Return != nil {
		walk = w.Return
	}
	if len(walk.Steps) == 0 {
		return Step{}
	}
	return walk.Steps[len(walk.Steps)-1]
}

func (p *Proof) placeID(unit int) string { return p.places[p.units[unit].place].ID }

// joins reports whether links join two sites: directly, or through hubs whose
// spoke one of them is. Inside a site, or over a network that spans both,
// nothing needs to.
func (p *Proof) joins(a, b fabric.SiteID) bool {
	if a == b || a == "" || b == "" {
		return true
	}
	type at struct {
		site fabric.SiteID
		via  fabric.SiteID // the hub of the link it was reached by
	}
	queue := []at{{site: a}}
	seen := map[at]bool{queue[0]: true}
	for len(queue) > 0 {
		x := queue[0]
		queue = queue[1:]
		for i := range p.Net.Links {
			l := &p.Net.Links[i]
			if l.Sites[0] != x.site && l.Sites[1] != x.site {
				continue
			}
			other := l.Sites[0]
			if other == x.site {
				other = l.Sites[1]
			}
			// A site passes on what comes from its spokes, or goes to them.
			if x.site != a && x.via != x.site && l.Transit != x.site {
				continue
			}
			next := at{other, l.Transit}
			if seen[next] {
				continue
			}
			if other == b {
				return true
			}
			seen[next] = true
			queue = append(queue, next)
		}
	}
	return false
}

// noWays reports rules that cannot hold by what the spec itself says.
func (r *reporter) noWays() {
	for _, x := range r.p.meaning.never {
		rule := &r.p.Net.Policy[x.rule]
		if len(x.subnets) > 0 {
			what := "go out to the internet"
			if x.inbound {
				what = "are reached from the internet"
			}
			f := r.add(finding.NoWay, rule.Origin.Pos, string(x.subnets[0]), nil, "a rule says that machines of %s %s, and their internet key gives them no such way", subnetsText(x.subnets), what)
			f.Hint = hintOf(finding.NoWay)
		}
		if len(x.nowhere) > 0 {
			r.add(finding.Nowhere, rule.Origin.Pos, x.nowhere[0], nil, "no machine of the network has an address of %s, and the internet does not carry it", strings.Join(x.nowhere, ", "))
		}
	}
}

func subnetsText(list []fabric.SubnetID) string {
	const shown = 3
	var out []string
	for i, s := range list {
		if i == shown {
			return strings.Join(out, ", ") + fmt.Sprintf(" and %d more", len(list)-shown)
		}
		out = append(out, string(s))
	}
	return strings.Join(out, ", ")
}

// leakKey is one cause of what gets through without leave.
type leakKey struct {
	code   diag.Code
	filter fabric.FilterID
	name   string
	bare   int
}

// leaks reports what works and must not.
func (r *reporter) leaks(j *judgement) {
	p := r.p
	type seen struct {
		first leak
		score
	}
	index := map[leakKey]int{}
	var keys []leakKey
	var list []seen
	for _, k := range sortedKeys(j.leaks) {
		t := j.leaks[k]
		if !p.Net.PolicyStated() && !k.world {
			continue
		}
		id := leakKey{code: finding.Leak, bare: k.bare}
		if k.rule != nil {
			id.name = k.rule.Name
			if k.rule.Filter != nil {
				id.filter = k.rule.Filter.ID
			}
		}
		switch {
		case k.world && !k.unknown:
			id.code = finding.Exposure
		case k.unknown:
			id.code = finding.NotKnown
		case k.guard < 0 && k.bare == 0:
			id.code = finding.Unguarded
		case k.icmp:
			id = leakKey{code: finding.ICMP}
		}
		i, ok := index[id]
		if !ok {
			index[id] = len(list)
			list, keys = append(list, seen{k, *t}), append(keys, id)
			continue
		}
		list[i].pairs += t.pairs
	}
	for i, id := range keys {
		r.leak(id, list[i].first, list[i].score)
	}
}

func (r *reporter) leak(id leakKey, k leak, t score) {
	p := r.p
	pk := p.sample(t.class, t.from, t.to, anything[0])
	if t.from == t.to {
		pk.Dst = p.other(&p.units[t.to], pk.Src)
	}
	w := p.witness(pk, spot{t.from, pk.Src}, spot{t.to, pk.Dst}, false)
	var pos diag.Pos
	object := p.placeID(t.to)
	if k.rule != nil {
		if k.rule.Filter != nil {
			object, pos = string(k.rule.Filter.ID), k.rule.Filter.Meta.Origin.Pos
		}
		if k.rule.Rule != nil && k.rule.Rule.Origin.Pos.IsValid() {
			pos = k.rule.Rule.Origin.Pos
		}
	} else {
		pos = p.origin(p.units[t.to].place)
		if k.bare > 0 {
			object, pos = p.places[k.bare-1].ID, p.origin(k.bare-1)
		}
	}
	what := fmt.Sprintf("%s from %s to %s", serviceOf(pk), p.placeID(t.from), p.placeID(t.to))
	by := ""
	if k.rule != nil {
		by = fmt.Sprintf(": rule %s of %s lets it", k.rule.Name, object)
	}
	if k.bare > 0 {
		by = fmt.Sprintf(": no filter stands before %s", object)
	}
	var f *Finding
	switch id.code {
	case finding.Exposure:
		f = r.add(id.code, pos, object, w, "the internet reaches %s, which has internet: none, by %s%s%s", p.placeID(t.to), serviceOf(pk), by, others(t.pairs))
	case finding.Unguarded:
		f = r.add(id.code, pos, object, w, "nothing filters %s, and no rule of the policy allows it%s", what, others(t.pairs))
	case finding.ICMP:
		f = r.add(id.code, pos, object, w, "%s gets through: the filter lets in all of ICMP for path MTU discovery%s", what, others(t.pairs))
	case finding.NotKnown:
		f = r.add(id.code, pos, object, w, "whether %s gets through without a rule of the policy is unknown%s", what, others(t.pairs))
	default:
		f = r.add(id.code, pos, object, w, "%s gets through without a rule of the policy%s%s", what, by, others(t.pairs))
	}
	f.Hint = hintOf(id.code)
}
