# SPDX-License-Identifier: MIT
"""From the results of a run to the measured part of docs/benchmarks.md."""

import collections
import statistics

import stats
from catalog import PEERS

RATIO_GOALS = [
    # what, goal, kind, isa, batch, libasl's precision, the peers'
    ("batch 1, fp32, picture to label", 1.5, "infer", "auto", 1, "fp32", "fp32"),
    ("batch 32, fp32", 1.5, "infer", "auto", 32, "fp32", "fp32"),
    ("training step, batch 32, fp32, against PyTorch", 4.0, "train", "auto", 32, "fp32", "fp32"),
    ("AVX2 alone, batch 1, fp32, against peers held to AVX2", 1.3, "infer", "avx2", 1, "fp32",
     "fp32"),
    ("batch 1, bf16 on AMX, against fp32", 5.0, "infer", "auto", 1, "bf16", "fp32"),
    ("batch 1, bf16 on AMX, against bf16", 2.0, "infer", "auto", 1, "bf16", "bf16"),
    ("batch 32, bf16 on AMX, against fp32", 6.0, "infer", "auto", 32, "bf16", "fp32"),
    ("batch 32, bf16 on AMX, against bf16", 2.0, "infer", "auto", 32, "bf16", "bf16"),
    ("training step, bf16 on AMX, against PyTorch in fp32", 10.0, "train", "auto", 32, "bf16",
     "fp32"),
]  # fmt: skip


def collect(result):
    """Rows of all rounds as (peer, isa, kind, batch, precision, setting, libasl's precision) ->
    summary, and faults."""
    pairs, faults = collections.defaultdict(list), {}
    for duel in result["duels"]:
        if "fault" in duel:
            faults[duel["peer"], duel["isa"], "", 0, "", "", ""] = duel["fault"]
        for row in duel["rows"]:
            key = (duel["peer"], duel["isa"], row["kind"], row["batch"], row["precision"],
                   row["setting"], row["ours"])  # fmt: skip
            if row.get("fault"):
                faults[key] = row["fault"]
            else:
                pairs[key] += row["pairs"]
    return {key: stats.summary(all_pairs) for key, all_pairs in pairs.items()}, faults


def best(rows, kind, isa, batch, ours="fp32"):
    """The fastest setting of each peer and precision: (peer, precision) -> (setting, summary)."""
    found = {}
    for (peer, row_isa, row_kind, row_batch, precision, setting, row_ours), row in rows.items():
        if (row_kind, row_isa, row_batch, row_ours) != (kind, isa, batch, ours):
            continue
        known = found.get((peer, precision))
        if not known or row["ratio"] < known[1]["ratio"]:
            found[peer, precision] = (setting, row)
    return found


def is_held(peer, isa):
    return isa == "auto" or PEERS[peer]["avx2"] is not None


def ratio_text(row):
    return f"{row['ratio']:.2f}x ({row['low']:.2f} to {row['high']:.2f})"


def table(head, rows):
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def verdict(reached):
    return "yes" if reached else "**no**"


def goals(result, rows):
    lines = []
    for what, goal, kind, isa, batch, ours, theirs in RATIO_GOALS:
        found = best(rows, kind, isa, batch, ours)
        rivals = [(row, peer, setting) for (peer, precision), (setting, row) in found.items()
                  if precision == theirs and is_held(peer, isa)]  # fmt: skip
        if rivals:
            row, peer, setting = min(rivals, key=lambda rival: rival[0]["ratio"])
            lines.append([what, f">= {goal}x", ratio_text(row), verdict(row["ratio"] >= goal),
                          f"{PEERS[peer]['title']}, {setting}"])  # fmt: skip
        else:
            why = "this processor has no AMX" if ours == "bf16" else ""
            lines.append([what, f">= {goal}x", "not measured", "", why])
    start = result["starts"]["libasl"]
    if "seconds" in start:
        lines.append(["process start to first label, JPEG, warm", "<= 15 ms",
                      f"{1e3 * start['seconds']:.1f} ms", verdict(start["seconds"] <= 0.015),
                      "`asl-classify`"])  # fmt: skip
        lines.append(["peak memory, inference", "<= 24 MB", f"{start['rss_mb']:.0f} MB",
                      verdict(start["rss_mb"] <= 24), "`asl-classify`"])  # fmt: skip
    training = result["training_mb"]["libasl"]
    lines.append(["peak memory, training, batch 32, without the mapped pictures", "<= 96 MB",
                  f"{training:.0f} MB", verdict(training <= 96), "`asl-train`"])  # fmt: skip
    size = result["library_kb"]
    lines.append(["stripped libasl.so, without its models", "<= 700 KB", f"{size:.0f} KB",
                  verdict(size <= 700), ""])  # fmt: skip
    return table(["what", "goal", "result", "reached", "against"], lines)


def speeds(rows, kind, isa, batch):
    """A table for each precision of libasl's."""
    tables = [speed_table(rows, kind, isa, batch, ours) for ours in ("fp32", "bf16")]
    return "\n".join(filter(None, tables)) or "Not measured.\n"


def speed_table(rows, kind, isa, batch, ours_in):
    """A line for libasl and one for each peer and precision, fastest first."""
    found = best(rows, kind, isa, batch, ours_in)
    if not found:
        return ""
    per_call = batch == 1

    def speed(seconds):
        return f"{1e3 * seconds:.2f} ms" if per_call else f"{seconds:.0f}"

    def per_unit(seconds, row):
        return seconds if per_call else row["pictures"] / seconds

    ours = statistics.median(per_unit(row["ours_s"], row) for _, row in found.values())
    lines = [["**libasl**", "cpu backend" + ("" if isa == "auto" else f", isa {isa}"), ours_in,
              speed(ours), ""]]  # fmt: skip
    for (peer, precision), (setting, row) in sorted(found.items(), key=lambda i: i[1][1]["ratio"]):
        note = "" if is_held(peer, isa) else " (has no switch: all the processor offers)"
        lines.append([PEERS[peer]["title"], setting + note, precision,
                      speed(per_unit(row["theirs_s"], row)), ratio_text(row)])  # fmt: skip
    unit = "picture to label" if per_call else "pictures/s"
    return table(["engine", "best setting", "precision", unit, "libasl is faster by"], lines)


def footprint(result):
    lines = []
    for peer in ("libasl", *result["peers"]):
        start = result["starts"].get(peer, {})
        known = result["peers"].get(peer, {})
        title = PEERS[peer]["title"] if peer in PEERS else "**libasl**"
        if "fault" in known:
            lines.append([title, known["fault"], "", "", ""])
            continue
        if peer == "libasl":
            size = f"{result['library_kb'] / 1000:.1f}"
        else:
            size = f"{known['own_mb']:.0f} ({known['all_mb']:.0f})"
        training = result["training_mb"].get(peer)
        lines.append([title, f"{1e3 * start['seconds']:.0f}" if "seconds" in start else
                      start.get("fault", "not measured"),
                      f"{start['rss_mb']:.0f}" if "rss_mb" in start else "",
                      f"{training:.0f}" if training else "", size])  # fmt: skip
    return table(["engine", "start to first label, ms", "peak memory, MB", "training, MB",
                  "installed, MB"], lines)  # fmt: skip


def left_out(result, faults):
    lines = [f"* {PEERS[peer]['title']}: {facts['fault']}."
             for peer, facts in result["peers"].items() if "fault" in facts]  # fmt: skip
    for (peer, isa, kind, batch, precision, setting, _), fault in faults.items():
        what = f", {kind} batch {batch}, {precision}, {setting}" if kind else ""
        level = "" if isa == "auto" else f" at {isa}"
        lines.append(f"* {PEERS[peer]['title']}{level}{what}: {fault}.")
    for peer, start in result["starts"].items():
        if "fault" in start:
            lines.append(f"* {peer}, start: {start['fault']}.")
        elif start["label"] != result["starts"]["libasl"].get("label"):
            lines.append(f"* {peer}, start: says '{start['label']}', unlike libasl.")
    return "\n".join(["Left out:", "", *lines, ""]) if lines else "Nothing was left out.\n"


def circumstances(result):
    """When, where and on how much of the machine a result was measured, as two sentences."""
    facts = result["machine"]
    return (f"Run on {result['date']}: {facts['processor']} ({facts['family']}), "
            f"{facts['cores']} cores, {facts['memory_gb']} GB, {facts['system']}; "
            f"{', '.join(facts['flags'])}. "
            f"The machine was {result['idle_before']:.0f} % idle before the run; other machines "
            f"took {result['stolen']:.1f} % of its time during it.")


def render(result):
    rows, faults = collect(result)
    for (_, _, kind, batch, *_), row in rows.items():
        row["pictures"] = result["train_pictures"] if kind == "train" else batch
    versions = [f"libasl {result['libasl']}"]
    versions += [f"{PEERS[peer]['title']} {known['version']}"
                 for peer, known in result["peers"].items() if "version" in known]  # fmt: skip
    pairs = max((row["n"] for row in rows.values()), default=0)
    parts = [
        f"{circumstances(result)} {result['threads']} threads on both sides. "
        f"{', '.join(versions)}, Python {result['machine']['python']}. "
        f"Weights: {result['weights']}. "
        f"Up to {pairs} pairs a row from {result['plan']['rounds']} processes.\n",
        "### Goals and results\n", goals(result, rows),
        "### One picture to its label\n", speeds(rows, "infer", "auto", 1),
        "### Batches of 32\n", speeds(rows, "infer", "auto", 32),
        "### Training, batch 32, Adam\n", speeds(rows, "train", "auto", 32),
        "### AVX2 alone: one picture\n", speeds(rows, "infer", "avx2", 1),
        "### AVX2 alone: batches of 32\n", speeds(rows, "infer", "avx2", 32),
        "### Start, memory, size\n", footprint(result),
        "### What is missing\n", left_out(result, faults),
    ]  # fmt: skip
    return "\n".join(parts)


def insert(page, tool, text):
    """Put the text between the page's two markers of a tool."""
    marks = f"<!-- {tool}: begin -->", f"<!-- {tool}: end -->"
    before, begin, rest = page.read_text().partition(marks[0])
    _, end, after = rest.partition(marks[1])
    if not begin or not end:
        raise ValueError(f"'{page}' lacks the lines '{marks[0]}' and '{marks[1]}'")
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{after}")
