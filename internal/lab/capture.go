package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/tieline/tieline/internal/lab/pcapmux"
	"github.com/tieline/tieline/internal/node/capture"
	"github.com/tieline/tieline/internal/node/netns"
	"github.com/tieline/tieline/internal/render/nodes"
)

// CaptureRequest asks for the packets of a link.
type CaptureRequest struct {
	A     string `json:"a"` // its two sites, or its id with B empty
	B     string `json:"b,omitempty"`
	Outer bool   `json:"outer"` // the encrypted packets, on the internet; else those inside the tunnels
	Bytes int    `json:"bytes,omitempty"`
}

// tap is a namespace with the devices in it that are captured.
type tap struct {
	ns      *netns.NS
	devices []string
}

// taps finds where the packets of a link pass: once each, at the end of its
// first site.
func (l *Lab) taps(q CaptureRequest) ([]tap, error) {
	link, swapped, err := l.linkBetween(q.A, q.B)
	if err != nil {
		return nil, err
	}
	near := 0
	if swapped {
		near = 1
	}
	var out []tap
	add := func(ns *netns.NS, device string) {
		i := slices.IndexFunc(out, func(t tap) bool { return t.ns == ns })
		if i < 0 {
			out = append(out, tap{ns, []string{device}})
			return
		}
		out[i].devices = append(out[i].devices, device)
	}
	for i := range l.plan.Paths {
		p := &l.plan.Paths[i]
		if p.Link != link.ID {
			continue
		}
		end := [2]string{p.A, p.B}[near]
		if q.Outer {
			add(l.spaces[end], wan)
			continue
		}
		node := l.underlay(end).Node
		device, err := l.tunnelDevice(node, end)
		if err != nil {
			return nil, err
		}
		add(l.spaces[nodeSpace(node)], device)
	}
	for i := range l.plan.Wires {
		w := &l.plan.Wires[i]
		if w.ID != string(link.ID) {
			continue
		}
		if q.Outer {
			return nil, fmt.Errorf("link %s has no outside: it is inside a cloud", link.ID)
		}
		e := [2]nodes.End{w.A, w.B}[near]
		ns, err := l.space(e.Owner)
		if err != nil {
			return nil, err
		}
		add(ns, e.Device)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("link %s: nothing of it is carried in this lab", link.ID)
	}
	return out, nil
}

// tunnelDevice is the device of the tunnel end whose outside has a name.
func (l *Lab) tunnelDevice(node, outside string) (string, error) {
	path := l.spaces[outside].Path
	for i := range l.plan.Nodes {
		n := &l.plan.Nodes[i]
		if n.Name != node {
			continue
		}
		for k := range n.Config.Tunnels {
			if t := &n.Config.Tunnels[k]; t.Underlay == path {
				return t.Name, nil
			}
		}
	}
	return "", fmt.Errorf("node %s has no tunnel over %s", node, outside)
}

// serveCapture sends a pcapng file that goes on until the client goes.
func (l *Lab) serveCapture(w http.ResponseWriter, r *http.Request) {
	q, err := request[CaptureRequest](l, w, r)
	if err != nil {
		return
	}
	taps, err := l.taps(q)
	if err != nil {
		answer(w, nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/vnd.tcpdump.pcap")
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	mux := pcapmux.New(&flushing{w, http.NewResponseController(w)})
	var group sync.WaitGroup
	for _, t := range taps {
		group.Go(func() {
			defer cancel() // one that fails ends the capture
			out := mux.Stream(strings.TrimPrefix(t.ns.Name, NodePrefix) + " ")
			if err := t.ns.Do(func() error { return capture.Capture(ctx, t.devices, q.Bytes, out) }); err != nil && ctx.Err() == nil {
				l.log.text(fmt.Sprintf("capture in %s: %v", t.ns.Name, err))
			}
		})
	}
	group.Wait()
}

// flushing sends each write on at once.
type flushing struct {
	w     io.Writer
	flush *http.ResponseController
}

// Write sends a piece.
func (f *flushing) Write(b []byte) (int, error) {
	n, err := f.w.Write(b)
	return n, errors.Join(err, f.flush.Flush())
}

// Capture writes the packets of a link to w, as pcapng in whole blocks, until
// ctx ends, which is no error.
func (c *Client) Capture(ctx context.Context, q CaptureRequest, w io.Writer) error {
	body, err := c.do(ctx, http.MethodPost, "/v1/capture", q)
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err := io.Copy(pcapmux.New(w).Stream(""), body); err != nil && ctx.Err() == nil {
		return c.explain(err)
	}
	return nil
}
