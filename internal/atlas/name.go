package atlas

import (
	"regexp"
	"strings"
	"unicode/utf8"
)

// NameKind names a rule for names: the id of its fact.
type NameKind string

// The rules for names that code asks for.
const (
	NameAWSTagKey           NameKind = "aws.name.tag_key"
	NameAWSTagValue         NameKind = "aws.name.tag_value" // the Name tag too
	NameAWSSecurityGroup    NameKind = "aws.name.security_group"
	NameAWSRole             NameKind = "aws.name.iam_role"
	NameAWSLogGroup         NameKind = "aws.name.log_group"
	NameAWSBucket           NameKind = "aws.name.s3_bucket"
	NameAWSShare            NameKind = "aws.name.ram_share"
	NameGCPResource         NameKind = "gcp.name.resource" // every Compute Engine resource
	NameGCPLabelKey         NameKind = "gcp.name.label_key"
	NameGCPLabelValue       NameKind = "gcp.name.label_value"
	NameGCPNetworkTag       NameKind = "gcp.name.network_tag"
	NameGCPProject          NameKind = "gcp.name.project"
	NameGCPServiceAccount   NameKind = "gcp.name.service_account"
	NameAzureResourceGroup  NameKind = "azure.name.resource_group"
	NameAzureVirtualNetwork NameKind = "azure.name.virtual_network"
	NameAzureResource       NameKind = "azure.name.resource" // subnets, gateways, connections, public IPs, NSGs, route tables
	NameAzureRule           NameKind = "azure.name.nsg_rule"
	NameAzureStorageAccount NameKind = "azure.name.storage_account"
	NameAzureTagKey         NameKind = "azure.name.tag_key"
	NameAzureTagValue       NameKind = "azure.name.tag_value"
)

var nameKinds = []NameKind{
	NameAWSTagKey, NameAWSTagValue, NameAWSSecurityGroup, NameAWSRole, NameAWSLogGroup, NameAWSBucket, NameAWSShare,
	NameGCPResource, NameGCPLabelKey, NameGCPLabelValue, NameGCPNetworkTag, NameGCPProject, NameGCPServiceAccount,
	NameAzureResourceGroup, NameAzureVirtualNetwork, NameAzureResource, NameAzureRule, NameAzureStorageAccount,
	NameAzureTagKey, NameAzureTagValue,
}

// NameRule says what a name may be.
type NameRule struct {
	Kind   NameKind
	MinLen int // characters
	MaxLen int
	Chars  string // regular expression (RE2) of the whole name, for messages
	Fact   Fact

	pattern *regexp.Regexp
}

// Allows reports whether a name satisfies the rule.
func (r NameRule) Allows(name string) bool {
	n := utf8.RuneCountInString(name)
	return n >= r.MinLen && n <= r.MaxLen && r.pattern.MatchString(name)
}

// Name returns a rule for names. It panics on a kind that is none of the
// constants.
func (a *Atlas) Name(k NameKind) NameRule {
	r, ok := a.names[k]
	if !ok {
		panic("atlas: no name rule " + string(k))
	}
	return r
}

func (l *loader) buildNames(a *Atlas) {
	a.names = map[NameKind]NameRule{}
	for _, k := range nameKinds {
		f, ok := a.Fact(string(k))
		if !ok {
			l.failf("no fact %s", k)
			continue
		}
		lo, hi, chars := l.pattern(f)
		re, err := regexp.Compile(`^(?:` + chars + `)$`)
		if err != nil {
			l.failf("fact %s: %v", k, err)
			continue
		}
		a.names[k] = NameRule{Kind: k, MinLen: lo, MaxLen: hi, Chars: chars, Fact: f, pattern: re}
	}
}

// pattern reads "8-64 [A-Za-z0-9]+": a range of lengths and an expression.
func (l *loader) pattern(f Fact) (lo, hi int, chars string) {
	lengths, chars, ok := strings.Cut(f.Value, " ")
	if !ok {
		l.failf("fact %s: %q", f.ID, f.Value)
	}
	lo, hi = l.bounds(f.ID, lengths)
	return lo, hi, chars
}
