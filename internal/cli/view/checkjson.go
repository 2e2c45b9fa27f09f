package view

import (
	"github.com/tieline/tieline/internal/audit"
	"github.com/tieline/tieline/internal/outage"
	"github.com/tieline/tieline/internal/routes"
)

type proofJSON struct {
	FormatVersion string             `json:"format_version"`
	Network       string             `json:"network"`
	Source        string             `json:"source,omitempty"`
	Stats         proofStatsJSON     `json:"stats"`
	Findings      []proofFindingJSON `json:"findings"`
	Failures      *failuresJSON      `json:"failures,omitempty"`
}

type proofStatsJSON struct {
	Places         int `json:"places"`
	Pairs          int `json:"pairs"`
	AddressClasses int `json:"address_classes"`
	HeaderClasses  int `json:"header_classes"`
	PolicyFlows    int `json:"policy_flows"`
	Tables         int `json:"tables"`
	Routes         int `json:"routes"`
	NotUnderstood  int `json:"not_understood"`
}

type proofFindingJSON struct {
	Code     string       `json:"code"`
	Severity string       `json:"severity"`
	At       string       `json:"at,omitempty"`
	Object   string       `json:"object,omitempty"`
	Summary  string       `json:"summary"`
	Hint     string       `json:"hint,omitempty"`
	Source   string       `json:"source,omitempty"`
	Related  []besideJSON `json:"related,omitempty"`
	Witness  *witnessJSON `json:"witness,omitempty"`
	Waived   *waivedJSON  `json:"waived,omitempty"`
}

type besideJSON struct {
	At      string `json:"at,omitempty"`
	Message string `json:"message"`
}

type waivedJSON struct {
	Reason  string `json:"reason"`
	Expires string `json:"expires,omitempty"`
	At      string `json:"at,omitempty"`
}

type failuresJSON struct {
	Parts   int          `json:"parts"`
	Sets    int          `json:"sets"`
	Pruned  int          `json:"pruned"`
	Refused string       `json:"refused,omitempty"`
	Worst   []impactJSON `json:"worst"`
	Single  []singleJSON `json:"single_points"`
}

type impactJSON struct {
	From      string       `json:"from"`
	To        string       `json:"to"`
	Failed    []failedJSON `json:"failed"`
	Effect    string       `json:"effect"`
	Before    courseJSON   `json:"before"`
	After     *courseJSON  `json:"after,omitempty"`
	Peak      int64        `json:"peak_bps,omitempty"`
	Detection float64      `json:"detection_s,omitempty"`
	DetectBy  string       `json:"detect_by,omitempty"`
}

type failedJSON struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

type courseJSON struct {
	Links    []string `json:"links"`
	Tunnels  int      `json:"tunnels,omitempty"`
	Capacity int64    `json:"capacity_bps,omitempty"`
	RTT      float64  `json:"rtt_ms,omitempty"`
	MTU      int      `json:"mtu_bytes,omitempty"`
}

type singleJSON struct {
	Part failedJSON `json:"part"`
	Lost []pairJSON `json:"lost"`
}

type pairJSON struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// CheckJSON gives what check says for programs.
func CheckJSON(c Check) any {
	out := proofJSON{
		FormatVersion: FormatVersion, Network: c.Network, Source: c.Source,
		Stats: proofStatsJSON{
			Places: c.Stats.Places, Pairs: c.Stats.Pairs, AddressClasses: c.Stats.AddressSets, HeaderClasses: c.Stats.HeaderSets,
			PolicyFlows: c.Stats.Flows, Tables: c.Stats.Tables, Routes: c.Stats.Routes, NotUnderstood: c.Stats.Unread,
		},
		Findings: list(c.Findings, toFindingJSON),
	}
	if r := c.Failures; r != nil {
		out.Failures = &failuresJSON{
			Parts: r.Parts, Sets: r.Sets, Pruned: r.Pruned, Refused: r.Refused, Worst: list(r.Worst, toImpactJSON),
			Single: list(r.Single, func(s outage.SinglePoint) singleJSON {
				return singleJSON{toPartJSON(s.Part), list(s.Lost, func(l outage.Pair) pairJSON { return pairJSON{l.From.String(), l.To.String()} })}
			}),
		}
	}
	return out
}

func toFindingJSON(f audit.Finding) proofFindingJSON {
	j := proofFindingJSON{
		Code: string(f.Code), Severity: f.Severity.String(), At: f.Pos.String(), Object: f.Object,
		Summary: f.Summary, Hint: f.Hint, Source: f.Source, Witness: toWitnessJSON(f.Witness),
	}
	for _, r := range f.Related {
		j.Related = append(j.Related, besideJSON{r.Pos.String(), r.Message})
	}
	if w := f.Waived; w != nil {
		j.Waived = &waivedJSON{Reason: w.Reason, At: w.Pos.String()}
		if !w.Expires.IsZero() {
			j.Waived.Expires = w.Expires.Format("2006-01-02")
		}
	}
	return j
}

func toImpactJSON(i outage.Impact) impactJSON {
	j := impactJSON{
		From: i.From.String(), To: i.To.String(), Failed: list(i.Failure, toPartJSON), Effect: i.Outcome(),
		Before: toWayJSON(i.Before), Peak: int64(i.Peak), Detection: i.Detection, DetectBy: i.DetectBy,
	}
	if i.Effect != outage.Lost {
		after := toWayJSON(i.After)
		j.After = &after
	}
	return j
}

func toPartJSON(p routes.Part) failedJSON { return failedJSON{p.Kind.String(), p.ID} }

func toWayJSON(w outage.Way) courseJSON {
	return courseJSON{Links: ids(w.Links), Tunnels: w.Tunnels, Capacity: int64(w.Capacity), RTT: w.RTT, MTU: w.MTU}
}
