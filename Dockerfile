# Menjin's container image, for who has Docker; task image makes the same files into an image without it. To build the same bytes
# later too, pin the builder by its digest: --build-arg GO_IMAGE=golang:1.26@sha256:…, as docker buildx imagetools inspect
# golang:1.26 prints it.
ARG GO_IMAGE=golang:1.26

FROM --platform=$BUILDPLATFORM ${GO_IMAGE} AS build
ENV GOTOOLCHAIN=local GOFLAGS=-buildvcs=false
WORKDIR /src
COPY go.mod go.sum ./
COPY tools/image/go.mod tools/image/go.sum tools/image/
RUN go mod download && go -C tools/image mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN go run -C tools/image . -platforms "$TARGETOS/$TARGETARCH" -rootfs /rootfs

FROM scratch
COPY --from=build --chown=0:0 /rootfs/etc /etc
COPY --from=build --chown=0:0 /rootfs/usr /usr
COPY --from=build --chown=65532:65532 /rootfs/data /data
COPY --from=build --chown=0:0 /rootfs/menjin /menjin
ENV MENJIN_ENV=prod MENJIN_HTTP_ADDR=:8080 MENJIN_DATA_DIR=/data TMPDIR=/data
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8080/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=6s --start-period=30s CMD ["/menjin", "health"]
ENTRYPOINT ["/menjin"]
