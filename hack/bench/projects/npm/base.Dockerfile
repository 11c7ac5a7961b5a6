FROM debian:bookworm
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends npm
WORKDIR /seed
RUN --mount=type=secret,id=roots,target=/etc/bench-roots.crt \
    export NODE_EXTRA_CA_CERTS=/etc/bench-roots.crt npm_config_cache=/npm-cache npm_config_update_notifier=false && \
    npm init -y && npm install --no-audit --no-fund express@4 eslint@8 lodash@4 typescript@5 && rm -rf node_modules
