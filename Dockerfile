# The service and a Docker Engine of its own: what runs on Fly.io, and what compose.yaml starts.
# Builds with the classic builder as well as with BuildKit; `make image` does it.
FROM debian:bookworm-slim AS debian

# What the server imports, pinned and hashed, and as wheels alone: nothing is compiled here.
FROM debian AS libraries
COPY images/_base/apt.conf /etc/apt/apt.conf.d/90codebae-runner
COPY images/_base/ca-certificates/ /usr/local/share/ca-certificates/
RUN apt-get update -qq \
    && apt-get install -y --no-install-recommends ca-certificates python3-venv
COPY requirements.txt /
RUN python3 -m venv /pip && python3 -m venv --without-pip /opt/runner \
    && REQUESTS_CA_BUNDLE=/etc/ssl/certs/ca-certificates.crt /pip/bin/pip \
        --disable-pip-version-check --no-cache-dir --python /opt/runner/bin/python \
        install --require-hashes --no-deps --only-binary :all: -r /requirements.txt

# debian:bookworm-slim itself, for the languages' images: the engine inside may have no registry.
FROM debian AS base-image
RUN apt-get update -qq && apt-get install -y --no-install-recommends xz-utils
COPY --from=debian / /root-of-debian/
RUN tar --create --sort=name --numeric-owner --directory /root-of-debian . \
    | xz -6 --threads=0 >/debian.tar.xz

FROM debian
COPY images/_base/apt.conf /etc/apt/apt.conf.d/90codebae-runner
COPY images/_base/dpkg.cfg /etc/dpkg/dpkg.cfg.d/90codebae-runner
COPY images/_base/ca-certificates/ /usr/local/share/ca-certificates/
# Of the engine only what the server needs: neither its command line nor tools to debug it with.
RUN apt-get update -qq \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates containerd crun docker.io python3 runc \
    && apt-get clean \
    && rm -rf /usr/bin/docker /usr/bin/ctr /usr/bin/containerd-stress \
        /usr/bin/containerd-shim /usr/bin/containerd-shim-runc-v1 \
        /usr/bin/dnet /usr/sbin/ovrouter \
        /etc/docker /var/lib/apt/lists/* /var/cache/apt/*.bin /var/cache/debconf/*-old \
        /var/lib/dpkg/*-old /var/log/apt /var/log/dpkg.log /var/log/alternatives.log
COPY --from=libraries /opt/runner /opt/runner
COPY --from=base-image /debian.tar.xz /app/debian.tar.xz
# A release (scripts/release) has the digests of its images; else there is no such file.
COPY LICENSE image-digests.tom[l] /app/
COPY images /app/images
COPY clients/python/src/codebae_runner_client /app/codebae_runner_client
COPY orchestrator /app/orchestrator
RUN /opt/runner/bin/python -m compileall -q /app/orchestrator /app/codebae_runner_client

WORKDIR /app
ENV PATH=/opt/runner/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    ENGINE=embedded \
    ENGINE_DATA_ROOT=/data/engine \
    STATE_DIR=/data/state \
    BASE_IMAGE_TAR=/app/debian.tar.xz
# The licence is that of what is written here; Debian's packages have their own, in /usr/share/doc.
LABEL org.opencontainers.image.title="codebae-runner" \
    org.opencontainers.image.description="Runs untrusted programs, each in one short-lived container of its own." \
    org.opencontainers.image.version="0.1.0" \
    org.opencontainers.image.vendor="the codebae-runner authors" \
    org.opencontainers.image.licenses="MIT"
# The engine's data can't lie on the container's own file system.
VOLUME /data
EXPOSE 3000
ENTRYPOINT ["python", "-m", "orchestrator"]
CMD ["serve"]
