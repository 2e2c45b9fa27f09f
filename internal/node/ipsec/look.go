package ipsec

import (
	"errors"
	"fmt"
	"time"

	"github.com/strongswan/govici/vici"
)

// look lists the SAs, dials what is down, and says when to look again.
func (d *daemon) look(p *process) (time.Duration, error) {
	sas, err := d.list(p)
	if err != nil {
		return 0, err
	}
	now := time.Now()
	next := lookUp
	var dial, twins []string
	d.mu.Lock()
	for _, name := range sortedKeys(d.tunnels) {
		t := d.tunnels[name]
		if t.observe(sas[name], now) {
			d.m.opts.Log.Info("ipsec tunnel", "device", name, "id", t.ID, "up", t.up, "why", t.why)
		}
		if !t.up || t.missed > 0 {
			next = lookDown
		}
		if t.wantsDial(sas[name], now) {
			t.dialed(now)
			dial = append(dial, name)
		}
		if id := t.twin(sas[name]); id != "" {
			twins = append(twins, id)
		}
	}
	d.mu.Unlock()
	for _, name := range dial {
		if err := d.dial(p, name); err != nil {
			return 0, err
		}
	}
	for _, id := range twins {
		if err := command(p, "terminate", "ike-id", id, "timeout", "-1"); err != nil {
			d.m.opts.Log.Debug("ipsec: second SA", "error", err)
		}
	}
	return next, d.devices()
}

// list gives the SAs by connection. The events that charon raised before its
// answer are all in the channel when the answer is there.
func (d *daemon) list(p *process) (map[string][]ikeSA, error) {
	if _, err := p.call("list-sas", nil); err != nil {
		return nil, err
	}
	sas := map[string][]ikeSA{}
	for {
		select {
		case e, ok := <-p.events:
			if !ok {
				return nil, errors.New("charon closed its socket")
			}
			if e.Name != listEvent {
				d.event(e)
				continue
			}
			for _, s := range parseSAs(e.Message) {
				sas[s.conn] = append(sas[s.conn], s)
			}
		default:
			return sas, nil
		}
	}
}

// dial begins the exchanges and does not wait for them.
func (d *daemon) dial(p *process, name string) error {
	return command(p, "initiate", "ike", name, "child", name, "timeout", "-1")
}

// devices fails when a TUN device is gone: charon does not make it again.
func (d *daemon) devices() error {
	d.mu.Lock()
	names := sortedKeys(d.tunnels)
	d.mu.Unlock()
	for _, name := range names {
		if !hasDevice(d.m.opts.Namespace, name) {
			return fmt.Errorf("device %s was taken away", name)
		}
	}
	return nil
}

// event counts rekeys.
func (d *daemon) event(e vici.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch e.Name {
	case "ike-rekey":
		for _, name := range e.Message.Keys() {
			if t := d.tunnels[name]; t != nil {
				t.rekeys[0]++
			}
		}
	case "child-rekey":
		old := rekeyed(e.Message)
		for _, name := range sortedKeys(old) {
			t := d.tunnels[name]
			if t == nil {
				continue
			}
			for _, c := range old[name] {
				t.rekeys[1]++
				t.counted(c)
			}
		}
	}
}

// heard takes a line of charon's log.
func (d *daemon) heard(line string) {
	conn, text := logLine(line)
	d.mu.Lock()
	defer d.mu.Unlock()
	t := d.tunnels[conn]
	if t == nil && len(d.tunnels) == 1 { // before charon knows whose it is
		for _, t = range d.tunnels {
		}
	}
	if t != nil {
		t.note(text, time.Now())
	}
}
