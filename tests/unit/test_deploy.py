"""What is in deploy/ fits its tools' schemas, is hardened, and names only settings and metrics that exist."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]
import promql_parser
import pytest
import yaml
from cryptography.fernet import Fernet

from bot.metrics import Metrics
from bot.settings import PREFIX, Settings, load
from tests.unit.test_metrics import samples_of, used

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
BIN = Path(sys.executable).parent
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
MANIFESTS: list[dict[str, Any]] = [
    manifest
    for file in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    for manifest in yaml.safe_load_all(file.read_text("utf-8"))
]
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((DEPLOY / "prometheus/alerts.yaml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
PANELS: list[dict[str, Any]] = json.loads((DEPLOY / "grafana/heartsease.json").read_text("utf-8"))["panels"]
SCRAPED: set[str] = set()  # labels that Prometheus itself adds, with any value
LABELS: dict[str, set[str]] = {"job": SCRAPED, "instance": SCRAPED}


def tool(name: str, *arguments: object, **environment: str) -> str:
    """What a tool prints when it is content; skips loudly where it is not installed."""
    found = shutil.which(name, path=f"{BIN}:{os.environ['PATH']}")
    if found is None:
        pytest.skip(f"!!! {name} is not installed: this file was not validated by it !!!")
    done = subprocess.run(
        [found, *map(str, arguments)], capture_output=True, text=True, env=os.environ | environment, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


# ---------------------------------------------------------------- compose


def test_the_compose_file_fits_the_compose_specification() -> None:
    tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")


def test_the_compose_file_is_taken_by_compose_itself() -> None:
    if not shutil.which("docker") or subprocess.run(["docker", "compose", "version"], capture_output=True).returncode:
        pytest.skip("!!! docker compose is not installed: compose.yaml was checked against the schema only !!!")
    tool("docker", "compose", "-f", DEPLOY / "compose.yaml", "config", "--quiet", SITE="coach.example.org")


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_of_compose_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "user" in service or service["network_mode"] == "none"  # root only where there is nobody to talk to
    assert "healthcheck" in service or service["restart"] == "no"
    assert not service.get("privileged")


def test_compose_runs_two_replicas_after_the_migration_and_only_the_proxy_is_seen_from_outside() -> None:
    coach = SERVICES["coach"]
    assert coach["command"] == ["python", "-m", "bot", "run"]
    assert coach["deploy"]["replicas"] == 2
    assert coach["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    assert SERVICES["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    open_ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert open_ports.pop("proxy") == ["80:80", "443:443", "443:443/udp"]
    assert all(port.startswith("127.0.0.1:") for ports in open_ports.values() for port in ports)


class Alive(BaseHTTPRequestHandler):
    """Answers as a coach does."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.mark.parametrize("where", ["Dockerfile", "compose.yaml"])
def test_a_health_check_asks_this_container_at_its_port_and_no_proxy(where: str) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    image = json.loads(dockerfile.partition("HEALTHCHECK")[2].partition("CMD ")[2].partition("\n")[0])
    program, *arguments = image if where == "Dockerfile" else SERVICES["coach"]["healthcheck"]["test"][1:]
    with HTTPServer(("127.0.0.1", 0), Alive) as server:
        Thread(target=server.handle_request, daemon=True).start()
        environment = {"HEARTSEASE_HTTP_PORT": str(server.server_port), "http_proxy": "http://127.0.0.1:1"}
        tool(program, *arguments, **environment)
    dead = subprocess.run([sys.executable, *arguments], env=os.environ | environment, capture_output=True, timeout=60)
    assert dead.returncode != 0


def test_everything_that_compose_mounts_is_there() -> None:
    mounted = [volume for service in SERVICES.values() for volume in service.get("volumes", ())]
    for source in {volume.split(":")[0] for volume in mounted}:
        assert source in COMPOSE["volumes"] or (DEPLOY / source).exists(), source
    assert {secret for service in SERVICES.values() for secret in service.get("secrets", ())} == set(COMPOSE["secrets"])


def test_the_proxy_passes_what_platforms_call_and_nothing_else(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    options = ("--adapter", "caddyfile", "--config", DEPLOY / "Caddyfile")
    tool("caddy", "validate", *options, SITE="coach.example.org", **home)
    adapted = tool("caddy", "adapt", *options, SITE="coach.example.org", **home)
    paths = re.findall(r'"path":\[([^\]]+)\]', adapted)
    assert paths == ['"/telegram/*","/slack/*"']
    assert '"host":["coach.example.org"]' in adapted


def test_the_secrets_that_are_made_fit_together_and_are_made_once(tmp_path: Path) -> None:
    def made() -> dict[str, str]:
        tool("sh", DEPLOY / "make-secrets.sh", tmp_path / "secrets")
        return {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}

    first = made()
    assert set(first) == set(COMPOSE["secrets"])
    assert first == made()
    password = first.pop("postgres_password")
    assert f":{password}@database/" in first["heartsease_database_url"]
    given = {name.removeprefix(PREFIX.lower()): value for name, value in first.items()}
    settings = load(_env_file=None, telegram_webhook_url="https://coach.example.org", **given)
    Fernet(settings.keys[0])
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0


# ---------------------------------------------------------------- Kubernetes


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_a_manifest_fits_the_schema_of_kubernetes(manifest: dict[str, Any]) -> None:
    for version in ("1.29", kubernetes_validate.latest_version()):
        kubernetes_validate.validate(manifest, version, strict=True)
    assert manifest["metadata"].get("namespace", "heartsease") == "heartsease"


def pods() -> list[dict[str, Any]]:
    plain = [one["spec"] for one in MANIFESTS if one["kind"] in ("Deployment", "Job")]
    timed = [one["spec"]["jobTemplate"]["spec"] for one in MANIFESTS if one["kind"] == "CronJob"]
    return [spec["template"] for spec in (*plain, *timed)]


@pytest.mark.parametrize("pod", pods(), ids=lambda one: one["metadata"]["labels"]["app.kubernetes.io/component"])
def test_a_pod_keeps_to_the_restricted_standard_with_a_root_that_cannot_be_written(pod: dict[str, Any]) -> None:
    spec = pod["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    [container] = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["requests"]
    assert container["resources"]["limits"]["memory"]
    volumes = {volume["name"] for volume in spec["volumes"]}
    assert {mount["name"] for mount in container["volumeMounts"]} == volumes
    uid = re.search(r"--uid (\d+)", (ROOT / "Dockerfile").read_text("utf-8"))
    assert uid is not None
    assert spec["securityContext"]["runAsUser"] == int(uid[1])


def test_the_manifests_find_each_other_by_label_name_and_port() -> None:
    by_kind = {one["kind"]: one for one in MANIFESTS}
    deployment, service = by_kind["Deployment"]["spec"], by_kind["Service"]["spec"]
    labels = deployment["template"]["metadata"]["labels"].items()
    for selector in (
        deployment["selector"]["matchLabels"],
        service["selector"],
        by_kind["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
        by_kind["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
        deployment["template"]["spec"]["topologySpreadConstraints"][0]["labelSelector"]["matchLabels"],
    ):
        assert selector.items() <= labels
    [container] = deployment["template"]["spec"]["containers"]
    assert deployment["replicas"] == 2
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": "http"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
    assert service["ports"][0]["targetPort"] == container["ports"][0]["name"]
    for path in by_kind["Ingress"]["spec"]["rules"][0]["http"]["paths"]:
        assert path["backend"]["service"]["name"] == by_kind["Service"]["metadata"]["name"]
    assert by_kind["Secret"]["metadata"]["name"] == "heartsease"


# ---------------------------------------------------------------- systemd


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as installed under a folder that exists here, with a Python that does."""
    for file in (*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")):
        there = file.read_text("utf-8").replace("/opt/heartsease/.venv/bin/python", sys.executable)
        (tmp_path / file.name).write_text(there.replace("/opt/heartsease/docs", str(ROOT / "docs")))
    return tmp_path


SERVICES_OF_SYSTEMD = [file.name for file in sorted(DEPLOY.glob("*.service"))]


@pytest.mark.parametrize("name", [*SERVICES_OF_SYSTEMD, "heartsease-backup.timer"])
def test_systemd_takes_the_unit_without_a_word(units: Path, name: str) -> None:
    assert tool("systemd-analyze", "verify", "--man=no", units / name) == ""


@pytest.mark.parametrize("name", SERVICES_OF_SYSTEMD)
def test_systemd_finds_the_unit_little_exposed(units: Path, name: str) -> None:
    tool("systemd-analyze", "security", "--offline=true", "--threshold=15", units / name)  # of 100; 15 is 1.5, "OK"


def said_in(unit: str, setting: str) -> list[str]:
    text = (DEPLOY / unit).read_text("utf-8")
    return re.findall(rf"^{setting}=(.+)$", text, re.MULTILINE)


@pytest.mark.parametrize("name", SERVICES_OF_SYSTEMD)
def test_a_postgresql_on_this_machine_comes_first_and_is_not_started_where_nobody_wants_it(name: str) -> None:
    assert said_in(name, "After") == ["network-online.target postgresql.service"]
    assert said_in(name, "Wants") == ["network-online.target"]
    assert said_in(name, "Requires") == []


def test_the_nightly_backup_is_of_the_database_that_runs_and_goes_where_it_may_write() -> None:
    ours, runs = "heartsease-backup.service", "heartsease.service"
    for setting in ("User", "WorkingDirectory", "EnvironmentFile"):
        assert said_in(ours, setting) == said_in(runs, setting)
    assert said_in(runs, "Environment")[0] == said_in(ours, "Environment")[0]
    [command] = said_in(ours, "ExecStart")
    [folders] = said_in(ours, "StateDirectory")
    *_, folder, keep, days = command.split()
    assert (keep, int(days) >= 7) == ("--keep", True)
    assert folder in [f"/var/lib/{name}" for name in folders.split()]
    [when] = said_in("heartsease-backup.timer", "OnCalendar")
    assert "Next elapse" in tool("systemd-analyze", "calendar", when)


# ---------------------------------------------------------------- backups of containers


def test_a_backup_migrates_nothing() -> None:
    """What a service depends on `docker compose run` starts anew, and tonight's image may be newer than the coach."""
    assert SERVICES["backup"]["depends_on"] == {"database": {"condition": "service_healthy"}}


def test_who_makes_backups_has_no_key() -> None:
    assert SERVICES["backup"]["secrets"] == ["heartsease_database_url"]
    [job] = [one for one in MANIFESTS if one["kind"] == "CronJob"]
    [secret] = [
        one["secret"] for one in job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["volumes"] if "secret" in one
    ]
    assert [item["key"] for item in secret["items"]] == ["heartsease_database_url"]


def test_the_images_pg_dump_is_that_of_the_server() -> None:
    server = re.fullmatch(r"postgres:(\d+)-\w+", SERVICES["database"]["image"])
    assert server is not None
    assert f" postgresql-client-{server[1]} " in (ROOT / "Dockerfile").read_text("utf-8")


# ---------------------------------------------------------------- settings and metrics that exist


def test_every_setting_in_deploy_exists() -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for file in (path for path in DEPLOY.rglob("*") if path.is_file() and "secrets" not in path.parts):
        assert set(re.findall(rf"\b{PREFIX}\w+", file.read_text("utf-8"))) <= known, file.name
    by_kind = {one["kind"]: one for one in MANIFESTS}
    names = {*COMPOSE["secrets"], *by_kind["Secret"]["stringData"]} - {"postgres_password"}
    assert {name.upper() for name in names} <= known


def queries() -> Iterator[tuple[str, str]]:
    """Each expression of the dashboard and the alerts, by what it is for."""
    for panel in PANELS:
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")
    for rule in RULES:
        yield rule["alert"], rule["expr"]


@pytest.mark.parametrize(("title", "query"), list(queries()))
async def test_a_dashboard_or_an_alert_asks_for_metrics_and_labels_that_exist(title: str, query: str) -> None:
    known = samples_of(await used(Metrics())) | {"up": {}}
    found = 0

    def look(node: promql_parser.Expr) -> bool:
        nonlocal found
        if isinstance(node, promql_parser.VectorSelector):
            found += 1
            assert node.name in known, node.name
            labels = known[node.name] | LABELS
            for matcher in node.matchers.matchers:
                assert matcher.name in labels, matcher.name
                values = labels[matcher.name]
                assert values is SCRAPED or matcher.value in values or "$" in matcher.value, matcher.value
        return True

    promql_parser.walk(promql_parser.parse(query), look)
    assert found, title


def test_prometheus_takes_the_alerts() -> None:
    tool("promtool", "check", "rules", DEPLOY / "prometheus/alerts.yaml")


def test_every_alert_and_every_metric_is_explained() -> None:
    page = (ROOT / "docs/running.md").read_text("utf-8")
    for rule in RULES:
        assert f"\n### {rule['alert']}\n" in page, rule["alert"]
        assert rule["annotations"]["runbook"] == f"docs/running.md#{rule['alert'].lower()}"
    for metric in Metrics().registry.collect():
        if metric.name.startswith("heartsease"):
            shown = f"{metric.name}_total" if metric.type == "counter" else metric.name
            assert f"| `{shown}" in page, shown
