package ipsec

import (
	"strconv"

	"github.com/strongswan/govici/vici"
)

// ikeSA is an IKE SA of list-sas.
type ikeSA struct {
	conn        string
	id          string // unique in the daemon
	state       string // ESTABLISHED, CONNECTING, ...
	initiator   bool
	established int // seconds ago
	algorithms  algorithms
	children    []childSA
}

type childSA struct {
	id         string
	state      string // INSTALLED, REKEYING, ...
	in, out    uint64 // bytes
	algorithms algorithms
}

// parseSAs reads one message of list-sas: a section for each IKE SA, by the
// name of its connection.
func parseSAs(m *vici.Message) []ikeSA {
	var out []ikeSA
	for _, name := range m.Keys() {
		if s, ok := m.Get(name).(*vici.Message); ok {
			out = append(out, parseIKE(name, s))
		}
	}
	return out
}

func parseIKE(name string, m *vici.Message) ikeSA {
	s := ikeSA{
		conn: name, id: text(m, "uniqueid"), state: text(m, "state"),
		initiator: text(m, "initiator") == "yes", established: int(number(m, "established")),
		algorithms: parseAlgorithms(m),
	}
	children, ok := m.Get("child-sas").(*vici.Message)
	if !ok {
		return s
	}
	for _, k := range children.Keys() {
		if c, ok := children.Get(k).(*vici.Message); ok {
			s.children = append(s.children, parseChild(c))
		}
	}
	return s
}

func parseChild(m *vici.Message) childSA {
	return childSA{
		id: text(m, "uniqueid"), state: text(m, "state"),
		in: number(m, "bytes-in"), out: number(m, "bytes-out"), algorithms: parseAlgorithms(m),
	}
}

func parseAlgorithms(m *vici.Message) algorithms {
	return algorithms{
		encryption: text(m, "encr-alg"), keySize: text(m, "encr-keysize"), integrity: text(m, "integ-alg"),
		prf: text(m, "prf-alg"), group: text(m, "dh-group"),
	}
}

// rekeyed is what an event child-rekey tells: the connections and the old
// CHILD_SAs, with their last counts.
func rekeyed(m *vici.Message) map[string][]childSA {
	out := map[string][]childSA{}
	for _, name := range m.Keys() {
		s, ok := m.Get(name).(*vici.Message)
		if !ok {
			continue
		}
		children, ok := s.Get("child-sas").(*vici.Message)
		if !ok {
			continue
		}
		for _, k := range children.Keys() {
			c, ok := children.Get(k).(*vici.Message)
			if !ok {
				continue
			}
			if old, ok := c.Get("old").(*vici.Message); ok {
				out[name] = append(out[name], parseChild(old))
			}
		}
	}
	return out
}

// works reports whether traffic passes by the SA: while it is being rekeyed
// too.
func (c *childSA) works() bool {
	switch c.state {
	case "INSTALLED", "UPDATING", "REKEYING":
		return true
	}
	return false
}

func (s *ikeSA) works() bool { return s.state == "ESTABLISHED" || s.state == "REKEYING" }

func text(m *vici.Message, key string) string {
	s, _ := m.Get(key).(string)
	return s
}

// number is 0 for what is not one.
func number(m *vici.Message, key string) uint64 {
	n, err := strconv.ParseUint(text(m, key), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
