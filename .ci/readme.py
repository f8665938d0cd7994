"""README.md from nbs/index.ipynb: the home page and the README are one text.

    python .ci/readme.py              write README.md
    python .ci/readme.py --check      exit 1, with the difference, when README.md is not what would be written
    python .ci/readme.py --commands   print the commands of the README that install and run something
"""
import argparse
import difflib
import json
import re
import sys
from pathlib import Path

root = Path(__file__).resolve().parent.parent
notebook, readme = root / "nbs/index.ipynb", root / "README.md"
NOTE = "<!-- Written from nbs/index.ipynb by .ci/readme.py: edit the notebook, not this file. -->\n\n"
DIRECTIVE = re.compile(r"^#\s*\|\s*([\w-]+)(.*)$")
ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def relink(markdown: str) -> str:
    "A link or picture relative to nbs/, made relative to the top of the repository."
    def target(match):
        address = match[2]
        outside = re.match(r"[a-z]+:|#|/", address)
        moved = address if outside else address[3:] if address.startswith("../") else f"nbs/{address}"
        return f"{match[1]}{moved}{match[3]}"
    return re.sub(r"(\]\()([^)\s]+)(\))", target, markdown)


def fence(text: str, language: str = "") -> str:
    "`text` in a fenced block, with a fence longer than any in the text."
    ticks = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}"


def shown_output(output: dict) -> str:
    "One stored output as Markdown; figures belong to the page and are left out."
    data = output.get("data", {})
    if output["output_type"] == "stream": text = "".join(output["text"])
    elif "text/markdown" in data: return relink("".join(data["text/markdown"]).strip())
    elif any(kind.startswith("image/") for kind in data): return ""
    else: text = "".join(data.get("text/plain", ""))
    return fence(ANSI.sub("", text)) if text.strip() else ""


def render(path: Path) -> str:
    "The whole README."
    parts = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append("\n".join(line for line in relink(source).splitlines() if not line.startswith(":::")).strip())
            continue
        lines = source.splitlines()
        flags = {m[1]: m[2].strip(" :") for m in map(DIRECTIVE.match, lines) if m}
        if "hide" in flags or flags.get("include") == "false": continue
        code = "\n".join(line for line in lines if not DIRECTIVE.match(line)).strip()
        if code and flags.get("echo") != "false": parts.append(fence(code, "python"))
        if flags.get("output") != "false": parts += [shown_output(output) for output in cell["outputs"]]
    return NOTE + "\n\n".join(filter(None, parts)) + "\n"


def commands(text: str) -> list[str]:
    "The lines of fenced blocks that start with `pip install`, in order."
    return [line for block in re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
            for line in block.splitlines() if line.startswith("pip install")]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--commands", action="store_true")
    args = parser.parse_args()
    if args.commands:
        print("\n".join(commands(readme.read_text(encoding="utf-8"))))
        return 0
    new, old = render(notebook), readme.read_text(encoding="utf-8") if readme.exists() else ""
    if args.check:
        sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True), "README.md", "nbs/index.ipynb"))
        return int(new != old)
    readme.write_text(new, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__": sys.exit(main())
