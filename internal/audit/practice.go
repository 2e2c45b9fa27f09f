package audit

import "github.com/tieline/tieline/internal/diag"

// practices is the source of the sixteen rules: the lecture that the product
// makes real.
const practices = "Multi-Cloud Networking Architecture, section 7"

// practiceRules are the lecture's eight DOs and eight DON'Ts, in its order.
func practiceRules() []rule {
	do, dont := practices+", DO ", practices+", DON'T "
	return []rule{
		{diag.Rule{
			Code: "TL2001", Severity: diag.Error, Source: do + "1",
			Title: "traffic between two sites of the network crosses the internet outside of a tunnel",
			Why: "What leaves a NAT or internet gateway towards another site of one's own can be read and redirected on the way, " +
				"pays internet egress, and has no bound on its delay. Join the two sites with connect. Accept it only for data that is public anyway.",
		}, (*auditor).privateBetweenSites},
		{diag.Rule{
			Code: "TL2002", Severity: diag.Warning, Source: do + "2",
			Title: "subnets are not kept apart: one is in no segment, or a rule opens every port to another",
			Why: "A machine that is taken over reaches whatever its subnet reaches. Segments let policy name the few services that each tier needs; " +
				"a rule for any protocol gives that away. Accept it for a subnet that holds one kind of machine under one team.",
		}, (*auditor).segmentation},
		{diag.Rule{
			Code: "TL2003", Severity: diag.Warning, Source: do + "3",
			Title: "a VPC or VNet does not log its flows",
			Why: "Without flow logs nobody can say afterwards who talked to whom, and egress cannot be traced to its sender. " +
				"tieline makes a flow log for each network it makes; networks that are joined have to be looked at where they are made.",
		}, (*auditor).flowLogs},
		{diag.Rule{
			Code: "TL2004", Severity: diag.Warning, Source: do + "4",
			Title:     "content for users all over the world is not served from a CDN",
			Why:       "A cache near the user saves round trips and egress at internet prices.",
			NotJudged: "a spec cannot state an edge yet",
		}, nil},
		{diag.Rule{
			Code: "TL2005", Severity: diag.Warning, Source: do + "5",
			Title:     "a name has no answer in a second cloud",
			Why:       "When a cloud or region is lost, users come back by what DNS tells them: health-checked answers in another one.",
			NotJudged: "a spec cannot state names yet (dns is reserved)",
		}, nil},
		{diag.Rule{
			Code: "TL2006", Severity: diag.Warning, Source: do + "6",
			Title:     "a path between sites is not monitored",
			Why:       "Loss and delay between clouds change without a notice; who does not measure learns of it from users.",
			NotJudged: "a spec cannot state monitors yet (monitor is reserved)",
		}, nil},
		{diag.Rule{
			Code: "TL2007", Severity: diag.Note, Source: do + "7",
			Title:     "a large transfer between clouds is not compressed",
			Why:       "Each byte between clouds is paid for; most data sets shrink.",
			NotJudged: "a spec cannot say how data is moved yet",
		}, nil},
		{diag.Rule{
			Code: "TL2008", Severity: diag.Note, Source: do + "8",
			Title:     "a service that calls another cloud has no circuit breaker",
			Why:       "Calls that wait for a cloud that does not answer take the caller down with it.",
			NotJudged: "a spec cannot state services and their calls yet",
		}, nil},
		{diag.Rule{
			Code: "TL2009", Severity: diag.Warning, Source: dont + "1",
			Title: "policy names a range that is reached over the public internet only",
			Why: "A known partner reached over the internet has no agreed bandwidth or delay, and its addresses are all that tells it from a stranger. " +
				"Make the range a site of one's own and join it by VPN. Accept it for services that the partner only offers in public.",
		}, (*auditor).publicInternet},
		{diag.Rule{
			Code: "TL2010", Severity: diag.Note, Source: dont + "2",
			Title: "a link is needless",
			Why: "Without it no assertion changes, every pair that policy joins still reaches each other, also when any one other link fails, " +
				"and no flow's cost or round trip changes by more than 10 %. Each link is tunnels, keys and routes to look after. " +
				"Accept it for a link that is kept for traffic to come.",
		}, (*auditor).needlessLinks},
		{diag.Rule{
			Code: "TL2011", Severity: diag.Note, Source: dont + "3",
			Title: "policy joins sites of different places and no traffic is stated between them",
			Why: "Egress is billed by the GB and is the largest item of most multi-cloud bills; what is not stated is not in the bill. " +
				"A guess in traffic is better than zero. Accept it for control traffic.",
		}, (*auditor).unpricedEgress},
		{diag.Rule{
			Code: "TL2012", Severity: diag.Error, Source: dont + "4",
			Title: "a management port is reachable from the internet",
			Why: "SSH, remote desktops, databases and cluster APIs are tried by scanners within minutes. It is judged by proof: " +
				"a packet from a public address arrives and its reply gets out. Reach them through a VPN site or an access proxy.",
		}, (*auditor).managementPorts},
		{diag.Rule{
			Code: "TL2013", Severity: diag.Warning, Source: dont + "5",
			Title: "a cloud's default security group or firewall rules are in use",
			Why: "The defaults open every port among their members, and some open SSH to everybody; whoever makes a machine without " +
				"thinking lands in them. Give each subnet a filter of its own.",
		}, (*auditor).defaultFilters},
		{diag.Rule{
			Code: "TL2014", Severity: diag.Error, Source: dont + "6",
			Title: "a policy rule between sites has no latency budget, or one that the way does not keep",
			Why: "A rule that joins two sites is a design decision about delay: state rtt, and check says whether the way keeps it. A budget below " +
				"light in fibre over the distance can never be kept (error); a missing one is a note. Accept it for traffic that does not wait for answers.",
		}, (*auditor).latencyBudgets},
		{diag.Rule{
			Code: "TL2015", Severity: diag.Warning, Source: dont + "7",
			Title: "a large transfer takes a way that costs over 1.3 times the cheapest known",
			Why: "Above 10 TB a month the way is worth a comparison: tieline cost lists what the same traffic would cost by the other ways. " +
				"Accept it while the other way is being ordered, or where its lead time or location rules it out.",
		}, (*auditor).dearTransfers},
		{diag.Rule{
			Code: "TL2016", Severity: diag.Note, Source: dont + "8",
			Title: "the failure of a cloud or region has not been drilled in the last 90 days",
			Why: "A backup path that was never used does not work on the day it is needed. tieline lab drill --all makes each part fail under traffic, and " +
				"keeps what came of it under drills, beside the spec; the newest report counts, when it is of this lock and went as the proof says. " +
				"Accept it for a network that may be down.",
		}, (*auditor).drills},
	}
}
