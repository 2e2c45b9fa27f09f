package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sort"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/tieline/tieline/internal/testkit/terraform/schema"
)

// GetProviderSchema gives the whole copy.
func (s *server) GetProviderSchema(context.Context, *tfprotov5.GetProviderSchemaRequest) (*tfprotov5.GetProviderSchemaResponse, error) {
	config, err := protoBlock(s.provider.Config)
	if err != nil {
		return nil, err
	}
	resp := &tfprotov5.GetProviderSchemaResponse{
		ServerCapabilities: capabilities(),
		Provider:           &tfprotov5.Schema{Block: config},
		ResourceSchemas:    map[string]*tfprotov5.Schema{},
		DataSourceSchemas:  map[string]*tfprotov5.Schema{},
	}
	for _, name := range s.provider.ResourceTypes() {
		b, err := protoBlock(s.provider.Resource(name))
		if err != nil {
			return nil, fmt.Errorf("resource type %q: %w", name, err)
		}
		resp.ResourceSchemas[name] = &tfprotov5.Schema{Block: b}
	}
	for _, name := range s.provider.DataSourceTypes() {
		b, err := protoBlock(s.provider.DataSource(name))
		if err != nil {
			return nil, fmt.Errorf("data source %q: %w", name, err)
		}
		resp.DataSourceSchemas[name] = &tfprotov5.Schema{Block: b}
	}
	return resp, nil
}

// GetMetadata lists the types without their schemas.
func (s *server) GetMetadata(context.Context, *tfprotov5.GetMetadataRequest) (*tfprotov5.GetMetadataResponse, error) {
	resp := &tfprotov5.GetMetadataResponse{ServerCapabilities: capabilities()}
	for _, name := range s.provider.ResourceTypes() {
		resp.Resources = append(resp.Resources, tfprotov5.ResourceMetadata{TypeName: name})
	}
	for _, name := range s.provider.DataSourceTypes() {
		resp.DataSources = append(resp.DataSources, tfprotov5.DataSourceMetadata{TypeName: name})
	}
	return resp, nil
}

// capabilities says that Terraform may ask for the schema once and remember it.
func capabilities() *tfprotov5.ServerCapabilities {
	return &tfprotov5.ServerCapabilities{GetProviderSchemaOptional: true}
}

func protoBlock(b *schema.Block) (*tfprotov5.SchemaBlock, error) {
	out := &tfprotov5.SchemaBlock{Deprecated: b.Deprecated}
	for _, name := range sortedKeys(b.Attributes) {
		a := b.Attributes[name]
		t, err := protoType(a)
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", name, err)
		}
		out.Attributes = append(out.Attributes, &tfprotov5.SchemaAttribute{
			Name: name, Type: t, Required: a.Required, Optional: a.Optional, Computed: a.Computed,
			Sensitive: a.Sensitive, Deprecated: a.Deprecated, WriteOnly: a.WriteOnly,
		})
	}
	for _, name := range sortedKeys(b.Blocks) {
		n := b.Blocks[name]
		inner, err := protoBlock(n.Block)
		if err != nil {
			return nil, fmt.Errorf("block %q: %w", name, err)
		}
		out.BlockTypes = append(out.BlockTypes, &tfprotov5.SchemaNestedBlock{
			TypeName: name, Nesting: protoNesting(n.Nesting), Block: inner,
			MinItems: int64(n.MinItems), MaxItems: int64(n.MaxItems),
		})
	}
	return out, nil
}

// protoType converts by way of Terraform's JSON type notation, which both libraries speak.
func protoType(a *schema.Attribute) (tftypes.Type, error) {
	b, err := json.Marshal(a.Type)
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 not meant for providers, but a copied schema has no other form
	return tftypes.ParseJSONType(b)
}

func protoNesting(n schema.Nesting) tfprotov5.SchemaNestedBlockNestingMode {
	switch n {
	case schema.NestingSingle:
		return tfprotov5.SchemaNestedBlockNestingModeSingle
	case schema.NestingList:
		return tfprotov5.SchemaNestedBlockNestingModeList
	case schema.NestingSet:
		return tfprotov5.SchemaNestedBlockNestingModeSet
	}
	return tfprotov5.SchemaNestedBlockNestingModeInvalid
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
