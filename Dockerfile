# The image that tasks run in: quern, Python, Node.js and the tools that modules expect. `make image` builds it and says what
# version and revision it is of; docs/image.md tells the rest.

# The tag's digest, and the state of Debian's archive on the same day: who builds an old revision gets the packages of then.
# To renew both, take the tag of a later day. SNAPSHOT= takes the newest packages of the base's own sources instead.
ARG BASE=docker.io/library/debian:bookworm-20260824-slim@sha256:88200866dfff7ea7f5cbcb6ec7c8a701889efe6fe859fe64d6990e4b07ea4171
ARG SNAPSHOT=20260824T000000Z
ARG ARCHIVE=http://snapshot.debian.org/archive
# Where the .deb comes from: `built` of these sources, or `ready`, the one in build/package.
ARG PACKAGE=built

# hadolint ignore=DL3006
FROM ${BASE} AS built
ARG SNAPSHOT
ARG ARCHIVE
ARG SOURCE_DATE_EPOCH
COPY image/install_packages tools/build_packages /tools/
# hadolint ignore=SC2046
RUN /tools/install_packages $(cat /tools/build_packages)
COPY . /source
RUN cmake -S /source -B /build -G Ninja -DCMAKE_BUILD_TYPE=Release -DQUERN_TESTS=OFF -DCMAKE_UNITY_BUILD=ON && \
    cmake --build /build && \
    cpack --config /build/CPackConfig.cmake -B /package

# hadolint ignore=DL3006
FROM ${BASE} AS ready
COPY build/package/*.deb /package/

# hadolint ignore=DL3006
FROM ${PACKAGE} AS package

# hadolint ignore=DL3006
FROM ${BASE}
ARG SNAPSHOT
ARG ARCHIVE
ARG SOURCE_DATE_EPOCH
# What seldom changes comes first: a new version of quern is a small layer on top of the same large one.
COPY image/ /tmp/image/
RUN /tmp/image/install_packages bzip2 ca-certificates curl gzip jq lz4 nodejs python3 xz-utils zstd && \
    useradd --uid 1000 --user-group --create-home --shell /bin/bash worker && \
    mkdir /etc/quern && \
    /tmp/image/settle
COPY --from=package /package/*.deb /tmp/image/
RUN /tmp/image/install_packages /tmp/image/*.deb && \
    mv /tmp/image/analysis-tools.yml /etc/analysis-tools.yml && \
    /tmp/image/settle /tmp/image

ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED
LABEL org.opencontainers.image.title="quern" \
      org.opencontainers.image.description="Map and reduce many files with two small functions" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
ENV LANG=C.UTF-8
USER worker
WORKDIR /home/worker
CMD ["quern", "--help"]
