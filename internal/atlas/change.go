package atlas

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tieline/tieline/internal/vocab"
)

// ChangeEffect says how a change of one field of a resource is made.
type ChangeEffect uint8

// The effects, the mildest first.
const (
	ChangedInPlace     ChangeEffect = iota + 1 // the resource stays
	ConnectionRemade                           // the connection with its tunnels is destroyed and made again
	ReplacedByAnother                          // destroyed and made again, with what stands in it
	changeEffectsCount = ReplacedByAnother
)

// String gives the effect for people.
func (e ChangeEffect) String() string {
	switch e {
	case ChangedInPlace:
		return "in place"
	case ConnectionRemade:
		return "connection made anew"
	case ReplacedByAnother:
		return "replaced"
	}
	return "effect?"
}

// MarshalText gives the word of the data file.
func (e ChangeEffect) MarshalText() ([]byte, error) {
	switch e {
	case ChangedInPlace:
		return []byte("in_place"), nil
	case ConnectionRemade:
		return []byte("recreate_connection"), nil
	case ReplacedByAnother:
		return []byte("replace"), nil
	}
	return nil, fmt.Errorf("change effect %d has no name", e)
}

// UnmarshalText reads the word of the data file.
func (e *ChangeEffect) UnmarshalText(b []byte) error {
	for x := ChangedInPlace; x <= changeEffectsCount; x++ {
		if word, err := x.MarshalText(); err == nil && string(word) == string(b) {
			*e = x
			return nil
		}
	}
	return fmt.Errorf("change effect %q is not one of in_place, recreate_connection, replace", b)
}

// ChangeRule says what it takes to change one field of a cloud's resource, as
// the cloud and its Terraform provider have it.
type ChangeRule struct {
	Cloud  vocab.Cloud
	Kind   string // transit gateway
	Field  string // asn; * for any that has no rule of its own
	Effect ChangeEffect
	// Low and High bound how long what crosses the resource is interrupted;
	// both 0 when it is not.
	Low, High time.Duration
	// TimesMark says how far the durations can be trusted; the fact's mark
	// speaks of the effect. Zero when there is no interruption.
	TimesMark Mark
	Fact      Fact
}

// Interrupts reports whether what crosses the resource may be interrupted.
func (r ChangeRule) Interrupts() bool { return r.High > 0 }

type changeKey struct {
	cloud       vocab.Cloud
	kind, field string
}

// Change returns what it takes to change a field of a cloud's kind of
// resource, and whether the atlas knows.
func (a *Atlas) Change(c vocab.Cloud, kind, field string) (ChangeRule, bool) {
	if r, ok := a.changes[changeKey{c, kind, field}]; ok {
		return r, true
	}
	r, ok := a.changes[changeKey{c, kind, "*"}]
	return r, ok
}

// Changes returns all rules of changes, sorted by their facts' ids.
func (a *Atlas) Changes() []ChangeRule {
	out := make([]ChangeRule, 0, len(a.changes))
	for _, r := range a.changes {
		out = append(out, r)
	}
	slices.SortFunc(out, func(x, y ChangeRule) int { return strings.Compare(x.Fact.ID, y.Fact.ID) })
	return out
}

func (l *loader) readChanges(a *Atlas) {
	a.changes = map[changeKey]ChangeRule{}
	t := l.table("changes")
	for i := range t.rows {
		id := t.at(i, "id")
		r := ChangeRule{Cloud: l.cloud(id, t.at(i, "cloud")), Kind: t.at(i, "kind"), Field: t.at(i, "field"), Fact: l.fact(t, i)}
		if err := r.Effect.UnmarshalText([]byte(t.at(i, "effect"))); err != nil {
			l.failf("fact %s: %v", id, err)
		}
		r.Fact.Value, r.Fact.Scope = r.Effect.String(), r.Field+" of a "+r.Kind
		if s := t.at(i, "outage"); s != "" {
			lo, hi := l.bounds(id, s)
			r.Low, r.High = time.Duration(lo)*time.Second, time.Duration(hi)*time.Second
			if err := r.TimesMark.UnmarshalText([]byte(t.at(i, "outage_mark"))); err != nil {
				l.failf("fact %s: outage: %v", id, err)
			}
			if r.High <= 0 || r.Low > r.High {
				l.failf("fact %s: outage %q is no rising range", id, s)
			}
			r.Fact.Value += fmt.Sprintf(", interrupted for %s s (%s)", s, r.TimesMark)
		}
		k := changeKey{r.Cloud, r.Kind, r.Field}
		if _, ok := a.changes[k]; ok {
			l.failf("fact %s: %s of a %s stands twice", id, r.Field, r.Kind)
		}
		a.changes[k] = r
		l.facts = append(l.facts, r.Fact)
	}
}
