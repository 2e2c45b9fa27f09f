package atlas

import (
	"strings"
	"time"

	"github.com/tieline/tieline/internal/vocab"
)

// FlowLog says how a cloud logs flows.
type FlowLog struct {
	Cloud     vocab.Cloud
	Of        string          // what is logged: vpc, subnet, vnet
	Intervals []time.Duration // aggregation intervals on offer, rising
	Fields    []string        // AWS: the fields of a record in the documented order; else nil
	Fact      Fact
}

// FlowLog returns how a public cloud logs flows.
func (a *Atlas) FlowLog(c vocab.Cloud) FlowLog { return a.flowLogs[c] }

func (l *loader) buildFlowLogs(a *Atlas) {
	a.flowLogs = map[vocab.Cloud]FlowLog{}
	for _, c := range vocab.Clouds {
		id := c.String() + ".flowlog."
		f := FlowLog{Cloud: c, Fact: a.mustFact(id + "kind")}
		f.Of = f.Fact.Value
		for _, w := range strings.Fields(a.mustFact(id + "intervals").Value) {
			f.Intervals = append(f.Intervals, l.seconds(id+"intervals", w))
		}
		if fields, ok := a.Fact(id + "fields"); ok {
			f.Fields = strings.Fields(fields.Value)
		}
		a.flowLogs[c] = f
	}
}
