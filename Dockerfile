# The program and the certificates it trusts, and nothing else. .github/workflows/release.yml puts both beside this file: a static
# binary for each platform below image/, and the certificates of the machine that builds.
#
#   docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/work" IMAGE run scenario.toml
FROM scratch
ARG TARGETARCH
COPY image/${TARGETARCH}/orderproof /orderproof
COPY image/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY LICENSE /LICENSE
WORKDIR /work
ENTRYPOINT ["/orderproof"]
