"""What lies in deploy/ runs what the Procfile runs, with settings that exist, and waits for it."""

import configparser
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import kubernetes_validate
import pytest
import yaml
from compose_spec import PyCompose

from launch import procfile
from tests.rules.source import existing, module, text, tracked

# Of the database and the Valkey that compose starts; of them it makes our settings.
OF_COMPOSE = {"POSTGRES_PASSWORD", "VALKEY_PASSWORD"}
OF_SYSTEMS = {"PATH", "PYTHONUNBUFFERED"}
# A stopped process ends by itself so long after SHUTDOWN_GRACE_S, see docs/operations.md.
FAREWELL_S = 10


@cache
def commands() -> dict[str, str]:
    """The lines of the Procfile that run in production, and the migration before them."""
    lines = procfile.parse(text("Procfile"))
    del lines["models"]
    return {**lines, "migrate": "python -m launch.migrate"}


@cache
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load(text("deploy/compose.yaml")))


@cache
def manifests() -> list[dict[str, Any]]:
    files = [path for path in tracked() if path.startswith("deploy/kubernetes/")]
    return [one for path in files for one in yaml.safe_load_all(text(path))]


def containers() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Give name, pod and only container of all that runs in Kubernetes."""
    for one in manifests():
        if one.get("kind") in ("Deployment", "Job"):
            pod = one["spec"]["template"]["spec"]
            [container] = pod["containers"]
            yield container["name"], pod, container


def settings_of_kubernetes() -> dict[str, str]:
    kinds = {one["kind"]: one for one in manifests() if one.get("kind") in ("ConfigMap", "Secret")}
    return {**kinds["ConfigMap"]["data"], **kinds["Secret"]["stringData"]}


def example() -> dict[str, str]:
    rows = text("deploy/switchyard.env.example").splitlines()
    return dict(row.split("=", 1) for row in rows if row and not row.startswith("#"))


def units() -> dict[str, configparser.SectionProxy]:
    """Give the [Service] of each unit by the name of its process."""
    found = {}
    for path in tracked():
        if name := re.fullmatch(r"deploy/systemd/switchyard-([a-z]+)@?\.service", path):
            parser = configparser.RawConfigParser(strict=False)
            parser.optionxform = str  # type: ignore[assignment,method-assign]  # as its docs say
            parser.read_string(text(path))
            found[name[1]] = parser["Service"]
    return found


def known_names() -> set[str]:
    settings, options = module("shared.config.settings"), module("shared.config.options")
    return {name.upper() for name in settings.Settings.model_fields} | set(options.OPTIONS)


def test_systemd_runs_the_lines_of_the_procfile():
    started = {}
    for name, unit in units().items():
        line = re.fullmatch(r'/bin/sh -c "exec (.+)"', unit["ExecStart"])
        assert line, unit["ExecStart"]
        # Several of a kind on one machine have names of their own; the last name counts.
        started[name] = re.sub(r" -n \S+-%i@%h$", "", line[1].replace("%%", "%"))

    assert started == commands()


def test_systemd_waits_for_what_is_handed_over():
    grace = int(example()["SHUTDOWN_GRACE_S"])
    units_that_wait = {name: unit for name, unit in units().items() if name != "migrate"}

    impatient = [
        name
        for name, unit in units_that_wait.items()
        if int(unit["TimeoutStopSec"]) < grace + FAREWELL_S
    ]

    assert not impatient


def test_compose_reads_its_file_as_its_specification_says():
    # Merge keys (`<<`) are resolved before: the specification has them, its reader here has not.
    read = PyCompose.from_yaml(yaml.safe_dump(compose()))

    assert set(read.service_names()) == set(compose()["services"])
    assert set(read.volumes) == {
        one.partition(":")[0] for s in compose()["services"].values() for one in s["volumes"]
    }


def test_compose_waits_for_services_that_exist():
    services = compose()["services"]
    waited_for = {name for one in services.values() for name in one.get("depends_on", {})}

    assert waited_for <= set(services)
    assert {"migrate", "postgres", "valkey"} <= waited_for


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_kubernetes_accepts_every_manifest(version: str):
    """By the schemas of its own API, where a key that it does not know is wrong."""
    checked = [one for one in manifests() if one.get("kind") not in (None, "Kustomization")]

    for one in checked:
        kubernetes_validate.validate(one, version, strict=True)

    assert len(checked) > 10


def test_compose_runs_the_lines_of_the_procfile():
    ours = {n: s for n, s in compose()["services"].items() if s["image"] == "switchyard"}

    assert {n: s["command"][2].removeprefix("exec ") for n, s in ours.items()} == commands()
    assert all(s["command"][:2] == ["/bin/sh", "-c"] for s in ours.values())
    grace = int(example()["SHUTDOWN_GRACE_S"])
    waits = {int(s["stop_grace_period"].removesuffix("s")) for s in ours.values()}
    assert min(waits) >= grace + FAREWELL_S


def test_kubernetes_runs_the_lines_of_the_procfile():
    started = {name: one["command"] for name, _, one in containers()}

    assert started == {n: ["/bin/sh", "-c", f"exec {c}"] for n, c in commands().items()}


def test_kubernetes_waits_for_what_is_handed_over():
    grace = int(settings_of_kubernetes()["SHUTDOWN_GRACE_S"])
    impatient = []
    for name, pod, container in containers():
        before = container.get("lifecycle", {}).get("preStop", {}).get("exec", {})
        pause = int(before["command"][1]) if before else 0
        patience = pod.get("terminationGracePeriodSeconds", 30)
        if name != "migrate" and patience < pause + grace + FAREWELL_S:
            impatient.append(name)

    assert not impatient


def test_all_names_of_settings_exist():
    here = {name for one in compose()["services"].values() for name in one.get("environment", {})}
    named = set(example()) | set(settings_of_kubernetes())
    for _, _, container in containers():
        named |= {one["name"] for one in container.get("env", [])}
    for unit in units().values():
        named |= set(re.findall(r"([A-Z_]+)=", unit["Environment"]))
    dockerfile = re.findall(r"^ENV (.+)$", existing("deploy/Dockerfile").read_text(), re.MULTILINE)
    named |= set(re.findall(r"([A-Z_]+)=", " ".join(dockerfile)))
    known = known_names() | OF_COMPOSE | OF_SYSTEMS

    assert not named - known
    assert not {name for name in here if not name.startswith("POSTGRES_")} - known


def test_what_is_scaled_exists_and_is_measured():
    scalers = [one for one in manifests() if one.get("kind") == "HorizontalPodAutoscaler"]
    deployments = {
        one["metadata"]["name"] for one in manifests() if one.get("kind") == "Deployment"
    }
    queues = module("shared.kinds.base").QUEUES
    measured = existing("web/metrics/routes.py").read_text()

    assert scalers
    for one in scalers:
        assert one["spec"]["scaleTargetRef"]["name"] in deployments
        [metric] = [m["external"]["metric"] for m in one["spec"]["metrics"]]
        assert metric["selector"]["matchLabels"]["queue"] in queues
        assert f'"{metric["name"]}"' in measured


def test_services_choose_pods_that_exist():
    pods = [
        one["spec"]["template"]["metadata"]["labels"]
        for one in manifests()
        if one.get("kind") == "Deployment"
    ]
    chosen = [one["spec"]["selector"] for one in manifests() if one.get("kind") == "Service"]
    chosen += [
        one["spec"]["selector"]["matchLabels"]
        for one in manifests()
        if one.get("kind") == "PodDisruptionBudget"
    ]

    assert all(any(want.items() <= labels.items() for labels in pods) for want in chosen)


def test_kustomize_applies_every_manifest():
    [kustomization] = [one for one in manifests() if one.get("kind") == "Kustomization"]
    folder = "deploy/kubernetes/"
    files = {path.removeprefix(folder) for path in tracked() if path.startswith(folder)}

    # The values for another chart are none.
    left_out = {"kustomization.yaml", "prometheus-adapter.yaml"}
    assert set(kustomization["resources"]) == files - left_out
