# tieline: `make run` does the main job on the example network, `make test`
# runs the tests, `make check` what else a change must meet.

GO      ?= go
EXAMPLE ?= examples/ml-platform
OUT     ?= out/ml-platform
TOOL    := $(GO) tool -modfile=tools/go.mod

.PHONY: all build run test check golden fuzz soak bench tofu clean

all: build

build:
	$(GO) build -trimpath -o bin/ ./cmd/...

# Plan the example network, write its Terraform, show what it costs, prove it,
# and run it in the lab: on a terminal until Ctrl-C, else its packets are held
# against the proof and it is taken down. Findings are there to be looked at:
# they do not fail the run, nor does a machine that cannot run the lab.
run: build
	bin/tieline render $(EXAMPLE) -o $(OUT)
	bin/tieline plan $(EXAMPLE)
	@echo
	bin/tieline check $(EXAMPLE) --report $(OUT)-audit || test $$? -eq 3
	@echo
	bin/tieline test $(EXAMPLE)
	@echo
	@echo "The spec is $(EXAMPLE)/network.yaml, its Terraform is in $(OUT). Try next:"
	@echo "  bin/tieline path aws-oregon:inference gcp-oregon:training tcp/443 -f $(EXAMPLE)"
	@echo "  bin/tieline why aws-oregon/ml -f $(EXAMPLE)"
	@echo "  bin/tieline cost $(EXAMPLE)"
	@echo "  bin/tieline graph $(EXAMPLE) -o out/ml-platform.svg"
	@echo
	@if bin/tieline lab preflight $(EXAMPLE); then echo; bin/tieline lab run $(EXAMPLE); \
	else echo "The network is planned and proved; it was not run, because of what is missing above."; fi

# Terraform applying the whole corpus takes longer than go's ten minutes allow on a
# slow machine; go test -short ./... leaves it out.
test:
	$(GO) test -timeout 30m ./...

check:
	@out=$$($(TOOL) gofumpt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "not gofumpt-clean:"; echo "$$out"; exit 1; }
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	$(GO) mod tidy -diff
	$(GO) mod verify

# Rewrite every golden file and generated page; review the diff. The pages that
# show golden files come last.
golden:
	$(GO) test $$(grep -rlF 'flag.Bool("update"' --include=*_test.go internal | xargs -n1 dirname | sort -u | grep -v testkit/docs | sed 's|^|./|') -update
	$(GO) test ./internal/testkit/docs -update

fuzz:
	@for t in $$(grep -rlE '^func Fuzz' --include=*_test.go internal | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9]+' $$t/*_test.go | cut -c6-); do \
	    echo "$$t $$f"; $(GO) test ./$$t -run '^$$' -fuzz "^$$f$$" -fuzztime $(or $(FUZZTIME),30s) || exit 1; done; done

# Thousands of random networks against the oracle: SEEDS how many, or from where
# to where (5000-9000); SOAK is how long it may take.
soak:
	TIELINE_SOAK=$(or $(SEEDS),3000) $(GO) test ./internal/testkit/oracle ./internal/render/nodes -timeout $(or $(SOAK),2h) -v
	TIELINE_SOAK=1 $(GO) test ./internal/lab -run Rekeys -timeout $(or $(SOAK),2h) -v

# Measure, and record under docs/bench/.
bench: build
	$(GO) test ./internal/testkit/bench -run '^$$' -bench Record -benchtime 1x -timeout 90m -args -o $(CURDIR)/docs/bench

# OpenTofu from its module, for a machine without a terraform or tofu binary.
tofu:
	$(GO) build -C tools/tofu -o ../../bin/tofu github.com/opentofu/opentofu/cmd/tofu

clean:
	rm -rf bin out
