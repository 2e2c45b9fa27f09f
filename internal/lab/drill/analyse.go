package drill

import (
	"slices"
	"time"
)

// Packet is what became of one packet of a flow. Times are since the start of
// the traffic, negative for what never happened.
type Packet struct{ Sent, Arrived, Answered time.Duration }

// Moments are when things happened, since the start of the traffic.
type Moments struct{ Cut, Settled, Heal, Back, End time.Duration }

// Slack is how much longer than its detection a failover may take: routes have
// to travel to every node that needs them, and be put to use.
const Slack = 500 * time.Millisecond

// inFlight is how long before the cut packets may have been sent that were
// lost by it: on their way, or their answer was.
const inFlight = time.Second

// alone is how many packets in a row are lost by chance at most: shorter runs
// count as lost, but do not say that a flow was down.
const alone = 1

// Analyse fills what a flow's packets say: phases, round trips, gaps, and what
// was seen. Packets are in the order in which they were sent.
func (f *Flow) Analyse(list []Packet, m Moments) {
	early := max(0, m.Cut-inFlight)
	var before, after []time.Duration
	f.Cut, f.Heal, f.Quiet, f.Gaps = Phase{}, Phase{}, 0, nil
	for i := range list {
		p := &list[i]
		switch {
		case p.Sent < early:
			if p.Answered < 0 {
				f.Quiet++
			}
		case p.Sent < m.Heal:
			if p.Sent >= m.Cut || p.Answered < 0 {
				f.Cut.count(p)
			}
		default:
			f.Heal.count(p)
		}
		switch {
		case p.Answered < 0:
		case p.Sent < m.Cut:
			before = append(before, p.Answered-p.Sent)
		case p.Sent >= m.Settled && p.Sent < m.Heal:
			after = append(after, p.Answered-p.Sent)
		}
	}
	f.RTTBefore, f.RTTAfter = millis(median(before)), millis(median(after))
	f.gaps(list, m)
	f.Cut.recover(list, early, m.Cut, m.Heal)
	f.Heal.recover(list, m.Heal, m.Heal, m.End)
	switch {
	case f.Cut.Lost == 0:
		f.Seen = Untouched
	case f.Cut.Never:
		f.Seen = LosesAll
	default:
		f.Seen = Survives
	}
}

func (p *Phase) count(q *Packet) {
	p.Sent++
	if q.Answered >= 0 {
		return
	}
	p.Lost++
	if q.Arrived < 0 {
		p.LostThere++
	} else {
		p.LostBack++
	}
}

// recover finds when the last run of losses of a phase, of those longer than
// chance, ended: at the first packet after it that was answered. A run that
// lasts to the end of the phase has not.
func (p *Phase) recover(list []Packet, from, since, to time.Duration) {
	run := 0
	for i := range list {
		q := &list[i]
		if q.Sent < from || q.Sent >= to {
			continue
		}
		if q.Answered < 0 {
			run++
			continue
		}
		if run > alone {
			p.Recovered = millis(max(0, q.Sent-since))
		}
		run = 0
	}
	p.Never = run > alone
}

// gaps lists the runs of packets without an answer.
func (f *Flow) gaps(list []Packet, m Moments) {
	for i := 0; i < len(list); i++ {
		if list[i].Answered >= 0 {
			continue
		}
		k := i
		for k < len(list) && list[k].Answered < 0 {
			k++
		}
		end := m.End
		if k < len(list) {
			end = list[k].Sent
		}
		f.Gaps = append(f.Gaps, Gap{At: millis(list[i].Sent - m.Cut), For: millis(end - list[i].Sent), Lost: k - i})
		i = k
	}
}

// Judge compares what was seen with what was predicted. Bound is how long the
// ends take to notice, in milliseconds.
func (f *Flow) Judge(bound float64) {
	f.Judged = f.judge(bound)
}

func (f *Flow) judge(bound float64) Verdict {
	if f.Heal.Never {
		return Unhealed
	}
	switch f.Said.Outcome {
	case Untouched:
		if f.Cut.Recovered > 0 || f.Cut.Never {
			return Touched
		}
		return AsPredicted
	case Survives:
		switch {
		case f.Cut.Never:
			return NotBack
		case f.Cut.Recovered > bound+millis(Slack)+f.RTTBefore:
			return Late
		}
		return AsPredicted
	case LosesAll:
		if f.Seen == LosesAll {
			return AsPredicted
		}
		return Survived
	case NotSaid:
	}
	return NotJudged
}

func median(list []time.Duration) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// millis is a duration in milliseconds, to a hundredth.
func millis(d time.Duration) float64 {
	return float64(d.Round(10*time.Microsecond)) / float64(time.Millisecond)
}
