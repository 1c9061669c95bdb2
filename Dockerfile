# The image of cip (docs/image.md). Targets: `cip`, the default, and `auditor`, which differs in its entry point only.
# The pin is an index for amd64 and arm64; docs/releasing.md says how to move it.
ARG NODE_IMAGE=docker.io/library/node:24.19.0-bookworm-slim@sha256:a9f5f7c91a432850b2a8a7797adf5eadb6c733ceed61167806cee7ea7fbc29df

# Built once, on the platform of the builder: JavaScript is the same on every platform. The code cache is not, and other
# platforms start without it.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
WORKDIR /src
COPY .npmrc package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-progress
COPY . .
ARG REVISION=
ARG CREATED=
RUN CIP_COMMIT="$REVISION" CIP_DATE="$CREATED" node scripts/build.js cip \
 && mkdir /app \
 && cp -R LICENSE bin dist package.json /app \
 && chmod -R u=rwX,go=rX /app

FROM ${NODE_IMAGE} AS system
# Debian removes a version from its mirrors when it publishes the next one.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends ca-certificates git \
 && rm -rf /var/lib/apt/lists/*
COPY scripts/image/make-root.sh /
RUN /make-root.sh /root.d \
 && for program in cip kpromo cip-mm cip-auditor; do \
      ln -s "app/bin/$program.js" "/root.d/$program" \
   && ln -s "../../../app/bin/$program.js" "/root.d/usr/local/bin/$program"; \
    done

FROM scratch AS image
COPY --from=system /root.d /
COPY --from=build /app /app
ENV PATH=/usr/local/bin:/usr/bin:/bin \
    NODE_ENV=production
WORKDIR /
USER 65532:65532
ARG VERSION=
ARG REVISION=
ARG CREATED=
LABEL org.opencontainers.image.title="cip" \
      org.opencontainers.image.description="Promotes container images between registries, as promoter manifests say" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"

FROM image AS auditor
ENTRYPOINT ["/cip-auditor"]

FROM image AS cip
ENTRYPOINT ["/cip"]
