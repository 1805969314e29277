# SPDX-License-Identifier: MIT
"""What was measured: kept outputs of `asl-eval --json`, where the pictures come from, and how the
built-in model was made."""

from __future__ import annotations

import csv
import dataclasses
import json
import pathlib
import struct
from typing import Any, Iterable, Optional

HERE = pathlib.Path(__file__).resolve().parent
BUILTIN = HERE.parents[1] / "lib" / "model" / "builtin"
KEPT = ("n", "skipped", "accuracy", "accuracy_without_jz", "mean_per_class", "loss", "ece",
        "letter_recall", "false_letters", "worst_letter", "recall_by_class", "most_confused")
MOVEMENTS = ("J", "Z")


@dataclasses.dataclass
class Run:
    """A row of runs.tsv: data sets by name, each with the figures of KEPT."""
    table: str
    name: str
    title: str
    command: str
    datasets: dict[str, dict[str, Any]]

    def of(self, names: Iterable[str]) -> list[dict[str, Any]]:
        return [self.datasets[name] for name in names if name in self.datasets]


def base_name(path: str) -> str:
    """What a data set is called: its folder, also when a data.csv in it was named."""
    place = pathlib.PurePath(path)
    return place.parent.name if place.name == "data.csv" else place.stem or place.name


def shrink(document: dict[str, Any]) -> dict[str, Any]:
    """What is worth keeping of an output of asl-eval, without the machine's paths."""
    datasets = document.get("datasets") or [document]
    return {base_name(data["path"]): {key: data[key] for key in KEPT} for data in datasets}


def load_runs() -> list[Run]:
    with open(HERE / "runs.tsv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [Run(row["table"], row["name"], row["title"], row["command"],
                json.loads((HERE / f"{row['name']}.json").read_text(encoding="utf-8")))
            for row in rows]


def load_finding() -> dict[str, Any]:
    """What finding.py wrote; nothing before it has run."""
    path = HERE / "finding.json"
    document: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return document


def runs_of(runs: list[Run], table: str) -> list[Run]:
    return [run for run in runs if run.table == table]


def sources() -> dict[str, dict[str, str]]:
    """The rows of sources.tsv by name."""
    with open(BUILTIN / "sources.tsv", encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return {row["name"]: row for row in rows}


def made() -> dict[str, Any]:
    """How the built-in model was made, as train-builtin.sh wrote it."""
    document: dict[str, Any] = json.loads((BUILTIN / "run.json").read_text(encoding="utf-8"))
    return document


def learned() -> dict[str, str]:
    """What the built-in model learned from, with weights: "rendered:4,davidlee:3"."""
    pairs = (source.partition(":") for source in made()["sources"].split(","))
    return {name: weight or "1" for name, _, weight in pairs}


def builtin_facts() -> dict[str, str]:
    """The metadata of the built-in model's file."""
    data = (BUILTIN / "letters.safetensors").read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    facts: dict[str, str] = json.loads(data[8:8 + length])["__metadata__"]
    facts["bytes"] = f"{len(data):,}"
    return facts


def mean(values: Iterable[Optional[float]]) -> Optional[float]:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def percent(value: Optional[float]) -> str:
    return "" if value is None else f"{100 * value:.1f} %"


def number(value: Optional[float]) -> str:
    return "" if value is None else f"{value:.3f}"


def table(heads: list[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of Markdown; "" without rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    rule = "|" + "---|" * len(heads)
    return "\n".join([f"| {' | '.join(heads)} |", rule, *lines]) if lines else ""
