package probe

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/nodeconf"
)

// sizer finds the path MTU of a probe with packets of its own, which are not
// among those that the probe counts.
type sizer struct {
	conf    *nodeconf.Probe
	rec     *record
	within  func(func() error) error
	timeout time.Duration // of one try
	confirm time.Duration // 0: mtuConfirm

	socket *socket
	format format
	seq    uint32
	heard  chan outcome
}

// outcome is what came of a try.
type outcome struct {
	seq uint32
	err error // errTooBig; nil when it was answered
}

// run searches until ctx is done.
func (z *sizer) run(ctx context.Context) {
	defer func() {
		if z.socket != nil {
			z.reset()
		}
	}()
	ceiling, err := z.ceiling()
	for err != nil {
		if !wait(ctx, mtuTimerMin) {
			return
		}
		ceiling, err = z.ceiling()
	}
	s := newSearch(ceiling, time.Now().Add(rand.N(mtuTimerMin)))
	for {
		size, at := s.next()
		if s.phase == complete && z.confirm > 0 {
			at = at.Add(z.confirm - mtuConfirm)
		}
		if !wait(ctx, time.Until(at)) {
			return
		}
		if ceiling, err := z.ceiling(); err == nil && ceiling != s.ceiling {
			s.limit(ceiling, time.Now())
			z.rec.setPathMTU(s.known)
			continue
		}
		if !z.try(ctx, s, size) {
			return
		}
		z.rec.setPathMTU(s.known)
	}
}

// wait reports false when ctx is done first.
func wait(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// ceiling is the MTU of the device by which packets leave.
func (z *sizer) ceiling() (mtu int, err error) {
	err = z.within(func() error {
		device := z.conf.Device
		if device == "" {
			if device, err = z.route(); err != nil {
				return err
			}
		}
		i, err := net.InterfaceByName(device)
		if err != nil {
			return err
		}
		mtu = min(i.MTU, largestPacket)
		return nil
	})
	return mtu, err
}

// route finds the device that has the address from which packets leave.
func (z *sizer) route() (string, error) {
	s, err := dialUDP(path{local: z.conf.Local}, stampTarget(z.conf.Target), told)
	if err != nil {
		return "", err
	}
	defer s.close()
	local, ok := s.conn.LocalAddr().(*net.UDPAddr)
	if !ok {
		return "", errors.New("no local address")
	}
	all, err := net.Interfaces()
	if err != nil {
		return "", err
	}
	for _, i := range all {
		addrs, err := i.Addrs()
		if err != nil {
			continue // gone meanwhile
		}
		for _, a := range addrs {
			if n, ok := a.(*net.IPNet); ok && n.IP.Equal(local.IP) {
				return i.Name, nil
			}
		}
	}
	return "", fmt.Errorf("no device has %s", local.IP)
}

// try sends a packet of the size, which is its whole length with the IPv4
// header, and tells the search what came of it. It is false when ctx is done.
func (z *sizer) try(ctx context.Context, s *search, size int) bool {
	if z.socket == nil {
		if err := z.open(); err != nil {
			return wait(ctx, z.timeout) && z.missed(s, size)
		}
	}
	z.seq++
	b := make([]byte, max(size-z.format.headers, z.format.size))
	z.format.make(b, z.seq)
	// An error of an earlier packet may be told first, and this one is not sent
	// then.
	err := z.socket.send(b, func(error) {})
	if errors.Is(err, unix.EMSGSIZE) {
		err = z.socket.send(b, func(error) {})
	}
	switch {
	case errors.Is(err, unix.EMSGSIZE):
		s.tooBigHere(size, time.Now())
		return true
	case err != nil:
		if !harmless(err) {
			z.reset()
		}
		return wait(ctx, z.timeout) && z.missed(s, size)
	}
	timer := time.NewTimer(z.timeout)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-timer.C:
			return z.missed(s, size)
		case o, ok := <-z.heard:
			if !ok {
				z.reset()
				return wait(ctx, z.timeout) && z.missed(s, size)
			}
			var big errTooBig
			if errors.As(o.err, &big) {
				if s.tooBig(size, big.fits, time.Now()) {
					return true
				}
				continue
			}
			if o.err == nil && o.seq == z.seq {
				s.passed(size, time.Now())
				return true
			}
		}
	}
}

func (z *sizer) missed(s *search, size int) bool {
	s.lost(size, time.Now())
	return true
}

func (z *sizer) reset() {
	z.socket.close()
	for range z.heard { // until its reader has ended
	}
	z.socket = nil
}

// open makes the socket: STAMP's own where that is the probe, else ICMP.
func (z *sizer) open() error {
	p := path{z.conf.Device, z.conf.Local}
	err := z.within(func() (err error) {
		if z.conf.Kind == nodeconf.STAMP {
			z.format = stampFormat(clockEstimate)
			z.socket, err = dialUDP(p, stampTarget(z.conf.Target), whole)
			return err
		}
		z.format = echoFormat()
		z.socket, err = dialICMP(p, z.conf.Target.Addr(), whole)
		return err
	})
	if err != nil {
		z.socket = nil
		return err
	}
	heard := make(chan outcome, 16)
	z.heard = heard
	go listen(z.socket, z.format, heard)
	return nil
}

// listen ends when the socket is closed. What nobody waits for is dropped.
func listen(s *socket, f format, heard chan<- outcome) {
	defer close(heard)
	tell := func(o outcome) {
		select {
		case heard <- o:
		default:
		}
	}
	for {
		d, err := s.receive()
		switch {
		case err == nil:
			if a, ok := f.parse(&d); ok {
				tell(outcome{seq: a.seq})
			}
		case pathError(err):
			tell(outcome{err: err})
		default:
			return
		}
	}
}
