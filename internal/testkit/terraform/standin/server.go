package main

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov5"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"github.com/zclconf/go-cty/cty/msgpack"

	"github.com/tieline/tieline/internal/testkit/terraform/schema"
)

// server answers Terraform's calls from a schema alone.
type server struct {
	provider *schema.Provider
	inventor *inventor
}

func newServer(p *schema.Provider) *server {
	return &server{provider: p, inventor: newInventor(p.Name)}
}

func (s *server) resource(typeName string) (*schema.Block, error) {
	b := s.provider.Resource(typeName)
	if b == nil {
		return nil, fmt.Errorf("no resource type %q in the schema", typeName)
	}
	return b, nil
}

// PlanResourceChange plans what the configuration says, and unknown for each computed attribute without a value.
func (s *server) PlanResourceChange(_ context.Context, req *tfprotov5.PlanResourceChangeRequest) (*tfprotov5.PlanResourceChangeResponse, error) {
	block, err := s.resource(req.TypeName)
	if err != nil {
		return nil, err
	}
	t := block.Type()
	proposed, err := decode(req.ProposedNewState, t)
	if err != nil {
		return nil, err
	}
	prior, err := decode(req.PriorState, t)
	if err != nil {
		return nil, err
	}
	if !proposed.IsNull() {
		proposed = planBlock(block, proposed)
		proposed = planFilledBlocks(req.TypeName, proposed, prior)
	}
	planned, err := encode(proposed, t)
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 the providers it stands in for are of the legacy type system
	return &tfprotov5.PlanResourceChangeResponse{PlannedState: planned, UnsafeToUseLegacyTypeSystem: true}, nil
}

// ApplyResourceChange invents a value for all that the plan left unknown.
func (s *server) ApplyResourceChange(_ context.Context, req *tfprotov5.ApplyResourceChangeRequest) (*tfprotov5.ApplyResourceChangeResponse, error) {
	block, err := s.resource(req.TypeName)
	if err != nil {
		return nil, err
	}
	t := block.Type()
	planned, err := decode(req.PlannedState, t)
	if err != nil {
		return nil, err
	}
	state := planned
	if !planned.IsNull() {
		if state, err = s.inventor.fill(req.TypeName, planned); err != nil {
			return nil, err
		}
	}
	v, err := encode(state, t)
	if err != nil {
		return nil, err
	}
	//lint:ignore SA1019 the providers it stands in for are of the legacy type system
	return &tfprotov5.ApplyResourceChangeResponse{NewState: v, UnsafeToUseLegacyTypeSystem: true}, nil
}

// ReadDataSource invents a value for all that the configuration leaves to the provider; the same one every time.
func (s *server) ReadDataSource(_ context.Context, req *tfprotov5.ReadDataSourceRequest) (*tfprotov5.ReadDataSourceResponse, error) {
	block := s.provider.DataSource(req.TypeName)
	if block == nil {
		return nil, fmt.Errorf("no data source %q in the schema", req.TypeName)
	}
	t := block.Type()
	config, err := decode(req.Config, t)
	if err != nil {
		return nil, err
	}
	state, err := s.inventor.fillAgain("data."+req.TypeName, planBlock(block, config))
	if err != nil {
		return nil, err
	}
	v, err := encode(state, t)
	if err != nil {
		return nil, err
	}
	return &tfprotov5.ReadDataSourceResponse{State: v}, nil
}

// ReadResource returns the state as it is: nothing changes behind Terraform's back.
func (s *server) ReadResource(_ context.Context, req *tfprotov5.ReadResourceRequest) (*tfprotov5.ReadResourceResponse, error) {
	return &tfprotov5.ReadResourceResponse{NewState: req.CurrentState, Private: req.Private}, nil
}

// UpgradeResourceState reads the state that the same schema wrote.
func (s *server) UpgradeResourceState(_ context.Context, req *tfprotov5.UpgradeResourceStateRequest) (*tfprotov5.UpgradeResourceStateResponse, error) {
	block, err := s.resource(req.TypeName)
	if err != nil {
		return nil, err
	}
	t := block.Type()
	v, err := ctyjson.Unmarshal(req.RawState.JSON, t)
	if err != nil {
		return nil, fmt.Errorf("state of %s: %w", req.TypeName, err)
	}
	upgraded, err := encode(v, t)
	if err != nil {
		return nil, err
	}
	return &tfprotov5.UpgradeResourceStateResponse{UpgradedState: upgraded}, nil
}

// ImportResourceState takes over any id; all but the id is invented.
func (s *server) ImportResourceState(_ context.Context, req *tfprotov5.ImportResourceStateRequest) (*tfprotov5.ImportResourceStateResponse, error) {
	block, err := s.resource(req.TypeName)
	if err != nil {
		return nil, err
	}
	state, err := s.inventor.imported(req.TypeName, req.ID, block)
	if err != nil {
		return nil, err
	}
	v, err := encode(state, block.Type())
	if err != nil {
		return nil, err
	}
	return &tfprotov5.ImportResourceStateResponse{
		ImportedResources: []*tfprotov5.ImportedResource{{TypeName: req.TypeName, State: v}},
	}, nil
}

func decode(v *tfprotov5.DynamicValue, t cty.Type) (cty.Value, error) {
	if v == nil {
		return cty.NullVal(t), nil
	}
	if v.MsgPack == nil {
		return ctyjson.Unmarshal(v.JSON, t)
	}
	return msgpack.Unmarshal(v.MsgPack, t)
}

func encode(v cty.Value, t cty.Type) (*tfprotov5.DynamicValue, error) {
	b, err := msgpack.Marshal(v, t)
	if err != nil {
		return nil, err
	}
	return &tfprotov5.DynamicValue{MsgPack: b}, nil
}
