# SPDX-License-Identifier: MIT
"""The tables of docs/accuracy.md."""

from __future__ import annotations

import dataclasses
from typing import Any, Iterable, Optional

from figures import (MOVEMENTS, Run, learned, load_finding, mean, number, percent, runs_of,
                     sources, table)

HEADS = ["pictures of", "", "pictures", "accuracy", "without J, Z", "mean of classes",
         "worst letter", "loss", "ECE", "letters kept", "false letters"]
MEANS = ("accuracy", "accuracy_without_jz", "mean_per_class", "loss", "ece", "letter_recall",
         "false_letters")


def worst(letter: Optional[dict[str, Any]]) -> str:
    return f"{letter['label']} {percent(letter['recall'])}" if letter else ""


def cells(data: dict[str, Any]) -> list[str]:
    return [percent(data["accuracy"]), percent(data["accuracy_without_jz"]),
            percent(data["mean_per_class"]), worst(data.get("worst_letter")),
            number(data["loss"]), number(data["ece"]), percent(data["letter_recall"]),
            percent(data["false_letters"])]


def row(name: str, role: str, data: dict[str, Any]) -> list[str]:
    return [f"`{name}`", role, f"{data['n']:,}", *cells(data)]


def mean_row(name: str, datasets: list[dict[str, Any]]) -> list[list[str]]:
    """A row of means, each data set weighing the same; none of nothing."""
    if not datasets:
        return []
    means = {key: mean(data[key] for data in datasets) for key in MEANS}
    return [[f"**{name}**", "", "", *cells({**means, "worst_letter": lowest(datasets)})]]


def lowest(datasets: list[dict[str, Any]]) -> Optional[dict[str, Any]]:
    """The letter with the lowest mean recall, J and Z apart."""
    recalls = {label: recall for label, recall in by_letter(datasets).items()
               if label not in MOVEMENTS and label != "nothing"}
    label = min(recalls, key=lambda label: recalls[label], default=None)
    return None if label is None else {"label": label, "recall": recalls[label]}


def by_letter(datasets: list[dict[str, Any]]) -> dict[str, float]:
    """The mean recall of each class, over the data sets that have it."""
    labels = list(dict.fromkeys(label for data in datasets for label in data["recall_by_class"]))
    recalls = {label: mean(data["recall_by_class"].get(label) for data in datasets)
               for label in labels}
    return {label: recall for label, recall in recalls.items() if recall is not None}


def roles() -> dict[str, str]:
    """What each data set was to the built-in model."""
    known = learned()
    return {name: "learned from" if name in known else
            "chosen by" if source["use"] == "choose" else "never seen"
            for name, source in sources().items()}


def never_learned(run: Run) -> list[dict[str, Any]]:
    return run.of(name for name, role in roles().items() if role != "learned from")


def builtin(runs: list[Run]) -> str:
    """Data sets that were not learned from come first."""
    role = roles()
    order = ["never seen", "chosen by", "learned from"]
    rows: list[list[str]] = []
    for run in runs_of(runs, "builtin"):
        names = sorted(run.datasets, key=lambda name: order.index(role[name]))
        rows += [row(name, role[name], run.datasets[name]) for name in names]
        rows += mean_row("mean of those not learned from", never_learned(run))
        rows += mean_row("mean of those learned from",
                         run.of(name for name in names if role[name] == "learned from"))
    return table(HEADS, rows)


def letters(runs: list[Run]) -> str:
    """Recall of each letter among strangers, with what it is taken for."""
    rows = []
    for run in runs_of(runs, "builtin"):
        datasets = never_learned(run)
        taken: dict[str, dict[str, int]] = {}
        for data in datasets:
            for pair in data["most_confused"]:
                counts = taken.setdefault(pair["label"], {})
                counts[pair["predicted"]] = counts.get(pair["predicted"], 0) + pair["count"]
        for label, recall in by_letter(datasets).items():
            counts = taken.get(label, {})
            named = sorted(counts, key=lambda other: (-counts[other], other))[:3]
            rows.append([label, percent(recall), ", ".join(named)])
    return table(["letter", "read right", "most often taken for"], rows)


def mirrors(runs: list[Run]) -> str:
    rows = []
    for run in runs_of(runs, "builtin") + runs_of(runs, "mirror"):
        shown = never_learned(run)
        rows.append([run.title, *(percent(mean(data[key] for data in shown))
                                  for key in ("accuracy", "accuracy_without_jz"))])
    return table(["how it looks", "accuracy", "without J, Z"], rows if len(rows) > 1 else [])


def published(runs: list[Run]) -> str:
    rows: list[list[str]] = []
    for run in runs_of(runs, "published"):
        rows += [row(name, run.title, data) for name, data in run.datasets.items()]
        others = [data for name, data in run.datasets.items() if name != "asl_alphabet_64"]
        rows += mean_row("mean of the others", others)
    return table(HEADS, rows)


def titled(runs: list[Run], name: str) -> str:
    """One row for each run, which is the mean over its data sets."""
    return means(runs_of(runs, name))


def means(runs: list[Run]) -> str:
    rows = []
    for run in runs:
        for cell in mean_row(run.title, list(run.datasets.values())):
            rows.append([run.title, ", ".join(f"`{data}`" for data in run.datasets),
                         f"{sum(data['n'] for data in run.datasets.values()):,}", *cell[3:]])
    return table(["network", "measured on", *HEADS[2:]], rows)


def signers(runs: list[Run]) -> str:
    """The ends of this row of networks are in the ablation, too."""
    few = runs_of(runs, "signers")
    ends = {run.name: run for run in runs_of(runs, "ablation")}
    if not few:
        return ""
    none, everybody = ends["ablation-rendered-both"], ends["ablation-all-both"]
    return means([dataclasses.replace(none, title="nobody, only rendered hands"), *few,
                  dataclasses.replace(everybody, title="all")])


def left_out(runs: list[Run]) -> str:
    rows = [row(name, "left out", data) for run in runs_of(runs, "leave-out")
            for name, data in run.datasets.items()]
    return table(HEADS, [*rows, *mean_row("mean", found(runs, "leave-out")),
                         *mean_row("after one run with their walls replaced", found(runs, "walls")),
                         *mean_row("before their walls were replaced", found(runs, "long")),
                         *mean_row("`fast` at 96 pixels after 300,000 pictures",
                                   found(runs, "short"))])


def found(runs: list[Run], name: str) -> list[dict[str, Any]]:
    """All figures of a table."""
    return [data for run in runs_of(runs, name) for data in run.datasets.values()]


def commands(runs: list[Run], *tables: str) -> str:
    """How a table was measured, for who wants to do it again."""
    chosen = [run for run in runs if run.table in tables and run.command]
    lines = dict.fromkeys(run.command for run in chosen)
    if not lines:
        return ""
    return "\n".join(["<!-- not run: needs the pictures, and time -->", "```sh", *lines, "```"])


def goal(what: str, least: Optional[float], most: Optional[float],
         value: Optional[float]) -> list[str]:
    if value is None:
        return [what, goal_text(least, most), "not measured", ""]
    reached = (least is None or value >= least) and (most is None or value <= most)
    return [what, goal_text(least, most), percent(value), "yes" if reached else "no"]


def goal_text(least: Optional[float], most: Optional[float]) -> str:
    return f"at least {percent(least)}" if least is not None else f"at most {percent(most)}"


def still(datasets: Iterable[dict[str, Any]]) -> list[float]:
    return [data["accuracy_without_jz"] for data in datasets]


def goals(runs: list[Run]) -> str:
    """Figures to reach, J and Z apart, beside those that were."""
    own = {run.title.removesuffix(", from the built-in model"): mean(still(run.datasets.values()))
           for run in runs_of(runs, "own")}
    built = [data for run in runs_of(runs, "builtin") for data in never_learned(run)]
    chosen = [data for run in runs_of(runs, "builtin")
              for data in run.of(name for name, role in roles().items() if role == "chosen by")]
    left = found(runs, "leave-out")
    rows = [goal("ASL Alphabet, random split", 0.999, None, own.get("random split")),
            goal("ASL Alphabet, block split", 0.985, None, own.get("block split")),
            goal("people it was chosen by, mean", 0.85, None, mean(still(chosen))),
            goal("one source left out, mean", 0.80, None, mean(still(left))),
            goal("worst data set not learned from", 0.70, None, min(still(built), default=None)),
            goal("`nothing` taken for a letter", None, 0.05,
                 mean(data["false_letters"] for data in built))]
    return table(["what", "goal", "measured", "reached"], rows)


WAYS = ("whole", "found", "both")  # As finding.py calls them.
READ = ("read whole", "read where found", "read both ways")


def finding_sizes() -> str:
    """How hands of all sizes are found in frames, and read in rendered pictures."""
    figures = load_finding()
    rows = []
    bounds = [*figures.get("least", []), 1.0]
    for i, (size, right) in enumerate(zip(figures.get("sizes", []), figures.get("rendered", []))):
        rows.append([f"{100 * bounds[i]:.0f} to {100 * bounds[i + 1]:.0f} %", f"{size['n']:,}",
                     percent(size["found"]), percent(size["centre"]), number(size["overlap"]),
                     f"{right['n']:,}", *(percent(right[way]) for way in WAYS)])
    if figures:
        rows.append(["no hand", f"{figures['empty']:,}", percent(figures["false"]), *[""] * 6])
    return table(["longer side of the hand", "frames", "found", "off centre", "overlap",
                  "letters", *READ], rows)


def finding_real() -> str:
    """Real pictures, read whole and where a hand was found."""
    rows = [[f"`{name}`", f"{right['n']:,}", *(percent(right[way]) for way in WAYS)]
            for name, right in load_finding().get("real", {}).items()]
    return table(["pictures of", "pictures", *READ], rows)


def accuracy_tables(runs: list[Run]) -> dict[str, str]:
    return {
        "GOALS": goals(runs),
        "BUILTIN": builtin(runs),
        "BUILTIN_COMMANDS": commands(runs, "builtin", "mirror"),
        "LETTERS": letters(runs),
        "MIRROR": mirrors(runs),
        "FINDING_SIZES": finding_sizes(),
        "FINDING_REAL": finding_real(),
        "PUBLISHED": published(runs),
        "OWN": titled(runs, "own"),
        "OWN_COMMANDS": commands(runs, "own"),
        "LEFT_OUT": left_out(runs),
        "LEFT_OUT_COMMANDS": commands(runs, "leave-out", "walls", "long", "short"),
        "LENGTH": titled(runs, "length"),
        "LENGTH_COMMANDS": commands(runs, "length"),
        "SIGNERS": signers(runs),
        "SIGNERS_COMMANDS": commands(runs, "signers"),
        "ABLATION": titled(runs, "ablation"),
        "ABLATION_COMMANDS": commands(runs, "ablation"),
    }
