# The frontend image: what `# syntax=REGISTRY/sworn:TAG` names. It holds the
# frontend, the runner that is process 1 of every RUN, and the tool that writes
# evidence, each a static binary in a layer of its own: a new frontend does not
# touch the runner's layer.

# An image with Go 1.26.
ARG GO_IMAGE=golang:1.26

FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
ARG TARGETOS
ARG TARGETARCH
WORKDIR /src
RUN --mount=type=bind,target=. \
    --mount=type=cache,target=/go/pkg/mod \
    --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH \
    go build -trimpath -buildvcs=false -ldflags '-s -w' -o /out/ \
    ./cmd/sworn-step ./cmd/sworn-recorder ./cmd/sworn-evidence ./cmd/sworn-frontend

FROM scratch
COPY --from=build /out/sworn-step /runner/RUN
COPY --from=build /out/sworn-recorder /recorder/RUN
COPY --from=build /out/sworn-evidence /evidence/sworn-evidence
COPY --from=build /out/sworn-frontend /sworn-frontend
# BuildKit runs the frontend without a network, and knows from the capabilities
# what to hand to it.
LABEL moby.buildkit.frontend.network.none="true"
LABEL moby.buildkit.frontend.caps="moby.buildkit.frontend.inputs,moby.buildkit.frontend.subrequests,moby.buildkit.frontend.contexts,moby.buildkit.frontend.gitquerystring,moby.buildkit.frontend.contexts.zstd"
LABEL org.opencontainers.image.title="sworn"
LABEL org.opencontainers.image.description="BuildKit frontend whose images account for themselves"
LABEL org.opencontainers.image.source="https://github.com/sworn-build/sworn"
LABEL org.opencontainers.image.licenses="Apache-2.0"
ENTRYPOINT ["/sworn-frontend"]
