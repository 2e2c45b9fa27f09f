// Package shape divides the rate of devices among classes of traffic, so that
// a class keeps its rate when the device is full (HTB), and may use what the
// others leave.
//
// It takes the shapers of nodeconf. A packet is told to its class by the DSCP
// of its IPv4 header (RFC 2474) where it leaves the machine, by an nftables
// table of its own (inet tieline_shape) that sets the packet's priority to the
// class's number; no traffic control filter is needed. It shapes what leaves,
// never what comes in.
package shape

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"github.com/tieline/tieline/internal/nodeconf"
	"github.com/tieline/tieline/internal/vocab"
)

const kernelTimeout = 10 * time.Second

// Numbers of the queue's parts. The major one marks a queue as this package's.
const (
	major        = 0x7e
	minorWhole   = 0x1
	minorDefault = 0x2
	minorClass   = 0x100 // and the DSCP
)

// Shaping is the queues of one namespace.
type Shaping struct {
	ns int
	mu sync.Mutex
}

// New makes the shaping of a namespace, given by a file descriptor that stays
// open; 0 is the namespace of the process. It changes nothing.
func New(ns int) *Shaping { return &Shaping{ns: ns} }

// Set makes the shapers those of the namespace. A device that is no longer
// named loses its queue; rates change without loss; setting the same again
// changes nothing that a packet could see. Devices that cannot be shaped are
// reported, the others are.
func (s *Shaping) Set(shapers []nodeconf.Shaper) error {
	if err := check(shapers); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := s.handle()
	if err != nil {
		return fmt.Errorf("traffic control: %w", err)
	}
	defer h.Close()
	errs := []error{clearOthers(h, shapers)}
	for i := range shapers {
		if err := set(h, &shapers[i]); err != nil {
			errs = append(errs, fmt.Errorf("shape device %s: %w", shapers[i].Device, err))
		}
	}
	if err := mark(s.ns, shapers); err != nil {
		errs = append(errs, fmt.Errorf("nftables: classes of traffic: %w", err))
	}
	return errors.Join(errs...)
}

func (s *Shaping) handle() (*netlink.Handle, error) {
	at := netns.None() // of the caller
	if s.ns != 0 {
		at = netns.NsHandle(s.ns)
	}
	h, err := netlink.NewHandleAt(at, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	if err := h.SetSocketTimeout(kernelTimeout); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// check refuses shapers that promise more than there is, or twice.
func check(shapers []nodeconf.Shaper) error {
	const dscps = 64
	var errs []error
	devices := map[string]bool{}
	for i := range shapers {
		s := &shapers[i]
		bad := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf("shape device %q: %w", s.Device, fmt.Errorf(format, args...)))
		}
		if s.Device == "" || len(s.Device) >= unix.IFNAMSIZ || devices[s.Device] {
			bad("no name of a device, or named twice")
		}
		devices[s.Device] = true
		var sum vocab.Rate
		seen := map[uint8]bool{}
		for _, c := range s.Classes {
			if c.DSCP >= dscps || seen[c.DSCP] {
				bad("class %q: DSCP %d is none, or another class's", c.Name, c.DSCP)
			}
			seen[c.DSCP] = true
			if c.Rate < leastRate {
				bad("class %q: rate %v is under %v", c.Name, c.Rate, leastRate)
			}
			sum += c.Rate
		}
		if s.Rate < leastRate || sum > s.Rate {
			bad("its classes keep %v of %v", sum, s.Rate)
		}
	}
	return errors.Join(errs...)
}

// clearOthers takes the queues off devices that are not to be shaped.
func clearOthers(h *netlink.Handle, shapers []nodeconf.Shaper) error {
	links, err := h.LinkList()
	if err != nil {
		return err
	}
	var errs []error
	for _, l := range links {
		name := l.Attrs().Name
		if slices.ContainsFunc(shapers, func(s nodeconf.Shaper) bool { return s.Device == name }) {
			continue
		}
		root, err := rootOf(h, l)
		if err == nil && root != nil {
			err = h.QdiscDel(root)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("device %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// rootOf is this package's queue of a device, if there is one.
func rootOf(h *netlink.Handle, l netlink.Link) (netlink.Qdisc, error) {
	list, err := h.QdiscList(l)
	if err != nil {
		return nil, err
	}
	for _, q := range list {
		if a := q.Attrs(); q.Type() == "htb" && a.Parent == netlink.HANDLE_ROOT && a.Handle == netlink.MakeHandle(major, 0) {
			return q, nil
		}
	}
	return nil, nil
}

// set gives a device its queue and classes, or changes those that it has.
func set(h *netlink.Handle, s *nodeconf.Shaper) error {
	l, err := h.LinkByName(s.Device)
	if err != nil {
		return err
	}
	root, err := rootOf(h, l)
	if err != nil {
		return err
	}
	if root == nil {
		q := netlink.NewHtb(netlink.QdiscAttrs{LinkIndex: l.Attrs().Index, Handle: netlink.MakeHandle(major, 0), Parent: netlink.HANDLE_ROOT})
		q.Defcls = minorDefault
		if err := h.QdiscReplace(q); err != nil {
			return err
		}
	}
	want := classes(l.Attrs().Index, s)
	have, err := h.ClassList(l, 0)
	if err != nil {
		return err
	}
	// What goes first makes room for what comes.
	for _, c := range have {
		gone := !slices.ContainsFunc(want, func(w *netlink.HtbClass) bool { return w.Handle == c.Attrs().Handle })
		if gone {
			if err := h.ClassDel(c); err != nil {
				return err
			}
		}
	}
	for _, c := range want {
		if err := h.ClassReplace(c); err != nil {
			return fmt.Errorf("class %s: %w", netlink.HandleStr(c.Handle), err)
		}
	}
	return nil
}

// leastRate is what a class has at least: below it a full packet waits seconds.
const leastRate = 8 * vocab.Kbps

// classes are the whole device, what has no class, and each class, which keeps
// its rate and may use the whole.
func classes(link int, s *nodeconf.Shaper) []*netlink.HtbClass {
	class := func(minor uint16, parent uint32, rate vocab.Rate) *netlink.HtbClass {
		return netlink.NewHtbClass(
			netlink.ClassAttrs{LinkIndex: link, Handle: netlink.MakeHandle(major, minor), Parent: parent},
			netlink.HtbClassAttrs{Rate: uint64(rate), Ceil: uint64(s.Rate), Buffer: burst(rate), Cbuffer: burst(s.Rate), Quantum: quantum(rate)})
	}
	whole := netlink.MakeHandle(major, minorWhole)
	rest := s.Rate
	for _, c := range s.Classes {
		rest -= c.Rate
	}
	list := []*netlink.HtbClass{
		class(minorWhole, netlink.MakeHandle(major, 0), s.Rate),
		class(minorDefault, whole, max(rest, leastRate)),
	}
	for _, c := range s.Classes {
		list = append(list, class(minorClass+uint16(c.DSCP), whole, c.Rate))
	}
	return list
}

// burst is how many bytes a class sends at once after a rest: what its rate
// carries in some milliseconds, and never less than two packets.
func burst(r vocab.Rate) uint32 {
	const perSecond, least, most = 200, 3200, 1 << 20
	return uint32(min(max(r/8/perSecond, least), most))
}

// quantum is how many bytes a class sends in its turn when classes share what
// is left over, in proportion to their rates.
func quantum(r vocab.Rate) uint32 {
	const turns, least, most = 1000, 1600, 60000
	return uint32(min(max(r/8/turns, least), most))
}
