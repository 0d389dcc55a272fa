set shell := ["bash", "-euo", "pipefail", "-c"]

export PATH := justfile_directory() / ".tools/bin" + ":" + env("PATH")

target := "x86_64-unknown-linux-gnu"

# Lists the chores.
default:
    @just --list --unsorted

# Everything that CI runs, the quickest first.
ci: format-check python deny lint build test docs dist e2e flat

# Installs what the other chores need.
setup:
    scripts/setup

build:
    cargo build --workspace --all-targets --locked

format:
    cargo fmt --all

format-check:
    cargo fmt --all --check

lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

test:
    cargo nextest run --workspace --locked
    cargo test --workspace --locked --doc

# The Python SDK and the example plugins: format, lint, types, tests.
python:
    cd sdk/python && ../../.tools/sdk/bin/ruff format --check --quiet .
    cd sdk/python && ../../.tools/sdk/bin/ruff check --quiet .
    cd sdk/python && ../../.tools/sdk/bin/mypy src tests
    cd sdk/python && python3 -m unittest --quiet
    cd sdk/python && ../../.tools/sdk/bin/ruff format --check --quiet ../../examples/plugins
    cd sdk/python && ../../.tools/sdk/bin/ruff check --quiet ../../examples/plugins
    cd sdk/python && ../../.tools/sdk/bin/mypy ../../examples/plugins/*/*.py
    scripts/example-manifests

# The model of `run`, much longer than in CI and from another seed each time.
soak steps="20000" seed=`date +%s`:
    PURLIN_MODEL_STEPS={{ steps }} PURLIN_MODEL_SEED={{ seed }} \
        cargo test --locked --package purlin --test model -- --nocapture never_a_stale

docs:
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# Writes what is generated in docs/ again: reference pages, and what the commands in guides print.
reference:
    UPDATE_DOCS=1 cargo test --locked --package purlin --lib reference
    UPDATE_DOCS=1 cargo test --locked --package purlin --test docs

# Licences, bans and sources. The database of advisories cannot be fetched everywhere.
deny:
    cargo deny --offline --locked check --deny warnings licenses bans sources

# The one static binary: it has no relocations to do, so it starts in half the time.
dist:
    RUSTFLAGS="-C target-feature=+crt-static -C relocation-model=static" \
        cargo build --release --locked --package purlin --target {{ target }}

# The binary in the hands of a user: the quickstart and the README's tour, as they are written.
e2e: dist
    tests/e2e/run target/{{ target }}/release/purlin

# Start-up may not grow with the number of plugins: counted instructions, which repeat exactly.
flat: dist
    benches/run --flat

# Purlin beside its peers. Writes the tables of docs/benchmarks.md to stdout; takes some minutes.
bench: dist
    benches/run
