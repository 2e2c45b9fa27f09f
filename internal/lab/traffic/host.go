package traffic

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/vocab"
)

// host is a machine with its sockets.
type host struct {
	Host
	sockets []*socket
	bound   []*net.UDPConn
	guarded bool
}

// socket is a raw socket of one protocol: it sends, and sees all that arrives
// after the machine's filters.
type socket struct {
	proto vocab.Proto
	fd    int
	file  *os.File
}

// buffer is how much may wait to be read, bytes.
const buffer = 1 << 20

func (h *host) socket(p vocab.Proto) error {
	for _, s := range h.sockets {
		if s.proto == p {
			return nil
		}
	}
	fd := -1
	err := h.Enter(func() (err error) {
		if fd, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, int(p)); err != nil {
			return fmt.Errorf("raw socket: %w", err)
		}
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, buffer) // less is only more often full
		if p == vocab.TCP {
			return h.guard()
		}
		return nil
	})
	if fd >= 0 {
		// Kept also where the guard failed, so that close finds it.
		h.sockets = append(h.sockets, &socket{p, fd, os.NewFile(uintptr(fd), h.Name)})
	}
	return err
}

// bind holds a client's UDP port.
func (h *host) bind(port uint16) error {
	return h.Enter(func() error {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{Port: int(port)})
		if err == nil {
			h.bound = append(h.bound, c)
		}
		return err
	})
}

// guardTable is the table that keeps the kernel's resets in.
var guardTable = nftables.Table{Name: "tieline-traffic", Family: nftables.TableFamilyIPv4}

// Offsets in a TCP header, RFC 9293 section 3.1.
const (
	sourcePort      = 0
	destinationPort = 2
	flagsByte       = 13
	resetFlag       = 0x04
)

// guard drops what the kernel would say of connections that it does not know:
// resets from or to the ports of clients. It runs before connection tracking,
// which must not hear of them either.
func (h *host) guard() error {
	c, err := nftables.New()
	if err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	t := guardTable
	c.AddTable(&t)
	chain := c.AddChain(&nftables.Chain{
		Name: "resets", Table: &t, Type: nftables.ChainTypeFilter, Hooknum: nftables.ChainHookOutput, Priority: nftables.ChainPriorityRaw,
	})
	for _, offset := range []uint32{sourcePort, destinationPort} {
		c.AddRule(&nftables.Rule{Table: &t, Chain: chain, Exprs: []expr.Any{
			&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: 1},
			&expr.Cmp{Op: expr.CmpOpEq, Register: 1, Data: []byte{unix.IPPROTO_TCP}},
			&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: flagsByte, Len: 1},
			&expr.Bitwise{SourceRegister: 1, DestRegister: 1, Len: 1, Mask: []byte{resetFlag}, Xor: []byte{0}},
			&expr.Cmp{Op: expr.CmpOpNeq, Register: 1, Data: []byte{0}},
			&expr.Payload{DestRegister: 1, Base: expr.PayloadBaseTransportHeader, Offset: offset, Len: 2},
			&expr.Range{Op: expr.CmpOpEq, Register: 1, FromData: binaryutil.BigEndian.PutUint16(firstPort), ToData: binaryutil.BigEndian.PutUint16(firstPort + MostFlows - 1)},
			&expr.Verdict{Kind: expr.VerdictDrop},
		}})
	}
	if err := c.Flush(); err != nil {
		return fmt.Errorf("nftables: %w", err)
	}
	h.guarded = true
	return nil
}

func (h *host) close() error {
	var errs []error
	for _, s := range h.sockets {
		errs = append(errs, s.file.Close())
	}
	for _, c := range h.bound {
		errs = append(errs, c.Close())
	}
	if h.guarded {
		errs = append(errs, h.Enter(func() error {
			c, err := nftables.New()
			if err != nil {
				return err
			}
			t := guardTable
			c.DelTable(&t)
			return c.Flush()
		}))
	}
	return errors.Join(errs...)
}
