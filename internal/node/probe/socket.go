package probe

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// largestPacket is that of IPv4.
const largestPacket = 65535

// datagram is what came in, with what the kernel told of it.
type datagram struct {
	data   []byte // good until the next one
	at     time.Time
	from   netip.AddrPort
	to     netip.Addr
	device int // index
	ttl    int
}

// errTooBig is a router's word that a packet did not fit: fits bytes would, 0
// when it did not tell.
type errTooBig struct{ fits int }

func (e errTooBig) Error() string { return fmt.Sprintf("fragmentation needed: %d bytes fit", e.fits) }

// socket is a UDP or raw ICMP socket.
type socket struct {
	conn connection
	raw  syscall.RawConn
	data []byte
	oob  [512]byte
}

// connection is what a socket needs of *net.UDPConn and *net.IPConn.
type connection interface {
	net.Conn
	syscall.Conn
}

// path says by which way a socket sends.
type path struct {
	device string // empty: by routing
	local  netip.Addr
}

// control sets up a socket before it is bound.
func (p path) control(more func(fd int) error) func(string, string, syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		var failed error
		err := c.Control(func(fd uintptr) {
			// The address may come after the socket.
			failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_FREEBIND, 1)
			if p.device != "" && failed == nil {
				if failed = unix.BindToDevice(int(fd), p.device); failed != nil {
					failed = fmt.Errorf("device %s: %w", p.device, failed)
				}
			}
			if more != nil && failed == nil {
				failed = more(int(fd))
			}
		})
		return errors.Join(err, failed)
	}
}

// told has the kernel tell of each packet when it came, for which address, by
// which device and with which TTL.
func told(fd int) error {
	return errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_PKTINFO, 1),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVTTL, 1),
		// RFC 8762 section 4.2 takes it from RFC 5357: the far end sees how
		// many hops there were.
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_TTL, 255),
	)
}

// whole forbids fragments, and asks routers for what fits. What the kernel
// remembers of a path does not count.
func whole(fd int) error {
	return errors.Join(
		told(fd),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_PROBE),
		unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_RECVERR, 1),
	)
}

// dialUDP makes a socket that sends to, and hears, one address.
func dialUDP(p path, to netip.AddrPort, control func(fd int) error) (*socket, error) {
	d := net.Dialer{Control: p.control(control), Timeout: socketTimeout}
	if p.local.IsValid() {
		d.LocalAddr = net.UDPAddrFromAddrPort(netip.AddrPortFrom(p.local, 0))
	}
	conn, err := d.Dial("udp4", to.String())
	if err != nil {
		return nil, err
	}
	return newSocket(conn.(*net.UDPConn))
}

// socketTimeout bounds the making of a socket; it waits for nothing but the
// kernel.
const socketTimeout = 5 * time.Second

// dialICMP makes a socket that sends to one address and hears its echo replies.
func dialICMP(p path, to netip.Addr, control func(fd int) error) (*socket, error) {
	d := net.Dialer{Timeout: socketTimeout, Control: p.control(func(fd int) error {
		// All but echo replies are filtered in the kernel (raw(7)).
		filter := unix.SetsockoptInt(fd, unix.SOL_RAW, icmpFilter, int(^uint32(1<<icmpEchoReply)))
		return errors.Join(filter, control(fd))
	})}
	if p.local.IsValid() {
		d.LocalAddr = &net.IPAddr{IP: p.local.AsSlice()}
	}
	conn, err := d.Dial("ip4:icmp", to.String())
	if err != nil {
		return nil, err
	}
	return newSocket(conn.(*net.IPConn))
}

// listenUDP makes a socket that hears one address.
func listenUDP(at netip.AddrPort) (*socket, error) {
	config := net.ListenConfig{Control: path{}.control(func(fd int) error {
		// An answer may be fragmented: what is measured is the way here.
		return errors.Join(told(fd), unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT))
	})}
	conn, err := config.ListenPacket(context.Background(), "udp4", at.String())
	if err != nil {
		return nil, err
	}
	return newSocket(conn.(*net.UDPConn))
}

func newSocket(c connection) (*socket, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return &socket{conn: c, raw: raw, data: make([]byte, largestPacket)}, nil
}

// send sends to the address that the socket is of. An ICMP error for an earlier
// packet is in the way of the next one once, and is then told to explain.
func (s *socket) send(b []byte, explain func(error)) error {
	_, err := s.conn.Write(b)
	if errors.Is(err, unix.ECONNREFUSED) || errors.Is(err, unix.EHOSTUNREACH) {
		explain(plain(err))
		_, err = s.conn.Write(b)
	}
	return plain(err)
}

// answer sends to where a datagram came from, by the device and from the
// address that it came to.
func (s *socket) answer(d *datagram, b []byte) error {
	udp, ok := s.conn.(*net.UDPConn)
	if !ok {
		return errors.New("not a UDP socket")
	}
	_, _, err := udp.WriteMsgUDPAddrPort(b, unix.PktInfo4(&unix.Inet4Pktinfo{Ifindex: int32(d.device), Spec_dst: d.to.As4()}), d.from)
	return err
}

// receive waits for a datagram, and returns errTooBig where a router sent word
// instead. Other errors that are of the path and not of the socket are those of
// [pathError].
func (s *socket) receive() (datagram, error) {
	var d datagram
	var failed error
	err := s.raw.Read(func(fd uintptr) bool {
		for {
			n, oobn, _, from, err := unix.Recvmsg(int(fd), s.data, s.oob[:], unix.MSG_DONTWAIT)
			switch {
			case errors.Is(err, unix.EINTR):
				continue
			case errors.Is(err, unix.EAGAIN):
				failed = s.wordOf(int(fd))
				return failed != nil
			case err != nil:
				if failed = s.wordOf(int(fd)); failed == nil {
					failed = err
				}
				return true
			}
			d = s.datagram(n, oobn, from)
			return true
		}
	})
	if err != nil {
		return datagram{}, err
	}
	return d, failed
}

// wordOf reads the queue of errors of the socket; nil when it is empty.
func (s *socket) wordOf(fd int) error {
	n, oobn, _, _, err := unix.Recvmsg(fd, s.data, s.oob[:], unix.MSG_DONTWAIT|unix.MSG_ERRQUEUE)
	if err != nil || n < 0 {
		return nil
	}
	messages, err := unix.ParseSocketControlMessage(s.oob[:oobn])
	if err != nil {
		return nil
	}
	for i := range messages {
		m := &messages[i]
		if m.Header.Level == unix.IPPROTO_IP && m.Header.Type == unix.IP_RECVERR && len(m.Data) >= 16 {
			// struct sock_extended_err: errno, origin, type, code, pad, info.
			errno := syscall.Errno(binary.NativeEndian.Uint32(m.Data))
			if errno == unix.EMSGSIZE {
				return errTooBig{fits: int(binary.NativeEndian.Uint32(m.Data[8:]))}
			}
			return errno
		}
	}
	return nil
}

// datagram reads what the kernel told of the bytes in s.data.
func (s *socket) datagram(n, oobn int, from unix.Sockaddr) datagram {
	now := time.Now()
	d := datagram{data: s.data[:n], at: now}
	if a, ok := from.(*unix.SockaddrInet4); ok {
		d.from = netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	}
	messages, err := unix.ParseSocketControlMessage(s.oob[:oobn])
	if err != nil {
		return d
	}
	for i := range messages {
		m := &messages[i]
		switch {
		case m.Header.Level == unix.SOL_SOCKET && m.Header.Type == unix.SO_TIMESTAMPNS && len(m.Data) >= 16:
			seconds, nanos := binary.NativeEndian.Uint64(m.Data), binary.NativeEndian.Uint64(m.Data[8:])
			d.at = arrival(now, time.Unix(int64(seconds), int64(nanos)))
		case m.Header.Level != unix.IPPROTO_IP:
		case m.Header.Type == unix.IP_TTL && len(m.Data) >= 4:
			d.ttl = int(binary.NativeEndian.Uint32(m.Data))
		case m.Header.Type == unix.IP_PKTINFO && len(m.Data) >= unix.SizeofInet4Pktinfo:
			d.device = int(binary.NativeEndian.Uint32(m.Data))
			d.to = netip.AddrFrom4([4]byte(m.Data[8:12]))
		}
	}
	return d
}

// arrival puts the moment at which the kernel got a packet on the clock that
// does not jump: it was read some time after, as long as the wall clock says,
// unless that jumped in between.
func arrival(now, stamp time.Time) time.Time {
	waited := time.Duration(now.UnixNano() - stamp.UnixNano())
	if waited < 0 || waited > time.Second {
		return now
	}
	return now.Add(-waited)
}

// pathError reports whether an error of a socket says something of the path,
// and not that the socket is of no use any more.
func pathError(err error) bool {
	var big errTooBig
	if errors.As(err, &big) {
		return true
	}
	for _, e := range []error{
		unix.ECONNREFUSED, unix.EHOSTUNREACH, unix.ENETUNREACH, unix.EACCES, unix.EPERM, unix.EMSGSIZE, unix.ENOBUFS,
		unix.ENOPROTOOPT, unix.EHOSTDOWN, unix.EOPNOTSUPP, unix.EPROTO, unix.ENETDOWN, unix.ENONET,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// harmless reports whether a packet that was not sent says nothing against the
// socket: filters and full queues. Any other reason may be that its device is
// not the one that has the name now.
func harmless(err error) bool {
	return errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.ENOBUFS) || errors.Is(err, unix.EMSGSIZE)
}

// plain leaves the addresses out of an error of package net: they are the
// probe's.
func plain(err error) error {
	var op *net.OpError
	if !errors.As(err, &op) {
		return err
	}
	var sys syscall.Errno
	if errors.As(op.Err, &sys) && !errors.Is(op.Err, unix.ENODEV) {
		return sys
	}
	return op.Err
}

func (s *socket) close() { _ = s.conn.Close() }
