package spec

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tieline/tieline/internal/diag"
	"github.com/tieline/tieline/internal/vocab"
)

// Tests is a test file: the assertions that people state of a network.
type Tests struct {
	Tests []Test `yaml:"tests"`
}

// Test is one assertion: exactly one of its fields is set, by its verb.
type Test struct {
	Pos      diag.Pos
	Network  Value[string] `yaml:"network" doc:"Name of the network that the file is for." example:"ml-platform"`
	Allow    Allow         `yaml:"allow" doc:"Every packet of the ports gets through from every place to every other, and its reply back."`
	Deny     Deny          `yaml:"deny" doc:"No packet gets through."`
	Survives Survives      `yaml:"survives" doc:"No pair of places loses its way when so many parts fail at once."`
	Via      Via           `yaml:"via" doc:"What holds of every way that packets may take, there and back."`
	AtMost   AtMost        `yaml:"at_most" doc:"Bounds that no way may exceed."`
	AtLeast  AtLeast       `yaml:"at_least" doc:"What every way offers."`
	Stays    []Residence   `yaml:"stays,map" keys:"*" doc:"Traffic that stays inside parts of the world, healthy and when any one part has failed."`
}

// Allow states that packets and their replies get through.
type Allow struct {
	Pos   diag.Pos
	From  []Value[Ref]           `yaml:"from,one,required" doc:"Who opens the connection, as in policy." example:"inference"`
	To    []Value[Ref]           `yaml:"to,one,required" doc:"Who answers." example:"training"`
	Ports []Value[vocab.Service] `yaml:"ports,one,required" doc:"Protocols and destination ports." example:"[tcp/443]"`
}

// Deny states that no packet gets through.
type Deny struct {
	Pos   diag.Pos
	From  []Value[Ref]           `yaml:"from,one,required" doc:"Who would open the connection, as in policy." example:"internet"`
	To    []Value[Ref]           `yaml:"to,one,required" doc:"Who would answer." example:"data"`
	Ports []Value[vocab.Service] `yaml:"ports,one" doc:"Protocols and destination ports; every one where left out." example:"[tcp/22]"`
}

// Survives states that pairs of places keep their ways.
type Survives struct {
	Pos      diag.Pos
	Failures Value[int]      `yaml:"failures,required" doc:"How many parts fail at once." enum:"1|2" example:"1"`
	Of       []Value[string] `yaml:"of,one" doc:"Kinds of parts that fail." enum:"tunnel|gateway|zone|link|site|region|cloud" default:"[tunnel, gateway, zone, link]" example:"[tunnel, gateway]"`
	For      Between         `yaml:"for,required" doc:"The pairs." example:"{from: inference, to: training}"`
}

// Between is two ends.
type Between struct {
	Pos  diag.Pos
	From []Value[Ref] `yaml:"from,one,required" doc:"One end, as in policy." example:"inference"`
	To   []Value[Ref] `yaml:"to,one,required" doc:"The other." example:"training"`
}

// Via states what holds of every way.
type Via struct {
	Pos       diag.Pos
	From      []Value[Ref]    `yaml:"from,one,required" doc:"One end, as in policy." example:"training"`
	To        []Value[Ref]    `yaml:"to,one,required" doc:"The other." example:"data"`
	Private   Value[bool]     `yaml:"private" doc:"Packets stay inside the network and its links: none goes out to the internet, but inside a tunnel." example:"true"`
	Encrypted Value[bool]     `yaml:"encrypted" doc:"Every link between sites that is crossed encrypts." example:"true"`
	Never     []Value[string] `yaml:"never,one" doc:"What is never crossed between the ends: sites, links, internet, or vpn for every link made of VPN tunnels." example:"[internet, gcp-oregon]"`
}

// AtMost bounds every way from above.
type AtMost struct {
	Pos  diag.Pos
	From []Value[Ref]        `yaml:"from,one,required" doc:"One end, as in policy." example:"aws-oregon"`
	To   []Value[Ref]        `yaml:"to,one,required" doc:"The other." example:"gcp-oregon"`
	RTT  Value[Milliseconds] `yaml:"rtt" doc:"The round trip over the network." example:"20ms"`
	Hops Value[int]          `yaml:"hops" doc:"Route tables that forward a packet, in each direction." example:"3"`
}

// AtLeast bounds every way from below.
type AtLeast struct {
	Pos       diag.Pos
	From      []Value[Ref]      `yaml:"from,one,required" doc:"One end, as in policy." example:"aws-oregon"`
	To        []Value[Ref]      `yaml:"to,one,required" doc:"The other." example:"gcp-oregon"`
	MTU       Value[int]        `yaml:"mtu" doc:"Bytes of the largest IP packet that passes whole." example:"1350"`
	Bandwidth Value[vocab.Rate] `yaml:"bandwidth" doc:"Capacity of the narrowest link, one way." example:"2Gbps"`
}

// Residence says inside which parts of the world traffic stays: Name is a
// reference to whose traffic.
type Residence struct {
	Name  string
	Pos   diag.Pos
	Areas []Value[string] `yaml:",value,one"`
}

// TestsFile returns where the tests of the spec at path stand: network.yaml
// has network.test.yaml beside it, and a folder holds it.
func TestsFile(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, MainFile)
	}
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + ".test" + ext
}

// LoadTests reads the test file at path; see [ParseTests].
func LoadTests(path string, x *Index, areas []string) (Tests, diag.List) {
	data, err := os.ReadFile(path)
	if err == nil {
		return ParseTests(File{Name: path, Data: data}, x, areas)
	}
	var diags diag.List
	d := diags.Errorf(diag.Pos{File: path}, "cannot be read: %v", err)
	if errors.Is(err, fs.ErrNotExist) {
		d.Summary = "there is no test file"
		d.Hint = "write one, for example:\n" + testsExample
	}
	return Tests{}, diags
}

// testsExample is a test file to begin with, indented for a hint.
const testsExample = `    - allow: {from: inference, to: training, ports: [tcp/443]}
    - deny: {from: internet, to: data}
    - survives: {failures: 1, for: {from: inference, to: training}}`

var testsFile = fileKind{
	kind: yaml.SequenceNode, is: "a test file is a list of assertions",
	start: "for example:\n" + testsExample, split: "keep all assertions in one list",
}

// ParseTests reads a test file for the spec of an index. areas are the names
// of parts of the world that stays may have. It does no I/O. With errors in
// the list the Tests are not fit for use.
func ParseTests(f File, x *Index, areas []string) (Tests, diag.List) {
	var t Tests
	var diags diag.List
	top := parseYAML(f, &testsFile, &diags)
	if top == nil {
		return t, diags
	}
	sh := shapeOf(reflect.TypeFor[Tests](), map[reflect.Type]*shape{})
	d := decoder{file: f.Name, diags: &diags}
	d.list(&sh.fields[0], top, reflect.ValueOf(&t).Elem().Field(0), place{noun: "the test file"})
	if !d.stopped {
		checkTests(&t, diag.Pos{File: f.Name, Line: 1, Col: 1}, x, areas, &diags)
	}
	return t, diags.Sorted()
}
