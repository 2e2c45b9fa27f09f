package node

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"

	"github.com/tieline/tieline/internal/node/probe"
	"github.com/tieline/tieline/internal/node/rib"
	"github.com/tieline/tieline/internal/nodeconf"
)

// LargestConfig is how many bytes a configuration has at most.
const LargestConfig = 64 << 20

// Decode reads a configuration from JSON. Fields that it does not know are an
// error, as is anything after it.
func Decode(b []byte) (nodeconf.Config, error) {
	var c nodeconf.Config
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return nodeconf.Config{}, fmt.Errorf("configuration: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nodeconf.Config{}, errors.New("configuration: there is more after its end")
	}
	return c, nil
}

// Validate returns all that is wrong in a configuration, joined, each with its
// path in it: sessions[2].device.
func Validate(c *nodeconf.Config) error {
	if c.Version != nodeconf.Version {
		return fmt.Errorf("version: %d is not spoken here, but %d", c.Version, nodeconf.Version)
	}
	v := &validator{conf: c, devices: map[string]bool{"lo": true}, tables: map[string]bool{}, numbers: map[int]bool{}, sessions: map[string]bool{}}
	v.need(c.Node != "", "node", "is missing")
	v.names()
	v.allDevices()
	v.allTunnels()
	v.allTables()
	v.allSessions()
	v.allFilters()
	v.rest()
	v.errs = append(v.errs, rib.Validate(c.Tables, c.Sessions)...)
	return errors.Join(v.errs...)
}

type validator struct {
	conf     *nodeconf.Config
	errs     []error
	devices  map[string]bool
	tables   map[string]bool
	numbers  map[int]bool
	sessions map[string]bool
}

// need notes a mistake where what is stated does not hold.
func (v *validator) need(ok bool, path, format string, args ...any) {
	if !ok {
		v.errs = append(v.errs, fmt.Errorf("%s: %s", path, fmt.Sprintf(format, args...)))
	}
}

// names collects what others refer to; nothing may be named twice.
func (v *validator) names() {
	device := func(path, name string) {
		v.need(!v.devices[name] || name == "lo", path, "device %q is named twice", name)
		v.need(deviceName(name), path, "%q is no name of a device (1 to 15 bytes, no space or slash)", name)
		v.devices[name] = true
	}
	for i := range v.conf.Devices {
		device(fmt.Sprintf("devices[%d].name", i), v.conf.Devices[i].Name)
	}
	for i := range v.conf.Tunnels {
		device(fmt.Sprintf("tunnels[%d].name", i), v.conf.Tunnels[i].Name)
	}
	for i := range v.conf.Tables {
		t := &v.conf.Tables[i]
		path := fmt.Sprintf("tables[%d]", i)
		v.need(t.Name != "", path+".name", "is missing")
		v.need(!v.tables[t.Name], path+".name", "table %q is named twice", t.Name)
		v.need(t.ID == 0 || !v.numbers[t.ID], path+".id", "number %d is of two tables", t.ID)
		// 253 to 255 are the kernel's default, main and local tables.
		v.need(t.ID >= 0 && t.ID < 1<<31 && (t.ID < 253 || t.ID > 255), path+".id", "%d is no free number of a table", t.ID)
		v.tables[t.Name], v.numbers[t.ID] = true, t.ID != 0
	}
	for i := range v.conf.Sessions {
		id := v.conf.Sessions[i].ID
		path := fmt.Sprintf("sessions[%d].id", i)
		v.need(id != "", path, "is missing")
		v.need(!v.sessions[id], path, "session %q is named twice", id)
		v.sessions[id] = true
	}
}

func deviceName(name string) bool {
	return name != "" && len(name) <= 15 && name != "." && name != ".." && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r == '/' || r == 0x7f
	})
}

func (v *validator) device(path, name string) {
	v.need(v.devices[name], path, "device %q is not in the configuration", name)
}

func (v *validator) session(path, id string) {
	v.need(v.sessions[id], path, "session %q is not in the configuration", id)
}

// prefix must be of IPv4, and without bits beyond its length.
func (v *validator) prefix(path string, p netip.Prefix) {
	v.need(p.IsValid() && p.Addr().Is4() && p == p.Masked(), path, "%s is no IPv4 prefix", p)
}

func (v *validator) addr(path string, a netip.Addr) {
	v.need(a.Is4(), path, "%s is no IPv4 address", a)
}

func (v *validator) allDevices() {
	paired := map[string]string{}
	for i := range v.conf.Devices {
		d := &v.conf.Devices[i]
		path := fmt.Sprintf("devices[%d]", i)
		v.link(path, d)
		if d.Pair == "" {
			continue
		}
		v.need(deviceName(d.Pair) && d.Pair != d.Name && d.Name != "lo", path+".pair", "%q cannot be the other end", d.Pair)
		other, ok := paired[d.Name]
		v.need(!ok || other == d.Pair, path+".pair", "%s has the ends %s and %s", d.Name, other, d.Pair)
		back, ok := paired[d.Pair]
		v.need(!ok || back == d.Name, path+".pair", "%s is the other end of %s already", d.Pair, back)
		paired[d.Name], paired[d.Pair] = d.Pair, d.Name
		v.devices[d.Pair] = true
	}
	for i := range v.conf.Tunnels {
		t := &v.conf.Tunnels[i]
		v.need(paired[t.Name] == "" && t.Pair == "", fmt.Sprintf("tunnels[%d].pair", i), "a tunnel has none")
	}
}

func (v *validator) link(path string, d *nodeconf.Device) {
	v.need(d.MTU == 0 || d.MTU >= 68 && d.MTU <= 65535, path+".mtu", "%d is not from 68 to 65535 (RFC 791)", d.MTU)
	v.need(d.MSS == 0 || d.MSS >= 28 && d.MSS <= 65495, path+".mss", "%d is not from 28 to 65495", d.MSS)
	for k, a := range d.Addrs {
		v.need(a.IsValid() && a.Addr().Is4(), fmt.Sprintf("%s.addrs[%d]", path, k), "%s is no IPv4 address with its length", a)
	}
}

func (v *validator) allTunnels() {
	for i := range v.conf.Tunnels {
		t := &v.conf.Tunnels[i]
		path := fmt.Sprintf("tunnels[%d]", i)
		v.link(path, &t.Device)
		v.addr(path+".local", t.Local)
		v.addr(path+".remote", t.Remote)
		switch t.Kind {
		case nodeconf.IPsec:
			v.need(t.IPsec != nil, path+".ipsec", "is missing")
			if t.IPsec != nil {
				v.secret(path+".ipsec.psk", t.IPsec.PSK)
			}
		case nodeconf.WireGuard:
			v.need(t.WireGuard != nil, path+".wireguard", "is missing")
			if t.WireGuard != nil {
				v.secret(path+".wireguard.private_key", t.WireGuard.PrivateKey)
			}
		default:
			v.need(false, path+".kind", "%q is neither %s nor %s", t.Kind, nodeconf.IPsec, nodeconf.WireGuard)
		}
	}
}

func (v *validator) secret(path, name string) {
	v.need(secretName(name), path, "%q is no name of a secret", name)
}

// secretName reports whether a name stays inside the folder of secrets.
func secretName(name string) bool {
	return name != "" && !strings.HasPrefix(name, ".") && !strings.ContainsAny(name, "/\x00")
}

func (v *validator) allTables() {
	for i := range v.conf.Tables {
		t := &v.conf.Tables[i]
		path := fmt.Sprintf("tables[%d]", i)
		v.need(t.Paths >= 1, path+".paths", "%d is not 1 or more", t.Paths)
		v.need(t.Most >= 0, path+".most", "%d is below 0", t.Most)
		for k := range t.Routes {
			r := &t.Routes[k]
			at := fmt.Sprintf("%s.routes[%d]", path, k)
			v.prefix(at+".prefix", r.Prefix)
			for j, d := range r.Via {
				v.device(fmt.Sprintf("%s.via[%d]", at, j), d)
			}
		}
		for k := range t.Learn {
			l := &t.Learn[k]
			at := fmt.Sprintf("%s.learn[%d]", path, k)
			v.need((len(l.Sessions) > 0) != (l.Table != ""), at, "names either sessions or a table")
			for j, id := range l.Sessions {
				v.session(fmt.Sprintf("%s.sessions[%d]", at, j), id)
			}
			v.need(l.Table == "" || v.tables[l.Table], at+".table", "table %q is not in the configuration", l.Table)
			if l.Via != "" {
				v.device(at+".via", l.Via)
			}
			v.need(l.Cost >= 0, at+".cost", "%d is below 0", l.Cost)
			for j, p := range l.Only {
				v.prefix(fmt.Sprintf("%s.only[%d]", at, j), p)
			}
		}
		for k, c := range t.Compare {
			known := []nodeconf.Criterion{nodeconf.LocalPreference, nodeconf.ASPathLength, nodeconf.MED, nodeconf.NeighbourMED}
			v.need(slices.Contains(known, c), fmt.Sprintf("%s.compare[%d]", path, k), "%q is none of %q", c, known)
		}
	}
	for i, r := range v.conf.Rules {
		path := fmt.Sprintf("rules[%d]", i)
		v.device(path+".device", r.Device)
		v.need(v.numbers[r.Table], path+".table", "no table has the number %d", r.Table)
	}
}

func (v *validator) allSessions() {
	for i := range v.conf.Sessions {
		s := &v.conf.Sessions[i]
		path := fmt.Sprintf("sessions[%d]", i)
		v.device(path+".device", s.Device)
		if s.Via != "" {
			v.device(path+".via", s.Via)
		}
		v.addr(path+".local", s.Local)
		v.addr(path+".peer", s.Peer)
		v.need(s.Local != s.Peer, path+".peer", "%s is both ends", s.Peer)
		v.need(s.ASN != 0, path+".asn", "is missing")
		v.need(s.PeerASN != 0, path+".peer_asn", "is missing")
		v.need(s.Hold == 0 || s.Hold >= 3000, path+".hold", "%d ms is neither 0 nor 3 s and more (RFC 4271 section 4.2)", s.Hold)
		v.need(s.Keepalive >= 0 && (s.Hold == 0 || s.Keepalive < s.Hold), path+".keepalive", "%d ms is not below the hold time", s.Keepalive)
		v.need(s.Prepend >= 0 && s.Prepend <= 64, path+".prepend", "%d is not from 0 to 64", s.Prepend)
		v.need(s.Most >= 0, path+".most", "%d is below 0", s.Most)
		v.need(s.Beyond == "" || s.Beyond == nodeconf.EndSession || s.Beyond == nodeconf.Ignore, path+".beyond", "%q is neither %s nor %s", s.Beyond, nodeconf.EndSession, nodeconf.Ignore)
		v.need(s.Export == "" || v.tables[s.Export], path+".export", "table %q is not in the configuration", s.Export)
		for k, id := range s.ExportOnly {
			v.session(fmt.Sprintf("%s.export_only[%d]", path, k), id)
		}
		for k, a := range s.Announce {
			v.prefix(fmt.Sprintf("%s.announce[%d].prefix", path, k), a.Prefix)
			v.need(a.Cost >= 0, fmt.Sprintf("%s.announce[%d].cost", path, k), "%d is below 0", a.Cost)
		}
		for k, p := range s.Refuse {
			v.prefix(fmt.Sprintf("%s.refuse[%d]", path, k), p)
		}
		for k, p := range s.Withhold {
			v.prefix(fmt.Sprintf("%s.withhold[%d]", path, k), p)
		}
		v.need(!slices.Contains(s.Insert, 0), path+".insert", "0 is no number of an AS (RFC 7607)")
		if b := s.BFD; b != nil {
			v.need(b.Interval >= 10 && b.Interval <= 3600000, path+".bfd.interval", "%d ms is not from 10 ms to 1 h", b.Interval)
			v.need(b.Multiplier >= 1 && b.Multiplier <= 255, path+".bfd.multiplier", "%d is not from 1 to 255 (RFC 5880 section 4.1)", b.Multiplier)
		}
	}
}

func (v *validator) allFilters() {
	ids := map[string]bool{}
	verdict := func(path string, d nodeconf.Verdict) {
		v.need(d == nodeconf.Accept || d == nodeconf.Drop, path, "%q is neither %s nor %s", d, nodeconf.Accept, nodeconf.Drop)
	}
	for i := range v.conf.Filters {
		f := &v.conf.Filters[i]
		path := fmt.Sprintf("filters[%d]", i)
		v.need(f.ID != "" && !ids[f.ID], path+".id", "%q is missing or named twice", f.ID)
		ids[f.ID] = true
		if f.Device != "" {
			v.device(path+".device", f.Device)
		}
		v.need(f.Kind == nodeconf.Stateful || f.Kind == nodeconf.Stateless, path+".kind", "%q is neither %s nor %s", f.Kind, nodeconf.Stateful, nodeconf.Stateless)
		verdict(path+".ingress", f.Ingress)
		verdict(path+".egress", f.Egress)
		sets, rules := map[string]bool{}, map[string]bool{}
		for _, s := range f.Sets {
			sets[s.Name] = true
		}
		for k := range f.Rules {
			r := &f.Rules[k]
			at := fmt.Sprintf("%s.rules[%d]", path, k)
			v.need(r.Name != "" && !rules[r.Name], at+".name", "%q is missing or named twice", r.Name)
			rules[r.Name] = true
			v.need(r.Direction == nodeconf.Ingress || r.Direction == nodeconf.Egress, at+".direction", "%q is neither %s nor %s", r.Direction, nodeconf.Ingress, nodeconf.Egress)
			verdict(at+".verdict", r.Verdict)
			v.need(r.PeerSet == "" || sets[r.PeerSet], at+".peer_set", "set %q is not of the filter", r.PeerSet)
		}
	}
}

func (v *validator) rest() {
	for i := range v.conf.NATs {
		n := &v.conf.NATs[i]
		path := fmt.Sprintf("nats[%d]", i)
		v.device(path+".device", n.Device)
		v.prefix(path+".source", n.Source)
		v.addr(path+".to", n.To)
		v.need(!n.Both || n.Source.IsSingleIP(), path+".source", "%s is more than one address, and both ways need one for one", n.Source)
	}
	for i := range v.conf.Classes {
		s := &v.conf.Classes[i]
		path := fmt.Sprintf("classes[%d]", i)
		v.device(path+".device", s.Device)
		v.need(s.Rate > 0, path+".rate", "is missing")
		for k := range s.Classes {
			v.need(s.Classes[k].DSCP < 64, fmt.Sprintf("%s.classes[%d].dscp", path, k), "%d is not below 64 (RFC 2474)", s.Classes[k].DSCP)
		}
	}
	for i := range v.conf.Probes {
		if p := &v.conf.Probes[i]; p.Device != "" {
			v.device(fmt.Sprintf("probes[%d].device", i), p.Device)
		}
	}
	v.errs = append(v.errs, probe.Validate(v.conf.Probes, v.conf.Reflect)...)
}
