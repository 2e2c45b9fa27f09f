package spec

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Milliseconds is a length of time written as "30ms" or "1.5s", above zero.
type Milliseconds float64

// maxMilliseconds is the longest time that is read: an hour, which no packet
// of a network takes.
const maxMilliseconds = 3_600_000

// UnmarshalText reads "30ms" or "1.5s".
func (m *Milliseconds) UnmarshalText(b []byte) error {
	wrong := fmt.Errorf("duration %q is not a positive number with ms or s, as in 30ms", b)
	text, scale := strings.TrimSpace(string(b)), 1.0
	number, ok := strings.CutSuffix(text, "ms")
	if !ok {
		if number, ok = strings.CutSuffix(text, "s"); !ok {
			return wrong
		}
		scale = 1000
	}
	number = strings.TrimSpace(number)
	if number == "" || strings.Trim(number, "0123456789.") != "" {
		return wrong
	}
	f, err := strconv.ParseFloat(number, 64)
	if err != nil || f <= 0 || f*scale > maxMilliseconds {
		return wrong
	}
	*m = Milliseconds(f * scale)
	return nil
}

// String gives "30ms".
func (m Milliseconds) String() string {
	return strconv.FormatFloat(float64(m), 'f', -1, 64) + "ms"
}

// RuleCode is the code of a rule of the audit: TL1042.
type RuleCode string

var ruleCode = regexp.MustCompile(`^TL[0-9]{4}$`)

// UnmarshalText reads "TL1042".
func (c *RuleCode) UnmarshalText(b []byte) error {
	if !ruleCode.Match(b) {
		return fmt.Errorf("rule %q is not a rule's code: TL and four digits, as in TL1042", b)
	}
	*c = RuleCode(b)
	return nil
}

// Date is a day written as "2027-03-31".
type Date struct{ time.Time }

// UnmarshalText reads "2027-03-31".
func (d *Date) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.DateOnly, string(b))
	if err != nil {
		return fmt.Errorf("date %q is not a day of the calendar as year-month-day, as in 2027-03-31", b)
	}
	d.Time = t
	return nil
}

// String gives "2027-03-31".
func (d Date) String() string { return d.Format(time.DateOnly) }
