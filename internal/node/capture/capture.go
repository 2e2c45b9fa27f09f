// Package capture writes what passes devices to a pcapng file: one interface
// of the file for each device, with its name, nanoseconds, and at the end how
// many packets each had and lost.
//
// It opens its sockets in the network namespace of the calling thread. It
// reads packets as they are sent and received, before filters on the way in
// and after them on the way out.
package capture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/vishvananda/netlink"
)

// waiting is how many packets wait to be written at most, beyond what the
// kernel holds.
const waiting = 1024

// packet is one packet of a device.
type packet struct {
	info gopacket.CaptureInfo
	data []byte
}

// Capture writes the packets of the devices to w until ctx ends, at most
// snaplen bytes of each; 0 is all. With matches, only packets that match all
// of them are written. Packets of devices without a link layer (TUN) are
// written as IP, of others as Ethernet. The head of the file is written when
// every device is being read, so whoever sees it misses nothing from then on.
// A device that goes down is read again when it is up; one that is made anew
// under its name is another one. Wireshark reads every such file, tcpdump those
// of one kind of device.
func Capture(ctx context.Context, devices []string, snaplen int, w io.Writer, matches ...Match) (err error) {
	if len(devices) == 0 {
		return errors.New("capture: no device is named")
	}
	if snaplen < 0 {
		return fmt.Errorf("capture: a length of %d bytes cannot be taken", snaplen)
	}
	sources, err := open(devices)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	packets := make(chan packet, waiting)
	failed := make([]error, len(sources))
	var readers sync.WaitGroup
	// Whatever ends the capture, the readers end before it returns.
	defer func() {
		cancel()
		err = errors.Join(err, closeAll(sources))
		readers.Wait()
	}()
	file, err := head(w, sources, snaplen)
	if err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	for i := range sources {
		readers.Go(func() {
			defer cancel() // one that fails ends the capture
			failed[i] = sources[i].read(ctx, i, snaplen, matches, packets)
		})
	}
	written, err := write(ctx, file, packets)
	cancel()
	for i := range sources {
		sources[i].interrupt()
	}
	readers.Wait() // what failed them is theirs until then
	if err == nil {
		err = finish(file, sources, written, packets)
	}
	if err = errors.Join(append(failed, err)...); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	return nil
}

// open opens a socket on each device.
func open(devices []string) ([]*source, error) {
	sources := make([]*source, 0, len(devices))
	for _, name := range devices {
		link, err := netlink.LinkByName(name)
		var s *source
		if err == nil {
			s, err = listen(link.Attrs().Name, link.Attrs().Index, link.Attrs().EncapType)
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("capture on %s: %w", name, err), closeAll(sources))
		}
		sources = append(sources, s)
	}
	return sources, nil
}

func closeAll(sources []*source) error {
	var errs []error
	for _, s := range sources {
		errs = append(errs, s.file.Close())
	}
	return errors.Join(errs...)
}

// head begins the file: the section and its interfaces.
func head(w io.Writer, sources []*source, snaplen int) (*pcapgo.NgWriter, error) {
	var file *pcapgo.NgWriter
	for i, s := range sources {
		about := pcapgo.NgInterface{Name: s.device, LinkType: s.link, SnapLength: uint32(snaplen), TimestampResolution: 9}
		var err error
		if i == 0 {
			file, err = pcapgo.NewNgWriterInterface(w, about, pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "tieline"}})
		} else {
			_, err = file.AddInterface(about)
		}
		if err != nil {
			return nil, err
		}
	}
	return file, file.Flush()
}

// write writes packets until ctx ends, and gives how many of each device. What
// is written reaches the file whenever no packet waits.
func write(ctx context.Context, file *pcapgo.NgWriter, packets <-chan packet) (map[int]uint64, error) {
	written := map[int]uint64{}
	for {
		select {
		case <-ctx.Done():
			return written, nil
		case p := <-packets:
			if err := file.WritePacket(p.info, p.data); err != nil {
				return nil, err
			}
			written[p.info.InterfaceIndex]++
			if len(packets) > 0 {
				continue
			}
			if err := file.Flush(); err != nil {
				return nil, err
			}
		}
	}
}

// finish writes what still waits, and the counts.
func finish(file *pcapgo.NgWriter, sources []*source, written map[int]uint64, packets chan packet) error {
	close(packets) // the readers have ended
	for p := range packets {
		if err := file.WritePacket(p.info, p.data); err != nil {
			return err
		}
		written[p.info.InterfaceIndex]++
	}
	for i, s := range sources {
		lost, err := s.lost()
		if err != nil {
			return err
		}
		err = file.WriteInterfaceStats(i, pcapgo.NgInterfaceStatistics{
			LastUpdate: time.Now(), PacketsReceived: written[i] + lost, PacketsDropped: lost,
		})
		if err != nil {
			return err
		}
	}
	return file.Flush()
}

// linkType is what the packets of a device begin with, by the kernel's name of
// its kind.
func linkType(encapsulation string) (layers.LinkType, error) {
	switch encapsulation {
	case "none":
		return layers.LinkTypeRaw, nil
	case "ether", "loopback":
		return layers.LinkTypeEthernet, nil
	}
	return 0, fmt.Errorf("devices of the kind %s cannot be captured", encapsulation)
}
