FROM debian:bookworm
RUN apt-get update && apt-get install -y --no-install-recommends --download-only nginx-light curl git
