// Package schema holds copies of the schemas of the Terraform providers that tieline renders for.
//
// It gives them as Go values with cty types. It does not know which values a provider accepts: a schema only says
// which arguments and blocks exist. Where the copies come from is told in data/NOTICE.
package schema

import (
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"sort"

	"github.com/zclconf/go-cty/cty"
)

//go:embed data/*.json.gz
var files embed.FS

// Source says which provider a file of the copies describes.
type Source struct {
	Name      string // the provider's type name and the prefix of its resource types, as in "aws"
	Namespace string // in lower case, as in "hashicorp"
	Version   string // as in "6.47.0"
	Nested    bool   // has attributes with nested attributes, so it speaks protocol 6
}

// sources lists the copies, sorted by name.
var sources = []Source{
	{Name: "aws", Namespace: "hashicorp", Version: "6.47.0"},
	{Name: "awscc", Namespace: "hashicorp", Version: "1.96.0", Nested: true},
	{Name: "azurerm", Namespace: "hashicorp", Version: "5.2.0"},
	{Name: "cloudflare", Namespace: "cloudflare", Version: "5.22.0", Nested: true},
	{Name: "datadog", Namespace: "datadog", Version: "4.19.0"},
	{Name: "google", Namespace: "hashicorp", Version: "7.45.0"},
	{Name: "pagerduty", Namespace: "pagerduty", Version: "3.32.4"},
	{Name: "random", Namespace: "hashicorp", Version: "3.9.0"},
	{Name: "time", Namespace: "hashicorp", Version: "0.14.2"},
	{Name: "tls", Namespace: "hashicorp", Version: "4.2.1"},
}

// Sources returns the copies that are there, sorted by name.
func Sources() []Source { return append([]Source(nil), sources...) }

// Provider is the schema of one provider.
type Provider struct {
	Source
	Config *Block // of a provider block

	resources, dataSources map[string]*lazyBlock
}

// Block is the body of a resource, a data source, a provider, or of a block nested in one.
type Block struct {
	Attributes map[string]*Attribute   `json:"attributes"`
	Blocks     map[string]*NestedBlock `json:"block_types"`
	Deprecated bool                    `json:"deprecated"`
}

// Attribute is one argument or result of a block.
type Attribute struct {
	Type       cty.Type `json:"-"`
	Required   bool     `json:"required"`
	Optional   bool     `json:"optional"`
	Computed   bool     `json:"computed"`
	Sensitive  bool     `json:"sensitive"`
	Deprecated bool     `json:"deprecated"`
	WriteOnly  bool     `json:"write_only"`
}

// Settable reports whether a configuration may give the attribute a value.
func (a *Attribute) Settable() bool { return a.Required || a.Optional }

// NestedBlock is a block type inside a block.
type NestedBlock struct {
	Nesting  Nesting `json:"nesting_mode"`
	MinItems int     `json:"min_items"`
	MaxItems int     `json:"max_items"` // 0 means no limit
	Block    *Block  `json:"block"`
}

// Nesting says how the blocks of one type make up a value.
type Nesting string

// The nesting modes of the copies.
const (
	NestingSingle Nesting = "single" // an object, null when the block is left out
	NestingList   Nesting = "list"
	NestingSet    Nesting = "set"
)

// Load reads the copy of the named provider, as in "aws".
// A block of a resource or data source is decoded when it is asked for.
func Load(name string) (*Provider, error) {
	for _, s := range sources {
		if s.Name == name {
			return load(s)
		}
	}
	return nil, fmt.Errorf("no copy of the schema of provider %q", name)
}

func load(s Source) (*Provider, error) {
	f, err := files.Open("data/" + s.Name + ".json.gz")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("schema of provider %q: %w", s.Name, err)
	}
	type versioned struct {
		Block *Block `json:"block"`
	}
	var doc struct {
		Providers map[string]struct {
			Provider    versioned             `json:"provider"`
			Resources   map[string]*lazyBlock `json:"resource_schemas"`
			DataSources map[string]*lazyBlock `json:"data_source_schemas"`
		} `json:"provider_schemas"`
	}
	if err := json.NewDecoder(z).Decode(&doc); err != nil {
		return nil, fmt.Errorf("schema of provider %q: %w", s.Name, err)
	}
	address := "registry.terraform.io/" + s.Namespace + "/" + s.Name
	p, ok := doc.Providers[address]
	if !ok {
		return nil, fmt.Errorf("schema of provider %q: no %s in its file", s.Name, address)
	}
	for typeName, l := range p.Resources {
		l.lost = lostDescriptions[typeName]
	}
	config := p.Provider.Block
	if config == nil {
		config = &Block{}
	}
	return &Provider{Source: s, Config: config, resources: p.Resources, dataSources: p.DataSources}, nil
}

// Resource returns the schema of a managed resource type, or nil when the copy has none.
func (p *Provider) Resource(typeName string) *Block { return p.resources[typeName].get() }

// DataSource returns the schema of a data source, or nil when the copy has none.
func (p *Provider) DataSource(typeName string) *Block { return p.dataSources[typeName].get() }

// ResourceTypes returns the names of the managed resource types, sorted.
func (p *Provider) ResourceTypes() []string { return sortedKeys(p.resources) }

// DataSourceTypes returns the names of the data sources, sorted.
func (p *Provider) DataSourceTypes() []string { return sortedKeys(p.dataSources) }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
