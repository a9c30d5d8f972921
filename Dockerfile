# syntax=docker/dockerfile:1
FROM python:3.11-slim-trixie AS build
WORKDIR /app
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
# requirements-otel.txt brings what traces need (HEARTSEASE_TRACES_URL)
ARG REQUIREMENTS=requirements.txt
COPY requirements.txt requirements-otel.txt ./
RUN python -m venv /app/.venv \
    && /app/.venv/bin/pip install --no-cache-dir --require-hashes -r "$REQUIREMENTS"

FROM python:3.11-slim-trixie
LABEL org.opencontainers.image.title="Heartsease" \
      org.opencontainers.image.description="A compassion coach that lives where people already talk" \
      org.opencontainers.image.licenses="Apache-2.0"
# `backup` and `restore` need pg_dump and pg_restore that are no older than the server: 17, as in deploy/compose.yaml
# hadolint ignore=DL3008  # Debian takes a version away when its security fix comes; 17 is pinned by the name
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client-17 && rm -rf /var/lib/apt/lists/*
RUN useradd --uid 10001 --create-home --home-dir /home/heartsease heartsease \
    && install --directory --owner=heartsease /app/var
WORKDIR /app
COPY --from=build /app/.venv /app/.venv
COPY bot bot
COPY adapters adapters
COPY curriculum curriculum
COPY prompts prompts
COPY scheduler scheduler
COPY pyproject.toml LICENSE ./
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    HEARTSEASE_HTTP_HOST=0.0.0.0
USER 10001
VOLUME /app/var
EXPOSE 8080
# http.client, since urllib would ask the proxy that Docker hands to containers
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import http.client as h, os; c = h.HTTPConnection('127.0.0.1', int(os.environ.get('HEARTSEASE_HTTP_PORT', 8080)), timeout=4); c.request('GET', '/healthz'); exit(c.getresponse().status != 200)"]
CMD ["python", "-m", "bot", "run"]
