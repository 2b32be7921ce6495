# The image of pushgateway-janitor: Node, the janitor, no shell. See docs/service.md, "Image".
#
#   docker build --build-arg REVISION="$(git rev-parse HEAD)" --tag pushgateway-janitor .
#   docker buildx build --platform linux/amd64,linux/arm64 …      nothing in it is specific to an architecture
#
# Tags move: releases are built by .ci/image, with the digests of the base images and the time of the commit, so that one
# commit makes one image. By hand: --build-arg=RUN_IMAGE=IMAGE:TAG@sha256:…
ARG BUILD_IMAGE=docker.io/library/node:24-trixie-slim
ARG RUN_IMAGE=gcr.io/distroless/nodejs24-debian13:nonroot

# On the architecture of the build machine, whatever the target: JavaScript is the same for all.
FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
WORKDIR /build
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json ./
COPY src src
RUN npm run build

FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS app
WORKDIR /image/app
COPY package.json package-lock.json LICENSE ./
# Keeps licences; removes types, source maps, tests and documentation of packages.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund \
 && rm -r package-lock.json node_modules/.bin node_modules/.package-lock.json \
 && find node_modules -type d \( -name test -o -name tests -o -name docs -o -name benchmarks -o -name examples \) -prune -exec rm -r {} + \
 && find node_modules -type f \( -name '*.ts' -o -name '*.cts' -o -name '*.mts' -o -name '*.map' -o -name '*.md' \) \
      ! -iname 'licen[cs]e*' -delete \
 && find node_modules -type d -empty -delete \
 && if find node_modules -name '*.node' | grep .; then echo "built for one architecture: not for this image" >&2; exit 1; fi
COPY --from=build /build/dist dist
# Files of a checkout can be private to its owner; the image is for any user.
RUN chmod -R a+rX,go-w . && install -d -m 0770 /image/volumes/pushgateway-janitor

# Older buildah, and Podman with it, would otherwise keep the platform from above.
FROM --platform=$TARGETPLATFORM ${RUN_IMAGE}
# As in package.json.
ARG VERSION=0.1.0
ARG REVISION=
ARG SOURCE=
LABEL org.opencontainers.image.title="pushgateway-janitor" \
      org.opencontainers.image.description="Deletes Pushgateway groups that have outlived their TTL, and never a living one" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.licenses="Apache-2.0"
# Label of build_info.
ENV PUSHGATEWAY_JANITOR_REVISION=${REVISION}
COPY --from=app --chown=0:0 /image/app /app
# For the archive. A new volume gets these permissions: for the image's own user, and for any user of group 0, as on
# OpenShift.
COPY --from=app --chown=65532:0 /image/volumes/ /var/lib/
# The default folder of janitor.yml.
WORKDIR /etc/pushgateway-janitor
# By number: runAsNonRoot of Kubernetes cannot verify a name.
USER 65532:65532
EXPOSE 9717
# Finds out where the `run` of this container listens; a container that sweeps once is never unhealthy.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["/nodejs/bin/node", "/app/dist/main.js", "healthcheck"]
ENTRYPOINT ["/nodejs/bin/node", "/app/dist/main.js"]
CMD ["run"]
