package azure

import (
	"fmt"
	"hash/fnv"
	"strconv"

	"github.com/tieline/tieline/internal/atlas"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/render/terraform/hcl"
	"github.com/tieline/tieline/internal/render/terraform/names"
)

// Azure makes a network watcher by itself with the first VNet of a region in a
// subscription, and allows no second one
// (https://learn.microsoft.com/azure/network-watcher/network-watcher-create).
const (
	watcherPrefix  = "NetworkWatcher_" // and the region
	watcherGroup   = "NetworkWatcherRG"
	createWatchers = "create_network_watchers"
)

// logDays is how long flow logs are kept.
const logDays = 90

// sink is where the flow logs of a subscription and region go.
type sink struct {
	key  string // account/region
	home fabric.Site
	g    group
}

// sinkOf returns the sink of a flow log. The first site that logs into it
// makes it.
func (w writer) sinkOf(l fabric.FlowLog) sink {
	home := l.Site
	for _, other := range w.net.FlowLogs {
		if other.Sink == l.Sink && other.Site < home {
			home = other.Site
		}
	}
	site := w.siteOf(home)
	return sink{key: l.Sink, home: site, g: groupOf(site, l.Meta.Account)}
}

// flowLogs writes the flow logs of a site's VNets.
func (w writer) flowLogs(site fabric.Site) {
	logs := w.r.Set.FlowLogs(site.ID)
	if len(logs) == 0 {
		return
	}
	b := w.r.SiteFile(site.ID, "logs")
	sinks := map[string]sink{}
	for _, l := range logs {
		s, ok := sinks[l.Sink]
		if !ok {
			s = w.sinkOf(l)
			sinks[l.Sink] = s
			if s.home.ID == site.ID {
				w.storage(b, s)
				w.watcher(b, s)
			}
		}
		w.flowLog(b, l, s)
	}
}

// storage writes the storage account of a sink.
func (w writer) storage(b *hcl.Body, s sink) {
	w.r.Resource(b, s.home.Meta.Origin, "azurerm_storage_account", s.key)
	b.Attr("provider", w.r.Provider(s.g.account))
	b.Blank()
	w.place(b, w.storageName(s), s.g)
	b.Attr("account_tier", `"Standard"`)
	b.Attr("account_replication_type", `"LRS"`)
	b.Attr("min_tls_version", `"TLS1_2"`)
	b.Attr("https_traffic_only_enabled", "true")
	b.Attr("allow_nested_items_to_be_public", "false")
	b.Attr("tags", w.siteTags(s.home))
	b.End()
}

// storageName gives a name that nobody else has: the name of a storage account
// is unique over all of Azure, so a digest of its subscription is part of it.
func (w writer) storageName(s sink) hcl.Expr {
	account, ok := w.net.Account(s.g.account)
	if !ok {
		panic("azure: no account " + string(s.g.account))
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%s/%s/%s", account.Native, s.home.Region, w.net.Name)
	digest := strconv.FormatUint(h.Sum64(), 36)
	rule := w.r.Set.Atlas.Name(atlas.NameAzureStorageAccount)
	stem := []byte{}
	for _, c := range []byte(w.net.Name) {
		if c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			stem = append(stem, c)
		}
	}
	room := min(len(stem), rule.MaxLen-len(digest))
	return hcl.Quote(names.Fit(rule, string(stem[:room])+digest))
}

// watcher writes the network watcher of a sink's region, for subscriptions in
// which Azure does not make it.
func (w writer) watcher(b *hcl.Body, s sink) {
	w.r.Variable(createWatchers, "bool", "false",
		"Make the network watchers: only where the subscription has opted out of Azure making them by itself.", false)
	w.r.Resource(b, s.home.Meta.Origin, "azurerm_network_watcher", s.key)
	b.Attr("count", "var."+createWatchers+" ? 1 : 0")
	b.Attr("provider", w.r.Provider(s.g.account))
	b.Blank()
	w.place(b, hcl.Quote(watcherPrefix+s.home.Region), s.g)
	b.Attr("tags", w.siteTags(s.home))
	b.End()
}

// flowLog writes the log of one VNet.
func (w writer) flowLog(b *hcl.Body, l fabric.FlowLog, s sink) {
	v := w.vpcOf(l.VPC)
	label := names.Label(s.key)
	version, ok := w.r.Set.Atlas.Fact("azure.flowlog.version")
	if !ok {
		panic("azure: no fact of the flow logs' version")
	}
	w.r.Resource(b, l.Meta.Origin, "azurerm_network_watcher_flow_log", string(v.ID))
	b.Attr("provider", w.r.Provider(l.Meta.Account))
	b.Blank()
	b.Attr("name", w.name(string(v.ID)))
	b.Attr("network_watcher_name", hcl.Quote(watcherPrefix+s.home.Region))
	b.Attr("resource_group_name", w.r.Ref(names.Ref{
		Home:   s.home.ID,
		Expr:   "coalesce(one(azurerm_network_watcher." + label + `[*].resource_group_name), "` + watcherGroup + `")`,
		Output: label + "_network_watcher_group",
	}))
	b.Attr("location", hcl.Quote(s.home.Region))
	b.Attr("target_resource_id", w.vnetID(v))
	b.Attr("storage_account_id", w.r.Ref(names.Ref{
		Home: s.home.ID, Expr: "azurerm_storage_account." + label + ".id", Output: label + "_flow_log_storage_id",
	}))
	b.Attr("enabled", "true")
	b.Attr("version", hcl.Expr(version.Value))
	b.Attr("tags", w.vpcTags(v))
	b.Blank()
	b.Block("retention_policy")
	b.Attr("enabled", "true")
	b.Attr("days", hcl.Int(logDays))
	b.End()
	b.End()
}
