# SPDX-License-Identifier: MIT
"""The facts of docs/model-card.md."""

from __future__ import annotations

from figures import Run, builtin_facts, learned, made, percent, runs_of, sources, table
from tables import by_letter, letters, mirrors, never_learned, builtin

WEAK = 0.7  # A letter that strangers' hands are read right less often than this is a failure.
FREE = ("public domain",)  # Licences that ask for nothing.


def model() -> str:
    """What the file is."""
    facts, run = builtin_facts(), made()
    rows = [("file", f"`lib/model/builtin/letters.safetensors`, {facts['bytes']} bytes"),
            ("SHA-256", f"`{run['model_sha256']}`"),
            ("network", f"preset `{facts['asl.preset']}`, batch norm folded in"),
            ("input", f"{facts['asl.input']} ({facts['asl.channel_order']})"),
            ("output", f"scores of {facts['asl.labels'].count(',') + 1} classes: A to Z, `del`, "
                       "`nothing`, `space`"),
            ("weights", "8-bit integers, one scale for each output channel"),
            ("temperature", facts.get("asl.temperature", "1")),
            ("letter threshold", facts.get("asl.letter_threshold", "none")),
            ("mirror", facts.get("asl.mirror", "as the caller says")),
            ("looks", facts.get("asl.looks", "1")), ("crops", facts.get("asl.crops", "1"))]
    return table(["what", ""], [[key, value] for key, value in rows])


def training() -> str:
    run = made()
    rows = [("rendered hands", f"`{run['rendered_hands']}`"),
            ("hands cut out", f"`{run['hands_cut_out']}`"),
            *[("then", f"`{command}`") for command in run["commands"]],
            *[(f"`{file}`", f"`{run[file]}`") for file in ("augment.json", "walls.json")],
            ("machine", run["machine"]), ("hours", f"{run['hours']:.2f}"),
            ("version", run["version"])]
    return table(["what", ""], [[key, value] for key, value in rows])


def data() -> str:
    """Everything that was learned from, with what is owed for it."""
    known = sources()
    rows = []
    for name, weight in learned().items():
        whole = name.removesuffix("_hands")
        if name in known:
            row = known[name]
            rows.append([f"`{name}`", weight, f"{int(row['pictures']):,}", row["classes"],
                         row["signers"], row["what"], row["licence"], row["origin"]])
        elif whole != name:
            rows.append([f"`{name}`", weight, f"of `{whole}`", "", "",
                         "the same pictures once more, cut out by the hand finder", "", ""])
        else:
            rows.append([f"`{name}`", weight, "drawn by `asl-synth`", "29", "invented",
                         "no photograph", "MIT, as libasl", "this project"])
    return table(["source", "weight", "pictures", "classes", "signers", "what", "licence",
                  "origin"], rows)


def other_data() -> str:
    """What was measured on, and never learned from."""
    rows = [[f"`{name}`", "chosen by" if row["use"] == "choose" else "measured on only",
             f"{int(row['pictures']):,}", row["signers"], row["what"], row["licence"],
             row["origin"]]
            for name, row in sources().items() if name not in learned()]
    return table(["source", "use", "pictures", "signers", "what", "licence", "origin"], rows)


def attribution() -> str:
    """Who is to be named, since their licences ask for it."""
    known = sources()
    lines = dict.fromkeys(
        f"* {known[name]['origin']} ({known[name]['licence']})"
        for name in learned() if name in known and known[name]["licence"] not in FREE)
    return "\n".join(lines)


def failures(runs: list[Run]) -> str:
    """Letters of strangers that are read wrong too often, worst first."""
    lines = []
    for run in runs_of(runs, "builtin"):
        recalls = by_letter(never_learned(run))
        for label in sorted(recalls, key=lambda label: recalls[label]):
            if recalls[label] < WEAK:
                lines.append(f"* **{label}** is read right in {percent(recalls[label])} of the "
                             "pictures.")
    return "\n".join(lines)


def pieces(runs: list[Run]) -> dict[str, str]:
    return {"MODEL": model(), "TRAINING": training(), "DATA": data(), "OTHER_DATA": other_data(),
            "ATTRIBUTION": attribution(), "BUILTIN": builtin(runs), "LETTERS": letters(runs),
            "MIRROR": mirrors(runs), "FAILURES": failures(runs)}
