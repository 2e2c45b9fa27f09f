package spec

import (
	"fmt"
	"regexp"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/vocab"
)

// maxNetworkName is the longest name of a network: it leads the names of all
// resources.
const maxNetworkName = 24

// checker reports what is wrong with a whole spec beyond the shape of its
// values: names, references, and keys that do not go together. A value that
// the decoder refused is zero with a place, and is passed over.
type checker struct {
	spec    *Spec
	index   *Index
	diags   *diag.List
	refs    map[Ref]resolved // what was looked up already
	unknown int              // names reported as unknown
}

// maxUnknown is how many unknown names are reported: each is compared with
// all that are known.
const maxUnknown = 200

type resolved struct {
	target Target
	err    *RefError
}

func check(s *Spec, sh *shape, diags *diag.List) {
	c := checker{spec: s, index: NewIndex(s), diags: diags, refs: map[Ref]resolved{}}
	c.top(sh)
	for i := range s.Accounts {
		c.account(&s.Accounts[i])
	}
	for i := range s.Sites {
		c.site(i)
	}
	c.names()
	c.connect()
	c.policy()
	c.traffic()
	c.audit()
}

// errorf reports an error with a hint.
func (c *checker) errorf(pos diag.Pos, hint, format string, args ...any) *diag.Diagnostic {
	d := c.diags.Errorf(pos, format, args...)
	d.Hint = hint
	return d
}

// noName reports a name that nothing has. The error is made only while it is
// reported.
func (c *checker) noName(pos diag.Pos, err func() *RefError) {
	c.unknown++
	switch {
	case c.unknown <= maxUnknown:
		e := err()
		c.errorf(pos, e.Hint, "%s", e.Summary)
	case c.unknown == maxUnknown+1:
		c.errorf(pos, "correct those above first", "over %d names are unknown; no more are reported", maxUnknown)
	}
}

// first relates a diagnostic to the earlier of two places.
func first(d *diag.Diagnostic, pos diag.Pos) {
	d.Related = []diag.Related{{Pos: pos, Message: "the first is here"}}
}

func (c *checker) top(sh *shape) {
	s := c.spec
	for i := range sh.fields {
		f := &sh.fields[i]
		left := f.key == "version" && !s.Version.IsSet() || f.key == "name" && !s.Name.IsSet() || f.key == "sites" && s.Sites == nil
		if f.required && left {
			c.errorf(s.Pos, missingHint(f), "the spec has no %s", f.key)
		}
	}
	switch name := s.Name.V; {
	case name == "":
	case !ValidName(name):
		c.errorf(s.Name.Pos, nameHint(name), "name %q is not a name", name)
	case len(name) > maxNetworkName:
		c.errorf(s.Name.Pos, "it leads the names of all resources, which clouds limit",
			"name %q has %d characters; at most %d are allowed", name, len(name), maxNetworkName)
	}
	c.environment(s.Environment)
	for i := range s.Segments {
		c.environment(s.Segments[i].Environment)
	}
}

// environment checks that a value fits tags and labels of every cloud.
func (c *checker) environment(v Value[string]) {
	if v.V != "" && !ValidName(v.V) {
		c.errorf(v.Pos, nameHint(v.V), "environment %q is not a name", v.V)
	}
}

var (
	awsAccountID = regexp.MustCompile(`^[0-9]{12}$`)
	uuid         = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)
)

func (c *checker) account(a *Account) {
	var own Value[string] // the key that this cloud wants
	var key, example string
	switch a.Cloud.V {
	case vocab.AWS:
		own, key, example = a.ID, "id", `"111122223333"`
	case vocab.GCP:
		own, key, example = a.Project, "project", "net-host"
	case vocab.Azure:
		own, key, example = a.Subscription, "subscription", "00000000-0000-0000-0000-000000000000"
	default:
		return // refused by the decoder
	}
	if !own.IsSet() {
		c.errorf(a.Pos, "add "+key+", for example "+key+": "+example, "account %q of %s has no %s", a.Name, a.Cloud.V.Title(), key)
	}
	for _, k := range []struct {
		key   string
		given Value[string]
		cloud vocab.Cloud
	}{
		{"id", a.ID, vocab.AWS},
		{"assume_role", a.AssumeRole, vocab.AWS},
		{"project", a.Project, vocab.GCP},
		{"subscription", a.Subscription, vocab.Azure},
		{"tenant", a.Tenant, vocab.Azure},
	} {
		if k.given.IsSet() && k.cloud != a.Cloud.V {
			c.errorf(k.given.Pos, fmt.Sprintf("an account of %s has %s", a.Cloud.V.Title(), key),
				"%s is a key of accounts of %s; account %q is of %s", k.key, k.cloud.Title(), a.Name, a.Cloud.V.Title())
		}
	}
	if a.Cloud.V == vocab.AWS && a.ID.V != "" && !awsAccountID.MatchString(a.ID.V) {
		c.errorf(a.ID.Pos, `an AWS account id has 12 digits, in quotes so that no leading 0 is lost: "111122223333"`,
			"id %q is not an AWS account id", a.ID.V)
	}
	for _, v := range []Value[string]{a.Subscription, a.Tenant} {
		if a.Cloud.V == vocab.Azure && v.V != "" && !uuid.MatchString(v.V) {
			c.errorf(v.Pos, "write it as az account show prints it: 00000000-0000-0000-0000-000000000000", "%q is not a UUID", v.V)
		}
	}
}

// names checks that a bare word means one thing, and that a former name is
// not that of a living thing.
func (c *checker) names() {
	s := c.spec
	for i := range s.Segments {
		seg := &s.Segments[i]
		if j, ok := c.index.Site(seg.Name); ok {
			d := c.errorf(seg.Pos, "rename one: a bare word in policy and traffic must mean one thing",
				"segment %q has the name of a site", seg.Name)
			d.Related = []diag.Related{{Pos: s.Sites[j].Pos, Message: "the site is here"}}
		}
	}
	former(c, "segment", s.Segments, func(x *Segment) (string, Value[string]) { return x.Name, x.Was })
	former(c, "site", s.Sites, func(x *Site) (string, Value[string]) { return x.Name, x.Was })
	for i := range s.Sites {
		networks := s.Sites[i].Networks
		former(c, "network", networks, func(x *Network) (string, Value[string]) { return x.Name, x.Was })
		for j := range networks {
			former(c, "subnet", networks[j].Subnets, func(x *Subnet) (string, Value[string]) { return x.Name, x.Was })
		}
	}
}

// former checks the "was" of things that share a name space.
func former[T any](c *checker, noun string, things []T, get func(*T) (string, Value[string])) {
	var was map[string]diag.Pos
	var living map[string]bool
	for i := range things {
		name, old := get(&things[i])
		if old.V == "" {
			continue
		}
		if living == nil {
			was, living = map[string]diag.Pos{}, make(map[string]bool, len(things))
			for j := range things {
				n, _ := get(&things[j])
				living[n] = true
			}
		}
		switch at, taken := was[old.V]; {
		case !ValidName(old.V):
			c.errorf(old.Pos, nameHint(old.V), "was: %q is not a name", old.V)
		case old.V == name:
			c.errorf(old.Pos, "was is the former name; leave it out where nothing was renamed", "%s %q was %q already", noun, name, old.V)
		case living[old.V]:
			c.errorf(old.Pos, "was is the former name of a thing that was renamed", "%s %q was %q, but there is a %s %q still", noun, name, old.V, noun, old.V)
		case taken:
			first(c.errorf(old.Pos, "one thing can take over one name", "two of one kind were %q", old.V), at)
		}
		was[old.V] = old.Pos
	}
}
