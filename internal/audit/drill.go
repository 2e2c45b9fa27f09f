package audit

import (
	"slices"
	"time"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/verify"
)

// Drill is what the report of a drill says that the audit judges by.
type Drill struct {
	At      time.Time         // when it began
	Lock    string            // hash of the lock that ran
	Kinds   []routes.PartKind // what was made to fail
	Against int               // flows that did otherwise than the proof says
	// Unread says why the reports could not be read; the rest is then empty.
	Unread string
}

// drillRule is the code of the rule on drills.
const drillRule = "TL2016"

// drillDays is for how many days a drill counts: what is tried once a quarter
// is known to work.
const drillDays = 90

// drills: the failure of a cloud or region has been tried on this network, not
// too long ago, and went as the proof says.
func (u *auditor) drills() {
	if !u.compiled() || len(u.n.Links) == 0 {
		return
	}
	at, d := u.n.Links[0].Origin, u.in.Drill
	add := func(format string, args ...any) *verify.Finding {
		f := u.add(diag.Note, at, u.n.Name, format, args...)
		f.Hint = "tieline lab up, then tieline lab drill --all"
		return f
	}
	if d == nil {
		add("no drill of this network is on record")
		return
	}
	if d.Unread != "" {
		add("what drills there were cannot be read: %s", d.Unread).Hint = "take the file away, or put it back as tieline lab drill wrote it"
		return
	}
	day := d.At.UTC().Format(time.DateOnly)
	days := int(u.in.Today.Sub(d.At.UTC().Truncate(24*time.Hour)).Hours() / 24)
	switch {
	case d.Lock != u.in.Lock:
		add("the last drill, of %s, was of a network with other allocations", day)
	case days > drillDays:
		add("the last drill, of %s, is %d days old, more than %d", day, days, drillDays)
	case !slices.Contains(d.Kinds, routes.RegionPart) && !slices.Contains(d.Kinds, routes.CloudPart):
		add("the last drill, of %s, made no cloud or region fail", day)
	case d.Against == 1:
		add("in the last drill, of %s, 1 flow did otherwise than the proof says", day).Hint = "look at its report, under drills"
	case d.Against > 1:
		add("in the last drill, of %s, %d flows did otherwise than the proof says", day, d.Against).Hint = "look at its report, under drills"
	}
}
