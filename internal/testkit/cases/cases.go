package cases

import (
	"net/netip"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/routes"
	"github.com/tieline/tieline/internal/testkit/oracle"
	"github.com/tieline/tieline/internal/vocab"
)

// Case is one network with what is known of it.
type Case struct {
	Name string
	Why  string // the documented behaviour that decides it
	Net  *fabric.Network
	// Packets are tcp/443 unless they say otherwise; each is answered with
	// its reply.
	Packets []Packet
	Events  []routes.EventKind // that the control plane must report
	Chance  bool               // the answers depend on what no cloud documents
}

// Packet is one question with its answer.
type Packet struct {
	From, To oracle.Machine
	Port     uint16 // TCP destination port; 443 when 0
	Passes   bool
}

// Header gives the packet's header.
func (p Packet) Header() oracle.Packet {
	h := oracle.Packet{Proto: vocab.TCP, SrcPort: 50000, DstPort: 443}
	if p.Port != 0 {
		h.DstPort = p.Port
	}
	return h
}

// in is a machine of a subnet (in a zone where that has some).
func in(s fabric.SubnetID, addr, zone string) oracle.Machine {
	return oracle.Machine{Subnet: s, Zone: zone, Addr: netip.MustParseAddr(addr)}
}

// at is a machine of a site of one's own.
func at(s fabric.SiteID, addr string) oracle.Machine {
	return oracle.Machine{Site: s, Addr: netip.MustParseAddr(addr)}
}

// outside is a machine of the internet.
func outside(addr string) oracle.Machine { return oracle.Machine{Addr: netip.MustParseAddr(addr)} }

// All returns every case.
func All() []Case {
	var out []Case
	for _, list := range [][]Case{awsCases(), azureCases(), gcpCases(), limitCases(), directConnectCases(), policyCases()} {
		out = append(out, list...)
	}
	return out
}
