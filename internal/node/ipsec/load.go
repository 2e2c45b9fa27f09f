package ipsec

import (
	"errors"
	"fmt"
	"time"

	"github.com/strongswan/govici/vici"
)

// apply makes charon know what is wanted, and answers those who wait for it.
func (d *daemon) apply(p *process) error {
	d.mu.Lock()
	generation := d.want
	retired := d.retired
	d.retired = nil
	var load []tunnel
	for _, name := range sortedKeys(d.tunnels) {
		if t := d.tunnels[name]; t.loaded != t.mark {
			load = append(load, *t)
		}
	}
	d.mu.Unlock()
	for _, name := range retired {
		d.unload(p, name)
		if err := removeDevice(d.m.opts.Namespace, name); err != nil {
			return err
		}
	}
	for i := range load {
		t := &load[i]
		if t.loaded != "" {
			d.unload(p, t.Name) // its SAs go with it: they are of the old plan
		}
		if err := d.load(p, t); err != nil {
			return err
		}
		d.mu.Lock()
		if now := d.tunnels[t.Name]; now != nil {
			now.loaded, now.dialAt = t.mark, time.Time{}
		}
		d.mu.Unlock()
		if t.loaded == "" && t.made && d.m.opts.Remade != nil {
			d.m.opts.Remade(t.Name)
		}
	}
	d.settle(generation, nil)
	return nil
}

// load makes the device of a tunnel, if it has none, and tells charon of it.
func (d *daemon) load(p *process, t *tunnel) error {
	if err := d.device(t); err != nil {
		return err
	}
	d.mu.Lock()
	if now := d.tunnels[t.Name]; now != nil {
		now.made = true
	}
	d.mu.Unlock()
	ifID := t.ifID
	if d.mode == Userspace {
		ifID = 0
	}
	c, err := connectionOf(&t.Tunnel, ifID)
	if err != nil {
		return fmt.Errorf("tunnel %s: %w", t.Name, err)
	}
	conn, err := c.message(t.Name)
	if err != nil {
		return err
	}
	shared, err := sharedMessage(&t.Tunnel, t.psk)
	if err != nil {
		return err
	}
	if _, err := p.call("load-shared", shared); err != nil {
		return err
	}
	_, err = p.call("load-conn", conn)
	return err
}

func (d *daemon) device(t *tunnel) error {
	switch d.mode {
	case Userspace:
		if t.loaded != "" {
			return nil // of this charon's life
		}
		return takeTUN(d.m.opts.Namespace, &t.Tunnel)
	case Kernel:
		if hasDevice(d.m.opts.Namespace, t.Name) {
			return nil
		}
		return makeXfrm(d.m.opts.Namespace, &t.Tunnel, t.ifID)
	}
	return fmt.Errorf("mode %q is not known", d.mode)
}

// unload makes charon forget a tunnel and its SAs. What it does not know is
// forgotten already.
func (d *daemon) unload(p *process, name string) {
	err := errors.Join(
		command(p, "unload-conn", "name", name),
		command(p, "unload-shared", "id", name),
		command(p, "terminate", "ike", name, "force", "yes", "timeout", "1000"),
	)
	if err != nil {
		d.m.opts.Log.Debug("ipsec: unload", "device", name, "error", err)
	}
}

// command runs a command with string arguments, in pairs.
func command(p *process, name string, args ...string) error {
	in := vici.NewMessage()
	for i := 0; i < len(args); i += 2 {
		if err := in.Set(args[i], args[i+1]); err != nil {
			return err
		}
	}
	_, err := p.call(name, in)
	return err
}
