package node

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tieline/tieline/internal/nodeconf"
)

// collector gives the status of a node as metrics, read anew at each scrape.
type collector struct{ node *Node }

// metrics are the descriptions of what a node counts.
type metrics struct {
	tunnelUp, tunnelBytes, tunnelRekeys                                *prometheus.Desc
	sessionUp, sessionBFD, sessionPrefixes, sessionTransitions, routes *prometheus.Desc
	rulePackets, ruleBytes                                             *prometheus.Desc
	probeSent, probeLost, probeRTT, probeMTU                           *prometheus.Desc
	problems, draining                                                 *prometheus.Desc
}

func descriptions() metrics {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("tieline_"+name, help, labels, nil)
	}
	return metrics{
		tunnelUp:           d("tunnel_up", "1 when the tunnel carries packets.", "device", "tunnel"),
		tunnelBytes:        d("tunnel_bytes_total", "Bytes through the tunnel.", "device", "tunnel", "direction"),
		tunnelRekeys:       d("tunnel_rekeys_total", "Rekeys of the IKE SA and its child.", "device", "tunnel", "sa"),
		sessionUp:          d("bgp_session_up", "1 when the BGP session is established.", "session"),
		sessionBFD:         d("bfd_session_up", "1 when BFD of the session is up.", "session"),
		sessionPrefixes:    d("bgp_session_prefixes", "Prefixes of the session.", "session", "kind"),
		sessionTransitions: d("bgp_session_established_total", "Times the session was established.", "session"),
		routes:             d("routes", "Routes that win in the table.", "table", "source"),
		rulePackets:        d("filter_packets_total", "Packets that the rule matched.", "filter", "rule"),
		ruleBytes:          d("filter_bytes_total", "Bytes that the rule matched.", "filter", "rule"),
		probeSent:          d("probe_sent_total", "Probes sent.", "probe"),
		probeLost:          d("probe_lost_total", "Probes that were not answered.", "probe"),
		probeRTT:           d("probe_rtt_seconds", "Round trip of the probe.", "probe", "stat"),
		probeMTU:           d("probe_path_mtu_bytes", "Largest packet that passes.", "probe"),
		problems:           d("problems", "Problems in the node's status."),
		draining:           d("draining", "1 when the node is out of service."),
	}
}

// Describe implements [prometheus.Collector].
func (c collector) Describe(out chan<- *prometheus.Desc) {
	m := descriptions()
	for _, d := range []*prometheus.Desc{
		m.tunnelUp, m.tunnelBytes, m.tunnelRekeys, m.sessionUp, m.sessionBFD, m.sessionPrefixes, m.sessionTransitions, m.routes,
		m.rulePackets, m.ruleBytes, m.probeSent, m.probeLost, m.probeRTT, m.probeMTU, m.problems, m.draining,
	} {
		out <- d
	}
}

// Collect implements [prometheus.Collector].
func (c collector) Collect(out chan<- prometheus.Metric) {
	st := c.node.Status()
	m := descriptions()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	count := func(d *prometheus.Desc, v uint64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	gauge(m.problems, float64(len(st.Problems)))
	gauge(m.draining, truth(st.Draining))
	for _, t := range st.Tunnels {
		gauge(m.tunnelUp, truth(t.Up), t.Name, t.ID)
		count(m.tunnelBytes, t.Sent, t.Name, t.ID, "sent")
		count(m.tunnelBytes, t.Received, t.Name, t.ID, "received")
		count(m.tunnelRekeys, uint64(t.Rekeys[0]), t.Name, t.ID, "ike")
		count(m.tunnelRekeys, uint64(t.Rekeys[1]), t.Name, t.ID, "child")
	}
	for _, s := range st.Sessions {
		gauge(m.sessionUp, truth(s.State == "established"), s.ID)
		if s.BFD != "" {
			gauge(m.sessionBFD, truth(s.BFD == "up"), s.ID)
		}
		gauge(m.sessionPrefixes, float64(s.Received), s.ID, "received")
		gauge(m.sessionPrefixes, float64(s.Taken), s.ID, "taken")
		gauge(m.sessionPrefixes, float64(s.Advertised), s.ID, "advertised")
		count(m.sessionTransitions, uint64(s.Transitions), s.ID)
	}
	for _, t := range st.Tables {
		learned := 0
		for i := range t.Routes {
			if t.Routes[i].Learned {
				learned++
			}
		}
		gauge(m.routes, float64(learned), t.Name, "learned")
		gauge(m.routes, float64(len(t.Routes)-learned), t.Name, "configured")
	}
	for _, r := range st.Rules {
		count(m.rulePackets, r.Packets, r.Filter, r.Rule)
		count(m.ruleBytes, r.Bytes, r.Filter, r.Rule)
	}
	c.probes(st.Probes, m, gauge, count)
}

func (c collector) probes(list []nodeconf.ProbeState, m metrics, gauge func(*prometheus.Desc, float64, ...string), count func(*prometheus.Desc, uint64, ...string)) {
	for _, p := range list {
		count(m.probeSent, p.Sent, p.ID)
		count(m.probeLost, p.Lost, p.ID)
		if p.Sent > p.Lost {
			gauge(m.probeRTT, p.Last/1000, p.ID, "last")
			gauge(m.probeRTT, p.Min/1000, p.ID, "min")
			gauge(m.probeRTT, p.P50/1000, p.ID, "p50")
			gauge(m.probeRTT, p.P99/1000, p.ID, "p99")
		}
		if p.PathMTU != 0 {
			gauge(m.probeMTU, float64(p.PathMTU), p.ID)
		}
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
