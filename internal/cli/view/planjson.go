package view

import (
	"reflect"
	"strings"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
)

type planJSON struct {
	FormatVersion string        `json:"format_version" doc:"1.0; the first number changes when keys change their meaning or go"`
	Name          string        `json:"name" doc:"the network's name"`
	Environment   string        `json:"environment,omitempty" doc:"its environment"`
	Addresses     addressesJSON `json:"addresses" doc:"what has which addresses"`
	Gateways      []gatewayJSON `json:"gateways" doc:"what joins sites to others"`
	Links         []linkJSON    `json:"links" doc:"what joins two sites"`
	Routes        routesJSON    `json:"routes" doc:"routes as configured; what gateways learn from each other is not in it"`
	Rules         rulesJSON     `json:"rules" doc:"policy, and the filters that it becomes"`
	Findings      []findingJSON `json:"findings" doc:"warnings and notes, by place"`
	Bill          billJSON      `json:"bill" doc:"a month at list prices"`
	Changes       changesJSON   `json:"changes" doc:"of the lock"`
	Unverified    []doubtJSON   `json:"unverified" doc:"values of the design that rest on recalled, unverified facts"`
}

type findingJSON struct {
	Severity string        `json:"severity" doc:"warning or note"`
	Code     string        `json:"code,omitempty" doc:"kind of finding, stable over releases"`
	Summary  string        `json:"summary" doc:"one line"`
	At       string        `json:"at,omitempty" doc:"file:line:column"`
	Hint     string        `json:"hint,omitempty" doc:"what to do about it"`
	Source   string        `json:"source,omitempty" doc:"source of the rule"`
	Related  []relatedJSON `json:"related" doc:"other places that it is about"`
}

type relatedJSON struct {
	At      string `json:"at,omitempty" doc:"file:line:column"`
	Message string `json:"message" doc:"what is there"`
}

func newFindingJSON(d diag.Diagnostic) findingJSON {
	return findingJSON{
		Severity: d.Severity.String(), Code: string(d.Code), Summary: d.Summary, At: place(d.Pos), Hint: d.Hint, Source: d.Source,
		Related: list(d.Related, func(r diag.Related) relatedJSON { return relatedJSON{place(r.Pos), r.Message} }),
	}
}

type errorsJSON struct {
	FormatVersion string        `json:"format_version"`
	Errors        []findingJSON `json:"errors"`
}

// ErrorsJSON gives what is wrong with the input for programs.
func ErrorsJSON(diags diag.List) any {
	return errorsJSON{FormatVersion, list(diags.Sorted(), newFindingJSON)}
}

func place(p diag.Pos) string {
	if !p.IsValid() {
		return ""
	}
	return p.String()
}

type changesJSON struct {
	Lock     string       `json:"lock" doc:"path of the lock"`
	First    bool         `json:"first" doc:"there was no lock before"`
	Added    []entryJSON  `json:"added" doc:"new allocations"`
	Restored []entryJSON  `json:"restored" doc:"freed before, in use again"`
	Moved    []changeJSON `json:"moved" doc:"with another value"`
	Renamed  []changeJSON `json:"renamed" doc:"same value under another key"`
	Freed    []entryJSON  `json:"freed" doc:"no longer used, kept until released"`
	Removed  []entryJSON  `json:"removed" doc:"no longer in the lock"`
}

type changeJSON struct {
	From entryJSON `json:"from" doc:"before"`
	To   entryJSON `json:"to" doc:"after"`
}

func newChangeJSON(c lock.Change) changeJSON {
	return changeJSON{newEntryJSON(c.From), newEntryJSON(c.To)}
}

// PlanJSON gives a plan for programs; docs/plan-json.md describes it.
func PlanJSON(v Plan) any {
	n, c := v.Network, v.Changes
	return planJSON{
		FormatVersion: FormatVersion, Name: n.Name, Environment: n.Environment,
		Addresses: newAddressesJSON(n),
		Gateways:  list(n.Gateways, newGatewayJSON),
		Links:     list(n.Links, func(l fabric.Link) linkJSON { return newLinkJSON(n, l) }),
		Routes:    newRoutesJSON(n),
		Rules:     newRulesJSON(n),
		Findings:  list(v.Findings, newFindingJSON),
		Bill:      newBillJSON(v.Bill),
		Changes: changesJSON{
			Lock: v.LockPath, First: v.NewLock, Added: list(c.Added, newEntryJSON), Restored: list(c.Restored, newEntryJSON),
			Moved: list(c.Moved, newChangeJSON), Renamed: list(c.Renamed, newChangeJSON), Freed: list(c.Freed, newEntryJSON),
			Removed: list(c.Removed, newEntryJSON),
		},
		Unverified: list(doubts(n, v.Atlas), newDoubtJSON),
	}
}

// PlanReference returns docs/plan-json.md.
func PlanReference() string {
	var b strings.Builder
	b.WriteString(`# The JSON of tieline plan

Made by ` + "`go test ./internal/cli -update`" + ` from the types that are printed.

` + "`tieline plan --json`" + ` prints one object. Lists are never null. Amounts are in US dollars,
rates in bits a second (` + "`_bps`" + `), sizes in bytes, times in the unit that the key ends in.
Places are ` + "`file:line:column`" + ` in the spec.

When the input has errors, every command prints ` + "`{\"format_version\": ..., \"errors\": [...]}`" + ` with --json
instead; an entry has the keys of ` + "`findings[]`" + ` below, and the exit code is 2.

| key | type | what it is |
| --- | --- | --- |
`)
	describe(&b, reflect.TypeFor[planJSON](), "")
	return b.String()
}
