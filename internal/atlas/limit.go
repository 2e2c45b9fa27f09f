package atlas

import (
	"fmt"
	"strconv"
	"strings"
)

// Excess says what a cloud does when a limit is passed.
type Excess uint8

// What happens beyond a limit.
const (
	ExcessUnknown    Excess = iota // not documented
	ExcessFails                    // the request to create it fails
	ExcessDrops                    // packets are dropped
	ExcessNotUsed                  // what is over the limit is not installed
	ExcessSilent                   // routes vanish without a message
	ExcessSession                  // the BGP session ends
	ExcessTunnel                   // the session ends and the tunnel goes down
	ExcessConnection               // the gateway connection goes down
)

var excessNames = [...]string{
	ExcessUnknown: "", ExcessFails: "fails", ExcessDrops: "drops packets", ExcessNotUsed: "not installed",
	ExcessSilent: "silently dropped", ExcessSession: "session down", ExcessTunnel: "tunnel down", ExcessConnection: "gateway down",
}

// String gives the words of the data: fails, session down.
func (e Excess) String() string {
	if int(e) >= len(excessNames) {
		return "excess?"
	}
	return excessNames[e]
}

// BreaksNetwork reports whether passing the limit takes down what works, as
// opposed to refusing to create more.
func (e Excess) BreaksNetwork() bool {
	switch e {
	case ExcessSilent, ExcessSession, ExcessTunnel, ExcessConnection, ExcessNotUsed:
		return true
	case ExcessUnknown, ExcessFails, ExcessDrops:
		return false
	}
	return false
}

// Limit is a quota or a fixed bound of a cloud.
type Limit struct {
	ID         LimitID
	Value      int
	Unit       string // what is counted: VPCs, prefixes
	Scope      string // per what: account and region, BGP session
	Adjustable bool   // raised on request
	Max        int    // how far it can be raised, 0 when not stated
	OnExcess   Excess
	Fact       Fact
}

// String gives "100 prefixes per virtual private gateway".
func (l Limit) String() string { return fmt.Sprintf("%d %s per %s", l.Value, l.Unit, l.Scope) }

// Limit returns a limit by its id. It panics on an id that is none of the
// constants.
func (a *Atlas) Limit(id LimitID) Limit {
	l, err := a.limit(id)
	if err != nil {
		panic(err)
	}
	return l
}

func (a *Atlas) limit(id LimitID) (Limit, error) {
	f, ok := a.Fact(string(id))
	if !ok {
		return Limit{}, fmt.Errorf("no limit %s", id)
	}
	n, err := strconv.Atoi(f.Value)
	if err != nil {
		return Limit{}, fmt.Errorf("limit %s: %q is not a whole number", id, f.Value)
	}
	l := Limit{ID: id, Value: n, Unit: f.Unit, Scope: f.Scope, Fact: f}
	switch most, ok := strings.CutPrefix(f.Adjustable, "to "); {
	case ok:
		l.Adjustable = true
		if l.Max, err = strconv.Atoi(most); err != nil {
			return Limit{}, fmt.Errorf("limit %s: adjustable %q", id, f.Adjustable)
		}
	case f.Adjustable == "yes" || f.Adjustable == "by request":
		l.Adjustable = true
	case f.Adjustable != "no":
		return Limit{}, fmt.Errorf("limit %s: adjustable %q", id, f.Adjustable)
	}
	for e, name := range excessNames {
		if name == f.OnExcess {
			l.OnExcess = Excess(e)
			return l, nil
		}
	}
	return Limit{}, fmt.Errorf("limit %s: on excess %q", id, f.OnExcess)
}
