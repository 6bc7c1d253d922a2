# syntax=docker/dockerfile:1
# The image for users: docker buildx build --platform linux/amd64,linux/arm64 .
# One static program in an empty image. tests/cluster/image makes the same without Docker; keep the two alike.

# Compiles on the machine's own architecture and for the wanted one: no emulation.
FROM --platform=$BUILDPLATFORM rust:1.95.0-slim-bookworm AS build
ARG BUILDARCH
ARG TARGETARCH
WORKDIR /source
# librdkafka and zlib are C and C++; a foreign architecture wants a cross compiler with its own static libc.
RUN <<K
set -eu
case $TARGETARCH in amd64) rust=x86_64 debian=x86-64 ;; arm64) rust=aarch64 debian=aarch64 ;; *) echo "no image for $TARGETARCH" >&2; exit 1 ;; esac
triple=$rust-unknown-linux-gnu
echo "export HOST=$triple" > /target
compilers="gcc g++ libc6-dev make"
if [ "$BUILDARCH" != "$TARGETARCH" ]; then
  compilers="$compilers gcc-$debian-linux-gnu g++-$debian-linux-gnu"
  variable=$(echo "$triple" | tr 'a-z-' 'A-Z_')
  under=$(echo "$triple" | tr - _)
  echo "export CARGO_TARGET_${variable}_LINKER=$rust-linux-gnu-gcc CC_$under=$rust-linux-gnu-gcc CXX_$under=$rust-linux-gnu-g++" >> /target
fi
apt-get update -qq
apt-get install -y -qq --no-install-recommends $compilers >/dev/null
rm -rf /var/lib/apt/lists/*
K
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target,id=target-$TARGETARCH <<K
set -eu
. /target
rustup target add "$HOST"
# Optimised as a whole, and C for size: minutes more, and a fifth off the program. What tests build goes without.
export CARGO_PROFILE_RELEASE_LTO=fat CFLAGS="-Os -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables"
make build HOST="$HOST"
cp "target/$HOST/release/eddyline" /eddyline
K

FROM scratch
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title=eddyline org.opencontainers.image.licenses=Apache-2.0 org.opencontainers.image.version=$VERSION
COPY --from=build /eddyline /eddyline
USER 65532:65532
WORKDIR /
ENTRYPOINT ["/eddyline"]
