package atlas

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/vocab"
)

// overlayKeys are the top-level keys of a user's own file of facts.
var overlayKeys = []string{"version", "as_of", "discount", "prices", "limits"}

// Overlay returns the atlas with a user's own file of facts laid over it, and
// what is wrong with that file; with errors the returned atlas is a itself.
// The file is YAML:
//
//	version: 1
//	as_of: 2026-10
//	discount: {aws: 12%, gcp.vpn: 5%}          # the longest matching beginning of an item holds
//	prices:
//	  aws.vpn.connection: 0.045                # everywhere
//	  aws.price.egress.us_eu: [{up_to: 51200, usd: 0.05}, {usd: 0.04}]   # one row, by its fact's id
//	limits: {aws.vpc.per_region: 450}
//
// Prices are in US dollars for the item's own unit, up_to in that unit a
// month. A price set here is the price paid: no discount applies to it.
// Facts that the file states carry its name as source, the mark V and Own; a
// discounted price keeps the mark of its list price.
func (a *Atlas) Overlay(name string, data []byte) (*Atlas, diag.List) {
	o := &overlay{file: name, base: a, discounts: map[string]discount{}}
	root := o.parse(data)
	if root == nil {
		return a, o.diags.Sorted()
	}
	o.read(root)
	if o.diags.HasErrors() {
		return a, o.diags.Sorted()
	}
	return o.apply(), o.diags.Sorted()
}

// overlay is one file being read.
type overlay struct {
	file      string
	base      *Atlas
	asOf      string
	discounts map[string]discount // by beginning of an item
	prices    []ownPrice
	limits    []ownLimit
	diags     diag.List
}

type discount struct {
	percent float64
	text    string
}

// ownPrice replaces the prices of an item, or one row of them.
type ownPrice struct {
	key   string // item or fact id
	tiers []Tier
}

type ownLimit struct {
	id    LimitID
	value int
}

func (o *overlay) pos(n *yaml.Node) diag.Pos {
	return diag.Pos{File: o.file, Line: max(1, n.Line), Col: max(1, n.Column)}
}

// parse returns the root mapping, or nil after reporting why there is none.
func (o *overlay) parse(data []byte) *yaml.Node {
	if len(bytes.TrimSpace(data)) == 0 {
		o.diags.Errorf(diag.Pos{File: o.file}, "the file is empty").Hint = "write prices, limits or discount, or leave the file out"
		return nil
	}
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); err != nil {
		o.yamlError(err)
		return nil
	}
	if err := dec.Decode(&more); !errors.Is(err, io.EOF) {
		o.diags.Errorf(o.pos(&more), "the file holds more than one YAML document")
		return nil
	}
	if len(doc.Content) != 1 || doc.Content[0].Kind != yaml.MappingNode {
		o.diags.Errorf(o.pos(&doc), "the file is not a mapping of %s", strings.Join(overlayKeys, ", "))
		return nil
	}
	return doc.Content[0]
}

// yamlError turns the parser's error into a diagnostic at its line.
func (o *overlay) yamlError(err error) {
	pos := diag.Pos{File: o.file, Line: 1}
	text := strings.TrimPrefix(err.Error(), "yaml: ")
	var load *yaml.LoadError
	if errors.As(err, &load) {
		text = load.Message
		if load.Mark.Line > 0 {
			pos.Line, pos.Col = load.Mark.Line, load.Mark.Column
		}
	}
	o.diags.Errorf(pos, "not valid YAML: %s", text)
}

// pairs calls f for each key and value of a mapping, and reports what is no
// mapping, aliases and duplicate keys.
func (o *overlay) pairs(n *yaml.Node, what string, f func(key string, k, v *yaml.Node)) {
	if n.Kind != yaml.MappingNode {
		o.diags.Errorf(o.pos(n), "%s is not a mapping", what)
		return
	}
	seen := map[string]diag.Pos{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, v := n.Content[i], n.Content[i+1]
		switch first, twice := seen[k.Value]; {
		case k.Kind != yaml.ScalarNode:
			o.diags.Errorf(o.pos(k), "a key of %s is not a word", what)
		case v.Kind == yaml.AliasNode:
			o.diags.Errorf(o.pos(v), "%s: aliases are not supported", k.Value)
		case twice:
			d := o.diags.Errorf(o.pos(k), "%s stands twice in %s", k.Value, what)
			d.Related = []diag.Related{{Pos: first, Message: "first here"}}
		default:
			seen[k.Value] = o.pos(k)
			f(k.Value, k, v)
		}
	}
}

func (o *overlay) read(root *yaml.Node) {
	o.pairs(root, "the file", func(key string, k, v *yaml.Node) {
		switch key {
		case "version":
			if v.Value != "1" {
				o.diags.Errorf(o.pos(v), "version %q is not 1", v.Value)
			}
		case "as_of":
			o.asOf = o.scalar(v, "as_of")
		case "discount":
			o.pairs(v, key, o.readDiscount)
		case "prices":
			o.pairs(v, key, o.readPrice)
		case "limits":
			o.pairs(v, key, o.readLimit)
		default:
			o.diags.Errorf(o.pos(k), "unknown key %q", key).Hint = hintOf(key, overlayKeys)
		}
	})
}

func (o *overlay) scalar(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Value == "" {
		o.diags.Errorf(o.pos(n), "%s is not a single value", what)
		return ""
	}
	return n.Value
}

func (o *overlay) readDiscount(key string, k, v *yaml.Node) {
	begins := func(i PriceItem) bool { return isBeginning(key, string(i)) }
	if !slices.ContainsFunc(PriceItems, begins) {
		o.diags.Errorf(o.pos(k), "no price begins with %q", key).Hint = hintOf(key, itemNames())
		return
	}
	text := o.scalar(v, "the discount of "+key)
	if text == "" {
		return
	}
	num, ok := strings.CutSuffix(strings.TrimSpace(text), "%")
	percent, err := strconv.ParseFloat(strings.TrimSpace(num), 64)
	if !ok || err != nil || !(percent >= 0 && percent <= 100) {
		o.diags.Errorf(o.pos(v), "discount %q is not a percentage from 0%% to 100%%", text).Hint = "write it as 12%"
		return
	}
	o.discounts[key] = discount{percent: percent, text: num + "%"}
}

func (o *overlay) readPrice(key string, k, v *yaml.Node) {
	_, isItem := o.base.prices[PriceItem(key)]
	f, isFact := o.base.Fact(key)
	if !isItem && !(isFact && strings.HasPrefix(f.Unit, "USD/")) {
		o.diags.Errorf(o.pos(k), "unknown price %q", key).Hint = hintOf(key, itemNames())
		return
	}
	var tiers []Tier
	switch v.Kind {
	case yaml.ScalarNode:
		tiers = []Tier{{Unit: o.usd(v, key)}}
	case yaml.SequenceNode:
		for _, step := range v.Content {
			tiers = append(tiers, o.tier(step, key))
		}
	default:
		o.diags.Errorf(o.pos(v), "the price of %s is neither a number nor a list of tiers", key).Hint = "write 0.05, or [{up_to: 10240, usd: 0.08}, {usd: 0.06}]"
		return
	}
	if err := checkTiers(tiers); err != nil {
		o.diags.Errorf(o.pos(v), "price of %s: %v", key, err)
		return
	}
	o.prices = append(o.prices, ownPrice{key, tiers})
}

func (o *overlay) tier(n *yaml.Node, item string) Tier {
	var t Tier
	o.pairs(n, "a tier of "+item, func(key string, k, v *yaml.Node) {
		switch key {
		case "up_to":
			up, err := strconv.ParseFloat(v.Value, 64)
			if err != nil || !(up > 0 && up < 1e15) {
				o.diags.Errorf(o.pos(v), "up_to %q is not a positive number", v.Value)
				return
			}
			t.UpTo = up
		case "usd":
			t.Unit = o.usd(v, item)
		default:
			o.diags.Errorf(o.pos(k), "unknown key %q in a tier of %s", key, item).Hint = hintOf(key, []string{"up_to", "usd"})
		}
	})
	return t
}

func (o *overlay) usd(n *yaml.Node, item string) vocab.USD {
	usd, err := vocab.ParseUSD(o.scalar(n, "the price of "+item))
	if err != nil || usd < 0 {
		o.diags.Errorf(o.pos(n), "the price of %s, %q, is not a number of US dollars", item, n.Value)
		return 0
	}
	return usd
}

func (o *overlay) readLimit(key string, k, v *yaml.Node) {
	id := LimitID(key)
	if !slices.Contains(LimitIDs, id) {
		names := make([]string, len(LimitIDs))
		for i, l := range LimitIDs {
			names[i] = string(l)
		}
		o.diags.Errorf(o.pos(k), "unknown limit %q", key).Hint = hintOf(key, names)
		return
	}
	n, err := strconv.Atoi(v.Value)
	if v.Kind != yaml.ScalarNode || err != nil || n < 0 {
		o.diags.Errorf(o.pos(v), "limit %s, %q, is not a whole number", key, v.Value)
		return
	}
	old := o.base.Limit(id)
	if !old.Adjustable && n > old.Value {
		d := o.diags.Warnf(o.pos(v), "limit %s is not known to be adjustable; %d instead of %d", key, n, old.Value)
		d.Hint, d.Source = "check it with your account team", old.Fact.Source
	}
	o.limits = append(o.limits, ownLimit{id, n})
}

// apply builds the new atlas.
func (o *overlay) apply() *Atlas {
	out := *o.base
	out.facts = slices.Clone(o.base.facts)
	out.prices = maps.Clone(o.base.prices)
	set := func(f Fact) { out.facts[out.index[f.ID]] = f }
	for _, l := range o.limits {
		f := o.own(o.base.mustFact(string(l.id)))
		f.Note = strings.TrimPrefix(f.Note+"; "+f.Value+" by default", "; ")
		f.Value = strconv.Itoa(l.value)
		set(f)
	}
	tiers := map[string][]Tier{}
	for _, p := range o.prices {
		tiers[p.key] = p.tiers
	}
	for _, item := range PriceItems {
		rows := slices.Clone(o.base.prices[item])
		d, discounted := o.discountOf(item)
		changed := false
		for i := range rows {
			p := rows[i].price
			own, ok := tiers[p.Fact.ID]
			if !ok {
				own, ok = tiers[string(item)]
			}
			switch {
			case ok:
				p.Fact = o.own(p.Fact)
				p.Tiers = own
			case discounted:
				note := fmt.Sprintf("list price %s less %s", p.Fact.Value, d.text)
				p.Fact = o.discounted(p.Fact)
				p.Fact.Note = strings.TrimPrefix(p.Fact.Note+"; "+note, "; ")
				p.Tiers = slices.Clone(p.Tiers)
				for j := range p.Tiers {
					p.Tiers[j].Unit = p.Tiers[j].Unit.Times(1 - d.percent/100)
				}
			default:
				continue
			}
			p.Fact.Value = formatTiers(p.Tiers)
			rows[i].price, changed = p, true
			set(p.Fact)
		}
		if changed {
			out.prices[item] = rows
		}
	}
	return &out
}

// discounted names the user's file beside the list price's source; the price
// is as well known as the list price it rests on.
func (o *overlay) discounted(f Fact) Fact {
	f.Source, f.Own = strings.TrimSuffix(o.file+"; "+f.Source, "; "), true
	return f
}

// own marks a fact as the user's, who vouches for it.
func (o *overlay) own(f Fact) Fact {
	f.Source, f.Own, f.Mark = o.file, true, Verified
	if o.asOf != "" {
		f.AsOf = o.asOf
	}
	return f
}

// discountOf returns the discount with the longest beginning of the item.
func (o *overlay) discountOf(item PriceItem) (discount, bool) {
	best := ""
	for _, key := range slices.Sorted(maps.Keys(o.discounts)) {
		if isBeginning(key, string(item)) && len(key) > len(best) {
			best = key
		}
	}
	d, ok := o.discounts[best]
	return d, ok
}

// isBeginning reports whether key is id or its beginning up to a dot.
func isBeginning(key, id string) bool { return key == id || strings.HasPrefix(id, key+".") }

func itemNames() []string {
	names := make([]string, len(PriceItems))
	for i, p := range PriceItems {
		names[i] = string(p)
	}
	return names
}

func hintOf(name string, candidates []string) string { return diag.Suggest(name, candidates) }
