package networks_test

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/tieline/tieline/internal/fabric"
	"github.com/tieline/tieline/internal/lock"
)

func mustJSON(t testing.TB, v any) string {
	t.Helper()
	data, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// texts gives the files of a rendering as text.
func texts(files fstest.MapFS) map[string]string {
	out := map[string]string{}
	for name, f := range files {
		out[name] = string(f.Data)
	}
	return out
}

// reasonless returns the network without its reasons: with a lock they name it.
func reasonless(d design) fabric.Network {
	n := *d.Network
	n.Reasons = nil
	return n
}

// TestTwice: compiling and rendering twice gives the same bytes, and with the
// lock of the first time there is nothing to change.
func TestTwice(t *testing.T) {
	each(t, true, func(t *testing.T, n network) {
		first := n.compile(t, n.text(t), n.lock(t))
		again := n.compile(t, n.text(t), n.lock(t))
		kept, diags := lock.Parse(lockName, first.Lock.Marshal())
		if len(diags) > 0 {
			t.Fatalf("Parse of the own lock:\n%s", diags)
		}
		third := n.compile(t, n.text(t), kept)
		if !third.Changes.IsEmpty() || !third.Lock.Equal(first.Lock) {
			t.Errorf("with its own lock a second plan changes %+v", third.Changes)
		}
		if want, got := mustJSON(t, first.Reasons), mustJSON(t, again.Reasons); want != got {
			t.Errorf("compiled a second time the reasons differ (-first +now):\n%s", short(cmp.Diff(want, got)))
		}
		for _, other := range []struct {
			what string
			design
		}{{"a second time", again}, {"with the own lock", third}} {
			want, got := mustJSON(t, reasonless(first)), mustJSON(t, reasonless(other.design))
			if want != got && n.huge {
				t.Errorf("compiled %s the network differs", other.what)
			} else if want != got {
				t.Errorf("compiled %s the network differs (-first +now):\n%s", other.what, short(cmp.Diff(want, got)))
			}
			for _, l := range layouts {
				want, got := texts(first.render(t, l.layout)), texts(other.render(t, l.layout))
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("layout %s rendered %s differs (-first +now):\n%s", l.name, other.what, short(diff))
				}
			}
		}
		if a, b := texts(first.render(t, first.Layout)), texts(first.render(t, first.Layout)); !cmp.Equal(a, b) {
			t.Errorf("rendering one network twice differs:\n%s", short(cmp.Diff(a, b)))
		}
	})
}

// TestCommittedLockIsCurrent: a plan of what is committed changes nothing.
func TestCommittedLockIsCurrent(t *testing.T) {
	each(t, false, func(t *testing.T, n network) {
		if l := n.lock(t); l.Len() > 0 {
			if c := n.compile(t, n.text(t), l).Changes; !c.IsEmpty() {
				t.Errorf("Compile changes the committed lock: %+v", c)
			}
		}
	})
}

// edit is one change to a network's text, and what may change with it.
type edit struct {
	network string
	name    string
	old     string // stands once in the text
	new     string
	// files is what the edit is about: they may change at will. In all others
	// each changed line has to match lines, or to hold a new prefix.
	files *regexp.Regexp
	lines *regexp.Regexp
}

// edits add one thing each, at a site that other sites are joined to, too.
var edits = []edit{
	{
		network: "minimal", name: "subnet",
		old: "{web: {size: /24}, ", new: "{web: {size: /24}, cache: {size: /24}, ",
		files: regexp.MustCompile(`^aws-oregon-`), lines: regexp.MustCompile(`cache`),
	},
	{
		network: "triangle", name: "subnet",
		old: "region: us-west1\n    networks:\n      app: {size: /16, subnets: {", new: "region: us-west1\n    networks:\n      app: {size: /16, subnets: {extra: {size: /24}, ",
		files: regexp.MustCompile(`^gcp-oregon-`), lines: regexp.MustCompile(`extra`),
	},
	{
		network: "triangle", name: "site that nothing is joined to",
		old: "connect:\n", new: "  aws-ohio: {cloud: aws, region: us-east-2, networks: {lab: {size: /20, subnets: {lab: {size: /24}}}}}\nconnect:\n",
		files: regexp.MustCompile(`^aws-ohio-`), lines: regexp.MustCompile(`aws_ohio|aws-ohio`),
	},
	{
		network: "triangle", name: "site joined to one",
		old:   "connect:\n",
		new:   "  aws-ohio: {cloud: aws, region: us-east-2, networks: {lab: {size: /20, subnets: {lab: {size: /24}}}}}\nconnect:\n  - {link: [aws-ohio, gcp-oregon]}\n",
		files: regexp.MustCompile(`^aws-ohio-|^link-aws-ohio--gcp-oregon|^outputs.tf$`), lines: regexp.MustCompile(`aws_ohio|aws-ohio`),
	},
	{
		network: "hub-spoke", name: "spoke",
		old:   "connect:\n  - {hub: aws-oregon, spokes: [aws-virginia, ",
		new:   "  branch: {cloud: onprem, city: Boston, cidrs: [192.168.80.0/22], public_ip: 198.51.100.30, bgp: {asn: 65012}}\nconnect:\n  - {hub: aws-oregon, spokes: [branch, aws-virginia, ",
		files: regexp.MustCompile(`^link-aws-oregon--branch|^outputs.tf$`), lines: regexp.MustCompile(`branch|192\.168\.80\.0/22`),
	},
	{
		network: "ml-platform", name: "network in a site with a transit gateway",
		old: "      # Joined, not made: what was there before.\n", new: "      lab: {size: /20, subnets: {lab: {size: /24}}}\n",
		files: regexp.MustCompile(`^aws-oregon-|^outputs.tf$`), lines: regexp.MustCompile(`aws_oregon__lab|aws-oregon/lab`),
	},
	{
		network: "existing", name: "subnet",
		old: "subnets: {app: {size: /22, segment: app}}", new: "subnets: {app: {size: /22, segment: app}, aux: {size: /24}}",
		files: regexp.MustCompile(`^aws-ireland-`), lines: regexp.MustCompile(`aux`),
	},
}

// place is a resource's comment of the spec's line, which moves with the text.
var place = regexp.MustCompile(`# network\.yaml:\d+`)

// TestUnrelatedEdit: adding one thing keeps every allocation, and leaves what
// is not about it as it was.
func TestUnrelatedEdit(t *testing.T) {
	for _, e := range edits {
		t.Run(e.network+"/"+e.name, func(t *testing.T) {
			n := corpus[slices.IndexFunc(corpus, func(n network) bool { return n.name == e.network })]
			text := n.text(t)
			if strings.Count(text, e.old) != 1 {
				t.Fatalf("%q stands %d times in %s", e.old, strings.Count(text, e.old), n.name)
			}
			before := n.compile(t, text, lock.Lock{})
			after := n.compile(t, strings.Replace(text, e.old, e.new, 1), before.Lock)
			c := after.Changes
			if len(c.Added) == 0 || len(c.Freed)+len(c.Removed)+len(c.Moved)+len(c.Renamed)+len(c.Restored)+len(c.Rescoped) > 0 {
				t.Errorf("the edit changes more than adding to the lock: %+v", c)
			}
			for _, entry := range before.Lock.Entries() {
				if got, ok := after.Lock.Get(entry.Kind, entry.Key); !ok || got.Value() != entry.Value() || got.Scope != entry.Scope {
					t.Errorf("%s %s = %s, was %s", entry.Kind, entry.Key, got.Value(), entry.Value())
				}
			}
			may := func(line string) bool {
				return e.lines.MatchString(line) || slices.ContainsFunc(c.Added, func(x lock.Entry) bool { return strings.Contains(line, x.Value()) })
			}
			was, now := before.render(t, fabric.Single), after.render(t, fabric.Single)
			for _, name := range slices.Sorted(maps.Keys(now)) {
				if !e.files.MatchString(name) {
					unexpected(t, name, was[name], now[name], may)
				}
			}
			for name := range was {
				if now[name] == nil {
					t.Errorf("%s is gone", name)
				}
			}
		})
	}
}

// unexpected reports the lines that differ between two files but do not match
// what may.
func unexpected(t *testing.T, name string, was, now *fstest.MapFile, may func(line string) bool) {
	t.Helper()
	if was == nil {
		t.Errorf("%s is new", name)
		return
	}
	gone, added := lineDiff(string(was.Data), string(now.Data))
	slices.SortStableFunc(added, func(x, y string) int { return count(may(x)) - count(may(y)) })
	lost := map[string]int{} // words, as a list that grows may be broken into lines
	for _, line := range gone {
		for _, w := range words(line) {
			lost[w]++
		}
	}
	for _, line := range added {
		var extra []string
		for _, w := range words(line) {
			if lost[w] == 0 {
				extra = append(extra, w)
			}
			lost[w] = max(lost[w]-1, 0)
		}
		if len(extra) > 0 && !may(line) {
			t.Errorf("%s: %q is new in %q", name, extra, line)
		}
	}
	for _, w := range slices.Sorted(maps.Keys(lost)) {
		if lost[w] > 0 {
			t.Errorf("%s: %q is gone from %q", name, w, gone)
		}
	}
}

// lineDiff returns the lines that one text has more often than the other,
// but for the alignment of = and the spec's line numbers.
func lineDiff(was, now string) (gone, added []string) {
	counts := map[string]int{}
	for line := range strings.Lines(place.ReplaceAllString(was, "# network.yaml")) {
		counts[strings.Join(strings.Fields(line), " ")]++
	}
	for line := range strings.Lines(place.ReplaceAllString(now, "# network.yaml")) {
		line = strings.Join(strings.Fields(line), " ")
		if counts[line]--; counts[line] < 0 {
			added = append(added, line)
		}
	}
	for _, line := range slices.Sorted(maps.Keys(counts)) {
		for range max(counts[line], 0) {
			gone = append(gone, line)
		}
	}
	return gone, added
}

func words(line string) []string {
	return strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" ,[]{}()\"", r) })
}
