package bfd

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// State of a session (RFC 5880 section 4.1).
type State uint8

// The states.
const (
	AdminDown State = iota // held down on purpose; no failure
	Down
	Init
	Up
)

// String names the state as in nodeconf.SessionState.
func (s State) String() string {
	switch s {
	case AdminDown:
		return "admin-down"
	case Down:
		return "down"
	case Init:
		return "init"
	case Up:
		return "up"
	default:
		return fmt.Sprintf("State(%d)", uint8(s))
	}
}

// Diag says why a session left Up (RFC 5880 section 4.1).
type Diag uint8

// The diagnostics that are sent here.
const (
	NoDiag           Diag = 0
	TimeExpired      Diag = 1
	NeighborDown     Diag = 3
	Administratively Diag = 7
)

// String says it in words.
func (d Diag) String() string {
	switch d {
	case NoDiag:
		return "no diagnostic"
	case TimeExpired:
		return "control detection time expired"
	case NeighborDown:
		return "neighbor signaled session down"
	case Administratively:
		return "administratively down"
	default:
		return fmt.Sprintf("diagnostic %d", uint8(d))
	}
}

// length of a control packet without authentication, bytes.
const length = 24

// Packet is a control packet without authentication (RFC 5880 section 4.1).
// Intervals are in microseconds.
type Packet struct {
	Diag       Diag
	State      State
	Poll       bool
	Final      bool
	Demand     bool
	Multiplier uint8
	My, Your   uint32 // discriminators
	DesiredTx  uint32
	RequiredRx uint32
	EchoRx     uint32
}

// Why a packet is discarded (RFC 5880 section 6.8.6).
var (
	ErrShort         = errors.New("shorter than a control packet")
	ErrVersion       = errors.New("version is not 1")
	ErrLength        = errors.New("length field does not fit")
	ErrMultiplier    = errors.New("detect multiplier is 0")
	ErrMultipoint    = errors.New("multipoint bit is set")
	ErrAuth          = errors.New("authentication is not in use")
	ErrFlags         = errors.New("poll and final are both set")
	ErrDiscriminator = errors.New("discriminator is 0")
)

// Parse reads a control packet and checks what can be checked without the
// session. Bytes after it are ignored.
func Parse(b []byte) (Packet, error) {
	if len(b) < length {
		return Packet{}, ErrShort
	}
	if b[0]>>5 != 1 {
		return Packet{}, ErrVersion
	}
	if int(b[3]) < length || int(b[3]) > len(b) {
		return Packet{}, ErrLength
	}
	p := Packet{
		Diag: Diag(b[0] & 0x1f), State: State(b[1] >> 6),
		Poll: b[1]&0x20 != 0, Final: b[1]&0x10 != 0, Demand: b[1]&0x02 != 0,
		Multiplier: b[2],
		My:         binary.BigEndian.Uint32(b[4:]), Your: binary.BigEndian.Uint32(b[8:]),
		DesiredTx: binary.BigEndian.Uint32(b[12:]), RequiredRx: binary.BigEndian.Uint32(b[16:]),
		EchoRx: binary.BigEndian.Uint32(b[20:]),
	}
	switch {
	case p.Multiplier == 0:
		return Packet{}, ErrMultiplier
	case b[1]&0x01 != 0:
		return Packet{}, ErrMultipoint
	case b[1]&0x04 != 0:
		return Packet{}, ErrAuth
	case p.Poll && p.Final:
		return Packet{}, ErrFlags
	case p.My == 0, p.Your == 0 && (p.State == Init || p.State == Up):
		return Packet{}, ErrDiscriminator
	}
	return p, nil
}

// Append writes the packet after b.
func (p *Packet) Append(b []byte) []byte {
	flags := byte(p.State) << 6
	if p.Poll {
		flags |= 0x20
	}
	if p.Final {
		flags |= 0x10
	}
	if p.Demand {
		flags |= 0x02
	}
	b = append(b, 1<<5|byte(p.Diag)&0x1f, flags, p.Multiplier, length)
	for _, v := range [...]uint32{p.My, p.Your, p.DesiredTx, p.RequiredRx, p.EchoRx} {
		b = binary.BigEndian.AppendUint32(b, v)
	}
	return b
}
