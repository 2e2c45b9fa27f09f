package ipsec

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/nodeconf"
)

// How soon a tunnel that failed is dialed again.
const (
	firstDial = 500 * time.Millisecond
	lastDial  = 5 * time.Second
)

// tunnel is one end, as its daemon sees it. The daemon's lock guards it.
type tunnel struct {
	wanted
	ifID   uint32 // kernel ESP
	loaded string // mark of what charon knows; empty for nothing
	made   bool   // its device was there once

	// redial: the peer may hold an SA that this end has lost, so it dials even
	// where it does not initiate.
	redial bool
	dialAt time.Time
	retry  time.Duration

	up      bool
	missed  int // looks in a row that found it down while it was up
	since   time.Time
	suite   string
	why     string
	heard   string // the last reason in the log
	heardAt time.Time
	rekeys  [2]int
	bytes   map[string]counts // of each CHILD_SA, by id
	base    counts            // of those that are gone
}

type counts struct{ in, out uint64 }

// note takes a line of the log. While the tunnel is up it may be the reason
// why it goes down next.
func (t *tunnel) note(line string, now time.Time) {
	why := reason(&t.Tunnel, line)
	if why == "" {
		return
	}
	t.heard, t.heardAt = why, now
	if !t.up {
		t.why = why
	}
}

// hearsay is how long a reason waits for its effect.
const hearsay = 5 * time.Second

// dials reports whether this end dials.
func (t *tunnel) dials() bool { return t.Initiate || t.redial }

// observe takes what list-sas says of the tunnel's SAs and returns whether it
// came up or went down.
func (t *tunnel) observe(sas []ikeSA, now time.Time) (changed bool) {
	t.count(sas)
	up := false
	for i := range sas {
		s := &sas[i]
		if !s.works() {
			continue
		}
		for j := range s.children {
			if c := &s.children[j]; c.works() {
				up = true
				t.negotiated(s, c)
			}
		}
	}
	if !up && t.up && t.missed == 0 {
		// While an IKE SA is rekeyed its children change hands; one look may
		// fall between.
		t.missed++
		return false
	}
	t.missed = 0
	changed = up != t.up
	t.up = up
	switch {
	case up && changed:
		t.since, t.why, t.redial, t.retry = now, "", false, 0
	case changed:
		t.since, t.suite = time.Time{}, ""
		t.dialAt = now
		if now.Sub(t.heardAt) < hearsay {
			t.why = t.heard
		}
	}
	return changed
}

// negotiated writes down the suite of the SA in use.
func (t *tunnel) negotiated(s *ikeSA, c *childSA) {
	t.suite = fmt.Sprintf("IKE %s, ESP %s", s.algorithms.proposal(), c.algorithms.proposal())
	t.why = ""
	if !planned(s.algorithms, t.IPsec.IKE, false) || !planned(c.algorithms, t.IPsec.ESP, true) {
		t.why = fmt.Sprintf("what was negotiated is not of the plan (IKE %s, ESP %s)", strings.Join(t.IPsec.IKE, " "), strings.Join(t.IPsec.ESP, " "))
	}
}

// count keeps the bytes of SAs that are gone.
func (t *tunnel) count(sas []ikeSA) {
	seen := map[string]bool{}
	for i := range sas {
		for _, c := range sas[i].children {
			seen[c.id] = true
			t.counted(c)
		}
	}
	for id, n := range t.bytes {
		if !seen[id] {
			t.base.in += n.in
			t.base.out += n.out
			delete(t.bytes, id)
		}
	}
}

// counted takes the counters of a CHILD_SA, which only grow.
func (t *tunnel) counted(c childSA) {
	old := t.bytes[c.id]
	t.bytes[c.id] = counts{in: max(old.in, c.in), out: max(old.out, c.out)}
}

// wantsDial reports whether it is time to dial: it is down, and nothing is
// under way.
func (t *tunnel) wantsDial(sas []ikeSA, now time.Time) bool {
	if t.up || t.missed > 0 || !t.dials() || now.Before(t.dialAt) {
		return false
	}
	return !slices.ContainsFunc(sas, func(s ikeSA) bool { return s.state == "CONNECTING" })
}

func (t *tunnel) dialed(now time.Time) {
	t.retry = min(max(2*t.retry, firstDial), lastDial)
	t.dialAt = now.Add(t.retry)
}

// lost forgets everything about SAs: their daemon is gone.
func (t *tunnel) lost(why string) {
	for _, n := range t.bytes {
		t.base.in += n.in
		t.base.out += n.out
	}
	t.bytes = map[string]counts{}
	t.up, t.missed, t.since, t.suite, t.loaded = false, 0, time.Time{}, "", ""
	t.redial, t.dialAt, t.retry = t.made, time.Time{}, 0
	t.why = why
}

func (t *tunnel) state(mode Mode) nodeconf.TunnelState {
	s := nodeconf.TunnelState{
		Name: t.Name, ID: t.ID, Kind: fmt.Sprintf("ipsec (%s ESP)", mode), Up: t.up, Why: t.why, Suite: t.suite,
		Since: t.since, Rekeys: t.rekeys, Sent: t.base.out, Received: t.base.in,
	}
	for _, n := range t.bytes {
		s.Sent += n.out
		s.Received += n.in
	}
	if t.up || t.why != "" {
		return s
	}
	if t.dials() {
		s.Why = fmt.Sprintf("the peer %v does not answer yet", t.Remote)
	} else {
		s.Why = fmt.Sprintf("the peer %v has not called yet", t.Remote)
	}
	return s
}

// twin finds the SA that is to go when both ends dialed at once and each
// succeeded: of the two that are of the same age, the one that the end with
// the higher address initiated. Only that end gives it, so that one goes; ""
// for none.
func (t *tunnel) twin(sas []ikeSA) string {
	if !t.Initiate || t.Local.Less(t.Remote) {
		return ""
	}
	var own, other *ikeSA
	for i := range sas {
		s := &sas[i]
		switch {
		case s.state != "ESTABLISHED":
			return ""
		case s.initiator:
			own = s
		default:
			other = s
		}
	}
	if own == nil || other == nil || abs(own.established-other.established) > 5 {
		return ""
	}
	// The other one must carry traffic before this one goes.
	if !slices.ContainsFunc(other.children, func(c childSA) bool { return c.works() }) {
		return ""
	}
	return own.id
}

func abs(n int) int { return max(n, -n) }
