// Package agree holds what runs against what was proved: the fate of real
// packets against the verdict of the proof, and the routes that the nodes have
// learned against those that the control planes are said to make.
//
// It is pure: it takes a plan, the states of its nodes and outcomes of tries,
// and gives differences with both witnesses. What the proof cannot decide, or
// decides only in part, is listed as not compared and never counts as agreeing.
package agree

import (
	"fmt"
	"strings"
)

// Report is all that was compared.
type Report struct {
	Network string  `json:"network"`
	Lock    string  `json:"lock"` // hash of the lock that runs
	Rounds  []Round `json:"rounds"`
	Skipped []Skip  `json:"skipped,omitempty"` // failures that the lab cannot play
	Seconds float64 `json:"seconds"`
}

// Skip is a failure that was not tried.
type Skip struct {
	Part string `json:"part"`
	Why  string `json:"why"`
}

// Round is what was compared in one state of the network.
type Round struct {
	Failure       string         `json:"failure"` // nothing; tunnel aws-oregon--gcp-oregon/0
	Compared      int            `json:"compared"`
	Reachable     int            `json:"reachable"` // of them, by the proof
	Blocked       int            `json:"blocked"`   // of them, by the proof
	Retried       int            `json:"retried"`   // tries that were repeated after a silence
	Tables        int            `json:"tables"`
	Routes        int            `json:"routes"`
	Disagreements []Disagreement `json:"disagreements,omitempty"`
	RouteDiffs    []RouteDiff    `json:"route_differences,omitempty"`
	NotCompared   []NotCompared  `json:"not_compared,omitempty"`
	Settled       float64        `json:"settled"` // seconds from the failure until sessions and routes had settled
	Seconds       float64        `json:"seconds"`
}

// Disagreement is a packet that the proof is wrong about, or that the run is.
type Disagreement struct {
	From    string   `json:"from"`
	To      string   `json:"to"`
	Service string   `json:"service"`
	Proof   string   `json:"proof"`          // verdict
	Hops    []string `json:"hops,omitempty"` // what the proof says that the packet meets
	Packet  string   `json:"packet"`         // what came of it
	Fate    []string `json:"fate,omitempty"` // where it went by the nodes' tables, and the rules that counted it
}

// RouteDiff is a prefix that a table of the run sends elsewhere than the
// proof's.
type RouteDiff struct {
	Node   string   `json:"node"`
	Table  string   `json:"table"`
	Prefix string   `json:"prefix"`
	Run    []string `json:"run,omitempty"`   // ways; none: no route
	Proof  []string `json:"proof,omitempty"` // ways; none: no route
}

// NotCompared is what has no exact answer.
type NotCompared struct {
	From    string `json:"from,omitempty"`
	To      string `json:"to,omitempty"`
	Service string `json:"service,omitempty"`
	Table   string `json:"table,omitempty"`
	Why     string `json:"why"`
}

// Agrees reports whether nothing that was compared differs.
func (r *Report) Agrees() bool { return r.Disagreements() == 0 }

// Disagreements counts packets and routes that differ.
func (r *Report) Disagreements() int {
	n := 0
	for i := range r.Rounds {
		n += len(r.Rounds[i].Disagreements) + len(r.Rounds[i].RouteDiffs)
	}
	return n
}

// Compared counts packets that were compared.
func (r *Report) Compared() int {
	n := 0
	for i := range r.Rounds {
		n += r.Rounds[i].Compared
	}
	return n
}

// String gives the difference on one line.
func (d RouteDiff) String() string {
	say := func(ways []string) string {
		if len(ways) == 0 {
			return "no route"
		}
		return strings.Join(ways, ", ")
	}
	return fmt.Sprintf("table %s of node %s, %s: the run has %s, the proof %s", d.Table, d.Node, d.Prefix, say(d.Run), say(d.Proof))
}
