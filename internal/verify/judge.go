package verify

import (
	"cmp"
	"slices"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/verify/bits"
	"github.com/tieline/tieline/internal/verify/filter"
)

// stage is where on its way a packet that must arrive does not.
type stage uint8

const (
	leaving    stage = iota + 1 // the filters of the one who opens
	arriving                    // those of the one who answers
	forwarding                  // the tables on the way there
	returning                   // and on the way back
)

// miss is pairs that must work and do not, for one cause: by from's guard,
// to's guard, or the table at the beginning and the class of addresses at the
// end.
type miss struct {
	want    int // index into meaning.wants, or ofSubnet
	stage   stage
	x, y    int32
	unknown bool
}

// leak is pairs that work and must not, for one cause: the rule that lets it
// in, or out where no filter guards the end.
type leak struct {
	guard   int // -1: no filter on either side
	in      bool
	rule    *filter.Rule
	icmp    bool // of ICMP only, let in for path MTU discovery
	unknown bool
	world   bool // from the internet to a subnet that has internet: none
	bare    int  // place of a subnet of ours without any filter, and one; 0 for none
}

// score counts the pairs of a cause, with the first as witness.
type score struct {
	pairs           int
	from, to, class int
}

// note adds pairs, and keeps the first witness in order of class, from, to.
func (t *score) note(n, class, from, to int) {
	if t.pairs == 0 || cmp.Or(cmp.Compare(class, t.class), cmp.Compare(from, t.from), cmp.Compare(to, t.to)) < 0 {
		t.class, t.from, t.to = class, from, to
	}
	t.pairs += n
}

// judgement is what all pairs come to.
type judgement struct {
	misses map[miss]*score
	leaks  map[leak]*score
	pairs  int // judged
}

// judge holds what all pairs of units do, in every class of headers, against
// what they must and may.
func (p *Proof) judge() *judgement {
	parts := make([]*judgement, p.space.Classes())
	clients := p.space.Clients(p.clientPorts)
	p.parallel(len(parts), func(class int) {
		j := &judger{p: p, class: class, out: &judgement{misses: map[miss]*score{}, leaks: map[leak]*score{}}, client: clients.Has(class)}
		j.run()
		parts[class] = j.out
	})
	all := &judgement{misses: map[miss]*score{}, leaks: map[leak]*score{}, pairs: len(p.units) * len(p.units)}
	for class, part := range parts {
		for k, t := range part.misses {
			merge(all.misses, k, t, class)
		}
		for k, t := range part.leaks {
			merge(all.leaks, k, t, class)
		}
	}
	return all
}

func merge[K comparable](to map[K]*score, k K, t *score, class int) {
	if to[k] == nil {
		to[k] = &score{}
	}
	to[k].note(t.pairs, class, t.from, t.to)
}

// judger judges one class of headers.
type judger struct {
	p      *Proof
	class  int
	client bool // from a port that connections are opened from
	out    *judgement

	egress, ingress []filter.Passed // by guard
	in              []bits.Set      // by unit that opens: the units whose filters let it in, certainly
	inMaybe         []bits.Set
	may             []bits.Set // by group of rules: what rules allow
	must            []bits.Set // and want
	decided         int        // pairs whose rules were looked up one by one
}

func (j *judger) run() {
	p := j.p
	n := len(p.units)
	w := filter.NewScratch(n)
	j.egress, j.ingress = make([]filter.Passed, p.filters.Guards()), make([]filter.Passed, p.filters.Guards())
	certain := true
	for g := range j.egress {
		j.egress[g] = p.filters.Pass(g, j.class, fabric.Egress, w)
		j.ingress[g] = p.filters.Pass(g, j.class, fabric.Ingress, w)
		certain = certain && j.ingress[g].IsKnown()
	}
	rows := make([]bits.Set, n)
	for i := range p.units {
		rows[i] = j.ingress[p.units[i].guard].Sure
	}
	j.in = bits.Transpose(rows)
	j.inMaybe = j.in
	if !certain {
		for i := range p.units {
			rows[i] = j.ingress[p.units[i].guard].Maybe
		}
		j.inMaybe = bits.Transpose(rows)
	}
	j.rules()
	got, want, allowed := bits.New(n), bits.New(n), bits.New(n)
	for i := range p.units {
		if !p.endpoints.Has(i) {
			j.from(i, got, want, allowed)
		}
	}
}

// rules gives what rules allow and want of this class, by group of units.
func (j *judger) rules() {
	m := j.p.meaning
	n := len(j.p.units)
	j.must = make([]bits.Set, len(m.sets))
	for g, set := range m.sets {
		for _, k := range set {
			if w := &m.wants[k]; w.headers.Has(j.class) {
				if j.must[g] == nil {
					j.must[g] = bits.New(n)
				}
				j.must[g].Or(w.to)
			}
		}
	}
	j.may = make([]bits.Set, n)
	shared := map[string]bits.Set{}
	var key []byte
	for i := range j.p.units {
		key = key[:0]
		for k := range m.allows {
			if a := &m.allows[k]; a.headers.Has(j.class) && a.from.Has(i) {
				key = append(key, byte(k), byte(k>>8), byte(k>>16))
			}
		}
		if len(key) == 0 {
			continue
		}
		row, ok := shared[string(key)]
		if !ok {
			row = bits.New(n)
			for k := range m.allows {
				if a := &m.allows[k]; a.headers.Has(j.class) && a.from.Has(i) {
					row.Or(a.to)
				}
			}
			shared[string(key)] = row
		}
		j.may[i] = row
	}
}

// from judges the packets that one unit opens connections with.
func (j *judger) from(i int, got, want, allowed bits.Set) {
	p, m := j.p, j.p.meaning
	u := &p.units[i]
	out, back := p.courses.out[i], p.courses.back[i]
	egress := &j.egress[u.guard]
	oneWay := p.space.OneWay(j.class)

	// What must work, opened as clients do.
	if j.client && !oneWay {
		any := false
		if x := j.must[m.groups[i]]; x != nil {
			copy(want, x)
			any = true
		} else {
			want.Clear()
		}
		if x := m.within[u.place]; x != nil {
			want.Or(x)
			any = true
		}
		if any {
			if x := m.same[u.place]; x != nil {
				want.AndNot(x)
			}
			for k := range got {
				got[k] = want[k] &^ (egress.Sure[k] & j.in[i][k] & out.sure[k] & back.sure[k])
			}
			if !got.IsEmpty() {
				j.missed(i, got)
			}
		}
	}

	// What gets through without leave.
	if oneWay {
		return // errors of the path, which stateful filters take for replies
	}
	allowed.Clear()
	if x := j.may[i]; x != nil {
		allowed.Or(x)
	}
	if x := m.within[u.place]; x != nil {
		allowed.Or(x)
	}
	if x := m.same[u.place]; x != nil {
		allowed.Or(x)
	}
	if m.opens[u.place] || m.aside.Has(i) {
		allowed.Or(m.beyond)
	}
	if m.beyond.Has(i) {
		allowed.Or(m.aside)
	}
	for k := range got {
		got[k] = egress.Maybe[k] & j.inMaybe[i][k] & (out.maybe[k] | out.unknown[k] | out.ajar[k]) & (back.maybe[k] | back.unknown[k]) &^ allowed[k]
	}
	if !got.IsEmpty() {
		j.leaked(i, got)
	}
}

// missed finds the causes of what must work and does not.
func (j *judger) missed(i int, got bits.Set) {
	p, m := j.p, j.p.meaning
	u := &p.units[i]
	note := func(want int, to int) {
		k := j.cause(i, to)
		k.want = want
		if j.out.misses[k] == nil {
			j.out.misses[k] = &score{}
		}
		j.out.misses[k].note(1, j.class, i, to)
	}
	for _, w := range m.rows[i] {
		if x := &m.wants[w]; x.headers.Has(j.class) {
			got.Each(func(to int) {
				if x.to.Has(to) {
					note(int(w), to)
				}
			})
		}
	}
	if x := m.within[u.place]; x != nil {
		got.Each(func(to int) {
			if x.Has(to) {
				note(ofSubnet, to)
			}
		})
	}
}

// cause finds the first thing that keeps a packet from one unit to another
// from working.
func (j *judger) cause(from, to int) miss {
	p := j.p
	u, v := &p.units[from], &p.units[to]
	out, back := p.courses.out[from], p.courses.back[from]
	switch egress := &j.egress[u.guard]; {
	case !egress.Sure.Has(to):
		return miss{stage: leaving, x: int32(u.guard), unknown: egress.Maybe.Has(to)}
	case !j.in[from].Has(to):
		return miss{stage: arriving, x: int32(v.guard), unknown: j.inMaybe[from].Has(to)}
	case !out.sure.Has(to):
		return miss{stage: forwarding, x: int32(u.table), y: v.route, unknown: out.unknown.Has(to) && !p.isRenamed(u, v)}
	}
	return miss{stage: returning, x: int32(v.table), y: u.route, unknown: back.unknown.Has(to) && !p.isRenamed(v, u)}
}

// lookups is how many pairs of one class have their rules looked up one by
// one; the others are counted to the first rule of their guard.
const lookups = 100000

// leaked finds the causes of what works and must not.
func (j *judger) leaked(i int, got bits.Set) {
	p := j.p
	u := &p.units[i]
	got.Each(func(to int) {
		v := &p.units[to]
		k := leak{guard: -1, unknown: !j.certain(i, to)}
		switch {
		case p.isBare(v):
			k.bare = v.place + 1
		case !p.isOpen(v):
			k.guard, k.in = v.guard, true
		case p.isBare(u):
			k.bare = u.place + 1
		case !p.isOpen(u):
			k.guard = u.guard
		}
		if b := &p.behind[v.place]; p.isBeyond(u.place) && b.kind == SubnetPlace && b.subnet.Internet == fabric.NoInternet {
			k.world = true
		}
		if k.guard >= 0 && j.decided < lookups {
			j.decided++
			near, far, dir := i, to, fabric.Egress
			if k.in {
				near, far, dir = to, i, fabric.Ingress
			}
			k.rule = p.filters.LetBy(near, far, dir, j.class)
			k.icmp = k.rule != nil && k.rule.Rule != nil && k.rule.Rule.PathMTU
		}
		if j.out.leaks[k] == nil {
			j.out.leaks[k] = &score{}
		}
		j.out.leaks[k].note(1, j.class, i, to)
	})
}

// isBare reports whether a unit is of a subnet that is made here, and no
// filter stands before it.
func (p *Proof) isBare(u *unit) bool {
	b := &p.behind[u.place]
	return p.isOpen(u) && b.kind == SubnetPlace && !b.subnet.Existing
}

// certain reports whether a leak certainly works.
func (j *judger) certain(i, to int) bool {
	out, back := j.p.courses.out[i], j.p.courses.back[i]
	return j.egress[j.p.units[i].guard].Sure.Has(to) && j.in[i].Has(to) && (out.maybe.Has(to) || out.ajar.Has(to)) && back.maybe.Has(to)
}

// sortedKeys gives the causes of a judgement in order of their witnesses.
func sortedKeys[K comparable](of map[K]*score) []K {
	keys := make([]K, 0, len(of))
	for k := range of {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b K) int {
		x, y := of[a], of[b]
		return cmp.Or(cmp.Compare(x.from, y.from), cmp.Compare(x.to, y.to), cmp.Compare(x.class, y.class), cmp.Compare(x.pairs, y.pairs))
	})
	return keys
}
