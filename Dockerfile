# The realtime server, cmd/server, as one static program with the web app in it. Variables (.env.example) come from outside: none is in the image.
# Bases are pinned by the digest of their index, for all platforms: a tag can be moved. Raise tag and digest together.
FROM node:24-slim@sha256:0e0ff40c39bc087845bfb27465a0df4ea419520094bc35842ff83dd8cbe6f9b6 AS web
WORKDIR /src
COPY clients clients
COPY public public
RUN npm ci --prefix clients --workspace web --include-workspace-root --ignore-scripts && node public/fill.mjs

FROM golang:1.26.8@sha256:0f063af2d465d8dcae54cce04278ada488b96f77b42449c8d071e47d016cc65a AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
COPY --from=web /src/public/app public/app
RUN CGO_ENABLED=0 go build -trimpath -buildvcs=false -tags grpcnotrace -ldflags '-s -w -X main.authMode=required' -o /out/server ./cmd/server
RUN mkdir /out/data

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=build /out/server /server
# Without DATABASE_URL the timers are kept here, in clockwork.db.
COPY --from=build --chown=65532:65532 /out/data /data
# A container is reached from outside: it starts only for those who can log in, or with AUTH_MODE=open where that is meant. The program
# keeps to this by itself if AUTH_MODE is emptied.
ENV AUTH_MODE=required
WORKDIR /data
VOLUME /data
USER 65532:65532
EXPOSE 3000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["/server", "healthcheck"]
ENTRYPOINT ["/server"]
