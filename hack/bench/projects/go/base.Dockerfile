FROM golang:1.26
WORKDIR /seed
COPY go.mod go.sum ./
RUN GOMODCACHE=/tmp/modules go mod download && mv /tmp/modules/cache/download /modules && chmod -R u+w /tmp/modules && rm -rf /tmp/modules
RUN GOCACHE=/gocache CGO_ENABLED=0 go build -trimpath net/http encoding/json log/slog expvar compress/gzip
