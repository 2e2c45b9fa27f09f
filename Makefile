# tieline: `make run` does the main job on the example network, `make test`
# runs the tests, `make check` what else a change must meet.

GO      ?= go
EXAMPLE ?= examples/ml-platform
OUT     ?= out/ml-platform
TOOL    := $(GO) tool -modfile=tools/go.mod

.PHONY: all build run test check golden fuzz bench tofu clean

all: build

build:
	$(GO) build -trimpath -o bin/ ./cmd/...

# Plan the example network, write its Terraform, show what it costs.
run: build
	bin/tieline render $(EXAMPLE) -o $(OUT)
	bin/tieline plan $(EXAMPLE)
	@echo
	@echo "Terraform: $(OUT)   try: bin/tieline why aws-oregon/ml -f $(EXAMPLE)"

test:
	$(GO) test ./...

check:
	@out=$$($(TOOL) gofumpt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "not gofumpt-clean:"; echo "$$out"; exit 1; }
	$(GO) vet ./...
	$(TOOL) staticcheck ./...
	$(GO) mod tidy -diff
	$(GO) mod verify

# Rewrite every golden file and generated page; review the diff.
golden:
	$(GO) test ./... -update

fuzz:
	@for t in $$(grep -rlE '^func Fuzz' --include=*_test.go internal | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -hoE '^func Fuzz[A-Za-z0-9]+' $$t/*_test.go | cut -c6-); do \
	    echo "$$t $$f"; $(GO) test ./$$t -run '^$$' -fuzz "^$$f$$" -fuzztime $(or $(FUZZTIME),30s) || exit 1; done; done

# Measure, and record under docs/bench/.
bench: build
	$(GO) run ./internal/testkit/bench -o docs/bench

# OpenTofu from its module, for a machine without a terraform or tofu binary.
tofu:
	$(GO) build -C tools/tofu -o ../../bin/tofu github.com/opentofu/opentofu/cmd/tofu

clean:
	rm -rf bin out
