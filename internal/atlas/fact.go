package atlas

import "fmt"

// Mark says how far a fact can be trusted.
type Mark byte

// The marks, the strongest first.
const (
	Verified  Mark = 'V' // read in the vendor's documentation or price list
	Secondary Mark = 'S' // read in a secondary public source
	Recalled  Mark = 'R' // remembered, not checked: shown as unverified
)

// String gives the word shown to people: verified, secondary, unverified.
func (m Mark) String() string {
	switch m {
	case Verified:
		return "verified"
	case Secondary:
		return "secondary"
	case Recalled:
		return "unverified"
	}
	return "mark?"
}

// MarshalText gives the mark's letter: V, S or R.
func (m Mark) MarshalText() ([]byte, error) { return []byte{byte(m)}, nil }

// UnmarshalText reads the mark's letter.
func (m *Mark) UnmarshalText(b []byte) error {
	if len(b) == 1 {
		switch mark := Mark(b[0]); mark {
		case Verified, Secondary, Recalled:
			*m = mark
			return nil
		}
	}
	return fmt.Errorf("mark %q is not one of V, S, R", b)
}

// Weaker returns the weaker of two marks; a zero mark counts as none.
func (m Mark) Weaker(n Mark) Mark {
	rank := func(m Mark) int {
		switch m {
		case Verified:
			return 1
		case Secondary:
			return 2
		case Recalled:
			return 3
		}
		return 0
	}
	if rank(n) > rank(m) {
		return n
	}
	return m
}

// Fact is one thing known of a cloud, with where and when it was read.
type Fact struct {
	ID         string `json:"id"`               // dotted, the cloud first: aws.vpn.psk
	Value      string `json:"value"`            // as in the data file
	Unit       string `json:"unit,omitempty"`   // prefixes, bytes, s, USD/hour
	Scope      string `json:"scope,omitempty"`  // what it holds for: VPC, tunnel, region
	AsOf       string `json:"as_of"`            // date that the source gives: year, month or day
	Source     string `json:"source,omitempty"` // address of the page or the user's file; empty for a recalled fact
	Mark       Mark   `json:"mark"`
	Adjustable string `json:"adjustable,omitempty"` // of a limit: no, yes, by request, "to 1000"
	OnExcess   string `json:"on_excess,omitempty"`  // of a limit: what happens beyond it
	Note       string `json:"note,omitempty"`
	Own        bool   `json:"own,omitempty"` // set by the user's own file
}

// IsUnverified reports whether the fact is recalled and not checked.
func (f Fact) IsUnverified() bool { return f.Mark == Recalled }
