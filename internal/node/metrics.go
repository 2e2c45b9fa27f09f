package node

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/tieline/tieline/internal/node/probe"
	"github.com/tieline/tieline/internal/nodeconf"
)

// collector gives the status of a node as metrics, read anew at each scrape.
type collector struct{ node *Node }

// metrics are the descriptions of what a node counts.
type metrics struct {
	tunnelUp, tunnelBytes, tunnelRekeys                                *prometheus.Desc
	sessionUp, sessionBFD, sessionPrefixes, sessionTransitions, routes *prometheus.Desc
	rulePackets, ruleBytes                                             *prometheus.Desc
	probeSent, probeLost, probeLate, probeRTT, probeRecent             *prometheus.Desc
	probeLoss, probeJitter, probeOneWay, probeMTU                      *prometheus.Desc
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
		probeLate:          d("probe_late_total", "Of the lost probes, those that were answered after their timeout.", "probe"),
		probeRTT:           d("probe_rtt_seconds", "Round trips of the probe since it began.", "probe"),
		probeRecent:        d("probe_recent_rtt_seconds", "Round trips of the probe in the last five minutes.", "probe", "stat"),
		probeLoss:          d("probe_recent_loss_ratio", "Part of the probes of the last five minutes that was lost.", "probe"),
		probeJitter:        d("probe_jitter_seconds", "Jitter of the round trips (RFC 3550 section 6.4.1).", "probe"),
		probeOneWay:        d("probe_one_way_seconds", "One-way delay of the last probe, as exact as the clocks of both ends.", "probe", "direction"),
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
		m.rulePackets, m.ruleBytes, m.probeSent, m.probeLost, m.probeLate, m.probeRTT, m.probeRecent, m.probeLoss, m.probeJitter,
		m.probeOneWay, m.probeMTU, m.problems, m.draining,
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
	c.trips(out, m.probeRTT)
}

func (c collector) probes(list []nodeconf.ProbeState, m metrics, gauge func(*prometheus.Desc, float64, ...string), count func(*prometheus.Desc, uint64, ...string)) {
	for _, p := range list {
		count(m.probeSent, p.Sent, p.ID)
		count(m.probeLost, p.Lost, p.ID)
		count(m.probeLate, p.Late, p.ID)
		if p.RecentSent > 0 {
			gauge(m.probeLoss, float64(p.RecentLost)/float64(p.RecentSent), p.ID)
		}
		if p.RecentSent > p.RecentLost {
			gauge(m.probeRecent, p.Min/1000, p.ID, "min")
			gauge(m.probeRecent, p.P50/1000, p.ID, "p50")
			gauge(m.probeRecent, p.P99/1000, p.ID, "p99")
			gauge(m.probeJitter, p.Jitter/1000, p.ID)
		}
		if p.OneWay != 0 || p.OneWayBack != 0 {
			gauge(m.probeOneWay, p.OneWay/1000, p.ID, "there")
			gauge(m.probeOneWay, p.OneWayBack/1000, p.ID, "back")
		}
		if p.PathMTU != 0 {
			gauge(m.probeMTU, float64(p.PathMTU), p.ID)
		}
	}
}

// trips gives the round trips of probes as histograms.
func (c collector) trips(out chan<- prometheus.Metric, d *prometheus.Desc) {
	if c.node.probes == nil {
		return
	}
	bounds := probe.Bounds()
	for _, h := range c.node.probes.Distributions() {
		buckets := make(map[float64]uint64, len(bounds))
		for i, b := range bounds {
			buckets[b.Seconds()] = h.Below[i]
		}
		out <- prometheus.MustNewConstHistogram(d, h.Count, h.Sum.Seconds(), buckets, h.Probe)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
